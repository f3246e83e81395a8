/*
 * The change feed: both how writers add to it and how a registry reads it.
 *
 * A change names an entity; the reader looks up what is there at the moment of reading and says PUT or DELETE. So a
 * change may show a state later than itself, and a later change shows it again: whoever has read to the end has
 * exactly what is there.
 */
#include "store/registration.h"
#include "store/sqlite_internal.h"

#include <string.h>

#define TRIM_EVERY 1024

/* ---- writing ---- */

static la_result trim(la_store *s)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "DELETE FROM change WHERE sequence <= (SELECT max(sequence) FROM change) - ?", &q));
    la_sql_int(&q, LA_FEED_KEPT);
    return la_sql_run(&q);
}

static la_result added(la_store *s)
{
    return sqlite3_last_insert_rowid(s->db) % TRIM_EVERY == 0 ? trim(s) : la_ok();
}

la_result la_feed_add(la_store *s, la_change_kind kind, uint16_t environment_id, la_slice key)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "INSERT INTO change (tag, kind, environment_id, key) VALUES (random(), ?, ?, ?)", &q));
    la_sql_int(&q, kind);
    la_sql_int(&q, environment_id);
    la_sql_text(&q, key);
    LA_TRY(la_sql_run(&q));
    return added(s);
}

la_result la_feed_add_range(la_store *s, uint64_t first_application_id, uint64_t last_application_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "INSERT INTO change (tag, kind, first_id, last_id) VALUES (random(), ?, ?, ?)", &q));
    la_sql_int(&q, LA_CHANGE_APPLICATIONS);
    la_sql_id(&q, first_application_id);
    la_sql_id(&q, last_application_id);
    LA_TRY(la_sql_run(&q));
    return added(s);
}

la_result la_feed_add_customers(la_store *s, uint64_t application_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO change (tag, kind, environment_id, key)"
                        " SELECT random(), ?, environment_id, customer_id FROM customer WHERE application_id = ?",
                        &q));
    la_sql_int(&q, LA_CHANGE_CUSTOMER);
    la_sql_id(&q, application_id);
    LA_TRY(la_sql_run(&q));
    return sqlite3_changes64(s->db) > 0 ? trim(s) : la_ok();
}

la_result la_feed_add_application(la_store *s, uint64_t application_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO change (tag, kind, environment_id, key)"
                        " SELECT random(), ?, environment_id, client_id FROM application WHERE application_id = ?",
                        &q));
    la_sql_int(&q, LA_CHANGE_APPLICATION);
    la_sql_id(&q, application_id);
    LA_TRY(la_sql_run(&q));
    if (sqlite3_changes64(s->db) == 0)
        return la_fail(LA_NOT_FOUND, "there is no such application");
    return added(s);
}

/* ---- giving out ---- */

typedef struct reader {
    la_store *store;
    la_feed_fn each;
    void *self;
    unsigned items;
    bool any_certificates; /* there are live ones, so that each application must be asked for its own */
} reader;

static la_result give(reader *f, const la_feed_item *item)
{
    f->items++;
    return f->each(f->self, item);
}

/* An application as its rows come by, with copies of what a row holds. */
typedef struct gathered {
    la_feed_item item;
    bool any;
    uint64_t version;
    char client_id[LA_CLIENT_ID_MAX + 1];
    char scopes[LA_SCOPES_MAX + 1];
    char slow_hashes[LA_SECRETS_MAX][LA_SLOW_HASH_MAX + 1];
    char wrapped[LA_SECRETS_MAX][LA_WRAPPED_SECRET_MAX];
    char registration[LA_REGISTRATION_MEMORY];
} gathered;

