/* Environments' ids, and values that are there once: the wrapped pepper, the key of the audit log. */
#include "store/sqlite_internal.h"

#include <string.h>

/* ---- environments ---- */

static la_result find_environment(la_store *s, la_slice name, uint16_t *ret_id)
{
    la_sql q;
    bool row;
    LA_TRY(la_sql_begin(s, "SELECT environment_id FROM environment WHERE name = ?", &q));
    la_sql_text(&q, name);
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return la_fail(LA_NOT_FOUND, "the store has no environment '%.*s'", LA_FMT(name));
    *ret_id = (uint16_t)la_sql_get_int(&q, 0);
    la_sql_done(&q);
    return la_ok();
}

la_result la_store_find_environment(la_store *s, la_slice name, uint16_t *ret_id)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, find_environment(s, name, ret_id));
}

static la_result ensure_environment(la_store *s, la_slice name, uint16_t *ret_id)
{
    la_sql q;
    la_result r = find_environment(s, name, ret_id); /* once more, under the lock */
    if (r.code != LA_NOT_FOUND)
        return r;
    LA_TRY(la_sql_begin(s, "INSERT INTO environment (name) VALUES (?)", &q));
    la_sql_text(&q, name);
    LA_TRY(la_sql_run(&q));
    *ret_id = (uint16_t)sqlite3_last_insert_rowid(s->db);
    return la_feed_add(s, LA_CHANGE_ENVIRONMENT, *ret_id, name);
}

la_result la_store_ensure_environment(la_store *s, la_slice name, uint16_t *ret_id)
{
    uint16_t id = 0;
    LA_TRY(la_store_check_text("the environment's name", name, LA_ENVIRONMENT_NAME_MAX));
    la_result r = la_store_find_environment(s, name, &id);
    if (r.code == LA_NOT_FOUND) {
        LA_TRY(la_write_begin(s));
        r = la_write_end(s, ensure_environment(s, name, &id));
    }
    if (la_is_ok(r))
        *ret_id = id;
    return r;
}

/* ---- values under a name ---- */

la_result la_meta_put(la_store *s, const char *name, const char *what, la_slice value)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "INSERT INTO meta (name, value) VALUES (?, ?)", &q));
    la_sql_text(&q, la_slice_of(name));
    la_sql_blob(&q, value);
    la_result r = la_sql_run(&q);
    return r.code == LA_EXISTS ? la_fail(LA_EXISTS, "the store has %s already", what) : r;
}

la_result la_meta_get(la_store *s, const char *name, const char *what, uint8_t *ret, size_t max, size_t *ret_n)
{
    la_sql q;
    bool row;
    LA_TRY(la_sql_begin(s, "SELECT value FROM meta WHERE name = ?", &q));
    la_sql_text(&q, la_slice_of(name));
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return la_fail(LA_NOT_FOUND, "the store has no %s yet", what);
    la_slice value = la_sql_get_slice(&q, 0);
    bool fits = value.n <= max;
    if (fits) {
        memcpy(ret, value.p, value.n);
        *ret_n = value.n;
    }
    la_sql_done(&q);
    return fits ? la_ok() : la_fail(LA_TOO_LARGE, "the wrapped %s is longer than %zu bytes", what, max);
}

/* ---- the pepper ---- */

static la_result put_pepper(la_store *s, la_slice wrapped)
{
    LA_TRY(la_meta_put(s, "pepper", "a pepper", wrapped));
    return la_feed_add(s, LA_CHANGE_PEPPER, 0, LA_NO_SLICE);
}

la_result la_store_put_pepper(la_store *s, la_slice wrapped)
{
    if (!wrapped.p || wrapped.n == 0)
        return la_fail(LA_INVALID, "the wrapped pepper is empty");
    LA_TRY(la_write_begin(s));
    return la_write_end(s, put_pepper(s, wrapped));
}

la_result la_store_get_pepper(la_store *s, uint8_t *ret, size_t max, size_t *ret_n)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, la_meta_get(s, "pepper", "pepper", ret, max, ret_n));
}
