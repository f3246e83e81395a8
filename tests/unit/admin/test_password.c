#include "unit.h"

#include "admin/password.h"
#include "base/secret.h"

#include <sodium.h>

static la_result rule(const char *password)
{
    return la_rule_password(la_slice_of(password), LA_SLICE("huda.al-ali@example.com"));
}

static void test_good_ones(void **state)
{
    static const char *const good[] = {
        "orchid tractor velvet 7",
        "k7fd-92mq-x4tw-aaaa-bbbb",
        "aB3$aB3%aB3&x",
        /* Twelve characters, more bytes. */
        "\xd9\x83\xd9\x84\xd9\x85\xd8\xa9 \xd8\xb3\xd8\xb1 \xd8\xb7\xd9\x88\xd9\x8a\xd9\x84",
        "huda.al-ali likes tea",
        "password of a quiet street",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_ok(rule(good[i]));
}

static void test_bad_ones(void **state)
{
    static const char *const bad[] = {
        "",
        "elevenchars",
        "\xd9\x83\xd9\x84\xd9\x85\xd8\xa9\xd8\xb3\xd8\xb1", /* twelve bytes, six characters */
        "password1234",
        "Password2024!",
        "PASSWORDPASSWORD",
        "qwertyuiop123",
        "leanauth-2026",
        "LeanAuth12345",
        "administrator",
        "correcthorsebatterystaple",
        "huda.al-ali@example.com",
        "HUDA.AL-ALI@EXAMPLE.COM",
        "huda.al-ali1234",
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "abcdabcdabcdabc",
        "123456789012",
        "987654321098",
        "abcdefghijklm",
        "mnopqrstuvwxyz",
        "not utf-8 at \xff\xfe all",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (la_is_ok(rule(bad[i])))
            fail_msg("%s is taken", bad[i]);
        assert_code(rule(bad[i]), LA_INVALID);
        /* What it says never shows the password. */
        assert_true(strlen(bad[i]) < 8 || strstr(la_detail(), bad[i]) == NULL);
    }
}

static void test_length_is_bounded(void **state)
{
    char text[LA_PASSWORD_MAX + 2];
    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i * i % 26);
    assert_ok(la_rule_password((la_slice){text, LA_PASSWORD_MAX}, LA_SLICE("a@b")));
    assert_code(la_rule_password((la_slice){text, LA_PASSWORD_MAX + 1}, LA_SLICE("a@b")), LA_INVALID);
    assert_code(la_rule_password((la_slice){"orchid\0tractor 7", 16}, LA_SLICE("a@b")), LA_INVALID);
}

static void test_hash(void **state)
{
    char hash[LA_PASSWORD_HASH_MAX + 1], again[LA_PASSWORD_HASH_MAX + 1];
    assert_ok(la_password_hash(LA_SLICE("orchid tractor velvet 7"), hash));
    assert_ok(la_password_hash(LA_SLICE("orchid tractor velvet 7"), again));
    assert_true(strncmp(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31) == 0);
    assert_string_not_equal(hash, again);
    assert_true(la_password_verify(hash, LA_SLICE("orchid tractor velvet 7")));
    assert_false(la_password_verify(hash, LA_SLICE("orchid tractor velvet 8")));
    assert_false(la_password_verify(hash, LA_SLICE("")));
    assert_false(la_password_verify(hash, LA_NO_SLICE));
    assert_false(la_password_is_outdated(hash));
}

/* Nobody's hash has today's limits, so that it takes as long; and nothing fits it. */
static void test_nobody(void **state)
{
    char zeros[32] = "";
    assert_false(la_password_verify("", LA_SLICE("orchid tractor velvet 7")));
    assert_false(la_password_verify("", LA_SLICE("")));
    assert_false(la_password_verify("", (la_slice){zeros, sizeof zeros}));
    assert_false(la_password_verify("no hash at all", LA_SLICE("x")));
}

static void test_too_long_is_no_password(void **state)
{
    char hash[LA_PASSWORD_HASH_MAX + 1], text[LA_PASSWORD_MAX + 1];
    memset(text, 'x', sizeof text);
    assert_ok(la_password_hash(LA_SLICE(""), hash));
    assert_false(la_password_verify("", (la_slice){text, sizeof text}));
}

static void test_outdated(void **state)
{
    char hash[crypto_pwhash_STRBYTES];
    assert_int_equal(crypto_pwhash_str(hash, "x", 1, crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN), 0);
    assert_true(la_password_is_outdated(hash));
}

static void test_generated(void **state)
{
    char a[LA_GENERATED_PASSWORD_BYTES], b[LA_GENERATED_PASSWORD_BYTES];
    la_password_generate(a);
    la_password_generate(b);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 24);
    assert_int_equal(strspn(a, "23456789abcdefghijkmnpqrstuvwxyz-"), 24);
    assert_int_equal(a[4], '-');
    assert_ok(rule(a));
}

static int set_up_secrets(void **state)
{
    assert_ok(la_secret_setup());
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_ones),
        cmocka_unit_test(test_bad_ones),
        cmocka_unit_test(test_length_is_bounded),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_too_long_is_no_password),
        cmocka_unit_test(test_outdated),
        cmocka_unit_test(test_generated),
    };
    return cmocka_run_group_tests(tests, set_up_secrets, NULL);
}
