#include "unit.h"

#include "base/hex.h"

static void every_digit_and_nothing_else(void **state)
{
    static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
    int found = 0;
    for (int i = 0; i < 16; i++) {
        assert_int_equal(la_hex_value(lower[i]), i);
        assert_int_equal(la_hex_value(upper[i]), i);
    }
    for (int c = -128; c < 128; c++)
        found += la_hex_value((char)c) >= 0;
    assert_int_equal(found, 22);
}

static void bytes_are_written_in_lower_case(void **state)
{
    char text[9] = "........";
    la_hex_encode("\x00\x7f\xa0\xff", 4, text);
    assert_string_equal(text, "007fa0ff");
    la_hex_encode("", 0, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_digit_and_nothing_else),
        cmocka_unit_test(bytes_are_written_in_lower_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
