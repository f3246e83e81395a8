/* Certificates from strangers: RFC 5280 4, RFC 8705 3.1, RFC 7638. */
#include "testkit.h"

#include "base/base64url.h"
#include "jose/verify.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>

static la_result parse(la_slice der)
{
    la_x509 *c = NULL;
    la_result r = la_x509_parse(der, &c);
    la_x509_free(c);
    return r;
}

#define assert_refused(x, sentence)                     \
    do {                                                \
        assert_code(parse(der_of(x)), LA_INVALID);      \
        assert_non_null(strstr(la_detail(), sentence)); \
    } while (0)

static void test_what_it_says(void **state)
{
    (void)state;
    pair p = make_pair(NULL, (recipe){.cn = "core, banking", .serial = 0x1234567});
    la_x509 *c = parsed(p.x);
    assert_true(la_slice_equal(la_x509_der(c), der_of(p.x)));
    uint8_t digest[32];
    unsigned n = 0;
    assert_true(X509_digest(p.x, EVP_sha256(), digest, &n));
    assert_memory_equal(la_x509_thumbprint(c), digest, 32);
    uint8_t decoded[32];
    size_t n_decoded = 0;
    assert_int_equal(strlen(la_x509_thumbprint_text(c)), LA_X509_THUMBPRINT_CHARS);
    assert_ok(la_base64url_decode(la_slice_of(la_x509_thumbprint_text(c)), decoded, 32, &n_decoded));
    assert_memory_equal(decoded, digest, 32);
    assert_int_equal(la_x509_not_before_s(c), NOW_S - 10 * DAY_S);
    assert_int_equal(la_x509_not_after_s(c), NOW_S + 10 * DAY_S);
    assert_string_equal(la_x509_serial(c), "01234567");
    assert_true(la_x509_is_self_signed(c));
    assert_false(la_x509_is_ca(c));
    unsigned char *spki = NULL;
    int n_spki = i2d_PUBKEY(p.key, &spki);
    assert_true(la_slice_equal(la_x509_spki(c), (la_slice){(char *)spki, (size_t)n_spki}));
    OPENSSL_free(spki);
    char memory[256];
    la_buffer subject;
    la_buffer_init_fixed(&subject, memory, sizeof memory);
    la_x509_write_subject(c, &subject);
    assert_slice(la_buffer_slice(&subject), "CN=core\\, banking,O=Test");
    la_buffer_clear(&subject);
    la_x509_write_issuer(c, &subject);
    assert_slice(la_buffer_slice(&subject), "CN=core\\, banking,O=Test");
    la_x509_free(c);
    free_pair(&p);
    assert_null(la_x509_free(NULL));
}

static void test_pem(void **state)
{
    (void)state;
    pair p = make_pair(NULL, (recipe){0}), other = make_pair(NULL, (recipe){0});
    la_x509 *c = NULL;
    assert_ok(la_x509_parse_pem(pem_of(p.x), &c));
    assert_true(la_slice_equal(la_x509_der(c), der_of(p.x)));
    la_x509_free(c);
    c = NULL;
    char two[8192];
    la_slice a = pem_of(p.x), b = pem_of(other.x);
    int n = snprintf(two, sizeof two, "a comment\n%.*s%.*s", LA_FMT(a), LA_FMT(b));
    assert_code(la_x509_parse_pem((la_slice){two, (size_t)n}, &c), LA_INVALID);
    assert_ok(la_x509_parse_pem((la_slice){two, a.n + 10}, &c));
    la_x509_free(c);
    c = NULL;
    assert_code(la_x509_parse_pem((la_slice){two, a.n - 60}, &c), LA_INVALID);
    assert_code(la_x509_parse_pem(LA_SLICE(""), &c), LA_INVALID);
    assert_code(la_x509_parse_pem(LA_NO_SLICE, &c), LA_INVALID);
    assert_code(la_x509_parse_pem(LA_SLICE("-----BEGIN PUBLIC KEY-----\nMAAA\n-----END PUBLIC KEY-----\n"), &c),
                LA_INVALID);
    assert_null(c);
    free_pair(&p);
    free_pair(&other);
}

