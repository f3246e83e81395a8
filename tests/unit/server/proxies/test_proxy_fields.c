/* What proxies say about their clients, and what others would like to say in their place. */
#include "unit.h"

#include "base/base64url.h"
#include "server/proxies/forwarded.h"
#include "server/proxies/proxy_fields.h"

#define DER "\x30\x03\x02\x01\x05" /* as much of a certificate as the parsers look at */
#define B64 "MAMCAQU="
#define B64_TWICE "MAMCAQUwAwIBBQ==" /* two of them, one after another */
#define PEM "-----BEGIN%20CERTIFICATE-----%0AMAMC%0AAQU%3D%0A-----END%20CERTIFICATE-----%0A"

static la_arena *arena;

typedef la_result (*parser)(la_slice field, la_arena *arena, la_slice *ret_der);

static void accepts(parser parse, const char *field)
{
    la_slice der = LA_NO_SLICE;
    assert_ok(parse(la_slice_of(field), arena, &der));
    assert_int_equal(der.n, 5);
    assert_memory_equal(der.p, DER, 5);
}

static void refuses_all(parser parse, const char *const *fields)
{
    for (; *fields; fields++) {
        la_slice der = LA_SLICE("untouched");
        la_result r = parse(la_slice_of(*fields), arena, &der);
        if (r.code != LA_INVALID)
            fail_msg("accepted: %s", *fields);
        assert_slice(der, "untouched");
    }
}

static void der_is_one_sequence_and_nothing_else(void **state)
{
    static const la_slice wrong[] = {
        LA_SLICE_INIT(""),
        LA_SLICE_INIT("\x30"),
        LA_SLICE_INIT("\x31\x00"),
        LA_SLICE_INIT("\x30\x01"),
        LA_SLICE_INIT("\x30\x00\x00"),
        LA_SLICE_INIT("\x30\x80\x00\x00"),                         /* indefinite */
        LA_SLICE_INIT("\x30\x81\x01\x00"),                         /* longer than needed */
        LA_SLICE_INIT("\x30\x84\x00\x00\x00\x00"),                 /* four bytes of length */
        LA_SLICE_INIT("\x30\x83\xff\xff\xff\x00"),                 /* cut short */
        LA_SLICE_INIT("\x30\x03\x02\x01\x05\x30\x03\x02\x01\x05"), /* two of them */
    };
    char large[3 + 128] = "\x30\x81\x80", larger[4 + 256] = "\x30\x82\x01\x00";
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(la_der_is_one_sequence(wrong[i]));
    assert_true(la_der_is_one_sequence(LA_SLICE("\x30\x00")));
    assert_true(la_der_is_one_sequence((la_slice){large, sizeof large}));
    assert_true(la_der_is_one_sequence((la_slice){larger, sizeof larger}));
    assert_false(la_der_is_one_sequence((la_slice){larger, sizeof larger - 1}));
}

static void client_cert_is_a_byte_sequence(void **state)
{
    static const char *const wrong[] = {"",
                                        ":",
                                        "::",
                                        B64,
                                        ":" B64,
                                        B64 ":",
                                        ": " B64 ":",
                                        ":" B64 " :",
                                        ":" B64 ":;a",
                                        ":" B64 ":, :" B64 ":",
                                        ":MAMC AQU=:",
                                        ":MAMC\nAQU=:",
                                        ":MAMC\tAQU=:",
                                        ":!!!!:",
                                        ":TUlJ:",
                                        PEM,
                                        ":MAMCAQUwAwIBBQ==:",
                                        "?1",
                                        NULL};
    accepts(la_client_cert_parse, ":" B64 ":");
    refuses_all(la_client_cert_parse, wrong);
    la_slice der = LA_NO_SLICE;
    assert_code(la_client_cert_parse(LA_SLICE(":MAMC\0AQU=:"), arena, &der), LA_INVALID);
}