enum {
    A_ID,
    A_ENVIRONMENT,
    A_CLIENT_ID,
    A_ENABLED,
    A_METHOD,
    A_SCOPES,
    A_REGISTRATION,
    A_VERSION,
    A_CREATED,
    S_NUMBER,
    S_EXPIRES,
    S_DIGEST,
    S_SLOW_HASH,
    S_WRAPPED
};
#define SELECT_APPLICATIONS                                                                                  \
    "SELECT a.application_id, a.environment_id, a.client_id, a.enabled, a.auth_method, a.scopes,"            \
    " a.registration, a.version, a.created_at_s, s.number, s.expires_at_s, s.digest, s.slow_hash, s.wrapped" \
    " FROM application AS a LEFT JOIN secret AS s ON s.application_id = a.application_id AND s.revoked_at_s = 0"

static la_result gather_application(gathered *g, la_sql *q)
{
    la_application_record *a = &g->item.application;
    int64_t method = la_sql_get_int(q, A_METHOD);
    if (method < 0 || method >= LA_AUTH_METHOD_COUNT)
        return la_fail(LA_CORRUPT, "%s: the database is damaged (authentication method %lld); restore it from a backup",
                       q->store->path, (long long)method);
    g->item.kind = LA_FEED_PUT_APPLICATION;
    g->any = true;
    LA_TRY(la_sql_get_text(q, A_CLIENT_ID, g->client_id, LA_CLIENT_ID_MAX));
    LA_TRY(la_sql_get_text(q, A_SCOPES, g->scopes, LA_SCOPES_MAX));
    a->application_id = (uint64_t)la_sql_get_int(q, A_ID);
    a->environment_id = (uint16_t)la_sql_get_int(q, A_ENVIRONMENT);
    a->client_id = la_slice_of(g->client_id);
    a->enabled = la_sql_get_int(q, A_ENABLED) != 0;
    a->auth_method = (la_auth_method)method;
    a->created_at_s = la_sql_get_int(q, A_CREATED);
    a->scopes = la_slice_of(g->scopes);
    a->n_secrets = 0;
    a->n_certificates = 0;
    la_slice registration = la_sql_get_slice(q, A_REGISTRATION);
    g->version = (uint64_t)la_sql_get_int(q, A_VERSION);
    a->version = registration.n ? g->version : 0;
    la_result r = la_registration_read(registration, g->registration, &a->registration);
    if (r.code == LA_CORRUPT)
        return la_fail(LA_CORRUPT, "%s: the database is damaged (registration of %s); restore it from a backup",
                       q->store->path, g->client_id);
    return r;
}

static int64_t lives_until(const la_secret_record *r)
{
    return r->expires_at_s ? r->expires_at_s : INT64_MAX;
}

/* Where the next secret goes. Of more than a record holds, those that live longest are kept: the others have
 * expired, since no more than LA_SECRETS_MAX may live at a time. So no clock is needed here. */
static unsigned place_for(const la_application_record *a, int64_t until)
{
    unsigned first_to_go = 0;
    if (a->n_secrets < LA_SECRETS_MAX)
        return a->n_secrets;
    for (unsigned i = 1; i < a->n_secrets; i++)
        if (lives_until(&a->secrets[i]) < lives_until(&a->secrets[first_to_go]))
            first_to_go = i;
    return lives_until(&a->secrets[first_to_go]) < until ? first_to_go : LA_SECRETS_MAX;
}

