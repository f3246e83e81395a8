/*
 * Wycheproof's vectors (C2SP/wycheproof, testvectors_v1), read from the folder `shared/vectors` next to the checkout, or
 * $LEANAUTH_SHARED/vectors. Skipped where they are absent: they are not part of this project.
 */
#include "testkit.h"

#include "jose/jwt_internal.h"
#include "jose/key_set.h"
#include "jose/public_key_internal.h"

#include <limits.h>

/* Loads a file; NULL, and a line that says so, where there is none (cmocka's skip() counts as a failure in TAP). */
static json_t *load(const char *name)
{
    const char *shared = getenv("LEANAUTH_SHARED");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/vectors/%s", shared ? shared : LA_SOURCE_ROOT "/../shared", name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        print_message("# skipped: %s is not there\n", path);
        return NULL;
    }
    json_error_t error;
    json_t *file = json_loadf(f, 0, &error);
    fclose(f);
    if (!file)
        fail_msg("%s: %s", path, error.text);
    return file;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

/* What we refuse although the vectors call it valid, and why. */
static const char *why_refused(const json_t *jwk, int id, bool signature_file)
{
    const json_t *one = json_array_get(json_object_get(jwk, "keys"), 0);
    const char *kty = json_string_value(json_object_get(one ? one : jwk, "kty"));
    if (kty && strcmp(kty, "oct") == 0)
        return "symmetric keys are never accepted (this includes 372 and 373, base64url with a question mark in it)";
    if (signature_file && (id == 346 || id == 350))
        return "the RFC 7520 figure is signed with PS384 and its JWK says alg PS256";
    if (signature_file && (id == 347 || id == 351))
        return "the RFC 7520 figure is signed with ES512 and its JWK says alg ES521, which does not exist";
    return NULL;
}

typedef struct counts {
    unsigned accepted, refused, refused_though_valid, accepted_prepared;
} counts;

/* Their payloads are plain text, so they are read below the claims. */
static la_result read_jws(const char *compact, unsigned algorithms, la_jwt **ret)
{
    size_t n = strlen(compact);
    la_jwt *t = calloc(1, sizeof *t + n);
    t->decoded_n = n;
    la_result r = la_jws_read((la_slice){compact, n}, algorithms, t->decoded, &t->parts);
    if (la_is_ok(r))
        *ret = t;
    else
        la_jwt_free(t);
    return r;
}

/* The secret of a symmetric JWK, as a client secret: its own octets. */
static la_result verify_mac(const la_jwt *t, const json_t *jwk)
{
    uint8_t secret[512];
    size_t n = 0;
    const char *alg = json_string_value(json_object_get(jwk, "alg"));
    LA_TRY(la_base64url_decode(la_slice_of(json_string_value(json_object_get(jwk, "k"))), secret, sizeof secret, &n));
    if (alg && strcmp(alg, la_jwt_algorithm(t)->name) != 0)
        return la_error(LA_INVALID); /* the pin, token_endpoint_auth_signing_alg */
    return la_jwt_verify_mac(t, (la_slice){(char *)secret, n});
}

static la_result verify_with_set(const la_jwt *t, const json_t *jwk)
{
    json_t *set = json_object_get(jwk, "keys") ? json_incref((json_t *)(uintptr_t)jwk)
                                               : json_pack("{s:[O]}", "keys", jwk);
    char *text = json_dumps(set, JSON_COMPACT);
    la_key_set *keys = NULL;
    const la_public_key *k = NULL;
    la_result r = la_key_set_parse(la_slice_of(text), LA_KEY_SET_FETCHED, &keys);
    if (la_is_ok(r))
        r = la_key_set_verify(keys, t, &k);
    if (la_is_ok(r))
        assert_non_null(k);
    la_key_set_free(keys);
    free(text);
    json_decref(set);
    return r.code == LA_NOT_FOUND ? la_error(LA_INVALID) : r;
}