static void escaped_pem_holds_one_certificate(void **state)
{
    static const char *const wrong[] = {
        "",
        "%",
        "%4",
        "%zz",
        "-----BEGIN%20CERTIFICATE-----",
        "-----BEGIN%20CERTIFICATE-----%0A",
        "-----BEGIN%20CERTIFICATE-----%0A-----END%20CERTIFICATE-----%0A",
        "-----BEGIN CERTIFICATE-----" B64 "-----END CERTIFICATE-----",
        "-----BEGIN%20CERTIFICATE-----%0A" B64 "%0A",
        "-----BEGIN%20PRIVATE%20KEY-----%0A" B64 "%0A-----END%20PRIVATE%20KEY-----%0A",
        "-----BEGIN%20CERTIFICATE-----%0AMAMC%20AQU%3D%0A-----END%20CERTIFICATE-----%0A",
        "-----BEGIN%20CERTIFICATE-----%0AMAMC%00AQU%3D%0A-----END%20CERTIFICATE-----%0A",
        "-----BEGIN%20CERTIFICATE-----%0AProc-Type:%20x%0A" B64 "%0A-----END%20CERTIFICATE-----%0A",
        "x" PEM,
        PEM "x",
        PEM PEM,
        PEM "%0A",
        ":" B64 ":",
        "-----BEGIN%20CERTIFICATE-----%0AMAMCAQUwAwIBBQ==%0A-----END%20CERTIFICATE-----%0A",
        NULL};
    accepts(la_escaped_pem_parse, PEM);
    accepts(la_escaped_pem_parse, "-----BEGIN CERTIFICATE-----%0d%0aMAMCAQU=%0d%0a-----END CERTIFICATE-----");
    refuses_all(la_escaped_pem_parse, wrong);
}

static void plus_is_a_plus(void **state)
{
    la_slice der = LA_NO_SLICE;
    assert_ok(la_escaped_pem_parse(LA_SLICE("-----BEGIN CERTIFICATE-----%0AMAIE+A==%0A-----END CERTIFICATE-----"),
                                   arena, &der));
    assert_int_equal((unsigned char)der.p[3], 0xf8);
}

typedef la_result (*list_parser)(la_slice field, la_arena *arena, la_der_list *ret);

static void accepts_list(list_parser parse, const char *field, size_t n)
{
    la_der_list list = {.n = 99};
    assert_ok(parse(la_slice_of(field), arena, &list));
    assert_int_equal(list.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(list.items[i].n, 5);
        assert_memory_equal(list.items[i].p, DER, 5);
    }
}

static void refuses_lists(list_parser parse, const char *const *fields)
{
    for (; *fields; fields++) {
        la_der_list list = {.n = 99};
        la_result r = parse(la_slice_of(*fields), arena, &list);
        if (r.code != LA_INVALID)
            fail_msg("accepted: %s", *fields);
        assert_int_equal(list.n, 99);
    }
}

static void client_cert_chain_is_a_list_of_byte_sequences(void **state)
{
    static const char *const wrong[] = {"",
                                        " ",
                                        ",",
                                        ":",
                                        "::",
                                        ":" B64 ":,",
                                        ",:" B64 ":",
                                        ":" B64 ":,,:" B64 ":",
                                        ":" B64 ":, ::",
                                        ":" B64 "::" B64 ":",
                                        ":" B64 ": :" B64 ":",
                                        ":" B64 ":;a=1",
                                        "(:" B64 ":)",
                                        ":" B64 ":, " B64,
                                        ":" B64 ":, x",
                                        ":MAMC AQU=:",
                                        ":TUlJ:",
                                        ":MAMCAQUwAwIB:", /* the second is cut short */
                                        ":MAMCAQUA:",     /* something behind it */
                                        PEM,
                                        NULL};
    char many[1024] = "";
    accepts_list(la_client_cert_chain_parse, ":" B64 ":", 1);
    accepts_list(la_client_cert_chain_parse, ":" B64 ":,:" B64 ": \t, \t:" B64 ":", 3);
    accepts_list(la_client_cert_chain_parse, ":" B64_TWICE ":", 2);
    accepts_list(la_client_cert_chain_parse, ":" B64_TWICE ":, :" B64 ":", 3);
    refuses_lists(la_client_cert_chain_parse, wrong);
    for (unsigned i = 0; i < LA_PROXY_CHAIN_MAX; i++)
        strcat(many, i ? ", :" B64 ":" : ":" B64 ":");
    accepts_list(la_client_cert_chain_parse, many, LA_PROXY_CHAIN_MAX);
    la_der_list list;
    strcat(many, ", :" B64 ":");
    assert_code(la_client_cert_chain_parse(la_slice_of(many), arena, &list), LA_TOO_LARGE);
}

