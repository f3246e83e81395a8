/* Which addresses a key set may be fetched from (conformance: JWK-11). */
#include "unit.h"

#include "server/jwks/public_address.h"

#include <arpa/inet.h>

static bool is_allowed(const char *text, const la_address_range *ranges, unsigned n)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;
    if (strchr(text, ':')) {
        v6->sin6_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
    } else {
        v4->sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, text, &v4->sin_addr), 1);
    }
    return la_address_is_allowed((struct sockaddr *)&storage, ranges, n);
}

static void what_is_not_public_is_refused(void **state)
{
    static const char *const inside[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2002:c0a8:101::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "3fff::1",
        "4000::1",
    };
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        if (is_allowed(inside[i], NULL, 0))
            fail_msg("%s is taken for public", inside[i]);
}

static void what_is_public_is_allowed(void **state)
{
    static const char *const outside[] = {
        "1.1.1.1",         "8.8.8.8",         "9.255.255.255",  "11.0.0.0",        "100.63.255.255",
        "100.128.0.0",     "126.255.255.255", "128.0.0.1",      "169.253.255.255", "172.15.255.255",
        "172.32.0.0",      "192.167.255.255", "198.17.255.255", "198.20.0.0",      "223.255.255.255",
        "2606:4700::1111", "2a00::1",         "2001:200::1",    "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    };
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        if (!is_allowed(outside[i], NULL, 0))
            fail_msg("%s is taken for private", outside[i]);
}

static void ranges_open_what_they_hold(void **state)
{
    static const la_address_range ranges[] = {{{10, 1}, 4, 16}, {{[15] = 1}, 16, 128}};
    assert_true(is_allowed("10.1.2.3", ranges, 2));
    assert_false(is_allowed("10.2.0.1", ranges, 2));
    assert_true(is_allowed("::1", ranges, 2));
    assert_false(is_allowed("127.0.0.1", ranges, 2));
    assert_false(is_allowed("::ffff:10.1.2.3", ranges, 2)); /* ranges are of one kind of address */
    assert_true(is_allowed("8.8.8.8", ranges, 2));
}

static void other_families_are_refused(void **state)
{
    struct sockaddr_storage storage = {.ss_family = AF_UNIX};
    assert_false(la_address_is_allowed((struct sockaddr *)&storage, NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_public_is_refused),
        cmocka_unit_test(what_is_public_is_allowed),
        cmocka_unit_test(ranges_open_what_they_hold),
        cmocka_unit_test(other_families_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
