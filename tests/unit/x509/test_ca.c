/* An authority of our own (RFC 5280 4, 5; RFC 2986), judged by OpenSSL's command line and by our own verification. */
#include "testkit.h"

#include "x509/ca.h"
#include "x509/subject.h"
#include "x509/trust.h"

#define ORDER (&(la_ca_order){LA_SLICE("7f0c4a52-client"), LA_SLICE("sandbox"), NOW_S - DAY_S, NOW_S + 90 * DAY_S})

static la_ca *ca;

static int set_up(void **state)
{
    int status = set_up_secrets(state);
    return status || !la_is_ok(la_ca_create(LA_SLICE("sandbox"), NOW_S - DAY_S, NOW_S + 3650 * DAY_S, &ca));
}

static int tear_down(void **state)
{
    (void)state;
    ca = la_ca_free(ca);
    assert_null(la_ca_free(NULL));
    return 0;
}

static la_x509 *issue(la_buffer *key)
{
    la_x509 *c = NULL;
    la_buffer_init(key, LA_CA_KEY_PEM_MAX);
    assert_ok(la_ca_issue(ca, ORDER, key, &c));
    return c;
}

static void write_pem_in(const char *folder, const char *name, const la_x509 *c)
{
    la_buffer pem;
    la_buffer_init(&pem, LA_X509_PEM_MAX);
    la_x509_write_pem(c, &pem);
    assert_true(la_buffer_ok(&pem));
    write_in(folder, name, la_buffer_slice(&pem));
    la_buffer_done(&pem);
}

static void subject_is(const la_x509 *c, const char *expected)
{
    char memory[512];
    la_buffer text;
    la_buffer_init_fixed(&text, memory, sizeof memory);
    la_x509_write_subject(c, &text);
    assert_slice(la_buffer_slice(&text), expected);
    assert_ok(la_subject_match(LA_SUBJECT_DN, la_slice_of(expected), c));
}

/* What a client gets: its certificate for its key, from this CA, for this and nothing else. */
static void check_client(const la_x509 *c)
{
    subject_is(c, "CN=7f0c4a52-client,OU=sandbox,O=leanauth");
    assert_int_equal(la_x509_not_before_s(c), NOW_S - DAY_S);
    assert_int_equal(la_x509_not_after_s(c), NOW_S + 90 * DAY_S);
    assert_false(la_x509_is_ca(c));
    assert_false(la_x509_is_self_signed(c));
    assert_int_equal(strlen(la_x509_serial(c)), 32);
    assert_true(la_x509_serial(c)[0] >= '4' && la_x509_serial(c)[0] <= '7');
    la_slice own = la_x509_der(la_ca_certificate(ca));
    la_trust *t = NULL;
    la_trust_verdict verdict = {0};
    assert_ok(la_trust_new(&(la_trust_source){.own = &own, .n_own = 1}, &t));
    assert_ok(la_trust_verify(t, c, NULL, 0, NOW_S, &verdict));
    assert_true(verdict.is_own);
    assert_int_equal(verdict.valid_until_s, NOW_S + 90 * DAY_S - 1);
    la_trust_free(t);
}

static void test_authority(void **state)
{
    (void)state;
    const la_x509 *c = la_ca_certificate(ca);
    subject_is(c, "CN=leanauth sandbox client CA,O=leanauth");
    assert_true(la_x509_is_ca(c));
    assert_true(la_x509_is_self_signed(c));
    char *folder = unit_mkdir();
    write_pem_in(folder, "ca.pem", c);
    assert_int_equal(run_in(folder, "openssl verify -x509_strict -check_ss_sig -attime %lld -CAfile ca.pem ca.pem",
                            (long long)NOW_S),
                     0);
    assert_int_equal(
        run_in(folder,
               "openssl x509 -in ca.pem -noout -text >text && grep -A1 'Basic Constraints: critical' text | "
               "grep -q 'CA:TRUE, pathlen:0' && grep -A1 'Key Usage: critical' text | grep -qx ' *Certificate Sign, "
               "CRL Sign' && grep -q 'Subject Key Identifier' text && grep -q prime256v1 text"),
        0);
    unit_rmdir(folder);
}

