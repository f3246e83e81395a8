/* Answers to creations, by the key under which they may be asked for again. */
#include "store/operators.h"
#include "store/sqlite_internal.h"

static la_result read_row(la_sql *q, la_idempotent_row *ret)
{
    LA_TRY(la_sql_get_digest(q, 0, ret->request_digest));
    ret->at_s = la_sql_get_int(q, 1);
    return la_sql_get_blob(q, 2, ret->answer, sizeof ret->answer, &ret->answer_n);
}

static la_result find(la_store *s, la_slice key_digest, la_idempotent_row *ret)
{
    la_sql q;
    bool row;
    LA_TRY(la_sql_begin(s, "SELECT request_digest, at_s, answer FROM idempotent WHERE key_digest = ?", &q));
    la_sql_blob(&q, key_digest);
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return la_fail(LA_NOT_FOUND, "the Idempotency-Key was not used before");
    la_result r = read_row(&q, ret);
    la_sql_done(&q);
    return r;
}

la_result la_store_find_idempotent(la_store *s, const uint8_t key_digest[LA_DIGEST_BYTES], la_idempotent_row *ret)
{
    la_idempotent_row found;
    LA_TRY(la_read_begin(s));
    LA_TRY(la_read_end(s, find(s, la_slice_of_digest(key_digest), &found)));
    *ret = found;
    return la_ok();
}

static la_result add(la_store *s, la_slice key_digest, const la_idempotent_row *row)
{
    la_sql q;
    LA_TRY(
        la_sql_begin(s, "INSERT INTO idempotent (key_digest, request_digest, at_s, answer) VALUES (?, ?, ?, ?)", &q));
    la_sql_blob(&q, key_digest);
    la_sql_blob(&q, la_slice_of_digest(row->request_digest));
    la_sql_int(&q, row->at_s);
    la_sql_blob(&q, (la_slice){(const char *)row->answer, row->answer_n});
    la_result r = la_sql_run(&q);
    return r.code == LA_EXISTS ? la_fail(LA_EXISTS, "the Idempotency-Key was used before") : r;
}

la_result la_store_add_idempotent(la_store *s, const uint8_t key_digest[LA_DIGEST_BYTES], const la_idempotent_row *row)
{
    if (row->answer_n > sizeof row->answer)
        return la_fail(LA_TOO_LARGE, "the answer is longer than %zu bytes", sizeof row->answer);
    LA_TRY(la_write_begin(s));
    return la_write_end(s, add(s, la_slice_of_digest(key_digest), row));
}

la_result la_idempotent_expire(la_store *s, int64_t before_s, unsigned most)
{
    la_sql q;
    LA_TRY(la_sql_begin(
        s, "DELETE FROM idempotent WHERE rowid IN (SELECT rowid FROM idempotent WHERE at_s < ? LIMIT ?)", &q));
    la_sql_int(&q, before_s);
    la_sql_int(&q, most);
    return la_sql_run(&q);
}
