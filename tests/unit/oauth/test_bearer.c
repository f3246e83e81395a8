/* Access tokens read back, with everything that can end one; what a protected resource is told. */
#include "prover.h"

#include "base/base64url.h"
#include "base/secret.h"
#include "oauth/bearer.h"

#define ONE "client_id=svc+one&client_secret=p%2Bw%3Ad%3D%2F%25&grant_type=client_credentials&scope="
#define AUDIENCE LA_SLICE("https://api.example")

static fixture *f;
static la_verifier *verifier;
static prover p;
static uint64_t sequence = 1;

static void open_fixture(la_token_profile profile)
{
    la_buffer jwk;
    f = fixture_new("ES256", profile);
    f->environment.dpop = (la_dpop_config){.nonce_lifetime_s = 100, .proof_lifetime_s = 60};
    la_buffer_init(&jwk, LA_JWK_MAX);
    la_key_write_jwk(f->key, &jwk);
    la_slice one = la_buffer_slice(&jwk);
    assert_ok(la_verifier_new(&one, 1, &verifier));
    la_buffer_done(&jwk);
    prover_init(&p, "ES256");
    prover_remember(&f->context);
}

static void close_fixture(void)
{
    prover_done(&p);
    la_verifier_free(verifier);
    fixture_free(f);
}

/* A token of "svc one", as text of the caller's. */
static la_slice issue(const char *scope, char ret[4096])
{
    char body[512];
    snprintf(body, sizeof body, "%s%s", ONE, scope);
    la_token_outcome o = fixture_post(f, body, NULL);
    assert_int_equal(o.result.code, LA_OK);
    const char *from = strstr(fixture_body, "\"access_token\":\"") + 16;
    size_t n = (size_t)(strchr(from, '"') - from);
    assert_true(n < 4096);
    memcpy(ret, from, n);
    return (la_slice){ret, n};
}

static void apply(const la_feed_item *item)
{
    la_registry_batch *batch;
    la_feed_position position = {.sequence = ++sequence};
    la_registry_view_rest(f->view);
    assert_ok(la_registry_batch_begin(f->registry, false, &batch));
    assert_ok(la_registry_batch_apply(batch, item));
    assert_ok(la_registry_batch_commit(batch, &position));
    assert_ok(la_registry_view_refresh(f->view));
}

static la_code ask(la_slice token, const char *scope, int64_t now_s)
{
    char authorization[5000];
    la_bearer_outcome o;
    snprintf(authorization, sizeof authorization, "Bearer %.*s", LA_FMT(token));
    la_bearer_request request = {.authorization = la_slice_of(authorization),
                                 .n_authorization = 1,
                                 .audience = AUDIENCE,
                                 .scope = la_slice_of(scope)};
    f->context.now_s = now_s;
    la_bearer_check(&f->context, verifier, &request, &o);
    f->context.now_s = NOW_S;
    la_access_token_done(&o.token);
    return o.result.code;
}

static void what_a_token_says(void **state)
{
    (void)state;
    char text[4096];
    la_access_token t;
    la_slice token = issue("customer." CUSTOMER, text);
    assert_ok(la_access_token_read(&f->context, verifier, token, &t));
    assert_slice(t.client_id, "svc one");
    assert_slice(t.subject, "svc one");
    assert_slice(t.scope, "customer." CUSTOMER);
    assert_slice(t.customer_id, CUSTOMER);
    assert_int_equal(t.issued_s, NOW_S);
    assert_int_equal(t.expires_s, NOW_S + 900);
    assert_true(t.has_credential_tag);
    assert_int_equal(t.credential_tag, la_credential_tag_of_secret(101));
    assert_int_equal(t.application_id, 1);
    assert_int_equal(t.binding.kind, LA_BINDING_NONE);
    assert_true(la_access_token_is_for(&t, LA_SLICE("https://sdk.example")));
    assert_false(la_access_token_is_for(&t, AUDIENCE));
    la_access_token_done(&t);
}

