/*
 * The schema's versions. PRAGMA user_version holds the database's; each file of schema/ leads one forward.
 * All steps run in one transaction, so a database between two versions cannot exist.
 */
#include "base/log.h"
#include "store/sqlite_internal.h"

#include <stdio.h>

static la_result run(sqlite3 *db, const char *path, const char *sql)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? la_ok() : la_sql_fail(db, path, rc);
}

la_result la_store_read_version(sqlite3 *db, const char *path, unsigned *ret)
{
    sqlite3_stmt *st;
    int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc != SQLITE_ROW) {
        la_result r = la_sql_fail(db, path, rc);
        sqlite3_finalize(st);
        return r;
    }
    int version = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    if (version < 0)
        return la_fail(LA_CORRUPT, "%s: the database is damaged (version %d); restore it from a backup", path, version);
    *ret = (unsigned)version;
    return la_ok();
}

static la_result run_steps(sqlite3 *db, const char *path, const char *const *steps, unsigned n, unsigned *ret_from)
{
    unsigned from;
    LA_TRY(la_store_read_version(db, path, &from)); /* under the lock: another process may have been faster */
    *ret_from = from;
    for (unsigned version = from; version < n; version++) {
        char set_version[64];
        snprintf(set_version, sizeof set_version, "PRAGMA user_version = %u", version + 1);
        la_result r = run(db, path, steps[version]);
        if (la_is_ok(r))
            r = run(db, path, set_version);
        if (!la_is_ok(r))
            return la_fail_context(r, "cannot bring the database from version %u to %u: ", version, version + 1);
    }
    return run(db, path, "COMMIT");
}

la_result la_store_migrate(sqlite3 *db, const char *path, const char *const *steps, unsigned n)
{
    unsigned from;
    LA_TRY(la_store_read_version(db, path, &from));
    if (from >= n)
        return la_ok();
    /* A step may rebuild a table that others refer to; this has no effect once a transaction is open. */
    LA_TRY(run(db, path, "PRAGMA foreign_keys = OFF"));
    LA_TRY(run(db, path, "BEGIN IMMEDIATE"));
    la_result r = run_steps(db, path, steps, n, &from);
    if (!la_is_ok(r)) {
        if (!sqlite3_get_autocommit(db))
            sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return r;
    }
    for (unsigned version = from; version < n; version++) {
        la_log_begin(LA_LOG_INFO, "store_migrated");
        la_log_text("path", la_slice_of(path));
        la_log_int("from", version);
        la_log_int("to", version + 1);
        la_log_end();
    }
    return la_ok();
}
