/* Client assertions (RFC 7523 3): which code each one ends with, row by row, and that the wire tells no client from no client. */
#include "prover.h"

#include "base/base64url.h"
#include "jose/wrap.h"

#include <openssl/hmac.h>

#define ISSUER "https://issuer.example"
#define TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define SECRET "las_test_0123456789012345678901234567890123456789012345678" /* 58 characters, as ours are */
#define URI "https://client.example/jwks"

static fixture *f;
static prover ec, rsa, okp, other;
static la_master_key *master_key;
static char sets[6][2 * LA_JWK_MAX];
static char last_body[LA_TOKEN_RESPONSE_MAX + 1];

/* ---- a client with a jwks_uri: what its set is, and what the fetcher says ---- */

static struct {
    la_slice text, newer;
    bool is_pending, is_gone;
    unsigned asked, asked_for_unknown;
} source;

static la_result find_set(void *self, la_slice uri, bool unknown_kid, la_slice *ret)
{
    assert_slice(uri, URI);
    source.asked++;
    source.asked_for_unknown += unknown_kid;
    if (source.is_gone)
        return la_error(LA_UNAVAILABLE);
    if (source.is_pending)
        return la_error(LA_PENDING);
    *ret = unknown_kid && source.newer.p ? source.newer : source.text;
    return la_ok();
}

/* ---- the applications ---- */

static la_slice set_of(unsigned i, const prover *a, const prover *b)
{
    int n = snprintf(sets[i], sizeof sets[i], "{\"keys\":[%s%s%s]}", a->jwk, b ? "," : "", b ? b->jwk : "");
    assert_true(n > 0 && (size_t)n < sizeof sets[i]);
    return la_slice_of(sets[i]);
}

static la_feed_item application(uint64_t id, const char *client_id, la_auth_method method, la_slice jwks)
{
    return (la_feed_item){.kind = LA_FEED_PUT_APPLICATION,
                          .application = {.application_id = id,
                                          .environment_id = HERE,
                                          .client_id = la_slice_of(client_id),
                                          .enabled = true,
                                          .auth_method = method,
                                          .scopes = LA_SLICE("api"),
                                          .registration.jwks = jwks,
                                          .version = id}};
}

static void wrap(const char *client_id, const char *secret, int64_t expires_at_s, la_secret_record *ret, char *memory)
{
    la_buffer b;
    la_buffer_init_fixed(&b, memory, LA_WRAPPED_SECRET_MAX);
    assert_ok(la_wrap(master_key, "client-secret", la_slice_of(client_id), la_slice_of(secret), &b));
    *ret = (la_secret_record){
        .secret_id = 7, .kind = LA_SECRET_WRAPPED, .wrapped = la_buffer_slice(&b), .expires_at_s = expires_at_s};
}