static void its_times(void **state)
{
    (void)state;
    char text[4096];
    la_slice token = issue("api", text);
    assert_int_equal(ask(token, "api", NOW_S), LA_OK);
    assert_int_equal(ask(token, "api", NOW_S + 3599), LA_OK);
    assert_int_equal(ask(token, "api", NOW_S + 3600), LA_TOKEN_EXPIRED);
    assert_int_equal(ask(token, "api", NOW_S - 60), LA_OK); /* clocks of nodes differ */
    assert_int_equal(ask(token, "api", NOW_S - 61), LA_TOKEN_INVALID);
}

static void its_scope_and_audience(void **state)
{
    (void)state;
    char text[4096];
    la_slice token = issue("api+payments", text);
    assert_int_equal(ask(token, "payments api", NOW_S), LA_OK);
    assert_int_equal(ask(token, NULL, NOW_S), LA_OK);
    assert_int_equal(ask(token, "api admin", NOW_S), LA_TOKEN_SCOPE);
    assert_int_equal(ask(issue("customer." CUSTOMER, text), NULL, NOW_S), LA_TOKEN_AUDIENCE);
}

static void a_revoked_token(void **state)
{
    (void)state;
    char one_text[4096], two_text[4096], jti[LA_JTI_MAX];
    la_slice one = issue("api", one_text), two = issue("api", two_text);
    la_access_token t;
    assert_ok(la_access_token_read(&f->context, verifier, one, &t));
    la_feed_item item = {.kind = LA_FEED_PUT_REVOCATION,
                         .revocation = {.environment_id = HERE,
                                        .kind = LA_REVOKED_TOKEN,
                                        .application_id = 1,
                                        .jti = {jti, t.jti.n},
                                        .expires_at_s = t.expires_s}};
    memcpy(jti, t.jti.p, t.jti.n);
    la_access_token_done(&t);
    apply(&item);
    assert_int_equal(ask(one, "api", NOW_S), LA_TOKEN_REVOKED);
    assert_int_equal(ask(two, "api", NOW_S), LA_OK);
}

static void a_revoked_credential(void **state)
{
    (void)state;
    char text[4096];
    la_slice token = issue("api", text);
    la_feed_item item = {.kind = LA_FEED_PUT_REVOCATION,
                         .revocation = {.environment_id = HERE,
                                        .kind = LA_REVOKED_CREDENTIAL,
                                        .application_id = 1,
                                        .credential_tag = la_credential_tag_of_secret(102),
                                        .before_s = NOW_S,
                                        .expires_at_s = NOW_S + 86400}};
    apply(&item); /* another one of the application */
    assert_int_equal(ask(token, "api", NOW_S), LA_OK);
    item.revocation.credential_tag = la_credential_tag_of_secret(101);
    item.revocation.before_s = NOW_S - 1; /* what came after it holds */
    apply(&item);
    assert_int_equal(ask(token, "api", NOW_S), LA_OK);
    item.revocation.before_s = NOW_S;
    apply(&item);
    assert_int_equal(ask(token, "api", NOW_S), LA_TOKEN_REVOKED);
}

static void a_revoked_application(void **state)
{
    (void)state;
    char text[4096];
    la_slice token = issue("api", text);
    la_feed_item item = {.kind = LA_FEED_PUT_REVOCATION,
                         .revocation = {.environment_id = HERE,
                                        .kind = LA_REVOKED_APPLICATION,
                                        .application_id = 1,
                                        .before_s = NOW_S,
                                        .expires_at_s = NOW_S + 86400}};
    apply(&item);
    assert_int_equal(ask(token, "api", NOW_S), LA_TOKEN_REVOKED);
}

static void an_application_that_is_gone(void **state)
{
    (void)state;
    char text[4096];
    la_slice token = issue("api", text);
    la_feed_item item = {.kind = LA_FEED_DELETE_APPLICATION,
                         .application = {.environment_id = HERE, .client_id = LA_SLICE("svc one")}};
    apply(&item);
    assert_int_equal(ask(token, "api", NOW_S), LA_TOKEN_REVOKED);
}

