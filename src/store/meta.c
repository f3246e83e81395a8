/* Environments' ids and the wrapped pepper. */
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

/* ---- the pepper ---- */

static la_result put_pepper(la_store *s, la_slice wrapped)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "INSERT INTO meta (name, value) VALUES ('pepper', ?)", &q));
    la_sql_blob(&q, wrapped);
    la_result r = la_sql_run(&q);
    if (r.code == LA_EXISTS)
        return la_fail(LA_EXISTS, "the store has a pepper already");
    LA_TRY(r);
    return la_feed_add(s, LA_CHANGE_PEPPER, 0, LA_NO_SLICE);
}

la_result la_store_put_pepper(la_store *s, la_slice wrapped)
{
    if (!wrapped.p || wrapped.n == 0)
        return la_fail(LA_INVALID, "the wrapped pepper is empty");
    LA_TRY(la_write_begin(s));
    return la_write_end(s, put_pepper(s, wrapped));
}

static la_result get_pepper(la_store *s, uint8_t *ret, size_t max, size_t *ret_n)
{
    la_sql q;
    bool row;
    LA_TRY(la_sql_begin(s, "SELECT value FROM meta WHERE name = 'pepper'", &q));
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return la_fail(LA_NOT_FOUND, "the store has no pepper yet");
    la_slice wrapped = la_sql_get_slice(&q, 0);
    bool fits = wrapped.n <= max;
    if (fits) {
        memcpy(ret, wrapped.p, wrapped.n);
        *ret_n = wrapped.n;
    }
    la_sql_done(&q);
    return fits ? la_ok() : la_fail(LA_TOO_LARGE, "the wrapped pepper is longer than %zu bytes", max);
}

la_result la_store_get_pepper(la_store *s, uint8_t *ret, size_t max, size_t *ret_n)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, get_pepper(s, ret, max, ret_n));
}
