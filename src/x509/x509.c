#include "x509/x509_internal.h"

#include "base/base64url.h"
#include "base/hex.h"
#include "base/secret.h"
#include "jose/jwk.h"
#include "x509/dn.h"
#include "x509/pem.h"
#include "x509/strict_der.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdlib.h>

#define EXTENSIONS_MAX 32
#define SERIAL_MAX_BYTES 20 /* RFC 5280 4.1.2.2 */
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096
#define RSA_E_BITS_MAX 64 /* as of a JWK; one as long as the modulus makes a verification take as long as a signature */
#define ED25519_BYTES 32

la_result la_x509_refuse(const char *what)
{
    bool no_memory = false;
    for (unsigned long e; (e = ERR_get_error()) != 0;)
        no_memory |= ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
    return no_memory ? la_fail(LA_NO_MEMORY, "out of memory for a certificate") : la_fail(LA_INVALID, "%s", what);
}

/* ---- keys ---- */

/* JWA's names for the curves; the algorithm only stands for its curve here. */
static const la_algorithm *algorithm_of(const EVP_PKEY *key)
{
    static const char *const names[] = {"ES256", "ES384", "ES512"};
    char group[80];
    size_t n = 0;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
        return la_algorithm_find_verifiable(LA_SLICE("RS256"));
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
        !EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &n))
        return NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const la_algorithm *a = la_algorithm_find_verifiable(la_slice_of(names[i]));
        if (a && OBJ_txt2nid(a->group) == OBJ_txt2nid(group))
            return a;
    }
    return NULL;
}

/* As of a JWK: what is accepted here has a thumbprint (RFC 7638), too. */
static la_result check_rsa(const EVP_PKEY *key)
{
    BIGNUM *n = NULL, *e = NULL;
    int bits = EVP_PKEY_get_bits(key);
    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
        return la_fail(LA_INVALID, "its RSA key has %d bits; %d to %d are accepted", bits, RSA_BITS_MIN, RSA_BITS_MAX);
    bool is_read = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) &&
                   EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e);
    bool is_odd = is_read && BN_is_odd(n);
    bool good = is_read && BN_is_odd(e) && BN_num_bits(e) > 16 && BN_num_bits(e) <= RSA_E_BITS_MAX;
    BN_free(n);
    BN_free(e);
    if (!is_read)
        return la_x509_refuse("its RSA key cannot be read");
    if (!is_odd)
        return la_fail(LA_INVALID, "its RSA modulus is even");
    return good ? la_ok()
                : la_fail(LA_INVALID, "its RSA key has an exponent that is weak or too large; 65537 is what is used");
}

/* OpenSSL reads the point at infinity as a key, for which anybody can sign; it has no coordinates. */
static bool has_coordinates(const EVP_PKEY *key)
{
    BIGNUM *x = NULL;
    bool good = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1;
    BN_free(x);
    return good;
}

la_result la_x509_check_key(const EVP_PKEY *key)
{
    int explicit = 0;
    if (!key)
        return la_x509_refuse("its public key cannot be read");
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return check_rsa(key);
    case EVP_PKEY_ED25519:
        return la_ok();
    case EVP_PKEY_EC:
        if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit) && explicit)
            return la_fail(LA_INVALID, "its EC key describes the curve instead of naming it");
        if (algorithm_of(key))
            return has_coordinates(key) ? la_ok() : la_x509_refuse("its EC key is the point at infinity");
        return la_x509_refuse("its EC key is on another curve than P-256, P-384 or P-521");
    default:
        return la_x509_refuse("its key is neither EC, RSA nor Ed25519");
    }
}

la_result la_x509_key_thumbprint(const la_x509 *c, char ret[LA_X509_THUMBPRINT_CHARS + 1])
{
    la_jwk_members public = {0};
    uint8_t thumbprint[LA_THUMBPRINT_BYTES];
    EVP_PKEY *key = X509_get0_pubkey(c->x);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) {
        public.kind = LA_KEY_OKP;
        public.kty = "OKP";
        public.crv = "Ed25519";
        public.first.n = ED25519_BYTES;
        if (!EVP_PKEY_get_raw_public_key(key, public.first.p, &public.first.n))
            return la_x509_refuse("its public key cannot be read");
    } else {
        const la_algorithm *a = algorithm_of(key);
        if (!a)
            return la_x509_refuse("its public key cannot be read");
        LA_TRY(la_jwk_members_from_evp(key, a, &public));
    }
    LA_TRY(la_jwk_members_thumbprint(&public, thumbprint));
    la_jwk_thumbprint_text(thumbprint, ret);
    return la_ok();
}

