/* Operators with their environments and recovery codes. Knows no password and no code, only what was made of them. */
#include "store/operators.h"
#include "store/sqlite_internal.h"

/* ---- checks ---- */

static la_result check_environments(const la_operator_row *row)
{
    if (row->n_environments > LA_ENVIRONMENTS_MAX)
        return la_fail(LA_INVALID, "an operator may have at most %d environments", LA_ENVIRONMENTS_MAX);
    for (unsigned i = 0; i < row->n_environments; i++)
        LA_TRY(
            la_store_check_text("the environment's name", la_slice_of(row->environments[i]), LA_ENVIRONMENT_NAME_MAX));
    return la_ok();
}

static la_result check_operator(const la_operator_row *row)
{
    LA_TRY(la_store_check_text("the email", la_slice_of(row->email), LA_EMAIL_MAX));
    LA_TRY(la_store_check_text("the name", la_slice_of(row->name), LA_NAME_MAX));
    LA_TRY(la_store_check_text("the password's hash", la_slice_of(row->password_hash), LA_PASSWORD_HASH_MAX));
    if (row->role < LA_ROLE_ADMIN || row->role > LA_ROLE_AUDITOR)
        return la_fail(LA_INVALID, "the role is unknown");
    if (row->totp_wrapped_n > LA_TOTP_WRAPPED_MAX)
        return la_fail(LA_INVALID, "the wrapped TOTP secret is longer than %d bytes", LA_TOTP_WRAPPED_MAX);
    return check_environments(row);
}

static la_result fail_no_operator(void)
{
    return la_fail(LA_NOT_FOUND, "there is no such operator");
}

static la_result check_exists(la_store *s, uint64_t operator_id)
{
    la_sql q;
    int64_t n;
    LA_TRY(la_sql_begin(s, "SELECT count(*) FROM operator WHERE operator_id = ?", &q));
    la_sql_id(&q, operator_id);
    LA_TRY(la_sql_run_int(&q, &n));
    return n ? la_ok() : fail_no_operator();
}

/* ---- creation ---- */

static la_result set_environments(la_store *s, uint64_t operator_id, const la_operator_row *row)
{
    la_sql q;
    unsigned n = row->all_environments ? 0 : row->n_environments;
    LA_TRY(la_sql_begin(s, "DELETE FROM operator_environment WHERE operator_id = ?", &q));
    la_sql_id(&q, operator_id);
    LA_TRY(la_sql_run(&q));
    for (unsigned i = 0; i < n; i++) {
        LA_TRY(la_sql_begin(s, "INSERT OR IGNORE INTO operator_environment (operator_id, name) VALUES (?, ?)", &q));
        la_sql_id(&q, operator_id);
        la_sql_text(&q, la_slice_of(row->environments[i]));
        LA_TRY(la_sql_run(&q));
    }
    return la_ok();
}

static la_result add_operator(la_store *s, const la_operator_row *row, int64_t now_s, uint64_t *ret_operator_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO operator (email, name, role, all_environments, enabled, must_change_password,"
                        " password_hash, created_at_s) VALUES (?, ?, ?, ?, 1, ?, ?, ?)",
                        &q));
    la_sql_text(&q, la_slice_of(row->email));
    la_sql_text(&q, la_slice_of(row->name));
    la_sql_int(&q, row->role);
    la_sql_int(&q, row->all_environments);
    la_sql_int(&q, row->must_change_password);
    la_sql_text(&q, la_slice_of(row->password_hash));
    la_sql_int(&q, now_s);
    la_result r = la_sql_run(&q);
    if (r.code == LA_EXISTS)
        return la_fail(LA_EXISTS, "there is an operator with the email '%s' already", row->email);
    LA_TRY(r);
    *ret_operator_id = (uint64_t)sqlite3_last_insert_rowid(s->db);
    return set_environments(s, *ret_operator_id, row);
}

la_result la_store_add_operator(la_store *s, const la_operator_row *row, int64_t now_s, uint64_t *ret_operator_id)
{
    uint64_t id = 0;
    LA_TRY(check_operator(row));
    if (row->email[0] == '\0')
        return la_fail(LA_INVALID, "the email is empty");
    LA_TRY(la_write_begin(s));
    LA_TRY(la_write_end(s, add_operator(s, row, now_s, &id)));
    *ret_operator_id = id;
    return la_ok();
}

/* ---- look-up and listing ---- */

#define SELECT_OPERATORS                                                                                    \
    "SELECT operator_id, email, name, role, all_environments, enabled, must_change_password, totp_enabled," \
    " (SELECT count(*) FROM recovery_code AS c WHERE c.operator_id = o.operator_id), created_at_s,"         \
    " last_login_at_s, version, password_hash, totp_wrapped, totp_last_step FROM operator AS o"

