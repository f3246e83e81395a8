/* Sessions of operators. Each is found by the digest of its cookie. */
#include "store/operators.h"
#include "store/sqlite_internal.h"

#define ADDRESS_MAX (sizeof((la_session_row *)0)->address - 1)

static la_result fail_no_session(void)
{
    return la_fail(LA_NOT_FOUND, "there is no such session");
}

/* One that changes the session it names. */
static la_result run_on_session(la_store *s, la_sql *q)
{
    LA_TRY(la_sql_run(q));
    return sqlite3_changes64(s->db) ? la_ok() : fail_no_session();
}

/* ---- adding ---- */

static la_result add_session(la_store *s, const la_session_row *row, la_slice digest, uint64_t *ret_session_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO operator_session (operator_id, digest, state, failures, created_at_s,"
                        " last_seen_at_s, expires_at_s, address, user_agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        &q));
    la_sql_id(&q, row->operator_id);
    la_sql_blob(&q, digest);
    la_sql_int(&q, row->state);
    la_sql_int(&q, row->failures);
    la_sql_int(&q, row->created_at_s);
    la_sql_int(&q, row->last_seen_at_s);
    la_sql_int(&q, row->expires_at_s);
    la_sql_text(&q, la_slice_of(row->address));
    la_sql_text(&q, la_slice_of(row->user_agent));
    la_result r = la_sql_run(&q);
    if (r.code == LA_NOT_FOUND)
        return la_fail(LA_NOT_FOUND, "there is no such operator");
    LA_TRY(r);
    *ret_session_id = (uint64_t)sqlite3_last_insert_rowid(s->db);
    return la_ok();
}

la_result la_store_add_session(la_store *s, const la_session_row *row, const uint8_t digest[LA_SESSION_DIGEST_BYTES],
                               uint64_t *ret_session_id)
{
    uint64_t id = 0;
    LA_TRY(la_store_check_text("the address", la_slice_of(row->address), ADDRESS_MAX));
    LA_TRY(la_store_check_text("the user agent", la_slice_of(row->user_agent), LA_USER_AGENT_MAX));
    LA_TRY(la_write_begin(s));
    LA_TRY(la_write_end(s, add_session(s, row, la_slice_of_digest(digest), &id)));
    *ret_session_id = id;
    return la_ok();
}

/* ---- look-up and listing ---- */

#define SELECT_SESSIONS                                                                                     \
    "SELECT session_id, operator_id, state, failures, created_at_s, last_seen_at_s, expires_at_s, address," \
    " user_agent FROM operator_session"

static la_result read_row(la_sql *q, la_session_row *ret)
{
    ret->session_id = (uint64_t)la_sql_get_int(q, 0);
    ret->operator_id = (uint64_t)la_sql_get_int(q, 1);
    ret->state = (la_session_state)la_sql_get_int(q, 2);
    ret->failures = (unsigned)la_sql_get_int(q, 3);
    ret->created_at_s = la_sql_get_int(q, 4);
    ret->last_seen_at_s = la_sql_get_int(q, 5);
    ret->expires_at_s = la_sql_get_int(q, 6);
    LA_TRY(la_sql_get_text(q, 7, ret->address, ADDRESS_MAX));
    return la_sql_get_text(q, 8, ret->user_agent, LA_USER_AGENT_MAX);
}

static la_result find_session(la_store *s, la_slice digest, la_session_row *ret)
{
    la_sql q;
    bool row;
    LA_TRY(la_sql_begin(s, SELECT_SESSIONS " WHERE digest = ?", &q));
    la_sql_blob(&q, digest);
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return fail_no_session();
    la_result r = read_row(&q, ret);
    la_sql_done(&q);
    return r;
}

la_result la_store_find_session(la_store *s, const uint8_t digest[LA_SESSION_DIGEST_BYTES], la_session_row *ret)
{
    la_session_row found;
    LA_TRY(la_read_begin(s));
    LA_TRY(la_read_end(s, find_session(s, la_slice_of_digest(digest), &found)));
    *ret = found;
    return la_ok();
}

static la_result list_sessions(la_store *s, uint64_t operator_id,
                               la_result (*each)(void *self, const la_session_row *row), void *self)
{
    la_sql q;
    la_session_row session;
    la_result r = la_ok();
    LA_TRY(la_sql_begin(s, SELECT_SESSIONS " WHERE operator_id = ? ORDER BY session_id DESC", &q));
    la_sql_id(&q, operator_id);
    while (la_sql_next(&q, &r)) {
        r = read_row(&q, &session);
        if (la_is_ok(r))
            r = each(self, &session);
    }
    return r;
}

la_result la_store_list_sessions(la_store *s, uint64_t operator_id,
                                 la_result (*each)(void *self, const la_session_row *row), void *self)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, list_sessions(s, operator_id, each, self));
}