/* Every form of binding, asked about with every form of proof. */
static void what_is_bound(void **state)
{
    (void)state;
    static const uint8_t own[LA_THUMBPRINT_BYTES] = {1}, other[LA_THUMBPRINT_BYTES] = {2};
    char text[4096], authorization[5000];
    la_slice body = LA_SLICE(ONE "api");
    la_token_request request = {.body = body,
                                .content_type = LA_SLICE("application/x-www-form-urlencoded"),
                                .client_certificate = LA_SLICE("DER"),
                                .client_thumbprint = own};
    la_token_outcome issued;
    la_bearer_outcome o;
    la_buffer out;
    la_buffer_init_fixed(&out, fixture_body, LA_TOKEN_RESPONSE_MAX);
    la_token_issue(&f->context, &request, &out, &issued);
    la_buffer_text(&out);
    assert_int_equal(issued.result.code, LA_OK);
    const char *from = strstr(fixture_body, "\"access_token\":\"") + 16;
    snprintf(text, sizeof text, "%.*s", (int)(strchr(from, '"') - from), from);
    snprintf(authorization, sizeof authorization, "Bearer %s", text);
    la_bearer_request asked = {.authorization = la_slice_of(authorization), .n_authorization = 1, .audience = AUDIENCE};
    const struct {
        const uint8_t *thumbprint;
        bool sees;
        la_code code;
    } cases[] = {{own, true, LA_OK},
                 {other, true, LA_TOKEN_BOUND},
                 {NULL, true, LA_TOKEN_BOUND},
                 {NULL, false, LA_RESOURCE_UNSAID}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        asked.client_thumbprint = cases[i].thumbprint;
        asked.sees_certificates = cases[i].sees;
        la_bearer_check(&f->context, verifier, &asked, &o);
        assert_int_equal(o.result.code, cases[i].code);
        la_access_token_done(&o.token);
    }
}

#define RESOURCE "https://api.example/accounts"

static la_code show_proof(prover *by, la_slice token, const char *jti, la_buffer *ret_challenge)
{
    char authorization[5000], ath[LA_BASE64URL_CHARS(LA_SHA256_BYTES) + 1] = {0}, header[LA_JWK_MAX + 100], claims[500];
    uint8_t digest[LA_SHA256_BYTES];
    la_bearer_outcome o;
    la_sha256(token.p, token.n, digest);
    la_base64url_encode(digest, sizeof digest, ath);
    snprintf(header, sizeof header, "{\"typ\":\"dpop+jwt\",\"alg\":\"%s\",\"jwk\":%s}", la_key_algorithm(by->key)->name,
             by->jwk);
    snprintf(claims, sizeof claims,
             "{\"jti\":\"%s\",\"htm\":\"GET\",\"htu\":\"" RESOURCE "\",\"iat\":%lld,\"ath\":\"%s\"}", jti,
             (long long)NOW_S, ath);
    snprintf(authorization, sizeof authorization, "DPoP %.*s", LA_FMT(token));
    la_bearer_request asked = {.authorization = la_slice_of(authorization),
                               .n_authorization = 1,
                               .dpop = prover_sign(by, header, claims),
                               .n_dpop = 1,
                               .method = LA_SLICE("GET"),
                               .url = LA_SLICE(RESOURCE),
                               .audience = AUDIENCE};
    la_bearer_check(&f->context, verifier, &asked, &o);
    la_buffer_clear(ret_challenge);
    if (!la_is_ok(o.result))
        la_bearer_write_challenge(&f->context, &asked, &o, ret_challenge);
    la_access_token_done(&o.token);
    return o.result.code;
}