/* ---- times and serial numbers ---- */

bool la_x509_time(const ASN1_TIME *time, int64_t *ret_s)
{
    struct tm tm = {0};
    int n = time ? ASN1_STRING_length(time) : 0;
    int expected = time && ASN1_STRING_type(time) == V_ASN1_UTCTIME ? 13 : 15; /* with seconds, in Z, no fraction */
    if (n != expected || ASN1_STRING_get0_data(time)[n - 1] != 'Z' || !ASN1_TIME_to_tm(time, &tm))
        return false;
    *ret_s = (int64_t)timegm(&tm);
    return true;
}

bool la_x509_serial_text(const ASN1_INTEGER *serial, char ret[LA_X509_SERIAL_CHARS + 1])
{
    int n = ASN1_STRING_length(serial);
    if (n < 1 || n > SERIAL_MAX_BYTES)
        return false;
    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
        *ret++ = '-';
    la_hex_encode(ASN1_STRING_get0_data(serial), (size_t)n, ret);
    return true;
}

/* ---- reading ---- */

static bool has_nul(const ASN1_STRING *text)
{
    int n = ASN1_STRING_length(text);
    return n > 0 && memchr(ASN1_STRING_get0_data(text), 0, (size_t)n);
}

static la_result check_alternative(const GENERAL_NAME *name)
{
    int type = 0;
    const void *value = GENERAL_NAME_get0_value(name, &type);
    bool is_text = type == GEN_DNS || type == GEN_EMAIL || type == GEN_URI;
    if ((is_text && has_nul(value)) || (type == GEN_DIRNAME && !la_dn_is_free_of_nul(value)))
        return la_fail(LA_INVALID, "it has NUL in a subject alternative name");
    return la_ok();
}

/* Read here, and not by X509_get_ext_d2i(), which takes bytes behind the names. */
static la_result read_alternatives(la_x509 *c)
{
    int at = X509_get_ext_by_NID(c->x, NID_subject_alt_name, -1);
    if (at < 0)
        return la_ok();
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(c->x, at));
    const unsigned char *p = ASN1_STRING_get0_data(value);
    la_slice der = {(const char *)p, (size_t)ASN1_STRING_length(value)};
    if (la_der_is_strict(der))
        c->alternatives = d2i_GENERAL_NAMES(NULL, &p, (long)der.n);
    if (!c->alternatives)
        return la_x509_refuse("its subject alternative names are malformed");
    for (int i = 0; i < sk_GENERAL_NAME_num(c->alternatives); i++)
        LA_TRY(check_alternative(sk_GENERAL_NAME_value(c->alternatives, i)));
    return la_ok();
}

static la_result check_extensions(X509 *x)
{
    int n = X509_get_ext_count(x);
    if (n > EXTENSIONS_MAX)
        return la_fail(LA_INVALID, "it has more than %d extensions", EXTENSIONS_MAX);
    for (int i = 0; i < n; i++)
        if (X509_get_ext_by_OBJ(x, X509_EXTENSION_get_object(X509_get_ext(x, i)), i) >= 0)
            return la_fail(LA_INVALID, "it has an extension twice");
    /* Also makes OpenSSL's own notes of them, once, before threads share it. */
    return X509_get_extension_flags(x) & EXFLAG_INVALID ? la_x509_refuse("one of its extensions is malformed")
                                                        : la_ok();
}

static la_result check(la_x509 *c)
{
    const X509_ALGOR *outer = NULL;
    X509_get0_signature(NULL, &outer, c->x);
    if (X509_ALGOR_cmp(outer, X509_get0_tbs_sigalg(c->x)) != 0)
        return la_fail(LA_INVALID, "it names two signature algorithms");
    if (!la_x509_serial_text(X509_get0_serialNumber(c->x), c->serial))
        return la_fail(LA_INVALID, "its serial number has more than %d octets", SERIAL_MAX_BYTES);
    if (!la_x509_time(X509_get0_notBefore(c->x), &c->not_before_s) ||
        !la_x509_time(X509_get0_notAfter(c->x), &c->not_after_s))
        return la_x509_refuse("its validity is not written as RFC 5280 wants it");
    if (!la_dn_is_free_of_nul(X509_get_subject_name(c->x)) || !la_dn_is_free_of_nul(X509_get_issuer_name(c->x)))
        return la_fail(LA_INVALID, "it has NUL in a name");
    LA_TRY(check_extensions(c->x));
    LA_TRY(read_alternatives(c));
    return la_x509_check_key(X509_get0_pubkey(c->x));
}