static void escaped_pem_of_a_chain(void **state)
{
    static const char *const wrong[] = {"", PEM "x", PEM "%0A", PEM PEM "-----BEGIN%20CERTIFICATE-----", "x" PEM, NULL};
    char many[16 * sizeof PEM] = "";
    accepts_list(la_escaped_pem_parse_all, PEM, 1);
    accepts_list(la_escaped_pem_parse_all, PEM PEM PEM, 3);
    refuses_lists(la_escaped_pem_parse_all, wrong);
    for (unsigned i = 0; i < 1 + LA_PROXY_CHAIN_MAX; i++)
        strcat(many, PEM);
    accepts_list(la_escaped_pem_parse_all, many, 1 + LA_PROXY_CHAIN_MAX);
    la_der_list list;
    strcat(many, PEM);
    assert_code(la_escaped_pem_parse_all(la_slice_of(many), arena, &list), LA_TOO_LARGE);
}

/* As forwarded.c goes about it, without a chain. */
static la_result xfcc_parse(la_slice field, la_arena *memory, la_slice *ret_der)
{
    la_xfcc said;
    LA_TRY(la_xfcc_read(field, &said));
    return la_escaped_pem_parse(said.certificate, memory, ret_der);
}

static void xfcc_has_one_element_with_one_certificate(void **state)
{
    static const char *const wrong[] = {"",
                                        "Cert",
                                        "Cert=",
                                        "Cert=\"\"",
                                        "Hash=abc",
                                        "Cert=\"" PEM,
                                        "Cert=\"" PEM "\";",
                                        ";Cert=\"" PEM "\"",
                                        "Cert=\"" PEM "\"x",
                                        "Cert=\"" PEM "\";Cert=\"" PEM "\"",
                                        "Hash=a;Cert=\"" PEM "\",Hash=b;Cert=\"" PEM "\"",
                                        "Hash=a,Cert=\"" PEM "\"",
                                        "Cert=\"" PEM "\",Hash=a",
                                        "Cert =\"" PEM "\"",
                                        "Subject=a\"b;Cert=\"" PEM "\"",
                                        "Subject=\"\\\";Cert=\"" PEM "\"",
                                        "Cert=\"-----BEGIN%20CERT\\\"",
                                        "Chains=\"" PEM "\"",
                                        "Chain=\"" PEM "\";Cert=\"" PEM "\";Chain=\"" PEM "\"",
                                        "Chain=\"\";Chain=\"" PEM "\"",
                                        NULL};
    la_xfcc said;
    accepts(xfcc_parse, "Cert=\"" PEM "\"");
    accepts(xfcc_parse, "hash=0a1b;cert=" PEM);
    assert_ok(la_xfcc_read(LA_SLICE("Hash=a;Cert=\"b\";Chain=\"cd\";Subject=\"e;Chain=f\""), &said));
    assert_slice(said.certificate, "b");
    assert_slice(said.chain, "cd");
    assert_ok(la_xfcc_read(LA_SLICE("chain=a"), &said));
    assert_null(said.certificate.p);
    accepts(xfcc_parse, "By=spiffe://a/b;Hash=0a1b;Cert=\"" PEM "\";Subject=\"CN=a;b,c\\\"d\\\\\";URI=;DNS=a.example");
    refuses_all(xfcc_parse, wrong);
}

static void memory_is_bounded(void **state)
{
    la_arena *small = la_arena_new(64, 64);
    la_slice der = LA_NO_SLICE;
    char field[4096];
    memset(field, 'A', sizeof field);
    field[0] = field[sizeof field - 1] = ':';
    assert_code(la_client_cert_parse((la_slice){field, sizeof field}, small, &der), LA_NO_MEMORY);
    assert_code(la_escaped_pem_parse((la_slice){field, sizeof field}, small, &der), LA_NO_MEMORY);
    la_arena_free(small);
}

/* ---- addresses ---- */

