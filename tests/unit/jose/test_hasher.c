/* HMAC-SHA-256 against RFC 4231's construction by OpenSSL; secrets of every length. */
#include "jose/hasher.h"
#include "testkit.h"

#include <openssl/hmac.h>
#include <pthread.h>

static void test_against_openssl(void **state)
{
    (void)state;
    uint8_t pepper[LA_PEPPER_BYTES], ours[LA_DIGEST_BYTES], theirs[LA_DIGEST_BYTES];
    char secret[LA_CLIENT_SECRET_MAX];
    la_random_bytes(pepper, sizeof pepper);
    la_random_bytes(secret, sizeof secret);
    la_hasher *h = la_hasher_new(pepper);
    assert_non_null(h);
    for (size_t n = 0; n <= sizeof secret; n++) {
        la_hasher_digest(h, (la_slice){secret, n}, ours);
        assert_non_null(HMAC(EVP_sha256(), pepper, sizeof pepper, (uint8_t *)secret, n, theirs, NULL));
        assert_memory_equal(ours, theirs, sizeof ours);
    }
    la_hasher_free(h);
    assert_null(la_hasher_free(NULL));
}

static void test_pepper_matters(void **state)
{
    (void)state;
    uint8_t pepper[LA_PEPPER_BYTES] = {0}, a[LA_DIGEST_BYTES], b[LA_DIGEST_BYTES];
    la_hasher *first = la_hasher_new(pepper);
    pepper[31] = 1;
    la_hasher *second = la_hasher_new(pepper);
    la_hasher_digest(first, LA_SLICE("las_test_x"), a);
    la_hasher_digest(second, LA_SLICE("las_test_x"), b);
    assert_memory_not_equal(a, b, sizeof a);
    la_hasher_free(first);
    la_hasher_free(second);
}

static void *digest_often(void *arg)
{
    uint8_t first[LA_DIGEST_BYTES], again[LA_DIGEST_BYTES];
    la_hasher_digest(arg, LA_SLICE("x"), first);
    for (int i = 0; i < 2000; i++) {
        la_hasher_digest(arg, LA_SLICE("x"), again);
        if (memcmp(first, again, sizeof first) != 0)
            return NULL;
    }
    return arg;
}

static void test_shared_by_threads(void **state)
{
    (void)state;
    uint8_t pepper[LA_PEPPER_BYTES] = {7};
    la_hasher *h = la_hasher_new(pepper);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, digest_often, h), 0);
    for (int i = 0; i < 4; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, h);
    }
    la_hasher_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_openssl),
        cmocka_unit_test(test_pepper_matters),
        cmocka_unit_test(test_shared_by_threads),
    };
    return cmocka_run_group_tests_name("hasher", tests, set_up_secrets, NULL);
}