static la_result gather_secret(gathered *g, la_sql *q)
{
    la_application_record *a = &g->item.application;
    la_secret_record r = {
        .secret_id = la_secret_id(a->application_id, (uint64_t)la_sql_get_int(q, S_NUMBER)),
        .expires_at_s = la_sql_get_int(q, S_EXPIRES),
    };
    if (sqlite3_column_type(q->st, S_NUMBER) == SQLITE_NULL)
        return la_ok(); /* an application without a secret */
    unsigned place = place_for(a, lives_until(&r));
    if (place == LA_SECRETS_MAX)
        return la_ok();
    la_slice digest = la_sql_get_slice(q, S_DIGEST), wrapped = la_sql_get_slice(q, S_WRAPPED);
    if (digest.n == sizeof r.digest) {
        r.kind = wrapped.p ? LA_SECRET_WRAPPED : LA_SECRET_KEYED;
        memcpy(r.digest, digest.p, digest.n);
    } else {
        r.kind = LA_SECRET_SLOW;
        LA_TRY(la_sql_get_text(q, S_SLOW_HASH, g->slow_hashes[place], LA_SLOW_HASH_MAX));
        r.slow_hash = la_slice_of(g->slow_hashes[place]);
    }
    if (r.kind == LA_SECRET_WRAPPED) {
        size_t n;
        LA_TRY(la_sql_get_blob(q, S_WRAPPED, (uint8_t *)g->wrapped[place], LA_WRAPPED_SECRET_MAX, &n));
        r.wrapped = (la_slice){g->wrapped[place], n};
    }
    a->secrets[place] = r;
    if (place == a->n_secrets)
        a->n_secrets++;
    return la_ok();
}

/* Of more than a record holds, those that expire last: no clock is needed here. */
static la_result gather_certificates(reader *f, gathered *g)
{
    la_sql q;
    la_application_record *a = &g->item.application;
    la_result r = la_ok();
    LA_TRY(la_sql_begin(f->store,
                        "SELECT certificate_id, thumbprint, not_after_s FROM certificate"
                        " WHERE application_id = ? AND revoked_at_s = 0 ORDER BY not_after_s DESC, certificate_id DESC",
                        &q));
    la_sql_id(&q, a->application_id);
    while (a->n_certificates < LA_CERTIFICATES_MAX && la_sql_next(&q, &r)) {
        la_certificate_record *c = &a->certificates[a->n_certificates++];
        c->certificate_id = (uint64_t)la_sql_get_int(&q, 0);
        r = la_sql_get_digest(&q, 1, c->thumbprint);
        c->expires_at_s = la_sql_get_int(&q, 2);
    }
    la_sql_done(&q);
    if (a->n_certificates)
        a->version = g->version;
    return r;
}

static la_result give_application(reader *f, gathered *g, la_sql *q, bool row)
{
    bool next = !row || !g->any || g->item.application.application_id != (uint64_t)la_sql_get_int(q, A_ID);
    if (next && g->any && f->any_certificates)
        LA_TRY(gather_certificates(f, g));
    if (next && g->any)
        LA_TRY(give(f, &g->item));
    if (next && row)
        LA_TRY(gather_application(g, q));
    return row ? gather_secret(g, q) : la_ok();
}

static la_result find_any_certificates(reader *f)
{
    la_sql q;
    int64_t any;
    LA_TRY(la_sql_begin(f->store, "SELECT EXISTS (SELECT 1 FROM certificate WHERE revoked_at_s = 0)", &q));
    LA_TRY(la_sql_run_int(&q, &any));
    f->any_certificates = any != 0;
    return la_ok();
}

/* All of a SELECT_APPLICATIONS, which is in order of application_id. */
static la_result give_applications(reader *f, la_sql *q)
{
    gathered g;
    bool row;
    g.any = false;
    do {
        LA_TRY(la_sql_step(q, &row));
        la_result r = give_application(f, &g, q, row);
        if (!la_is_ok(r)) {
            la_sql_done(q);
            return r;
        }
    } while (row);
    return la_ok();
}

/* Steps through a statement each of whose rows is one item. */
static la_result give_rows(reader *f, la_sql *q, void (*read)(la_sql *q, la_feed_item *ret))
{
    la_result r = la_ok();
    while (la_sql_next(q, &r)) {
        la_feed_item item = {0};
        read(q, &item);
        r = give(f, &item);
    }
    return r;
}

static void read_environment(la_sql *q, la_feed_item *ret)
{
    ret->kind = LA_FEED_PUT_ENVIRONMENT;
    ret->environment.environment_id = (uint16_t)la_sql_get_int(q, 0);
    ret->environment.name = la_sql_get_slice(q, 1);
}

