/* Applications: creation, look-up, listing, enabling, deletion. */
#include "store/sqlite_internal.h"

/* ---- creation ---- */

static la_result check_application(const la_new_application *a)
{
    LA_TRY(la_store_check_text("the client_id", a->client_id, LA_CLIENT_ID_MAX));
    LA_TRY(la_store_check_text("the name", a->name, LA_NAME_MAX));
    LA_TRY(la_store_check_text("the scope list", a->scopes, LA_SCOPES_MAX));
    if (a->client_id.n == 0)
        return la_fail(LA_INVALID, "the client_id is empty");
    if ((unsigned)a->auth_method >= LA_AUTH_METHOD_COUNT)
        return la_fail(LA_INVALID, "the authentication method is unknown");
    return a->secret ? la_secret_check(a->secret) : la_ok();
}

static la_result explain_insert(la_result r, const la_new_application *a)
{
    if (r.code == LA_EXISTS)
        return la_fail(LA_EXISTS, "there is an application with client_id '%.*s' in that environment already",
                       LA_FMT(a->client_id));
    if (r.code == LA_NOT_FOUND)
        return la_fail(LA_NOT_FOUND, "the store has no environment %u", (unsigned)a->environment_id);
    return r;
}

la_result la_application_insert(la_store *s, const la_new_application *a, int64_t now_s, uint64_t *ret_id)
{
    la_sql q;
    LA_TRY(check_application(a));
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO application (environment_id, client_id, name, scopes, auth_method, enabled,"
                        " created_at_s) VALUES (?, ?, ?, ?, ?, ?, ?)",
                        &q));
    la_sql_int(&q, a->environment_id);
    la_sql_text(&q, a->client_id);
    la_sql_text(&q, a->name);
    la_sql_text(&q, a->scopes);
    la_sql_int(&q, a->auth_method);
    la_sql_int(&q, a->enabled);
    la_sql_int(&q, now_s);
    LA_TRY(explain_insert(la_sql_run(&q), a));
    *ret_id = (uint64_t)sqlite3_last_insert_rowid(s->db);
    return a->secret ? la_secret_insert(s, *ret_id, 1, a->secret, now_s) : la_ok();
}

static la_result create_application(la_store *s, const la_new_application *a, int64_t now_s)
{
    uint64_t id;
    LA_TRY(la_application_insert(s, a, now_s, &id));
    return la_feed_add(s, LA_CHANGE_APPLICATION, a->environment_id, a->client_id);
}

la_result la_store_create_application(la_store *s, const la_new_application *a, int64_t now_s)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, create_application(s, a, now_s));
}

/* ---- look-up ---- */

#define SELECT_ROWS                                                                                               \
    "SELECT a.application_id, a.environment_id, e.name, a.client_id, a.name, a.scopes, a.auth_method, a.enabled," \
    " a.created_at_s FROM application AS a JOIN environment AS e ON e.environment_id = a.environment_id"

static la_result read_row(la_sql *q, la_application_row *ret)
{
    ret->application_id = (uint64_t)la_sql_get_int(q, 0);
    ret->environment_id = (uint16_t)la_sql_get_int(q, 1);
    LA_TRY(la_sql_get_text(q, 2, ret->environment, LA_ENVIRONMENT_NAME_MAX));
    LA_TRY(la_sql_get_text(q, 3, ret->client_id, LA_CLIENT_ID_MAX));
    LA_TRY(la_sql_get_text(q, 4, ret->name, LA_NAME_MAX));
    LA_TRY(la_sql_get_text(q, 5, ret->scopes, LA_SCOPES_MAX));
    ret->auth_method = (la_auth_method)la_sql_get_int(q, 6);
    ret->enabled = la_sql_get_int(q, 7) != 0;
    ret->created_at_s = la_sql_get_int(q, 8);
    return la_ok();
}

