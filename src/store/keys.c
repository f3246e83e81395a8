/* Signing keys and the times of their lives. Private keys are wrapped before they come here. */
#include "store/sqlite_internal.h"

void la_sql_get_key(la_sql *q, la_key_record *ret)
{
    *ret = (la_key_record){
        .key_id = (uint64_t)la_sql_get_int(q, 0),
        .environment_id = (uint16_t)la_sql_get_int(q, 1),
        .algorithm = la_sql_get_slice(q, 2),
        .kid = la_sql_get_slice(q, 3),
        .published_at_s = la_sql_get_int(q, 4),
        .activates_at_s = la_sql_get_int(q, 5),
        .retires_at_s = la_sql_get_int(q, 6),
        .removed_at_s = la_sql_get_int(q, 7),
        .public_jwk = la_sql_get_slice(q, 8),
        .wrapped_private = la_sql_get_slice(q, 9),
    };
}

/* ---- listing ---- */

static la_result list_keys(la_store *s, uint16_t environment_id, la_key_fn each, void *self)
{
    la_sql q;
    la_key_record key;
    la_result r = la_ok();
    LA_TRY(la_sql_begin(s, LA_SELECT_KEYS " WHERE environment_id = ? ORDER BY published_at_s, key_id", &q));
    la_sql_int(&q, environment_id);
    while (la_sql_next(&q, &r)) {
        la_sql_get_key(&q, &key);
        r = each(self, &key);
    }
    return r;
}

la_result la_store_list_keys(la_store *s, uint16_t environment_id, la_key_fn each, void *self)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, list_keys(s, environment_id, each, self));
}

/* ---- adding ---- */

static la_result check_key(const la_key_record *key)
{
    LA_TRY(la_store_check_text("the key's algorithm", key->algorithm, LA_ALG_MAX));
    LA_TRY(la_store_check_text("the key's kid", key->kid, LA_KID_CHARS));
    LA_TRY(la_store_check_text("the public JWK", key->public_jwk, SIZE_MAX));
    if (!key->wrapped_private.p)
        return la_fail(LA_INVALID, "the wrapped private key is missing");
    return la_ok();
}

static la_result check_newest(la_store *s, uint16_t environment_id, uint64_t expected_key_id)
{
    la_sql q;
    int64_t newest;
    LA_TRY(la_sql_begin(s, "SELECT max(key_id) FROM signing_key WHERE environment_id = ?", &q));
    la_sql_int(&q, environment_id);
    LA_TRY(la_sql_run_int(&q, &newest));
    if ((uint64_t)newest != expected_key_id)
        return la_fail(LA_CONFLICT, "another process has changed the environment's signing keys meanwhile");
    return la_ok();
}

static la_result insert_key(la_store *s, const la_key_record *key)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO signing_key (environment_id, algorithm, kid, published_at_s, activates_at_s,"
                        " retires_at_s, removed_at_s, public_jwk, wrapped_private) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        &q));
    la_sql_int(&q, key->environment_id);
    la_sql_text(&q, key->algorithm);
    la_sql_text(&q, key->kid);
    la_sql_int(&q, key->published_at_s);
    la_sql_int(&q, key->activates_at_s);
    la_sql_int(&q, key->retires_at_s);
    la_sql_int(&q, key->removed_at_s);
    la_sql_text(&q, key->public_jwk);
    la_sql_blob(&q, key->wrapped_private);
    la_result r = la_sql_run(&q);
    if (r.code == LA_EXISTS)
        return la_fail(LA_EXISTS, "the environment has a signing key %.*s already", LA_FMT(key->kid));
    if (r.code == LA_NOT_FOUND)
        return la_fail(LA_NOT_FOUND, "the store has no environment %u", (unsigned)key->environment_id);
    return r;
}

static la_result add_key_changes(la_store *s, uint16_t environment_id, uint64_t key_id)
{
    la_sql q;
    bool row;
    LA_TRY(la_sql_begin(s, "SELECT kid FROM signing_key WHERE environment_id = ? AND key_id = ?", &q));
    la_sql_int(&q, environment_id);
    la_sql_id(&q, key_id);
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return la_fail(LA_CONFLICT, "another process has removed a signing key meanwhile");
    la_result r = la_feed_add(s, LA_CHANGE_KEY, environment_id, la_sql_get_slice(&q, 0));
    la_sql_done(&q);
    return r;
}

static la_result retire_key(la_store *s, uint16_t environment_id, const la_key_retirement *k)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "UPDATE signing_key SET retires_at_s = ?, removed_at_s = ?"
                        " WHERE key_id = ? AND environment_id = ?",
                        &q));
    la_sql_int(&q, k->retires_at_s);
    la_sql_int(&q, k->removed_at_s);
    la_sql_id(&q, k->key_id);
    la_sql_int(&q, environment_id);
    LA_TRY(la_sql_run(&q));
    return add_key_changes(s, environment_id, k->key_id);
}

static la_result add_key(la_store *s, const la_key_record *key, uint64_t expected_newest_key_id,
                         const la_key_retirement *retired, size_t n_retired)
{
    LA_TRY(check_newest(s, key->environment_id, expected_newest_key_id));
    LA_TRY(insert_key(s, key));
    LA_TRY(la_feed_add(s, LA_CHANGE_KEY, key->environment_id, key->kid));
    for (size_t i = 0; i < n_retired; i++)
        LA_TRY(retire_key(s, key->environment_id, &retired[i]));
    return la_ok();
}

la_result la_store_add_key(la_store *s, const la_key_record *key, uint64_t expected_newest_key_id,
                           const la_key_retirement *retired, size_t n_retired)
{
    LA_TRY(check_key(key));
    LA_TRY(la_write_begin(s));
    return la_write_end(s, add_key(s, key, expected_newest_key_id, retired, n_retired));
}

/* ---- removal ---- */

static la_result add_removals(la_store *s, uint16_t environment_id, int64_t now_s)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO change (tag, kind, environment_id, key)"
                        " SELECT random(), ?, environment_id, kid FROM signing_key"
                        " WHERE environment_id = ? AND removed_at_s <> 0 AND removed_at_s <= ?",
                        &q));
    la_sql_int(&q, LA_CHANGE_KEY);
    la_sql_int(&q, environment_id);
    la_sql_int(&q, now_s);
    return la_sql_run(&q);
}

static la_result delete_removed_keys(la_store *s, uint16_t environment_id, int64_t now_s)
{
    la_sql q;
    LA_TRY(add_removals(s, environment_id, now_s));
    LA_TRY(la_sql_begin(s,
                        "DELETE FROM signing_key"
                        " WHERE environment_id = ? AND removed_at_s <> 0 AND removed_at_s <= ?",
                        &q));
    la_sql_int(&q, environment_id);
    la_sql_int(&q, now_s);
    return la_sql_run(&q);
}

la_result la_store_delete_removed_keys(la_store *s, uint16_t environment_id, int64_t now_s)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, delete_removed_keys(s, environment_id, now_s));
}