static void test_stored(void **state)
{
    (void)state;
    char memory[LA_CA_PRIVATE_MAX];
    la_buffer key;
    la_ca *again = NULL, *other = NULL;
    la_buffer_init_fixed(&key, memory, sizeof memory);
    assert_ok(la_ca_export_private(ca, &key));
    la_slice der = la_x509_der(la_ca_certificate(ca)), bytes = la_buffer_slice(&key);
    assert_ok(la_ca_load(der, bytes, &again));
    assert_true(la_slice_equal(la_x509_der(la_ca_certificate(again)), der));
    la_ca_free(again);
    again = NULL;
    assert_ok(la_ca_create(LA_SLICE("sandbox"), NOW_S, NOW_S + DAY_S, &other));
    assert_code(la_ca_load(la_x509_der(la_ca_certificate(other)), bytes, &again), LA_INVALID);
    la_buffer client_key;
    la_x509 *client = issue(&client_key);
    assert_code(la_ca_load(la_x509_der(client), bytes, &again), LA_INVALID);
    assert_code(la_ca_load(der, (la_slice){bytes.p, bytes.n - 1}, &again), LA_INVALID);
    assert_code(la_ca_load(der, la_buffer_slice(&client_key), &again), LA_INVALID); /* PEM */
    assert_code(la_ca_load(der, LA_NO_SLICE, &again), LA_INVALID);
    memory[bytes.n] = 0;
    assert_code(la_ca_load(der, (la_slice){bytes.p, bytes.n + 1}, &again), LA_INVALID);
    assert_null(again);
    la_x509_free(client);
    la_buffer_done(&client_key);
    la_ca_free(other);
    la_wipe(memory, sizeof memory);
}

static void test_issue(void **state)
{
    (void)state;
    la_buffer key, other_key;
    la_x509 *c = issue(&key), *other = issue(&other_key);
    check_client(c);
    assert_string_not_equal(la_x509_serial(c), la_x509_serial(other));
    assert_false(la_slice_equal(la_x509_spki(c), la_x509_spki(other)));
    char *folder = unit_mkdir();
    write_pem_in(folder, "ca.pem", la_ca_certificate(ca));
    write_pem_in(folder, "client.pem", c);
    write_in(folder, "key.pem", la_buffer_slice(&key));
    assert_int_equal(run_in(folder,
                            "openssl verify -x509_strict -purpose sslclient -attime %lld -CAfile ca.pem client.pem",
                            (long long)NOW_S),
                     0);
    assert_int_equal(
        run_in(folder, "openssl verify -purpose sslserver -attime %lld -CAfile ca.pem client.pem", (long long)NOW_S),
        2);
    assert_int_equal(
        run_in(
            folder,
            "head -n 1 key.pem | grep -qx -e '-----BEGIN PRIVATE KEY-----' && openssl pkey -in key.pem -check -noout"),
        0);
    assert_int_equal(
        run_in(folder,
               "openssl x509 -in client.pem -noout -pubkey >a && openssl pkey -in key.pem -pubout >b && cmp a b"),
        0);
    assert_int_equal(
        run_in(folder,
               "openssl x509 -in client.pem -noout -text >text && grep -A1 'Key Usage: critical' text | "
               "grep -qx ' *Digital Signature' && grep -A1 'Extended Key Usage' text | grep -qx ' *TLS Web Client "
               "Authentication' && grep -q 'CA:FALSE' text && grep -q 'Authority Key Identifier' text && "
               "grep -q 'Subject Key Identifier' text && grep -q 'Version: 3' text && grep -q prime256v1 text"),
        0);
    unit_rmdir(folder);
    la_x509_free(c);
    la_x509_free(other);
    la_buffer_done(&key);
    la_buffer_done(&other_key);
}

