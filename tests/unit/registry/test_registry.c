#include "unit.h"

#include "registry/registry.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

static const la_feed_position position_1 = {.sequence = 1, .tag = 11, .store = "store one"};

static la_feed_item application(la_slice client_id, bool enabled, uint8_t fill)
{
    la_feed_item item = {.kind = LA_FEED_PUT_APPLICATION};
    item.application = (la_application_record){.application_id = 7,
                                               .environment_id = 2,
                                               .client_id = client_id,
                                               .enabled = enabled,
                                               .auth_method = LA_AUTH_CLIENT_SECRET_POST,
                                               .scopes = LA_SLICE("api customer"),
                                               .n_secrets = 2};
    item.application.secrets[0] = (la_secret_record){.secret_id = 1, .expires_at_s = 99};
    memset(item.application.secrets[0].digest, fill, LA_DIGEST_BYTES);
    item.application.secrets[1] = (la_secret_record){
        .secret_id = 2, .kind = LA_SECRET_SLOW, .slow_hash = LA_SLICE("$2b$10$abc")};
    return item;
}

static void apply(la_registry *r, bool from_scratch, const la_feed_item *items, size_t n, const la_feed_position *p)
{
    la_registry_batch *b;
    assert_ok(la_registry_batch_begin(r, from_scratch, &b));
    for (size_t i = 0; i < n; i++)
        assert_ok(la_registry_batch_apply(b, &items[i]));
    assert_ok(la_registry_batch_commit(b, p));
}

static void note_index(void *self, uint32_t index)
{
    *(uint32_t *)self = index;
}

static void records_come_back_as_they_went_in(void **state)
{
    char *dir = unit_mkdir();
    la_registry *r;
    la_registry_view *v;
    assert_ok(la_registry_open(dir, &r));
    assert_false(la_registry_is_filled(r));
    la_feed_item items[] = {
        application(LA_SLICE("client"), true, 5),
        {.kind = LA_FEED_PUT_ENVIRONMENT, .environment = {3, LA_SLICE("sandbox")}},
        {.kind = LA_FEED_PUT_PEPPER, .pepper = LA_SLICE("wrapped")},
        {.kind = LA_FEED_PUT_CUSTOMER, .customer = {2, LA_SLICE("c1"), 7}},
        {.kind = LA_FEED_PUT_KEY,
         .key = {1, 2, LA_SLICE("ES256"), LA_SLICE("kid"), 10, 20, 30, 40, LA_SLICE("{}"), LA_SLICE("secret")}},
    };
    apply(r, true, items, 5, &position_1);
    assert_true(la_registry_is_filled(r));

    assert_ok(la_registry_view_new(r, &v));
    la_application_record a;
    assert_code(la_registry_find_application(v, 2, LA_SLICE("client"), &a), LA_CONFLICT); /* at rest */
    assert_ok(la_registry_view_refresh(v));
    assert_ok(la_registry_find_application(v, 2, LA_SLICE("client"), &a));
    assert_true(a.enabled);
    assert_int_equal(a.application_id, 7);
    assert_int_equal(a.auth_method, LA_AUTH_CLIENT_SECRET_POST);
    assert_slice(a.scopes, "api customer");
    assert_int_equal(a.n_secrets, 2);
    assert_int_equal(a.secrets[0].expires_at_s, 99);
    assert_int_equal(a.secrets[0].digest[31], 5);
    assert_slice(a.secrets[1].slow_hash, "$2b$10$abc");

    /* Environments are walls, and names match whole. */
    assert_code(la_registry_find_application(v, 1, LA_SLICE("client"), &a), LA_NOT_FOUND);
    assert_code(la_registry_find_application(v, 2, LA_SLICE("clien"), &a), LA_NOT_FOUND);
    assert_code(la_registry_find_application(v, 2, LA_SLICE("client\0"), &a), LA_NOT_FOUND);
    assert_code(la_registry_find_application(v, 2, LA_SLICE(""), &a), LA_NOT_FOUND);
    static char longest[4000];
    memset(longest, 'x', sizeof longest);
    assert_code(la_registry_find_application(v, 2, (la_slice){longest, sizeof longest}, &a), LA_NOT_FOUND);

    uint16_t id;
    uint64_t owner;
    la_slice pepper;
    assert_ok(la_registry_find_environment(v, LA_SLICE("sandbox"), &id));
    assert_int_equal(id, 3);
    assert_ok(la_registry_find_customer(v, 2, LA_SLICE("c1"), &owner));
    assert_int_equal(owner, 7);
    assert_ok(la_registry_find_pepper(v, &pepper));
    assert_slice(pepper, "wrapped");
    assert_int_equal(la_registry_count_applications(v), 1);
    la_registry_view_free(v);
    la_registry_free(r);
    unit_rmdir(dir);
}