static void test_bytes(void **state)
{
    (void)state;
    pair p = make_pair(NULL, (recipe){.names = "DNS:a.example"});
    la_slice der = der_of(p.x);
    char copy[LA_X509_DER_MAX + 64] = {0};
    memcpy(copy, der.p, der.n);
    assert_ok(parse((la_slice){copy, der.n}));
    assert_code(parse((la_slice){copy, der.n + 1}), LA_INVALID); /* a byte behind it */
    for (size_t n = 0; n < der.n; n++)
        assert_code(parse((la_slice){copy, n}), LA_INVALID);
    assert_code(parse((la_slice){copy, LA_X509_DER_MAX + 1}), LA_INVALID);
    assert_non_null(strstr(la_detail(), "8193 bytes"));
    assert_code(parse(LA_NO_SLICE), LA_INVALID);
    assert_code(parse(pem_of(p.x)), LA_INVALID);
    /* BER with an indefinite length, which OpenSSL reads. */
    char ber[LA_X509_DER_MAX];
    size_t n = der.n - 4;
    memcpy(ber, "\x30\x80", 2);
    memcpy(ber + 2, der.p + 4, n);
    memcpy(ber + 2 + n, "\0\0", 2);
    const unsigned char *at = (const unsigned char *)ber;
    X509 *loose = d2i_X509(NULL, &at, (long)n + 4);
    assert_non_null(loose);
    X509_free(loose);
    assert_code(parse((la_slice){ber, n + 4}), LA_INVALID);
    free_pair(&p);
}

static void test_nul(void **state)
{
    (void)state;
    pair p = make_pair(NULL, (recipe){.name = MAKE_NAME({"CN", V_ASN1_UTF8STRING, "good\0.evil", 10, 0})});
    assert_refused(p.x, "NUL in a name");
    free_pair(&p);
    p = make_pair(NULL, (recipe){.name = MAKE_NAME({"CN", V_ASN1_BMPSTRING, "\0a\0\0\0b", 6, 0})});
    assert_refused(p.x, "NUL in a name");
    free_pair(&p);
    p = make_pair(NULL, (recipe){.name = MAKE_NAME({"CN", V_ASN1_BMPSTRING, "\0a\0b", 4, 0})});
    assert_ok(parse(der_of(p.x)));
    free_pair(&p);
    static const unsigned char dns[] = "\x30\x0a\x82\x08good\0.ev", uri[] = "\x30\x07\x86\x05urn:\0",
                               email[] = "\x30\x07\x81\x05x@b\0c", good[] = "\x30\x06\x82\x04good";
    const struct {
        const unsigned char *der;
        size_t n;
    } names[] = {{dns, 12}, {uri, 9}, {email, 9}};
    for (size_t i = 0; i < 3; i++) {
        p = make_pair(NULL, (recipe){.extension = make_extension(NID_subject_alt_name, names[i].der, names[i].n)});
        assert_refused(p.x, "NUL in a subject alternative name");
        free_pair(&p);
    }
    p = make_pair(NULL, (recipe){.extension = make_extension(NID_subject_alt_name, good, 8)});
    assert_ok(parse(der_of(p.x)));
    free_pair(&p);
    /* In the issuer's name, too. */
    pair ca = make_pair(NULL, (recipe){.is_ca = true, .name = MAKE_NAME({"CN", V_ASN1_UTF8STRING, "c\0a", 3, 0})});
    p = make_pair(&ca, (recipe){0});
    assert_refused(p.x, "NUL in a name");
    free_pair(&p);
    free_pair(&ca);
}

static void test_extensions(void **state)
{
    (void)state;
    pair p = make_pair(NULL, (recipe){.names = "DNS:a.example",
                                      .extension = make_extension(NID_subject_alt_name,
                                                                  "\x30\x03\x82\x01"
                                                                  "b",
                                                                  5)});
    assert_refused(p.x, "an extension twice");
    free_pair(&p);
    p = make_pair(NULL, (recipe){.extension = make_extension(NID_subject_alt_name,
                                                             "\x30\x03\x82\x01"
                                                             "bX",
                                                             6)});
    assert_refused(p.x, "malformed"); /* a byte behind the names */
    free_pair(&p);
    p = make_pair(NULL, (recipe){.extension = make_extension(NID_subject_alt_name,
                                                             "\x30\x03\x82\x02"
                                                             "b",
                                                             5)});
    assert_refused(p.x, "malformed");
    free_pair(&p);
    p = make_pair(NULL, (recipe){.extension = make_extension(NID_basic_constraints, "\x04\x00", 2)});
    assert_refused(p.x, "malformed");
    free_pair(&p);
    p = make_pair(NULL, (recipe){0});
    for (int i = 0; i < 32; i++) {
        char oid[32];
        snprintf(oid, sizeof oid, "1.2.3.4.%d", i);
        ASN1_OBJECT *type = OBJ_txt2obj(oid, 1);
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
        X509_EXTENSION *e = X509_EXTENSION_create_by_OBJ(NULL, type, 0, value);
        assert_true(X509_add_ext(p.x, e, -1));
        X509_EXTENSION_free(e);
        ASN1_OCTET_STRING_free(value);
        ASN1_OBJECT_free(type);
    }
    assert_true(X509_sign(p.x, p.key, EVP_sha256()));
    assert_refused(p.x, "more than 32 extensions");
    free_pair(&p);
}