static la_address_range ranges[] = {
    {.bytes = {10}, .n_bytes = 4, .n_bits = 8},
    {.bytes = {192, 0, 2, 128}, .n_bytes = 4, .n_bits = 25},
    {.bytes = {0x20, 0x01, 0x0d, 0xb8}, .n_bytes = 16, .n_bits = 33},
};
static la_proxies_config proxies = {.addresses = ranges, .n_addresses = 3, .forwarded_for = true};

static void proxies_are_known_by_range(void **state)
{
    static const char *const in[] = {"10.0.0.1",    "10.255.255.255",   "192.0.2.128", "192.0.2.255",
                                     "2001:db8::1", "2001:db8:7fff::1", NULL};
    static const char *const out[] = {"11.0.0.1", "192.0.2.127", "2001:db8:8000::1", "::1", "unix", "", "x",
                                      "10",       NULL};
    for (size_t i = 0; in[i]; i++)
        assert_true(la_proxies_include(&proxies, la_slice_of(in[i])));
    for (size_t i = 0; out[i]; i++)
        assert_false(la_proxies_include(&proxies, la_slice_of(out[i])));
    la_address_range unix_range = {.n_bytes = 0};
    la_proxies_config unix_only = {.addresses = &unix_range, .n_addresses = 1};
    assert_true(la_proxies_include(&unix_only, LA_SLICE("unix")));
    assert_false(la_proxies_include(&unix_only, LA_SLICE("127.0.0.1")));
    la_address_range all = {.n_bytes = 4};
    la_proxies_config everybody = {.addresses = &all, .n_addresses = 1};
    assert_true(la_proxies_include(&everybody, LA_SLICE("203.0.113.9")));
}

static void the_rightmost_that_is_no_proxy_is_the_client(void **state)
{
    static const struct {
        const char *lines[3], *client;
    } cases[] = {
        {{"203.0.113.9"}, "203.0.113.9"},
        {{"203.0.113.9, 10.0.0.1"}, "203.0.113.9"},
        {{"198.51.100.1, 203.0.113.9, 10.0.0.1 ,\t10.0.0.2"}, "203.0.113.9"},
        {{"198.51.100.1", "203.0.113.9", "10.0.0.1"}, "203.0.113.9"},
        {{"203.0.113.9:1234"}, "203.0.113.9"},
        {{"[2001:DB9::1]:443"}, "2001:db9::1"},
        {{"2001:db9:0::1"}, "2001:db9::1"},
        {{"10.0.0.1, 10.0.0.2"}, "10.0.0.1"},
        {{"unknown, 10.0.0.2"}, "10.0.0.2"},
        {{"203.0.113.9, "}, NULL},
        {{"203.0.113.9, unknown"}, NULL},
        {{"203.0.113.9, 300.1.1.1"}, NULL},
        {{"203.0.113.9, _hidden"}, NULL},
        {{""}, NULL},
        {{"203.0.113.9:99999"}, NULL},
        {{"[203.0.113.9]"}, NULL},
        {{"[::1"}, NULL},
        {{"203.0.113.9 198.51.100.1"}, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        la_slice lines[3];
        size_t n = 0;
        char client[LA_ADDRESS_CHARS] = "";
        for (; n < 3 && cases[i].lines[n]; n++)
            lines[n] = la_slice_of(cases[i].lines[n]);
        bool found = la_forwarded_for_find(&proxies, lines, n, client);
        assert_int_equal(found, cases[i].client != NULL);
        if (found)
            assert_string_equal(client, cases[i].client);
    }
}

/* ---- a request ---- */

static la_code apply(const char *section, la_proxy_certificate form, bool from_proxy, la_http_request *ret)
{
    la_proxies_config p = proxies;
    p.certificate = form;
    p.certificate_header = LA_SLICE("client-cert");
    *ret = (la_http_request){.client_address = LA_SLICE("10.0.0.1"), .client_certificate = LA_SLICE("of TLS")};
    return la_forwarded_apply(&p, from_proxy, la_slice_of(section), arena, ret);
}

static void only_a_proxy_is_believed(void **state)
{
    static const char with[] = "GET / HTTP/1.1\r\nHost: a\r\nCLIENT-CERT: :" B64
                               ": \r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
    la_http_request r;
    assert_int_equal(apply(with, LA_PROXY_CERTIFICATE_CLIENT_CERT, true, &r), LA_OK);
    assert_int_equal(r.client_certificate.n, 5);
    assert_slice(r.client_address, "203.0.113.9");
    assert_false(r.has_forged_certificate);
    assert_int_equal(apply(with, LA_PROXY_CERTIFICATE_CLIENT_CERT, false, &r), LA_OK);
    assert_slice(r.client_certificate, "of TLS");
    assert_slice(r.client_address, "10.0.0.1");
    assert_true(r.has_forged_certificate);
    assert_int_equal(apply(with, LA_PROXY_CERTIFICATE_NONE, true, &r), LA_OK);
    assert_slice(r.client_certificate, "of TLS");
}

static void a_proxy_that_names_none_has_shown_its_own(void **state)
{
    static const char *const without[] = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nClient-Cert:\r\n\r\n",
                                          "GET / HTTP/1.1\r\nClient_Cert: :" B64 ":\r\n\r\n",
                                          "GET / HTTP/1.1\r\nX-Client-Cert: :" B64 ":\r\n\r\n"};
    la_http_request r;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(apply(without[i], LA_PROXY_CERTIFICATE_CLIENT_CERT, true, &r), LA_OK);
        assert_null(r.client_certificate.p);
    }
}

