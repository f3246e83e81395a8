/* Client assertions: whose one is, by which method and key, how often, and that the wire tells no client from no client. */
#include "assertion_kit.h"

#include "base/base64url.h"

#include <openssl/hmac.h>

static void client_id_may_be_there(void **state)
{
    la_slice right = prover_sign(&kit.ec, kit_header_of(&kit.ec, ""), kit_claims_of("ec", TO_US));
    assert_int_equal(kit_post(right, "&client_id=rsa").result.code, LA_ASSERTION_CLIENT_ID);
    assert_int_equal(kit_post(right, "&client_id=ec").result.code, LA_OK); /* the refused one has used nothing up */
}

static void the_outcome_names_the_credential(void **state)
{
    la_token_outcome o = kit_post(prover_sign(&kit.ec, kit_header_of(&kit.ec, ""), kit_claims_of("ec", TO_US)), "");
    assert_int_equal(o.credential_tag, la_credential_tag_of_thumbprint(LA_CREDENTIAL_KEY, kit.ec.jkt));
    assert_int_equal(o.application_id, 21);
    assert_int_equal(o.secret_id, 0);
    assert_slice(o.client_id, "ec");
    assert_slice(o.attempted_client_id, "ec");
    assert_false(o.failed_authentication);
    o = kit_post(prover_sign(&kit.other, kit_header_of(&kit.other, ""), kit_claims_of("ec", TO_US)), "");
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
    kit.f->context.throttle = (la_throttle_query){block, NULL};
    la_code code = kit_code_of(&kit.ec, "", kit_claims_of("ec", TO_US));
    kit.f->context.throttle = (la_throttle_query){0};
    assert_int_equal(code, LA_CLIENT_THROTTLED);
}

/* Nobody can use up the jti of a client without its key. */
static void a_jti_is_used_by_its_owner_alone(void **state)
{
    char claims[4096];
    snprintf(claims, sizeof claims, "%s", kit_claims_of("ec", TO_US));
    assert_int_equal(kit_code_of(&kit.other, "", claims), LA_ASSERTION_SIGNATURE);
    assert_int_equal(kit_code_of(&kit.ec, "", claims), LA_OK);
    assert_int_equal(kit_code_of(&kit.ec, "", claims), LA_REPLAYED);
    /* and another client may have the same */
    char *same = strstr(claims, "\"jti\"");
    char of_both[sizeof claims + 64];
    snprintf(of_both, sizeof of_both, "{\"iss\":\"both\",\"sub\":\"both\",%s", same);
    assert_int_equal(kit_code_of(&kit.ec, "", of_both), LA_OK);
}

static void without_a_table_nothing_is_taken_on_trust(void **state)
{
    kit.f->context.replay = (la_replay_query){0};
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("ec", TO_US)), LA_SERVER_ERROR);
}

static void the_token_endpoint_is_an_audience_for_whom_it_was_registered(void **state)
{
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("legacy", ",\"aud\":\"" TOKEN_URL "\"")), LA_OK);
    assert_int_equal(
        kit_code_of(&kit.ec, "", kit_claims_of("legacy", ",\"aud\":[\"https://mtls.issuer.example/oauth2/token\"]")),
        LA_OK);
    assert_int_equal(
        kit_code_of(&kit.ec, "", kit_claims_of("legacy", ",\"aud\":\"https://issuer.example/oauth2/token/\"")),
        LA_ASSERTION_AUDIENCE);
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("ec", ",\"aud\":\"" TOKEN_URL "\"")),
                     LA_ASSERTION_AUDIENCE);
    /* and who has not proven to be a client learns nothing of that */
    assert_int_equal(kit_code_of(&kit.other, "", kit_claims_of("ec", ",\"aud\":\"" TOKEN_URL "\"")),
                     LA_ASSERTION_SIGNATURE);
    assert_int_equal(kit_code_of(&kit.other, "", kit_claims_of("legacy", ",\"aud\":\"" TOKEN_URL "\"")),
                     LA_ASSERTION_SIGNATURE);
}

static void a_pinned_alg_is_the_only_one(void **state)
{
    assert_int_equal(kit_code_of(&kit.okp, "", kit_claims_of("pinned", TO_US)), LA_OK);
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("pinned", TO_US)), LA_ASSERTION_ALGORITHM);
}

/* FAPI 2.0 5.3.2.1: of an application, then of its environment. What is left to refuse is that the token is bound to nothing. */
static void fapi_is_stricter(void **state)
{
    char body[512] = "grant_type=client_credentials&scope=api&client_id=fapi-secret&client_secret=right";
    assert_int_equal(fixture_post(kit.f, body, NULL).result.code, LA_CLIENT_FAPI);
    for (int i = 0; i < 2; i++) {
        const char *client = i ? "ec" : "fapi";
        kit.f->environment.fapi = i;
        assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of(client, TO_US)), LA_BINDING_NEEDED);
        assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of(client, ",\"aud\":[\"" ISSUER "\"]")),
                         LA_ASSERTION_AUDIENCE);
        assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of(client, ",\"aud\":\"" TOKEN_URL "\"")),
                         LA_ASSERTION_AUDIENCE);
        char claims[256];
        snprintf(claims, sizeof claims,
                 "{\"iss\":\"%s\",\"sub\":\"%s\",\"jti\":\"f\",\"exp\":1800000331,\"aud\":\"" ISSUER "\"}", client,
                 client);
        assert_int_equal(kit_code_of(&kit.ec, "", claims), LA_ASSERTION_LIFETIME);
    }
    assert_int_equal(kit_code_of(&kit.rsa, "", kit_claims_of("rsa", TO_US)), LA_ASSERTION_ALGORITHM);
    snprintf(body, sizeof body, "grant_type=client_credentials&scope=api&client_id=post-only&client_secret=right");
    assert_int_equal(fixture_post(kit.f, body, NULL).result.code, LA_CLIENT_FAPI);
}

