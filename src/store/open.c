/*
 * Opening, creating, checking and closing the database file. Knows the file system and the header of the file.
 *
 * A database is created under another name and linked to its own once it is complete, so that a file at `path` is
 * always a whole database. The file itself is read through SQLite only: POSIX drops all locks that a process
 * has on a file as soon as it closes any descriptor of it.
 */
#include "store/sqlite_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000
#define QUICK_CHECK_MAX_BYTES (64LL << 20) /* a whole check of a larger file takes too long at every start */

/* https://www.sqlite.org/fileformat2.html 1.3 */
#define HEADER_BYTES 100
#define HEADER_USER_VERSION 60
#define HEADER_APPLICATION_ID 68
#define HEADER_MAGIC "SQLite format 3" /* with its zero byte */

/* ---- settings ---- */

static la_result pragma(sqlite3 *db, const char *path, const char *sql)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? la_ok() : la_sql_fail(db, path, rc);
}

static la_result use_wal(sqlite3 *db, const char *path)
{
    sqlite3_stmt *st;
    int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    la_result r = la_ok();
    if (rc != SQLITE_ROW)
        r = la_sql_fail(db, path, rc);
    else if (strcmp((const char *)sqlite3_column_text(st, 0), "wal") != 0)
        r = la_fail(LA_IO, "%s: the database cannot use write-ahead logging; keep it on a local, writable disk", path);
    sqlite3_finalize(st);
    return r;
}

static la_result set_up(sqlite3 *db, const char *path)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    LA_TRY(use_wal(db, path));
    return pragma(db, path,
                  "PRAGMA synchronous = FULL;"
                  "PRAGMA temp_store = MEMORY;"
                  "PRAGMA cell_size_check = ON;"
                  "PRAGMA journal_size_limit = 16777216;"); /* the WAL shrinks again after an import */
}

/* ---- creating ---- */

static la_result fail_errno(int e, const char *path, const char *what)
{
    return la_fail(e == ENOSPC || e == EDQUOT ? LA_FULL
                   : e == ENOMEM              ? LA_NO_MEMORY
                                              : LA_IO,
                   "%s: %s: %s", path, what, strerror(e));
}

static void remove_files(const char *path)
{
    char name[PATH_MAX];
    static const char *const ends[] = {"-journal", "-wal", "-shm", ""};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (snprintf(name, sizeof name, "%s%s", path, ends[i]) < (int)sizeof name)
            unlink(name);
}

/* Fills the empty file and leaves it complete: WAL mode set, no journal beside it. */
static la_result fill(const char *path)
{
    sqlite3 *db = NULL;
    char set_id[64];
    snprintf(set_id, sizeof set_id, "PRAGMA application_id = %d", LA_STORE_APPLICATION_ID);
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    la_result r = rc == SQLITE_OK ? la_ok() : la_sql_fail(db, path, rc);
    if (la_is_ok(r))
        r = pragma(db, path, set_id);
    if (la_is_ok(r))
        r = set_up(db, path);
    if (la_is_ok(r))
        r = la_store_migrate(db, path, la_schema_steps, la_schema_version);
    if (la_is_ok(r) && (rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL)) != SQLITE_OK)
        r = la_sql_fail(db, path, rc);
    sqlite3_close_v2(db);
    return r;
}

static la_result sync_folder(const char *path)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(errno, path, "cannot open its folder");
    la_result r = fsync(fd) == 0 ? la_ok() : fail_errno(errno, path, "cannot write its folder");
    close(fd);
    return r;
}

/* A write-ahead log without its database holds acknowledged changes of a database that was moved away; SQLite
 * would take it for the log of the new one. */
static la_result refuse_stray_log(const char *path)
{
    char wal[PATH_MAX];
    struct stat st;
    snprintf(wal, sizeof wal, "%s-wal", path);
    if (stat(wal, &st) == 0 && st.st_size > 0)
        return la_fail(LA_CONFLICT, "%s is there without its database; put %s back, or remove the -wal file", wal,
                       path);
    return la_ok();
}

