#include "x509/ca_internal.h"

#include "base/secret.h"
#include "x509/pem.h"

#include <openssl/encoder.h>
#include <openssl/err.h>
#include <stdlib.h>

#define CURVE "P-256"
#define SERIAL_BYTES 16
#define NAME_MAX_BYTES 256
#define CRL_URL_MAX 512
#define LAST_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

typedef struct extension {
    int nid;
    const char *value; /* as in openssl.cnf */
} extension;

static const extension of_authority[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {0, NULL},
};

static const extension of_client[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "clientAuth"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
    {0, NULL},
};

la_result la_x509_failed(const char *doing)
{
    bool no_memory = false;
    unsigned long first = ERR_peek_error();
    for (unsigned long e; (e = ERR_get_error()) != 0;)
        no_memory |= ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
    if (no_memory)
        return la_fail(LA_NO_MEMORY, "%s: out of memory", doing);
    const char *reason = first ? ERR_reason_error_string(first) : NULL;
    return la_fail(LA_CRYPTO, "%s: %s", doing, reason ? reason : "no reason given");
}

la_result la_x509_make_time(int64_t at_s, ASN1_TIME **ret)
{
    if (at_s < 0 || at_s > LAST_S)
        return la_fail(LA_INVALID, "a certificate cannot hold this time; 1970 to 9999 is possible");
    *ret = ASN1_TIME_set(NULL, (time_t)at_s);
    return *ret ? la_ok() : la_x509_failed("making a time");
}

/* ---- making certificates ---- */

/* O=leanauth, then the others: text of RFC 4514 is read from the end. */
static la_result make_name(la_slice unit, la_slice common_name, X509_NAME **ret)
{
    const struct {
        int nid;
        la_slice value;
    } attributes[] = {{NID_organizationName, LA_SLICE("leanauth")},
                      {NID_organizationalUnitName, unit},
                      {NID_commonName, common_name}};
    X509_NAME *name = X509_NAME_new();
    bool good = name;
    for (size_t i = 0; good && i < sizeof attributes / sizeof attributes[0]; i++) {
        la_slice value = attributes[i].value;
        if (!value.p)
            continue;
        if (value.n == 0 || value.n > NAME_MAX_BYTES || memchr(value.p, 0, value.n) || !la_slice_is_utf8(value)) {
            X509_NAME_free(name);
            return la_fail(LA_INVALID, "a name of the certificate would be empty, too long or no UTF-8");
        }
        /* By its type, and so without X.520's limit of 64 characters: a client_id may have more. */
        good = X509_NAME_add_entry_by_NID(name, attributes[i].nid, V_ASN1_UTF8STRING, (const unsigned char *)value.p,
                                          (int)value.n, -1, 0);
    }
    if (!good) {
        X509_NAME_free(name);
        return la_x509_failed("making a name");
    }
    *ret = name;
    return la_ok();
}

/* 127 bits: positive, of one length, and nothing to guess a collision with (RFC 5280 4.1.2.2 allows 20 octets). */
static bool set_serial(X509 *x)
{
    uint8_t serial[SERIAL_BYTES];
    la_random_bytes(serial, sizeof serial);
    serial[0] = (serial[0] & 0x7f) | 0x40;
    return ASN1_STRING_set(X509_get_serialNumber(x), serial, sizeof serial);
}

static la_result set_validity(X509 *x, int64_t not_before_s, int64_t not_after_s)
{
    ASN1_TIME *from = NULL, *to = NULL;
    if (not_after_s <= not_before_s)
        return la_fail(LA_INVALID, "the certificate would end before it begins");
    LA_TRY(la_x509_make_time(not_before_s, &from));
    la_result r = la_x509_make_time(not_after_s, &to);
    if (la_is_ok(r) && !(X509_set1_notBefore(x, from) && X509_set1_notAfter(x, to)))
        r = la_x509_failed("making a certificate");
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return r;
}

static bool add_extensions(X509 *x, X509 *issuer, const extension *list)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    for (; list->value; list++) {
        X509_EXTENSION *one = X509V3_EXT_conf_nid(NULL, &context, list->nid, list->value);
        bool added = one && X509_add_ext(x, one, -1);
        X509_EXTENSION_free(one);
        if (!added)
            return false;
    }
    return true;
}

static GENERAL_NAMES *make_url(la_slice url)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    if (!names || !name || !text || !ASN1_STRING_set(text, url.p, (int)url.n) || !sk_GENERAL_NAME_push(names, name)) {
        GENERAL_NAMES_free(names);
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(text);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, GEN_URI, text);
    return names;
}

