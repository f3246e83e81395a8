/* Further secrets of an application: two live ones are how a secret is changed without an outage. */
#include "admin/commands.h"

#include "admin/audit.h"
#include "admin/detail.h"
#include "admin/rules.h"
#include "base/clock.h"
#include "base/secret.h"

#include <stdio.h>

/* The policy of the environment that an application is in. */
static la_result find_policy(const la_commands *c, const la_application_row *a, const la_environment_config **ret)
{
    unsigned index;
    LA_TRY(la_rule_environment(c->config, la_slice_of(a->environment), &index));
    *ret = &c->config->environments[index];
    return la_ok();
}

static la_result store_secret(la_commands *c, const la_application_row *a, const la_environment_config *e,
                              const la_new_secret *secret, int64_t now_s, uint64_t *ret_secret_id)
{
    la_change change;
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_store_add_secret(c->store, a->application_id, secret, e->secrets_per_application, now_s,
                                      ret_secret_id);
    if (r.code == LA_CONFLICT)
        r = la_fail(LA_CONFLICT, "application %s has %u live secrets already, the most that environment %s allows",
                    a->client_id, e->secrets_per_application, a->environment);
    json_t *detail = la_is_ok(r)
                         ? json_pack("{s:I, s:o, s:o}", "secret_id", (json_int_t)*ret_secret_id, "hint",
                                     la_detail_text(secret->hint), "expires_at", la_detail_time(secret->expires_at_s))
                         : NULL;
    return la_change_end_application(c, &change, r, "secret.add", a, detail);
}

la_result la_command_add_secret(la_commands *c, const la_application_row *a, int64_t expires_in_s,
                                uint64_t *ret_secret_id, char ret_secret[LA_CLIENT_SECRET_MAX + 1])
{
    const la_environment_config *e;
    char text[LA_GENERATED_SECRET_CHARS + 1], hint[LA_SECRET_HINT_BYTES];
    la_new_secret secret = {.kind = LA_SECRET_KEYED};
    int64_t now_s = la_clock_now_s();
    uint64_t secret_id;
    LA_TRY(find_policy(c, a, &e));
    LA_TRY(la_rule_expiry(expires_in_s, now_s, &secret.expires_at_s));
    la_secret_generate(e->test, text);
    la_secret_hint(la_slice_of(text), hint);
    secret.hint = la_slice_of(hint);
    la_hasher_digest(c->hasher, la_slice_of(text), secret.digest);
    la_result r = store_secret(c, a, e, &secret, now_s, &secret_id);
    if (la_is_ok(r)) {
        memcpy(ret_secret, text, sizeof text);
        *ret_secret_id = secret_id;
    }
    la_wipe(text, sizeof text);
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