static la_result create(const char *path)
{
    char temporary[PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s.new-%ld", path, (long)getpid()) >= (int)sizeof temporary - 16)
        return la_fail(LA_INVALID, "%s: the path is too long", path);
    LA_TRY(refuse_stray_log(path));
    remove_files(temporary);
    int fd = open(temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_errno(errno, path, "cannot create the database");
    close(fd);
    la_result r = fill(temporary);
    /* EEXIST: another process has just created it, complete as well. */
    if (la_is_ok(r) && link(temporary, path) != 0 && errno != EEXIST)
        r = fail_errno(errno, path, "cannot create the database");
    remove_files(temporary);
    if (la_is_ok(r))
        r = sync_folder(path);
    return r;
}

/* ---- looking before touching ---- */

static uint32_t read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static la_result fail_newer(const char *path, unsigned version)
{
    return la_fail(LA_NEWER,
                   "%s: the database has schema version %u, this program knows %u; use the newer leanauth "
                   "(the file was left untouched)",
                   path, version, la_schema_version);
}

/* Reads the header as it stands in the file. Takes no lock, rolls nothing back and makes no file. */
static la_result look_at_header(sqlite3 *db, const char *path)
{
    sqlite3_file *file = NULL;
    uint8_t header[HEADER_BYTES];
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc == SQLITE_OK && file && file->pMethods)
        rc = file->pMethods->xRead(file, header, sizeof header, 0);
    if (rc == SQLITE_IOERR_SHORT_READ)
        return la_fail(LA_CORRUPT, "%s: the file is %s; check the path, or restore it from a backup", path,
                       "empty or cut off, not a leanauth database");
    if (rc != SQLITE_OK)
        return la_sql_fail(db, path, rc);
    if (memcmp(header, HEADER_MAGIC, sizeof HEADER_MAGIC) != 0)
        return la_sql_fail(db, path, SQLITE_NOTADB);
    if (read_u32(header + HEADER_APPLICATION_ID) != LA_STORE_APPLICATION_ID)
        return la_fail(LA_CORRUPT,
                       "%s: this is the database of another program, not a leanauth database; check the path", path);
    unsigned version = read_u32(header + HEADER_USER_VERSION);
    if (version > la_schema_version)
        return fail_newer(path, version);
    return la_ok();
}

/* The version as the write-ahead log has it. */
static la_result look_at_version(sqlite3 *db, const char *path)
{
    unsigned version;
    LA_TRY(la_store_read_version(db, path, &version));
    if (version > la_schema_version)
        return fail_newer(path, version);
    if (version == 0)
        return la_fail(LA_CORRUPT, "%s: the database is damaged (it has no version); restore it from a backup", path);
    return la_ok();
}

/* ---- damage ---- */

/* The check says in words alone that it had no memory for a page. */
static bool lacked_memory(const char *message)
{
    const char *code = strstr(message, "error code=7");
    return code && (code[12] == '\0' || code[12] == '\n');
}

static la_result quick_check(la_store *s)
{
    la_sql q;
    bool row;
    char message[201];
    LA_TRY(la_sql_begin(s, "PRAGMA quick_check(1)", &q));
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return la_ok();
    snprintf(message, sizeof message, "%.*s", LA_FMT(la_sql_get_slice(&q, 0)));
    la_sql_done(&q);
    if (strcmp(message, "ok") == 0)
        return la_ok();
    if (lacked_memory(message))
        return la_fail(LA_NO_MEMORY, "%s: memory is exhausted", s->path);
    for (char *p = message; *p; p++)
        if (*p == '\n')
            *p = ' ';
    return la_fail(LA_CORRUPT, "%s: the database is damaged (%s); restore it from a backup", s->path, message);
}

static la_result read_id(la_store *s)
{
    la_sql q;
    bool row;
    LA_TRY(la_sql_begin(s, "SELECT value FROM meta WHERE name = 'store'", &q));
    LA_TRY(la_sql_step(&q, &row));
    la_slice id = row ? la_sql_get_slice(&q, 0) : LA_NO_SLICE;
    bool whole = id.n == sizeof s->id;
    if (whole)
        memcpy(s->id, id.p, id.n);
    if (row)
        la_sql_done(&q);
    return whole
               ? la_ok()
               : la_fail(LA_CORRUPT, "%s: the database is damaged (it has no name); restore it from a backup", s->path);
}

/* Small tables whole, large ones at their ends: finds a schema that is not ours and a file that was cut off. */
static la_result check(la_store *s, int64_t bytes)
{
    static const char *const probes[] = {
        "SELECT count(*) FROM (SELECT name, value FROM meta)",
        "SELECT count(*) FROM (SELECT environment_id, name FROM environment)",
        "SELECT count(*), sum(length(wrapped_private)) FROM signing_key",
        "SELECT length(name) FROM application WHERE application_id = (SELECT max(application_id) FROM application)",
        "SELECT client_id FROM application ORDER BY client_id DESC LIMIT 1",
        "SELECT number FROM secret ORDER BY application_id DESC, number DESC LIMIT 1",
        "SELECT customer_id FROM customer ORDER BY environment_id DESC, customer_id DESC LIMIT 1",
        "SELECT customer_id FROM customer ORDER BY application_id DESC, customer_id DESC LIMIT 1",
        "SELECT kind FROM change WHERE sequence = (SELECT max(sequence) FROM change)",
        "SELECT version FROM application ORDER BY environment_id DESC, application_id DESC LIMIT 1",
        "SELECT count(*), sum(length(password_hash)) FROM operator",
        "SELECT count(*) FROM (SELECT operator_id, name FROM operator_environment)",
        "SELECT count(*) FROM (SELECT operator_id, digest FROM recovery_code)",
        "SELECT user_agent FROM operator_session WHERE session_id = (SELECT max(session_id) FROM operator_session)",
        "SELECT length(answer) FROM idempotent ORDER BY at_s DESC LIMIT 1",
        "SELECT hash FROM audit_event WHERE sequence = (SELECT max(sequence) FROM audit_event)",
        "SELECT count(*) FROM (SELECT sequence, hash, mac FROM audit_head)",
        "SELECT count FROM usage_total ORDER BY step DESC, at_s DESC LIMIT 1",
        "SELECT count FROM usage_application ORDER BY step DESC, at_s DESC LIMIT 1",
        "SELECT count FROM usage_latency ORDER BY step DESC, at_s DESC LIMIT 1",
    };
    LA_TRY(read_id(s));
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        int rc = sqlite3_exec(s->db, probes[i], NULL, NULL, NULL);
        if (rc == SQLITE_ERROR)
            return la_fail(LA_CORRUPT, "%s: the schema is damaged (%s); restore it from a backup", s->path,
                           sqlite3_errmsg(s->db));
        if (rc != SQLITE_OK)
            return la_sql_fail(s->db, s->path, rc);
    }
    return bytes < QUICK_CHECK_MAX_BYTES ? quick_check(s) : la_ok();
}

