/* Issuers, hosts, audiences, scope names, addresses: what is one and what is none. */
#include "unit.h"

#include "config/value.h"

static void accept_all(la_text_kind kind, const char *const *texts)
{
    for (; *texts; texts++) {
        const char *expected = la_text_expected(kind, la_slice_of(*texts));
        if (expected)
            fail_msg("%s: refused, expected %s", *texts, expected);
    }
}

static void refuse_all(la_text_kind kind, const char *const *texts)
{
    for (; *texts; texts++)
        if (!la_text_expected(kind, la_slice_of(*texts)))
            fail_msg("\"%s\": accepted", *texts);
}
#define ACCEPT(kind, ...) accept_all(kind, (const char *const[]){__VA_ARGS__, NULL})
#define REFUSE(kind, ...) refuse_all(kind, (const char *const[]){__VA_ARGS__, NULL})

static void issuers_follow_rfc_8414(void **state)
{
    ACCEPT(LA_TEXT_ISSUER, "https://auth.example.com", "https://auth.example.com/", "https://auth.example.com:8443",
           "https://AUTH.example.com/Tenant/a-b_c.d~e", "https://10.0.0.1", "https://[2001:db8::1]:443/x", "https://a",
           "https://my_host.internal", "https://auth.example.com/.hidden", "https://auth.example.com/a..b");
    ACCEPT(LA_TEXT_ISSUER, "http://localhost", "http://localhost:8080", "http://production.localhost:8080",
           "http://PRODUCTION.LOCALHOST", "http://127.0.0.1:1", "http://127.255.255.254", "http://[::1]:65535/a",
           "http://[0:0::1]");
    REFUSE(LA_TEXT_ISSUER, "", "auth.example.com", "ftp://auth.example.com", "HTTPS://auth.example.com",
           "https:auth.example.com", "https:/auth.example.com", "https://", "https:///path", "https://:443",
           "https://?", " https://a.example", "https://a.example ", "https://a b.example", "https://a.example\n");
    REFUSE(LA_TEXT_ISSUER, "https://a.example?x=1", "https://a.example/?", "https://a.example#",
           "https://a.example/#top", "https://user@a.example", "https://user:secret@a.example", "https://@a.example");
    REFUSE(LA_TEXT_ISSUER, "https://a.example:", "https://a.example:0", "https://a.example:65536",
           "https://a.example:080", "https://a.example:http", "https://a.example:-1", "https://a.example:443:443",
           "https://[::1]443", "https://[::1", "https://::1", "https://[127.0.0.1]", "https://[::g]",
           "https://[fe80::1%25eth0]");
    REFUSE(LA_TEXT_ISSUER, "https://a..example", "https://.example", "https://a.example.", "https://-a.example",
           "https://a-.example", "https://10.0.0.256", "https://1.2.3", "https://a.example\\b",
           "https://\xC3\xA4.example");
    REFUSE(LA_TEXT_ISSUER, "https://a.example/.", "https://a.example/..", "https://a.example/../b",
           "https://a.example/./b", "https://a.example//", "https://a.example//b", "https://a.example/b//",
           "https://a.example/b//c", "https://a.example/%41", "https://a.example/b%2F", "https://a.example/b\"",
           "https://a.example/b c", "https://a.example/b\\c", "https://a.example/\xC3\xA4");
    REFUSE(LA_TEXT_ISSUER, "http://auth.example.com", "http://localhost.example.com", "http://notlocalhost",
           "http://128.0.0.1", "http://10.0.0.1", "http://0.0.0.0", "http://[::]", "http://[::2]",
           "http://[::ffff:127.0.0.1]", "http://127.0.0.1.example.com", "http://.localhost");
}