/* As any other program reads it; what stands in the URL is text, and no option of OpenSSL's. */
static void test_place_of_the_crl(void **state)
{
    (void)state;
    static const char *const urls[] = {"https://issuer.example/a/oauth2/crl",
                                       "http://a.example/x,URI:http://b.example/;y"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        la_ca_order order = *ORDER;
        la_buffer key;
        la_x509 *c = NULL;
        char *folder = unit_mkdir();
        order.crl_url = la_slice_of(urls[i]);
        la_buffer_init(&key, LA_CA_KEY_PEM_MAX);
        assert_ok(la_ca_issue(ca, &order, &key, &c));
        check_client(c);
        write_pem_in(folder, "ca.pem", la_ca_certificate(ca));
        write_pem_in(folder, "client.pem", c);
        assert_int_equal(run_in(folder,
                                "openssl x509 -in client.pem -noout -ext crlDistributionPoints >text && "
                                "test $(grep -c URI: text) = 1 && grep -Fq 'URI:%s' text && ! grep -q critical text && "
                                "openssl verify -x509_strict -purpose sslclient -attime %lld -CAfile ca.pem client.pem",
                                urls[i], (long long)NOW_S),
                         0);
        unit_rmdir(folder);
        la_x509_free(c);
        la_buffer_done(&key);
    }
}

static void test_orders(void **state)
{
    (void)state;
    static const la_ca_order orders[] = {
        {LA_SLICE_INIT("a"), LA_SLICE_INIT("b"), NOW_S, NOW_S + 3651 * DAY_S}, /* outlives the CA */
        {LA_SLICE_INIT("a"), LA_SLICE_INIT("b"), NOW_S, NOW_S + 1, LA_SLICE_INIT("")},
        {LA_SLICE_INIT("a"), LA_SLICE_INIT("b"), NOW_S, NOW_S + 1, LA_SLICE_INIT("http://a b")},
        {LA_SLICE_INIT("a"), LA_SLICE_INIT("b"), NOW_S, NOW_S + 1, LA_SLICE_INIT("http://\xc3\xa4/")},
        {LA_SLICE_INIT("a"), LA_SLICE_INIT("b"), NOW_S, NOW_S},
        {LA_SLICE_INIT("a"), LA_SLICE_INIT("b"), -1, NOW_S},
        {LA_SLICE_INIT(""), LA_SLICE_INIT("b"), NOW_S, NOW_S + 1},
        {LA_SLICE_INIT("a"), LA_SLICE_INIT(""), NOW_S, NOW_S + 1},
        {LA_SLICE_INIT("a\0b"), LA_SLICE_INIT("b"), NOW_S, NOW_S + 1},
        {LA_SLICE_INIT("\xff"), LA_SLICE_INIT("b"), NOW_S, NOW_S + 1},
        {{0}, LA_SLICE_INIT("b"), NOW_S, NOW_S + 1},
        {LA_SLICE_INIT("a"), {0}, NOW_S, NOW_S + 1},
    };
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        char memory[LA_CA_KEY_PEM_MAX];
        la_buffer key;
        la_x509 *c = NULL;
        la_buffer_init_fixed(&key, memory, sizeof memory);
        assert_code(la_ca_issue(ca, &orders[i], &key, &c), LA_INVALID);
        assert_int_equal(key.n, 0);
        assert_null(c);
    }
    /* The longest client_id, and one with all that needs to be escaped. */
    char longest[129] = {0};
    memset(longest, 'x', 128);
    const char *ids[] = {longest, " a,b+c=\"d\\ #"};
    for (size_t i = 0; i < 2; i++) {
        la_buffer key;
        la_x509 *c = NULL;
        la_buffer_init(&key, LA_CA_KEY_PEM_MAX);
        la_ca_order order = {la_slice_of(ids[i]), LA_SLICE("b"), NOW_S, NOW_S + 1};
        assert_ok(la_ca_issue(ca, &order, &key, &c));
        char memory[512];
        la_buffer text;
        la_buffer_init_fixed(&text, memory, sizeof memory);
        la_x509_write_subject(c, &text);
        assert_ok(la_subject_match(LA_SUBJECT_DN, la_buffer_slice(&text), c));
        la_x509_free(c);
        la_buffer_done(&key);
    }
    char small[100];
    la_buffer key;
    la_x509 *c = NULL;
    la_buffer_init_fixed(&key, small, sizeof small);
    assert_code(la_ca_issue(ca, ORDER, &key, &c), LA_NO_MEMORY);
    assert_null(c);
    la_ca *bad = NULL;
    char name[300];
    memset(name, 'x', sizeof name);
    assert_code(la_ca_create(LA_SLICE(""), NOW_S, NOW_S + 1, &bad), LA_INVALID);
    assert_code(la_ca_create((la_slice){name, sizeof name}, NOW_S, NOW_S + 1, &bad), LA_INVALID);
    assert_code(la_ca_create(LA_SLICE("a"), NOW_S, NOW_S - 1, &bad), LA_INVALID);
    assert_code(la_ca_create(LA_SLICE("a"), NOW_S, INT64_MAX, &bad), LA_INVALID);
    assert_null(bad);
}