/* ---- change ---- */

static la_result rotate_session(la_store *s, uint64_t session_id, la_slice digest, la_session_state state,
                                int64_t now_s)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "UPDATE operator_session SET digest = ?, state = ?, failures = 0,"
                        " last_seen_at_s = max(last_seen_at_s, ?) WHERE session_id = ?",
                        &q));
    la_sql_blob(&q, digest);
    la_sql_int(&q, state);
    la_sql_int(&q, now_s);
    la_sql_id(&q, session_id);
    return run_on_session(s, &q);
}

la_result la_store_rotate_session(la_store *s, uint64_t session_id, const uint8_t digest[LA_SESSION_DIGEST_BYTES],
                                  la_session_state state, int64_t now_s)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, rotate_session(s, session_id, la_slice_of_digest(digest), state, now_s));
}

static la_result touch_session(la_store *s, uint64_t session_id, int64_t now_s)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "UPDATE operator_session SET last_seen_at_s = max(last_seen_at_s, ?) WHERE session_id = ?",
                        &q));
    la_sql_int(&q, now_s);
    la_sql_id(&q, session_id);
    return run_on_session(s, &q);
}

la_result la_store_touch_session(la_store *s, uint64_t session_id, int64_t now_s)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, touch_session(s, session_id, now_s));
}

static la_result count_failure(la_store *s, uint64_t session_id, unsigned *ret_failures)
{
    la_sql q;
    int64_t failures = 0;
    LA_TRY(la_sql_begin(s, "UPDATE operator_session SET failures = failures + 1 WHERE session_id = ?", &q));
    la_sql_id(&q, session_id);
    LA_TRY(run_on_session(s, &q));
    LA_TRY(la_sql_begin(s, "SELECT failures FROM operator_session WHERE session_id = ?", &q));
    la_sql_id(&q, session_id);
    LA_TRY(la_sql_run_int(&q, &failures));
    *ret_failures = (unsigned)failures;
    return la_ok();
}

la_result la_store_count_session_failure(la_store *s, uint64_t session_id, unsigned *ret_failures)
{
    unsigned failures = 0;
    LA_TRY(la_write_begin(s));
    LA_TRY(la_write_end(s, count_failure(s, session_id, &failures)));
    *ret_failures = failures;
    return la_ok();
}

/* ---- removal ---- */

static la_result delete_session(la_store *s, uint64_t operator_id, uint64_t session_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "DELETE FROM operator_session WHERE session_id = ? AND operator_id = ?", &q));
    la_sql_id(&q, session_id);
    la_sql_id(&q, operator_id);
    return run_on_session(s, &q);
}

la_result la_store_delete_session(la_store *s, uint64_t operator_id, uint64_t session_id)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, delete_session(s, operator_id, session_id));
}

static la_result delete_sessions(la_store *s, uint64_t operator_id, uint64_t except_session_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "DELETE FROM operator_session WHERE operator_id = ? AND session_id <> ?", &q));
    la_sql_id(&q, operator_id);
    la_sql_id(&q, except_session_id);
    return la_sql_run(&q);
}

la_result la_store_delete_sessions(la_store *s, uint64_t operator_id, uint64_t except_session_id)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, delete_sessions(s, operator_id, except_session_id));
}

static la_result expire_sessions(la_store *s, int64_t now_s, int64_t idle_before_s, unsigned most)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "DELETE FROM operator_session WHERE session_id IN (SELECT session_id FROM operator_session"
                        " WHERE expires_at_s <= ? OR last_seen_at_s < ? LIMIT ?)",
                        &q));
    la_sql_int(&q, now_s);
    la_sql_int(&q, idle_before_s);
    la_sql_int(&q, most);
    return la_sql_run(&q);
}

static la_result expire(la_store *s, int64_t now_s, int64_t idle_before_s, int64_t keys_before_s, unsigned most)
{
    LA_TRY(expire_sessions(s, now_s, idle_before_s, most));
    return la_idempotent_expire(s, keys_before_s, most);
}

la_result la_store_expire_sessions(la_store *s, int64_t now_s, int64_t idle_before_s, int64_t keys_before_s,
                                   unsigned most)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, expire(s, now_s, idle_before_s, keys_before_s, most));
}
