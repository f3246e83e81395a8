#include "unit.h"

#include "oauth/accept.h"

#define TYPE "application/token-introspection+jwt"

static bool prefers(const char *accept)
{
    return la_accept_prefers(la_slice_of(accept), TYPE);
}

static void it_has_to_be_named(void **state)
{
    assert_true(prefers(TYPE));
    assert_true(prefers("Application/Token-Introspection+JWT"));
    assert_true(prefers("text/html , " TYPE " ; q=0.1"));
    assert_true(prefers(TYPE ";a=b;q=1;c"));
    assert_false(prefers("*/*"));
    assert_false(prefers("application/*"));
    assert_false(prefers("application/json"));
    assert_false(prefers(""));
    assert_false(prefers(",,;,=,;q=1"));
    assert_false(prefers(TYPE "x"));
    assert_false(la_accept_prefers(LA_NO_SLICE, TYPE));
}

static void weights_decide(void **state)
{
    assert_true(prefers(TYPE ", application/json"));
    assert_true(prefers("application/json;q=0.5, " TYPE ";q=0.5"));
    assert_false(prefers("application/json;q=0.51, " TYPE ";q=0.5"));
    assert_false(prefers("*/*, " TYPE ";q=0.5"));
    assert_true(prefers("*/*, application/json;q=0.2, " TYPE ";q=0.5")); /* the more exact range holds */
    assert_true(prefers("*/*, application/*;q=0.2, " TYPE ";q=0.5"));
    assert_false(prefers(TYPE ";q=0, */*"));
    assert_false(prefers(TYPE ";q=0.000"));
    assert_true(prefers(TYPE ";q=0.001"));
}

static void malformed_members_count_for_nothing(void **state)
{
    static const char *const weights[] = {"2", "1.001", "0.1234", "-1", "x", "", "1.", "01", "0x1", ".5", "0,5"};
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
        char accept[100];
        snprintf(accept, sizeof accept, TYPE ";q=%s", weights[i]);
        bool is_fine = strcmp(weights[i], "1.") ==
                       0; /* RFC 9110 has up to three digits behind the point, so none, too */
        bool is_zero = strcmp(weights[i], "0,5") == 0; /* the comma ends the member */
        assert_int_equal(prefers(accept), is_fine && !is_zero);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_to_be_named),
        cmocka_unit_test(weights_decide),
        cmocka_unit_test(malformed_members_count_for_nothing),
    };
    return cmocka_run_group_tests_name("oauth accept", tests, NULL, NULL);
}