static void repeated_or_malformed_is_refused(void **state)
{
    static const char *const wrong[] = {"GET / HTTP/1.1\r\nClient-Cert: :" B64 ":\r\nclient-cert: :" B64 ":\r\n\r\n",
                                        "GET / HTTP/1.1\r\nClient-Cert:\r\nclient-cert: :" B64 ":\r\n\r\n",
                                        "GET / HTTP/1.1\r\nClient-Cert: " B64 "\r\n\r\n",
                                        "GET / HTTP/1.1\r\nClient-Cert: :" B64 ":, :" B64 ":\r\n\r\n"};
    la_http_request r;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(apply(wrong[i], LA_PROXY_CERTIFICATE_CLIENT_CERT, true, &r), LA_HTTP_CLIENT_CERTIFICATE);
}

/* ---- the chain of a request ---- */

static la_code apply_lines(const char *lines, la_proxy_certificate form, bool from_proxy, la_http_request *ret)
{
    char section[8192];
    snprintf(section, sizeof section, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
    la_arena_reset(arena);
    return apply(la_arena_copy(arena, (la_slice){section, strlen(section) + 1}).p, form, from_proxy, ret);
}

#define CERT_LINE "Client-Cert: :" B64 ":\r\n"
#define XFCC_LINE "Client-Cert: "

static void a_proxy_hands_the_chain_on(void **state)
{
    la_http_request r;
    assert_int_equal(apply_lines(CERT_LINE, LA_PROXY_CERTIFICATE_CLIENT_CERT, true, &r), LA_OK);
    assert_int_equal(r.n_client_chain, 0);
    assert_int_equal(apply_lines(CERT_LINE "CLIENT-CERT-CHAIN: :" B64 ":, :" B64_TWICE ":\r\n",
                                 LA_PROXY_CERTIFICATE_CLIENT_CERT, true, &r),
                     LA_OK);
    assert_int_equal(r.n_client_chain, 3);
    assert_memory_equal(r.client_chain[2].p, DER, 5);
    assert_int_equal(apply_lines(CERT_LINE "Client-Cert-Chain: \r\n", LA_PROXY_CERTIFICATE_CLIENT_CERT, true, &r),
                     LA_OK);
    assert_int_equal(r.n_client_chain, 0);
    /* Envoy's has the client's own first, whether or not it is there by itself */
    assert_int_equal(apply_lines(XFCC_LINE "Chain=\"" PEM PEM "\"\r\n", LA_PROXY_CERTIFICATE_XFCC, true, &r), LA_OK);
    assert_int_equal(r.client_certificate.n, 5);
    assert_non_null(r.client_thumbprint);
    assert_int_equal(r.n_client_chain, 1);
    assert_int_equal(
        apply_lines(XFCC_LINE "Cert=\"" PEM "\";Chain=\"" PEM "\"\r\n", LA_PROXY_CERTIFICATE_XFCC, true, &r), LA_OK);
    assert_int_equal(r.n_client_chain, 0);
    /* a field of another form is none */
    assert_int_equal(apply_lines("Client-Cert-Chain: :" B64 ":\r\n", LA_PROXY_CERTIFICATE_ESCAPED_PEM, true, &r),
                     LA_OK);
    assert_int_equal(r.n_client_chain, 0);
}

static void a_chain_of_nobody_or_of_somebody_else(void **state)
{
    static const char *const wrong[] = {
        "Client-Cert-Chain: :" B64 ":\r\n",                 /* RFC 9440 2.3: not without Client-Cert */
        "Client-Cert:\r\nClient-Cert-Chain: :" B64 ":\r\n", /* whose would it be? */
        CERT_LINE "Client-Cert-Chain: :" B64 ":\r\nclient-cert-chain: :" B64 ":\r\n",
        CERT_LINE "Client-Cert-Chain:\r\nclient-cert-chain: :" B64 ":\r\n",
        CERT_LINE "Client-Cert-Chain: x\r\n",
    };
    static const char *const wrong_xfcc[] = {
        XFCC_LINE "Cert=\"-----BEGIN%20CERTIFICATE-----%0AMAMCAQY=%0A-----END%20CERTIFICATE-----%0A\";Chain=\"" PEM
                  "\"\r\n",
        XFCC_LINE "Cert=\"" PEM "\";Chain=\"\"\r\n",
        XFCC_LINE "Cert=\"" PEM "\";Chain=\"" PEM "x\"\r\n",
    };
    la_http_request r;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(apply_lines(wrong[i], LA_PROXY_CERTIFICATE_CLIENT_CERT, true, &r),
                         LA_HTTP_CLIENT_CERTIFICATE_CHAIN);
    for (size_t i = 0; i < sizeof wrong_xfcc / sizeof *wrong_xfcc; i++)
        assert_int_equal(apply_lines(wrong_xfcc[i], LA_PROXY_CERTIFICATE_XFCC, true, &r),
                         LA_HTTP_CLIENT_CERTIFICATE_CHAIN);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(apply_lines(wrong[i], LA_PROXY_CERTIFICATE_CLIENT_CERT, false, &r), LA_OK);
        assert_true(r.has_forged_certificate);
        assert_slice(r.client_certificate, "of TLS");
        assert_int_equal(r.n_client_chain, 0);
    }
}