static EVP_PKEY *explicit_curve(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_true(EVP_PKEY_keygen_init(context) > 0 && EVP_PKEY_CTX_set_group_name(context, "P-256") > 0 &&
                EVP_PKEY_CTX_set_ec_param_enc(context, OPENSSL_EC_EXPLICIT_CURVE) > 0 &&
                EVP_PKEY_generate(context, &key) > 0);
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *with_exponent(const char *hex)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *e = NULL;
    assert_true(BN_hex2bn(&e, hex));
    assert_true(EVP_PKEY_keygen_init(context) && EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) > 0 &&
                EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, e) > 0 && EVP_PKEY_generate(context, &key) > 0);
    BN_free(e);
    EVP_PKEY_CTX_free(context);
    return key;
}

static void test_keys(void **state)
{
    (void)state;
    const struct {
        EVP_PKEY *key;
        const char *refused; /* NULL: it is accepted */
    } keys[] = {
        {EVP_EC_gen("P-256"), NULL},
        {EVP_EC_gen("P-384"), NULL},
        {EVP_EC_gen("P-521"), NULL},
        {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL},
        {make_rsa(2048), NULL},
        {make_rsa(1024), "1024 bits"},
        {with_exponent("3"), "weak or too large"},
        {with_exponent("10000000000000001"), "weak or too large"},
        {EVP_EC_gen("secp256k1"), "another curve"},
        {EVP_EC_gen("P-224"), "another curve"},
        {EVP_EC_gen("brainpoolP256r1"), "another curve"},
        {explicit_curve(), "describes the curve"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        pair p = make_pair(NULL, (recipe){.key = keys[i].key});
        if (keys[i].refused)
            assert_refused(p.x, keys[i].refused);
        else
            assert_ok(parse(der_of(p.x)));
        free_pair(&p);
    }
    pair p = make_pair(NULL, (recipe){0});
    EVP_PKEY *ed448 = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    assert_true(X509_set_pubkey(p.x, ed448) && X509_sign(p.x, ed448, NULL));
    assert_refused(p.x, "neither EC, RSA nor Ed25519");
    EVP_PKEY_free(ed448);
    free_pair(&p);
}

/* OpenSSL takes one; as a JWK it is none, so it would have no thumbprint. */
static void test_even_rsa_modulus(void **state)
{
    (void)state;
    static const char exponent[] = "\x02\x03\x01\x00\x01";
    pair p = make_pair(NULL, (recipe){.key = make_rsa(2048)});
    la_slice der = der_of(p.x);
    char copy[LA_X509_DER_MAX];
    memcpy(copy, der.p, der.n);
    char *behind = memmem(copy, der.n, exponent, sizeof exponent - 1);
    assert_non_null(behind);
    assert_ok(parse((la_slice){copy, der.n}));
    behind[-1] &= (char)~1;
    assert_code(parse((la_slice){copy, der.n}), LA_INVALID);
    assert_non_null(strstr(la_detail(), "even"));
    free_pair(&p);
}

static void test_point_at_infinity(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    pair p = make_pair(NULL, (recipe){.key = key});
    assert_ok(parse(der_of(p.x)));
    assert_true(X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(p.x), OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
                                       OBJ_nid2obj(NID_X9_62_prime256v1), OPENSSL_zalloc(1), 1));
    assert_true(X509_sign(p.x, key, EVP_sha256()));
    assert_refused(p.x, "point at infinity");
    free_pair(&p);
}