static la_result count_key(void *self, const la_key_record *key)
{
    assert_int_equal(key->environment_id, 2);
    ++*(int *)self;
    return la_ok();
}

static la_result refuse_key(void *self, const la_key_record *key)
{
    return la_error(LA_CRYPTO);
}

static void keys_of_one_environment(void **state)
{
    char *dir = unit_mkdir();
    la_registry *r;
    la_registry_view *v;
    assert_ok(la_registry_open(dir, &r));
    la_feed_item items[6];
    for (int i = 0; i < 6; i++)
        items[i] = (la_feed_item){
            .kind = LA_FEED_PUT_KEY,
            .key = {.environment_id = (uint16_t)(1 + i % 3), .kid = i < 3 ? LA_SLICE("kid-a") : LA_SLICE("kid-b")}};
    apply(r, true, items, 6, &position_1);
    assert_ok(la_registry_view_new(r, &v));
    assert_ok(la_registry_view_refresh(v));
    int n = 0;
    assert_ok(la_registry_each_key(v, 2, count_key, &n));
    assert_int_equal(n, 2);
    assert_ok(la_registry_each_key(v, 4, count_key, &n));
    assert_int_equal(n, 2);
    assert_code(la_registry_each_key(v, 2, refuse_key, NULL), LA_CRYPTO);
    la_registry_view_free(v);
    la_registry_free(r);
    unit_rmdir(dir);
}

static void a_view_sees_one_state_until_it_is_refreshed(void **state)
{
    char *dir = unit_mkdir();
    la_registry *r;
    la_registry_view *v;
    la_application_record a;
    assert_ok(la_registry_open(dir, &r));
    la_feed_item item = application(LA_SLICE("client"), true, 1);
    apply(r, true, &item, 1, &position_1);
    assert_ok(la_registry_view_new(r, &v));
    assert_ok(la_registry_view_refresh(v));
    item = application(LA_SLICE("client"), false, 1);
    apply(r, false, &item, 1, &position_1);
    assert_ok(la_registry_find_application(v, 2, LA_SLICE("client"), &a));
    assert_true(a.enabled);
    assert_ok(la_registry_view_refresh(v));
    assert_ok(la_registry_find_application(v, 2, LA_SLICE("client"), &a));
    assert_false(a.enabled);
    item.kind = LA_FEED_DELETE_APPLICATION;
    apply(r, false, &item, 1, &position_1);
    apply(r, false, &item, 1, &position_1); /* twice is no error, and counted once */
    assert_ok(la_registry_view_refresh(v));
    assert_code(la_registry_find_application(v, 2, LA_SLICE("client"), &a), LA_NOT_FOUND);
    assert_int_equal(la_registry_count_applications(v), 0);
    la_registry_view_free(v);
    la_registry_free(r);
    unit_rmdir(dir);
}

/* A CRL is the one record that can be large. */
static void a_large_crl_comes_back_whole(void **state)
{
    char *dir = unit_mkdir();
    la_registry *r;
    la_registry_view *v;
    la_authority_record authority;
    static char crl[1 << 20];
    for (size_t i = 0; i < sizeof crl; i++)
        crl[i] = (char)(i * 7 >> 3);
    assert_ok(la_registry_open(dir, &r));
    la_feed_item item = {.kind = LA_FEED_PUT_AUTHORITY, .authority = {2, LA_SLICE("der"), {crl, sizeof crl}}};
    apply(r, true, &item, 1, &position_1);
    assert_ok(la_registry_view_new(r, &v));
    assert_ok(la_registry_view_refresh(v));
    assert_ok(la_registry_find_authority(v, 2, &authority));
    assert_slice(authority.certificate, "der");
    assert_int_equal(authority.crl.n, sizeof crl);
    assert_memory_equal(authority.crl.p, crl, sizeof crl);
    la_registry_view_rest(v);
    item.authority.crl = LA_SLICE("small again");
    apply(r, false, &item, 1, &position_1);
    assert_ok(la_registry_view_refresh(v));
    assert_ok(la_registry_find_authority(v, 2, &authority));
    assert_slice(authority.crl, "small again");
    la_registry_view_free(v);
    la_registry_free(r);
    unit_rmdir(dir);
}

