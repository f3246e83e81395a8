/* DPoP proofs and their nonces, with a clock that is given; and htu in its normal form. */
#include "prover.h"

#include "base/base64url.h"
#include "oauth/dpop.h"
#include "oauth/htu.h"
#include "oauth/issuer.h"

static fixture *f;
static prover p;

static int set_up(void **state)
{
    (void)state;
    f = fixture_new("ES256", LA_PROFILE_RFC9068);
    f->environment.dpop = (la_dpop_config){.nonce_lifetime_s = 100, .proof_lifetime_s = 60};
    prover_init(&p, "ES256");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    prover_done(&p);
    fixture_free(f);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    prover_remember(&f->context);
    f->context.now_s = NOW_S;
    la_arena_reset(f->arena);
    return 0;
}

static la_dpop_demand demand(void)
{
    la_dpop_demand d = {.method = LA_SLICE("POST"), .client_id = LA_SLICE("who")};
    d.n_targets = la_issuer_token_targets(f->issuer, d.targets);
    return d;
}

static la_code check(la_slice proof, const la_dpop_demand *d, la_slice *ret_nonce)
{
    uint8_t jkt[LA_THUMBPRINT_BYTES] = {0};
    la_slice nonce = LA_NO_SLICE;
    la_result r = la_dpop_check(&f->context, proof, 1, d, jkt, &nonce);
    if (la_is_ok(r))
        assert_memory_equal(jkt, p.jkt, sizeof jkt);
    if (ret_nonce)
        *ret_nonce = nonce;
    else
        assert_null(nonce.p);
    return r.code;
}

static void the_window_of_iat(void **state)
{
    (void)state;
    static const struct {
        int offset;
        la_code code;
    } cases[] = {{-61, LA_DPOP_TIME}, {-60, LA_OK}, {0, LA_OK}, {30, LA_OK}, {31, LA_DPOP_TIME}, {60, LA_DPOP_TIME}};
    la_dpop_demand d = demand();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char jti[16];
        snprintf(jti, sizeof jti, "j%zu", i);
        assert_int_equal(check(prover_proof(&p, jti, NOW_S + cases[i].offset, ""), &d, NULL), cases[i].code);
    }
    assert_int_equal(check(prover_proof(&p, "a", NOW_S, ",\"exp\":1"), &d, NULL), LA_DPOP_TIME);
    assert_int_equal(check(prover_proof(&p, "a", NOW_S, ",\"nbf\":4102444800"), &d, NULL), LA_DPOP_TIME);
    assert_int_equal(check(prover_proof(&p, "a", NOW_S, ",\"nbf\":1,\"exp\":4102444800"), &d, NULL), LA_OK);
}

static void a_jti_is_used_by_what_is_right_alone(void **state)
{
    (void)state;
    la_dpop_demand d = demand();
    la_slice proof = prover_proof(&p, "once", NOW_S, "");
    char wrong[LA_JWT_MAX];
    memcpy(wrong, proof.p, proof.n);
    wrong[proof.n - 3] = wrong[proof.n - 3] == 'A' ? 'B' : 'A';
    assert_int_equal(check((la_slice){wrong, proof.n}, &d, NULL), LA_DPOP_SIGNATURE);
    assert_int_equal(check(proof, &d, NULL), LA_OK);
    assert_int_equal(check(proof, &d, NULL), LA_DPOP_REPLAYED);
    f->context.replay.use = NULL;
    assert_int_equal(check(prover_proof(&p, "x", NOW_S, ""), &d, NULL), LA_SERVER_ERROR);
}

static la_result full(void *self, la_replay_kind kind, uint16_t environment_id, la_slice client_id, la_slice issuer,
                      la_slice jti, int64_t expires_at_s, int64_t now_s)
{
    assert_true(la_slice_is(client_id, "who"));
    (void)self, (void)kind, (void)environment_id, (void)issuer, (void)jti, (void)now_s;
    assert_int_equal(expires_at_s, NOW_S - 5 + 61); /* when its iat alone has it refused */
    return la_error(LA_OVERLOADED);
}

static void without_room_nothing_is_taken(void **state)
{
    (void)state;
    la_dpop_demand d = demand();
    f->context.replay.use = full;
    assert_int_equal(check(prover_proof(&p, "x", NOW_S - 5, ""), &d, NULL), LA_OVERLOADED);
}

static void fapi_takes_fewer_algorithms(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        la_code code;
    } cases[] = {{"ES256", LA_OK},
                 {"PS256", LA_OK},
                 {"EdDSA", LA_OK},
                 {"RS256", LA_DPOP_ALGORITHM},
                 {"ES384", LA_DPOP_ALGORITHM}};
    la_dpop_demand d = demand();
    prover usual = p;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        prover_init(&p, cases[i].name);
        d.fapi = true;
        assert_int_equal(check(prover_proof(&p, "x", NOW_S, ""), &d, NULL), cases[i].code);
        d.fapi = false;
        assert_int_equal(check(prover_proof(&p, "y", NOW_S, ""), &d, NULL), LA_OK);
        prover_done(&p);
    }
    p = usual;
}

