/* Secrets of an application. A secret itself is in one answer only: that of its creation. */
#include "admin/rules.h"
#include "api/page.h"
#include "api/reply.h"
#include "api/request.h"
#include "api/secret_json.h"
#include "api/who.h"
#include "base/secret.h"

static json_t *secret_json(const la_secret_row *s, int64_t now_s)
{
    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "secret_id", la_api_json_id(s->secret_id), "hint",
                     la_api_json_text(la_slice_of(s->hint)), "state", la_secret_state(s, now_s), "created_at",
                     la_api_json_time(s->created_at_s), "expires_at", la_api_json_time(s->expires_at_s), "revoked_at",
                     la_api_json_time(s->revoked_at_s), "last_used_at", la_api_json_time(s->last_used_at_s));
}

static la_result keep_newest(void *self, const la_secret_row *s)
{
    la_secret_row *newest = self;
    if (s->secret_id > newest->secret_id)
        *newest = *s;
    return la_ok();
}

la_result la_api_newest_secret(la_api_call *c, const la_application_row *a, json_t **ret)
{
    la_secret_row newest = {0};
    LA_TRY(la_command_list_secrets(c->commands, a, keep_newest, &newest));
    json_t *value = secret_json(&newest, c->now_s);
    if (!value)
        return la_fail(LA_NO_MEMORY, "there is no memory for a secret");
    *ret = value;
    return la_ok();
}

typedef struct list {
    json_t *items;
    int64_t now_s;
} list;

static la_result add_secret(void *self, const la_secret_row *s)
{
    list *l = self;
    if (json_array_append_new(l->items, secret_json(s, l->now_s)) != 0)
        return la_fail(LA_NO_MEMORY, "there is no memory for the list");
    return la_ok();
}

la_result la_api_secrets_list(la_api_call *c)
{
    la_application_row a;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    list l = {json_array(), c->now_s};
    la_result r = la_command_list_secrets(c->commands, &a, add_secret, &l);
    if (la_is_ok(r))
        return la_api_reply_list(c, l.items);
    json_decref(l.items);
    return r;
}

static la_result reply_added(la_api_call *c, const la_application_row *a, uint64_t secret_id, const char *client_secret)
{
    la_secret_row row;
    const la_slice segments[] = {
        LA_SLICE("environments"),  la_slice_of(a->environment), LA_SLICE("applications"),
        la_slice_of(a->client_id), LA_SLICE("secrets"),
    };
    LA_TRY(la_store_find_secret(c->commands->store, a->application_id, secret_id, &row));
    /* A secret has no page of its own: the list is where it is found. */
    LA_TRY(la_api_add_location(c, segments, sizeof segments / sizeof segments[0]));
    return la_api_reply(c, 201,
                        json_pack("{s:o, s:s}", "secret", secret_json(&row, c->now_s), "client_secret", client_secret));
}

la_result la_api_secrets_add(la_api_call *c)
{
    la_application_row a;
    int64_t expires_at_s;
    uint64_t secret_id;
    char client_secret[LA_CLIENT_SECRET_MAX + 1];
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    LA_TRY(la_api_guard_application(c, &a));
    int64_t expires_in_s = la_api_body_number(c, "expires_in_s", 1, INT64_MAX, 0);
    la_api_blame_result(c, "expires_in_s", la_rule_expiry(expires_in_s, c->now_s, &expires_at_s));
    LA_TRY(la_api_check(c));
    LA_TRY(la_command_add_secret(c->commands, &a, expires_in_s, &secret_id, client_secret));
    la_result r = reply_added(c, &a, secret_id, client_secret);
    la_wipe(client_secret, sizeof client_secret);
    return r;
}

la_result la_api_secrets_revoke(la_api_call *c)
{
    la_application_row a;
    la_secret_row row;
    uint64_t secret_id;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    LA_TRY(la_api_path_number(c, 2, "secret", &secret_id));
    LA_TRY(la_api_guard_application(c, &a));
    LA_TRY(la_command_revoke_secret(c->commands, &a, secret_id));
    LA_TRY(la_store_find_secret(c->commands->store, a.application_id, secret_id, &row));
    return la_api_reply(c, 200, secret_json(&row, c->now_s));
}