static void put_applications(void)
{
    static char wrapped[6][LA_WRAPPED_SECRET_MAX];
    la_feed_item items[] = {
        application(21, "ec", LA_AUTH_PRIVATE_KEY_JWT, set_of(0, &ec, NULL)),
        application(22, "rsa", LA_AUTH_PRIVATE_KEY_JWT, set_of(1, &rsa, NULL)),
        application(23, "both", LA_AUTH_PRIVATE_KEY_JWT, set_of(2, &okp, &ec)),
        application(24, "legacy", LA_AUTH_PRIVATE_KEY_JWT, set_of(0, &ec, NULL)),
        application(25, "fapi", LA_AUTH_PRIVATE_KEY_JWT, set_of(2, &okp, &ec)),
        application(26, "pinned", LA_AUTH_PRIVATE_KEY_JWT, set_of(2, &okp, &ec)),
        application(27, "off", LA_AUTH_PRIVATE_KEY_JWT, set_of(0, &ec, NULL)),
        application(28, "fetched", LA_AUTH_PRIVATE_KEY_JWT, LA_NO_SLICE),
        application(29, "keyless", LA_AUTH_PRIVATE_KEY_JWT, LA_NO_SLICE),
        application(30, "mac", LA_AUTH_CLIENT_SECRET_JWT, LA_NO_SLICE),
        application(31, "short", LA_AUTH_CLIENT_SECRET_JWT, LA_NO_SLICE),
        application(32, "lapsed", LA_AUTH_CLIENT_SECRET_JWT, LA_NO_SLICE),
        application(33, "moved", LA_AUTH_CLIENT_SECRET_JWT, LA_NO_SLICE),
        application(34, "away", LA_AUTH_PRIVATE_KEY_JWT, set_of(0, &ec, NULL)),
        application(35, "weird", LA_AUTH_PRIVATE_KEY_JWT, LA_SLICE("{\"keys\":[]}")),
        application(36, "fapi-secret", LA_AUTH_CLIENT_SECRET, LA_NO_SLICE),
    };
    items[3].application.registration.token_endpoint_audience = true;
    items[4].application.registration.fapi = true;
    items[4].application.registration.token_endpoint_audience = true; /* FAPI is the stronger of the two */
    items[5].application.registration.signing_alg = LA_SLICE("EdDSA");
    items[6].application.enabled = false;
    items[7].application.registration.jwks_uri = LA_SLICE(URI);
    items[9].application.n_secrets = 2;
    wrap("mac", "another-secret-that-is-also-alive-and-long-enough", 0, &items[9].application.secrets[0], wrapped[0]);
    wrap("mac", SECRET, 0, &items[9].application.secrets[1], wrapped[1]);
    items[9].application.secrets[1].secret_id = 8;
    items[10].application.n_secrets = 1;
    wrap("short", "0123456789012345678901234567890", 0, &items[10].application.secrets[0], wrapped[2]); /* 31 */
    items[11].application.n_secrets = 1;
    wrap("lapsed", SECRET, NOW_S, &items[11].application.secrets[0], wrapped[3]);
    items[12].application.n_secrets = 1;
    wrap("mac", SECRET, 0, &items[12].application.secrets[0], wrapped[4]); /* another client's row */
    items[13].application.environment_id = ELSEWHERE;
    items[15].application.registration.fapi = true;
    items[15].application.n_secrets = 1;
    items[15].application.secrets[0].secret_id = 9;
    la_hasher_digest(f->hasher, LA_SLICE("right"), items[15].application.secrets[0].digest);

    la_registry_batch *batch;
    la_feed_position position = {.sequence = 2};
    assert_ok(la_registry_batch_begin(f->registry, false, &batch));
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        assert_ok(la_registry_batch_apply(batch, &items[i]));
    assert_ok(la_registry_batch_commit(batch, &position));
    assert_ok(la_registry_view_refresh(f->view));
}

static void make_master_key(void)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/master.key", f->dir);
    assert_ok(la_master_key_create(path));
    assert_ok(la_master_key_load(path, &master_key));
}

static int setup(void **state)
{
    f = fixture_new("ES256", LA_PROFILE_RFC9068);
    prover_init(&ec, "ES256");
    prover_init(&rsa, "RS256");
    prover_init(&okp, "EdDSA");
    prover_init(&other, "ES256");
    make_master_key();
    put_applications();
    f->environment.mtls_url = LA_SLICE("https://mtls.issuer.example");
    f->environment.assertion_lifetime_max_s = 600;
    f->context.master_key = master_key;
    f->context.key_cache = la_key_cache_new(64);
    f->context.keys = (la_key_source){find_set, NULL};
    return 0;
}

static int teardown(void **state)
{
    la_key_cache_free(f->context.key_cache);
    la_master_key_free(master_key);
    prover_done(&ec);
    prover_done(&rsa);
    prover_done(&okp);
    prover_done(&other);
    fixture_free(f);
    return 0;
}

static int forget(void **state)
{
    memset(&source, 0, sizeof source);
    prover_remember(&f->context);
    f->environment.fapi = false;
    f->context.now_s = NOW_S;
    return 0;
}

/* ---- requests ---- */

static la_token_outcome post(la_slice assertion, const char *more)
{
    char body[2 * LA_JWT_MAX];
    snprintf(body, sizeof body,
             "grant_type=client_credentials&scope=api&client_assertion_type=" TYPE "&client_assertion=%.*s%s",
             LA_FMT(assertion), more);
    la_token_outcome o = fixture_post(f, body, NULL);
    assert_int_equal(la_is_ok(o.result), strstr(fixture_body, "access_token") != NULL);
    snprintf(last_body, sizeof last_body, "%s", fixture_body);
    return o;
}