static void a_nonce_ages(void **state)
{
    (void)state;
    la_dpop_demand d = demand();
    la_slice nonce, next;
    char more[100], old[100];
    d.nonce_required = true;
    assert_int_equal(check(prover_proof(&p, "a", NOW_S, ""), &d, &nonce), LA_DPOP_NONCE);
    assert_int_equal(nonce.n, LA_DPOP_NONCE_CHARS);
    snprintf(more, sizeof more, ",\"nonce\":\"%.*s\"", LA_FMT(nonce));
    assert_int_equal(check(prover_proof(&p, "a", NOW_S, more), &d, &next), LA_OK);
    assert_null(next.p);
    f->context.now_s = NOW_S + 50;
    assert_int_equal(check(prover_proof(&p, "b", NOW_S + 50, more), &d, &next), LA_OK);
    assert_null(next.p);
    f->context.now_s = NOW_S + 51; /* past its half: the next one comes with the token */
    assert_int_equal(check(prover_proof(&p, "c", NOW_S + 51, more), &d, &next), LA_OK);
    assert_non_null(next.p);
    assert_false(la_slice_equal(next, nonce));
    f->context.now_s = NOW_S + 100;
    assert_int_equal(check(prover_proof(&p, "d", NOW_S + 100, more), &d, &next), LA_OK);
    f->context.now_s = NOW_S + 101;
    snprintf(old, sizeof old, "%s", more);
    assert_int_equal(check(prover_proof(&p, "e", NOW_S + 101, old), &d, &next), LA_DPOP_NONCE);
    snprintf(more, sizeof more, ",\"nonce\":\"%.*s\"", LA_FMT(next));
    assert_int_equal(check(prover_proof(&p, "e", NOW_S + 101, more), &d, &next), LA_OK);
    f->context.now_s = NOW_S + 91; /* made by a node whose clock is ahead */
    assert_int_equal(check(prover_proof(&p, "f", NOW_S + 91, more), &d, &next), LA_OK);
    f->context.now_s = NOW_S + 90;
    assert_int_equal(check(prover_proof(&p, "g", NOW_S + 90, more), &d, &next), LA_DPOP_NONCE);
}

static void a_nonce_is_for_one_place(void **state)
{
    (void)state;
    la_slice nonce = la_dpop_nonce_new(&f->context, false);
    assert_int_equal(la_dpop_nonce_check(&f->context, nonce, false), LA_NONCE_FRESH);
    assert_int_equal(la_dpop_nonce_check(&f->context, nonce, true), LA_NONCE_INVALID);
    assert_int_equal(la_dpop_nonce_check(&f->context, la_dpop_nonce_new(&f->context, true), true), LA_NONCE_FRESH);
    la_token_context other = f->context;
    la_issuer *issuer = la_issuer_new(&f->environment, ELSEWHERE, f->signer);
    other.issuer = issuer;
    assert_int_equal(la_dpop_nonce_check(&other, nonce, false), LA_NONCE_INVALID);
    la_issuer_free(issuer);
    other = f->context;
    la_hasher *hasher = la_hasher_new((const uint8_t[LA_PEPPER_BYTES]){9});
    other.hasher = hasher;
    assert_int_equal(la_dpop_nonce_check(&other, nonce, false), LA_NONCE_INVALID);
    la_hasher_free(hasher);
    /* no bit of it is without meaning */
    for (size_t i = 0; i < nonce.n; i++) {
        char changed[LA_DPOP_NONCE_CHARS];
        memcpy(changed, nonce.p, sizeof changed);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_int_equal(la_dpop_nonce_check(&f->context, (la_slice){changed, sizeof changed}, false),
                         LA_NONCE_INVALID);
    }
}

