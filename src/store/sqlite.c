/*
 * Statements, transactions and errors of SQLite: what the operations of the store are made of. Knows SQLite;
 * must not know what is stored.
 */
#include "store/sqlite_internal.h"

#include <errno.h>
#include <string.h>

/* ---- errors ---- */

static bool errno_is_full(int e)
{
    return e == ENOSPC || e == EDQUOT || e == EFBIG;
}

static la_result fail_io(sqlite3 *db, const char *path, int rc)
{
    int e = db ? sqlite3_system_errno(db) : 0;
    if (rc == SQLITE_IOERR && db)
        rc = sqlite3_extended_errcode(db);
    /* Where SQLite has lost the errno of a write that came back short, or of growing its index, it was for want of room. */
    bool no_room = rc == SQLITE_IOERR_SHMSIZE || rc == SQLITE_IOERR_WRITE;
    if (errno_is_full(e) || (e == 0 && no_room))
        return la_fail(LA_FULL, "%s: no space is left for the database (%s); make room on its disk", path,
                       e ? strerror(e) : sqlite3_errstr(rc));
    return la_fail(LA_IO, "%s: %s (%d)%s%s; check the disk, the permissions of the file and of its folder", path,
                   sqlite3_errstr(rc), rc, e ? ": " : "", e ? strerror(e) : "");
}

static la_result fail_constraint(sqlite3 *db, const char *path, int rc)
{
    if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY || rc == SQLITE_CONSTRAINT_ROWID)
        return la_fail(LA_EXISTS, "%s: %s", path, sqlite3_errmsg(db));
    if (rc == SQLITE_CONSTRAINT_FOREIGNKEY)
        return la_fail(LA_NOT_FOUND, "%s: what it belongs to does not exist", path);
    return la_fail(LA_INVALID, "%s: %s", path, sqlite3_errmsg(db));
}

la_result la_sql_fail(sqlite3 *db, const char *path, int rc)
{
    if (rc == SQLITE_IOERR_NOMEM)
        rc = SQLITE_NOMEM;
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return la_fail(LA_FULL, "%s: no space is left for the database; make room on its disk", path);
    case SQLITE_CORRUPT:
        return la_fail(LA_CORRUPT, "%s: the database is damaged (%s); restore it from a backup", path,
                       sqlite3_errmsg(db));
    case SQLITE_NOTADB:
        return la_fail(LA_CORRUPT, "%s: this is not a leanauth database; check the path, or restore it from a backup",
                       path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return la_fail(LA_UNAVAILABLE, "%s: another process has locked the database for too long; try again", path);
    case SQLITE_NOMEM:
        return la_fail(LA_NO_MEMORY, "%s: memory is exhausted", path);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_PROTOCOL:
    case SQLITE_NOLFS:
        return fail_io(db, path, rc);
    case SQLITE_CONSTRAINT:
        return fail_constraint(db, path, rc);
    case SQLITE_TOOBIG:
        return la_fail(LA_TOO_LARGE, "%s: a value is too large", path);
    default:
        return la_fail(LA_SERVER_ERROR, "%s: %s", path, sqlite3_errmsg(db));
    }
}

static la_result fail(la_store *s, int rc)
{
    return la_sql_fail(s->db, s->path, rc);
}

/* ---- statements ---- */

static la_result prepare(la_store *s, const char *sql, sqlite3_stmt **ret)
{
    if (s->n_statements == LA_STORE_STATEMENTS_MAX)
        return la_fail(LA_SERVER_ERROR, "the store has more statements than LA_STORE_STATEMENTS_MAX");
    sqlite3_stmt *st;
    int rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
    if (rc == SQLITE_ERROR) /* a table or column that our schema has is not there */
        return la_fail(LA_CORRUPT, "%s: the schema is damaged (%s); restore it from a backup", s->path,
                       sqlite3_errmsg(s->db));
    if (rc != SQLITE_OK)
        return fail(s, rc);
    s->statements[s->n_statements++] = (la_statement){sql, st};
    *ret = st;
    return la_ok();
}

la_result la_sql_begin(la_store *s, const char *sql, la_sql *ret)
{
    sqlite3_stmt *st = NULL;
    for (unsigned i = 0; i < s->n_statements && !st; i++)
        if (s->statements[i].sql == sql)
            st = s->statements[i].st;
    if (!st)
        LA_TRY(prepare(s, sql, &st));
    if (sqlite3_stmt_busy(st))
        return la_fail(LA_CONFLICT, "the store is in the middle of the same listing");
    *ret = (la_sql){s, st, 0, SQLITE_OK};
    return la_ok();
}

static void bound(la_sql *q, int rc)
{
    if (q->rc == SQLITE_OK)
        q->rc = rc;
}

