#include "unit.h"

#include "base/base64url.h"
#include "base/secret.h"

static void rfc4648_vectors(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[16], back[16];
        size_t n = strlen(rows[i][0]), m;
        la_base64url_encode(rows[i][0], n, text);
        assert_int_equal(LA_BASE64URL_CHARS(n), strlen(rows[i][1]));
        assert_memory_equal(text, rows[i][1], strlen(rows[i][1]));
        assert_ok(la_base64url_decode(la_slice_of(rows[i][1]), back, sizeof back, &m));
        assert_int_equal(m, n);
        assert_memory_equal(back, rows[i][0], n);
    }
}

static void every_length_round_trips(void **state)
{
    uint8_t in[100], out[100];
    char text[200];
    la_random_bytes(in, sizeof in);
    for (size_t n = 0; n <= sizeof in; n++) {
        size_t m;
        la_base64url_encode(in, n, text);
        assert_ok(la_base64url_decode((la_slice){text, LA_BASE64URL_CHARS(n)}, out, sizeof out, &m));
        assert_int_equal(m, n);
        assert_memory_equal(in, out, n);
    }
}

static void strictness(void **state)
{
    static const char *const bad[] = {"Z",    "Zg=",  "Zg==", "Z g", "Zm9v\n", "Zm+v",
                                      "Zm/v", "Zm?v", "Zh",   "Zm9", "ZZZZZ",  "\xC3\xA9zz"};
    char out[16];
    size_t n = 77;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_code(la_base64url_decode(la_slice_of(bad[i]), out, sizeof out, &n), LA_INVALID);
        assert_int_equal(n, 77);
    }
    assert_code(la_base64url_decode(LA_SLICE("Zm9vYmFy"), out, 5, &n), LA_TOO_LARGE);
}

static void standard_alphabet(void **state)
{
    char out[16];
    size_t n;
    assert_ok(la_base64_decode(LA_SLICE("+/+/"), out, sizeof out, &n));
    assert_ok(la_base64_decode(LA_SLICE("Zg=="), out, sizeof out, &n));
    assert_int_equal(n, 1);
    assert_ok(la_base64_decode(LA_SLICE("Zg"), out, sizeof out, &n));
    assert_code(la_base64_decode(LA_SLICE("Zg="), out, sizeof out, &n), LA_INVALID);
    assert_code(la_base64_decode(LA_SLICE("Z==="), out, sizeof out, &n), LA_INVALID);
    assert_code(la_base64_decode(LA_SLICE("===="), out, sizeof out, &n), LA_INVALID);
    assert_code(la_base64_decode(LA_SLICE("Zg==Zg=="), out, sizeof out, &n), LA_INVALID);
    assert_code(la_base64_decode(LA_SLICE("-_-_"), out, sizeof out, &n), LA_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rfc4648_vectors), cmocka_unit_test(every_length_round_trips),
                                       cmocka_unit_test(strictness), cmocka_unit_test(standard_alphabet)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
