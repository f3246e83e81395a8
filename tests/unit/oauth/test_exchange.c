/* Token exchange (RFC 8693): narrowing, and every way in which it must not widen. */
#include "fixture.h"

#include "base/base64url.h"
#include "oauth/exchange.h"

#define URN "urn%3Aietf%3Aparams%3Aoauth%3A"
#define ACCESS_TOKEN URN "token-type%3Aaccess_token"
#define EXCHANGE "grant_type=" URN "grant-type%3Atoken-exchange"
#define OTHER_CUSTOMER "b1b2c3d4-e5f6-7890-abcd-ef0123456789"

static fixture *f;
static const char *const secrets[] = {"&client_id=backend&client_secret=right", "&client_id=second&client_secret=right",
                                      "&client_id=svc+one&client_secret=p%2Bw%3Ad%3D%2F%25"};
enum { BACKEND, SECOND, SVC_ONE };

/* "backend" may exchange and owns CUSTOMER; so may "second", which owns nothing. */
static void register_all(void)
{
    la_registry_batch *batch;
    la_feed_position position = {.sequence = 2};
    la_registry_view_rest(f->view);
    assert_ok(la_registry_batch_begin(f->registry, false, &batch));
    for (uint64_t id = 20; id < 22; id++) {
        la_feed_item item = {.kind = LA_FEED_PUT_APPLICATION};
        item.application = (la_application_record){.application_id = id,
                                                   .environment_id = HERE,
                                                   .client_id = id == 20 ? LA_SLICE("backend") : LA_SLICE("second"),
                                                   .enabled = true,
                                                   .scopes = LA_SLICE("api customer payments"),
                                                   .registration = {.token_exchange = true},
                                                   .version = 1,
                                                   .n_secrets = 1};
        item.application.secrets[0].secret_id = id << 16 | 1;
        la_hasher_digest(f->hasher, LA_SLICE("right"), item.application.secrets[0].digest);
        assert_ok(la_registry_batch_apply(batch, &item));
    }
    la_feed_item owned = {.kind = LA_FEED_PUT_CUSTOMER, .customer = {HERE, LA_SLICE(CUSTOMER), 20}};
    assert_ok(la_registry_batch_apply(batch, &owned));
    assert_ok(la_registry_batch_commit(batch, &position));
    assert_ok(la_registry_view_refresh(f->view));
}

static int setup(void **state)
{
    f = fixture_new("ES256", LA_PROFILE_RFC9068);
    register_all();
    return 0;
}

static int teardown(void **state)
{
    fixture_free(f);
    return 0;
}

/* The access_token of the last response; good until the next eight calls. */
static const char *token(void)
{
    static char memory[8][LA_TOKEN_RESPONSE_MAX];
    static unsigned next;
    char *p = memory[next++ % 8];
    const char *at = strstr(fixture_body, "\"access_token\":\"");
    assert_non_null(at);
    at += strlen("\"access_token\":\"");
    size_t n = strcspn(at, "\"");
    memcpy(p, at, n);
    p[n] = 0;
    return p;
}

static const char *claims_of(const char *compact)
{
    static char text[2048];
    const char *payload = strchr(compact, '.') + 1;
    size_t n;
    assert_ok(la_base64url_decode((la_slice){payload, strcspn(payload, ".")}, text, sizeof text, &n));
    text[n] = 0;
    return text;
}

static const char *direct(int who, const char *scope)
{
    char body[512];
    snprintf(body, sizeof body, "grant_type=client_credentials&scope=%s%s", scope, secrets[who]);
    assert_ok(fixture_post(f, body, NULL).result);
    return token();
}

static la_token_outcome exchange(int who, const char *subject, const char *scope, const char *rest)
{
    char body[LA_TOKEN_RESPONSE_MAX];
    snprintf(body, sizeof body, "%s&subject_token=%s&subject_token_type=%s&scope=%s%s%s", EXCHANGE, subject,
             ACCESS_TOKEN, scope, secrets[who], rest);
    return fixture_post(f, body, NULL);
}

static void an_api_token_becomes_a_customer_s(void **state)
{
    const char *subject = direct(BACKEND, "api");
    assert_ok(exchange(BACKEND, subject, "customer." CUSTOMER, "").result);
    assert_non_null(strstr(fixture_body, "\"issued_token_type\":\"urn:ietf:params:oauth:token-type:access_token\""));
    assert_non_null(strstr(fixture_body, "\"token_type\":\"bearer\""));
    const char *claims = claims_of(token());
    assert_non_null(strstr(claims, "\"scope\":\"customer." CUSTOMER "\""));
    assert_non_null(strstr(claims, "\"aud\":\"https://sdk.example\""));
    assert_non_null(strstr(claims, "\"customer_id\":\"" CUSTOMER "\""));
    assert_non_null(strstr(claims, "\"client_id\":\"backend\""));
    assert_ok(exchange(BACKEND, subject, "customer." CUSTOMER, "&requested_token_type=" ACCESS_TOKEN).result);
    assert_ok(exchange(BACKEND, subject, "customer." CUSTOMER, "&audience=https://sdk.example").result);
}

