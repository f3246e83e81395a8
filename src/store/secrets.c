/* Secrets of applications. None is ever removed but with its application: a revoked one stays for the record. */
#include "store/sqlite_internal.h"

#define NUMBER_MAX ((1u << LA_SECRET_NUMBER_BITS) - 1)

la_result la_secret_check(const la_new_secret *secret)
{
    LA_TRY(la_store_check_text("the secret's hint", secret->hint, LA_SECRET_HINT_MAX));
    if (secret->kind == LA_SECRET_SLOW)
        LA_TRY(la_store_check_text("the secret's hash", secret->slow_hash, LA_SLOW_HASH_MAX));
    if (secret->kind == LA_SECRET_WRAPPED && (secret->wrapped.n == 0 || secret->wrapped.n > LA_WRAPPED_SECRET_MAX))
        return la_fail(LA_INVALID, "the wrapped secret has %zu bytes; 1 to %d are expected", secret->wrapped.n,
                       LA_WRAPPED_SECRET_MAX);
    if (secret->expires_at_s < 0)
        return la_fail(LA_INVALID, "the secret's expiry is before 1970");
    return la_ok();
}

la_result la_secret_insert(la_store *s, uint64_t application_id, unsigned number, const la_new_secret *secret,
                           int64_t now_s)
{
    la_sql q;
    bool slow = secret->kind == LA_SECRET_SLOW;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO secret (application_id, number, digest, slow_hash, hint, created_at_s,"
                        " expires_at_s, wrapped) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        &q));
    la_sql_id(&q, application_id);
    la_sql_int(&q, number);
    la_sql_blob(&q, slow ? LA_NO_SLICE : (la_slice){(const char *)secret->digest, LA_DIGEST_BYTES});
    la_sql_text(&q, slow ? secret->slow_hash : LA_NO_SLICE);
    la_sql_text(&q, secret->hint);
    la_sql_int(&q, now_s);
    la_sql_int(&q, secret->expires_at_s);
    la_sql_blob(&q, secret->kind == LA_SECRET_WRAPPED ? secret->wrapped : LA_NO_SLICE);
    return la_sql_run(&q);
}

/* ---- adding ---- */

static la_result count_live(la_store *s, uint64_t application_id, int64_t now_s, int64_t *ret)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "SELECT count(*) FROM secret WHERE application_id = ? AND revoked_at_s = 0"
                        " AND (expires_at_s = 0 OR expires_at_s > ?)",
                        &q));
    la_sql_id(&q, application_id);
    la_sql_int(&q, now_s);
    return la_sql_run_int(&q, ret);
}

static la_result newest_number(la_store *s, uint64_t application_id, int64_t *ret)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "SELECT max(number) FROM secret WHERE application_id = ?", &q));
    la_sql_id(&q, application_id);
    return la_sql_run_int(&q, ret);
}

static la_result add_secret(la_store *s, uint64_t application_id, const la_new_secret *secret, unsigned most,
                            int64_t now_s, uint64_t *ret_secret_id)
{
    int64_t live, newest;
    uint16_t environment_id;
    unsigned limit = most < LA_SECRETS_MAX ? most : LA_SECRETS_MAX;
    LA_TRY(la_secret_check(secret));
    LA_TRY(la_application_environment(s, application_id, &environment_id));
    LA_TRY(count_live(s, application_id, now_s, &live));
    if (live >= (int64_t)limit)
        return la_fail(LA_CONFLICT, "the application has %lld live secrets and may have %u; revoke one first",
                       (long long)live, limit);
    LA_TRY(newest_number(s, application_id, &newest));
    if (newest >= (int64_t)NUMBER_MAX)
        return la_fail(LA_CONFLICT, "the application has had %u secrets, which is the most; create a new application",
                       NUMBER_MAX);
    LA_TRY(la_secret_insert(s, application_id, (unsigned)newest + 1, secret, now_s));
    LA_TRY(la_feed_add_application(s, application_id));
    *ret_secret_id = la_secret_id(application_id, (uint64_t)newest + 1);
    return la_ok();
}

la_result la_store_add_secret(la_store *s, uint64_t application_id, const la_new_secret *secret, unsigned most,
                              int64_t now_s, uint64_t *ret_secret_id)
{
    uint64_t id = 0;
    LA_TRY(la_write_begin(s));
    LA_TRY(la_write_end(s, add_secret(s, application_id, secret, most, now_s, &id)));
    *ret_secret_id = id;
    return la_ok();
}

/* ---- listing ---- */

_Static_assert(LA_SECRET_KEYED == 0 && LA_SECRET_SLOW == 1 && LA_SECRET_WRAPPED == 2, "as SELECT_SECRETS says");

static la_result fail_no_secret(uint64_t secret_id)
{
    return la_fail(LA_NOT_FOUND, "the application has no secret %llu", (unsigned long long)secret_id);
}

static la_result read_row(la_sql *q, uint64_t application_id, la_secret_row *ret)
{
    ret->secret_id = la_secret_id(application_id, (uint64_t)la_sql_get_int(q, 0));
    LA_TRY(la_sql_get_text(q, 1, ret->hint, LA_SECRET_HINT_MAX));
    ret->kind = (la_secret_kind)la_sql_get_int(q, 2);
    ret->created_at_s = la_sql_get_int(q, 3);
    ret->expires_at_s = la_sql_get_int(q, 4);
    ret->revoked_at_s = la_sql_get_int(q, 5);
    ret->last_used_at_s = la_sql_get_int(q, 6);
    return la_ok();
}

