/* Further secrets of an application: two live ones are how a secret is changed without an outage. */
#include "admin/commands.h"

#include "admin/rules.h"
#include "base/clock.h"
#include "base/secret.h"

/* The policy of the environment that an application is in. */
static la_result find_policy(const la_commands *c, const la_application_row *a, const la_environment_config **ret)
{
    unsigned index;
    LA_TRY(la_rule_environment(c->config, la_slice_of(a->environment), &index));
    *ret = &c->config->environments[index];
    return la_ok();
}

la_result la_command_add_secret(la_commands *c, const la_application_row *a, int64_t expires_in_s,
                                uint64_t *ret_secret_id, char ret_secret[LA_CLIENT_SECRET_MAX + 1])
{
    const la_environment_config *e;
    char text[LA_GENERATED_SECRET_CHARS + 1], hint[LA_SECRET_HINT_BYTES];
    la_new_secret secret = {.kind = LA_SECRET_KEYED};
    int64_t now_s = la_clock_now_s();
    LA_TRY(find_policy(c, a, &e));
    LA_TRY(la_rule_expiry(expires_in_s, now_s, &secret.expires_at_s));
    la_secret_generate(e->test, text);
    la_secret_hint(la_slice_of(text), hint);
    secret.hint = la_slice_of(hint);
    la_hasher_digest(c->hasher, la_slice_of(text), secret.digest);
    la_result r = la_store_add_secret(c->store, a->application_id, &secret, e->secrets_per_application, now_s,
                                      ret_secret_id);
    if (la_is_ok(r))
        memcpy(ret_secret, text, sizeof text);
    la_wipe(text, sizeof text);
    if (r.code == LA_CONFLICT)
        return la_fail(LA_CONFLICT, "application %s has %u live secrets already, the most that environment %s allows",
                       a->client_id, e->secrets_per_application, a->environment);
    return r;
}

la_result la_command_list_secrets(la_commands *c, const la_application_row *a, la_secret_fn each, void *self)
{
    return la_store_list_secrets(c->store, a->application_id, each, self);
}

la_result la_command_revoke_secret(la_commands *c, const la_application_row *a, uint64_t secret_id)
{
    la_result r = la_store_revoke_secret(c->store, a->application_id, secret_id, la_clock_now_s());
    if (r.code == LA_NOT_FOUND)
        return la_fail(LA_NOT_FOUND, "application %s has no secret %llu", a->client_id, (unsigned long long)secret_id);
    return r;
}