static void it_lives_no_longer_than_its_subject(void **state)
{
    const char *subject = direct(BACKEND, "api"); /* 3600 s; a customer's has 900 */
    f->context.now_s = NOW_S + 3600 - 100;
    assert_ok(exchange(BACKEND, subject, "customer." CUSTOMER, "").result);
    assert_non_null(strstr(fixture_body, "\"expires_in\":100,"));
    f->context.now_s = NOW_S + 3600;
    assert_code(exchange(BACKEND, subject, "customer." CUSTOMER, "").result, LA_EXCHANGE_SUBJECT_INVALID);
    f->context.now_s = NOW_S;
}

/* TEX-10 */
static void never_the_reverse(void **state)
{
    const char *customer = direct(BACKEND, "customer." CUSTOMER);
    assert_code(exchange(BACKEND, customer, "api", "").result, LA_EXCHANGE_SUBJECT_SCOPE);
    assert_code(exchange(BACKEND, customer, "customer." CUSTOMER, "").result, LA_EXCHANGE_SUBJECT_SCOPE);
    const char *api = direct(BACKEND, "api");
    assert_code(exchange(BACKEND, api, "api", "").result, LA_EXCHANGE_SCOPE);
    assert_code(exchange(BACKEND, api, "payments", "").result, LA_EXCHANGE_SCOPE);
    assert_code(exchange(BACKEND, api, "", "").result, LA_SCOPE_MISSING);
    assert_code(exchange(BACKEND, api, "customer." CUSTOMER "+api", "").result, LA_SCOPE_MIXED);
    const char *payments = direct(BACKEND, "payments");
    assert_code(exchange(BACKEND, payments, "customer." CUSTOMER, "").result, LA_EXCHANGE_SUBJECT_SCOPE);
}

static void only_its_own_customers(void **state)
{
    /* The environment would issue these directly: its policy is `any`. */
    assert_code(exchange(BACKEND, direct(BACKEND, "api"), "customer." OTHER_CUSTOMER, "").result,
                LA_SCOPE_CUSTOMER_UNKNOWN);
    assert_code(exchange(SECOND, direct(SECOND, "api"), "customer." CUSTOMER, "").result, LA_SCOPE_CUSTOMER_UNKNOWN);
}

static void only_its_own_token(void **state)
{
    assert_code(exchange(SECOND, direct(BACKEND, "api"), "customer." CUSTOMER, "").result, LA_EXCHANGE_SUBJECT_INVALID);
    assert_code(exchange(BACKEND, direct(SECOND, "api"), "customer." CUSTOMER, "").result, LA_EXCHANGE_SUBJECT_INVALID);
}

/* REQ-11 */
static void only_who_is_registered_for_it(void **state)
{
    assert_code(exchange(SVC_ONE, direct(SVC_ONE, "api"), "customer." CUSTOMER, "").result,
                LA_GRANT_TYPE_NOT_REGISTERED);
    assert_non_null(strstr(fixture_body, "unauthorized_client"));
}