/* RFC 9449 7.1: the token and the digest of its example, which is no JWT. */
static void ath(void **state)
{
    (void)state;
    la_dpop_demand d = demand();
    d.access_token = LA_SLICE("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
    assert_int_equal(
        check(prover_proof(&p, "a", NOW_S, ",\"ath\":\"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo\""), &d, NULL),
        LA_OK);
    assert_int_equal(
        check(prover_proof(&p, "b", NOW_S, ",\"ath\":\"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEp\""), &d, NULL),
        LA_DPOP_ACCESS_TOKEN);
    assert_int_equal(check(prover_proof(&p, "c", NOW_S, ""), &d, NULL), LA_DPOP_ACCESS_TOKEN);
}

/* The proof of RFC 9449 4.1 itself. */
static void the_example_of_the_rfc(void **state)
{
    (void)state;
    static const char proof[] =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscE"
        "JoRj"
        "QyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19."
        "eyJqdGki"
        "OiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNT"
        "YyMj"
        "YyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    uint8_t jkt[LA_THUMBPRINT_BYTES];
    char text[LA_BASE64URL_CHARS(LA_THUMBPRINT_BYTES) + 1] = {0};
    la_slice nonce = LA_NO_SLICE;
    la_dpop_demand d = {.method = LA_SLICE("POST"),
                        .client_id = LA_SLICE("who"),
                        .n_targets = 1,
                        .targets = {LA_SLICE("https://server.example.com/token")}};
    f->context.now_s = 1562262616;
    assert_ok(la_dpop_check(&f->context, la_slice_of(proof), 1, &d, jkt, &nonce));
    la_base64url_encode(jkt, sizeof jkt, text);
    assert_string_equal(text, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

static void normal_forms(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *normal; /* NULL: it is none */
    } cases[] = {
        {"https://a.example/b", "https://a.example/b"},
        {"HTTPS://A.Example:443/b?c#d", "https://a.example/b"},
        {"http://a:80", "http://a/"},
        {"http://a:", "http://a/"},
        {"http://a?x", "http://a/"},
        {"http://a#x/..", "http://a/"},
        {"http://a:443/", "http://a:443/"},
        {"http://a/b/c/./../../g", "http://a/g"}, /* RFC 3986 5.2.4 */
        {"http://a/mid/content=5/../6", "http://a/mid/6"},
        {"http://a/../../b/.", "http://a/b/"},
        {"http://a/b/..", "http://a/"},
        {"http://a/b/%2E%2e/c", "http://a/c"},
        {"http://a//b/..", "http://a//"},
        {"http://a//b/../..", "http://a/"},
        {"http://a/...", "http://a/..."},
        {"http://a/%7Eb%2f%c3%a9", "http://a/~b%2F%C3%A9"},
        {"http://[::1]:80/", "http://[::1]/"},
        {"http://[FE80::A]:8080/", "http://[fe80::a]:8080/"},
        {"http://%41/", "http://a/"},
        {"http://a/!$&'()*+,;=:@", "http://a/!$&'()*+,;=:@"},
        {"", NULL},
        {"http:", NULL},
        {"http://", NULL},
        {"http:///", NULL},
        {"ftp://a/", NULL},
        {"//a/", NULL},
        {"http:/a/", NULL},
        {"http://u@a/", NULL},
        {"http://a:b/", NULL},
        {"http://a:65536/", NULL},
        {"http://a:1:2/", NULL},
        {"http://:80/", NULL},
        {"http://[::1/", NULL},
        {"http://[::1]x/", NULL},
        {"http://[]/", NULL},
        {"http://[::g]/", NULL},
        {"http://a/ ", NULL},
        {"http://a/\\", NULL},
        {"http://a/%", NULL},
        {"http://a/%4", NULL},
        {"http://a/%4g", NULL},
        {"http://a%/", NULL},
        {"http://a%2f/", NULL},
        {"http://a!/", NULL},
        {"http://a/\xc3\xa9", NULL},
        {"http://\xc3\xa9/", NULL},
        {"http://a/<>", NULL},
        {"http://a/\x7f", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char normal[LA_HTU_MAX + 1], again[LA_HTU_MAX];
        size_t n = 0, again_n = 0;
        bool is_uri = la_htu_normalise(la_slice_of(cases[i].uri), normal, &n);
        if (is_uri != (cases[i].normal != NULL))
            fail_msg("%s", cases[i].uri);
        if (!is_uri)
            continue;
        normal[n] = 0;
        assert_string_equal(normal, cases[i].normal);
        assert_true(la_htu_normalise((la_slice){normal, n}, again, &again_n)); /* a normal form is its own */
        assert_int_equal(again_n, n);
        assert_memory_equal(normal, again, n);
    }
    char longest[LA_HTU_MAX + 1], normal[LA_HTU_MAX];
    size_t n;
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "http://a/", 9);
    assert_true(la_htu_normalise((la_slice){longest, LA_HTU_MAX}, normal, &n));
    assert_false(la_htu_normalise((la_slice){longest, LA_HTU_MAX + 1}, normal, &n));
    assert_false(la_htu_normalise(LA_SLICE("http://a/\0"), normal, &n));
    assert_false(la_htu_normalise(LA_SLICE("http://a\0b/"), normal, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_window_of_iat, forget),
        cmocka_unit_test_setup(a_jti_is_used_by_what_is_right_alone, forget),
        cmocka_unit_test_setup(without_room_nothing_is_taken, forget),
        cmocka_unit_test_setup(fapi_takes_fewer_algorithms, forget),
        cmocka_unit_test_setup(a_nonce_ages, forget),
        cmocka_unit_test_setup(a_nonce_is_for_one_place, forget),
        cmocka_unit_test_setup(ath, forget),
        cmocka_unit_test_setup(the_example_of_the_rfc, forget),
        cmocka_unit_test(normal_forms),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
