/* JWK sets of others, and the cache of prepared keys (conformance rows JOSE-02, 14, 15; FAPI 2.0 5.4.3 on kid). */
#include "testkit.h"

#include "jose/key_cache.h"
#include "jose/key_set.h"

#define KEYS 12

static la_key *own[KEYS];
static char jwks[KEYS][LA_JWK_MAX];

static int set_up(void **state)
{
    static const char *const kinds[] = {"ES256", "ES256", "RS256", "EdDSA"};
    if (set_up_secrets(state) != 0)
        return -1;
    for (size_t i = 0; i < KEYS; i++) {
        la_buffer b;
        own[i] = new_key(i < 4 ? kinds[i] : "ES256");
        la_buffer_init_fixed(&b, jwks[i], sizeof jwks[i] - 1);
        la_key_write_jwk(own[i], &b);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++)
        la_key_free(own[i]);
    return 0;
}

static la_jwt *token(size_t key, const char *kid)
{
    char header[400], compact[2048];
    la_jwt *t = NULL;
    if (kid)
        snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"%s\"}", la_key_algorithm(own[key])->name, kid);
    else
        snprintf(header, sizeof header, "{\"alg\":\"%s\"}", la_key_algorithm(own[key])->name);
    size_t n = make_token(own[key], header, "{}", compact, sizeof compact);
    static char kept[8][2048]; /* tokens borrow their text */
    static size_t next;
    char *text = kept[next++ % 8];
    memcpy(text, compact, n);
    assert_ok(la_jwt_read((la_slice){text, n}, LA_ALGORITHMS_ASYMMETRIC, &t));
    return t;
}

static void expect(const la_key_set *s, size_t key, const char *kid, la_code code)
{
    const la_public_key *found = NULL;
    la_jwt *t = token(key, kid);
    la_result r = la_key_set_verify(s, t, &found);
    if (r.code != code)
        fail_msg("key %zu, kid %s: %d (%s)", key, kid ? kid : "-", r.code, la_detail());
    if (la_is_ok(r))
        assert_string_equal(la_public_key_thumbprint_text(found), la_key_id(own[key]));
    else
        assert_null(found);
    la_jwt_free(t);
}

static la_key_set *parse(la_key_set_mode mode, const char *text)
{
    la_key_set *s = NULL;
    la_result r = la_key_set_parse(la_slice_of(text), mode, &s);
    if (!la_is_ok(r))
        fail_msg("%s: %s", text, la_detail());
    return s;
}

static void test_selection(void **state)
{
    (void)state;
    char text[4 * LA_JWK_MAX + 100];
    snprintf(text, sizeof text, "{\"keys\":[%s,%s,%s,%s],\"x\":1}", jwks[0], jwks[1], jwks[2], jwks[3]);
    la_key_set *s = parse(LA_KEY_SET_REGISTERED, text);
    assert_int_equal(la_key_set_count(s), 4);
    assert_non_null(la_key_set_at(s, 3));
    assert_null(la_key_set_at(s, 4));
    for (size_t i = 0; i < 4; i++) {
        expect(s, i, la_key_id(own[i]), LA_OK);
        expect(s, i, NULL, LA_OK);
        expect(s, i, "another", LA_NOT_FOUND);
        expect(s, i, "", LA_NOT_FOUND);
    }
    expect(s, 0, la_key_id(own[1]), LA_INVALID);   /* that key fits, and did not sign */
    expect(s, 0, la_key_id(own[2]), LA_NOT_FOUND); /* that one does not even fit */
    expect(s, 5, NULL, LA_INVALID);
    la_key_set_free(s);
    /* A key of another's application with the kid of ours. */
    snprintf(text, sizeof text, "{\"keys\":[%s]}", jwks[0]);
    s = parse(LA_KEY_SET_REGISTERED, text);
    expect(s, 5, la_key_id(own[0]), LA_INVALID);
    expect(s, 3, NULL, LA_NOT_FOUND);
    la_key_set_free(s);
}

