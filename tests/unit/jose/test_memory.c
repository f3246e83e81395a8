/*
 * Each allocation fails in turn (OpenSSL's, ours, locked memory): the result is a right one or a failure, nothing leaks (the
 * sanitizers look), and the next call works. Which failure: OpenSSL does not tell a failed allocation from a bad key or
 * signature everywhere, so INVALID may come as well.
 */
#include "testkit.h"

#include "jose/hasher.h"
#include "jose/key_cache.h"
#include "jose/key_set.h"
#include "jose/wrap.h"

#include <openssl/crypto.h>
#include <unistd.h>

#define FOREVER 100000

static long left = -1; /* allocations until one fails; -1: none does */
static bool for_good;  /* and all that follow it */
static bool failed;

static bool fails(void)
{
    if (left < 0)
        return false;
    if (left > 0) {
        left--;
        return false;
    }
    failed = true;
    if (!for_good)
        left = -1;
    return true;
}

static void *failing_malloc(size_t n, const char *file, int line)
{
    return fails() ? NULL : malloc(n);
}

static void *failing_realloc(void *p, size_t n, const char *file, int line)
{
    if (n == 0) {
        free(p);
        return NULL;
    }
    return fails() ? NULL : realloc(p, n);
}

static void plain_free(void *p, const char *file, int line)
{
    free(p);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__real_la_secret_alloc(size_t bytes);
void *__wrap_la_secret_alloc(size_t bytes);
void *__wrap_la_secret_alloc(size_t bytes)
{
    return fails() ? NULL : __real_la_secret_alloc(bytes);
}

typedef la_result (*attempt)(void);

static void walk(const char *name, attempt try, long step)
{
    assert_ok(try()); /* what OpenSSL makes once is made */
    for (int persistent = 0; persistent < 2; persistent++) {
        unsigned failures = 0;
        long i = 0;
        do {
            assert_true(i < FOREVER);
            failed = false;
            for_good = persistent;
            left = i;
            i += step;
            la_result r = try();
            left = -1;
            if (!la_is_ok(r) && r.code != LA_NO_MEMORY && r.code != LA_CRYPTO && r.code != LA_INVALID)
                fail_msg("%s, allocation %ld: %s: %s", name, i - step, la_result_info_of(r.code)->name, la_detail());
            if (!la_is_ok(r) && !failed)
                fail_msg("%s fails without a failed allocation: %s", name, la_detail());
            failures += !la_is_ok(r);
        } while (failed);
        assert_true(failures > 0);
        assert_ok(try());
    }
}

static const la_algorithm *algorithm;
static la_buffer exported;
static la_key *key;
static la_signer *signer;
static la_master_key *master;

static la_result generate(void)
{
    la_key *k = NULL;
    LA_TRY(la_key_generate(algorithm, &k));
    la_key_free(k);
    return la_ok();
}

static la_result import(void)
{
    la_key *k = NULL;
    LA_TRY(la_key_import_private(algorithm, la_buffer_slice(&exported), &k));
    bool same = strcmp(la_key_id(k), la_key_id(key)) == 0;
    la_key_free(k);
    return same ? la_ok() : la_fail(LA_CORRUPT, "another key");
}

static la_result export(void)
{
    char memory[LA_PRIVATE_KEY_MAX];
    la_buffer b;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    LA_TRY(la_key_export_private(key, &b));
    return la_slice_equal(la_buffer_slice(&b), la_buffer_slice(&exported)) ? la_ok()
                                                                           : la_fail(LA_CORRUPT, "other bytes");
}

static la_result make_signer(void)
{
    la_signer *s = NULL;
    LA_TRY(la_signer_new(key, &s));
    la_signer_free(s);
    return la_ok();
}

static la_result sign(void)
{
    uint8_t signature[LA_SIGNATURE_MAX];
    return la_signer_sign(signer, LA_SLICE("a.b"), signature);
}

static la_result check(void)
{
    static char compact[2048];
    static size_t n;
    static const la_algorithm *of;
    if (of != algorithm) {
        char header[64];
        snprintf(header, sizeof header, "{\"alg\":\"%s\"}", algorithm->name);
        n = make_token(key, header, "{}", compact, sizeof compact);
        of = algorithm;
    }
    json_t *jwk = jwk_of(key);
    la_result r = verify((la_slice){compact, n}, jwk);
    json_decref(jwk);
    return r;
}

static char set_text[LA_JWK_MAX + 20];

static la_result parse_set(void)
{
    la_key_set *s = NULL;
    LA_TRY(la_key_set_parse(la_slice_of(set_text), LA_KEY_SET_REGISTERED, &s));
    la_key_set_free(s);
    return la_ok();
}

static void *give_malloc(size_t n)
{
    return fails() ? NULL : malloc(n);
}

/* Reading, with jansson's allocations too, finding the key by way of a cache, verifying. */
static la_result check_jwt(void)
{
    static char compact[2048];
    static size_t n;
    if (!n)
        n = make_token(key, "{\"alg\":\"ES256\",\"kid\":\"k\"}", "{\"iss\":\"a\",\"aud\":[\"b\"]}", compact,
                       sizeof compact);
    la_jwt *t = NULL;
    la_key_set *s = NULL;
    const la_public_key *k = NULL;
    la_key_cache *c = la_key_cache_new(4);
    la_result r = c ? la_jwt_read((la_slice){compact, n}, LA_ALGORITHMS_ASYMMETRIC, &t) : la_error(LA_NO_MEMORY);
    if (la_is_ok(r))
        r = la_key_cache_registered(c, 1, 1, la_slice_of(set_text), &s);
    if (la_is_ok(r))
        r = la_key_set_verify(s, t, &k);
    la_key_cache_free(c);
    la_key_set_free(s);
    la_jwt_free(t);
    return r;
}

static void test_prepared_keys(void **state)
{
    (void)state;
    key = new_key("ES256");
    json_t *jwk = jwk_of(key);
    json_object_set_new(jwk, "kid", json_string("k"));
    char *text = json_dumps(jwk, JSON_COMPACT);
    snprintf(set_text, sizeof set_text, "{\"keys\":[%s]}", text);
    free(text);
    json_decref(jwk);
    json_set_alloc_funcs(give_malloc, free);
    walk("parse set", parse_set, 1);
    walk("check JWT", check_jwt, 1);
    json_set_alloc_funcs(malloc, free);
    key = la_key_free(key);
}

static la_result wrap(void)
{
    char memory[2][256];
    la_buffer wrapped, plain;
    la_buffer_init_fixed(&wrapped, memory[0], sizeof memory[0]);
    la_buffer_init_fixed(&plain, memory[1], sizeof memory[1]);
    LA_TRY(la_wrap(master, "purpose", LA_SLICE("name"), LA_SLICE("text"), &wrapped));
    LA_TRY(la_unwrap(master, "purpose", LA_SLICE("name"), la_buffer_slice(&wrapped), &plain));
    return la_slice_is(la_buffer_slice(&plain), "text") ? la_ok() : la_fail(LA_CORRUPT, "another text");
}

static void test_keys(void **state)
{
    (void)state;
    for (size_t i = 0; la_algorithm_at(i); i++) {
        algorithm = la_algorithm_at(i);
        key = new_key(algorithm->name);
        la_buffer_init(&exported, LA_PRIVATE_KEY_MAX);
        assert_ok(la_key_export_private(key, &exported));
        assert_ok(la_signer_new(key, &signer));
        long step = strcmp(algorithm->name, "ES384") == 0 ? 11
                                                          : 1; /* ten times as slow as the others, by the same code */
        if (strcmp(algorithm->kty, "RSA") != 0)                /* 70 ms each */
            walk("generate", generate, step);
        walk("import", import, step);
        if (algorithm->digest) {
            walk("export", export, step);
            walk("sign", sign, step);
            walk("verify", check, step);
        }
        walk("signer", make_signer, step);
        signer = la_signer_free(signer);
        la_buffer_done(&exported);
        key = la_key_free(key);
    }
}

static void test_wrap(void **state)
{
    (void)state;
    char *folder = unit_mkdir(), path[256];
    snprintf(path, sizeof path, "%s/master.key", folder);
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_ok(la_master_key_create(path));
    left = 0;
    assert_code(la_master_key_load(path, &master), LA_NO_MEMORY);
    left = -1;
    assert_null(master);
    assert_ok(la_master_key_load(path, &master));
    unit_rmdir(folder);
    walk("wrap", wrap, 1);
    master = la_master_key_free(master);
}

static void test_hashes(void **state)
{
    (void)state;
    const uint8_t pepper[LA_PEPPER_BYTES] = {0};
    left = 0;
    assert_null(la_hasher_new(pepper));
    left = 0;
    la_slice hash = LA_SLICE("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe");
    assert_false(la_slow_hash_verify(hash, LA_SLICE("a")));
    left = -1;
    assert_true(la_slow_hash_verify(hash, LA_SLICE("a")));
}

int main(void)
{
    /* Before OpenSSL allocates anything. */
    if (CRYPTO_set_mem_functions(failing_malloc, failing_realloc, plain_free) != 1)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_prepared_keys),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_hashes),
    };
    return cmocka_run_group_tests_name("memory", tests, set_up_secrets, NULL);
}