static la_result read_environments(la_store *s, la_operator_row *ret)
{
    la_sql q;
    bool row;
    ret->n_environments = 0;
    if (ret->all_environments)
        return la_ok();
    LA_TRY(la_sql_begin(s, "SELECT name FROM operator_environment WHERE operator_id = ? ORDER BY name LIMIT ?", &q));
    la_sql_id(&q, ret->operator_id);
    la_sql_int(&q, LA_ENVIRONMENTS_MAX);
    for (;;) {
        LA_TRY(la_sql_step(&q, &row));
        if (!row)
            return la_ok();
        la_result r = la_sql_get_text(&q, 0, ret->environments[ret->n_environments], LA_ENVIRONMENT_NAME_MAX);
        if (!la_is_ok(r)) {
            la_sql_done(&q);
            return r;
        }
        ret->n_environments++;
    }
}

static la_result read_row(la_sql *q, la_operator_row *ret)
{
    *ret = (la_operator_row){
        .operator_id = (uint64_t)la_sql_get_int(q, 0),
        .role = (la_role)la_sql_get_int(q, 3),
        .all_environments = la_sql_get_int(q, 4) != 0,
        .enabled = la_sql_get_int(q, 5) != 0,
        .must_change_password = la_sql_get_int(q, 6) != 0,
        .totp_enabled = la_sql_get_int(q, 7) != 0,
        .recovery_codes_left = (unsigned)la_sql_get_int(q, 8),
        .created_at_s = la_sql_get_int(q, 9),
        .last_login_at_s = la_sql_get_int(q, 10),
        .version = (uint64_t)la_sql_get_int(q, 11),
        .totp_last_step = la_sql_get_int(q, 14),
    };
    LA_TRY(la_sql_get_text(q, 1, ret->email, LA_EMAIL_MAX));
    LA_TRY(la_sql_get_text(q, 2, ret->name, LA_NAME_MAX));
    LA_TRY(la_sql_get_text(q, 12, ret->password_hash, LA_PASSWORD_HASH_MAX));
    LA_TRY(la_sql_get_blob(q, 13, ret->totp_wrapped, LA_TOTP_WRAPPED_MAX, &ret->totp_wrapped_n));
    return read_environments(q->store, ret);
}

/* The only row of q, which is at its beginning. */
static la_result find_operator(la_sql *q, la_operator_row *ret)
{
    bool row;
    LA_TRY(la_sql_step(q, &row));
    if (!row)
        return fail_no_operator();
    la_result r = read_row(q, ret);
    la_sql_done(q);
    return r;
}

static la_result find_by_id(la_store *s, uint64_t operator_id, la_operator_row *ret)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, SELECT_OPERATORS " WHERE operator_id = ?", &q));
    la_sql_id(&q, operator_id);
    return find_operator(&q, ret);
}

static la_result find_by_email(la_store *s, la_slice email, la_operator_row *ret)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, SELECT_OPERATORS " WHERE email = ?", &q));
    la_sql_text(&q, email);
    return find_operator(&q, ret);
}

la_result la_store_find_operator(la_store *s, uint64_t operator_id, la_operator_row *ret)
{
    la_operator_row found;
    LA_TRY(la_read_begin(s));
    LA_TRY(la_read_end(s, find_by_id(s, operator_id, &found)));
    *ret = found;
    return la_ok();
}

la_result la_store_find_operator_by_email(la_store *s, la_slice email, la_operator_row *ret)
{
    la_operator_row found;
    LA_TRY(la_read_begin(s));
    LA_TRY(la_read_end(s, find_by_email(s, email, &found)));
    *ret = found;
    return la_ok();
}

static la_result list_operators(la_store *s, uint64_t after_id, unsigned limit, la_operator_fn each, void *self)
{
    la_sql q;
    la_operator_row found;
    la_result r = la_ok();
    LA_TRY(la_sql_begin(s, SELECT_OPERATORS " WHERE operator_id > ? ORDER BY operator_id LIMIT ?", &q));
    la_sql_id(&q, after_id);
    la_sql_int(&q, limit);
    while (la_sql_next(&q, &r)) {
        r = read_row(&q, &found);
        if (la_is_ok(r))
            r = each(self, &found);
    }
    return r;
}

la_result la_store_list_operators(la_store *s, uint64_t after_id, unsigned limit, la_operator_fn each, void *self)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, list_operators(s, after_id, limit, each, self));
}

static la_result count_admins(la_store *s, unsigned *ret)
{
    la_sql q;
    int64_t n = 0;
    LA_TRY(la_sql_begin(s, "SELECT count(*) FROM operator WHERE role = ? AND enabled = 1", &q));
    la_sql_int(&q, LA_ROLE_ADMIN);
    LA_TRY(la_sql_run_int(&q, &n));
    *ret = (unsigned)n;
    return la_ok();
}

la_result la_store_count_admins(la_store *s, unsigned *ret)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, count_admins(s, ret));
}

/* ---- change ---- */

/* The row may be older than a login that came between, so neither the last login nor the last code goes back; a new TOTP
 * secret begins anew. */
