/*
 * Public JWKs. Knows their members and bounds; must not know signatures, headers or key sets.
 */
#include "jose/jwk.h"

#include "base/base64url.h"
#include "jose/openssl_fail.h"
#include "jose/verify.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <sodium.h>

#define RSA_BITS_LEAST 2048 /* RFC 7518 3.3 */
#define RSA_BITS_MOST 4096  /* a key comes from outside, and what it costs grows with the square of it */
#define RSA_E_LEAST 65537   /* FIPS 186-5 5.4: odd and above 2^16 */
#define RSA_E_BYTES_MAX 8
#define POINT_MAX (1 + 2 * 66) /* bytes: P-521, uncompressed */

la_slice la_jwk_text(const json_t *jwk, const char *name)
{
    const json_t *value = json_object_get(jwk, name);
    if (!json_is_string(value))
        return LA_NO_SLICE;
    return (la_slice){json_string_value(value), json_string_length(value)};
}

static bool has_text(const json_t *value, const char *text)
{
    return json_is_string(value) && json_string_length(value) == strlen(text) &&
           strcmp(json_string_value(value), text) == 0;
}

/* RFC 9864 2.2: on a key of that curve both names mean the same. */
static bool is_same_algorithm(const json_t *alg, const la_algorithm *a)
{
    if (has_text(alg, a->name))
        return true;
    return a->kind == LA_KEY_OKP && (has_text(alg, "EdDSA") || has_text(alg, "Ed25519"));
}

la_result la_jwk_check_fit(const json_t *jwk, const la_algorithm *a)
{
    if (!has_text(json_object_get(jwk, "kty"), a->kty) ||
        (a->curve && !has_text(json_object_get(jwk, "crv"), a->curve)))
        return la_fail(LA_INVALID, "the key's kty or crv does not fit the header's alg");
    const json_t *alg = json_object_get(jwk, "alg");
    if (!alg && a->kind == LA_KEY_AKP)
        return la_fail(LA_INVALID, "the key has no alg, which its kty AKP needs");
    if (alg && !is_same_algorithm(alg, a))
        return la_fail(LA_INVALID, "the key's alg is not the header's");
    return la_ok();
}

static bool may_verify(const json_t *key_ops)
{
    size_t i;
    json_t *operation;
    json_array_foreach(key_ops, i, operation) if (has_text(operation, "verify")) return true;
    return false;
}

la_result la_jwk_check_use(const json_t *jwk)
{
    const json_t *use = json_object_get(jwk, "use");
    if (use && !has_text(use, "sig"))
        return la_fail(LA_INVALID, "the key's use is not sig");
    const json_t *key_ops = json_object_get(jwk, "key_ops");
    if (key_ops && !may_verify(key_ops))
        return la_fail(LA_INVALID, "the key's key_ops do not have verify");
    return la_ok();
}

static la_result read_part(const json_t *jwk, const char *name, la_jwk_part *ret)
{
    la_slice text = la_jwk_text(jwk, name);
    if (!text.p)
        return la_fail(LA_INVALID, "the key has no member %s", name);
    if (!la_is_ok(la_base64url_decode(text, ret->p, sizeof ret->p, &ret->n)) || ret->n == 0)
        return la_fail(LA_INVALID, "the key's member %s is not base64url, or too long", name);
    return la_ok();
}

/* The fingerprint of RSALib's moduli (CVE-2017-15361, Nemec and others 2017): modulo each small prime they are a power of
 * 65537. Any other modulus passes for one with a probability under 2^-27. */
