/*
 * Signing keys: carries out what jose/schedule.c decides. Every node may do this at any moment: the store lets exactly one
 * successor of a key in.
 */
#include "admin/commands.h"

#include "admin/audit.h"
#include "admin/detail.h"
#include "admin/key_list.h"
#include "admin/rules.h"
#include "jose/key.h"
#include "jose/schedule.h"

#include <stdlib.h>

static la_result wrap_key(la_commands *c, const la_key *key, la_buffer *wrapped)
{
    la_buffer plain;
    la_buffer_init(&plain, 16384);
    la_result r = la_key_export_private(key, &plain);
    if (la_is_ok(r) && !la_buffer_ok(&plain))
        r = la_fail(LA_NO_MEMORY, "there is no memory for a new signing key");
    if (la_is_ok(r))
        r = la_wrap(c->master_key, "signing-key", la_slice_of(la_key_id(key)), la_buffer_slice(&plain), wrapped);
    la_buffer_done(&plain);
    return r;
}

/* The keys that the new one succeeds, with their times: at most keys->n of them. */
static size_t list_succeeded(const la_key_list *keys, const la_schedule_plan *plan, la_key_retirement *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < keys->n; i++)
        if (la_schedule_succeeds(plan, &keys->records[i]))
            ret[n++] = (la_key_retirement){keys->records[i].key_id, plan->retires_at_s, plan->removed_at_s};
    return n;
}

/* The successor's times, and, in the same event, until when its predecessors sign. */
static la_result add_key(la_commands *c, unsigned index, const la_key_record *record, const la_key_list *keys,
                         const la_schedule_plan *plan)
{
    la_change change;
    bool first = plan->newest_key_id == 0;
    la_key_retirement *retired = calloc(keys->n + 1, sizeof *retired);
    if (!retired)
        return la_fail(LA_NO_MEMORY, "there is no memory for the list of keys");
    size_t n = list_succeeded(keys, plan, retired);
    la_result r = la_change_begin(c, &change);
    if (!la_is_ok(r))
        goto done;
    r = la_store_add_key(c->store, record, plan->newest_key_id, retired, n);
    la_audit_event event = {
        .environment = c->config->environments[index].name,
        .action = first ? "key.create" : "key.rotate",
        .target_kind = "key",
        .target_id = record->kid,
        .target_name = record->algorithm,
        .detail = json_pack("{s:o, s:o, s:o}", "published_at", la_detail_time(record->published_at_s), "activates_at",
                            la_detail_time(record->activates_at_s), "predecessor_retires_at",
                            la_detail_time(n ? plan->retires_at_s : 0)),
    };
    r = la_change_end(c, &change, r, &event);
done:
    free(retired);
    return r;
}

static la_result store_key(la_commands *c, unsigned index, const la_key *key, const la_key_list *keys,
                           const la_schedule_plan *plan, int64_t now_s)
{
    la_buffer jwk, wrapped;
    la_buffer_init(&jwk, 16384);
    la_buffer_init(&wrapped, 16384);
    la_key_write_jwk(key, &jwk);
    la_result r = wrap_key(c, key, &wrapped);
    if (!la_is_ok(r))
        goto done;
    if (!la_buffer_ok(&jwk) || !la_buffer_ok(&wrapped)) {
        r = la_fail(LA_NO_MEMORY, "there is no memory for a new signing key");
        goto done;
    }
    la_key_record record = {
        .environment_id = c->environment_ids[index],
        .algorithm = la_slice_of(la_key_algorithm(key)->name),
        .kid = la_slice_of(la_key_id(key)),
        .published_at_s = now_s,
        .activates_at_s = plan->activates_at_s,
        .public_jwk = la_buffer_slice(&jwk),
        .wrapped_private = la_buffer_slice(&wrapped),
    };
    r = add_key(c, index, &record, keys, plan);
done:
    la_buffer_done(&jwk);
    la_buffer_done(&wrapped);
    return r;
}

static la_result make_key(la_commands *c, unsigned index, const la_key_list *keys, const la_schedule_plan *plan,
                          int64_t now_s)
{
    la_slice name = c->config->environments[index].algorithm;
    const la_algorithm *algorithm = la_algorithm_find(name);
    if (!algorithm)
        return la_fail(LA_INVALID, "the algorithm %.*s needs OpenSSL 3.5 or later, and this system has an older one",
                       LA_FMT(name));
    la_key *key;
    LA_TRY(la_key_generate(algorithm, &key));
    la_result r = store_key(c, index, key, keys, plan, now_s);
    la_key_free(key);
    return r;
}

