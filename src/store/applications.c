/* Applications: creation, look-up, listing and search, change, deletion. */
#include "store/sqlite_internal.h"

#include "base/clock.h"

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
    if (a->registration.p)
        LA_TRY(la_store_check_text("the registration", a->registration, LA_REGISTRATION_MAX));
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
                        " created_at_s, updated_at_s, registration) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)",
                        &q));
    la_sql_int(&q, a->environment_id);
    la_sql_text(&q, a->client_id);
    la_sql_text(&q, a->name);
    la_sql_text(&q, a->scopes);
    la_sql_int(&q, a->auth_method);
    la_sql_int(&q, a->enabled);
    la_sql_int(&q, now_s);
    la_sql_text(&q, a->registration.p ? a->registration : LA_SLICE(""));
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

/* ?1 is the present moment. The subqueries run for the rows that are given out, each along one application's part of `secret`. */
#define SELECT_ROWS                                                                                               \
    "SELECT a.application_id, a.environment_id, e.name, a.client_id, a.name, a.scopes, a.auth_method, a.enabled," \
    " a.created_at_s, a.updated_at_s, a.version,"                                                                 \
    " (SELECT count(*) FROM secret AS s WHERE s.application_id = a.application_id AND s.revoked_at_s = 0"         \
    "  AND (s.expires_at_s = 0 OR s.expires_at_s > ?1)),"                                                         \
    " (SELECT max(s.last_used_at_s) FROM secret AS s WHERE s.application_id = a.application_id), a.registration"  \
    " FROM application AS a CROSS JOIN environment AS e ON e.environment_id = a.environment_id"

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
    ret->updated_at_s = la_sql_get_int(q, 9);
    ret->version = (uint64_t)la_sql_get_int(q, 10);
    ret->live_secrets = (unsigned)la_sql_get_int(q, 11);
    ret->last_used_at_s = la_sql_get_int(q, 12);
    return la_sql_get_text(q, 13, ret->registration, LA_REGISTRATION_MAX);
}

static la_result find_application(la_store *s, uint16_t environment_id, la_slice client_id, la_application_row *ret)
{
    la_sql q;
    bool row;
    la_application_row found;
    LA_TRY(la_sql_begin(s, SELECT_ROWS " WHERE a.client_id = ?2 AND (?3 = 0 OR a.environment_id = ?3) LIMIT 2", &q));
    la_sql_int(&q, la_clock_now_s());
    la_sql_text(&q, client_id);
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

/* ---- listing ---- */

#define PATTERN_BYTES (2 * LA_NAME_MAX + 2)
#define UUID_SEARCH_MIN 8 /* characters: the first group of a UUID */
#define UUID_CHARS 36

/* "50%_x" becomes "%50\%\_x%". */
static la_slice make_pattern(la_slice text, char ret[PATTERN_BYTES])
{
    size_t n = 0;
    ret[n++] = '%';
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '%' || text.p[i] == '_' || text.p[i] == '\\')
            ret[n++] = '\\';
        ret[n++] = text.p[i];
    }
    ret[n++] = '%';
    return (la_slice){ret, n};
}

static bool begins_a_uuid(la_slice text)
{
    if (text.n < UUID_SEARCH_MIN || text.n > UUID_CHARS)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'a' && text.p[i] <= 'f');
        if (dash ? text.p[i] != '-' : !hex)
            return false;
    }
    return true;
}

/* A search that begins a UUID and a client_id is for that client_id. Names need not be looked at then, which takes a walk along
 * all of them. */
static la_result is_for_client_id(la_store *s, const la_application_filter *f, bool *ret)
{
    la_sql q;
    int64_t found = 0;
    char memory[LA_NAME_MAX];
    if (begins_a_uuid(f->search)) {
        LA_TRY(la_sql_begin(s,
                            "SELECT EXISTS (SELECT 1 FROM application WHERE client_id >= ?1 AND client_id < ?2"
                            " AND (?3 = 0 OR environment_id = ?3))",
                            &q));
        la_sql_prefix(&q, f->search, memory);
        la_sql_int(&q, f->environment_id);
        LA_TRY(la_sql_run_int(&q, &found));
    }
    *ret = found != 0;
    return la_ok();
}

#define LIST SELECT_ROWS " WHERE (?4 = 0 OR a.enabled = (?4 > 0))"
#define IN_ENVIRONMENT " AND a.environment_id = ?3"
#define OF_CLIENT_ID " AND a.client_id >= ?5 AND a.client_id < ?6"
#define OF_SEARCH " AND (a.name LIKE ?7 ESCAPE '\\' OR (a.client_id >= ?5 AND a.client_id < ?6))"
#define IN_ORDER " AND a.application_id > ?2 ORDER BY a.application_id LIMIT ?8"

/* One text for each way through the tables: in order along the table, in order along the index of one environment, or along that of
 * client_ids; in the last one a plus keeps SQLite from the other two. */
static const char *list_sql(const la_application_filter *f, bool for_client_id)
{
    if (for_client_id)
        return LIST OF_CLIENT_ID " AND (?3 = 0 OR +a.environment_id = ?3) AND +a.application_id > ?2"
                                 " ORDER BY +a.application_id LIMIT ?8";
    if (f->search.n)
        return f->environment_id ? LIST IN_ENVIRONMENT OF_SEARCH IN_ORDER : LIST OF_SEARCH IN_ORDER;
    return f->environment_id ? LIST IN_ENVIRONMENT IN_ORDER : LIST IN_ORDER;
}