static la_slice read_from(const char *folder, const char *name)
{
    static char rooms[8][20000];
    static unsigned turn;
    char path[512], *room = rooms[turn++ % 8];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(room, 1, sizeof rooms[0], f);
    fclose(f);
    return (la_slice){room, n};
}

#define REFUSED(request, sentence)                                               \
    do {                                                                         \
        la_x509 *refused_ = NULL;                                                \
        assert_code(la_ca_issue_for(ca, ORDER, request, &refused_), LA_INVALID); \
        if (!strstr(la_detail(), sentence))                                      \
            fail_msg("refused for another reason: %s", la_detail());             \
        assert_null(refused_);                                                   \
    } while (0)

/* Requests as an integrator makes them, with wishes that are not granted. */
static void test_requests(void **state)
{
    (void)state;
    char *folder = unit_mkdir();
    assert_int_equal(run_in(folder,
                            "openssl ecparam -name prime256v1 -genkey -noout -out key.pem && openssl req -new -key "
                            "key.pem -subj /CN=admin/O=Evil "
                            "-addext basicConstraints=critical,CA:TRUE -addext extendedKeyUsage=serverAuth -addext "
                            "subjectAltName=DNS:evil.example -out request.pem"),
                     0);
    la_x509 *c = NULL;
    assert_ok(la_ca_issue_for(ca, ORDER, read_from(folder, "request.pem"), &c));
    check_client(c);
    assert_code(la_subject_match(LA_SUBJECT_SAN_DNS, LA_SLICE("evil.example"), c), LA_INVALID);
    write_pem_in(folder, "client.pem", c);
    assert_int_equal(
        run_in(folder,
               "openssl x509 -in client.pem -noout -pubkey >a && openssl pkey -in key.pem -pubout >b && cmp a b"),
        0);
    assert_int_equal(run_in(folder, "openssl x509 -in client.pem -noout -text | grep -e Evil -e evil -e 'Server Auth'"),
                     1);
    la_x509_free(c);
    static const char *const good[] = {"rsa:2048", "rsa:3072", "ed25519"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            run_in(folder, "openssl req -new -newkey %s -nodes -keyout k -subj /CN=x -out other.pem", good[i]), 0);
        c = NULL;
        assert_ok(la_ca_issue_for(ca, ORDER, read_from(folder, "other.pem"), &c));
        check_client(c);
        la_x509_free(c);
    }
    unit_rmdir(folder);
}