/* The same token as a client's assertion: with a prepared set, or, in the HMAC groups, as with a client secret. */
static bool is_taken_as_jwt(const char *compact, const json_t *jwk)
{
    const char *kty = json_string_value(json_object_get(jwk, "kty"));
    bool oct = kty && strcmp(kty, "oct") == 0;
    la_jwt *t = NULL;
    la_result r = read_jws(compact, oct ? LA_ALGORITHMS_HMAC : LA_ALGORITHMS_ASYMMETRIC, &t);
    if (la_is_ok(r))
        r = oct ? verify_mac(t, jwk) : verify_with_set(t, jwk);
    if (!la_is_ok(r))
        assert_int_equal(r.code, LA_INVALID);
    la_jwt_free(t);
    return la_is_ok(r);
}

static void run_as_jwt(const json_t *test, const char *compact, const json_t *jwk, bool refused, counts *c)
{
    bool valid = strcmp(text_of(test, "result"), "valid") == 0;
    int id = (int)json_integer_value(json_object_get(test, "tcId"));
    const char *kty = json_string_value(json_object_get(jwk, "kty"));
    if (kty && strcmp(kty, "oct") == 0)
        refused = id == 372 || id == 373 || json_object_get(jwk, "use") || json_object_get(jwk, "key_ops");
    bool taken = is_taken_as_jwt(compact, jwk);
    c->accepted_prepared += taken;
    /* 367 and 370 are named for a padding that is not in them: they are the same well-formed token with the right MAC. */
    if (taken && !valid && id != 367 && id != 370)
        fail_msg("%d (%s) is accepted with a prepared key", id, text_of(test, "comment"));
    if (!taken && valid && !refused)
        fail_msg("%d (%s) is refused with a prepared key: %s", id, text_of(test, "comment"), la_detail());
}

/* One token. */
static void run(const json_t *group, const json_t *test, bool signature_file, counts *c)
{
    const json_t *jws = json_object_get(test, "jws");
    if (!jws) /* a JWE: not ours */
        return;
    /* One is in the JSON serialization, which goes in as its text. */
    char *compact = json_is_string(jws) ? strdup(json_string_value(jws)) : json_dumps(jws, JSON_COMPACT);
    const json_t *jwk = json_object_get(group, "public");
    if (!jwk)
        jwk = json_object_get(group, "private"); /* symmetric */
    int id = (int)json_integer_value(json_object_get(test, "tcId"));
    bool valid = strcmp(text_of(test, "result"), "valid") == 0;
    la_result r = verify(la_slice_of(compact), jwk);
    run_as_jwt(test, compact, jwk, why_refused(jwk, id, signature_file) != NULL, c);
    free(compact);
    if (la_is_ok(r) && !valid)
        fail_msg("%d (%s) is accepted", id, text_of(test, "comment"));
    if (!la_is_ok(r) && r.code != LA_INVALID)
        fail_msg("%d fails otherwise: %s", id, la_detail());
    if (!la_is_ok(r) && valid) {
        if (!why_refused(jwk, id, signature_file))
            fail_msg("%d (%s) is refused: %s", id, text_of(test, "comment"), la_detail());
        c->refused_though_valid++;
    } else if (valid) {
        assert_null(why_refused(jwk, id, signature_file));
        c->accepted++;
    } else {
        c->refused++;
    }
}

/* False where the file is absent. */
static bool run_file(const char *name, bool signature_file, counts *ret)
{
    json_t *file = load(name), *group, *test;
    if (!file)
        return false;
    counts c = {0};
    size_t i, j;
    json_array_foreach(json_object_get(file, "testGroups"), i, group)
        json_array_foreach(json_object_get(group, "tests"), j, test) run(group, test, signature_file, &c);
    json_decref(file);
    print_message("# %s: %u accepted, %u refused, %u refused though called valid; %u accepted with prepared keys\n",
                  name, c.accepted, c.refused, c.refused_though_valid, c.accepted_prepared);
    *ret = c;
    return true;
}

