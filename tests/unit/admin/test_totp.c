/* RFC 6238 Appendix B (its codes have eight digits; six are the end of them), and what is done around it. */
#include "unit.h"

#include "admin/totp.h"

static const uint8_t secret[LA_TOTP_BYTES + 1] = "12345678901234567890";

static const struct {
    int64_t at_s;
    const char *code;
} vectors[] = {
    {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
    {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
};

static void test_vectors(void **state)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        int64_t step = 0;
        assert_true(la_totp_check(secret, la_slice_of(vectors[i].code), vectors[i].at_s, &step));
        assert_int_equal(step, vectors[i].at_s / 30);
    }
}

static void test_window(void **state)
{
    for (int64_t late_s = -90; late_s <= 90; late_s++) {
        int64_t at_s = 1111111111 + late_s, step = 0, away = at_s / 30 - 1111111111 / 30;
        bool good = la_totp_check(secret, LA_SLICE("050471"), at_s, &step);
        assert_int_equal(good, away >= -1 && away <= 1);
        assert_int_equal(step, good ? 1111111111 / 30 : 0);
    }
}

static void test_not_a_code(void **state)
{
    static const char *const codes[] = {"",
                                        "05047",
                                        "0504711",
                                        "05047a",
                                        "-50471",
                                        "+50471",
                                        "0504 7",
                                        "050472",
                                        "050470",
                                        ("\xd9\xa0"
                                         "50471"),
                                        "05.0471",
                                        "0x5047"};
    int64_t step;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_false(la_totp_check(secret, la_slice_of(codes[i]), 1111111111, &step));
    assert_false(la_totp_check(secret, LA_NO_SLICE, 1111111111, &step));
    assert_false(la_totp_check(secret, (la_slice){"050471", 5}, 1111111111, &step));
}

static void test_blanks_do_not_count(void **state)
{
    int64_t step;
    assert_true(la_totp_check(secret, LA_SLICE("050 471"), 1111111111, &step));
    assert_true(la_totp_check(secret, LA_SLICE(" 050471 "), 1111111111, &step));
}

static void test_at_the_beginning_of_time(void **state)
{
    int64_t step;
    assert_true(la_totp_check(secret, LA_SLICE("755224"), 0, &step)); /* RFC 4226 Appendix D, count 0 */
    assert_int_equal(step, 0);
}

static void test_base32(void **state)
{
    char text[LA_TOTP_SECRET_BYTES];
    assert_ok(la_totp_base32(secret, text));
    assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

static void test_uri(void **state)
{
    char uri[LA_TOTP_URI_BYTES], longest[LA_EMAIL_MAX + 1];
    la_totp_uri("GEZDGNBV", LA_SLICE("leanauth a.example"), LA_SLICE("huda+x@example.com"), uri);
    assert_string_equal(uri, "otpauth://totp/leanauth%20a.example:huda%2Bx%40example.com?secret=GEZDGNBV&issuer="
                             "leanauth%20a.example&algorithm=SHA1&digits=6&period=30");
    memset(longest, '%', LA_EMAIL_MAX);
    la_totp_uri("GEZDGNBV", LA_SLICE("leanauth"), (la_slice){longest, LA_EMAIL_MAX}, uri);
    assert_string_equal(uri, "otpauth://totp/leanauth:operator?secret=GEZDGNBV&issuer=leanauth&algorithm=SHA1&digits=6&"
                             "period=30");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_not_a_code),
        cmocka_unit_test(test_blanks_do_not_count),
        cmocka_unit_test(test_at_the_beginning_of_time),
        cmocka_unit_test(test_base32),
        cmocka_unit_test(test_uri),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
