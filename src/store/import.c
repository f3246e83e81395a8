/*
 * Bulk creation of applications: a group from begin to commit or abort, and one change in the feed, the range of the new
 * application_ids (no other writer can be between them).
 */
#include "store/sqlite_internal.h"

/* Client_ids come in random order, so the pages of their index should stay in memory. KiB, as SQLite wants it. */
#define IMPORT_CACHE "PRAGMA cache_size = -131072"
#define NORMAL_CACHE "PRAGMA cache_size = -2000"

/* Only a matter of speed: without the memory it goes on with less. */
static void set_cache(la_store *s, const char *sql)
{
    sqlite3_exec(s->db, sql, NULL, NULL, NULL);
}

/* Ends the group: with `r` where that failed. */
static la_result end(la_store *s, la_result r)
{
    s->importing = false;
    if (la_is_ok(r))
        r = la_store_commit(s);
    else
        la_store_rollback(s);
    set_cache(s, NORMAL_CACHE);
    return r;
}

la_result la_store_import_begin(la_store *s)
{
    LA_TRY(la_store_begin(s));
    set_cache(s, IMPORT_CACHE);
    s->importing = true;
    s->import_failed = false;
    s->import_first_id = 0;
    s->import_last_id = 0;
    return la_ok();
}

la_result la_store_import_add(la_store *s, const la_new_application *a, int64_t now_s)
{
    uint64_t id;
    if (!s->importing || s->import_failed)
        return la_fail(LA_CONFLICT, "no import is under way, or it has failed");
    LA_TRY(la_group_check(s));
    la_result r = la_application_insert(s, a, now_s, &id);
    s->import_failed = !la_is_ok(r); /* what it left behind must not be committed */
    LA_TRY(r);
    if (s->import_first_id == 0)
        s->import_first_id = id;
    s->import_last_id = id;
    return la_ok();
}

la_result la_store_import_commit(la_store *s)
{
    if (!s->importing || s->readers > 0)
        return la_fail(LA_CONFLICT, "no import is under way that could end here");
    if (s->import_failed)
        return end(s, la_fail(LA_CONFLICT, "the import has failed before, so nothing of it was kept"));
    if (s->import_first_id == 0)
        return end(s, la_ok());
    return end(s, la_feed_add_range(s, s->import_first_id, s->import_last_id));
}

void la_store_import_abort(la_store *s)
{
    if (s->importing && s->readers == 0)
        LA_IGNORE(end(s, la_error(LA_CONFLICT)));
}