static void fields_are_counted(void **state)
{
    la_slice values[2];
    la_slice section = LA_SLICE("a: b\r\nA: 1\r\na:2 \r\nab: 3\r\na\r\na: 4\r\n\r\n");
    assert_int_equal(la_forwarded_fields(section, LA_SLICE("a"), values, 2), 3); /* the first line is no field */
    assert_slice(values[0], "1");
    assert_slice(values[1], "2");
    assert_int_equal(la_forwarded_fields(LA_SLICE("GET"), LA_SLICE("a"), values, 2), 0);
}

static int set_up(void **state)
{
    arena = la_arena_new(65536, 1 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    la_arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(der_is_one_sequence_and_nothing_else),
        cmocka_unit_test(client_cert_is_a_byte_sequence),
        cmocka_unit_test(escaped_pem_holds_one_certificate),
        cmocka_unit_test(plus_is_a_plus),
        cmocka_unit_test(client_cert_chain_is_a_list_of_byte_sequences),
        cmocka_unit_test(escaped_pem_of_a_chain),
        cmocka_unit_test(xfcc_has_one_element_with_one_certificate),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(proxies_are_known_by_range),
        cmocka_unit_test(the_rightmost_that_is_no_proxy_is_the_client),
        cmocka_unit_test(only_a_proxy_is_believed),
        cmocka_unit_test(a_proxy_that_names_none_has_shown_its_own),
        cmocka_unit_test(repeated_or_malformed_is_refused),
        cmocka_unit_test(a_proxy_hands_the_chain_on),
        cmocka_unit_test(a_chain_of_nobody_or_of_somebody_else),
        cmocka_unit_test(fields_are_counted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