static void test_signatures(void **state)
{
    (void)state;
    counts c;
    if (!run_file("json_web_signature_test.json", true, &c))
        return;
    assert_int_equal(c.refused_though_valid, 14);
    assert_true(c.accepted >= 30 && c.refused >= 350);
    assert_true(c.accepted_prepared >= 40); /* HMAC among them */
}

static void test_keys(void **state)
{
    (void)state;
    counts c;
    if (run_file("json_web_key_test.json", false, &c))
        assert_true(c.accepted >= 1 && c.refused >= 20);
}

static void test_crypto(void **state)
{
    (void)state;
    counts c;
    if (run_file("json_web_crypto_test.json", false, &c))
        assert_true(c.accepted >= 2 && c.refused >= 40);
}

static size_t from_hex(const char *hex, uint8_t *ret, size_t max)
{
    size_t n = strlen(hex) / 2;
    assert_true(n <= max);
    for (size_t i = 0; i < n; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        ret[i] = (uint8_t)byte;
    }
    return n;
}

/* A JWK of a number in hexadecimal, 32 bytes wide whatever the text's width is. */
static json_t *member_of(const char *hex)
{
    uint8_t bytes[80], wide[32] = {0};
    size_t n = from_hex(hex, bytes, sizeof bytes), skip = n > 32 ? n - 32 : 0;
    memcpy(wide + 32 - (n - skip), bytes + skip, n - skip);
    char text[LA_BASE64URL_CHARS(32)];
    la_base64url_encode(wide, 32, text);
    return json_stringn(text, sizeof text);
}

/* These sign plain bytes, and a JWS signs text with a dot in it: so they go in below the form of a JWS. */
static void run_raw(const json_t *jwk, const char *algorithm, const json_t *test)
{
    uint8_t message[4096], bytes[256];
    la_slice input = {(char *)message, from_hex(text_of(test, "msg"), message, sizeof message)};
    la_slice signature = {(char *)bytes, from_hex(text_of(test, "sig"), bytes, sizeof bytes)};
    la_public_key *k = NULL;
    assert_ok(la_public_key_read(jwk, LA_JWK_THOROUGH, &k));
    bool valid = strcmp(text_of(test, "result"), "valid") == 0;
    la_result r = la_public_key_verify(k, la_algorithm_find_verifiable(la_slice_of(algorithm)), input, signature);
    la_public_key_free(k);
    if (la_is_ok(r) != valid)
        fail_msg("%d (%s): %s", (int)json_integer_value(json_object_get(test, "tcId")), text_of(test, "comment"),
                 valid ? la_detail() : "accepted");
}

static void test_ecdsa(void **state)
{
    (void)state;
    json_t *file = load("ecdsa_secp256r1_sha256_p1363_test.json"), *group, *test;
    size_t i, j, n = 0;
    if (!file)
        return;
    json_array_foreach(json_object_get(file, "testGroups"), i, group)
    {
        const json_t *key = json_object_get(group, "publicKey");
        json_t *jwk = json_pack("{ssssso so}", "kty", "EC", "crv", "P-256", "x", member_of(text_of(key, "wx")), "y",
                                member_of(text_of(key, "wy")));
        assert_non_null(jwk);
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            run_raw(jwk, "ES256", test);
            n++;
        }
        json_decref(jwk);
    }
    json_decref(file);
    assert_true(n >= 250);
}

static void test_ed25519(void **state)
{
    (void)state;
    json_t *file = load("ed25519_test.json"), *group, *test;
    size_t i, j, n = 0;
    if (!file)
        return;
    json_array_foreach(json_object_get(file, "testGroups"), i, group)
        json_array_foreach(json_object_get(group, "tests"), j, test)
    {
        run_raw(json_object_get(group, "publicKeyJwk"), "EdDSA", test);
        n++;
    }
    json_decref(file);
    assert_true(n >= 140);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures), cmocka_unit_test(test_keys),    cmocka_unit_test(test_crypto),
        cmocka_unit_test(test_ecdsa),      cmocka_unit_test(test_ed25519),
    };
    return cmocka_run_group_tests_name("vectors", tests, set_up_secrets, NULL);
}
