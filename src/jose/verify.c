/*
 * Verification of a compact JWS. Knows headers, key sets and signatures; must not know claims, nor fetch anything:
 * jwk, jku, x5u and x5c of a header are never looked at (RFC 8725 3.10).
 */
#include "jose/verify.h"

#include "base/base64url.h"
#include "jose/der.h"
#include "jose/jwk.h"
#include "jose/openssl_fail.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdlib.h>

/* The parts of one token while it is checked. `decoded` holds header, payload and signature, one after another. */
typedef struct token {
    la_slice signed_input; /* header.payload as they came (RFC 7515 5.2) */
    la_slice payload;
    const uint8_t *signature;
    size_t signature_n;
    const la_algorithm *algorithm;
    const json_t *kid; /* NULL where the header has none */
} token;

static la_result parse_json(la_slice text, size_t flags, json_t **ret)
{
    json_error_t error;
    *ret = json_loadb(text.p, text.n, flags | JSON_REJECT_DUPLICATES, &error);
    return *ret ? la_ok() : la_error(LA_INVALID);
}

la_result la_jwks_parse(la_slice text, json_t **ret)
{
    if (text.n > LA_JWKS_MAX)
        return la_fail(LA_TOO_LARGE, "the key set has more than %d bytes", LA_JWKS_MAX);
    json_t *value = NULL;
    if (!la_is_ok(parse_json(text, 0, &value)) || !json_is_object(value)) {
        json_decref(value);
        return la_fail(LA_INVALID, "the key set is not a JSON object with each member once");
    }
    *ret = value;
    return la_ok();
}

static la_result check_header(const json_t *header, token *t)
{
    if (!json_is_object(header))
        return la_fail(LA_INVALID, "the header is not a JSON object with each member once");
    const json_t *alg = json_object_get(header, "alg");
    if (!json_is_string(alg))
        return la_fail(LA_INVALID, "the header has no alg");
    t->algorithm = la_algorithm_find_verifiable((la_slice){json_string_value(alg), json_string_length(alg)});
    if (!t->algorithm)
        return la_fail(LA_INVALID, "the header's alg is not one that is accepted");
    /* RFC 7515 4.1.11: no extension is understood here, so any crit is a reason to refuse; RFC 7797 is one of them. */
    if (json_object_get(header, "crit"))
        return la_fail(LA_INVALID, "the header has crit, and no extension is supported");
    if (json_object_get(header, "b64"))
        return la_fail(LA_INVALID, "the header has b64, which is not supported");
    t->kid = json_object_get(header, "kid");
    if (t->kid && !json_is_string(t->kid))
        return la_fail(LA_INVALID, "the header's kid is not a string");
    const json_t *typ = json_object_get(header, "typ");
    if (typ && !json_is_string(typ))
        return la_fail(LA_INVALID, "the header's typ is not a string");
    return la_ok();
}

static la_result split(la_slice compact, la_slice parts[3])
{
    size_t n = 0;
    for (la_slice rest = compact, part; n <= 3 && la_slice_split(&rest, '.', &part); n++)
        if (n < 3)
            parts[n] = part;
    if (n != 3)
        return la_fail(LA_INVALID, "the token does not have three parts (compact serialization)");
    if (parts[0].n == 0 || parts[2].n == 0)
        return la_fail(LA_INVALID, "the token has an empty header or signature");
    return la_ok();
}

static la_result decode_part(la_slice part, const char *name, uint8_t **at, la_slice *ret)
{
    size_t n = 0;
    if (!la_is_ok(la_base64url_decode(part, *at, part.n, &n)))
        return la_fail(LA_INVALID, "the %s is not base64url without padding", name);
    *ret = (la_slice){(const char *)*at, n};
    *at += n;
    return la_ok();
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
    return strcmp(a->kty, "OKP") == 0 && (has_text(alg, "EdDSA") || has_text(alg, "Ed25519"));
}

static bool may_verify(const json_t *key_ops)
{
    size_t i;
    json_t *operation;
    json_array_foreach(key_ops, i, operation) if (has_text(operation, "verify")) return true;
    return false;
}

/* Whether the key may be used for this header at all (RFC 8725 3.1). Says why not. */
static la_result check_fit(const json_t *jwk, const token *t)
{
    const la_algorithm *a = t->algorithm;
    if (!has_text(json_object_get(jwk, "kty"), a->kty) ||
        (a->curve && !has_text(json_object_get(jwk, "crv"), a->curve)))
        return la_fail(LA_INVALID, "the key's kty or crv does not fit the header's alg");
    const json_t *alg = json_object_get(jwk, "alg");
    if (alg && !is_same_algorithm(alg, a))
        return la_fail(LA_INVALID, "the key's alg is not the header's");
    const json_t *use = json_object_get(jwk, "use");
    if (use && !has_text(use, "sig"))
        return la_fail(LA_INVALID, "the key's use is not sig");
    const json_t *key_ops = json_object_get(jwk, "key_ops");
    if (key_ops && !may_verify(key_ops))
        return la_fail(LA_INVALID, "the key's key_ops do not have verify");
    return la_ok();
}

static la_result not_verified(void)
{
    ERR_clear_error();
    return la_fail(LA_INVALID, "the signature does not verify");
}