static la_result plan_key(la_commands *c, unsigned index, const la_key_list *keys, bool by_hand, int64_t now_s,
                          la_schedule_plan *ret)
{
    const la_environment_config *e = &c->config->environments[index];
    la_schedule_policy policy = {
        .rotate_every_s = e->key_rotate_every_s,
        .jwks_max_age_s = e->jwks_max_age_s,
        .margin_s = e->key_publish_margin_s,
        /* Not that of the configuration: it may have been longer yesterday, and may be again before the key retires. */
        .longest_lifetime_s = LA_TOKEN_LIFETIME_MAX_S,
        .by_hand = by_hand,
    };
    return la_schedule_plan_next(keys->records, keys->n, &policy, e->algorithm, now_s, ret);
}

static bool is_removed(const la_key_record *k, int64_t now_s)
{
    return k->removed_at_s != 0 && k->removed_at_s <= now_s;
}

static la_result note_removed(la_commands *c, unsigned index, const la_key_record *k)
{
    la_audit_event event = {
        .environment = c->config->environments[index].name,
        .action = "key.remove",
        .target_kind = "key",
        .target_id = k->kid,
        .target_name = k->algorithm,
        .detail = json_pack("{s:o}", "removed_at", la_detail_time(k->removed_at_s)),
    };
    return la_audit_note(c, &event);
}

/* Reads again under the write lock: another process may have done it. */
static la_result delete_now(la_commands *c, unsigned index, int64_t now_s)
{
    la_key_list keys = {0};
    la_result r = la_key_list_read(c, index, &keys);
    for (size_t i = 0; la_is_ok(r) && i < keys.n; i++)
        if (is_removed(&keys.records[i], now_s))
            r = note_removed(c, index, &keys.records[i]);
    if (la_is_ok(r))
        r = la_store_delete_removed_keys(c->store, c->environment_ids[index], now_s);
    la_key_list_done(&keys);
    return r;
}

static la_result delete_removed(la_commands *c, unsigned index, const la_key_list *keys, int64_t now_s)
{
    la_change change;
    size_t i = 0;
    while (i < keys->n && !is_removed(&keys->records[i], now_s))
        i++;
    if (i == keys->n)
        return la_ok();
    LA_TRY(la_change_begin(c, &change));
    return la_change_end(c, &change, delete_now(c, index, now_s), NULL);
}

static la_result keep_environment(la_commands *c, unsigned index, int64_t now_s)
{
    la_key_list keys = {0};
    la_schedule_plan plan = {0};
    la_result r = la_key_list_read(c, index, &keys);
    if (la_is_ok(r))
        r = plan_key(c, index, &keys, false, now_s, &plan);
    if (la_is_ok(r) && plan.wanted) {
        r = make_key(c, index, &keys, &plan, now_s);
        if (r.code == LA_CONFLICT)
            r = la_ok(); /* another process was faster: the key that was wanted is there */
    }
    if (la_is_ok(r))
        r = delete_removed(c, index, &keys, now_s);
    la_key_list_done(&keys);
    return r;
}

/* What is due by itself is nobody's doing, whoever is at work. */
la_result la_command_keep_keys(la_commands *c, int64_t now_s)
{
    la_actor before = c->actor;
    la_result r = la_ok();
    c->actor = (la_actor){.kind = LA_ACTOR_SYSTEM};
    for (unsigned i = 0; la_is_ok(r) && i < c->config->n_environments; i++) {
        r = keep_environment(c, i, now_s);
        if (!la_is_ok(r))
            r = la_fail_context(r, "environment %.*s: ", LA_FMT(c->config->environments[i].name));
    }
    c->actor = before;
    return r;
}

la_result la_command_rotate_key(la_commands *c, la_slice environment, int64_t now_s)
{
    unsigned index;
    LA_TRY(la_rule_environment(c->config, environment, &index));
    la_key_list keys = {0};
    la_schedule_plan plan = {0};
    la_result r = la_key_list_read(c, index, &keys);
    if (la_is_ok(r))
        r = plan_key(c, index, &keys, true, now_s, &plan);
    if (la_is_ok(r) && plan.wanted) {
        r = make_key(c, index, &keys, &plan, now_s);
        if (r.code == LA_CONFLICT)
            r = la_fail(LA_CONFLICT, "environment %.*s: another process has just started a rotation",
                        LA_FMT(environment));
    }
    la_key_list_done(&keys);
    return r;
}

la_result la_command_list_keys(la_commands *c, la_slice environment, la_key_fn each, void *self)
{
    unsigned index;
    if (environment.p) {
        LA_TRY(la_rule_environment(c->config, environment, &index));
        return la_store_list_keys(c->store, c->environment_ids[index], each, self);
    }
    for (index = 0; index < c->config->n_environments; index++)
        LA_TRY(la_store_list_keys(c->store, c->environment_ids[index], each, self));
    return la_ok();
}
