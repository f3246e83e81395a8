#include "support.h"

#include <openssl/evp.h>
#include <sqlite3.h>

int set_up_store(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->dir = unit_mkdir();
    snprintf(f->path, sizeof f->path, "%s/leanauth.db", f->dir);
    assert_ok(la_store_open(f->path, LA_STORE_CREATE, &f->store));
    assert_ok(la_store_ensure_environment(f->store, LA_SLICE("production"), &f->production));
    assert_ok(la_store_ensure_environment(f->store, LA_SLICE("sandbox-uae"), &f->sandbox));
    *state = f;
    return 0;
}

int tear_down_store(void **state)
{
    fixture *f = *state;
    la_store_close(f->store);
    unit_rmdir(f->dir);
    free(f);
    return 0;
}

int64_t run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    int64_t value = 0;
    const char *rest = sql;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    while (*rest) {
        if (sqlite3_prepare_v2(db, rest, -1, &st, &rest) != SQLITE_OK)
            fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        int rc = sqlite3_step(st);
        if (rc == SQLITE_ROW)
            value = sqlite3_column_int64(st, 0);
        else if (rc != SQLITE_DONE)
            fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        sqlite3_finalize(st);
    }
    sqlite3_close(db);
    return value;
}

la_new_secret keyed_secret(uint8_t fill)
{
    la_new_secret s = {.kind = LA_SECRET_KEYED, .hint = LA_SLICE("las_live_aB3…x9Zk")};
    memset(s.digest, fill, sizeof s.digest);
    return s;
}

la_new_application new_application(uint16_t environment_id, const char *client_id, const la_new_secret *secret)
{
    return (la_new_application){
        .environment_id = environment_id,
        .client_id = la_slice_of(client_id),
        .name = LA_SLICE("Süßwaren & Söhne"),
        .scopes = LA_SLICE("api customer"),
        .auth_method = LA_AUTH_CLIENT_SECRET,
        .enabled = true,
        .secret = secret,
    };
}

uint64_t add_application(fixture *f, uint16_t environment_id, const char *client_id, const la_new_secret *secret)
{
    la_application_row row;
    la_new_application a = new_application(environment_id, client_id, secret);
    assert_ok(la_store_create_application(f->store, &a, NOW_S));
    assert_ok(la_store_find_application(f->store, environment_id, la_slice_of(client_id), &row));
    return row.application_id;
}

la_result set_enabled(la_store *s, uint64_t application_id, bool enabled)
{
    la_application_change change = {.enabled = &enabled};
    return la_store_update_application(s, application_id, 0, &change, NOW_S);
}

la_result list_from(la_store *s, uint16_t environment_id, uint64_t after_id, unsigned limit, la_application_fn each,
                    void *self)
{
    la_application_filter filter = {.environment_id = environment_id, .after_id = after_id};
    return la_store_list_applications(s, &filter, limit, each, self);
}

void hash_file(const char *path, char ret[65])
{
    unsigned char digest[32], block[65536];
    size_t n;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    while ((n = fread(block, 1, sizeof block, file)) > 0)
        EVP_DigestUpdate(context, block, n);
    EVP_DigestFinal_ex(context, digest, NULL);
    EVP_MD_CTX_free(context);
    fclose(file);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

/* ---- the mirror ---- */

static struct mirror_entry *find(mirror *m, const char *key)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->entries[i].key, key) == 0)
            return &m->entries[i];
    return NULL;
}

static void put(mirror *m, const char *key, const char *value)
{
    struct mirror_entry *e = find(m, key);
    if (!e) {
        m->entries = realloc(m->entries, (m->n + 1) * sizeof *m->entries);
        e = &m->entries[m->n++];
        *e = (struct mirror_entry){strdup(key), NULL};
    }
    free(e->value);
    e->value = strdup(value);
}

static void drop(mirror *m, const char *key)
{
    struct mirror_entry *e = find(m, key);
    if (!e)
        return;
    free(e->key);
    free(e->value);
    *e = m->entries[--m->n];
}

static void put_application(mirror *m, const char *key, const la_application_record *a)
{
    char value[8192];
    int n = snprintf(value, sizeof value, "%llu enabled=%d method=%d scopes=%.*s",
                     (unsigned long long)a->application_id, a->enabled, a->auth_method, LA_FMT(a->scopes));
    for (unsigned i = 0; i < a->n_secrets; i++) {
        const la_secret_record *s = &a->secrets[i];
        n += snprintf(value + n, sizeof value - (size_t)n, " [%llu until %lld kind=%d digest=%02x%02x slow=%.*s]",
                      (unsigned long long)s->secret_id, (long long)s->expires_at_s, s->kind, s->digest[0],
                      s->digest[31], LA_FMT(s->slow_hash));
    }
    put(m, key, value);
}