#define SELECT_SECRETS                                                                                        \
    "SELECT number, hint, CASE WHEN slow_hash IS NOT NULL THEN 1 WHEN wrapped IS NOT NULL THEN 2 ELSE 0 END," \
    " created_at_s, expires_at_s, revoked_at_s, last_used_at_s FROM secret WHERE application_id = ?"

static la_result list_secrets(la_store *s, uint64_t application_id, la_secret_fn each, void *self)
{
    la_sql q;
    la_secret_row secret;
    la_result r = la_ok();
    LA_TRY(la_sql_begin(s, SELECT_SECRETS " ORDER BY number", &q));
    la_sql_id(&q, application_id);
    while (la_sql_next(&q, &r)) {
        r = read_row(&q, application_id, &secret);
        if (la_is_ok(r))
            r = each(self, &secret);
    }
    return r;
}

la_result la_store_list_secrets(la_store *s, uint64_t application_id, la_secret_fn each, void *self)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, list_secrets(s, application_id, each, self));
}

static la_result find_secret(la_store *s, uint64_t application_id, uint64_t secret_id, la_secret_row *ret)
{
    la_sql q;
    bool row;
    LA_TRY(la_sql_begin(s, SELECT_SECRETS " AND number = ?", &q));
    la_sql_id(&q, application_id);
    la_sql_int(&q, (int64_t)(secret_id & NUMBER_MAX));
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return fail_no_secret(secret_id);
    la_result r = read_row(&q, application_id, ret);
    la_sql_done(&q);
    return r;
}

la_result la_store_find_secret(la_store *s, uint64_t application_id, uint64_t secret_id, la_secret_row *ret)
{
    la_secret_row found;
    if (secret_id >> LA_SECRET_NUMBER_BITS != application_id)
        return fail_no_secret(secret_id);
    LA_TRY(la_read_begin(s));
    LA_TRY(la_read_end(s, find_secret(s, application_id, secret_id, &found)));
    *ret = found;
    return la_ok();
}

/* ---- change ---- */

static void bind_secret_id(la_sql *q, uint64_t secret_id)
{
    la_sql_id(q, secret_id >> LA_SECRET_NUMBER_BITS);
    la_sql_int(q, (int64_t)(secret_id & NUMBER_MAX));
}

static la_result check_secret(la_store *s, uint64_t secret_id)
{
    la_sql q;
    int64_t n;
    LA_TRY(la_sql_begin(s, "SELECT count(*) FROM secret WHERE application_id = ? AND number = ?", &q));
    bind_secret_id(&q, secret_id);
    LA_TRY(la_sql_run_int(&q, &n));
    return n ? la_ok() : fail_no_secret(secret_id);
}

static la_result revoke_secret(la_store *s, uint64_t secret_id, int64_t now_s)
{
    la_sql q;
    LA_TRY(check_secret(s, secret_id));
    LA_TRY(la_sql_begin(s,
                        "UPDATE secret SET revoked_at_s = max(?, 1) WHERE application_id = ? AND number = ?"
                        " AND revoked_at_s = 0",
                        &q));
    la_sql_int(&q, now_s);
    bind_secret_id(&q, secret_id);
    LA_TRY(la_sql_run(&q));
    if (sqlite3_changes64(s->db) == 0) /* revoked before */
        return la_ok();
    return la_feed_add_application(s, secret_id >> LA_SECRET_NUMBER_BITS);
}

la_result la_store_revoke_secret(la_store *s, uint64_t application_id, uint64_t secret_id, int64_t now_s)
{
    if (secret_id >> LA_SECRET_NUMBER_BITS != application_id)
        return fail_no_secret(secret_id);
    LA_TRY(la_write_begin(s));
    return la_write_end(s, revoke_secret(s, secret_id, now_s));
}

static la_result upgrade_secret(la_store *s, uint64_t secret_id, la_slice digest)
{
    la_sql q;
    LA_TRY(check_secret(s, secret_id));
    LA_TRY(la_sql_begin(s,
                        "UPDATE secret SET digest = ?, slow_hash = NULL WHERE application_id = ? AND number = ?"
                        " AND slow_hash IS NOT NULL",
                        &q));
    la_sql_blob(&q, digest);
    bind_secret_id(&q, secret_id);
    LA_TRY(la_sql_run(&q));
    if (sqlite3_changes64(s->db) == 0) /* another node was faster */
        return la_ok();
    return la_feed_add_application(s, secret_id >> LA_SECRET_NUMBER_BITS);
}

la_result la_store_upgrade_secret(la_store *s, uint64_t secret_id, const uint8_t digest[LA_DIGEST_BYTES])
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, upgrade_secret(s, secret_id, (la_slice){(const char *)digest, LA_DIGEST_BYTES}));
}

static la_result put_last_used(la_store *s, const la_last_used *uses, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        la_sql q;
        LA_TRY(la_sql_begin(s,
                            "UPDATE secret SET last_used_at_s = ? WHERE application_id = ? AND number = ?"
                            " AND last_used_at_s < ?",
                            &q));
        la_sql_int(&q, uses[i].at_s);
        bind_secret_id(&q, uses[i].secret_id);
        la_sql_int(&q, uses[i].at_s);
        LA_TRY(la_sql_run(&q));
    }
    return la_ok();
}

la_result la_store_put_last_used(la_store *s, const la_last_used *uses, size_t n)
{
    if (n == 0)
        return la_ok();
    LA_TRY(la_write_begin(s));
    return la_write_end(s, put_last_used(s, uses, n));
}
