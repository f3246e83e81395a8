/* The order in which a request is judged: route, store, who, may they, what they say, what they want. */
#include "api/call.h"
#include "api/etag.h"
#include "api/idempotency.h"
#include "api/problem.h"
#include "api/request.h"
#include "api/who.h"
#include "base/clock.h"
#include "base/secret.h"

#include <malloc.h>
#include <stdlib.h>

#define ARENA_FIRST_BYTES 16384
#define ARENA_MAX_BYTES (1024 * 1024)
#define HEADERS_MAX 8192

static void free_wiped(void *p)
{
    if (p)
        la_wipe(p, malloc_usable_size(p));
    free(p);
}

/* Passwords and secrets pass through jansson's memory: none of it is given back unwiped. Before main, since other threads use it too. */
__attribute__((constructor)) static void wipe_json(void)
{
    json_set_alloc_funcs(malloc, free_wiped);
}

la_result la_api_new(const la_config *config, la_master_key *master_key, const la_api_hooks *hooks, la_api **ret)
{
    la_api *a = calloc(1, sizeof *a);
    if (a)
        a->arena = la_arena_new(ARENA_FIRST_BYTES, ARENA_MAX_BYTES);
    if (!a || !a->arena) {
        la_api_free(a);
        return la_fail(LA_NO_MEMORY, "there is no memory for the admin API");
    }
    a->config = config;
    a->master_key = master_key;
    a->hooks = *hooks;
    *ret = a;
    return la_ok();
}

static void close_store(la_api *a)
{
    if (a->is_open)
        la_commands_close(&a->commands);
    a->commands = (la_commands){0};
    a->is_open = false;
}

la_api *la_api_free(la_api *a)
{
    if (a) {
        close_store(a);
        la_arena_free(a->arena);
        free(a);
    }
    return NULL;
}

void la_api_response_init(la_api_response *r)
{
    *r = (la_api_response){0};
    la_buffer_init(&r->headers, HEADERS_MAX);
    la_buffer_init(&r->body, LA_API_BODY_MAX);
}

void la_api_response_done(la_api_response *r)
{
    la_buffer_done(&r->headers);
    la_buffer_done(&r->body);
    *r = (la_api_response){0};
}

static bool may_note_login(void *self, const la_actor *actor, uint64_t *ret_unwritten)
{
    la_api *a = self;
    return la_api_refusals_take(&a->logins, actor->address, la_clock_now_s(), ret_unwritten);
}

void la_api_look_at_store(la_api *a)
{
    if (a->is_open && !la_store_is_present(a->commands.store))
        close_store(a);
}

/* Whatever keeps it from being opened will pass, or an operator makes it pass: until then there is nothing to serve from. */
static la_result open_store(la_api *a)
{
    la_api_look_at_store(a);
    if (a->is_open)
        return la_ok();
    la_result r = la_commands_open(a->config, LA_STORE_MIGRATE, &a->commands);
    if (!la_is_ok(r))
        return la_error(LA_UNAVAILABLE);
    a->commands.login_ration = (la_login_ration){a, may_note_login};
    a->is_open = true;
    return la_ok();
}

/* A store that failed is opened anew by the next request; one that is gone is the reason of whatever failed. */
static la_result after_failure(la_api *a, la_result r)
{
    bool is_store = r.code == LA_UNAVAILABLE || r.code == LA_IO || r.code == LA_CORRUPT;
    if (!is_store || !a->is_open)
        return r;
    bool present = la_store_is_present(a->commands.store);
    close_store(a);
    return present ? r : la_error(LA_UNAVAILABLE);
}

/* ---- refusals in the audit log ---- */

static void note_refusal(la_api_call *c, const char *reason)
{
    uint64_t unwritten;
    if (!c->commands || !la_api_refusals_take(&c->api->refusals, c->commands->actor.id, c->now_s, &unwritten))
        return;
    bool has_environment = la_slice_starts(c->route->path, LA_SLICE("/environments/")) &&
                           la_api_may_see(c, c->parameters[0]) &&
                           la_config_environment(c->api->config, c->parameters[0]);
    json_t *detail = json_pack("{s:s, s:s, s:I}", "reason", reason, "route", c->route->path.p, "unwritten_before",
                               (json_int_t)unwritten);
    la_audit_event event = {
        .environment = has_environment ? c->parameters[0] : LA_SLICE(""),
        .action = "admin.refused",
        .refused = true,
        .target_kind = "route",
        .target_id = c->route->path,
        .detail = detail,
    };
    LA_IGNORE(la_audit_note(c->commands, &event));
}

/* ---- the order ---- */

/* If-Match of a DELETE: what was looked at is what is deleted. One with a body asks for a password, which is hashed outside of any
 * transaction, and noted where it is wrong. */
static la_result run_in_group(la_api_call *c)
{
    la_change group;
    LA_TRY(la_change_begin(c->commands, &group));
    return la_change_end(c->commands, &group, c->route->handle(c), NULL);
}

static la_result run(la_api_call *c)
{
    if (c->route->flags & LA_API_CREATES) {
        LA_TRY(la_api_idempotency_need(c));
        if (c->request->idempotency_key.p)
            return la_api_idempotency_run(c);
    }
    if (c->route->method == LA_API_DELETE && !c->route->body.p && c->request->if_match.p)
        return run_in_group(c);
    return c->route->handle(c);
}

static la_result serve(la_api_call *c)
{
    const la_api_request *request = c->request;
    LA_TRY(la_api_route_find(request->path, request->method, c->arena, &c->route, c->parameters, c->allow));
    if (!(c->route->flags & LA_API_NO_STORE)) {
        LA_TRY(open_store(c->api));
        c->commands = &c->api->commands;
        c->commands->actor = (la_actor){
            .kind = LA_ACTOR_ANONYMOUS,
            .id = LA_SLICE(""),
            .name = LA_SLICE(""),
            .address = request->client_address.p ? request->client_address : LA_SLICE(""),
            .request_id = request->request_id.p ? request->request_id : LA_SLICE(""),
        };
        LA_TRY(la_api_who_find(c));
        LA_TRY(la_api_who_check(c));
        LA_TRY(la_api_find_environment(c));
    }
    LA_TRY(la_api_request_read(c));
    LA_TRY(la_api_etag_need(c));
    return run(c);
}

void la_api_handle(la_api *a, const la_api_request *request, la_api_response *ret)
{
    la_api_call c = {
        .api = a,
        .request = request,
        .response = ret,
        .arena = a->arena,
        .now_s = la_clock_now_s(),
    };
    LA_IGNORE(la_fail(LA_OK, "%s", "")); /* no problem of this request is told in the words of another's */
    la_result r = serve(&c);
    if (la_is_ok(r) && (!la_buffer_ok(&ret->headers) || !la_buffer_ok(&ret->body)))
        r = la_fail(LA_NO_MEMORY, "there is no memory for the answer");
    if (la_is_ok(r)) {
        la_api_etag_spare(&c);
    } else {
        char reason[400];
        snprintf(reason, sizeof reason, "%s", la_detail());
        r = after_failure(a, r);
        la_api_problem(&c, r);
        if (r.code == LA_FORBIDDEN && c.route)
            note_refusal(&c, reason);
    }
    if (request->method == LA_API_HEAD)
        la_buffer_clear(&ret->body);
    json_decref(c.body);
    json_decref(c.errors);
    la_arena_reset(a->arena);
    a->commands.actor = (la_actor){0}; /* its texts are gone */
    la_wipe(&c, sizeof c);
}