static bool has_roca_fingerprint(const BIGNUM *n)
{
    static const uint8_t primes[] = {3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,
                                     47,  53,  59,  61,  67,  71,  73,  79,  83,  89,  97,  101, 103,
                                     107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
    for (size_t i = 0; i < sizeof primes; i++) {
        BN_ULONG residue = BN_mod_word(n, primes[i]);
        BN_ULONG power = 1;
        bool found = false;
        for (unsigned k = 0; k < primes[i] && !found; k++) {
            found = power == residue;
            power = power * 65537u % primes[i];
        }
        if (!found)
            return false;
    }
    return true;
}

static la_result check_rsa(const la_jwk_members *k)
{
    const la_jwk_part *n = &k->first, *e = &k->second;
    if (n->p[0] == 0 || e->p[0] == 0)
        return la_fail(LA_INVALID, "the RSA key has a number with a leading zero octet");
    if (n->n < RSA_BITS_LEAST / 8 || (n->n == RSA_BITS_LEAST / 8 && !(n->p[0] & 0x80)))
        return la_fail(LA_INVALID, "the RSA key has fewer than %d bits", RSA_BITS_LEAST);
    if (n->n > RSA_BITS_MOST / 8)
        return la_fail(LA_INVALID, "the RSA key has more than %d bits", RSA_BITS_MOST);
    if (!(n->p[n->n - 1] & 1))
        return la_fail(LA_INVALID, "the RSA modulus is even");
    if (e->n > RSA_E_BYTES_MAX)
        return la_fail(LA_INVALID, "the RSA exponent is too large");
    uint64_t exponent = 0;
    for (size_t i = 0; i < e->n; i++)
        exponent = exponent << 8 | e->p[i];
    if (exponent < RSA_E_LEAST || !(exponent & 1))
        return la_fail(LA_INVALID, "the RSA exponent is even or under %d", RSA_E_LEAST);

    BIGNUM *modulus = BN_bin2bn(n->p, (int)n->n, NULL);
    if (!modulus)
        return la_openssl_fail("reading an RSA key");
    bool roca = has_roca_fingerprint(modulus);
    BN_free(modulus);
    if (roca)
        return la_fail(LA_INVALID, "the RSA key was made by a generator that is known to be broken (CVE-2017-15361)");
    return la_ok();
}

la_result la_jwk_members_read(const json_t *jwk, const la_algorithm *a, la_jwk_members *ret)
{
    if (!la_slice_is(la_jwk_text(jwk, "kty"), a->kty))
        return la_fail(LA_INVALID, "the key's kty does not fit %s", a->name);
    if (a->curve && !la_slice_is(la_jwk_text(jwk, "crv"), a->curve))
        return la_fail(LA_INVALID, "the key's crv does not fit %s", a->name);
    ret->kind = a->kind;
    ret->kty = a->kty;
    ret->crv = a->curve;
    ret->alg = a->kind == LA_KEY_AKP ? a->name : NULL;
    ret->second.n = 0;
    if (a->kind == LA_KEY_AKP) {
        LA_TRY(read_part(jwk, "pub", &ret->first));
        return ret->first.n == a->bytes ? la_ok()
                                        : la_fail(LA_INVALID, "the key's pub does not have %zu bytes", a->bytes);
    }
    if (a->kind == LA_KEY_RSA) {
        LA_TRY(read_part(jwk, "n", &ret->first));
        LA_TRY(read_part(jwk, "e", &ret->second));
        return check_rsa(ret);
    }
    LA_TRY(read_part(jwk, "x", &ret->first));
    if (a->group)
        LA_TRY(read_part(jwk, "y", &ret->second));
    /* RFC 7518 6.2.1.2: always the full width of the curve. */
    if (ret->first.n != a->bytes || (a->group && ret->second.n != a->bytes))
        return la_fail(LA_INVALID, "a coordinate of the key does not have %zu bytes", a->bytes);
    return la_ok();
}

static OSSL_PARAM *ec_params(const la_jwk_members *k, const la_algorithm *a, uint8_t point[POINT_MAX])
{
    size_t width = a->bytes;
    point[0] = 4; /* uncompressed (SEC 1 2.3.3) */
    memcpy(point + 1, k->first.p, width);
    memcpy(point + 1 + width, k->second.p, width);
    OSSL_PARAM *params = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (build && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, a->group, 0) &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * width))
        params = OSSL_PARAM_BLD_to_param(build);
    OSSL_PARAM_BLD_free(build);
    return params;
}

static OSSL_PARAM *rsa_params(const BIGNUM *n, const BIGNUM *e)
{
    OSSL_PARAM *params = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
        params = OSSL_PARAM_BLD_to_param(build);
    OSSL_PARAM_BLD_free(build);
    return params;
}

static OSSL_PARAM *akp_params(const la_jwk_members *k)
{
    OSSL_PARAM *params = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (build && OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, k->first.p, k->first.n))
        params = OSSL_PARAM_BLD_to_param(build);
    OSSL_PARAM_BLD_free(build);
    return params;
}

static OSSL_PARAM *params_of(const la_jwk_members *k, const la_algorithm *a, uint8_t point[POINT_MAX])
{
    if (a->kind == LA_KEY_EC)
        return ec_params(k, a, point);
    if (a->kind == LA_KEY_AKP)
        return akp_params(k);
    BIGNUM *n = BN_bin2bn(k->first.p, (int)k->first.n, NULL), *e = BN_bin2bn(k->second.p, (int)k->second.n, NULL);
    OSSL_PARAM *params = n && e ? rsa_params(n, e) : NULL; /* it has copies */
    BN_free(n);
    BN_free(e);
    return params;
}