static void without(json_t *jwk, const char *member, const char *value)
{
    if (value)
        json_object_set_new(jwk, member, json_string(value));
    else
        json_object_del(jwk, member);
}

static char *set_with_kids(const char *first, const char *second)
{
    json_t *a = jwk_of(own[0]), *b = jwk_of(own[1]);
    without(a, "kid", first);
    without(b, "kid", second);
    json_t *set = json_pack("{s:[o,o]}", "keys", a, b);
    char *text = json_dumps(set, JSON_COMPACT);
    json_decref(set);
    return text;
}

static void test_kids(void **state)
{
    (void)state;
    char *text = set_with_kids("one", NULL);
    la_key_set *s = parse(LA_KEY_SET_REGISTERED, text);
    expect(s, 0, "one", LA_OK);
    expect(s, 0, NULL, LA_OK);
    expect(s, 0, la_key_id(own[0]), LA_NOT_FOUND); /* it has a kid, and this is not it */
    expect(s, 1, la_key_id(own[1]), LA_OK);        /* it has none: its thumbprint names it */
    expect(s, 1, NULL, LA_OK);
    expect(s, 1, "two", LA_NOT_FOUND);
    la_key_set_free(s);
    free(text);
    /* One kid for two keys: nothing that anybody registers, but a fetched set may have it during a rotation. */
    text = set_with_kids("one", "one");
    s = NULL;
    assert_code(la_key_set_parse(la_slice_of(text), LA_KEY_SET_REGISTERED, &s), LA_INVALID);
    assert_string_equal(la_detail(), "key 2 of the set (kid one): another key has the same kid");
    s = parse(LA_KEY_SET_FETCHED, text);
    expect(s, 0, "one", LA_OK);
    expect(s, 1, "one", LA_OK);
    expect(s, 5, "one", LA_INVALID);
    la_key_set_free(s);
    free(text);
}

static void test_unusable_keys(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"x\"}",
        "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{}",
        "null",
        "[]",
        "1",
    };
    char text[4 * LA_JWK_MAX + 100];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        la_key_set *s = NULL;
        snprintf(text, sizeof text, "{\"keys\":[%s,%s]}", jwks[0], bad[i]);
        assert_code(la_key_set_parse(la_slice_of(text), LA_KEY_SET_REGISTERED, &s), LA_INVALID);
        assert_non_null(strstr(la_detail(), "key 2 of the set"));
        assert_null(s);
        s = parse(LA_KEY_SET_FETCHED, text);
        assert_int_equal(la_key_set_count(s), 1);
        expect(s, 0, NULL, LA_OK);
        la_key_set_free(s);
        s = NULL;
        snprintf(text, sizeof text, "{\"keys\":[%s]}", bad[i]);
        assert_code(la_key_set_parse(la_slice_of(text), LA_KEY_SET_FETCHED, &s), LA_INVALID);
        assert_null(s);
    }
    /* A key for encryption is none of ours, and no reason to refuse the rest. */
    la_key_set *s = NULL;
    snprintf(text, sizeof text, "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-521\",\"use\":\"enc\"},%s]}", jwks[0]);
    s = parse(LA_KEY_SET_REGISTERED, text);
    assert_int_equal(la_key_set_count(s), 1);
    la_key_set_free(s);
    s = NULL;
    assert_code(la_key_set_parse(LA_SLICE("{\"keys\":[{\"kty\":\"EC\",\"use\":\"enc\"}]}"), LA_KEY_SET_REGISTERED, &s),
                LA_INVALID);
    /* A name that could do harm in a terminal is not shown. */
    snprintf(text, sizeof text, "{\"keys\":[{\"kid\":\"\\u001b[2J\"}]}");
    assert_code(la_key_set_parse(la_slice_of(text), LA_KEY_SET_REGISTERED, &s), LA_INVALID);
    assert_null(strchr(la_detail(), 0x1b));
}

