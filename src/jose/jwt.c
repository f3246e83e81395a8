/*
 * JWTs from outside. Knows the types of claims and how a signature is checked with a key that it is given; must not know what a
 * token is for, which claims it needs, nor the time.
 */
#include "jose/jwt_internal.h"

#include "base/secret.h"
#include "jose/hmac.h"
#include "jose/public_key_internal.h"

#include <stdlib.h>

static la_result read_claims(la_slice payload, json_t **ret)
{
    la_result r = la_jws_read_json(payload, 0, ret);
    if (r.code == LA_NO_MEMORY)
        return la_fail(LA_NO_MEMORY, "out of memory for a token");
    /* Numbers that do not fit, like 1e400, are refused with it. */
    if (!la_is_ok(r) || !json_is_object(*ret))
        return la_fail(LA_INVALID, "the claims are not a JSON object with each member once");
    return la_ok();
}

la_result la_jwt_read(la_slice compact, unsigned algorithms, la_jwt **ret)
{
    if (compact.n > LA_JWT_MAX)
        return la_fail(LA_TOO_LARGE, "the token has more than %d bytes", LA_JWT_MAX);
    la_jwt *t = calloc(1, sizeof *t + compact.n);
    if (!t)
        return la_fail(LA_NO_MEMORY, "out of memory for a token");
    t->decoded_n = compact.n;
    la_result r = la_jws_read(compact, algorithms, t->decoded, &t->parts);
    if (la_is_ok(r))
        r = read_claims(t->parts.payload, &t->claims);
    if (la_is_ok(r))
        *ret = t;
    else
        la_jwt_free(t);
    return r;
}

la_jwt *la_jwt_free(la_jwt *t)
{
    if (!t)
        return NULL;
    json_decref(t->parts.header);
    json_decref(t->claims);
    la_wipe(t->decoded, t->decoded_n);
    free(t);
    return NULL;
}

const la_algorithm *la_jwt_algorithm(const la_jwt *t)
{
    return t->parts.algorithm;
}

la_slice la_jwt_kid(const la_jwt *t)
{
    return t->parts.kid;
}

la_slice la_jwt_typ(const la_jwt *t)
{
    return t->parts.typ;
}

la_slice la_jwt_header_text(const la_jwt *t)
{
    return t->parts.header_text;
}

la_slice la_jwt_payload(const la_jwt *t)
{
    return t->parts.payload;
}

/* RFC 7515 4.1.9: application/ is left out where the rest has no slash. */
bool la_jwt_has_type(const la_jwt *t, const char *type)
{
    static const char prefix[] = "application/";
    la_slice typ = t->parts.typ;
    if (typ.n >= sizeof prefix - 1 &&
        la_slice_equal_nocase((la_slice){typ.p, sizeof prefix - 1}, LA_SLICE("application/"))) {
        typ.p += sizeof prefix - 1;
        typ.n -= sizeof prefix - 1;
    }
    return typ.p && la_slice_equal_nocase(typ, la_slice_of(type));
}

la_result la_jwt_embedded_key(const la_jwt *t, la_public_key **ret)
{
    const json_t *jwk = json_object_get(t->parts.header, "jwk");
    if (!jwk)
        return la_fail(LA_INVALID, "the header has no jwk");
    return la_public_key_read(jwk, 0, ret);
}

la_result la_jwt_verify(const la_jwt *t, const la_public_key *k)
{
    return la_public_key_verify(k, t->parts.algorithm, t->parts.signed_input, t->parts.signature);
}

la_result la_jwt_verify_mac(const la_jwt *t, la_slice secret)
{
    return la_hmac_verify(t->parts.algorithm, secret, t->parts.signed_input, t->parts.signature);
}

static la_result read_text(const json_t *object, const char *name, la_slice *ret)
{
    const json_t *value = json_object_get(object, name);
    if (value && !json_is_string(value))
        return la_fail(LA_INVALID, "the claim %s is not a string", name);
    *ret = value ? (la_slice){json_string_value(value), json_string_length(value)} : LA_NO_SLICE;
    return la_ok();
}

la_result la_jwt_text(const la_jwt *t, const char *claim, la_slice *ret)
{
    return read_text(t->claims, claim, ret);
}

la_result la_jwt_member_text(const la_jwt *t, const char *claim, const char *member, la_slice *ret)
{
    const json_t *value = json_object_get(t->claims, claim);
    if (value && !json_is_object(value))
        return la_fail(LA_INVALID, "the claim %s is not an object", claim);
    return read_text(value, member, ret);
}

bool la_jwt_status(const la_jwt *t, la_slice *ret_uri, int64_t *ret_index)
{
    const json_t *list = json_object_get(json_object_get(t->claims, "status"), "status_list");
    const json_t *uri = json_object_get(list, "uri"), *index = json_object_get(list, "idx");
    if (!json_is_string(uri) || !json_is_integer(index))
        return false;
    *ret_uri = (la_slice){json_string_value(uri), json_string_length(uri)};
    *ret_index = json_integer_value(index);
    return true;
}

la_result la_jwt_time(const la_jwt *t, const char *claim, bool *ret_present, int64_t *ret)
{
    const json_t *value = json_object_get(t->claims, claim);
    double seconds = 0;
    if (!value) {
        *ret_present = false;
        return la_ok();
    }
    if (!json_is_number(value))
        return la_fail(LA_INVALID, "the claim %s is not a number", claim);
    /* A double holds each second of the range, and no bit pattern that JSON can say is a NaN. */
    seconds = json_number_value(value);
    if (!(seconds >= 0 && seconds <= (double)LA_JWT_TIME_MAX))
        return la_fail(LA_INVALID, "the claim %s is not a time", claim);
    *ret = json_is_integer(value) ? json_integer_value(value) : (int64_t)seconds;
    *ret_present = true;
    return la_ok();
}

la_result la_jwt_list(const la_jwt *t, const char *claim, size_t *ret_n, bool *ret_array)
{
    const json_t *value = json_object_get(t->claims, claim), *one;
    size_t i;
    if (value && !json_is_string(value) && !json_is_array(value))
        return la_fail(LA_INVALID, "the claim %s is neither a string nor an array", claim);
    json_array_foreach(value, i, one) if (!json_is_string(one)) return la_fail(
        LA_INVALID, "the claim %s has an entry that is not a string", claim);
    *ret_array = json_is_array(value);
    *ret_n = json_is_array(value) ? json_array_size(value) : value != NULL;
    return la_ok();
}

la_slice la_jwt_list_at(const la_jwt *t, const char *claim, size_t i)
{
    const json_t *value = json_object_get(t->claims, claim);
    const json_t *one = json_is_array(value) ? json_array_get(value, i) : i == 0 ? value : NULL;
    return json_is_string(one) ? (la_slice){json_string_value(one), json_string_length(one)} : LA_NO_SLICE;
}

la_result la_jwt_audiences(const la_jwt *t, size_t *ret_n, bool *ret_array)
{
    return la_jwt_list(t, "aud", ret_n, ret_array);
}

la_slice la_jwt_audience_at(const la_jwt *t, size_t i)
{
    return la_jwt_list_at(t, "aud", i);
}