static void an_aborted_batch_leaves_nothing(void **state)
{
    char *dir = unit_mkdir();
    la_registry *r;
    la_registry_batch *b;
    la_feed_item item = application(LA_SLICE("client"), true, 1);
    assert_ok(la_registry_open(dir, &r));
    assert_ok(la_registry_batch_begin(r, true, &b));
    assert_ok(la_registry_batch_apply(b, &item));
    assert_null(la_registry_batch_abort(b));
    assert_false(la_registry_is_filled(r));
    la_feed_position p;
    assert_code(la_registry_position(r, &p), LA_NOT_FOUND);
    apply(r, true, &item, 1, &position_1);
    la_feed_item other = application(LA_SLICE("other"), true, 1);
    la_feed_position position_2 = {.sequence = 2, .tag = 22};
    apply(r, true, &other, 1, &position_2); /* from scratch: `client` is gone */
    assert_ok(la_registry_position(r, &p));
    assert_int_equal(p.sequence, 2);
    assert_int_equal(p.tag, 22);
    la_registry_view *v;
    la_application_record a;
    assert_ok(la_registry_view_new(r, &v));
    assert_ok(la_registry_view_refresh(v));
    assert_code(la_registry_find_application(v, 2, LA_SLICE("client"), &a), LA_NOT_FOUND);
    assert_int_equal(la_registry_count_applications(v), 1);
    la_registry_view_free(v);
    la_registry_free(r);
    unit_rmdir(dir);
}

static void content_and_position_survive(void **state)
{
    char *dir = unit_mkdir();
    la_registry *r;
    assert_ok(la_registry_open(dir, &r));
    la_feed_item item = application(LA_SLICE("client"), true, 1);
    apply(r, true, &item, 1, &position_1);
    la_registry *second;
    assert_code(la_registry_open(dir, &second), LA_CONFLICT);
    la_registry_free(r);
    assert_ok(la_registry_open(dir, &r));
    assert_true(la_registry_is_filled(r));
    la_feed_position p;
    assert_ok(la_registry_position(r, &p));
    assert_memory_equal(&p, &position_1, sizeof p);
    la_registry_free(r);
    unit_rmdir(dir);
}

/* Damage of the file: it is put aside, and an empty registry waits to be filled. */
static void damage(const char *dir, void (*how)(int fd))
{
    la_registry *r;
    char path[4096];
    assert_ok(la_registry_open(dir, &r));
    la_feed_item items[400];
    static char ids[400][16];
    for (int i = 0; i < 400; i++) {
        snprintf(ids[i], sizeof ids[i], "c%d", i);
        items[i] = application(la_slice_of(ids[i]), true, 1);
    }
    apply(r, true, items, 400, &position_1);
    la_registry_free(r);
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    how(fd);
    close(fd);
    assert_ok(la_registry_open(dir, &r));
    assert_false(la_registry_is_filled(r));
    snprintf(path, sizeof path, "%s/data.mdb.damaged", dir);
    assert_int_equal(access(path, F_OK), 0);
    apply(r, true, items, 400, &position_1);
    assert_true(la_registry_is_filled(r));
    la_registry_free(r);
}

static void truncate_it(int fd)
{
    struct stat s;
    assert_int_equal(fstat(fd, &s), 0);
    assert_int_equal(ftruncate(fd, s.st_size / 2 / 4096 * 4096), 0);
}

static void overwrite_it(int fd)
{
    char junk[8192];
    memset(junk, 'j', sizeof junk);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 0), sizeof junk);
}

static void damaged_files_are_put_aside(void **state)
{
    char *dir = unit_mkdir();
    damage(dir, truncate_it);
    damage(dir, overwrite_it);
    unit_rmdir(dir);
}

#define READERS 3
#define CHANGES 300

typedef struct shared {
    la_registry *r;
    atomic_bool stop;
    atomic_int torn;
} shared;

/* Both applications change in one batch: no reader may ever see them differ. */
static void *read_pairs(void *p)
{
    shared *s = p;
    la_registry_view *v;
    if (!la_is_ok(la_registry_view_new(s->r, &v)))
        return NULL;
    while (!atomic_load(&s->stop)) {
        la_application_record a, b;
        if (!la_is_ok(la_registry_view_refresh(v)) ||
            !la_is_ok(la_registry_find_application(v, 2, LA_SLICE("one"), &a)) ||
            !la_is_ok(la_registry_find_application(v, 2, LA_SLICE("two"), &b)) ||
            a.secrets[0].digest[0] != b.secrets[0].digest[31])
            atomic_fetch_add(&s->torn, 1);
        la_registry_view_rest(v);
    }
    la_registry_view_free(v);
    return NULL;
}

