/* RFC 8705 2.1.2, RFC 4514, RFC 4517 4.2.15: MTL-03, MTL-04, MTL-05. */
#include "testkit.h"

#include "x509/subject.h"

#define UTF8 V_ASN1_UTF8STRING
#define PRINTABLE V_ASN1_PRINTABLESTRING

static la_result match_name(X509_NAME *name, const char *registered)
{
    pair p = make_pair(NULL, (recipe){.name = name});
    la_x509 *c = parsed(p.x);
    la_result r = la_subject_match(LA_SUBJECT_DN, la_slice_of(registered), c);
    /* What it writes of itself, it is. */
    char memory[512];
    la_buffer own;
    la_buffer_init_fixed(&own, memory, sizeof memory);
    la_x509_write_subject(c, &own);
    assert_true(la_buffer_ok(&own));
    if (own.n)
        assert_ok(la_subject_match(LA_SUBJECT_DN, la_buffer_slice(&own), c));
    la_x509_free(c);
    free_pair(&p);
    return r;
}

#define SAME(registered, ...) assert_ok(match_name(MAKE_NAME(__VA_ARGS__), registered))
#define OTHER(registered, ...) assert_code(match_name(MAKE_NAME(__VA_ARGS__), registered), LA_INVALID)

static void test_order_of_rdns(void **state)
{
    (void)state;
#define BANK {"C", PRINTABLE, "SA", -1, 0}, {"O", UTF8, "Bank", -1, 0}, {"CN", UTF8, "core", -1, 0}
    SAME("CN=core,O=Bank,C=SA", BANK);
    OTHER("C=SA,O=Bank,CN=core", BANK); /* the order that `openssl x509 -subject` shows */
    OTHER("CN=core,C=SA,O=Bank", BANK);
    OTHER("CN=core,O=Bank", BANK);
    OTHER("O=Bank,C=SA", BANK);
    OTHER("CN=core", BANK);
    OTHER("CN=core,O=Bank,C=SA,DC=x", BANK);
    OTHER("UID=core,O=Bank,C=SA", BANK);
    OTHER("CN=core+O=Bank,C=SA", BANK);
    OTHER("CN=core,O=Bank,C=AE", BANK);
}

static void test_multi_valued(void **state)
{
    (void)state;
#define MULTI                                                                            \
    {"O", UTF8, "Bank", -1, 0}, {"CN", UTF8, "core", -1, 0}, {"UID", UTF8, "7", -1, -1}, \
        {"serialNumber", PRINTABLE, "9", -1, -1}
    SAME("CN=core+UID=7+serialNumber=9,O=Bank", MULTI);
    SAME("serialNumber=9+UID=7+CN=core,O=Bank", MULTI);
    SAME("UID=7+CN=core+serialNumber=9,O=Bank", MULTI);
    OTHER("CN=core,UID=7,serialNumber=9,O=Bank", MULTI);
    OTHER("CN=core+UID=7,O=Bank", MULTI);
    OTHER("CN=core+UID=7+serialNumber=9+L=x,O=Bank", MULTI);
    OTHER("CN=core+UID=7,serialNumber=9,O=Bank", MULTI);
}

static void test_attribute_types(void **state)
{
    (void)state;
    SAME("cn=core,o=Bank,c=SA", BANK);
    SAME("2.5.4.3=core,2.5.4.10=Bank,2.5.4.6=SA", BANK);
    SAME("commonName=core,organizationName=Bank,COUNTRYNAME=SA", BANK);
    SAME("2.5.4.3=#0C04636F7265,O=Bank,C=SA", BANK);
    SAME("CN=#1304636f7265,O=Bank,C=SA", BANK); /* PrintableString for UTF8String */
    SAME("organizationIdentifier=PSDSA-SAMA-1", {"organizationIdentifier", UTF8, "PSDSA-SAMA-1", -1, 0});
    SAME("2.5.4.97=PSDSA-SAMA-1", {"organizationIdentifier", UTF8, "PSDSA-SAMA-1", -1, 0});
    SAME("E=a@b.example", {"emailAddress", V_ASN1_IA5STRING, "a@b.example", -1, 0});
    SAME("DC=bank,DC=example", {"DC", V_ASN1_IA5STRING, "example", -1, 0}, {"DC", V_ASN1_IA5STRING, "bank", -1, 0});
}

