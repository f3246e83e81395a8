#include "support.h"

#include "store/registration.h"

#define REGISTRATION                                                                                \
    "{\"jwks\":{\"keys\":[{\"kty\":\"EC\",\"x\":\"\\u00e4\"}]},\"jwks_uri\":\"https://a/b\","       \
    "\"tls_client_auth_san_uri\":\"urn:a\",\"token_endpoint_auth_signing_alg\":\"PS256\","          \
    "\"dpop_bound_access_tokens\":true,\"tls_client_certificate_bound_access_tokens\":true,"        \
    "\"fapi\":true,\"allow_token_endpoint_audience\":true,\"requests_per_minute\":70000,"           \
    "\"grant_types\":[\"client_credentials\",\"urn:ietf:params:oauth:grant-type:token-exchange\"]," \
    "\"introspection_audiences\":[\"https://a\",\"urn:b\"]}"

static void every_member_is_read(void **state)
{
    (void)state;
    char memory[LA_REGISTRATION_MEMORY];
    la_registration g;
    assert_ok(la_registration_read(LA_SLICE(REGISTRATION), memory, &g));
    assert_true(g.fapi && g.dpop_bound && g.certificate_bound && g.token_endpoint_audience && g.token_exchange);
    assert_int_equal(g.requests_per_minute, 70000);
    assert_int_equal(g.subject_kind, LA_SUBJECT_SAN_URI);
    assert_slice(g.subject, "urn:a");
    assert_slice(g.jwks, "{\"keys\":[{\"kty\":\"EC\",\"x\":\"ä\"}]}");
    assert_slice(g.jwks_uri, "https://a/b");
    assert_slice(g.signing_alg, "PS256");
    assert_slice(g.introspection_audiences, "https://a urn:b");
}

static void nothing_is_nothing(void **state)
{
    (void)state;
    char memory[LA_REGISTRATION_MEMORY];
    static const la_registration none;
    la_registration g = {.fapi = true};
    assert_ok(la_registration_read(LA_SLICE(""), memory, &g));
    assert_memory_equal(&g, &none, sizeof g);
    assert_ok(la_registration_read(LA_SLICE("{\"grant_types\":[\"client_credentials\"]}"), memory, &g));
    assert_memory_equal(&g, &none, sizeof g);
}

static void what_is_no_registration_is_damage(void **state)
{
    (void)state;
    char memory[LA_REGISTRATION_MEMORY], long_text[LA_REGISTRATION_MEMORY + 100];
    la_registration g = {.fapi = true};
    assert_code(la_registration_read(LA_SLICE("[]"), memory, &g), LA_CORRUPT);
    assert_code(la_registration_read(LA_SLICE("{"), memory, &g), LA_CORRUPT);
    assert_code(la_registration_read(LA_SLICE("{\"fapi\":true,\"fapi\":false}"), memory, &g), LA_CORRUPT);
    int n = snprintf(long_text, sizeof long_text, "{\"jwks_uri\":\"%0*d\"}", LA_REGISTRATION_MEMORY + 1, 0);
    assert_code(la_registration_read((la_slice){long_text, (size_t)n}, memory, &g), LA_CORRUPT);
    assert_true(g.fapi); /* untouched */
}

/* ---- in the store and its feed ---- */

static la_result keep_application(void *self, const la_feed_item *item)
{
    la_application_record *ret = self;
    if (item->kind == LA_FEED_PUT_APPLICATION)
        *ret = item->application; /* its numbers; the texts are gone with the call */
    return la_ok();
}

static la_result check_text(void *self, const la_feed_item *item)
{
    if (item->kind == LA_FEED_PUT_APPLICATION)
        assert_slice(item->application.registration.jwks_uri, (const char *)self);
    return la_ok();
}

static la_application_record feed_record(fixture *f)
{
    la_feed_position position;
    la_application_record a = {0};
    assert_ok(la_store_read_all(f->store, keep_application, &a, &position));
    return a;
}

static void a_registration_is_kept_changed_and_fed(void **state)
{
    fixture *f = *state;
    char one[] = "https://one", two[] = "https://two";
    la_application_row row;
    la_feed_position position;
    la_new_application a = new_application(f->sandbox, "c", NULL);
    a.auth_method = LA_AUTH_PRIVATE_KEY_JWT;
    a.registration = LA_SLICE("{\"jwks_uri\":\"https://one\"}");
    assert_ok(la_store_create_application(f->store, &a, NOW_S));
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("c"), &row));
    assert_string_equal(row.registration, "{\"jwks_uri\":\"https://one\"}");
    assert_ok(la_store_read_all(f->store, check_text, one, &position));
    assert_int_equal(feed_record(f).version, 1);
    la_application_change change = {.registration = LA_SLICE("{\"jwks_uri\":\"https://two\"}")};
    assert_ok(la_store_update_application(f->store, row.application_id, 1, &change, NOW_S));
    assert_ok(la_store_read_all(f->store, check_text, two, &position));
    assert_int_equal(feed_record(f).version, 2);
    assert_ok(set_enabled(f->store, row.application_id, false)); /* leaves it */
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("c"), &row));
    assert_string_equal(row.registration, "{\"jwks_uri\":\"https://two\"}");
    change.registration = LA_SLICE("");
    assert_ok(la_store_update_application(f->store, row.application_id, 0, &change, NOW_S));
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("c"), &row));
    assert_string_equal(row.registration, "");
    assert_int_equal(feed_record(f).version, 0);
}