static void origins_are_what_browsers_send(void **state)
{
    ACCEPT(LA_TEXT_ORIGIN, "https://leanauth.example.com", "https://leanauth.example.com:8443", "https://10.0.0.1",
           "https://[2001:db8::1]", "http://localhost", "http://localhost:8081", "http://127.0.0.1:8081",
           "http://admin.localhost:443", "https://a.example:80");
    REFUSE(LA_TEXT_ORIGIN, "", "null", "leanauth.example.com", "https://leanauth.example.com/",
           "https://a.example/path", "https://A.example", "https://a.example:443", "http://localhost:80",
           "http://a.example", "ftp://a.example", "https://a.example?x", "https://a.example#x", "https://u@a.example",
           "https://*.example", "*");
}

static void a_wrong_issuer_is_told_apart(void **state)
{
    static const char *const pairs[][2] = {
        {"a.example", "a URL that starts with https:// (RFC 8414 2)"},
        {"https://a.example?x", "an issuer without a query (RFC 8414 2)"},
        {"https://a.example#x", "an issuer without a fragment (RFC 8414 2)"},
        {"https://u@a.example", "an issuer without user information (RFC 8414 2)"},
        {"https://a.example:0", "an issuer whose port is a number from 1 to 65535"},
        {"https://a.example/../b", "an issuer without dot segments in its path"},
        {"https://a.example//b", "an issuer without empty segments in its path"},
        {"https://a.example/%41", "an issuer without percent-encoding in its path"},
        {"http://a.example", "https (http is for localhost, *.localhost and loopback addresses only)"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(la_text_expected(LA_TEXT_ISSUER, la_slice_of(pairs[i][0])), pairs[i][1]);
}

static void issuers_are_taken_apart(void **state)
{
    la_issuer_parts parts;
    assert_null(la_issuer_parse(LA_SLICE("https://Auth.Example.com:8443/a/b/"), &parts));
    assert_true(parts.https);
    assert_slice(parts.host, "Auth.Example.com");
    assert_slice(parts.path, "/a/b");
    assert_null(la_issuer_parse(LA_SLICE("http://[::1]:8080"), &parts));
    assert_false(parts.https);
    assert_slice(parts.host, "[::1]");
    assert_slice(parts.path, "");
    assert_null(la_issuer_parse(LA_SLICE("https://a.example/"), &parts));
    assert_slice(parts.path, "");
}

static void lengths_are_bounded(void **state)
{
    char text[4001];
    memset(text, 'a', sizeof text);
    memcpy(text, "https://", 8);
    text[8 + 63] = '.';
    text[8 + 127] = '.';
    text[8 + 191] = '/';
    assert_null(la_text_expected(LA_TEXT_ISSUER, (la_slice){text, 256}));
    assert_string_equal(la_text_expected(LA_TEXT_ISSUER, (la_slice){text, 257}), "an issuer of at most 256 characters");
    assert_null(la_text_expected(LA_TEXT_AUDIENCE, (la_slice){text, 256}));
    assert_non_null(la_text_expected(LA_TEXT_AUDIENCE, (la_slice){text, 257}));
    assert_null(la_text_expected(LA_TEXT_PATH, (la_slice){text, 3000}));
    assert_non_null(la_text_expected(LA_TEXT_PATH, (la_slice){text, 3001}));
    memset(text, 'a', sizeof text);
    assert_null(la_text_expected(LA_TEXT_SCOPE, (la_slice){text, 64}));
    assert_non_null(la_text_expected(LA_TEXT_SCOPE, (la_slice){text, 65}));
    assert_null(la_text_expected(LA_TEXT_ENVIRONMENT, (la_slice){text, 40}));
    assert_non_null(la_text_expected(LA_TEXT_ENVIRONMENT, (la_slice){text, 41}));
    assert_null(la_text_expected(LA_TEXT_HOST, (la_slice){text, 63}));
    assert_non_null(la_text_expected(LA_TEXT_HOST, (la_slice){text, 64}));
    for (size_t i = 50; i < sizeof text; i += 50)
        text[i] = '.';
    assert_null(la_text_expected(LA_TEXT_HOST, (la_slice){text, 253}));
    assert_non_null(la_text_expected(LA_TEXT_HOST, (la_slice){text, 254}));
}

static void hosts_have_no_port(void **state)
{
    ACCEPT(LA_TEXT_HOST, "localhost", "auth.example.com", "AUTH.example.com", "a_b.internal", "127.0.0.1", "[::1]",
           "xn--bcher-kva.example", "1a.2b");
    REFUSE(LA_TEXT_HOST, "", ".", "a.example:443", "https://a.example", "a.example/", "::1", "[::1]:80", "[]", "[",
           "*.example.com", "a example", "a.example.", "256.0.0.1", "1.2", "a\xC3\xA4");
}

static void audiences_are_absolute_uris(void **state)
{
    ACCEPT(LA_TEXT_AUDIENCE, "https://api.example.com", "https://api.example.com/v1?tenant=a", "urn:example:api",
           "api:x", "http://api.internal", "https://[2001:db8::1]/x", "https://api.example.com/%C3%A4",
           "com.example+x-1:y");
    REFUSE(LA_TEXT_AUDIENCE, "", "api", "api.example.com", "/api", "https:", "https:/a", "https://", "https:///a",
           "HTTP:a", ":a", "1a:b", "urn:", "https://a.example#x", "urn:a#", "https://a b", "urn:a\"b", "urn:a\\b",
           "urn:<a>", "urn:a%", "urn:a%4", "urn:a%zz", "urn:\xC3\xA4", "urn:a\n", "urn:{a}", "urn:a|b", "urn:a^b",
           "urn:`a`");
}

static void scope_names_follow_rfc_6749(void **state)
{
    ACCEPT(LA_TEXT_SCOPE, "payments", "payments:read", "https://a.example/scope", "!", "#[]^{|}~", "customers", "Api",
           "customer-x");
    REFUSE(LA_TEXT_SCOPE, "", "a b", "a\"b", "a\\b", "a\tb", "a\x7f", "\xC3\xA4", "api", "customer", "customer.",
           "customer.1");
}

static void names_and_addresses(void **state)
{
    ACCEPT(LA_TEXT_ENVIRONMENT, "production", "sandbox-uae", "1", "-");
    REFUSE(LA_TEXT_ENVIRONMENT, "", "Production", "a b", "a_b", "a.b", "a/b");
    ACCEPT(LA_TEXT_ADDRESS, "127.0.0.1", "0.0.0.0", "::", "::1", "2001:db8::1", "::ffff:127.0.0.1");
    REFUSE(LA_TEXT_ADDRESS, "", "localhost", "127.0.0.1:80", "[::1]", "127.1", "0x7f.0.0.1", "127.0.0.01", "256.0.0.1",
           "::g", "fe80::1%eth0", " ::1");
    ACCEPT(LA_TEXT_PATH, "a", "/a/b", "../a b", "\xC3\xA4", "~");
    REFUSE(LA_TEXT_PATH, "", "a\nb", "\x1b", "\x7f");
}

static void addresses_are_compared_as_bytes(void **state)
{
    uint8_t a[16], b[16];
    unsigned n;
    assert_true(la_address_parse("::1", a, &n));
    assert_int_equal(n, 16);
    assert_true(la_address_parse("0:0:0::0001", b, &n));
    assert_memory_equal(a, b, 16);
    assert_true(la_address_parse("127.0.0.1", a, &n));
    assert_int_equal(n, 4);
    assert_memory_equal(a, ((const uint8_t[]){127, 0, 0, 1}), 4);
    assert_false(la_address_parse("nowhere", a, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(issuers_follow_rfc_8414),      cmocka_unit_test(origins_are_what_browsers_send),
        cmocka_unit_test(a_wrong_issuer_is_told_apart), cmocka_unit_test(issuers_are_taken_apart),
        cmocka_unit_test(lengths_are_bounded),          cmocka_unit_test(hosts_have_no_port),
        cmocka_unit_test(audiences_are_absolute_uris),  cmocka_unit_test(scope_names_follow_rfc_6749),
        cmocka_unit_test(names_and_addresses),          cmocka_unit_test(addresses_are_compared_as_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