/* One point with one name (RFC 5280 4.2.1.13), made of its parts: the URL is no text of openssl.cnf, where a comma means something. */
static bool add_crl_url(X509 *x, la_slice url)
{
    if (!url.p)
        return true;
    CRL_DIST_POINTS *points = CRL_DIST_POINTS_new();
    DIST_POINT *point = DIST_POINT_new();
    bool good = points && point && (point->distpoint = DIST_POINT_NAME_new());
    if (good) {
        point->distpoint->type = 0; /* fullName */
        good = (point->distpoint->name.fullname = make_url(url)) && sk_DIST_POINT_push(points, point);
    }
    if (!good)
        DIST_POINT_free(point);
    good = good && X509_add1_ext_i2d(x, NID_crl_distribution_points, points, 0, X509V3_ADD_APPEND) == 1;
    CRL_DIST_POINTS_free(points);
    return good;
}

typedef struct plan {
    X509_NAME *subject;
    EVP_PKEY *key; /* of the certificate */
    int64_t not_before_s, not_after_s;
    const la_ca *issuer; /* NULL: it signs itself */
    const extension *extensions;
    la_slice crl_url;
} plan;

static la_result fill(X509 *x, const plan *p)
{
    X509 *issuer = p->issuer ? p->issuer->certificate->x : x;
    EVP_PKEY *signs = p->issuer ? p->issuer->key : p->key;
    LA_TRY(set_validity(x, p->not_before_s, p->not_after_s));
    if (!X509_set_version(x, X509_VERSION_3) || !set_serial(x) || !X509_set_subject_name(x, p->subject) ||
        !X509_set_issuer_name(x, X509_get_subject_name(issuer)) || !X509_set_pubkey(x, p->key) ||
        !add_extensions(x, issuer, p->extensions) || !add_crl_url(x, p->crl_url) || !X509_sign(x, signs, EVP_sha256()))
        return la_x509_failed("making a certificate");
    return la_ok();
}

/* What was made is read like anybody's: it is then known to be accepted. */
static la_result make(const plan *p, la_x509 **ret)
{
    unsigned char *der = NULL;
    X509 *x = X509_new();
    la_result r = x ? fill(x, p) : la_x509_failed("making a certificate");
    int n = la_is_ok(r) ? i2d_X509(x, &der) : 0;
    if (la_is_ok(r))
        r = n > 0 ? la_x509_parse((la_slice){(const char *)der, (size_t)n}, ret)
                  : la_x509_failed("encoding a certificate");
    OPENSSL_free(der);
    X509_free(x);
    return r;
}

/* ---- the authority ---- */

static la_result new_authority(la_x509 *certificate, EVP_PKEY *key, la_ca **ret)
{
    la_ca *ca = calloc(1, sizeof *ca);
    if (!ca) {
        la_x509_free(certificate);
        EVP_PKEY_free(key);
        return la_fail(LA_NO_MEMORY, "out of memory for a certificate authority");
    }
    ca->certificate = certificate;
    ca->key = key;
    *ret = ca;
    return la_ok();
}

la_result la_ca_create(la_slice environment, int64_t not_before_s, int64_t not_after_s, la_ca **ret)
{
    char text[NAME_MAX_BYTES];
    la_buffer cn;
    la_x509 *certificate = NULL;
    plan p = {.not_before_s = not_before_s, .not_after_s = not_after_s, .extensions = of_authority};
    la_buffer_init_fixed(&cn, text, sizeof text);
    la_buffer_add_text(&cn, "leanauth ");
    la_buffer_add(&cn, environment);
    la_buffer_add_text(&cn, " client CA");
    if (environment.n == 0 || !la_buffer_ok(&cn))
        return la_fail(LA_INVALID, "the name of the environment is empty or too long for a certificate");
    LA_TRY(make_name(LA_NO_SLICE, la_buffer_slice(&cn), &p.subject));
    p.key = EVP_EC_gen(CURVE);
    la_result r = p.key ? make(&p, &certificate) : la_x509_failed("making a key");
    X509_NAME_free(p.subject);
    if (la_is_ok(r))
        return new_authority(certificate, p.key, ret);
    EVP_PKEY_free(p.key);
    return r;
}

static la_result read_key(la_slice pkcs8, EVP_PKEY **ret)
{
    const unsigned char *p = (const unsigned char *)pkcs8.p;
    PKCS8_PRIV_KEY_INFO *info = pkcs8.n <= LA_CA_PRIVATE_MAX ? d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8.n) : NULL;
    EVP_PKEY *key = info && p == (const unsigned char *)pkcs8.p + pkcs8.n ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info); /* cleanses */
    *ret = key;
    return key ? la_ok() : la_x509_refuse("the private key of the certificate authority is not PKCS #8");
}