static void test_bad_requests(void **state)
{
    (void)state;
    char *folder = unit_mkdir(), copy[8192];
    assert_int_equal(run_in(folder, "openssl req -new -newkey rsa:1024 -nodes -keyout k -subj /CN=x -out weak.pem"), 0);
    assert_int_equal(run_in(folder, "openssl ecparam -name secp256k1 -genkey -noout -out k && openssl req -new -key k "
                                    "-subj /CN=x -out curve.pem"),
                     0);
    assert_int_equal(run_in(folder, "openssl ecparam -name prime256v1 -genkey -noout -out k && openssl req -new -key k "
                                    "-subj /CN=x -out good.pem && "
                                    "openssl req -in good.pem -outform DER -out good.der"),
                     0);
    REFUSED(read_from(folder, "weak.pem"), "1024 bits");
    REFUSED(read_from(folder, "curve.pem"), "another curve");
    REFUSED(read_from(folder, "good.der"), "expected a CERTIFICATE REQUEST in PEM");
    REFUSED(LA_SLICE(""), "expected a CERTIFICATE REQUEST");
    REFUSED(LA_NO_SLICE, "expected a CERTIFICATE REQUEST");
    la_slice good = read_from(folder, "good.pem");
    int n = snprintf(copy, sizeof copy, "%.*s%.*s", LA_FMT(good), LA_FMT(good));
    REFUSED(((la_slice){copy, (size_t)n}), "nothing else");
    REFUSED(((la_slice){good.p, good.n - 40}), "damaged");
    n = snprintf(copy, sizeof copy, "%.*s%*s", LA_FMT(good), 7000, "");
    la_x509 *c = NULL;
    assert_ok(la_ca_issue_for(ca, ORDER, (la_slice){copy, (size_t)n}, &c));
    la_x509_free(c);
    REFUSED(((la_slice){copy, LA_CSR_MAX + 1}), "16384 bytes");
    /* A request for a key that somebody else has: its last bytes are the signature. */
    la_slice der = read_from(folder, "good.der");
    memcpy(copy, der.p, der.n);
    for (size_t i = 1; i <= 8; i++)
        copy[der.n - i] = (char)(copy[der.n - i] ^ 0x10);
    write_in(folder, "forged.der", (la_slice){copy, der.n});
    assert_int_equal(run_in(folder, "{ echo '-----BEGIN CERTIFICATE REQUEST-----'; base64 -w 64 forged.der; echo "
                                    "'-----END CERTIFICATE REQUEST-----'; } >forged.pem"),
                     0);
    REFUSED(read_from(folder, "forged.pem"), "not signed with the key");
    copy[der.n] = 0;
    write_in(folder, "longer.der", (la_slice){copy, der.n + 1});
    assert_int_equal(run_in(folder, "{ echo '-----BEGIN CERTIFICATE REQUEST-----'; base64 -w 64 longer.der; echo "
                                    "'-----END CERTIFICATE REQUEST-----'; } >longer.pem"),
                     0);
    REFUSED(read_from(folder, "longer.pem"), "not one PKCS #10");
    REFUSED(read_from(folder, "k"), "nothing else"); /* a private key instead */
    unit_rmdir(folder);
}

static void test_crl(void **state)
{
    (void)state;
    la_buffer key[2], crl, pem;
    la_x509 *gone = issue(&key[0]), *live = issue(&key[1]);
    la_buffer_init(&crl, 4096);
    la_buffer_init(&pem, 8192);
    la_crl_entry entries[] = {
        {la_slice_of(la_x509_serial(gone)), NOW_S - 60}, {LA_SLICE("01"), NOW_S - 90}, {LA_SLICE("ff00"), NOW_S - 30}};
    assert_ok(la_ca_write_crl(ca, 300, NOW_S, NOW_S + DAY_S, entries, 3, &crl));
    assert_true(crl.n <= LA_CRL_BYTES_BASE + 3 * LA_CRL_BYTES_PER_ENTRY);
    la_crl_write_pem(la_buffer_slice(&crl), &pem);
    char *folder = unit_mkdir();
    write_in(folder, "crl.pem", la_buffer_slice(&pem));
    write_in(folder, "crl.der", la_buffer_slice(&crl));
    write_pem_in(folder, "ca.pem", la_ca_certificate(ca));
    write_pem_in(folder, "gone.pem", gone);
    write_pem_in(folder, "live.pem", live);
    assert_int_equal(
        run_in(
            folder,
            "openssl crl -in crl.der -inform DER -CAfile ca.pem -noout -text >text 2>&1 && grep -q 'verify OK' text && "
            "grep -q 'Version 2' text && grep -A1 'X509v3 CRL Number' text | grep -qx ' *300' && grep -q 'Authority "
            "Key "
            "Identifier' text && test \"$(grep -c 'Serial Number:' text)\" = 3 && grep -q 'Serial Number: FF00' text"),
        0);
#define VERIFY "openssl verify -purpose sslclient -crl_check -attime %lld -CAfile ca.pem -CRLfile crl.pem %s"
    assert_int_equal(run_in(folder, VERIFY, (long long)NOW_S, "live.pem"), 0);
    assert_int_equal(run_in(folder, VERIFY, (long long)NOW_S, "gone.pem"), 2);
    assert_int_equal(run_in(folder, VERIFY, (long long)(NOW_S + 2 * DAY_S), "live.pem"), 2);
    unit_rmdir(folder);
    /* And our own reading of it, as an operator's CRL file. */
    la_trust *t = NULL;
    la_trust_verdict verdict;
    la_buffer_clear(&pem);
    la_x509_write_pem(la_ca_certificate(ca), &pem);
    assert_ok(la_trust_new(&(la_trust_source){.anchors = la_buffer_slice(&pem), .crls = la_buffer_slice(&crl)}, &t));
    assert_ok(la_trust_verify(t, live, NULL, 0, NOW_S, &verdict));
    assert_code(la_trust_verify(t, gone, NULL, 0, NOW_S, &verdict), LA_INVALID);
    la_trust_free(t);
    la_x509_free(gone);
    la_x509_free(live);
    la_buffer_done(&key[0]);
    la_buffer_done(&key[1]);
    la_buffer_done(&crl);
    la_buffer_done(&pem);
}