static void read_pepper(la_sql *q, la_feed_item *ret)
{
    ret->kind = LA_FEED_PUT_PEPPER;
    ret->pepper = la_sql_get_slice(q, 0);
}

static void read_customer(la_sql *q, la_feed_item *ret)
{
    ret->kind = LA_FEED_PUT_CUSTOMER;
    ret->customer.environment_id = (uint16_t)la_sql_get_int(q, 0);
    ret->customer.customer_id = la_sql_get_slice(q, 1);
    ret->customer.application_id = (uint64_t)la_sql_get_int(q, 2);
}

static void read_key(la_sql *q, la_feed_item *ret)
{
    ret->kind = LA_FEED_PUT_KEY;
    la_sql_get_key(q, &ret->key);
}

static void read_revocation(la_sql *q, la_feed_item *ret)
{
    ret->kind = LA_FEED_PUT_REVOCATION;
    la_sql_get_revocation(q, &ret->revocation);
}

static void read_authority(la_sql *q, la_feed_item *ret)
{
    ret->kind = LA_FEED_PUT_AUTHORITY;
    ret->authority.environment_id = (uint16_t)la_sql_get_int(q, 0);
    ret->authority.certificate = la_sql_get_slice(q, 1);
    ret->authority.crl = la_sql_get_slice(q, 2);
}

/* ---- changes ---- */

static la_result give_authority(reader *f, uint16_t environment_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(
        f->store, "SELECT environment_id, certificate, crl FROM authority WHERE ?1 = 0 OR environment_id = ?1", &q));
    la_sql_int(&q, environment_id);
    return give_rows(f, &q, read_authority);
}

static la_result give_environment(reader *f, uint16_t environment_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(f->store, "SELECT environment_id, name FROM environment WHERE environment_id = ?", &q));
    la_sql_int(&q, environment_id);
    return give_rows(f, &q, read_environment);
}

static la_result give_pepper(reader *f)
{
    la_sql q;
    LA_TRY(la_sql_begin(f->store, "SELECT value FROM meta WHERE name = 'pepper'", &q));
    return give_rows(f, &q, read_pepper);
}

static la_result give_one_application(reader *f, uint16_t environment_id, la_slice client_id)
{
    la_sql q;
    unsigned before = f->items;
    LA_TRY(la_sql_begin(f->store,
                        SELECT_APPLICATIONS " WHERE a.client_id = ? AND a.environment_id = ? ORDER BY s.number", &q));
    la_sql_text(&q, client_id);
    la_sql_int(&q, environment_id);
    LA_TRY(give_applications(f, &q));
    if (f->items > before)
        return la_ok();
    la_feed_item gone = {.kind = LA_FEED_DELETE_APPLICATION};
    gone.application.environment_id = environment_id;
    gone.application.client_id = client_id;
    return give(f, &gone);
}

static la_result give_range(reader *f, int64_t first_id, int64_t last_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(
        f->store, SELECT_APPLICATIONS " WHERE a.application_id BETWEEN ? AND ? ORDER BY a.application_id, s.number",
        &q));
    la_sql_int(&q, first_id);
    la_sql_int(&q, last_id);
    return give_applications(f, &q);
}

static la_result give_customer(reader *f, uint16_t environment_id, la_slice customer_id)
{
    la_sql q;
    unsigned before = f->items;
    LA_TRY(la_sql_begin(f->store,
                        "SELECT environment_id, customer_id, application_id FROM customer"
                        " WHERE environment_id = ? AND customer_id = ?",
                        &q));
    la_sql_int(&q, environment_id);
    la_sql_text(&q, customer_id);
    LA_TRY(give_rows(f, &q, read_customer));
    if (f->items > before)
        return la_ok();
    la_feed_item gone = {.kind = LA_FEED_DELETE_CUSTOMER};
    gone.customer.environment_id = environment_id;
    gone.customer.customer_id = customer_id;
    return give(f, &gone);
}

