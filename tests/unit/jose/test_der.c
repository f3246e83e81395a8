/* The DER of ECDSA signatures: one spelling each (X.690 8.3, 10.1), every other one refused. */
#include "jose/der.h"
#include "testkit.h"

#include <openssl/ecdsa.h>

static void check_round_trip(const uint8_t *raw, size_t width)
{
    uint8_t der[LA_DER_SIGNATURE_MAX], again[132];
    size_t n = la_der_from_raw(raw, width, der);
    /* OpenSSL writes the same. */
    ECDSA_SIG *sig = ECDSA_SIG_new();
    assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(raw, (int)width, NULL), BN_bin2bn(raw + width, (int)width, NULL)),
                     1);
    unsigned char *expected = NULL;
    int expected_n = i2d_ECDSA_SIG(sig, &expected);
    assert_int_equal(n, expected_n);
    assert_memory_equal(der, expected, n);
    OPENSSL_free(expected);
    ECDSA_SIG_free(sig);
    assert_ok(la_der_to_raw((la_slice){(char *)der, n}, width, again));
    assert_memory_equal(again, raw, 2 * width);
}

static void test_round_trips(void **state)
{
    (void)state;
    static const size_t widths[] = {32, 48, 66};
    for (size_t w = 0; w < 3; w++) {
        for (int i = 0; i < 500; i++) {
            uint8_t raw[132];
            la_random_bytes(raw, sizeof raw);
            memset(raw, 0, (size_t)i % (widths[w] + 1));                      /* short, and none */
            memset(raw + widths[w], i % 3 ? 0xFF : 0, (size_t)i % widths[w]); /* a sign octet, or short */
            check_round_trip(raw, widths[w]);
        }
    }
}

static void test_other_spellings(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
#define BAD(text) {text, sizeof text - 1}
        BAD(""),
        BAD("\x30"),
        BAD("\x30\x00"),
        BAD("\x31\x06\x02\x01\x01\x02\x01\x01"),
        BAD("\x30\x06\x02\x01\x01\x02\x01"),
        BAD("\x30\x06\x02\x01\x01\x02\x01\x01\x00"),
        BAD("\x30\x07\x02\x01\x01\x02\x01\x01\x00"),
        BAD("\x30\x81\x06\x02\x01\x01\x02\x01\x01"),
        BAD("\x30\x80\x02\x01\x01\x02\x01\x01\x00\x00"),
        BAD("\x30\x82\x00\x06\x02\x01\x01\x02\x01\x01"),
        BAD("\x30\x06\x02\x01\x81\x02\x01\x01"),
        BAD("\x30\x07\x02\x02\x00\x01\x02\x01\x01"),
        BAD("\x30\x05\x02\x00\x02\x01\x01"),
        BAD("\x30\x09\x02\x01\x01\x02\x01\x01\x02\x01\x01"),
        BAD("\x30\x06\x02\x05\x01\x02\x01\x01"),
        BAD("\x30\x08\x02\x03\x01\x02\x03\x02\x01\x01"), /* three bytes for a width of two */
#undef BAD
    };
    uint8_t raw[4];
    assert_ok(la_der_to_raw(LA_SLICE("\x30\x06\x02\x01\x01\x02\x01\x01"), 2, raw));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_code(la_der_to_raw((la_slice){bad[i].bytes, bad[i].n}, 2, raw), LA_CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_other_spellings),
    };
    return cmocka_run_group_tests_name("der", tests, set_up_secrets, NULL);
}
