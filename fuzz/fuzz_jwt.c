/*
 * A JWT from outside: header, claims, and a signature that nobody made. Times are within their range, what is text is text, and nothing
 * verifies with a secret or a key that the input does not know.
 */
#include "jose/jwt.c"

static const char *const claims[] = {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "htm", "cnf", "scope"};

static void check_claims(const la_jwt *t)
{
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        la_slice text;
        bool present = false, array = false;
        int64_t seconds = 0;
        size_t many = 0;
        if (la_is_ok(la_jwt_text(t, claims[i], &text)) && text.p && !la_slice_is_utf8(text))
            abort();
        LA_IGNORE(la_jwt_member_text(t, claims[i], "jkt", &text));
        if (la_is_ok(la_jwt_time(t, claims[i], &present, &seconds)) && present &&
            (seconds < 0 || seconds > LA_JWT_TIME_MAX))
            abort();
        if (la_is_ok(la_jwt_list(t, claims[i], &many, &array)))
            for (size_t j = 0; j <= many; j++)
                if ((la_jwt_list_at(t, claims[i], j).p != NULL) != (j < many))
                    abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    la_jwt *t = NULL;
    la_public_key *k = NULL;
    la_result r = la_jwt_read((la_slice){(const char *)data, n},
                              LA_ALGORITHMS_ASYMMETRIC | LA_ALGORITHMS_FAPI | LA_ALGORITHMS_HMAC, &t);
    if (!la_is_ok(r)) {
        if (t || (r.code != LA_INVALID && r.code != LA_TOO_LARGE))
            abort();
        return 0;
    }
    check_claims(t);
    if (la_jwt_kid(t).n > LA_JWS_KID_MAX || (la_jwt_has_type(t, "at+jwt") && la_jwt_has_type(t, "dpop+jwt")))
        abort();
    if (la_is_ok(la_jwt_verify_mac(t, LA_SLICE("a secret that is in no corpus: 0e1a7c52-3d6f-4b6e-9b6b-5f5f6d7a8b9c"))))
        abort();
    if (la_is_ok(la_jwt_embedded_key(t, &k)))
        LA_IGNORE(la_jwt_verify(t, k));
    la_public_key_free(k);
    la_jwt_free(t);
    return 0;
}
