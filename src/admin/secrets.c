/* Further secrets of an application: two live ones are how a secret is changed without an outage. */
#include "admin/secrets.h"

#include "admin/audit.h"
#include "admin/detail.h"
#include "admin/rules.h"
#include "base/clock.h"
#include "base/secret.h"
#include "model/registration.h"

#include <stdio.h>

/* The policy of the environment that an application is in. */
static la_result find_policy(const la_commands *c, const la_application_row *a, const la_environment_config **ret)
{
    unsigned index;
    LA_TRY(la_rule_environment(c->config, la_slice_of(a->environment), &index));
    *ret = &c->config->environments[index];
    return la_ok();
}

la_result la_command_wrap_secret(la_commands *c, la_slice client_id, la_slice client_secret, la_buffer *ret)
{
    return la_wrap(c->master_key, "client-secret", client_id, client_secret, ret);
}

la_result la_secret_make(la_commands *c, la_auth_method method, bool test, la_slice client_id, la_made_secret *ret)
{
    la_buffer b;
    *ret = (la_made_secret){.stored = {.kind = LA_SECRET_KEYED}};
    if (!la_auth_method_has_secrets(method))
        return la_ok();
    if (method == LA_AUTH_CLIENT_SECRET_JWT)
        la_secret_generate_long(test, ret->text);
    else
        la_secret_generate(test, ret->text);
    la_slice text = la_slice_of(ret->text);
    la_secret_hint(text, ret->hint);
    ret->stored.hint = la_slice_of(ret->hint);
    la_hasher_digest(c->hasher, text, ret->stored.digest);
    if (method != LA_AUTH_CLIENT_SECRET_JWT)
        return la_ok();
    la_buffer_init_fixed(&b, ret->wrapped, sizeof ret->wrapped);
    LA_TRY(la_command_wrap_secret(c, client_id, text, &b));
    ret->stored.kind = LA_SECRET_WRAPPED;
    ret->stored.wrapped = la_buffer_slice(&b);
    return la_ok();
}

/* The row as it is in this transaction says whether the secret has to be wrapped: the method may have changed meanwhile. */
static la_result make_and_add(la_commands *c, const la_application_row *a, const la_environment_config *e,
                              int64_t expires_at_s, int64_t now_s, la_made_secret *made, uint64_t *ret_secret_id)
{
    la_application_row now;
    LA_TRY(la_store_find_application(c->store, a->environment_id, la_slice_of(a->client_id), &now));
    if (!la_auth_method_has_secrets(now.auth_method))
        return la_fail(LA_CONFLICT, "application %s has no secrets: it authenticates by %s", a->client_id,
                       la_auth_method_name(now.auth_method));
    LA_TRY(la_secret_make(c, now.auth_method, e->test, la_slice_of(now.client_id), made));
    made->stored.expires_at_s = expires_at_s;
    la_result r = la_store_add_secret(c->store, a->application_id, &made->stored, e->secrets_per_application, now_s,
                                      ret_secret_id);
    if (r.code == LA_CONFLICT)
        r = la_fail(LA_CONFLICT, "application %s has %u live secrets already, the most that environment %s allows",
                    a->client_id, e->secrets_per_application, a->environment);
    return r;
}

la_result la_command_add_secret(la_commands *c, const la_application_row *a, int64_t expires_in_s,
                                uint64_t *ret_secret_id, char ret_secret[LA_CLIENT_SECRET_MAX + 1])
{
    const la_environment_config *e;
    la_change change;
    la_made_secret made = {0};
    int64_t expires_at_s, now_s = la_clock_now_s();
    uint64_t secret_id;
    LA_TRY(find_policy(c, a, &e));
    LA_TRY(la_rule_expiry(expires_in_s, now_s, &expires_at_s));
    LA_TRY(la_change_begin(c, &change));
    la_result r = make_and_add(c, a, e, expires_at_s, now_s, &made, &secret_id);
    json_t *detail = la_is_ok(r)
                         ? json_pack("{s:I, s:o, s:o}", "secret_id", (json_int_t)secret_id, "hint",
                                     la_detail_text(made.stored.hint), "expires_at", la_detail_time(expires_at_s))
                         : NULL;
    r = la_change_end_application(c, &change, r, "secret.add", a, detail);
    if (la_is_ok(r)) {
        memcpy(ret_secret, made.text, sizeof made.text);
        *ret_secret_id = secret_id;
    }
    la_wipe(&made, sizeof made);
    return r;
}

const char *la_secret_state(const la_secret_row *s, int64_t now_s)
{
    if (s->revoked_at_s)
        return "revoked";
    return s->expires_at_s && s->expires_at_s <= now_s ? "expired" : "live";
}

la_result la_command_list_secrets(la_commands *c, const la_application_row *a, la_secret_fn each, void *self)
{
    return la_store_list_secrets(c->store, a->application_id, each, self);
}

la_result la_command_revoke_secret(la_commands *c, const la_application_row *a, uint64_t secret_id)
{
    la_change change;
    la_secret_row secret;
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_store_find_secret(c->store, a->application_id, secret_id, &secret);
    if (r.code == LA_NOT_FOUND)
        r = la_fail(LA_NOT_FOUND, "application %s has no secret %llu", a->client_id, (unsigned long long)secret_id);
    if (!la_is_ok(r) || secret.revoked_at_s) /* the first time stays */
        return la_change_end(c, &change, r, NULL);
    r = la_store_revoke_secret(c->store, a->application_id, secret_id, la_clock_now_s());
    return la_change_end_application(c, &change, r, "secret.revoke", a,
                                     json_pack("{s:I, s:s, s:o}", "secret_id", (json_int_t)secret_id, "hint",
                                               secret.hint, "last_used_at", la_detail_time(secret.last_used_at_s)));
}

la_result la_command_upgrade_secret(la_commands *c, uint64_t secret_id, const uint8_t digest[LA_DIGEST_BYTES])
{
    char id[24];
    la_change change;
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_store_upgrade_secret(c->store, secret_id, digest);
    snprintf(id, sizeof id, "%llu", (unsigned long long)secret_id);
    la_audit_event event = {.action = "secret.upgrade", .target_kind = "secret", .target_id = la_slice_of(id)};
    return la_change_end(c, &change, r, &event);
}