/* FAPI 2.0 5.4.1 holds for one application of an environment, too, and where its token is used. */
static void proofs_of_an_application_of_fapi(void **state)
{
    (void)state;
    char text[4096], memory[2048];
    prover rsa;
    la_token_outcome issued;
    la_buffer out, challenge;
    la_token_request request = {.body = LA_SLICE(ONE "api"),
                                .content_type = LA_SLICE("application/x-www-form-urlencoded"),
                                .dpop = prover_proof(&p, "one", NOW_S, ""),
                                .n_dpop = 1};
    prover_init(&rsa, "RS256");
    la_buffer_init_fixed(&challenge, memory, sizeof memory);
    la_buffer_init_fixed(&out, fixture_body, LA_TOKEN_RESPONSE_MAX);
    la_token_issue(&f->context, &request, &out, &issued);
    la_buffer_text(&out);
    assert_int_equal(issued.result.code, LA_OK);
    const char *from = strstr(fixture_body, "\"access_token\":\"") + 16;
    snprintf(text, sizeof text, "%.*s", (int)(strchr(from, '"') - from), from);
    la_slice token = la_slice_of(text);

    assert_int_equal(show_proof(&p, token, "two", &challenge), LA_OK);
    assert_int_equal(show_proof(&rsa, token, "three", &challenge), LA_TOKEN_BOUND);
    assert_non_null(strstr(la_buffer_text(&challenge), "RS256"));
    la_feed_item item = {.kind = LA_FEED_PUT_APPLICATION,
                         .application = {.application_id = 1,
                                         .environment_id = HERE,
                                         .client_id = LA_SLICE("svc one"),
                                         .enabled = true,
                                         .scopes = LA_SLICE("api"),
                                         .registration = {.fapi = true}}};
    apply(&item);
    assert_int_equal(show_proof(&rsa, token, "four", &challenge), LA_DPOP_ALGORITHM);
    assert_non_null(strstr(la_buffer_text(&challenge), "algs=\"ES256 "));
    assert_null(strstr(la_buffer_text(&challenge), "RS256"));
    assert_int_equal(show_proof(&p, token, "five", &challenge), LA_OK);
    prover_done(&rsa);
}

static void the_challenge(void **state)
{
    (void)state;
    static const struct {
        la_code code;
        bool dpop;
        const char *begins;
        int status;
    } cases[] = {
        {LA_TOKEN_MISSING, false, "Bearer realm=\"here\", DPoP realm=\"here\", algs=\"ES256 ", 401},
        {LA_TOKEN_INVALID, false, "Bearer realm=\"here\", error=\"invalid_token\", error_description=\"", 401},
        {LA_TOKEN_BOUND, true, "DPoP realm=\"here\", algs=\"ES256 ", 401},
        {LA_DPOP_NONCE, true, "DPoP realm=\"here\", algs=\"ES256 ", 401},
        {LA_TOKEN_SCOPE, false, "Bearer realm=\"here\", error=\"insufficient_scope\", error_description=\"", 403},
        {LA_RESOURCE_UNSAID, false, "Bearer", 400},
        {LA_OVERLOADED, false, "Bearer", 503},
        {LA_CRYPTO, false, NULL, 500},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char memory[2048];
        la_buffer b;
        la_bearer_outcome o = {.result = {cases[i].code}, .wants_dpop = cases[i].dpop};
        la_bearer_request request = {.scope = LA_SLICE("payments")};
        assert_int_equal(la_bearer_status(&o), cases[i].status);
        if (!cases[i].begins)
            continue;
        la_buffer_init_fixed(&b, memory, sizeof memory);
        la_bearer_write_challenge(&f->context, &request, &o, &b);
        assert_true(la_buffer_ok(&b));
        assert_true(la_slice_starts(la_buffer_slice(&b), la_slice_of(cases[i].begins)));
        assert_int_equal(strstr(la_buffer_text(&b), "scope=\"payments\"") != NULL, cases[i].code == LA_TOKEN_SCOPE);
    }
}

static int set_up(void **state)
{
    (void)state;
    open_fixture(LA_PROFILE_RFC9068);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_fixture();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_token_says),
        TEST(its_times),
        TEST(its_scope_and_audience),
        TEST(a_revoked_token),
        TEST(a_revoked_credential),
        TEST(a_revoked_application),
        TEST(an_application_that_is_gone),
        TEST(what_is_bound),
        TEST(proofs_of_an_application_of_fapi),
        TEST(the_challenge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
