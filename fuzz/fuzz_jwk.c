/*
 * A JWK, and a JWK set. What is accepted has the thumbprint that its text has, verifies nothing that nobody signed, and is accepted in a fetched
 * set wherever it is in a registered one.
 */
#include "jose/public_key.c"

#include "jose/key_set.h"
#include "jose/verify.h"

static void check_key(const la_public_key *k)
{
    static const char nothing[LA_SIGNATURE_MAX];
    const la_algorithm *a = k->algorithm;
    if (!la_public_key_fits(k, a) || strlen(la_public_key_thumbprint_text(k)) != LA_KID_CHARS)
        abort();
    if (!k->signature_bytes || k->signature_bytes > LA_SIGNATURE_MAX)
        abort();
    if (la_is_ok(la_public_key_verify(k, a, LA_SLICE("input"), (la_slice){nothing, k->signature_bytes})))
        abort();
}

static void fuzz_key(la_slice text)
{
    la_public_key *k = NULL;
    char expected[LA_KID_CHARS + 1];
    if (!la_is_ok(la_public_key_parse(text, LA_JWK_CERTIFICATE, &k)))
        return;
    check_key(k);
    json_t *jwk = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    if (!la_is_ok(la_jwk_thumbprint(jwk, expected)) || strcmp(expected, la_public_key_thumbprint_text(k)) != 0)
        abort();
    json_decref(jwk);
    la_public_key_free(k);
}

static void fuzz_set(la_slice text)
{
    la_key_set *fetched = NULL, *registered = NULL;
    la_result lenient = la_key_set_parse(text, LA_KEY_SET_FETCHED, &fetched);
    la_result strict = la_key_set_parse(text, LA_KEY_SET_REGISTERED, &registered);
    if (la_is_ok(strict) && (!la_is_ok(lenient) || la_key_set_count(fetched) != la_key_set_count(registered)))
        abort();
    for (size_t i = 0; la_is_ok(lenient) && i < la_key_set_count(fetched); i++)
        check_key(la_key_set_at(fetched, i));
    la_key_set_free(fetched);
    la_key_set_free(registered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    la_slice text = {(const char *)data, n};
    fuzz_key(text);
    fuzz_set(text);
    return 0;
}