static void a_set_is_fetched(void **state)
{
    kit.source.is_pending = true;
    la_slice assertion = prover_sign(&kit.ec, kit_header_of(&kit.ec, ""), kit_claims_of("fetched", TO_US));
    la_token_outcome o = kit_post(assertion, "");
    assert_int_equal(o.result.code, LA_PENDING);
    assert_int_equal(o.wait, LA_WAIT_KEY_SET);
    assert_slice(o.key_set_uri, URI);
    assert_false(o.failed_authentication);
    kit.source.is_pending = false;
    kit.source.text = kit_set_of(3, &kit.ec, NULL);
    assert_int_equal(kit_post(assertion, "").result.code, LA_OK); /* the same again: it had used nothing up */
    assert_int_equal(kit.source.asked_for_unknown, 0);
    kit.source.is_gone = true;
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("fetched", TO_US)), LA_ASSERTION_KEY_SET);
}

static void an_unknown_kid_asks_for_a_newer_set(void **state)
{
    char kid[100];
    kit.source.text = kit_set_of(3, &kit.other, NULL);
    snprintf(kid, sizeof kid, ",\"kid\":\"%s\"", la_key_id(kit.ec.key));
    assert_int_equal(kit_code_of(&kit.ec, kid, kit_claims_of("fetched", TO_US)), LA_ASSERTION_KEY);
    assert_int_equal(kit.source.asked_for_unknown, 1); /* once, and there was none */
    kit.source.newer = kit_set_of(4, &kit.ec, &kit.other);
    assert_int_equal(kit_code_of(&kit.ec, kid, kit_claims_of("fetched", TO_US)), LA_OK);
    /* without a kid a wrong signature is all there is to see of a new key */
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("fetched", TO_US)), LA_OK);
    /* a wrong signature of a known key is no reason */
    kit.source.text = kit.source.newer;
    kit.source.asked_for_unknown = 0;
    assert_int_equal(kit_code_of(&kit.okp, "", kit_claims_of("fetched", TO_US)), LA_ASSERTION_KEY);
    assert_int_equal(kit_code_of(&kit.other, kid, kit_claims_of("fetched", TO_US)), LA_ASSERTION_SIGNATURE);
    assert_int_equal(kit.source.asked_for_unknown, 1);
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
    return kit_post(mac(alg, secret, strlen(secret), kit_claims_of(client, TO_US)), "").result.code;
}

static void secrets_make_macs(void **state)
{
    la_token_outcome o = kit_post(mac("HS256", SECRET, strlen(SECRET), kit_claims_of("mac", TO_US)), "");
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
    kit.f->environment.fapi = true;
    assert_int_equal(mac_code("HS256", SECRET, "mac"), LA_ASSERTION_ALGORITHM);
}

/* ASR-21, CA-20, JOSE-02. */
static void methods_do_not_mix(void **state)
{
    uint8_t x[32];
    size_t n;
    char *at = strstr(kit.ec.jwk, "\"x\":\"") + 5;
    assert_int_equal(mac_code("HS256", kit.ec.jwk, "ec"), LA_CLIENT_METHOD_WRONG);
    assert_ok(la_base64url_decode((la_slice){at, 43}, x, sizeof x, &n));
    assert_int_equal(kit_post(mac("HS256", x, n, kit_claims_of("ec", TO_US)), "").result.code, LA_CLIENT_METHOD_WRONG);
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("mac", TO_US)), LA_CLIENT_METHOD_WRONG);
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("post-only", TO_US)), LA_CLIENT_METHOD_WRONG);
    assert_int_equal(mac_code("HS256", "right", "post-only"), LA_CLIENT_METHOD_WRONG);
    la_token_outcome o = fixture_post(
        kit.f, "grant_type=client_credentials&scope=api&client_id=mac&client_secret=" SECRET, NULL);
    assert_int_equal(la_result_info_of(o.result.code)->http_status, 401);
}

/* CA-22: what only the registration decides looks the same for all. */
static void failures_look_alike(void **state)
{
    char first[LA_TOKEN_RESPONSE_MAX + 1];
    static const char *const clients[] = {"nobody", "away", "ec", "rsa", "off", "keyless", "weird", "mac", "post-only"};
    static const char *const macs[] = {"nobody", "away", "ec", "short", "moved", "lapsed", "post-only"};
    kit_code_of(&kit.other, "", kit_claims_of("ec", TO_US));
    memcpy(first, kit.last_body, sizeof first);
    assert_non_null(strstr(first, "invalid_client"));
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        kit_code_of(&kit.other, "", kit_claims_of(clients[i], TO_US));
        assert_string_equal(kit.last_body, first);
    }
    for (size_t i = 0; i < sizeof macs / sizeof *macs; i++) {
        mac_code("HS256", "wrong", macs[i]);
        assert_string_equal(kit.last_body, first);
    }
    mac_code("HS256", SECRET, "lapsed");
    assert_string_equal(kit.last_body, first);
    kit.source.is_gone = true;
    kit_code_of(&kit.other, "", kit_claims_of("fetched", TO_US));
    assert_string_equal(kit.last_body, first);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, kit_forget)
    const struct CMUnitTest tests[] = {
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
    return cmocka_run_group_tests(tests, kit_set_up, kit_tear_down);
}