static void readers_never_see_half_a_batch(void **state)
{
    char *dir = unit_mkdir();
    shared s = {0};
    pthread_t threads[READERS];
    assert_ok(la_registry_open(dir, &s.r));
    la_feed_item items[2] = {application(LA_SLICE("one"), true, 0), application(LA_SLICE("two"), true, 0)};
    apply(s.r, true, items, 2, &position_1);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_pairs, &s), 0);
    for (int i = 1; i <= CHANGES; i++) {
        items[0] = application(LA_SLICE("one"), true, (uint8_t)i);
        items[1] = application(LA_SLICE("two"), true, (uint8_t)i);
        apply(s.r, i % 50 == 0, items, 2, &position_1);
    }
    atomic_store(&s.stop, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&s.torn), 0);
    la_registry_free(s.r);
    unit_rmdir(dir);
}

/* What applications register, and what is revoked: as it went in, and absent where it was not there. */
static void registrations_and_revocations_come_back(void **state)
{
    char *dir = unit_mkdir();
    la_registry *r;
    la_registry_view *v;
    la_application_record a;
    static const char list[] = "0123456789abcdef0123456789abcdef";
    assert_ok(la_registry_open(dir, &r));
    la_feed_item items[] = {
        application(LA_SLICE("bank"), true, 5),
        application(LA_SLICE("plain"), true, 6),
        {.kind = LA_FEED_PUT_REVOCATION,
         .revocation = {.environment_id = 2,
                        .kind = LA_REVOKED_TOKEN,
                        .application_id = 7,
                        .jti = LA_SLICE("j1"),
                        .expires_at_s = 50,
                        .list_index = 258}},
        {.kind = LA_FEED_PUT_REVOCATION,
         .revocation = {.environment_id = 2,
                        .kind = LA_REVOKED_CREDENTIAL,
                        .application_id = 7,
                        .credential_tag = 3,
                        .before_s = 40,
                        .expires_at_s = 60}},
        {.kind = LA_FEED_PUT_AUTHORITY, .authority = {2, LA_SLICE("der"), LA_NO_SLICE}},
        {.kind = LA_FEED_PUT_REVOCATION,
         .revocation = {.environment_id = 2,
                        .kind = LA_REVOKED_CUSTOMER,
                        .application_id = 7,
                        .customer_id = LA_SLICE("u1"),
                        .before_s = 41,
                        .expires_at_s = 61}},
    };
    items[2].revocation.list = (la_slice){list, sizeof list - 1};
    la_application_record *bank = &items[0].application;
    bank->auth_method = LA_AUTH_TLS_CLIENT;
    bank->version = 9;
    bank->registration = (la_registration){.fapi = true,
                                           .certificate_bound = true,
                                           .requests_per_minute = 60,
                                           .subject_kind = LA_SUBJECT_SAN_URI,
                                           .subject = LA_SLICE("urn:bank"),
                                           .introspection_audiences = LA_SLICE("https://a https://b")};
    bank->n_certificates = 1;
    bank->certificates[0] = (la_certificate_record){4, {1, 2, 3}, 77};
    bank->secrets[0].kind = LA_SECRET_WRAPPED;
    bank->secrets[0].wrapped = LA_SLICE("sealed");
    apply(r, true, items, sizeof items / sizeof items[0], &position_1);
    assert_ok(la_registry_view_new(r, &v));
    assert_ok(la_registry_view_refresh(v));

    assert_ok(la_registry_find_application(v, 2, LA_SLICE("bank"), &a));
    assert_int_equal(a.auth_method, LA_AUTH_TLS_CLIENT);
    assert_int_equal(a.version, 9);
    assert_true(a.registration.fapi && a.registration.certificate_bound);
    assert_false(a.registration.dpop_bound || a.registration.token_exchange || a.registration.token_endpoint_audience);
    assert_int_equal(a.registration.requests_per_minute, 60);
    assert_int_equal(a.registration.subject_kind, LA_SUBJECT_SAN_URI);
    assert_slice(a.registration.subject, "urn:bank");
    assert_slice(a.registration.introspection_audiences, "https://a https://b");
    assert_null(a.registration.jwks.p);
    assert_int_equal(a.n_certificates, 1);
    assert_int_equal(a.certificates[0].certificate_id, 4);
    assert_int_equal(a.certificates[0].thumbprint[2], 3);
    assert_int_equal(a.certificates[0].expires_at_s, 77);
    assert_slice(a.secrets[0].wrapped, "sealed");
    assert_int_equal(a.secrets[0].digest[0], 5);

    assert_ok(la_registry_find_application(v, 2, LA_SLICE("plain"), &a));
    assert_int_equal(a.n_certificates, 0);
    assert_int_equal(a.version, 0);
    assert_false(a.registration.fapi);
    assert_null(a.registration.subject.p);

    la_revocation_record asked = {.environment_id = 2, .kind = LA_REVOKED_TOKEN, .jti = LA_SLICE("j1")};
    assert_ok(la_registry_find_revocation(v, &asked));
    assert_int_equal(asked.expires_at_s, 50);
    asked = (la_revocation_record){.environment_id = 1, .kind = LA_REVOKED_TOKEN, .jti = LA_SLICE("j1")};
    assert_code(la_registry_find_revocation(v, &asked), LA_NOT_FOUND);
    asked = (la_revocation_record){
        .environment_id = 2, .kind = LA_REVOKED_CREDENTIAL, .application_id = 7, .credential_tag = 3};
    assert_ok(la_registry_find_revocation(v, &asked));
    assert_int_equal(asked.before_s, 40);
    asked.kind = LA_REVOKED_APPLICATION;
    assert_code(la_registry_find_revocation(v, &asked), LA_NOT_FOUND);
    asked = (la_revocation_record){
        .environment_id = 2, .kind = LA_REVOKED_CUSTOMER, .application_id = 7, .customer_id = LA_SLICE("u1")};
    assert_ok(la_registry_find_revocation(v, &asked));
    assert_int_equal(asked.before_s, 41);
    asked.customer_id = LA_SLICE("u");
    assert_code(la_registry_find_revocation(v, &asked), LA_NOT_FOUND);
    uint8_t digest[LA_CUSTOMER_DIGEST_BYTES];
    int64_t before_s = 0;
    la_customer_digest(LA_SLICE("u1"), digest);
    assert_ok(la_registry_find_revoked_customer(v, 2, 7, digest, &before_s));
    assert_int_equal(before_s, 41);
    assert_code(la_registry_find_revoked_customer(v, 1, 7, digest, &before_s), LA_NOT_FOUND);
    assert_code(la_registry_find_revoked_customer(v, 2, 8, digest, &before_s), LA_NOT_FOUND);
    digest[5] ^= 1;
    assert_code(la_registry_find_revoked_customer(v, 2, 7, digest, &before_s), LA_NOT_FOUND);
    uint32_t index = 0;
    assert_ok(la_registry_each_listed(v, 2, (la_slice){list, sizeof list - 1}, note_index, &index));
    assert_int_equal(index, 258);

    la_authority_record authority;
    assert_ok(la_registry_find_authority(v, 2, &authority));
    assert_slice(authority.certificate, "der");
    assert_null(authority.crl.p);
    assert_code(la_registry_find_authority(v, 1, &authority), LA_NOT_FOUND);

    items[2].kind = LA_FEED_DELETE_REVOCATION;
    la_registry_view_rest(v);
    apply(r, false, &items[2], 1, &position_1);
    assert_ok(la_registry_view_refresh(v));
    asked = (la_revocation_record){.environment_id = 2, .kind = LA_REVOKED_TOKEN, .jti = LA_SLICE("j1")};
    assert_code(la_registry_find_revocation(v, &asked), LA_NOT_FOUND);
    index = 0;
    assert_ok(la_registry_each_listed(v, 2, (la_slice){list, sizeof list - 1}, note_index, &index));
    assert_int_equal(index, 0);
    items[5].kind = LA_FEED_DELETE_REVOCATION;
    la_registry_view_rest(v);
    digest[5] ^= 1;
    assert_int_equal(la_registry_find_revoked_customer(v, 2, 7, digest, &before_s).code, LA_CONFLICT);
    apply(r, false, &items[5], 1, &position_1);
    assert_ok(la_registry_view_refresh(v));
    assert_code(la_registry_find_revoked_customer(v, 2, 7, digest, &before_s), LA_NOT_FOUND);
    la_registry_view_free(v);
    la_registry_free(r);
    unit_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back_as_they_went_in),
        cmocka_unit_test(registrations_and_revocations_come_back),
        cmocka_unit_test(keys_of_one_environment),
        cmocka_unit_test(a_view_sees_one_state_until_it_is_refreshed),
        cmocka_unit_test(a_large_crl_comes_back_whole),
        cmocka_unit_test(an_aborted_batch_leaves_nothing),
        cmocka_unit_test(content_and_position_survive),
        cmocka_unit_test(damaged_files_are_put_aside),
        cmocka_unit_test(readers_never_see_half_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