static void a_registration_has_a_limit(void **state)
{
    fixture *f = *state;
    static char text[LA_REGISTRATION_MAX + 1];
    memset(text, ' ', sizeof text);
    memcpy(text, "{}", 2);
    la_new_application a = new_application(f->sandbox, "c", NULL);
    a.registration = (la_slice){text, sizeof text};
    assert_code(la_store_create_application(f->store, &a, NOW_S), LA_INVALID);
    a.registration.n--;
    assert_ok(la_store_create_application(f->store, &a, NOW_S));
    la_application_change change = {.registration = {text, sizeof text}};
    assert_code(la_store_update_application(f->store, 1, 0, &change, NOW_S), LA_INVALID);
}

static void a_damaged_registration_stops_the_feed_and_names_its_application(void **state)
{
    fixture *f = *state;
    la_feed_position position;
    la_application_record a;
    add_application(f, f->sandbox, "c-17", NULL);
    run_sql(f->path, "UPDATE application SET registration = '{'");
    assert_code(la_store_read_all(f->store, keep_application, &a, &position), LA_CORRUPT);
    assert_non_null(strstr(la_detail(), "c-17"));
}

static la_result keep_wrapped(void *self, const la_feed_item *item)
{
    if (item->kind == LA_FEED_PUT_APPLICATION) {
        const la_secret_record *s = item->application.secrets;
        assert_int_equal(item->application.n_secrets, 2);
        assert_int_equal(s[0].kind, LA_SECRET_WRAPPED);
        assert_int_equal(s[0].digest[0], 7);
        assert_slice(s[0].wrapped, "wrapped one");
        assert_int_equal(s[1].kind, LA_SECRET_KEYED);
        assert_null(s[1].wrapped.p);
        ++*(unsigned *)self;
    }
    return la_ok();
}

static la_result note_kind(void *self, const la_secret_row *row)
{
    *(unsigned *)self = *(unsigned *)self * 10 + (unsigned)row->kind;
    return la_ok();
}

static void a_wrapped_secret_lives_as_long_as_its_method(void **state)
{
    fixture *f = *state;
    uint64_t id;
    unsigned seen = 0, kinds = 0;
    la_feed_position position;
    la_auth_method jwt = LA_AUTH_CLIENT_SECRET_JWT, post = LA_AUTH_CLIENT_SECRET_POST;
    la_application_change to_jwt = {.auth_method = &jwt}, to_post = {.auth_method = &post};
    la_new_secret secret = keyed_secret(7), plain = keyed_secret(8);
    secret.kind = LA_SECRET_WRAPPED;
    uint64_t a = add_application(f, f->sandbox, "c", NULL);
    assert_code(la_store_add_secret(f->store, a, &secret, 8, NOW_S, &id), LA_INVALID); /* nothing wrapped */
    secret.wrapped = LA_SLICE("wrapped one");
    assert_ok(la_store_add_secret(f->store, a, &secret, 8, NOW_S, &id));
    assert_ok(la_store_add_secret(f->store, a, &plain, 8, NOW_S, &id));
    assert_ok(la_store_update_application(f->store, a, 0, &to_jwt, NOW_S)); /* keeps what is there */
    assert_ok(la_store_read_all(f->store, keep_wrapped, &seen, &position));
    assert_int_equal(seen, 1);
    assert_ok(la_store_list_secrets(f->store, a, note_kind, &kinds));
    assert_int_equal(kinds, 20);
    assert_ok(la_store_update_application(f->store, a, 0, &to_post, NOW_S));
    assert_int_equal(run_sql(f->path, "SELECT count(wrapped) FROM secret"), 0);
    assert_int_equal(run_sql(f->path, "SELECT count(digest) FROM secret"), 2);
    kinds = 0;
    assert_ok(la_store_list_secrets(f->store, a, note_kind, &kinds));
    assert_int_equal(kinds, 0);
}

static void live_certificates_are_fed_those_that_expire_last(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "c", NULL);
    assert_int_equal(a, 1);
    assert_int_equal(feed_record(f).n_certificates, 0);
    run_sql(f->path,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12)"
            " INSERT INTO certificate (application_id, environment_id, issued, thumbprint, serial, subject,"
            " not_before_s, not_after_s, created_at_s, der)"
            " SELECT 1, 2, 1, CAST(printf('%032d', i) AS BLOB), printf('%x', i), 'CN=c', 0, 1000 + i, 0, x'30' FROM n;"
            " UPDATE certificate SET revoked_at_s = 5 WHERE not_after_s = 1012");
    la_application_record r = feed_record(f);
    assert_int_equal(r.n_certificates, LA_CERTIFICATES_MAX);
    assert_int_equal(r.version, 1);
    assert_int_equal(r.certificates[0].expires_at_s, 1011);
    assert_int_equal(r.certificates[0].thumbprint[30], '1');
    assert_int_equal(r.certificates[0].certificate_id, 11);
    assert_int_equal(r.certificates[LA_CERTIFICATES_MAX - 1].expires_at_s, 1004);
    run_sql(f->path, "UPDATE certificate SET revoked_at_s = 5 WHERE not_after_s > 1002");
    assert_int_equal(feed_record(f).n_certificates, 2);
    run_sql(f->path, "UPDATE certificate SET revoked_at_s = 5");
    assert_int_equal(feed_record(f).n_certificates, 0);
    assert_int_equal(feed_record(f).version, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(what_is_no_registration_is_damage),
        TEST(a_registration_is_kept_changed_and_fed),
        TEST(a_registration_has_a_limit),
        TEST(a_damaged_registration_stops_the_feed_and_names_its_application),
        TEST(a_wrapped_secret_lives_as_long_as_its_method),
        TEST(live_certificates_are_fed_those_that_expire_last),
    };
    return cmocka_run_group_tests_name("store registration", tests, NULL, NULL);
}