/* The thumbprint of the key is the one of its JWK, as jose/ computes it from JSON. */
static void test_key_thumbprint(void **state)
{
    (void)state;
    EVP_PKEY *keys[] = {EVP_EC_gen("P-256"), EVP_EC_gen("P-521"), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    for (size_t i = 0; i < 3; i++) {
        uint8_t point[133];
        size_t n = sizeof point;
        char x[128] = {0}, y[128] = {0}, jwk[512], expected[44], got[44];
        if (i == 2) {
            assert_true(EVP_PKEY_get_raw_public_key(keys[i], point, &n));
            la_base64url_encode(point, n, x);
            snprintf(jwk, sizeof jwk, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"EdDSA\",\"x\":\"%s\"}", x);
        } else {
            assert_true(EVP_PKEY_get_octet_string_param(keys[i], "pub", point, sizeof point, &n));
            assert_int_equal(point[0], 4);
            la_base64url_encode(point + 1, n / 2, x);
            la_base64url_encode(point + 1 + n / 2, n / 2, y);
            snprintf(jwk, sizeof jwk, "{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}",
                     i ? "P-521" : "P-256", x, y);
        }
        json_t *json = NULL;
        assert_ok(la_jwks_parse(la_slice_of(jwk), &json));
        assert_ok(la_jwk_thumbprint(json, expected));
        json_decref(json);
        pair p = make_pair(NULL, (recipe){.key = keys[i]});
        la_x509 *c = parsed(p.x);
        assert_ok(la_x509_key_thumbprint(c, got));
        assert_string_equal(got, expected);
        la_x509_free(c);
        free_pair(&p);
    }
}

static void test_times(void **state)
{
    (void)state;
    pair p = make_pair(NULL, (recipe){.from_s = INT64_C(-86400), .to_s = INT64_C(253402300799)}); /* 99991231235959Z */
    la_x509 *c = parsed(p.x);
    assert_int_equal(la_x509_not_before_s(c), -86400);
    assert_int_equal(la_x509_not_after_s(c), INT64_C(253402300799));
    la_x509_free(c);
    static const struct {
        int type;
        const char *text;
    } wrong[] = {{V_ASN1_UTCTIME, "3001010000Z"},
                 {V_ASN1_UTCTIME, "300101000000+0100"},
                 {V_ASN1_GENERALIZEDTIME, "20600101000000.5Z"},
                 {V_ASN1_GENERALIZEDTIME, "20600101000000"},
                 {V_ASN1_UTCTIME, "301301000000Z"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ASN1_STRING *time = ASN1_STRING_type_new(wrong[i].type);
        assert_true(ASN1_STRING_set(time, wrong[i].text, -1));
        /* By force: OpenSSL's setter would check it. */
        ASN1_STRING_copy((ASN1_STRING *)X509_getm_notAfter(p.x), time);
        ASN1_STRING_free(time);
        assert_true(X509_sign(p.x, p.key, EVP_sha256()));
        assert_refused(p.x, "validity");
    }
    free_pair(&p);
}

static void test_self_signed(void **state)
{
    (void)state;
    pair ca = make_pair(NULL, (recipe){.is_ca = true, .cn = "client"}), leaf = make_pair(&ca, (recipe){.cn = "client"});
    la_x509 *a = parsed(ca.x), *b = parsed(leaf.x);
    assert_true(la_x509_is_self_signed(a));
    assert_true(la_x509_is_ca(a));
    assert_false(la_x509_is_self_signed(b)); /* the same names, and nothing but the leaf, but another's signature */
    la_x509_free(a);
    la_x509_free(b);
    free_pair(&ca);
    free_pair(&leaf);
}

static void test_serials(void **state)
{
    (void)state;
    pair p = make_pair(NULL, (recipe){0});
    BIGNUM *big = NULL;
    assert_true(BN_hex2bn(&big, "7F000000000000000000000000000000000000AB"));
    assert_non_null(BN_to_ASN1_INTEGER(big, X509_get_serialNumber(p.x)));
    assert_true(X509_sign(p.x, p.key, EVP_sha256()));
    la_x509 *c = parsed(p.x);
    assert_string_equal(la_x509_serial(c), "7f000000000000000000000000000000000000ab");
    la_x509_free(c);
    assert_true(BN_lshift(big, big, 8));
    assert_non_null(BN_to_ASN1_INTEGER(big, X509_get_serialNumber(p.x)));
    assert_true(X509_sign(p.x, p.key, EVP_sha256()));
    assert_refused(p.x, "serial number");
    BN_free(big);
    free_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_says),
        cmocka_unit_test(test_pem),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_even_rsa_modulus),
        cmocka_unit_test(test_point_at_infinity),
        cmocka_unit_test(test_key_thumbprint),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_self_signed),
        cmocka_unit_test(test_serials),
    };
    return cmocka_run_group_tests_name("x509", tests, set_up_secrets, NULL);
}
