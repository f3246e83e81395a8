/*
 * Imported password hashes. Right answers come from elsewhere: jBCrypt's tests, `openssl passwd`, the reference
 * implementation of Argon2, Python's crypt for yescrypt.
 */
#include "jose/hasher.h"
#include "testkit.h"

static const struct {
    const char *hash, *secret;
} good[] = {
    {"$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", ""},
    {"$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a"},
    {"{bcrypt}$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a"},
    {"$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e", "correct horse"},
    {"$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2", "correct horse"},
    {"$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!"},
    {"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
     "Hello world!"},
    {"$5$rounds=1000$saltstring$95Bg/RfV2QriLpMdLPHK9el0Ighm6E3CBqMKzZKgCa2", "correct horse"},
    {"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$zwtVrjrUCmXcyLTs6oxLTQlzifSUkF8RHJ./tK5KU79", "correct horse"},
    {"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"},
    {"{argon2}$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", "password"},
    {"{argon2@SpringSecurity_v5_8}$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$"
     "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
     "password"},
};

static void test_right_and_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        la_slice hash = la_slice_of(good[i].hash);
        char secret[64];
        snprintf(secret, sizeof secret, "%s", good[i].secret);
        if (!la_slow_hash_supported(hash))
            fail_msg("not supported: %s", good[i].hash);
        if (!la_slow_hash_verify(hash, la_slice_of(secret)))
            fail_msg("does not verify: %s", good[i].hash);
        strcat(secret, "x");
        assert_false(la_slow_hash_verify(hash, la_slice_of(secret)));
        assert_false(la_slow_hash_verify(hash, LA_NO_SLICE));
        /* A changed last character but one (the last one of some forms has spare bits). */
        char changed[LA_SLOW_HASH_MAX + 1];
        snprintf(changed, sizeof changed, "%s", good[i].hash);
        char *at = changed + strlen(changed) - 2;
        *at = *at == 'A' ? 'B' : 'A';
        secret[strlen(secret) - 1] = 0;
        assert_false(la_slow_hash_verify(la_slice_of(changed), la_slice_of(secret)));
    }
}

#define H43 "95Bg/RfV2QriLpMdLPHK9el0Ighm6E3CBqMKzZKgCa2"
#define H86 "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
#define B53 "DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."
#define A43 "c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

static void test_unsupported(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "x",
        "$",
        "$2",
        "$2a$",
        "plain text",
        "{noop}secret",
        "{bcrypt}",
        "{argon2}",
        "{scrypt}$e0801$x$y",
        /* too expensive, too cheap, misspelt */
        "$2a$15$" B53,
        "$2a$31$" B53,
        "$2a$03$" B53,
        "$2a$6$" B53,
        "$2x$06$" B53,
        "$2$06$" B53,
        "$2a$06$" B53 "x",
        "$2a$+6$" B53,
        "$2a$06$!Cq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.",
        "$5$rounds=1000001$saltstring$" H43,
        "$5$rounds=999999999$saltstring$" H43,
        "$5$rounds=999$saltstring$" H43,
        "$5$rounds=01000$saltstring$" H43,
        "$5$rounds=$saltstring$" H43,
        "$5$rounds=1000",
        "$5$rounds=-1$salt$" H43,
        "$6$rounds=18446744073709551617$saltstring$" H86,
        "$6$saltstring$" H43,
        "$5$saltstring$" H86,
        "$5$$" H43,
        "$5$12345678901234567$" H43,
        "$1$saltstring$5B8vYYiY.CVt1RlTTf8Kb1",
        "$5$salt string$" H43,
        "$y$jD5$F5Jx5fExrKuPp53xLKQ..1$" H43,
        "$y$j9T$$" H43,
        "$7$C6..../....SodiumChloride$" H43,
        "$gy$j9T$salt$" H43,
        "$argon2id$v=19$m=262145,t=2,p=1$" A43,
        "$argon2id$v=19$m=256,t=11,p=1$" A43,
        "$argon2id$v=19$m=256,t=2,p=17$" A43,
        "$argon2id$v=19$m=256,t=0,p=1$" A43,
        "$argon2id$v=16$m=256,t=2,p=1$" A43,
        "$argon2id$m=256,t=2,p=1$" A43,
        "$argon2i$v=19$m=256,t=2,p=1$" A43,
        "$argon2d$v=19$m=256,t=2,p=1$" A43,
        "$argon2id$v=19$m=256,t=2,p=1$",
        "$argon2id$v=19$m=4294967552,t=2,p=1$" A43,
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
        /* a prefix of something else */
        "{bcrypt}$5$saltstring$" H43,
        "{argon2}$2a$06$" B53,
        "{bcrypt}$argon2id$v=19$m=256,t=2,p=1$" A43,
        "{BCRYPT}$2a$06$" B53,
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (la_slow_hash_supported(la_slice_of(bad[i])))
            fail_msg("supported: %s", bad[i]);
        assert_false(la_slow_hash_verify(la_slice_of(bad[i]), LA_SLICE("")));
    }
    assert_false(la_slow_hash_supported(LA_NO_SLICE));
    char longest[LA_SLOW_HASH_MAX + 2];
    memset(longest, 'A', sizeof longest);
    memcpy(longest, "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$", 41);
    assert_false(la_slow_hash_supported((la_slice){longest, LA_SLOW_HASH_MAX + 1}));
    assert_true(la_slow_hash_supported((la_slice){longest, LA_SLOW_HASH_MAX}));
    assert_false(la_slow_hash_verify((la_slice){longest, LA_SLOW_HASH_MAX}, LA_SLICE("password")));
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        for (size_t n = 0; n < strlen(good[i].hash); n++) {
            char *exact = malloc(n + 1); /* a heap block, so that a sanitizer sees one byte too far */
            memcpy(exact, good[i].hash, n);
            char *block = realloc(exact, n ? n : 1);
            (void)la_slow_hash_supported((la_slice){block, n});
            free(block);
        }
}

static void test_secrets(void **state)
{
    (void)state;
    la_slice hash = la_slice_of(good[1].hash);
    assert_false(la_slow_hash_verify(hash, (la_slice){"a\0", 2})); /* not "a" */
    char longest[LA_CLIENT_SECRET_MAX + 1];
    memset(longest, 'a', sizeof longest);
    assert_false(la_slow_hash_verify(hash, (la_slice){longest, LA_CLIENT_SECRET_MAX}));
    assert_false(la_slow_hash_verify(hash, (la_slice){longest, LA_CLIENT_SECRET_MAX + 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_and_wrong),
        cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_secrets),
    };
    return cmocka_run_group_tests_name("slow_hash", tests, set_up_secrets, NULL);
}
