#include "unit.h"

#include "jose/client_secret.h"

#include "base/secret.h"

static void generated(void **state)
{
    char secret[LA_GENERATED_SECRET_CHARS + 1], other[LA_GENERATED_SECRET_CHARS + 1];
    for (int i = 0; i < 200; i++) {
        la_secret_generate(i % 2, secret);
        la_secret_generate(i % 2, other);
        assert_int_equal(strlen(secret), LA_GENERATED_SECRET_CHARS);
        assert_memory_equal(secret, i % 2 ? "las_test_" : "las_live_", 9);
        assert_string_not_equal(secret, other);
        assert_false(la_secret_is_mistyped(la_slice_of(secret)));
    }
}

/* Each single character that is changed, and each pair of neighbours that is swapped, is noticed. */
static void typing_errors(void **state)
{
    char secret[LA_GENERATED_SECRET_CHARS + 1];
    la_secret_generate(true, secret);
    for (size_t i = 9; i < LA_GENERATED_SECRET_CHARS; i++) {
        char wrong[LA_GENERATED_SECRET_CHARS + 1];
        memcpy(wrong, secret, sizeof wrong);
        wrong[i] = wrong[i] == 'a' ? 'b' : 'a';
        assert_true(la_secret_is_mistyped(la_slice_of(wrong)));
    }
    for (size_t i = 9; i + 1 < LA_GENERATED_SECRET_CHARS; i++) {
        char wrong[LA_GENERATED_SECRET_CHARS + 1];
        memcpy(wrong, secret, sizeof wrong);
        wrong[i] = secret[i + 1];
        wrong[i + 1] = secret[i];
        assert_int_equal(la_secret_is_mistyped(la_slice_of(wrong)), secret[i] != secret[i + 1]);
    }
    assert_false(la_secret_is_mistyped(LA_SLICE("another kind of secret")));
    assert_false(la_secret_is_mistyped((la_slice){secret, LA_GENERATED_SECRET_CHARS - 1}));
}

/* 43 characters of base 62: over many secrets every character comes up about as often, but for the first, which 2^256 bounds. */
static void characters_are_uniform(void **state)
{
    unsigned counts[128] = {0}, n = 4000;
    char secret[LA_GENERATED_SECRET_CHARS + 1];
    for (unsigned i = 0; i < n; i++) {
        la_secret_generate(false, secret);
        for (size_t c = 10; c < 52; c++)
            counts[(unsigned char)secret[c]]++;
    }
    unsigned expected = n * 42 / 62;
    for (char c = '0'; c <= 'z'; c++)
        if ((c <= '9') || (c >= 'A' && c <= 'Z') || c >= 'a')
            assert_in_range(counts[(unsigned char)c], expected * 9 / 10, expected * 11 / 10);
}

static void hints(void **state)
{
    char secret[LA_GENERATED_SECRET_CHARS + 1], hint[LA_SECRET_HINT_BYTES];
    la_secret_generate(true, secret);
    la_secret_hint(la_slice_of(secret), hint);
    assert_memory_equal(hint, secret, 13);
    assert_null(strstr(hint, secret + 13));
    la_secret_hint(LA_SLICE("short"), hint);
    assert_string_equal(hint, "imported");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(generated), cmocka_unit_test(typing_errors),
                                       cmocka_unit_test(characters_are_uniform), cmocka_unit_test(hints)};
    return la_is_ok(la_secret_setup()) ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
