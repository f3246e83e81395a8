/* Opening what every command needs. Knows config, store and keys; the commands themselves are elsewhere. */
#include "admin/commands.h"

#include "admin/audit.h"
#include "admin/rules.h"
#include "base/clock.h"
#include "base/secret.h"

#define PEPPER_PURPOSE "pepper"
#define PEPPER_NAME LA_SLICE("pepper")
#define WRAPPED_PEPPER_MAX 256

la_result la_pepper_unwrap(const la_master_key *m, la_slice wrapped, uint8_t ret[LA_PEPPER_BYTES])
{
    char memory[WRAPPED_PEPPER_MAX];
    la_buffer plain;
    la_buffer_init_fixed(&plain, memory, sizeof memory);
    la_result r = la_unwrap(m, PEPPER_PURPOSE, PEPPER_NAME, wrapped, &plain);
    if (la_is_ok(r) && plain.n != LA_PEPPER_BYTES)
        r = la_fail(LA_CORRUPT, "the stored pepper has %zu bytes instead of %d", plain.n, LA_PEPPER_BYTES);
    if (la_is_ok(r))
        memcpy(ret, memory, LA_PEPPER_BYTES);
    la_wipe(memory, sizeof memory);
    return r;
}

/* Of two processes that do this at once one wins; the other takes the winner's (EXISTS, then read again). */
static la_result put_new_pepper(la_commands *c)
{
    uint8_t pepper[LA_PEPPER_BYTES];
    char memory[WRAPPED_PEPPER_MAX];
    la_buffer wrapped;
    la_random_bytes(pepper, sizeof pepper);
    la_buffer_init_fixed(&wrapped, memory, sizeof memory);
    la_result r = la_wrap(c->master_key, PEPPER_PURPOSE, PEPPER_NAME, (la_slice){(const char *)pepper, sizeof pepper},
                          &wrapped);
    la_wipe(pepper, sizeof pepper);
    LA_TRY(r);
    r = la_store_put_pepper(c->store, la_buffer_slice(&wrapped));
    return r.code == LA_EXISTS ? la_ok() : r;
}

static la_result open_hasher(la_commands *c)
{
    uint8_t wrapped[WRAPPED_PEPPER_MAX], pepper[LA_PEPPER_BYTES];
    size_t n = 0;
    la_result r = la_store_get_pepper(c->store, wrapped, sizeof wrapped, &n);
    if (r.code == LA_NOT_FOUND) {
        LA_TRY(put_new_pepper(c));
        r = la_store_get_pepper(c->store, wrapped, sizeof wrapped, &n);
    }
    LA_TRY(r);
    r = la_pepper_unwrap(c->master_key, (la_slice){(const char *)wrapped, n}, pepper);
    if (!la_is_ok(r))
        return la_fail_context(r, "the master key %s does not fit the database %s: ", c->config->master_key_path,
                               c->config->sqlite_path);
    c->hasher = la_hasher_new(pepper);
    la_wipe(pepper, sizeof pepper);
    return c->hasher ? la_ok() : la_fail(LA_NO_MEMORY, "there is no locked memory for the pepper");
}

static la_result find_environment_ids(la_commands *c)
{
    for (unsigned i = 0; i < c->config->n_environments; i++) {
        la_slice name = c->config->environments[i].name;
        la_result r = la_store_find_environment(c->store, name, &c->environment_ids[i]);
        if (r.code == LA_NOT_FOUND)
            r = la_store_ensure_environment(c->store, name, &c->environment_ids[i]);
        LA_TRY(r);
    }
    return la_ok();
}

static la_result open_all(la_commands *c, la_store_mode mode)
{
    LA_TRY(la_master_key_load(c->config->master_key_path, &c->master_key));
    LA_TRY(la_store_open(c->config->sqlite_path, mode, &c->store));
    LA_TRY(open_hasher(c));
    LA_TRY(la_audit_open(c->master_key, c->store, &c->audit));
    LA_TRY(find_environment_ids(c));
    return la_command_keep_keys(c, la_clock_now_s());
}

la_result la_commands_open(const la_config *config, la_store_mode mode, la_commands *ret)
{
    la_commands c = {.config = config, .actor = {.kind = LA_ACTOR_SYSTEM}};
    la_result r = open_all(&c, mode);
    if (!la_is_ok(r)) {
        la_commands_close(&c);
        return r;
    }
    *ret = c;
    return r;
}

void la_commands_close(la_commands *c)
{
    c->audit = la_audit_close(c->audit);
    c->hasher = la_hasher_free(c->hasher);
    c->store = la_store_close(c->store);
    c->master_key = la_master_key_free(c->master_key);
}
