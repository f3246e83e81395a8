#include "unit.h"

#include "server/message/coding.h"

#define ALL (1u << LA_CODING_BROTLI | 1u << LA_CODING_GZIP | 1u << LA_CODING_IDENTITY)

static const char *chosen(const char *accept_encoding, unsigned offered)
{
    static const char *const names[] = {"br", "gzip", "identity", "none"};

    return names[la_coding_choose(la_slice_of(accept_encoding), offered)];
}

static void the_smallest_that_is_accepted_wins(void **state)
{
    static const struct {
        const char *accept_encoding, *expected;
    } rows[] = {
        {NULL, "identity"},
        {"", "identity"},
        {"br", "br"},
        {"gzip, deflate, br, zstd", "br"},
        {"gzip", "gzip"},
        {"GZIP", "gzip"},
        {"x-gzip", "gzip"},
        {"deflate", "identity"},
        {"*", "br"},
        {"br;q=0, *", "gzip"},
        {"br;q=0.0,gzip;q=0.001", "gzip"},
        {"br;q=0, gzip;q=0", "identity"},
        {"br ; q=0 , gzip ;Q=1", "gzip"},
        {"br;q=0.000", "identity"},
        {"br;q=1.0;q=0", "br"},
        {"gzip;q=0.5, br;q=0.1", "br"},
        {"identity;q=0", "none"},
        {"*;q=0", "none"},
        {"gzip, *;q=0", "gzip"},
        {"identity, *;q=0", "identity"},
        {"identity;q=0, *", "br"},
        {"*;q=0, br", "br"},
        {",,br,,", "br"},
        {"brotli, gzi, b", "identity"},
        {";q=0", "identity"},
        {"br;q=", "br"},
        {"br;level=5;q=0", "identity"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(chosen(rows[i].accept_encoding, ALL), rows[i].expected);
}

static void only_what_is_offered_is_chosen(void **state)
{
    assert_string_equal(chosen("br, gzip", 1u << LA_CODING_GZIP | 1u << LA_CODING_IDENTITY), "gzip");
    assert_string_equal(chosen("br, gzip", 1u << LA_CODING_IDENTITY), "identity");
    assert_string_equal(chosen("br, identity;q=0", 1u << LA_CODING_IDENTITY), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_that_is_accepted_wins),
        cmocka_unit_test(only_what_is_offered_is_chosen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