/* ---- opening and closing ---- */

static la_result find(const char *path, la_store_mode mode)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return S_ISREG(st.st_mode) ? la_ok() : la_fail(LA_IO, "%s: this is not a regular file", path);
    if (errno != ENOENT)
        return fail_errno(errno, path, "cannot open the database");
    if (mode == LA_STORE_CREATE)
        return create(path);
    return la_fail(LA_NOT_FOUND, "%s: there is no database; create one with: leanauth init", path);
}

static la_result remember_file(la_store *s, const char *path, int64_t *ret_bytes)
{
    struct stat st;
    /* What SQLite has opened, as an absolute path, so that a later chdir changes nothing. */
    const char *absolute = sqlite3_db_filename(s->db, "main");
    char *copy = strdup(absolute && *absolute ? absolute : path);
    if (!copy)
        return la_fail(LA_NO_MEMORY, "%s: memory is exhausted", path);
    free(s->path);
    s->path = copy;
    if (stat(s->path, &st) != 0)
        return fail_errno(errno, path, "cannot open the database");
    s->files[LA_FILE_DATABASE] = (la_file_id){st.st_dev, st.st_ino};
    *ret_bytes = st.st_size;
    return la_ok();
}

static la_result open_file(la_store *s, const char *path, la_store_mode mode)
{
    int64_t bytes = 0;
    LA_TRY(find(path, mode));
    LA_TRY(la_handles_check(path));
    int rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc != SQLITE_OK)
        return la_sql_fail(s->db, path, rc);
    LA_TRY(remember_file(s, path, &bytes));
    /* Until the version is known to be ours, not even closing may write to the file. */
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
    LA_TRY(look_at_header(s->db, s->path));
    LA_TRY(look_at_version(s->db, s->path));
    LA_TRY(la_handles_add(s));
    LA_TRY(set_up(s->db, s->path));
    LA_TRY(la_store_migrate(s->db, s->path, la_schema_steps, la_schema_version));
    la_handles_remember(s); /* a copy by VACUUM INTO has its log only now */
    LA_TRY(pragma(s->db, s->path, "PRAGMA foreign_keys = ON"));
    LA_TRY(check(s, bytes));
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return la_ok();
}

la_result la_store_open(const char *path, la_store_mode mode, la_store **ret)
{
    la_store *s = calloc(1, sizeof *s);
    if (!s)
        return la_fail(LA_NO_MEMORY, "%s: memory is exhausted", path);
    la_result r = open_file(s, path, mode);
    if (la_is_ok(r))
        *ret = s;
    else
        la_store_close(s);
    return r;
}

la_store *la_store_close(la_store *s)
{
    if (!s)
        return NULL;
    la_store_import_abort(s);
    la_store_rollback(s);
    for (unsigned i = 0; i < s->n_statements; i++)
        sqlite3_finalize(s->statements[i].st);
    /* The last one to close moves what the write-ahead log has into the database, and removes the log by its name. Where others have been
     * put in the place of either, that is neither our database nor our log. */
    if (s->path && la_files_are_foreign(s))
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close_v2(s->db);
    la_handles_remove(s);
    free(s->path);
    free(s);
    return NULL;
}

la_result la_store_change_mark(la_store *s, uint64_t *ret)
{
    la_sql q;
    int64_t mark = 0;
    LA_TRY(la_sql_begin(s, "PRAGMA data_version", &q));
    LA_TRY(la_sql_run_int(&q, &mark));
    *ret = (uint64_t)mark;
    return la_ok();
}