/* RFC 8725 3.4: a point that is not on the curve must never reach the arithmetic. The quick check is the whole one here: the NIST
 * curves have cofactor 1, so each of their points but infinity has the right order (SP 800-56A 5.6.2.3.4), and it costs 5 us
 * instead of 57. */
static la_result check_point(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *check = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (!check)
        return la_openssl_fail("checking an EC key");
    bool good = EVP_PKEY_public_check_quick(check) == 1;
    EVP_PKEY_CTX_free(check);
    if (good)
        return la_ok();
    la_result r = la_openssl_fail("checking an EC key");
    return r.code == LA_NO_MEMORY ? r : la_fail(LA_INVALID, "the EC key is not a point of its curve");
}

la_result la_jwk_members_to_evp(const la_jwk_members *k, const la_algorithm *a, EVP_PKEY **ret)
{
    la_result r = la_ok();
    EVP_PKEY *pkey = NULL;
    uint8_t point[POINT_MAX];
    OSSL_PARAM *params = params_of(k, a, point);
    EVP_PKEY_CTX *from = EVP_PKEY_CTX_new_from_name(NULL, a->kind == LA_KEY_AKP ? a->name : a->kty, NULL);
    if (!params || !from || EVP_PKEY_fromdata_init(from) != 1) {
        r = la_openssl_fail("reading a public key");
        goto done;
    }
    if (EVP_PKEY_fromdata(from, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        r = la_openssl_fail("reading a public key");
        if (r.code == LA_CRYPTO)
            r = la_fail(LA_INVALID, "the %s key is not a valid public key", a->kty);
        goto done;
    }
    if (a->group)
        r = check_point(pkey);
done:
    EVP_PKEY_CTX_free(from);
    OSSL_PARAM_free(params);
    if (la_is_ok(r))
        *ret = pkey;
    else
        EVP_PKEY_free(pkey);
    return r;
}

/* `width` 0: as many bytes as the number needs (RFC 7518 2, Base64urlUInt). */
static la_result part_from_evp(const EVP_PKEY *pkey, const char *param, size_t width, la_jwk_part *ret)
{
    BIGNUM *bn = NULL;
    if (!EVP_PKEY_get_bn_param(pkey, param, &bn))
        return la_openssl_fail("reading a public key");
    size_t n = width ? width : (size_t)BN_num_bytes(bn);
    bool good = n <= sizeof ret->p && BN_bn2binpad(bn, ret->p, (int)n) == (int)n;
    BN_free(bn);
    if (!good)
        return la_fail(LA_INVALID, "a member of the public key is too large");
    ret->n = n;
    return la_ok();
}

la_result la_jwk_members_from_evp(const EVP_PKEY *pkey, const la_algorithm *a, la_jwk_members *ret)
{
    ret->kind = a->kind;
    ret->kty = a->kty;
    ret->crv = a->curve;
    ret->alg = NULL;
    if (a->kind == LA_KEY_AKP) {
        ret->alg = a->name;
        ret->second.n = 0;
        if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, ret->first.p, sizeof ret->first.p,
                                            &ret->first.n) != 1 ||
            ret->first.n != a->bytes)
            return la_openssl_fail("reading a public key");
        return la_ok();
    }
    if (a->group) {
        LA_TRY(part_from_evp(pkey, OSSL_PKEY_PARAM_EC_PUB_X, a->bytes, &ret->first));
        return part_from_evp(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, a->bytes, &ret->second);
    }
    LA_TRY(part_from_evp(pkey, OSSL_PKEY_PARAM_RSA_N, 0, &ret->first));
    LA_TRY(part_from_evp(pkey, OSSL_PKEY_PARAM_RSA_E, 0, &ret->second));
    return check_rsa(ret);
}

static void add_part(la_buffer *b, const char *name, const la_jwk_part *part)
{
    la_buffer_add_format(b, ",\"%s\":\"", name);
    la_buffer_add_base64url(b, part->p, part->n);
    la_buffer_add_char(b, '"');
}