static void test_form_and_limits(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "{}",
                                      "[]",
                                      "{\"keys\":{}}",
                                      "{\"keys\":null}",
                                      "{\"keys\":[]}",
                                      "{\"keys\":[],\"keys\":[]}",
                                      "{\"keys\":[]} x"};
    la_key_set *s = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_code(la_key_set_parse(la_slice_of(bad[i]), LA_KEY_SET_FETCHED, &s), LA_INVALID);
    assert_code(la_key_set_parse(la_slice_of(jwks[0]), LA_KEY_SET_REGISTERED, &s), LA_INVALID); /* a key, no set */
    char *large = calloc(1, LA_KEY_SET_TEXT_MAX + 2);
    memset(large, ' ', LA_KEY_SET_TEXT_MAX + 1);
    int n = snprintf(large, LA_KEY_SET_TEXT_MAX, "{\"keys\":[%s]}", jwks[0]);
    large[n] = ' ';
    assert_code(la_key_set_parse((la_slice){large, LA_KEY_SET_TEXT_MAX + 1}, LA_KEY_SET_FETCHED, &s), LA_TOO_LARGE);
    assert_ok(la_key_set_parse((la_slice){large, LA_KEY_SET_TEXT_MAX}, LA_KEY_SET_FETCHED, &s));
    la_key_set_free(s);
    s = NULL;
    for (size_t keys = LA_KEY_SET_KEYS_MAX; keys <= LA_KEY_SET_KEYS_MAX + 1; keys++) {
        la_buffer b;
        la_buffer_init_fixed(&b, large, LA_KEY_SET_TEXT_MAX);
        la_buffer_add_text(&b, "{\"keys\":[");
        for (size_t i = 0; i < keys; i++)
            la_buffer_add_format(&b, "%s%s", i ? "," : "", jwks[0]);
        la_buffer_add_text(&b, "]}");
        la_result r = la_key_set_parse(la_buffer_slice(&b), LA_KEY_SET_FETCHED, &s);
        assert_code(r, keys <= LA_KEY_SET_KEYS_MAX ? LA_OK : LA_TOO_LARGE);
        if (la_is_ok(r)) {
            expect(s, 0, NULL, LA_OK);
            expect(s, 1, NULL, LA_TOO_LARGE); /* not one signature for each of 64 keys */
            la_key_set_free(s);
            s = NULL;
        }
    }
    free(large);
}

static void set_of_one(size_t key, char *ret, size_t max)
{
    snprintf(ret, max, "{\"keys\":[%.*s]}", LA_JWK_MAX - 1, jwks[key]);
}