/* An attribute that is not known has no known matching rule either. */
static void test_unknown_attributes(void **state)
{
    (void)state;
#define UNKNOWN {"1.2.3.4.5", UTF8, "Ab  c", -1, 0}, {"CN", UTF8, "core", -1, 0}
    SAME("CN=core,1.2.3.4.5=Ab  c", UNKNOWN);
    SAME("CN=CORE,1.2.3.4.5=Ab  c", UNKNOWN);
    SAME("CN=core,1.2.3.4.5=#0c0541622020"
         "63",
         UNKNOWN);
    OTHER("CN=core,1.2.3.4.5=ab  c", UNKNOWN);
    OTHER("CN=core,1.2.3.4.5=Ab c", UNKNOWN);
    OTHER("CN=core,1.2.3.4.6=Ab  c", UNKNOWN);
}

static void test_values(void **state)
{
    (void)state;
    SAME("CN=CoRe,O=BANK,C=sa", BANK);
    SAME("CN=core", {"CN", PRINTABLE, "core", -1, 0});
    SAME("CN=core", {"CN", V_ASN1_IA5STRING, "core", -1, 0});
    SAME("CN=core", {"CN", V_ASN1_T61STRING, "core", -1, 0});
    SAME("CN=core", {"CN", V_ASN1_BMPSTRING, "\0c\0o\0r\0e", 8, 0});
    SAME("CN=core", {"CN", V_ASN1_UNIVERSALSTRING, "\0\0\0c\0\0\0o\0\0\0r\0\0\0e", 16, 0});
    SAME("CN=core bank", {"CN", UTF8, "  core   bank ", -1, 0});
    SAME("CN=\\  core   bank\\ ", {"CN", UTF8, "core bank", -1, 0});
    OTHER("CN=corebank", {"CN", UTF8, "core bank", -1, 0});
    OTHER("CN=core bank", {"CN", UTF8, "corebank", -1, 0});
    SAME("CN=Müller", {"CN", UTF8, "Müller", -1, 0});
    SAME("CN=M\\C3\\BCller", {"CN", UTF8, "Müller", -1, 0});
    SAME("CN=Müller", {"CN", V_ASN1_BMPSTRING, "\0M\0\xfc\0l\0l\0e\0r", 12, 0});
    OTHER("CN=Muller", {"CN", UTF8, "Müller", -1, 0});
    SAME("CN=بنك", {"CN", UTF8, "بنك", -1, 0});
    OTHER("CN=cor", {"CN", UTF8, "core", -1, 0});
    OTHER("CN=core1", {"CN", UTF8, "core", -1, 0});
    OTHER("CN=*", {"CN", UTF8, "core", -1, 0});
    OTHER("CN=", {"CN", UTF8, "core", -1, 0});
    SAME("CN=", {"CN", UTF8, "", 0, 0});
}

static void test_escapes(void **state)
{
    (void)state;
    SAME("CN=Bank\\, Ltd.", {"CN", UTF8, "Bank, Ltd.", -1, 0});
    SAME("CN=Bank\\2C Ltd.", {"CN", UTF8, "Bank, Ltd.", -1, 0});
    SAME("CN=a\\+b\\=c=d", {"CN", UTF8, "a+b=c=d", -1, 0});
    SAME("CN=\\#7\\\"\\;\\<\\>\\\\", {"CN", UTF8, "#7\";<>\\", -1, 0});
    SAME("CN=a#b", {"CN", UTF8, "a#b", -1, 0});
    SAME("CN=a\\0d\\0ab", {"CN", UTF8, "a\r\nb", -1, 0});
    /* What is escaped is no separator: these are two names. */
    OTHER("CN=a,O=b", {"CN", UTF8, "a,O=b", -1, 0});
    OTHER("CN=a\\,O=b", {"O", UTF8, "b", -1, 0}, {"CN", UTF8, "a", -1, 0});
    SAME("CN=a\\,O\\=b", {"CN", UTF8, "a,O=b", -1, 0});
    OTHER("CN=a+O=b", {"CN", UTF8, "a+O=b", -1, 0});
}