static void test_odd_crls(void **state)
{
    (void)state;
    la_buffer crl;
    la_buffer_init(&crl, 1 << 20);
    assert_ok(la_ca_write_crl(ca, UINT64_MAX, NOW_S, NOW_S + DAY_S, NULL, 0, &crl)); /* nobody is revoked */
    assert_true(crl.n <= LA_CRL_BYTES_BASE);
    la_buffer_clear(&crl);
    static const la_crl_entry wrong[] = {{LA_SLICE_INIT(""), NOW_S},
                                         {LA_SLICE_INIT("0x12"), NOW_S},
                                         {LA_SLICE_INIT("12 "), NOW_S},
                                         {LA_SLICE_INIT("1234567890123456789012345678901234567890123"), NOW_S},
                                         {LA_SLICE_INIT("12"), -1}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_code(la_ca_write_crl(ca, 1, NOW_S, NOW_S + DAY_S, &wrong[i], 1, &crl), LA_INVALID);
    assert_code(la_ca_write_crl(ca, 1, NOW_S, NOW_S, NULL, 0, &crl), LA_INVALID);
    assert_code(la_ca_write_crl(ca, 1, NOW_S, INT64_MAX, NULL, 0, &crl), LA_INVALID);
    assert_int_equal(crl.n, 0);
    enum { MANY = 5000 };
    char(*serials)[LA_X509_SERIAL_CHARS + 1] = calloc(MANY, sizeof *serials);
    la_crl_entry *entries = calloc(MANY, sizeof *entries);
    for (int i = 0; i < MANY; i++) {
        snprintf(serials[i], sizeof serials[i], "7fffffffffffffffffffffffffffffff%08x", MANY - i);
        entries[i] = (la_crl_entry){la_slice_of(serials[i]), NOW_S};
    }
    assert_ok(la_ca_write_crl(ca, 1, NOW_S, NOW_S + DAY_S, entries, MANY, &crl));
    assert_true(crl.n <= LA_CRL_BYTES_BASE + MANY * LA_CRL_BYTES_PER_ENTRY);
    free(serials);
    free(entries);
    la_buffer_done(&crl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authority),        cmocka_unit_test(test_stored), cmocka_unit_test(test_issue),
        cmocka_unit_test(test_place_of_the_crl), cmocka_unit_test(test_orders), cmocka_unit_test(test_requests),
        cmocka_unit_test(test_bad_requests),     cmocka_unit_test(test_crl),    cmocka_unit_test(test_odd_crls),
    };
    return cmocka_run_group_tests_name("ca", tests, set_up, tear_down);
}