static la_result update_operator(la_store *s, const la_operator_row *row)
{
    la_sql q;
    la_slice wrapped = {(const char *)row->totp_wrapped, row->totp_wrapped_n};
    LA_TRY(la_sql_begin(s,
                        "UPDATE operator SET name = ?3, role = ?4, all_environments = ?5, enabled = ?6,"
                        " must_change_password = ?7, password_hash = ?8, totp_enabled = ?9, totp_wrapped = ?10,"
                        " totp_last_step = CASE WHEN totp_wrapped IS ?10 THEN max(totp_last_step, ?11) ELSE ?11 END,"
                        " last_login_at_s = max(last_login_at_s, ?12), version = version + 1"
                        " WHERE operator_id = ?1 AND (?2 = 0 OR version = ?2)",
                        &q));
    la_sql_id(&q, row->operator_id);
    la_sql_id(&q, row->version);
    la_sql_text(&q, la_slice_of(row->name));
    la_sql_int(&q, row->role);
    la_sql_int(&q, row->all_environments);
    la_sql_int(&q, row->enabled);
    la_sql_int(&q, row->must_change_password);
    la_sql_text(&q, la_slice_of(row->password_hash));
    la_sql_int(&q, row->totp_enabled);
    la_sql_blob(&q, wrapped.n ? wrapped : LA_NO_SLICE);
    la_sql_int(&q, row->totp_last_step);
    la_sql_int(&q, row->last_login_at_s);
    LA_TRY(la_sql_run(&q));
    if (sqlite3_changes64(s->db) > 0)
        return set_environments(s, row->operator_id, row);
    LA_TRY(check_exists(s, row->operator_id));
    return la_fail(LA_STALE, "somebody else has changed the operator in the meantime");
}

la_result la_store_update_operator(la_store *s, const la_operator_row *row)
{
    LA_TRY(check_operator(row));
    LA_TRY(la_write_begin(s));
    return la_write_end(s, update_operator(s, row));
}

static la_result delete_operator(la_store *s, uint64_t operator_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "DELETE FROM operator WHERE operator_id = ?", &q)); /* and what refers to it */
    la_sql_id(&q, operator_id);
    LA_TRY(la_sql_run(&q));
    return sqlite3_changes64(s->db) ? la_ok() : fail_no_operator();
}

la_result la_store_delete_operator(la_store *s, uint64_t operator_id)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, delete_operator(s, operator_id));
}

/* ---- login and second factor ---- */

static la_result note_login(la_store *s, uint64_t operator_id, int64_t now_s)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "UPDATE operator SET last_login_at_s = max(last_login_at_s, ?) WHERE operator_id = ?", &q));
    la_sql_int(&q, now_s);
    la_sql_id(&q, operator_id);
    LA_TRY(la_sql_run(&q));
    return sqlite3_changes64(s->db) ? la_ok() : fail_no_operator();
}

la_result la_store_note_login(la_store *s, uint64_t operator_id, int64_t now_s)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, note_login(s, operator_id, now_s));
}

static la_result use_totp_step(la_store *s, uint64_t operator_id, int64_t step)
{
    la_sql q;
    LA_TRY(
        la_sql_begin(s, "UPDATE operator SET totp_last_step = ?1 WHERE operator_id = ?2 AND totp_last_step < ?1", &q));
    la_sql_int(&q, step);
    la_sql_id(&q, operator_id);
    LA_TRY(la_sql_run(&q));
    if (sqlite3_changes64(s->db) > 0)
        return la_ok();
    LA_TRY(check_exists(s, operator_id));
    return la_fail(LA_CONFLICT, "that code was used before; wait for the next one");
}

la_result la_store_use_totp_step(la_store *s, uint64_t operator_id, int64_t step)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, use_totp_step(s, operator_id, step));
}

static la_result set_recovery_codes(la_store *s, uint64_t operator_id, const uint8_t (*digests)[LA_DIGEST_BYTES],
                                    unsigned n)
{
    la_sql q;
    LA_TRY(check_exists(s, operator_id));
    LA_TRY(la_sql_begin(s, "DELETE FROM recovery_code WHERE operator_id = ?", &q));
    la_sql_id(&q, operator_id);
    LA_TRY(la_sql_run(&q));
    for (unsigned i = 0; i < n; i++) {
        LA_TRY(la_sql_begin(s, "INSERT INTO recovery_code (operator_id, digest) VALUES (?, ?)", &q));
        la_sql_id(&q, operator_id);
        la_sql_blob(&q, la_slice_of_digest(digests[i]));
        LA_TRY(la_sql_run(&q));
    }
    return la_ok();
}

la_result la_store_set_recovery_codes(la_store *s, uint64_t operator_id, const uint8_t (*digests)[LA_DIGEST_BYTES],
                                      unsigned n)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, set_recovery_codes(s, operator_id, digests, n));
}

static la_result use_recovery_code(la_store *s, uint64_t operator_id, la_slice digest)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "DELETE FROM recovery_code WHERE operator_id = ? AND digest = ?", &q));
    la_sql_id(&q, operator_id);
    la_sql_blob(&q, digest);
    LA_TRY(la_sql_run(&q));
    return sqlite3_changes64(s->db) ? la_ok() : la_fail(LA_NOT_FOUND, "the operator has no such recovery code");
}

la_result la_store_use_recovery_code(la_store *s, uint64_t operator_id, const uint8_t digest[LA_DIGEST_BYTES])
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, use_recovery_code(s, operator_id, la_slice_of_digest(digest)));
}