/* The key's own bytes, not a second encoding of it: they are in the certificate exactly once as a whole, or something is odd. */
static la_result find_spki(la_x509 *c)
{
    unsigned char *spki = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c->x), &spki);
    const char *at = n > 0 ? memmem(c->der.p, c->der.n, spki, (size_t)n) : NULL;
    OPENSSL_free(spki);
    if (!at)
        return la_x509_refuse("its public key is not encoded in DER");
    c->spki = (la_slice){at, (size_t)n};
    return la_ok();
}

static la_result read_all(la_x509 *c)
{
    const unsigned char *p = (const unsigned char *)c->der.p;
    if (la_der_is_strict(c->der))
        c->x = d2i_X509(NULL, &p, (long)c->der.n);
    if (!c->x)
        return la_x509_refuse("it is not one X.509 certificate in DER");
    LA_TRY(check(c));
    LA_TRY(find_spki(c));
    la_sha256(c->der.p, c->der.n, c->thumbprint);
    la_base64url_encode(c->thumbprint, sizeof c->thumbprint, c->thumbprint_text);
    return la_ok();
}

la_result la_x509_parse(la_slice der, la_x509 **ret)
{
    if (der.n == 0 || der.n > LA_X509_DER_MAX)
        return la_fail(LA_INVALID, "the certificate is refused: it has %zu bytes; 1 to %d are accepted", der.n,
                       LA_X509_DER_MAX);
    la_x509 *c = calloc(1, sizeof *c + der.n);
    if (!c)
        return la_fail(LA_NO_MEMORY, "out of memory for a certificate");
    memcpy(c->bytes, der.p, der.n);
    c->der = (la_slice){c->bytes, der.n};
    la_result r = read_all(c);
    if (!la_is_ok(r)) {
        la_x509_free(c);
        return r.code == LA_INVALID ? la_fail_context(r, "the certificate is refused: ") : r;
    }
    *ret = c;
    return r;
}

typedef struct only_one {
    la_x509 *found;
} only_one;

static la_result take_one(void *self, const char *label, la_slice der)
{
    only_one *one = self;
    if (strcmp(label, "CERTIFICATE") != 0 || one->found)
        return la_fail(LA_INVALID, "expected one CERTIFICATE block and nothing else");
    return la_x509_parse(der, &one->found);
}

la_result la_x509_parse_pem(la_slice pem, la_x509 **ret)
{
    only_one one = {0};
    if (pem.n > LA_X509_PEM_MAX)
        return la_fail(LA_INVALID, "the certificate's PEM has more than %d bytes", LA_X509_PEM_MAX);
    la_result r = la_pem_each(pem, take_one, &one);
    if (la_is_ok(r) && !one.found)
        r = la_fail(LA_INVALID, "expected a certificate in PEM");
    if (la_is_ok(r))
        *ret = one.found;
    else
        la_x509_free(one.found);
    return r;
}

la_x509 *la_x509_free(la_x509 *c)
{
    if (c) {
        X509_free(c->x);
        GENERAL_NAMES_free(c->alternatives);
        free(c);
    }
    return NULL;
}

/* ---- what is asked of it ---- */

la_slice la_x509_der(const la_x509 *c)
{
    return c->der;
}

void la_x509_write_pem(const la_x509 *c, la_buffer *ret)
{
    la_pem_write("CERTIFICATE", c->der, ret);
}

const uint8_t *la_x509_thumbprint(const la_x509 *c)
{
    return c->thumbprint;
}

const char *la_x509_thumbprint_text(const la_x509 *c)
{
    return c->thumbprint_text;
}

int64_t la_x509_not_before_s(const la_x509 *c)
{
    return c->not_before_s;
}

int64_t la_x509_not_after_s(const la_x509 *c)
{
    return c->not_after_s;
}

const char *la_x509_serial(const la_x509 *c)
{
    return c->serial;
}

void la_x509_write_subject(const la_x509 *c, la_buffer *ret)
{
    la_dn_write(X509_get_subject_name(c->x), ret);
}

void la_x509_write_issuer(const la_x509 *c, la_buffer *ret)
{
    la_dn_write(X509_get_issuer_name(c->x), ret);
}

la_slice la_x509_spki(const la_x509 *c)
{
    return c->spki;
}

bool la_x509_is_self_signed(const la_x509 *c)
{
    bool is = X509_self_signed(c->x, 1) == 1;
    ERR_clear_error();
    return is;
}

bool la_x509_is_ca(const la_x509 *c)
{
    return X509_check_ca(c->x) == 1;
}