static la_result find_application(la_store *s, uint16_t environment_id, la_slice client_id, la_application_row *ret)
{
    la_sql q;
    bool row;
    la_application_row found;
    LA_TRY(la_sql_begin(s, SELECT_ROWS " WHERE a.client_id = ? AND (? = 0 OR a.environment_id = ?) LIMIT 2", &q));
    la_sql_text(&q, client_id);
    la_sql_int(&q, environment_id);
    la_sql_int(&q, environment_id);
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return la_fail(LA_NOT_FOUND, "there is no application with client_id '%.*s'", LA_FMT(client_id));
    la_result r = read_row(&q, &found);
    if (la_is_ok(r))
        r = la_sql_step(&q, &row);
    if (la_is_ok(r) && row)
        r = la_fail(LA_CONFLICT, "several environments have client_id '%.*s'; name one", LA_FMT(client_id));
    la_sql_done(&q);
    if (la_is_ok(r))
        *ret = found;
    return r;
}

la_result la_store_find_application(la_store *s, uint16_t environment_id, la_slice client_id, la_application_row *ret)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, find_application(s, environment_id, client_id, ret));
}

static la_result list_applications(la_sql *q, la_application_fn each, void *self)
{
    la_application_row a;
    bool row;
    for (;;) {
        LA_TRY(la_sql_step(q, &row));
        if (!row)
            return la_ok();
        la_result r = read_row(q, &a);
        if (la_is_ok(r))
            r = each(self, &a);
        if (!la_is_ok(r)) {
            la_sql_done(q);
            return r;
        }
    }
}

static la_result begin_list(la_store *s, uint16_t environment_id, uint64_t after_id, unsigned limit, la_sql *ret)
{
    LA_TRY(la_sql_begin(s,
                        SELECT_ROWS " WHERE a.application_id > ? AND (? = 0 OR a.environment_id = ?)"
                                    " ORDER BY a.application_id LIMIT ?",
                        ret));
    la_sql_id(ret, after_id);
    la_sql_int(ret, environment_id);
    la_sql_int(ret, environment_id);
    la_sql_int(ret, limit);
    return la_ok();
}

la_result la_store_list_applications(la_store *s, uint16_t environment_id, uint64_t after_id, unsigned limit,
                                     la_application_fn each, void *self)
{
    la_sql q;
    LA_TRY(la_read_begin(s));
    la_result r = begin_list(s, environment_id, after_id, limit, &q);
    if (la_is_ok(r))
        r = list_applications(&q, each, self);
    return la_read_end(s, r);
}

la_result la_application_environment(la_store *s, uint64_t application_id, uint16_t *ret_environment_id)
{
    la_sql q;
    bool row;
    LA_TRY(la_sql_begin(s, "SELECT environment_id FROM application WHERE application_id = ?", &q));
    la_sql_id(&q, application_id);
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return la_fail(LA_NOT_FOUND, "there is no such application");
    *ret_environment_id = (uint16_t)la_sql_get_int(&q, 0);
    la_sql_done(&q);
    return la_ok();
}

/* ---- change ---- */

static la_result set_enabled(la_store *s, uint64_t application_id, bool enabled)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "UPDATE application SET enabled = ? WHERE application_id = ?", &q));
    la_sql_int(&q, enabled);
    la_sql_id(&q, application_id);
    LA_TRY(la_sql_run(&q));
    return la_feed_add_application(s, application_id);
}

la_result la_store_set_application_enabled(la_store *s, uint64_t application_id, bool enabled)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, set_enabled(s, application_id, enabled));
}

static la_result delete_application(la_store *s, uint64_t application_id)
{
    la_sql q;
    LA_TRY(la_feed_add_application(s, application_id)); /* while its client_id can be looked up */
    LA_TRY(la_feed_add_customers(s, application_id));
    LA_TRY(la_sql_begin(s, "DELETE FROM application WHERE application_id = ?", &q)); /* and what refers to it */
    la_sql_id(&q, application_id);
    return la_sql_run(&q);
}

la_result la_store_delete_application(la_store *s, uint64_t application_id)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, delete_application(s, application_id));
}
