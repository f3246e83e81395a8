#include "unit.h"

#include "base/buffer.h"

static void fixed_never_overflows(void **state)
{
    char memory[8];
    la_buffer b;
    la_buffer_init_fixed(&b, memory, 4);
    memory[4] = 'Z';
    la_buffer_add(&b, LA_SLICE("abcd"));
    assert_true(la_buffer_ok(&b));
    la_buffer_add_char(&b, 'e');
    assert_false(la_buffer_ok(&b));
    assert_slice(la_buffer_slice(&b), "abcd");
    assert_int_equal(memory[4], 'Z');
    la_buffer_clear(&b);
    la_buffer_add(&b, LA_SLICE("xy"));
    assert_slice(la_buffer_slice(&b), "xy");
}

static void failed_takes_nothing_more(void **state)
{
    char memory[4];
    la_buffer b;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_buffer_add(&b, LA_SLICE("too long"));
    la_buffer_add(&b, LA_SLICE("a"));
    assert_false(la_buffer_ok(&b));
    assert_int_equal(b.n, 0);
    assert_string_equal(la_buffer_text(&b), "");
}

static void growing_stops_at_its_maximum(void **state)
{
    la_buffer b;
    la_buffer_init(&b, 1000);
    for (int i = 0; i < 1000; i++)
        la_buffer_add_char(&b, 'a');
    assert_true(la_buffer_ok(&b));
    assert_int_equal(b.n, 1000);
    la_buffer_add_char(&b, 'a');
    assert_false(la_buffer_ok(&b));
    la_buffer_done(&b);
    assert_null(b.p);
}

static void huge_sizes_do_not_wrap(void **state)
{
    la_buffer b;
    la_buffer_init(&b, 100);
    la_buffer_add(&b, LA_SLICE("abc"));
    assert_null(la_buffer_reserve(&b, SIZE_MAX));
    assert_false(la_buffer_ok(&b));
    la_buffer_done(&b);
}

static void numbers(void **state)
{
    char memory[100];
    la_buffer b;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_buffer_add_u64(&b, 0);
    la_buffer_add_char(&b, ' ');
    la_buffer_add_u64(&b, UINT64_MAX);
    la_buffer_add_char(&b, ' ');
    la_buffer_add_i64(&b, INT64_MIN);
    la_buffer_add_char(&b, ' ');
    la_buffer_add_format(&b, "%d-%s", 7, "x");
    assert_slice(la_buffer_slice(&b), "0 18446744073709551615 -9223372036854775808 7-x");
}

static void json(void **state)
{
    static const struct {
        la_slice in;
        const char *out;
    } rows[] = {
        {LA_SLICE(""), "\"\""},
        {LA_SLICE("plain text"), "\"plain text\""},
        {LA_SLICE("a\"b\\c/"), "\"a\\\"b\\\\c/\""},
        {LA_SLICE("\x01\n\t\x7f"), "\"\\u0001\\n\\u0009\\u007f\""},
        {LA_SLICE("nul\0end"), "\"nul\\u0000end\""},
        {LA_SLICE("\xC2\xA3\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xC2\xA3\xE2\x82\xAC\xF0\x9F\x98\x80\""},
        {LA_SLICE("\xC0\xAF-\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD-\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {LA_SLICE("cut\xE2\x82"), "\"cut\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        la_buffer b;
        la_buffer_init(&b, 1000);
        la_buffer_add_json(&b, rows[i].in);
        assert_slice(la_buffer_slice(&b), rows[i].out);
        la_buffer_done(&b);
    }
}

static void percent(void **state)
{
    char memory[100];
    la_buffer b;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_buffer_add_percent(&b, LA_SLICE("aZ09-._~ /?%+\"\xC3\xA9"));
    assert_slice(la_buffer_slice(&b), "aZ09-._~%20%2F%3F%25%2B%22%C3%A9");
    la_buffer_init_fixed(&b, memory, 4);
    la_buffer_add_percent(&b, LA_SLICE("a//"));
    assert_false(la_buffer_ok(&b));
    assert_slice(la_buffer_slice(&b), "a%2F");
}

static void shown(void **state)
{
    char memory[100];
    la_buffer b;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_buffer_add_shown(&b, LA_SLICE("\xC3\xA9 a\n\x1Bm\x7F\xC2\x9B\xC2\xA0\xFF\xC3"));
    assert_slice(la_buffer_slice(&b), "\xC3\xA9 a??m??\xC2\xA0??");
    la_buffer_init_fixed(&b, memory, 3);
    la_buffer_add_shown(&b, LA_SLICE("\xC3\xA9\xC3\xA9"));
    assert_false(la_buffer_ok(&b));
    assert_slice(la_buffer_slice(&b), "\xC3\xA9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_never_overflows),
        cmocka_unit_test(failed_takes_nothing_more),
        cmocka_unit_test(growing_stops_at_its_maximum),
        cmocka_unit_test(huge_sizes_do_not_wrap),
        cmocka_unit_test(numbers),
        cmocka_unit_test(json),
        cmocka_unit_test(percent),
        cmocka_unit_test(shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
