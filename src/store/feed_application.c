/* An application for the feed: put together from its rows, with those of its secrets and certificates that its record has place for. */
#include "store/feed_reader.h"
#include "store/registration.h"

#include <string.h>

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
static la_result gather_certificates(la_feed_reader *f, gathered *g)
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

static la_result give_application(la_feed_reader *f, gathered *g, la_sql *q, bool row)
{
    bool next = !row || !g->any || g->item.application.application_id != (uint64_t)la_sql_get_int(q, A_ID);
    if (next && g->any && f->any_certificates)
        LA_TRY(gather_certificates(f, g));
    if (next && g->any)
        LA_TRY(la_feed_give(f, &g->item));
    if (next && row)
        LA_TRY(gather_application(g, q));
    return row ? gather_secret(g, q) : la_ok();
}

la_result la_feed_find_certificates(la_feed_reader *f)
{
    la_sql q;
    int64_t any;
    LA_TRY(la_sql_begin(f->store, "SELECT EXISTS (SELECT 1 FROM certificate WHERE revoked_at_s = 0)", &q));
    LA_TRY(la_sql_run_int(&q, &any));
    f->any_certificates = any != 0;
    return la_ok();
}

la_result la_feed_give_applications(la_feed_reader *f, la_sql *q)
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