void la_sql_null(la_sql *q)
{
    bound(q, sqlite3_bind_null(q->st, ++q->bound));
}

void la_sql_int(la_sql *q, int64_t v)
{
    bound(q, sqlite3_bind_int64(q->st, ++q->bound, v));
}

void la_sql_id(la_sql *q, uint64_t v)
{
    la_sql_int(q, v > INT64_MAX ? INT64_MAX : (int64_t)v);
}

void la_sql_text(la_sql *q, la_slice v)
{
    bound(q, sqlite3_bind_text64(q->st, ++q->bound, v.p, v.n, SQLITE_STATIC, SQLITE_UTF8));
}

void la_sql_blob(la_sql *q, la_slice v)
{
    bound(q, sqlite3_bind_blob64(q->st, ++q->bound, v.p, v.n, SQLITE_STATIC));
}

void la_sql_prefix(la_sql *q, la_slice prefix, char *memory)
{
    size_t n = prefix.n;
    la_sql_text(q, n ? prefix : LA_SLICE(""));
    if (n)
        memcpy(memory, prefix.p, n);
    while (n && (unsigned char)memory[n - 1] == 0xff)
        n--;
    if (n)
        memory[n - 1]++;
    /* Where no text is behind all of them: any blob is. */
    if (n)
        la_sql_text(q, (la_slice){memory, n});
    else
        la_sql_blob(q, LA_SLICE(""));
}

void la_sql_done(la_sql *q)
{
    sqlite3_reset(q->st); /* gives the failure of the last step once more */
    sqlite3_clear_bindings(q->st);
}

la_result la_sql_step(la_sql *q, bool *ret_row)
{
    int rc = q->rc == SQLITE_OK ? sqlite3_step(q->st) : q->rc;
    if (rc == SQLITE_ROW) {
        *ret_row = true;
        return la_ok();
    }
    la_result r = rc == SQLITE_DONE ? la_ok() : fail(q->store, rc);
    la_sql_done(q);
    *ret_row = false;
    return r;
}

bool la_sql_next(la_sql *q, la_result *r)
{
    bool row = false;
    if (la_is_ok(*r))
        *r = la_sql_step(q, &row);
    else
        la_sql_done(q);
    return row;
}

la_result la_sql_run(la_sql *q)
{
    bool row;
    LA_TRY(la_sql_step(q, &row));
    if (row)
        la_sql_done(q);
    return la_ok();
}

la_result la_sql_run_int(la_sql *q, int64_t *ret)
{
    bool row;
    LA_TRY(la_sql_step(q, &row));
    if (!row)
        return la_fail(LA_CORRUPT, "%s: the database is damaged (a row is missing); restore it from a backup",
                       q->store->path);
    *ret = la_sql_get_int(q, 0);
    la_sql_done(q);
    return la_ok();
}

int64_t la_sql_get_int(la_sql *q, int column)
{
    return sqlite3_column_int64(q->st, column);
}

la_slice la_sql_get_slice(la_sql *q, int column)
{
    if (sqlite3_column_type(q->st, column) == SQLITE_NULL)
        return LA_NO_SLICE;
    /* As a blob, because SQLite may have to allocate for the zero byte of a text. */
    const char *p = sqlite3_column_blob(q->st, column);
    int n = sqlite3_column_bytes(q->st, column);
    return p && n > 0 ? (la_slice){p, (size_t)n} : LA_SLICE("");
}

static la_result fail_length(la_sql *q, int column, size_t n)
{
    return la_fail(LA_CORRUPT, "%s: the database is damaged (%s of %zu bytes); restore it from a backup",
                   q->store->path, sqlite3_column_name(q->st, column), n);
}

la_result la_sql_get_text(la_sql *q, int column, char *ret, size_t max)
{
    la_slice text = la_sql_get_slice(q, column);
    if (text.n > max)
        return fail_length(q, column, text.n);
    if (text.n)
        memcpy(ret, text.p, text.n);
    ret[text.n] = '\0';
    return la_ok();
}

la_result la_sql_get_blob(la_sql *q, int column, uint8_t *ret, size_t max, size_t *ret_n)
{
    la_slice bytes = la_sql_get_slice(q, column);
    if (bytes.n > max)
        return fail_length(q, column, bytes.n);
    if (bytes.n)
        memcpy(ret, bytes.p, bytes.n);
    *ret_n = bytes.n;
    return la_ok();
}

la_result la_sql_get_digest(la_sql *q, int column, uint8_t ret[LA_DIGEST_BYTES])
{
    la_slice bytes = la_sql_get_slice(q, column);
    if (bytes.n != LA_DIGEST_BYTES)
        return fail_length(q, column, bytes.n);
    memcpy(ret, bytes.p, bytes.n);
    return la_ok();
}

/* ---- transactions ---- */

static la_result run(la_store *s, const char *sql)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, sql, &q));
    return la_sql_run(&q);
}