static la_result give_key(reader *f, uint16_t environment_id, la_slice kid)
{
    la_sql q;
    unsigned before = f->items;
    LA_TRY(la_sql_begin(f->store, LA_SELECT_KEYS " WHERE environment_id = ? AND kid = ?", &q));
    la_sql_int(&q, environment_id);
    la_sql_text(&q, kid);
    LA_TRY(give_rows(f, &q, read_key));
    if (f->items > before)
        return la_ok();
    la_feed_item gone = {.kind = LA_FEED_DELETE_KEY};
    gone.key.environment_id = environment_id;
    gone.key.kid = kid;
    return give(f, &gone);
}

static la_result give_revocation(reader *f, uint16_t environment_id, la_slice key)
{
    la_sql q;
    unsigned before = f->items;
    uint8_t list[LA_STATUS_LIST_ID_BYTES];
    la_feed_item gone = {.kind = LA_FEED_DELETE_REVOCATION};
    LA_TRY(la_revocation_read_key(f->store, environment_id, key, list, &gone.revocation));
    LA_TRY(la_revocation_select(f->store, &gone.revocation, &q));
    LA_TRY(give_rows(f, &q, read_revocation));
    return f->items > before ? la_ok() : give(f, &gone);
}

enum { C_SEQUENCE, C_TAG, C_KIND, C_ENVIRONMENT, C_KEY, C_FIRST_ID, C_LAST_ID };

static la_result give_change(reader *f, la_sql *q)
{
    uint16_t environment_id = (uint16_t)la_sql_get_int(q, C_ENVIRONMENT);
    la_slice key = la_sql_get_slice(q, C_KEY);
    switch (la_sql_get_int(q, C_KIND)) {
    case LA_CHANGE_ENVIRONMENT:
        return give_environment(f, environment_id);
    case LA_CHANGE_PEPPER:
        return give_pepper(f);
    case LA_CHANGE_APPLICATION:
        return give_one_application(f, environment_id, key);
    case LA_CHANGE_APPLICATIONS:
        return give_range(f, la_sql_get_int(q, C_FIRST_ID), la_sql_get_int(q, C_LAST_ID));
    case LA_CHANGE_CUSTOMER:
        return give_customer(f, environment_id, key);
    case LA_CHANGE_KEY:
        return give_key(f, environment_id, key);
    case LA_CHANGE_REVOCATION:
        return give_revocation(f, environment_id, key);
    case LA_CHANGE_AUTHORITY:
        return give_authority(f, environment_id);
    default:
        return la_fail(LA_CORRUPT, "%s: the database is damaged (change of kind %lld); restore it from a backup",
                       f->store->path, (long long)la_sql_get_int(q, C_KIND));
    }
}

/* A position fits where the change that it names is the one that is here. */
static la_result check_position(la_store *s, const la_feed_position *p)
{
    la_sql q;
    int64_t fits;
    if (memcmp(p->store, s->id, sizeof s->id) != 0)
        return la_fail(LA_CONFLICT, "the feed position is of another database");
    if (p->sequence == 0) { /* before the first change, which must still be there */
        LA_TRY(la_sql_begin(s, "SELECT coalesce(min(sequence), 1) = 1 FROM change", &q));
    } else {
        LA_TRY(la_sql_begin(s, "SELECT count(*) FROM change WHERE sequence = ? AND tag = ?", &q));
        la_sql_id(&q, p->sequence);
        la_sql_int(&q, (int64_t)p->tag);
    }
    LA_TRY(la_sql_run_int(&q, &fits));
    return fits ? la_ok() : la_fail(LA_CONFLICT, "the feed position is not of this database's past, or too old");
}

