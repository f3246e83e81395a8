/* What the units of this folder share beyond unit.h: keys, and tokens made by la_signer. */
#ifndef LA_TEST_JOSE_TESTKIT_H
#define LA_TEST_JOSE_TESTKIT_H

#include "unit.h"

#include "base/base64url.h"
#include "base/buffer.h"
#include "base/secret.h"
#include "jose/key.h"
#include "jose/verify.h"

static inline la_key *new_key(const char *algorithm)
{
    const la_algorithm *a = la_algorithm_find(la_slice_of(algorithm));
    assert_non_null(a);
    la_key *k = NULL;
    assert_ok(la_key_generate(a, &k));
    return k;
}

static inline json_t *jwk_of(const la_key *k)
{
    char text[LA_JWK_MAX];
    la_buffer b;
    la_buffer_init_fixed(&b, text, sizeof text);
    la_key_write_jwk(k, &b);
    assert_true(la_buffer_ok(&b));
    json_t *jwk = json_loadb(text, b.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(jwk);
    return jwk;
}

/* header.payload.signature into `ret` of `max` bytes; gives the length. */
static inline size_t make_token(const la_key *k, const char *header, const char *payload, char *ret, size_t max)
{
    la_buffer b;
    la_buffer_init_fixed(&b, ret, max);
    la_buffer_add_base64url(&b, header, strlen(header));
    la_buffer_add_char(&b, '.');
    la_buffer_add_base64url(&b, payload, strlen(payload));
    la_signer *s = NULL;
    assert_ok(la_signer_new(k, &s));
    uint8_t signature[LA_SIGNATURE_MAX];
    assert_ok(la_signer_sign(s, la_buffer_slice(&b), signature));
    la_buffer_add_char(&b, '.');
    la_buffer_add_base64url(&b, signature, la_signer_signature_bytes(s));
    la_signer_free(s);
    assert_true(la_buffer_ok(&b));
    return b.n;
}

static inline la_result verify(la_slice compact, const json_t *jwks)
{
    la_jws jws = {0};
    la_result r = la_jws_verify(compact, jwks, &jws);
    if (la_is_ok(r))
        assert_non_null(jws.header);
    json_decref(jws.header);
    json_decref(jws.payload);
    return r;
}

static inline int set_up_secrets(void **state)
{
    (void)state;
    return la_is_ok(la_secret_setup()) ? 0 : -1;
}

#endif