la_result la_ca_load(la_slice der, la_slice private_key, la_ca **ret)
{
    la_x509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    LA_TRY(la_x509_parse(der, &certificate));
    la_result r = la_ok();
    if (!la_x509_is_ca(certificate))
        r = la_fail(LA_INVALID, "this is not the certificate of a CA");
    else
        r = read_key(private_key, &key);
    if (la_is_ok(r) && !X509_check_private_key(certificate->x, key))
        r = la_x509_refuse("the private key is not that of the certificate authority");
    if (la_is_ok(r))
        return new_authority(certificate, key, ret);
    la_x509_free(certificate);
    EVP_PKEY_free(key);
    return r;
}

la_ca *la_ca_free(la_ca *ca)
{
    if (ca) {
        la_x509_free(ca->certificate);
        EVP_PKEY_free(ca->key);
        free(ca);
    }
    return NULL;
}

const la_x509 *la_ca_certificate(const la_ca *ca)
{
    return ca->certificate;
}

/* Into room that is there already, with no copy of the heap's in between that nobody wipes. */
static la_result export(const EVP_PKEY *key, la_buffer *ret)
{
    unsigned char *at = (unsigned char *)la_buffer_reserve(ret, LA_CA_PRIVATE_MAX);
    size_t left = LA_CA_PRIVATE_MAX;
    if (!at)
        return la_fail(LA_NO_MEMORY, "no room for a private key");
    OSSL_ENCODER_CTX *encoder = OSSL_ENCODER_CTX_new_for_pkey(key, EVP_PKEY_KEYPAIR, "DER", "PrivateKeyInfo", NULL);
    bool good = encoder && OSSL_ENCODER_to_data(encoder, &at, &left) == 1;
    OSSL_ENCODER_CTX_free(encoder);
    if (!good)
        return la_x509_failed("encoding a private key");
    ret->n += LA_CA_PRIVATE_MAX - left;
    return la_ok();
}

la_result la_ca_export_private(const la_ca *ca, la_buffer *ret)
{
    return export(ca->key, ret);
}

/* ---- issuing ---- */

/* RFC 3986 in so far as no reader of the certificate gets another kind of text. */
static bool is_url(la_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n > 0 && s.n <= CRL_URL_MAX;
}

static la_result issue(const la_ca *ca, const la_ca_order *order, EVP_PKEY *key, la_x509 **ret)
{
    plan p = {.key = key,
              .not_before_s = order->not_before_s,
              .not_after_s = order->not_after_s,
              .issuer = ca,
              .extensions = of_client,
              .crl_url = order->crl_url};
    if (order->not_after_s > ca->certificate->not_after_s)
        return la_fail(LA_INVALID, "the certificate would be valid for longer than its certificate authority");
    if (!order->client_id.p || !order->environment.p)
        return la_fail(LA_INVALID, "the certificate would have no subject");
    if (order->crl_url.p && !is_url(order->crl_url))
        return la_fail(LA_INVALID, "the certificate would name a place of its CRL that is no URL");
    LA_TRY(make_name(order->environment, order->client_id, &p.subject));
    la_result r = make(&p, ret);
    X509_NAME_free(p.subject);
    return r;
}

static la_result write_key(const EVP_PKEY *key, la_buffer *ret)
{
    char *room = la_secret_alloc(LA_CA_PRIVATE_MAX);
    la_buffer der;
    if (!room)
        return la_fail(LA_NO_MEMORY, "out of locked memory for a key");
    la_buffer_init_fixed(&der, room, LA_CA_PRIVATE_MAX);
    la_result r = export(key, &der);
    if (la_is_ok(r)) {
        la_pem_write("PRIVATE KEY", la_buffer_slice(&der), ret);
        r = la_buffer_ok(ret) ? la_ok() : la_fail(LA_NO_MEMORY, "no room for a private key");
    }
    la_secret_free(room);
    return r;
}

la_result la_ca_issue(const la_ca *ca, const la_ca_order *order, la_buffer *ret_key, la_x509 **ret)
{
    la_x509 *certificate = NULL;
    EVP_PKEY *key = EVP_EC_gen(CURVE);
    la_result r = key ? issue(ca, order, key, &certificate) : la_x509_failed("making a key");
    if (la_is_ok(r))
        r = write_key(key, ret_key);
    EVP_PKEY_free(key);
    if (la_is_ok(r))
        *ret = certificate;
    else
        la_x509_free(certificate);
    return r;
}

la_result la_ca_issue_for(const la_ca *ca, const la_ca_order *order, la_slice request_pem, la_x509 **ret)
{
    EVP_PKEY *key = NULL;
    LA_TRY(la_csr_key(request_pem, &key));
    la_result r = issue(ca, order, key, ret);
    EVP_PKEY_free(key);
    return r;
}