void la_jwk_members_write(const la_jwk_members *k, const char *alg, const char *kid, la_buffer *ret)
{
    la_buffer_add_format(ret, "{\"kty\":\"%s\",\"use\":\"sig\",\"alg\":\"%s\",\"kid\":\"%s\"", k->kty, alg, kid);
    if (k->crv)
        la_buffer_add_format(ret, ",\"crv\":\"%s\"", k->crv);
    add_part(ret, k->kind == LA_KEY_AKP ? "pub" : k->kind == LA_KEY_RSA ? "n" : "x", &k->first);
    if (k->second.n)
        add_part(ret, k->kind == LA_KEY_RSA ? "e" : "y", &k->second);
    la_buffer_add_char(ret, '}');
}

/* RFC 7638 3.2: the required members only, in the order of their names, without blanks. `values` are base64url or names of
 * curves, so no character of them needs an escape (3.3). */
static la_result thumbprint(size_t n, const char *const names[], const la_slice values[],
                            uint8_t ret[LA_THUMBPRINT_BYTES])
{
    char text[LA_BASE64URL_CHARS(2 * LA_JWK_MEMBER_MAX) + 128];
    la_buffer canonical;
    la_buffer_init_fixed(&canonical, text, sizeof text);
    for (size_t i = 0; i < n; i++) {
        la_buffer_add_format(&canonical, "%s\"%s\":\"", i ? "," : "{", names[i]);
        la_buffer_add(&canonical, values[i]);
        la_buffer_add_char(&canonical, '"');
    }
    la_buffer_add_char(&canonical, '}');
    if (!la_buffer_ok(&canonical))
        return la_fail(LA_INVALID, "the key is too large");
    crypto_hash_sha256(ret, (const uint8_t *)text, canonical.n);
    return la_ok();
}

void la_jwk_thumbprint_text(const uint8_t thumbprint[LA_THUMBPRINT_BYTES], char ret[LA_KID_CHARS + 1])
{
    la_base64url_encode(thumbprint, LA_THUMBPRINT_BYTES, ret);
    ret[LA_KID_CHARS] = 0;
}

static const char *const ec_names[] = {"crv", "kty", "x", "y"};
static const char *const okp_names[] = {"crv", "kty", "x"};
static const char *const rsa_names[] = {"e", "kty", "n"};
static const char *const akp_names[] = {"alg", "kty", "pub"}; /* RFC 9964 6 */

la_result la_jwk_members_thumbprint(const la_jwk_members *k, uint8_t ret[LA_THUMBPRINT_BYTES])
{
    char first[LA_BASE64URL_CHARS(LA_JWK_MEMBER_MAX)], second[LA_BASE64URL_CHARS(LA_JWK_MEMBER_MAX)];
    la_base64url_encode(k->first.p, k->first.n, first);
    la_base64url_encode(k->second.p, k->second.n, second);
    la_slice kty = la_slice_of(k->kty), crv = la_slice_of(k->crv);
    la_slice a = {first, LA_BASE64URL_CHARS(k->first.n)}, b = {second, LA_BASE64URL_CHARS(k->second.n)};
    if (k->kind == LA_KEY_AKP)
        return thumbprint(3, akp_names, (la_slice[]){la_slice_of(k->alg), kty, a}, ret);
    if (k->kind == LA_KEY_RSA)
        return thumbprint(3, rsa_names, (la_slice[]){b, kty, a}, ret);
    if (k->kind == LA_KEY_EC)
        return thumbprint(4, ec_names, (la_slice[]){crv, kty, a, b}, ret);
    return thumbprint(3, okp_names, (la_slice[]){crv, kty, a}, ret);
}

static bool is_plain(la_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return s.n > 0;
}

la_result la_jwk_thumbprint(const json_t *jwk, char ret[44])
{
    la_slice kty = la_jwk_text(jwk, "kty");
    const char *const *names = rsa_names;
    size_t n = 3;
    if (la_slice_is(kty, "EC")) {
        names = ec_names;
        n = 4;
    } else if (la_slice_is(kty, "OKP")) {
        names = okp_names; /* RFC 8037 2 */
    } else if (la_slice_is(kty, "AKP")) {
        names = akp_names;
    } else if (!la_slice_is(kty, "RSA")) {
        return la_fail(LA_INVALID, "the key's kty is none of EC, RSA, OKP, AKP");
    }
    la_slice values[4];
    for (size_t i = 0; i < n; i++) {
        values[i] = la_jwk_text(jwk, names[i]);
        if (!is_plain(values[i]))
            return la_fail(LA_INVALID, "the key has no valid member %s", names[i]);
    }
    uint8_t digest[LA_THUMBPRINT_BYTES];
    LA_TRY(thumbprint(n, names, values, digest));
    la_jwk_thumbprint_text(digest, ret);
    return la_ok();
}