/* TEX-01, TEX-02 */
static void parameters_belong_together(void **state)
{
    static const struct {
        const char *fields;
        la_code code;
    } rows[] = {
        {"&subject_token_type=" ACCESS_TOKEN, LA_EXCHANGE_SUBJECT_MISSING},
        {"&subject_token=x", LA_EXCHANGE_SUBJECT_MISSING},
        {"&subject_token=&subject_token_type=" ACCESS_TOKEN, LA_EXCHANGE_SUBJECT_MISSING},
        {"&subject_token=x&subject_token_type=" URN "token-type%3Aid_token", LA_EXCHANGE_SUBJECT_TYPE},
        {"&subject_token=x&subject_token_type=access_token", LA_EXCHANGE_SUBJECT_TYPE},
        {"&subject_token=x&subject_token_type=" ACCESS_TOKEN "&actor_token=y", LA_EXCHANGE_ACTOR_TYPE},
        {"&subject_token=x&subject_token_type=" ACCESS_TOKEN "&actor_token_type=" ACCESS_TOKEN, LA_EXCHANGE_ACTOR_TYPE},
        {"&subject_token=x&subject_token_type=" ACCESS_TOKEN "&actor_token=y&actor_token_type=" ACCESS_TOKEN,
         LA_EXCHANGE_ACTOR},
        {"&subject_token=x&subject_token_type=" ACCESS_TOKEN "&requested_token_type=" URN "token-type%3Arefresh_token",
         LA_EXCHANGE_REQUESTED_TYPE},
        {"&subject_token=x&subject_token_type=" ACCESS_TOKEN, LA_EXCHANGE_SUBJECT_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[1024];
        snprintf(body, sizeof body, "%s%s%s&scope=customer." CUSTOMER, EXCHANGE, secrets[BACKEND], rows[i].fields);
        la_token_outcome o = fixture_post(f, body, NULL);
        if (o.result.code != rows[i].code)
            fail_msg("%s: %s", rows[i].fields, fixture_body);
        assert_non_null(strstr(fixture_body, "\"invalid_request\""));
    }
}

/* TEX-03: one flipped bit, cut, extended, of another environment. */
static void a_token_that_is_not_ours_is_none(void **state)
{
    char altered[LA_TOKEN_RESPONSE_MAX];
    const char *subject = direct(BACKEND, "api");
    snprintf(altered, sizeof altered, "%s", subject);
    altered[strlen(altered) / 2] ^= 1;
    assert_code(exchange(BACKEND, altered, "customer." CUSTOMER, "").result, LA_EXCHANGE_SUBJECT_INVALID);
    snprintf(altered, sizeof altered, "%s.", subject);
    assert_code(exchange(BACKEND, altered, "customer." CUSTOMER, "").result, LA_EXCHANGE_SUBJECT_INVALID);
    snprintf(altered, sizeof altered, "%.*s", (int)(strrchr(subject, '.') - subject + 1), subject);
    assert_code(exchange(BACKEND, altered, "customer." CUSTOMER, "").result, LA_EXCHANGE_SUBJECT_INVALID);
    assert_ok(exchange(BACKEND, subject, "customer." CUSTOMER, "").result);
}

static void the_audience_is_within_the_scope(void **state)
{
    const char *subject = direct(BACKEND, "api");
    assert_code(exchange(BACKEND, subject, "customer." CUSTOMER, "&audience=https://api.example").result,
                LA_RESOURCE_NOT_ALLOWED);
    assert_code(exchange(BACKEND, subject, "customer." CUSTOMER, "&resource=https://api.example").result,
                LA_RESOURCE_NOT_ALLOWED);
}

/* A revoked token is no subject (REV-08). */
static void a_revoked_token_is_none(void **state)
{
    const char *subject = direct(BACKEND, "api");
    la_registry_batch *batch;
    la_feed_position position = {.sequence = 3};
    la_feed_item item = {.kind = LA_FEED_PUT_REVOCATION};
    item.revocation = (la_revocation_record){.environment_id = HERE,
                                             .kind = LA_REVOKED_APPLICATION,
                                             .application_id = 20,
                                             .before_s = NOW_S,
                                             .expires_at_s = NOW_S + 9999};
    la_registry_view_rest(f->view);
    assert_ok(la_registry_batch_begin(f->registry, false, &batch));
    assert_ok(la_registry_batch_apply(batch, &item));
    assert_ok(la_registry_batch_commit(batch, &position));
    assert_ok(la_registry_view_refresh(f->view));
    assert_code(exchange(BACKEND, subject, "customer." CUSTOMER, "").result, LA_EXCHANGE_SUBJECT_INVALID);
}

static void a_bound_token_stays_bound(void **state)
{
    la_access_token subject = {.expires_s = NOW_S + 1000, .binding = {LA_BINDING_CERTIFICATE, {1, 2, 3}}};
    la_form form = {0};
    la_application_record backend;
    assert_ok(la_registry_find_application(f->view, HERE, LA_SLICE("backend"), &backend));
    la_grant grant = {.customer_id = LA_SLICE(CUSTOMER), .lifetime_s = 900};
    la_binding none = {0}, same = subject.binding, other = {LA_BINDING_CERTIFICATE, {1, 2, 4}},
               proof = {LA_BINDING_DPOP, {1, 2, 3}};
    assert_code(la_exchange_narrow(&f->context, &form, &backend, &subject, &none, &grant), LA_EXCHANGE_BINDING);
    assert_code(la_exchange_narrow(&f->context, &form, &backend, &subject, &other, &grant), LA_EXCHANGE_BINDING);
    assert_code(la_exchange_narrow(&f->context, &form, &backend, &subject, &proof, &grant), LA_EXCHANGE_BINDING);
    assert_ok(la_exchange_narrow(&f->context, &form, &backend, &subject, &same, &grant));
    subject.binding = none;
    assert_ok(la_exchange_narrow(&f->context, &form, &backend, &subject, &proof, &grant)); /* narrower still */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_api_token_becomes_a_customer_s),
        cmocka_unit_test(it_lives_no_longer_than_its_subject),
        cmocka_unit_test(never_the_reverse),
        cmocka_unit_test(only_its_own_customers),
        cmocka_unit_test(only_its_own_token),
        cmocka_unit_test(only_who_is_registered_for_it),
        cmocka_unit_test(parameters_belong_together),
        cmocka_unit_test(a_token_that_is_not_ours_is_none),
        cmocka_unit_test(the_audience_is_within_the_scope),
        cmocka_unit_test(a_bound_token_stays_bound),
        cmocka_unit_test(a_revoked_token_is_none), /* the last: nothing of the application holds after it */
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
