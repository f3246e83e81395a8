/*
 * A compact JWS, and, after a newline, the key set to verify it with; without one, the keys of RFC 7515 A.3 and RFC 8037 A.
 * Nothing verifies with those keys but what the RFCs signed.
 */
#include "jose/verify.c"

#define KEYS                                                                                              \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"                                             \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"

static const char *const signed_inputs[] = {
    "eyJhbGciOiJFUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.",
};

static bool was_signed(la_slice compact)
{
    for (size_t i = 0; i < sizeof signed_inputs / sizeof signed_inputs[0]; i++)
        if (la_slice_starts(compact, la_slice_of(signed_inputs[i])))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    la_slice rest = {(const char *)data, n}, compact = {(const char *)data, 0};
    bool own_keys = n && la_slice_split(&rest, '\n', &compact) && rest.p;
    json_t *keys = NULL;
    if (!la_is_ok(la_jwks_parse(own_keys ? rest : LA_SLICE(KEYS), &keys)))
        return 0;
    la_jws jws = {0};
    la_result r = la_jws_verify(compact, keys, &jws);
    if (la_is_ok(r) && (!jws.header || (!own_keys && !was_signed(compact))))
        abort();
    if (!la_is_ok(r) && r.code != LA_INVALID && r.code != LA_TOO_LARGE)
        abort();
    json_decref(jws.header);
    json_decref(jws.payload);
    json_decref(keys);
    return 0;
}