static la_result verify_okp(const la_public_key *k, const token *t)
{
    if (t->signature_n != crypto_sign_BYTES ||
        crypto_sign_verify_detached(t->signature, (const uint8_t *)t->signed_input.p, t->signed_input.n, k->first.p) !=
            0)
        return not_verified();
    return la_ok();
}

static la_result verify_evp(EVP_PKEY *pkey, const token *t)
{
    const la_algorithm *a = t->algorithm;
    uint8_t der[LA_DER_SIGNATURE_MAX];
    const uint8_t *signature = t->signature;
    size_t n = t->signature_n;
    /* RFC 7518 3.3, 3.4: exactly as long as the key says. OpenSSL refuses r and s outside 1 to n-1. */
    if (n != (a->group ? 2 * a->coordinate_bytes : (size_t)EVP_PKEY_get_size(pkey)))
        return not_verified();
    if (a->group) {
        n = la_der_from_raw(signature, a->coordinate_bytes, der);
        signature = der;
    }
    la_result r = la_ok();
    EVP_PKEY_CTX *padding = NULL; /* of verify */
    EVP_MD_CTX *verify = EVP_MD_CTX_new();
    if (!verify || EVP_DigestVerifyInit_ex(verify, &padding, a->digest, NULL, NULL, pkey, NULL) != 1 ||
        (!a->group && !a->pss && EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PADDING) != 1) ||
        (a->pss && (EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) != 1 ||
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST) != 1)))
        r = la_openssl_fail("preparing a verification");
    else if (EVP_DigestVerify(verify, signature, n, (const uint8_t *)t->signed_input.p, t->signed_input.n) != 1)
        r = not_verified();
    EVP_MD_CTX_free(verify);
    return r;
}

static la_result verify_with(const json_t *jwk, const token *t)
{
    la_public_key k;
    LA_TRY(la_public_key_read(jwk, t->algorithm, &k));
    if (!t->algorithm->group && t->algorithm->curve)
        return verify_okp(&k, t);
    EVP_PKEY *pkey = NULL;
    LA_TRY(la_public_key_to_evp(&k, t->algorithm, &pkey));
    la_result r = verify_evp(pkey, t);
    EVP_PKEY_free(pkey);
    return r;
}

static la_result verify_with_set(const json_t *keys, const token *t)
{
    if (json_array_size(keys) > LA_JWKS_KEYS_MAX)
        return la_fail(LA_TOO_LARGE, "the key set has more than %d keys", LA_JWKS_KEYS_MAX);
    la_result r = la_ok();
    unsigned attempts = 0, named = 0;
    size_t i;
    json_t *jwk;
    json_array_foreach(keys, i, jwk)
    {
        if (t->kid && !json_equal(json_object_get(jwk, "kid"), t->kid))
            continue;
        named++;
        la_result fit = check_fit(jwk, t);
        if (!la_is_ok(fit)) {
            if (!attempts)
                r = fit;
            continue;
        }
        if (attempts++ == LA_JWKS_ATTEMPTS_MAX)
            return la_fail(LA_TOO_LARGE, "more than %d keys of the set fit the token", LA_JWKS_ATTEMPTS_MAX);
        r = verify_with(jwk, t);
        if (r.code != LA_INVALID)
            return r;
    }
    if (!named)
        return la_fail(LA_INVALID, t->kid ? "no key of the set has the header's kid" : "the key set is empty");
    return r;
}

static la_result verify_signature(const json_t *jwks, const token *t)
{
    if (!json_is_object(jwks))
        return la_fail(LA_INVALID, "the key set is not a JSON object");
    const json_t *keys = json_object_get(jwks, "keys");
    if (keys)
        return json_is_array(keys) ? verify_with_set(keys, t)
                                   : la_fail(LA_INVALID, "the member keys of the key set is not an array");
    const json_t *kid = json_object_get(jwks, "kid");
    if (t->kid && kid && !json_equal(kid, t->kid))
        return la_fail(LA_INVALID, "the key does not have the header's kid");
    LA_TRY(check_fit(jwks, t));
    return verify_with(jwks, t);
}

la_result la_jws_verify(la_slice compact, const json_t *jwks, la_jws *ret)
{
    if (compact.n > LA_JWS_MAX)
        return la_fail(LA_TOO_LARGE, "the token has more than %d bytes", LA_JWS_MAX);
    uint8_t decoded[LA_JWS_MAX], *at = decoded;
    la_slice parts[3], header_text, signature;
    token t = {0};
    LA_TRY(split(compact, parts));
    LA_TRY(decode_part(parts[0], "header", &at, &header_text));
    LA_TRY(decode_part(parts[1], "payload", &at, &t.payload));
    LA_TRY(decode_part(parts[2], "signature", &at, &signature));
    t.signed_input = (la_slice){compact.p, parts[0].n + 1 + parts[1].n};
    t.signature = (const uint8_t *)signature.p;
    t.signature_n = signature.n;

    json_t *header = NULL, *payload = NULL;
    LA_IGNORE(parse_json(header_text, 0, &header)); /* check_header says it */
    la_result r = check_header(header, &t);
    if (la_is_ok(r))
        r = verify_signature(jwks, &t);
    if (!la_is_ok(r)) {
        json_decref(header);
        return r;
    }
    LA_IGNORE(parse_json(t.payload, JSON_DECODE_ANY, &payload)); /* NULL where it is not JSON */
    *ret = (la_jws){header, payload};
    return la_ok();
}