static la_result read_changes(reader *f, la_feed_position *position, unsigned most)
{
    la_sql q;
    bool row;
    LA_TRY(check_position(f->store, position));
    LA_TRY(find_any_certificates(f));
    LA_TRY(la_sql_begin(f->store,
                        "SELECT sequence, tag, kind, environment_id, key, first_id, last_id FROM change"
                        " WHERE sequence > ? ORDER BY sequence",
                        &q));
    la_sql_id(&q, position->sequence);
    do {
        LA_TRY(la_sql_step(&q, &row));
        if (!row)
            return la_ok();
        la_result r = give_change(f, &q);
        if (!la_is_ok(r)) {
            la_sql_done(&q);
            return r;
        }
        position->sequence = (uint64_t)la_sql_get_int(&q, C_SEQUENCE);
        position->tag = (uint64_t)la_sql_get_int(&q, C_TAG);
    } while (f->items < most);
    la_sql_done(&q);
    return la_ok();
}

la_result la_store_read_changes(la_store *s, la_feed_position *position, unsigned most, la_feed_fn each, void *self,
                                unsigned *ret_items)
{
    reader f = {.store = s, .each = each, .self = self};
    la_feed_position p = *position;
    if (s->writing)
        return la_fail(LA_CONFLICT, "the store is in the middle of a group or an import");
    LA_TRY(la_read_begin(s));
    LA_TRY(la_read_end(s, read_changes(&f, &p, most)));
    *position = p;
    *ret_items = f.items;
    return la_ok();
}

/* ---- everything ---- */

static la_result newest_position(la_store *s, la_feed_position *ret)
{
    la_sql q;
    bool row;
    la_feed_position p = {0};
    memcpy(p.store, s->id, sizeof p.store);
    LA_TRY(la_sql_begin(s, "SELECT sequence, tag FROM change ORDER BY sequence DESC LIMIT 1", &q));
    LA_TRY(la_sql_step(&q, &row));
    if (row) {
        p.sequence = (uint64_t)la_sql_get_int(&q, C_SEQUENCE);
        p.tag = (uint64_t)la_sql_get_int(&q, C_TAG);
        la_sql_done(&q);
    }
    *ret = p;
    return la_ok();
}

static la_result read_all(reader *f, la_feed_position *ret)
{
    la_sql q;
    LA_TRY(find_any_certificates(f));
    LA_TRY(la_sql_begin(f->store, "SELECT environment_id, name FROM environment", &q));
    LA_TRY(give_rows(f, &q, read_environment));
    LA_TRY(give_pepper(f));
    LA_TRY(la_sql_begin(f->store, LA_SELECT_KEYS " ORDER BY key_id", &q));
    LA_TRY(give_rows(f, &q, read_key));
    LA_TRY(la_sql_begin(f->store, SELECT_APPLICATIONS " ORDER BY a.application_id, s.number", &q));
    LA_TRY(give_applications(f, &q));
    LA_TRY(la_sql_begin(f->store,
                        "SELECT environment_id, customer_id, application_id FROM customer"
                        " ORDER BY environment_id, customer_id",
                        &q));
    LA_TRY(give_rows(f, &q, read_customer));
    LA_TRY(la_sql_begin(f->store, LA_SELECT_REVOCATIONS " ORDER BY revocation_id", &q));
    LA_TRY(give_rows(f, &q, read_revocation));
    LA_TRY(give_authority(f, 0));
    return newest_position(f->store, ret);
}

la_result la_store_read_all(la_store *s, la_feed_fn each, void *self, la_feed_position *ret)
{
    reader f = {.store = s, .each = each, .self = self};
    la_feed_position p;
    if (s->writing)
        return la_fail(LA_CONFLICT, "the store is in the middle of a group or an import");
    LA_TRY(la_read_begin(s));
    LA_TRY(la_read_end(s, read_all(&f, &p)));
    *ret = p;
    return la_ok();
}