static void test_cache_of_sets(void **state)
{
    (void)state;
    char text[KEYS][LA_JWK_MAX + 20];
    for (size_t i = 0; i < KEYS; i++)
        set_of_one(i, text[i], sizeof text[i]);
    la_key_cache *c = la_key_cache_new(4); /* one set of four places */
    la_key_set *first = NULL, *again = NULL;
    assert_ok(la_key_cache_registered(c, 1, 1, la_slice_of(text[0]), &first));
    char same[LA_JWK_MAX + 20];
    memcpy(same, text[0], sizeof same);
    assert_ok(la_key_cache_registered(c, 1, 1, la_slice_of(same), &again));
    assert_ptr_equal(first, again);
    la_key_set_free(again);
    again = NULL;
    /* the same number for other keys, as after a backup was restored: those of today count, also where they have as many bytes */
    assert_ok(la_key_cache_registered(c, 1, 1, la_slice_of(text[1]), &again));
    expect(again, 1, NULL, LA_OK);
    expect(again, 0, NULL, LA_INVALID);
    la_key_set_free(again);
    again = NULL;
    /* another version, another application, a failure */
    assert_ok(la_key_cache_registered(c, 1, 2, la_slice_of(text[1]), &again));
    assert_ptr_not_equal(first, again);
    expect(again, 1, NULL, LA_OK);
    la_key_set_free(again);
    again = NULL;
    assert_ok(la_key_cache_registered(c, 2, 1, la_slice_of(text[4]), &again));
    expect(again, 4, NULL, LA_OK);
    la_key_set_free(again);
    again = NULL;
    assert_code(la_key_cache_registered(c, 3, 1, LA_SLICE("{}"), &again), LA_INVALID);
    assert_null(again);
    assert_ok(la_key_cache_registered(c, 3, 1, la_slice_of(text[5]), &again)); /* which was not remembered */
    la_key_set_free(again);
    /* by text: the same is the same, wherever it came from */
    assert_ok(la_key_cache_text(c, la_slice_of(text[6]), &again));
    la_key_set *third = NULL;
    char copy[LA_JWK_MAX + 20];
    memcpy(copy, text[6], sizeof copy);
    assert_ok(la_key_cache_text(c, la_slice_of(copy), &third));
    assert_ptr_equal(again, third);
    la_key_set_free(third);
    la_key_set_free(again);
    /* Full many times over: what is held lives on, and what was asked for lately stays. */
    la_key_set *kept = NULL;
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(la_key_cache_registered(c, 10 + i, 1, la_slice_of(text[i % KEYS]), &again));
        expect(again, i % KEYS, NULL, LA_OK);
        la_key_set_free(again);
        again = NULL;
        assert_ok(la_key_cache_registered(c, 5, 5, la_slice_of(text[7]), &again));
        kept = i ? kept : again;
        assert_ptr_equal(kept, again);
        expect(again, 7, NULL, LA_OK);
        la_key_set_free(again);
        again = NULL;
    }
    la_key_cache_free(c);
    expect(first, 0, NULL, LA_OK);
    la_key_set_free(first);
}

static la_jwt *proof(size_t key, size_t with_jwk, const char *claims, char *text, size_t max)
{
    char header[LA_JWK_MAX + 100];
    la_jwt *t = NULL;
    snprintf(header, sizeof header, "{\"typ\":\"dpop+jwt\",\"alg\":\"%s\",\"jwk\":%s}",
             la_key_algorithm(own[key])->name, jwks[with_jwk]);
    size_t n = make_token(own[key], header, claims, text, max);
    assert_ok(la_jwt_read((la_slice){text, n}, LA_ALGORITHMS_ASYMMETRIC, &t));
    return t;
}

static void test_cache_of_embedded_keys(void **state)
{
    (void)state;
    la_key_cache *c = la_key_cache_new(0); /* at least four */
    char one[4096], two[4096];
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < KEYS; i++) {
            la_jwt *a = proof(i, i, "{\"a\":1}", one, sizeof one), *b = proof(i, i, "{\"b\":2}", two, sizeof two);
            la_public_key *first = NULL, *again = NULL;
            assert_ok(la_key_cache_embedded(c, a, &first));
            assert_ok(la_key_cache_embedded(c, b, &again));
            assert_ptr_equal(first, again);
            assert_ok(la_jwt_verify(b, again));
            assert_string_equal(la_public_key_thumbprint_text(first), la_key_id(own[i]));
            la_public_key_free(first);
            la_public_key_free(again);
            la_jwt_free(a);
            la_jwt_free(b);
        }
    /* Somebody's key in the header, signed by another one. */
    la_jwt *t = proof(0, 1, "{}", one, sizeof one);
    la_public_key *k = NULL;
    assert_ok(la_key_cache_embedded(c, t, &k));
    assert_code(la_jwt_verify(t, k), LA_INVALID);
    la_public_key_free(k);
    la_jwt_free(t);
    t = token(0, NULL);
    k = NULL;
    assert_code(la_key_cache_embedded(c, t, &k), LA_INVALID);
    assert_null(k);
    la_jwt_free(t);
    la_key_cache_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selection),     cmocka_unit_test(test_kids),
        cmocka_unit_test(test_unusable_keys), cmocka_unit_test(test_form_and_limits),
        cmocka_unit_test(test_cache_of_sets), cmocka_unit_test(test_cache_of_embedded_keys),
    };
    return cmocka_run_group_tests_name("key_set", tests, set_up, tear_down);
}