static const char *header_of(const prover *p, const char *more)
{
    static char header[2048];
    snprintf(header, sizeof header, "{\"alg\":\"%s\"%s}", la_key_algorithm(p->key)->name, more);
    return header;
}

/* iss, sub and jti as they should be, exp in a minute, and these members. */
static const char *claims_of(const char *client_id, const char *more)
{
    static char claims[4096];
    static unsigned n;
    snprintf(claims, sizeof claims, "{\"iss\":\"%s\",\"sub\":\"%s\",\"jti\":\"j%u\",\"exp\":%d%s}", client_id,
             client_id, ++n, NOW_S + 60, more);
    return claims;
}

#define TO_US ",\"aud\":\"" ISSUER "\""

static la_code code_of(prover *p, const char *header_more, const char *claims)
{
    return post(prover_sign(p, header_of(p, header_more), claims), "").result.code;
}

static void check(size_t i, la_code code, la_code expected)
{
    if (code != expected)
        fail_msg("row %zu: %s, expected %s", i, la_result_info_of(code)->name, la_result_info_of(expected)->name);
}

#define OF_EC "{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1800000060"

static void claims_are_judged(void **state)
{
    static const struct {
        const char *claims;
        la_code code;
    } rows[] = {
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c0\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_OK},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c1\",\"exp\":1800000060,\"aud\":[\"" ISSUER "\"]}", LA_OK},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c2\",\"exp\":1800000060.7,\"aud\":\"" ISSUER "\",\"iat\":1.8e9}",
         LA_OK},
        /* ASR-04 */
        {"{\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"rsa\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}",
         LA_ASSERTION_CLAIMS},
        {"{\"iss\":[\"ec\"],\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}",
         LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":7,\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"\",\"sub\":\"\",\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"e\\n\",\"sub\":\"e\\n\",\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}",
         LA_ASSERTION_CLAIMS},
        /* ASR-05 to 08 */
        {OF_EC "}", LA_ASSERTION_CLAIMS},
        {OF_EC ",\"aud\":[]}", LA_ASSERTION_CLAIMS},
        {OF_EC ",\"aud\":{}}", LA_ASSERTION_CLAIMS},
        {OF_EC ",\"aud\":[1]}", LA_ASSERTION_CLAIMS},
        {OF_EC ",\"aud\":[\"" ISSUER "\",\"https://b\"]}", LA_ASSERTION_AUDIENCE},
        {OF_EC ",\"aud\":[\"" ISSUER "\",\"" ISSUER "\"]}", LA_ASSERTION_AUDIENCE},
        {OF_EC ",\"aud\":\"" ISSUER "/\"}", LA_ASSERTION_AUDIENCE},
        {OF_EC ",\"aud\":\"\"}", LA_ASSERTION_AUDIENCE},
        {OF_EC ",\"aud\":\"" TOKEN_URL "\"}", LA_ASSERTION_AUDIENCE},
        {OF_EC ",\"aud\":\"https://mtls.issuer.example/oauth2/"
               "token\"}",
         LA_ASSERTION_AUDIENCE},
        /* ASR-11, JOSE-11 */
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":\"1800000060\",\"aud\":\"" ISSUER "\"}",
         LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":true,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":null,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":-1,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1e300,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1e400,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_MALFORMED},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1799999990,\"aud\":\"" ISSUER "\"}",
         LA_ASSERTION_EXPIRED},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c3\",\"exp\":1799999991,\"aud\":\"" ISSUER "\"}", LA_OK},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1800000631,\"aud\":\"" ISSUER "\"}",
         LA_ASSERTION_LIFETIME},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c4\",\"exp\":1800000630,\"aud\":\"" ISSUER "\"}", LA_OK},
        /* ASR-13 */
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c5\",\"exp\":1800000060,\"iat\":1800000010,\"nbf\":1800000010,"
         "\"aud\":\"" ISSUER "\"}",
         LA_OK},
        {OF_EC ",\"iat\":1800000061,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_TIME},
        {OF_EC ",\"nbf\":1800000061,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_TIME},
        {OF_EC ",\"nbf\":\"0\",\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        /* ASR-15 */
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":5,\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c0\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_REPLAYED},
        /* JOSE-09 */
        {OF_EC ",\"aud\":\"x\",\"aud\":\"" ISSUER "\"}", LA_ASSERTION_MALFORMED},
        {"[]", LA_ASSERTION_MALFORMED},
        {"", LA_ASSERTION_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(i, code_of(&ec, "", rows[i].claims), rows[i].code);
}

static void a_long_jti_is_refused(void **state)
{
    char claims[1024];
    for (int n = 256; n <= 257; n++) {
        snprintf(claims, sizeof claims,
                 "{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"%0*d\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", n, 0);
        assert_int_equal(code_of(&ec, "", claims), n == 256 ? LA_OK : LA_ASSERTION_CLAIMS);
    }
}

static void headers_are_judged(void **state)
{
    static const struct {
        const char *more;
        la_code code;
    } rows[] = {
        {",\"typ\":\"JWT\"", LA_OK},
        {",\"typ\":\"jwt\"", LA_OK},
        {",\"typ\":\"client-authentication+jwt\"", LA_OK},
        {",\"typ\":\"application/client-authentication+jwt\"", LA_OK},
        {",\"typ\":\"dpop+jwt\"", LA_ASSERTION_TYP},
        {",\"typ\":\"at+jwt\"", LA_ASSERTION_TYP},
        {",\"typ\":\"token-introspection+jwt\"", LA_ASSERTION_TYP},
        {",\"typ\":\"\"", LA_ASSERTION_TYP},
        {",\"typ\":1", LA_ASSERTION_MALFORMED},
        {",\"kid\":\"of-nobody\"", LA_ASSERTION_KEY},
        {",\"kid\":\"../../../../dev/null\"", LA_ASSERTION_KEY},
        {",\"kid\":\"' OR '1'='1\"", LA_ASSERTION_KEY},
        {",\"kid\":\"\\u0000\"", LA_ASSERTION_MALFORMED},
        {",\"kid\":7", LA_ASSERTION_MALFORMED},
        {",\"crit\":[\"exp\"],\"exp\":1", LA_ASSERTION_MALFORMED},
        {",\"crit\":[]", LA_ASSERTION_MALFORMED},
        {",\"crit\":\"b64\",\"b64\":false", LA_ASSERTION_MALFORMED},
        {",\"crit\":[\"alg\"]", LA_ASSERTION_MALFORMED},
        {",\"alg\":\"ES256\"", LA_ASSERTION_MALFORMED},
        {",\"jku\":\"https://attacker.example/\",\"x5u\":\"https://attacker.example/\"", LA_OK}, /* passed over */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(i, code_of(&ec, rows[i].more, claims_of("ec", TO_US)), rows[i].code);
}

static void a_kid_chooses_the_key(void **state)
{
    char kid[100];
    snprintf(kid, sizeof kid, ",\"kid\":\"%s\"", la_key_id(ec.key));
    assert_int_equal(code_of(&ec, kid, claims_of("both", TO_US)), LA_OK);
    assert_int_equal(code_of(&okp, kid, claims_of("both", TO_US)), LA_ASSERTION_KEY); /* its alg is another */
    assert_int_equal(code_of(&other, kid, claims_of("both", TO_US)), LA_ASSERTION_SIGNATURE);
    assert_int_equal(code_of(&okp, "", claims_of("both", TO_US)), LA_OK);
}

/* RFC 8725 3.1, 3.10: what the header brings along is no key. */
static void keys_of_others_are_none(void **state)
{
    char more[2 * LA_JWK_MAX];
    snprintf(more, sizeof more, ",\"jwk\":%s", other.jwk);
    assert_int_equal(code_of(&other, more, claims_of("ec", TO_US)), LA_ASSERTION_SIGNATURE);
    assert_int_equal(code_of(&rsa, "", claims_of("ec", TO_US)), LA_ASSERTION_KEY);
    assert_int_equal(code_of(&ec, "", claims_of("rsa", TO_US)), LA_ASSERTION_KEY); /* ASR-19 */
    assert_int_equal(code_of(&ec, "", claims_of("keyless", TO_US)), LA_ASSERTION_KEY);
    assert_int_equal(code_of(&ec, "", claims_of("weird", TO_US)), LA_ASSERTION_KEY_SET);
    assert_int_equal(code_of(&ec, "", claims_of("off", TO_US)), LA_CLIENT_DISABLED);
    assert_int_equal(code_of(&other, "", claims_of("off", TO_US)), LA_ASSERTION_SIGNATURE);
    assert_int_equal(code_of(&ec, "", claims_of("nobody", TO_US)), LA_CLIENT_UNKNOWN);
    assert_int_equal(code_of(&ec, "", claims_of("away", TO_US)), LA_CLIENT_OTHER_ENVIRONMENT);
}

static void what_is_no_assertion_is_refused(void **state)
{
    static const char *const none[] = {
        "x",
        "..",
        "a.b",
        "a.b.c",
        "eyJhbGciOiJub25lIn0.e30.",
        "eyJhbGciOiJub25lIn0.e30.AA",
        "eyJhbGciOiJOT05FIn0.e30.",
        "%7B%22payload%22%3A%22e30%22%7D",
        "eyJhbGciOiJFUzI1NiJ9.e30.AA%3D%3D",
        "eyJhbGciOiJlczI1NiJ9.e30.AA",
    };
    char body[3 * LA_JWT_MAX];
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        check(i, post(la_slice_of(none[i]), "").result.code, LA_ASSERTION_MALFORMED);
    la_slice right = prover_sign(&ec, header_of(&ec, ""), claims_of("ec", TO_US));
    snprintf(body, sizeof body, "%.*s+%.*s", LA_FMT(right), LA_FMT(right)); /* ASR-02 */
    assert_int_equal(post(la_slice_of(body), "").result.code, LA_ASSERTION_MALFORMED);
    snprintf(body, sizeof body, "%.*s", LA_FMT(right));
    body[right.n - 20] ^= 1; /* a letter of the signature; never one that base64url lacks */
    if (!strchr("/+:@[`{^,.", body[right.n - 20]))
        assert_int_equal(post(la_slice_of(body), "").result.code, LA_ASSERTION_SIGNATURE);
    snprintf(body, sizeof body, "%.*s", (int)right.n - 2, right.p); /* 63 octets */
    body[right.n - 3] = 'A';
    assert_int_equal(post(la_slice_of(body), "").result.code, LA_ASSERTION_SIGNATURE);
    memset(body, 'A', LA_JWT_MAX + 1);
    body[LA_JWT_MAX + 1] = 0;
    assert_int_equal(post(la_slice_of(body), "").result.code, LA_ASSERTION_MALFORMED);
}

static void the_form_is_judged(void **state)
{
    static const struct {
        const char *body;
        la_code code;
    } rows[] = {
        {"client_assertion=x", LA_ASSERTION_TYPE},
        {"client_assertion_type=" TYPE, LA_ASSERTION_TYPE},
        {"client_assertion=x&client_assertion_type=" TYPE "x", LA_ASSERTION_TYPE},
        {"client_assertion=x&client_assertion=x&client_assertion_type=" TYPE, LA_FORM_REPEATED},
        {"client_assertion=x&client_secret=y&client_assertion_type=" TYPE, LA_CLIENT_METHODS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[512];
        snprintf(body, sizeof body, "grant_type=client_credentials&scope=api&%s", rows[i].body);
        check(i, fixture_post(f, body, NULL).result.code, rows[i].code);
    }
}

static void client_id_may_be_there(void **state)
{
    la_slice right = prover_sign(&ec, header_of(&ec, ""), claims_of("ec", TO_US));
    assert_int_equal(post(right, "&client_id=rsa").result.code, LA_ASSERTION_CLIENT_ID);
    assert_int_equal(post(right, "&client_id=ec").result.code, LA_OK); /* the refused one has used nothing up */
}

static void the_outcome_names_the_credential(void **state)
{
    la_token_outcome o = post(prover_sign(&ec, header_of(&ec, ""), claims_of("ec", TO_US)), "");
    assert_int_equal(o.credential_tag, la_credential_tag_of_thumbprint(LA_CREDENTIAL_KEY, ec.jkt));
    assert_int_equal(o.application_id, 21);
    assert_int_equal(o.secret_id, 0);
    assert_slice(o.client_id, "ec");
    assert_slice(o.attempted_client_id, "ec");
    assert_false(o.failed_authentication);
    o = post(prover_sign(&other, header_of(&other, ""), claims_of("ec", TO_US)), "");
    assert_true(o.failed_authentication);
    assert_slice(o.attempted_client_id, "ec");
    assert_int_equal(o.credential_tag, 0);
}

static bool block(void *self, la_slice client_id)
{
    return la_slice_is(client_id, "ec");
}

static void failures_are_throttled_by_the_name_that_was_tried(void **state)
{
    f->context.throttle = (la_throttle_query){block, NULL};
    la_code code = code_of(&ec, "", claims_of("ec", TO_US));
    f->context.throttle = (la_throttle_query){0};
    assert_int_equal(code, LA_CLIENT_THROTTLED);
}

/* Nobody can use up the jti of a client without its key. */
static void a_jti_is_used_by_its_owner_alone(void **state)
{
    char claims[4096];
    snprintf(claims, sizeof claims, "%s", claims_of("ec", TO_US));
    assert_int_equal(code_of(&other, "", claims), LA_ASSERTION_SIGNATURE);
    assert_int_equal(code_of(&ec, "", claims), LA_OK);
    assert_int_equal(code_of(&ec, "", claims), LA_REPLAYED);
    /* and another client may have the same */
    char *same = strstr(claims, "\"jti\"");
    char of_both[sizeof claims + 64];
    snprintf(of_both, sizeof of_both, "{\"iss\":\"both\",\"sub\":\"both\",%s", same);
    assert_int_equal(code_of(&ec, "", of_both), LA_OK);
}

static void without_a_table_nothing_is_taken_on_trust(void **state)
{
    f->context.replay = (la_replay_query){0};
    assert_int_equal(code_of(&ec, "", claims_of("ec", TO_US)), LA_SERVER_ERROR);
}

static void the_token_endpoint_is_an_audience_for_whom_it_was_registered(void **state)
{
    assert_int_equal(code_of(&ec, "", claims_of("legacy", ",\"aud\":\"" TOKEN_URL "\"")), LA_OK);
    assert_int_equal(code_of(&ec, "", claims_of("legacy", ",\"aud\":[\"https://mtls.issuer.example/oauth2/token\"]")),
                     LA_OK);
    assert_int_equal(code_of(&ec, "", claims_of("legacy", ",\"aud\":\"https://issuer.example/oauth2/token/\"")),
                     LA_ASSERTION_AUDIENCE);
    assert_int_equal(code_of(&ec, "", claims_of("ec", ",\"aud\":\"" TOKEN_URL "\"")), LA_ASSERTION_AUDIENCE);
    /* and who has not proven to be a client learns nothing of that */
    assert_int_equal(code_of(&other, "", claims_of("ec", ",\"aud\":\"" TOKEN_URL "\"")), LA_ASSERTION_SIGNATURE);
    assert_int_equal(code_of(&other, "", claims_of("legacy", ",\"aud\":\"" TOKEN_URL "\"")), LA_ASSERTION_SIGNATURE);
}

static void a_pinned_alg_is_the_only_one(void **state)
{
    assert_int_equal(code_of(&okp, "", claims_of("pinned", TO_US)), LA_OK);
    assert_int_equal(code_of(&ec, "", claims_of("pinned", TO_US)), LA_ASSERTION_ALGORITHM);
}

/* FAPI 2.0 5.3.2.1: of an application, then of its environment. What is left to refuse is that the token is bound to nothing. */
static void fapi_is_stricter(void **state)
{
    char body[512] = "grant_type=client_credentials&scope=api&client_id=fapi-secret&client_secret=right";
    assert_int_equal(fixture_post(f, body, NULL).result.code, LA_CLIENT_FAPI);
    for (int i = 0; i < 2; i++) {
        const char *client = i ? "ec" : "fapi";
        f->environment.fapi = i;
        assert_int_equal(code_of(&ec, "", claims_of(client, TO_US)), LA_BINDING_NEEDED);
        assert_int_equal(code_of(&ec, "", claims_of(client, ",\"aud\":[\"" ISSUER "\"]")), LA_ASSERTION_AUDIENCE);
        assert_int_equal(code_of(&ec, "", claims_of(client, ",\"aud\":\"" TOKEN_URL "\"")), LA_ASSERTION_AUDIENCE);
        char claims[256];
        snprintf(claims, sizeof claims,
                 "{\"iss\":\"%s\",\"sub\":\"%s\",\"jti\":\"f\",\"exp\":1800000331,\"aud\":\"" ISSUER "\"}", client,
                 client);
        assert_int_equal(code_of(&ec, "", claims), LA_ASSERTION_LIFETIME);
    }
    assert_int_equal(code_of(&rsa, "", claims_of("rsa", TO_US)), LA_ASSERTION_ALGORITHM);
    snprintf(body, sizeof body, "grant_type=client_credentials&scope=api&client_id=post-only&client_secret=right");
    assert_int_equal(fixture_post(f, body, NULL).result.code, LA_CLIENT_FAPI);
}

static void a_set_is_fetched(void **state)
{
    source.is_pending = true;
    la_slice assertion = prover_sign(&ec, header_of(&ec, ""), claims_of("fetched", TO_US));
    la_token_outcome o = post(assertion, "");
    assert_int_equal(o.result.code, LA_PENDING);
    assert_int_equal(o.wait, LA_WAIT_KEY_SET);
    assert_slice(o.key_set_uri, URI);
    assert_false(o.failed_authentication);
    source.is_pending = false;
    source.text = set_of(3, &ec, NULL);
    assert_int_equal(post(assertion, "").result.code, LA_OK); /* the same again: it had used nothing up */
    assert_int_equal(source.asked_for_unknown, 0);
    source.is_gone = true;
    assert_int_equal(code_of(&ec, "", claims_of("fetched", TO_US)), LA_ASSERTION_KEY_SET);
}

static void an_unknown_kid_asks_for_a_newer_set(void **state)
{
    char kid[100];
    source.text = set_of(3, &other, NULL);
    snprintf(kid, sizeof kid, ",\"kid\":\"%s\"", la_key_id(ec.key));
    assert_int_equal(code_of(&ec, kid, claims_of("fetched", TO_US)), LA_ASSERTION_KEY);
    assert_int_equal(source.asked_for_unknown, 1); /* once, and there was none */
    source.newer = set_of(4, &ec, &other);
    assert_int_equal(code_of(&ec, kid, claims_of("fetched", TO_US)), LA_OK);
    /* without a kid a wrong signature is all there is to see of a new key */
    assert_int_equal(code_of(&ec, "", claims_of("fetched", TO_US)), LA_OK);
    /* a wrong signature of a known key is no reason */
    source.text = source.newer;
    source.asked_for_unknown = 0;
    assert_int_equal(code_of(&okp, "", claims_of("fetched", TO_US)), LA_ASSERTION_KEY);
    assert_int_equal(code_of(&other, kid, claims_of("fetched", TO_US)), LA_ASSERTION_SIGNATURE);
    assert_int_equal(source.asked_for_unknown, 1);
}

/* ---- client_secret_jwt ---- */

static la_slice mac(const char *alg, const void *key, size_t key_bytes, const char *claims)
{
    static char text[LA_JWT_MAX];
    char header[64];
    uint8_t digest[64];
    unsigned n = 0;
    la_buffer b;
    const EVP_MD *md = strcmp(alg, "HS512") == 0   ? EVP_sha512()
                       : strcmp(alg, "HS384") == 0 ? EVP_sha384()
                                                   : EVP_sha256();
    snprintf(header, sizeof header, "{\"alg\":\"%s\"}", alg);
    la_buffer_init_fixed(&b, text, sizeof text);
    la_buffer_add_base64url(&b, header, strlen(header));
    la_buffer_add_char(&b, '.');
    la_buffer_add_base64url(&b, claims, strlen(claims));
    assert_non_null(HMAC(md, key, (int)key_bytes, (const uint8_t *)b.p, b.n, digest, &n));
    la_buffer_add_char(&b, '.');
    la_buffer_add_base64url(&b, digest, n);
    return la_buffer_slice(&b);
}

static la_code mac_code(const char *alg, const char *secret, const char *client)
{
    return post(mac(alg, secret, strlen(secret), claims_of(client, TO_US)), "").result.code;
}

static void secrets_make_macs(void **state)
{
    la_token_outcome o = post(mac("HS256", SECRET, strlen(SECRET), claims_of("mac", TO_US)), "");
    assert_ok(o.result);
    assert_int_equal(o.secret_id, 8);
    assert_int_equal(o.credential_tag, la_credential_tag_of_secret(8));
    assert_int_equal(mac_code("HS384", SECRET, "mac"), LA_OK);
    assert_int_equal(mac_code("HS256", "another-secret-that-is-also-alive-and-long-enough", "mac"), LA_OK);
    assert_int_equal(mac_code("HS512", SECRET, "mac"), LA_ASSERTION_SIGNATURE); /* ASR-22: under 64 octets */
    assert_int_equal(mac_code("HS256", "0123456789012345678901234567890", "short"), LA_ASSERTION_SIGNATURE);
    assert_int_equal(mac_code("HS256", "wrong", "mac"), LA_ASSERTION_SIGNATURE);
    assert_int_equal(mac_code("HS256", SECRET, "lapsed"), LA_CLIENT_SECRET_EXPIRED);
    assert_int_equal(mac_code("HS256", SECRET, "moved"), LA_ASSERTION_KEY_SET);
    assert_int_equal(mac_code("HS256", SECRET, "nobody"), LA_CLIENT_UNKNOWN);
    f->environment.fapi = true;
    assert_int_equal(mac_code("HS256", SECRET, "mac"), LA_ASSERTION_ALGORITHM);
}

/* ASR-21, CA-20, JOSE-02. */
static void methods_do_not_mix(void **state)
{
    uint8_t x[32];
    size_t n;
    char *at = strstr(ec.jwk, "\"x\":\"") + 5;
    assert_int_equal(mac_code("HS256", ec.jwk, "ec"), LA_CLIENT_METHOD_WRONG);
    assert_ok(la_base64url_decode((la_slice){at, 43}, x, sizeof x, &n));
    assert_int_equal(post(mac("HS256", x, n, claims_of("ec", TO_US)), "").result.code, LA_CLIENT_METHOD_WRONG);
    assert_int_equal(code_of(&ec, "", claims_of("mac", TO_US)), LA_CLIENT_METHOD_WRONG);
    assert_int_equal(code_of(&ec, "", claims_of("post-only", TO_US)), LA_CLIENT_METHOD_WRONG);
    assert_int_equal(mac_code("HS256", "right", "post-only"), LA_CLIENT_METHOD_WRONG);
    la_token_outcome o = fixture_post(f, "grant_type=client_credentials&scope=api&client_id=mac&client_secret=" SECRET,
                                      NULL);
    assert_int_equal(la_result_info_of(o.result.code)->http_status, 401);
}

/* CA-22: what only the registration decides looks the same for all. */
static void failures_look_alike(void **state)
{
    char first[LA_TOKEN_RESPONSE_MAX + 1];
    static const char *const clients[] = {"nobody", "away", "ec", "rsa", "off", "keyless", "weird", "mac", "post-only"};
    static const char *const macs[] = {"nobody", "away", "ec", "short", "moved", "lapsed", "post-only"};
    code_of(&other, "", claims_of("ec", TO_US));
    memcpy(first, last_body, sizeof first);
    assert_non_null(strstr(first, "invalid_client"));
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        code_of(&other, "", claims_of(clients[i], TO_US));
        assert_string_equal(last_body, first);
    }
    for (size_t i = 0; i < sizeof macs / sizeof *macs; i++) {
        mac_code("HS256", "wrong", macs[i]);
        assert_string_equal(last_body, first);
    }
    mac_code("HS256", SECRET, "lapsed");
    assert_string_equal(last_body, first);
    source.is_gone = true;
    code_of(&other, "", claims_of("fetched", TO_US));
    assert_string_equal(last_body, first);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, forget)
    const struct CMUnitTest tests[] = {
        T(claims_are_judged),
        T(a_long_jti_is_refused),
        T(headers_are_judged),
        T(a_kid_chooses_the_key),
        T(keys_of_others_are_none),
        T(what_is_no_assertion_is_refused),
        T(the_form_is_judged),
        T(client_id_may_be_there),
        T(the_outcome_names_the_credential),
        T(failures_are_throttled_by_the_name_that_was_tried),
        T(a_jti_is_used_by_its_owner_alone),
        T(without_a_table_nothing_is_taken_on_trust),
        T(the_token_endpoint_is_an_audience_for_whom_it_was_registered),
        T(a_pinned_alg_is_the_only_one),
        T(fapi_is_stricter),
        T(a_set_is_fetched),
        T(an_unknown_kid_asks_for_a_newer_set),
        T(secrets_make_macs),
        T(methods_do_not_mix),
        T(failures_look_alike),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