static void test_no_subject(void **state)
{
    (void)state;
    pair p = make_pair(NULL, (recipe){.name = X509_NAME_new()});
    la_x509 *c = parsed(p.x);
    assert_code(la_subject_match(LA_SUBJECT_DN, LA_SLICE(""), c), LA_INVALID);
    assert_code(la_subject_match(LA_SUBJECT_DN, LA_NO_SLICE, c), LA_INVALID);
    assert_code(la_subject_match(LA_SUBJECT_NONE, LA_SLICE("CN=a"), c), LA_INVALID);
    la_x509_free(c);
    free_pair(&p);
}

static void check(la_subject_kind kind, const char *good[], const char *bad[])
{
    for (size_t i = 0; good[i]; i++)
        assert_ok(la_subject_check(kind, la_slice_of(good[i])));
    for (size_t i = 0; bad[i]; i++) {
        if (la_is_ok(la_subject_check(kind, la_slice_of(bad[i]))))
            fail_msg("accepted: %s", bad[i]);
        assert_non_null(strstr(la_detail(), la_subject_kind_member(kind)));
    }
    assert_code(la_subject_check(kind, LA_NO_SLICE), LA_INVALID);
}

#define LIST(...) ((const char *[]){__VA_ARGS__, NULL})

static void test_registration_of_a_dn(void **state)
{
    (void)state;
    check(LA_SUBJECT_DN, LIST("CN=a", "CN=", "1.2.840.113549=x", "CN=a+O=b,C=SA", "CN=#0c0161", "CN=\\ a\\ "),
          LIST("", "a", "CN", "=a", "CN=a,", ",CN=a", "CN=a,,O=b", "CN=a+", "CN=a, O=b", "CN=a ,O=b", "CN = a", "CN= a",
               "CN=a ", " CN=a", "CN=a;O=b", "CN=a\"b", "CN=<a>", "CN=a\\", "CN=a\\x", "CN=a\\4", "CN=a\\00b", "CN=#",
               "CN=#0", "CN=#0c0", "CN=#0c01", "CN=#0c016100", "CN=#0c810161", "CN=#0c0100", "CN=#0c01ff", "CN=#040161",
               "CN=#0c0161x",
               "CN=#240302"
               "0161",
               "CN=a+CN=b", "CN=a+cn=b", "CN=a+2.5.4.3=b", "NOPE=a", "2.5.4.=a", "2..5=a", ".2.5=a", "02.5=a", "2.05=a",
               "2=a", "3.1=a", "OID.2.5.4.3=a", "CN=\xff", "CN=\\ff", "/C=SA/CN=a", "CN=\xc0\x80"));
    assert_code(la_subject_check(LA_SUBJECT_DN, LA_SLICE("CN=a\0b")), LA_INVALID);
    assert_code(la_subject_check(LA_SUBJECT_DN, LA_SLICE("CN\0=a")), LA_INVALID);
    /* The sentence tells the place and what to do. */
    assert_code(la_subject_check(LA_SUBJECT_DN, LA_SLICE("CN=a, O=b")), LA_INVALID);
    assert_string_equal(la_detail(),
                        "tls_client_auth_subject_dn: the distinguished name is malformed at byte 6: a blank before an "
                        "attribute type (RFC 4514 has none around commas and plus signs)");
    char text[LA_SUBJECT_MAX + 8] = "CN=";
    memset(text + 3, 'a', sizeof text - 3);
    assert_ok(la_subject_check(LA_SUBJECT_DN, (la_slice){text, LA_SUBJECT_MAX}));
    assert_code(la_subject_check(LA_SUBJECT_DN, (la_slice){text, LA_SUBJECT_MAX + 1}), LA_INVALID);
    size_t n = 0;
    for (int i = 0; i < 33; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%sDC=a", i ? "," : "");
    assert_code(la_subject_check(LA_SUBJECT_DN, (la_slice){text, n}), LA_INVALID);
    assert_ok(la_subject_check(LA_SUBJECT_DN, (la_slice){text, n - 5}));
}

static void test_registration_of_others(void **state)
{
    (void)state;
    check(LA_SUBJECT_SAN_DNS, LIST("a", "core.bank.example", "xn--mller-kva.example", "_x.a", "1.a", "CORE.example"),
          LIST("", ".", "a.", ".a", "a..b", "*.bank.example", "*", "a b", "-a", "a-", "müller.example", "a,b", "a/b",
               "a:1"));
    check(LA_SUBJECT_SAN_URI, LIST("urn:example:client", "https://a.example/b?c=d%20e#f", "spiffe://bank/core"),
          LIST("", "a", ":a", "1a:b", "urn:", "urn:a b", "urn:\x01", "urn:ü", "//a/b", "ur n:a", "urn:<a>"));
    check(LA_SUBJECT_SAN_IP,
          LIST("192.0.2.7", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::7", "2001:DB8:0:0:0:0:0:7",
               "::ffff:192.0.2.7"),
          LIST("", "192.0.2", "192.0.2.7.8", "192.0.2.256", "192.0.2.07", "192.0.2.7/32", " 192.0.2.7", "192.0.2.7 ",
               "+1.2.3.4", "1.2.3.-4", "0x7f.1.2.3", "2001:db8::7%eth0", "2001:db8::7/128", "[::1]", "1::2::3", ":::",
               "12345::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1.2.3", "::1.2.3.4.", "::1.2.3.4 ", "a.example"));
    check(LA_SUBJECT_SAN_EMAIL, LIST("a@b.example", "a.b+c@bank.example", "O'Neil@b.example"),
          LIST("", "a", "@b.example", "a@", "a@b@c.example", "a b@c.example", "a@b..c", "a..b@c.example",
               ".a@c.example", "ü@b.example", "\"a\"@b.example", "a@*.example", "A <a@b.example>",
               "a@b.example,c@d.example"));
    assert_code(la_subject_check(LA_SUBJECT_SAN_DNS, LA_SLICE("a\0b")), LA_INVALID);
    assert_code(la_subject_check(LA_SUBJECT_SAN_URI, LA_SLICE("urn:a\0b")), LA_INVALID);
    assert_code(la_subject_check(LA_SUBJECT_SAN_EMAIL, LA_SLICE("a\0@b")), LA_INVALID);
    assert_code(la_subject_check(LA_SUBJECT_SAN_IP, LA_SLICE("1.2.3.4\0")), LA_INVALID);
    assert_code(la_subject_check(LA_SUBJECT_NONE, LA_SLICE("a")), LA_INVALID);
}

/* MTL-04 */
static void test_exactly_one(void **state)
{
    (void)state;
    la_slice values[LA_SUBJECT_KIND_COUNT] = {0};
    la_subject_kind kind = LA_SUBJECT_NONE;
    assert_code(la_subject_choose(values, &kind), LA_INVALID);
    for (la_subject_kind one = LA_SUBJECT_DN; one < LA_SUBJECT_KIND_COUNT; one++) {
        static const char *const good[] = {"", "CN=a", "a.example", "urn:a:b", "::1", "a@b"};
        values[one] = la_slice_of(good[one]);
        assert_ok(la_subject_choose(values, &kind));
        assert_int_equal(kind, one);
        for (la_subject_kind other = LA_SUBJECT_DN; other < LA_SUBJECT_KIND_COUNT; other++) {
            if (other == one)
                continue;
            values[other] = la_slice_of(good[other]);
            assert_code(la_subject_choose(values, &kind), LA_INVALID);
            assert_non_null(strstr(la_detail(), la_subject_kind_member(one)));
            assert_non_null(strstr(la_detail(), la_subject_kind_member(other)));
            values[other] = LA_NO_SLICE;
        }
        values[one] = LA_SLICE("");
        assert_code(la_subject_choose(values, &kind), LA_INVALID); /* there, and not valid */
        values[one] = LA_NO_SLICE;
    }
}

static void test_alternatives(void **state)
{
    (void)state;
    pair p = make_pair(
        NULL, (recipe){.cn = "cn.example",
                       .names = "DNS:Core.Bank.example,DNS:*.wild.example,URI:urn:example:Client,"
                                "URI:https://a.example/,IP:192.0.2.7,IP:2001:db8::7,email:Ops.Team@Bank.example"});
    la_x509 *c = parsed(p.x);
    static const struct {
        la_subject_kind kind;
        const char *value;
        bool same;
    } rows[] = {
        {LA_SUBJECT_SAN_DNS, "core.bank.example", true},
        {LA_SUBJECT_SAN_DNS, "CORE.bank.EXAMPLE", true},
        {LA_SUBJECT_SAN_DNS, "bank.example", false},
        {LA_SUBJECT_SAN_DNS, "x.core.bank.example", false},
        {LA_SUBJECT_SAN_DNS, "a.wild.example", false},
        {LA_SUBJECT_SAN_DNS, "*.wild.example", false},
        {LA_SUBJECT_SAN_DNS, "cn.example", false}, /* the common name is no DNS name */
        {LA_SUBJECT_SAN_DNS, "192.0.2.7", false},
        {LA_SUBJECT_SAN_URI, "urn:example:Client", true},
        {LA_SUBJECT_SAN_URI, "urn:example:client", false},
        {LA_SUBJECT_SAN_URI, "https://a.example/", true},
        {LA_SUBJECT_SAN_URI, "https://a.example", false},
        {LA_SUBJECT_SAN_URI, "https://A.example/", false},
        {LA_SUBJECT_SAN_IP, "192.0.2.7", true},
        {LA_SUBJECT_SAN_IP, "2001:DB8:0::0007", true},
        {LA_SUBJECT_SAN_IP, "192.0.2.8", false},
        {LA_SUBJECT_SAN_IP, "::ffff:192.0.2.7", false},
        {LA_SUBJECT_SAN_EMAIL, "Ops.Team@bank.EXAMPLE", true},
        {LA_SUBJECT_SAN_EMAIL, "ops.team@bank.example", false},
        {LA_SUBJECT_SAN_EMAIL, "bank.example", false},
        {LA_SUBJECT_SAN_EMAIL, "Team@bank.example", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (la_is_ok(la_subject_match(rows[i].kind, la_slice_of(rows[i].value), c)) != rows[i].same)
            fail_msg("%s: expected %d", rows[i].value, rows[i].same);
    la_x509_free(c);
    free_pair(&p);
    p = make_pair(NULL, (recipe){.cn = "a.example"});
    c = parsed(p.x);
    assert_code(la_subject_match(LA_SUBJECT_SAN_DNS, LA_SLICE("a.example"), c), LA_INVALID);
    la_x509_free(c);
    free_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_rdns),
        cmocka_unit_test(test_multi_valued),
        cmocka_unit_test(test_attribute_types),
        cmocka_unit_test(test_unknown_attributes),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_no_subject),
        cmocka_unit_test(test_registration_of_a_dn),
        cmocka_unit_test(test_registration_of_others),
        cmocka_unit_test(test_exactly_one),
        cmocka_unit_test(test_alternatives),
    };
    return cmocka_run_group_tests_name("subject", tests, set_up_secrets, NULL);
}