static const char sql_begin_read[] = "BEGIN";
static const char sql_begin_write[] = "BEGIN IMMEDIATE";
static const char sql_commit[] = "COMMIT";
static const char sql_rollback[] = "ROLLBACK";
static const char sql_savepoint[] = "SAVEPOINT operation";
static const char sql_release[] = "RELEASE operation";
static const char sql_undo[] = "ROLLBACK TO operation";

static bool is_in_transaction(const la_store *s)
{
    return !sqlite3_get_autocommit(s->db);
}

static bool run_quietly(la_store *s, const char *sql)
{
    la_sql q;
    if (!la_is_ok(la_sql_begin(s, sql, &q)))
        return false;
    int rc = sqlite3_step(q.st);
    la_sql_done(&q);
    return rc == SQLITE_DONE;
}

/* After a failure, whose detail is kept. SQLite has rolled back by itself after some of them. */
static void roll_back(la_store *s)
{
    if (is_in_transaction(s))
        run_quietly(s, sql_rollback);
    if (is_in_transaction(s)) /* the statement could not even be prepared: no memory */
        sqlite3_exec(s->db, sql_rollback, NULL, NULL, NULL);
}

static la_result finish(la_store *s, la_result r)
{
    if (la_is_ok(r))
        r = run(s, sql_commit);
    if (!la_is_ok(r))
        roll_back(s);
    return r;
}

/* SQLite rolls back by itself where it runs out of room or memory. What comes later in the group must not run without it. */
la_result la_group_check(const la_store *s)
{
    if (s->in_group && !is_in_transaction(s))
        return la_fail(s->group_failure ? s->group_failure : LA_UNAVAILABLE,
                       "%s: an operation failed before and has undone all that belonged to it", s->path);
    return la_ok();
}

la_result la_read_begin(la_store *s)
{
    LA_TRY(la_group_check(s));
    if (s->readers == 0 && !s->writing)
        LA_TRY(run(s, sql_begin_read));
    s->readers++;
    return la_ok();
}

la_result la_read_end(la_store *s, la_result r)
{
    s->readers--;
    return s->readers > 0 || s->writing ? r : finish(s, r);
}

static la_result begin_writing(la_store *s)
{
    if (s->writing || s->readers > 0)
        return la_fail(LA_CONFLICT, "the store is in the middle of a listing, a group or an import");
    if (!la_store_is_present(s))
        return la_fail(LA_UNAVAILABLE, "%s: the database or its log was moved away, removed or replaced", s->path);
    LA_TRY(run(s, sql_begin_write));
    s->writing = true;
    return la_ok();
}

la_result la_write_begin(la_store *s)
{
    if (!s->in_group)
        return begin_writing(s);
    if (s->readers > 0)
        return la_fail(LA_CONFLICT, "the store is in the middle of a listing");
    LA_TRY(la_group_check(s));
    return run(s, sql_savepoint);
}

/* The end of one operation within a group. Where it cannot be undone alone, all of the group is. */
static la_result finish_within_group(la_store *s, la_result r)
{
    if (la_is_ok(r))
        r = run(s, sql_release);
    if (la_is_ok(r))
        return r;
    if (is_in_transaction(s) && !(run_quietly(s, sql_undo) && run_quietly(s, sql_release)))
        roll_back(s);
    s->group_failure = r.code;
    return r;
}

la_result la_write_end(la_store *s, la_result r)
{
    if (s->in_group)
        return finish_within_group(s, r);
    s->writing = false;
    return finish(s, r);
}

/* ---- groups ---- */

la_result la_store_begin(la_store *s)
{
    LA_TRY(begin_writing(s));
    s->in_group = true;
    s->group_failure = LA_OK;
    return la_ok();
}

static la_result end_group(la_store *s, la_result r)
{
    if (la_is_ok(r))
        r = la_group_check(s);
    s->in_group = false;
    s->writing = false;
    return finish(s, r);
}

la_result la_store_commit(la_store *s)
{
    if (!s->in_group || s->importing || s->readers > 0)
        return la_fail(LA_CONFLICT, "no group can be ended here");
    return end_group(s, la_ok());
}

void la_store_rollback(la_store *s)
{
    if (s->in_group && !s->importing && s->readers == 0)
        LA_IGNORE(end_group(s, la_error(LA_CONFLICT)));
}

la_result la_store_check_text(const char *what, la_slice text, size_t max)
{
    if (!text.p)
        return la_fail(LA_INVALID, "%s is missing", what);
    if (text.n > max)
        return la_fail(LA_INVALID, "%s is longer than %zu bytes", what, max);
    if (text.n && memchr(text.p, 0, text.n))
        return la_fail(LA_INVALID, "%s holds a zero byte", what);
    return la_ok();
}