static la_result give_rows(la_sql *q, la_application_fn each, void *self)
{
    la_application_row a;
    la_result r = la_ok();
    while (la_sql_next(q, &r)) {
        r = read_row(q, &a);
        if (la_is_ok(r))
            r = each(self, &a);
    }
    return r;
}

static la_result list_applications(la_store *s, const la_application_filter *f, unsigned limit, la_application_fn each,
                                   void *self)
{
    la_sql q;
    bool for_client_id;
    char prefix_end[LA_NAME_MAX], pattern[PATTERN_BYTES];
    LA_TRY(is_for_client_id(s, f, &for_client_id));
    LA_TRY(la_sql_begin(s, list_sql(f, for_client_id), &q));
    la_sql_int(&q, la_clock_now_s());
    la_sql_id(&q, f->after_id);
    la_sql_int(&q, f->environment_id);
    la_sql_int(&q, f->enabled);
    la_sql_prefix(&q, f->search, prefix_end);
    la_sql_text(&q, make_pattern(f->search, pattern));
    la_sql_int(&q, limit);
    return give_rows(&q, each, self);
}

la_result la_store_list_applications(la_store *s, const la_application_filter *filter, unsigned limit,
                                     la_application_fn each, void *self)
{
    if (filter->search.n)
        LA_TRY(la_store_check_text("the search", filter->search, LA_NAME_MAX));
    LA_TRY(la_read_begin(s));
    return la_read_end(s, list_applications(s, filter, limit, each, self));
}

static la_result count_applications(la_store *s, uint16_t environment_id, uint64_t *ret)
{
    la_sql q;
    int64_t n = 0;
    if (environment_id) {
        LA_TRY(la_sql_begin(s, "SELECT count(*) FROM application WHERE environment_id = ?", &q));
        la_sql_int(&q, environment_id);
    } else {
        LA_TRY(la_sql_begin(s, "SELECT count(*) FROM application", &q));
    }
    LA_TRY(la_sql_run_int(&q, &n));
    *ret = (uint64_t)n;
    return la_ok();
}

la_result la_store_count_applications(la_store *s, uint16_t environment_id, uint64_t *ret)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, count_applications(s, environment_id, ret));
}

/* ---- change ---- */

static la_result check_change(const la_application_change *change)
{
    if (change->name.p)
        LA_TRY(la_store_check_text("the name", change->name, LA_NAME_MAX));
    if (change->scopes.p)
        LA_TRY(la_store_check_text("the scope list", change->scopes, LA_SCOPES_MAX));
    if (change->auth_method && (unsigned)*change->auth_method >= LA_AUTH_METHOD_COUNT)
        return la_fail(LA_INVALID, "the authentication method is unknown");
    if (change->registration.p)
        LA_TRY(la_store_check_text("the registration", change->registration, LA_REGISTRATION_MAX));
    return la_ok();
}

/* Only client_secret_jwt needs the secret itself; the digests stay. */
static la_result drop_wrapped(la_store *s, uint64_t application_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "UPDATE secret SET wrapped = NULL WHERE application_id = ? AND wrapped IS NOT NULL", &q));
    la_sql_id(&q, application_id);
    return la_sql_run(&q);
}

static la_result update_application(la_store *s, uint64_t application_id, uint64_t expected_version,
                                    const la_application_change *change, int64_t now_s)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "UPDATE application SET name = coalesce(?1, name), scopes = coalesce(?2, scopes),"
                        " auth_method = coalesce(?3, auth_method), enabled = coalesce(?4, enabled),"
                        " registration = coalesce(?5, registration), updated_at_s = ?6, version = version + 1"
                        " WHERE application_id = ?7 AND (?8 = 0 OR version = ?8)",
                        &q));
    la_sql_text(&q, change->name);
    la_sql_text(&q, change->scopes);
    if (change->auth_method)
        la_sql_int(&q, *change->auth_method);
    else
        la_sql_null(&q);
    if (change->enabled)
        la_sql_int(&q, *change->enabled);
    else
        la_sql_null(&q);
    la_sql_text(&q, change->registration);
    la_sql_int(&q, now_s);
    la_sql_id(&q, application_id);
    la_sql_id(&q, expected_version);
    LA_TRY(la_sql_run(&q));
    bool changed = sqlite3_changes64(s->db) > 0;
    LA_TRY(la_feed_add_application(s, application_id)); /* NOT_FOUND */
    if (!changed)
        return la_fail(LA_STALE, "somebody else has changed the application in the meantime");
    bool drops = change->auth_method && *change->auth_method != LA_AUTH_CLIENT_SECRET_JWT;
    return drops ? drop_wrapped(s, application_id) : la_ok();
}

la_result la_store_update_application(la_store *s, uint64_t application_id, uint64_t expected_version,
                                      const la_application_change *change, int64_t now_s)
{
    LA_TRY(check_change(change));
    LA_TRY(la_write_begin(s));
    return la_write_end(s, update_application(s, application_id, expected_version, change, now_s));
}

static la_result delete_application(la_store *s, uint64_t application_id)
{
    la_sql q;
    LA_TRY(la_certificates_list_revoked(s, application_id, 0, la_clock_now_s()));
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
