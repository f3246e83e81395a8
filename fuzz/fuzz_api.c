/*
 * What the admin API reads of a request before anything is looked up: path, query, JSON body, cookie, entity tags, times, cursors and
 * keys of repetition. The input's lines are these fields; what follows is the body. Whatever was read is as the rest of the code
 * counts on it, and whatever is wrong is told as a problem that is JSON.
 */
#include "api/call.h"
#include "api/etag.h"
#include "api/idempotency.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/request.h"
#include "api/who.h"
#include "base/log.h"
#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static la_api api;

static void set_up(void)
{
    char folder[] = "/tmp/fuzz_api_XXXXXX", path[64];
    la_log_set_level(LA_LOG_ERROR + 1);
    api.arena = la_arena_new(16384, 1 << 20);
    if (!la_is_ok(la_secret_setup()) || !api.arena || !mkdtemp(folder))
        abort();
    snprintf(path, sizeof path, "%s/master.key", folder);
    if (!la_is_ok(la_master_key_create(path)) || !la_is_ok(la_master_key_load(path, &api.master_key)))
        abort();
    unlink(path);
    rmdir(folder);
}

static la_slice line(la_slice *rest)
{
    la_slice one;
    return la_slice_split(rest, '\n', &one) && one.n ? one : LA_NO_SLICE;
}

static void check_text(la_slice s)
{
    if (!la_slice_is_utf8(s))
        abort();
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
            abort();
}

static la_result use(la_api_call *c)
{
    const bool *flag;
    bool memory;
    la_slice texts[8];
    unsigned n;
    uint64_t number;
    la_api_page page;
    for (unsigned i = 0; i < LA_API_PARAMETERS_MAX; i++)
        if (c->parameters[i].p)
            check_text(c->parameters[i]);
    LA_TRY(la_api_request_read(c));
    for (unsigned i = 0; i < c->query.n; i++)
        check_text(c->query.values[i]);
    LA_TRY(la_api_etag_need(c));
    LA_TRY(la_api_idempotency_need(c));
    LA_TRY(la_api_etag_check(c, 3));
    LA_TRY(la_api_page_begin(c, &page));
    json_decref(page.items);
    if (page.after_n || page.limit < 1 || page.limit > LA_API_PAGE_MOST)
        if (!c->errors)
            abort(); /* nobody has given this cursor */
    la_api_query_flag(c, "enabled");
    la_api_query_time_ms(c, "from", 0);
    if (c->parameters[0].p)
        LA_IGNORE(la_api_path_number(c, 0, "thing", &number));
    la_slice name = la_api_body_text(c, "name", LA_API_REQUIRED);
    if (name.p && !la_slice_is_utf8(name))
        abort();
    la_api_body_flag(c, "enabled", &flag, &memory);
    la_api_body_number(c, "expires_in_s", 1, 1000, 0);
    la_api_body_texts(c, "scopes", texts, 8, &n);
    return la_api_check(c);
}

static void check_problem(la_api_call *c, la_result r)
{
    la_api_problem(c, r);
    json_t *problem = json_loadb(c->response->body.p, c->response->body.n, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(problem) || json_integer_value(json_object_get(problem, "status")) != c->response->status)
        abort();
    json_decref(problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    la_slice rest = {(const char *)data, n}, method;
    la_api_request request = {.content_type = LA_SLICE("application/json"), .request_id = LA_SLICE("fuzz")};
    la_api_response response;
    if (!api.arena)
        set_up();
    method = line(&rest);
    request.method = method.n ? (la_api_method)((unsigned char)method.p[0] % (LA_API_METHOD_OTHER + 1)) : LA_API_GET;
    request.path = line(&rest);
    request.query = line(&rest);
    request.cookie = line(&rest);
    request.origin = line(&rest);
    request.if_match = line(&rest);
    request.idempotency_key = line(&rest);
    request.body = rest.p ? rest : LA_SLICE("");
    if (!request.path.p)
        request.path = LA_SLICE("");
    la_api_response_init(&response);
    la_api_call c = {.api = &api, .request = &request, .response = &response, .arena = api.arena};
    la_slice cookie;
    LA_IGNORE(la_fail(LA_OK, "%s", ""));
    LA_IGNORE(la_api_cookie_find(request.cookie, &cookie));
    (void)la_api_origin_is_ours(LA_SLICE("https://a.example"), request.is_tls, LA_SLICE("localhost"), request.origin);
    la_result r = la_api_route_find(request.path, request.method, api.arena, &c.route, c.parameters, c.allow);
    if (la_is_ok(r))
        r = use(&c);
    if (!la_is_ok(r))
        check_problem(&c, r);
    json_decref(c.body);
    json_decref(c.errors);
    la_api_response_done(&response);
    la_arena_reset(api.arena);
    return 0;
}