static void put_key(mirror *m, const char *key, const la_key_record *k)
{
    char value[2048];
    snprintf(value, sizeof value, "%llu %.*s %lld %lld %lld %lld %.*s %.*s", (unsigned long long)k->key_id,
             LA_FMT(k->algorithm), (long long)k->published_at_s, (long long)k->activates_at_s,
             (long long)k->retires_at_s, (long long)k->removed_at_s, LA_FMT(k->public_jwk), LA_FMT(k->wrapped_private));
    put(m, key, value);
}

la_result mirror_apply(void *self, const la_feed_item *item)
{
    mirror *m = self;
    char key[400], value[400];
    m->applied++;
    switch (item->kind) {
    case LA_FEED_PUT_ENVIRONMENT:
        snprintf(key, sizeof key, "environment %u", item->environment.environment_id);
        snprintf(value, sizeof value, "%.*s", LA_FMT(item->environment.name));
        put(m, key, value);
        break;
    case LA_FEED_PUT_PEPPER:
        snprintf(value, sizeof value, "%.*s", LA_FMT(item->pepper));
        put(m, "pepper", value);
        break;
    case LA_FEED_PUT_APPLICATION:
    case LA_FEED_DELETE_APPLICATION:
        snprintf(key, sizeof key, "application %u %.*s", item->application.environment_id,
                 LA_FMT(item->application.client_id));
        if (item->kind == LA_FEED_PUT_APPLICATION)
            put_application(m, key, &item->application);
        else
            drop(m, key);
        break;
    case LA_FEED_PUT_REVOCATION:
    case LA_FEED_DELETE_REVOCATION:
        snprintf(key, sizeof key, "revocation %u %d %llu %u %.*s", item->revocation.environment_id,
                 (int)item->revocation.kind, (unsigned long long)item->revocation.application_id,
                 item->revocation.credential_tag,
                 LA_FMT(item->revocation.jti.p ? item->revocation.jti : item->revocation.customer_id));
        snprintf(value, sizeof value, "%lld %lld %zu %u", (long long)item->revocation.before_s,
                 (long long)item->revocation.expires_at_s, item->revocation.list.n, item->revocation.list_index);
        if (item->kind == LA_FEED_PUT_REVOCATION)
            put(m, key, value);
        else
            drop(m, key);
        break;
    case LA_FEED_PUT_AUTHORITY:
        snprintf(key, sizeof key, "authority %u", item->authority.environment_id);
        snprintf(value, sizeof value, "%zu %zu", item->authority.certificate.n, item->authority.crl.n);
        put(m, key, value);
        break;
    case LA_FEED_PUT_CUSTOMER:
    case LA_FEED_DELETE_CUSTOMER:
        snprintf(key, sizeof key, "customer %u %.*s", item->customer.environment_id,
                 LA_FMT(item->customer.customer_id));
        snprintf(value, sizeof value, "%llu", (unsigned long long)item->customer.application_id);
        if (item->kind == LA_FEED_PUT_CUSTOMER)
            put(m, key, value);
        else
            drop(m, key);
        break;
    case LA_FEED_PUT_KEY:
    case LA_FEED_DELETE_KEY:
        snprintf(key, sizeof key, "key %u %.*s", item->key.environment_id, LA_FMT(item->key.kid));
        if (item->kind == LA_FEED_PUT_KEY)
            put_key(m, key, &item->key);
        else
            drop(m, key);
        break;
    }
    return la_ok();
}

void mirror_done(mirror *m)
{
    while (m->n)
        drop(m, m->entries[0].key);
    free(m->entries);
    *m = (mirror){0};
}

const char *mirror_get(mirror *m, const char *key)
{
    struct mirror_entry *e = find(m, key);
    return e ? e->value : NULL;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct mirror_entry *)a)->key, ((const struct mirror_entry *)b)->key);
}

void assert_mirrors_equal(mirror *a, mirror *b)
{
    if (a->n)
        qsort(a->entries, a->n, sizeof *a->entries, by_key);
    if (b->n)
        qsort(b->entries, b->n, sizeof *b->entries, by_key);
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        assert_string_equal(a->entries[i].key, b->entries[i].key);
        assert_string_equal(a->entries[i].value, b->entries[i].value);
    }
    assert_int_equal(a->n, b->n);
}

void assert_mirror_follows(la_store *s, mirror *m, la_feed_position *position, unsigned most)
{
    mirror all = {0};
    la_feed_position newest;
    unsigned items = 1;
    while (items > 0)
        assert_ok(la_store_read_changes(s, position, most, mirror_apply, m, &items));
    assert_ok(la_store_read_all(s, mirror_apply, &all, &newest));
    assert_mirrors_equal(m, &all);
    assert_memory_equal(position, &newest, sizeof newest);
    mirror_done(&all);
}
