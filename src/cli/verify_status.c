#include "cli/verify_status.h"

#include "base/base64url.h"
#include "cli/fetch.h"
#include "jose/verify.h"

#include <stdlib.h>
#include <zlib.h>

#define LIST_BYTES_MAX (1u << 20) /* of the uncompressed bits: more than eight million tokens */
#define CLOCK_LEEWAY_S 60

static la_result failed(const char *why)
{
    return la_fail(LA_INVALID, "the token is not valid: status: %s", why);
}

static la_result fetch(const char *uri, const json_t *jwks, la_jws *ret)
{
    la_buffer body;
    long status = 0;
    la_buffer_init(&body, LA_FETCH_BODY_MAX);
    la_result r = la_fetch(uri, LA_NO_SLICE, &body, &status);
    if (la_is_ok(r) && status != 200)
        r = la_fail(LA_IO, "%s: expected status 200; found %ld", uri, status);
    if (la_is_ok(r)) {
        r = la_jws_verify(la_buffer_slice(&body), jwks, ret);
        if (!la_is_ok(r))
            r = la_fail_context(r, "the status list is not valid: ");
    }
    la_buffer_done(&body);
    return r;
}

/* Its type and claims (8.3): for this URI, of this issuer, not over. */
static la_result check_list(const la_jws *list, const char *uri, la_slice issuer, int64_t now_s)
{
    const char *typ = json_string_value(json_object_get(list->header, "typ"));
    const char *sub = json_string_value(json_object_get(list->payload, "sub"));
    const json_t *iss = json_object_get(list->payload, "iss"), *exp = json_object_get(list->payload, "exp");
    const json_t *iat = json_object_get(list->payload, "iat");
    if (!typ || (!la_slice_equal_nocase(la_slice_of(typ), LA_SLICE("statuslist+jwt")) &&
                 !la_slice_equal_nocase(la_slice_of(typ), LA_SLICE("application/statuslist+jwt"))))
        return failed("the list has another type");
    if (!sub || strcmp(sub, uri) != 0)
        return failed("the list is for another URI");
    if (iss && (!json_is_string(iss) || !la_slice_is(issuer, json_string_value(iss))))
        return failed("the list comes from another issuer");
    if (!json_is_integer(iat) || json_integer_value(iat) > now_s + CLOCK_LEEWAY_S)
        return failed("the list was issued in the future, or does not say when");
    if (exp && (!json_is_integer(exp) || json_integer_value(exp) <= now_s))
        return failed("the list has expired");
    return la_ok();
}

/* The value at `index`: `bits` of them each, the first the lowest (4.1). */
static la_result read_value(const uint8_t *bytes, size_t n, json_int_t bits, json_int_t index, unsigned *ret)
{
    if (bits != 1 && bits != 2 && bits != 4 && bits != 8)
        return failed("the list has an unknown size of entries");
    json_int_t per_byte = 8 / bits;
    if (index < 0 || (uint64_t)(index / per_byte) >= n)
        return failed("the list is shorter than the token says");
    *ret = (unsigned)bytes[index / per_byte] >> (index % per_byte * bits) & ((1u << bits) - 1);
    return la_ok();
}

static la_result decode(const json_t *list, json_int_t index, unsigned *ret)
{
    const json_t *lst = json_object_get(list, "lst");
    la_slice text = {json_string_value(lst), json_string_length(lst)};
    size_t n = 0;
    uLongf plain_n = LIST_BYTES_MAX;
    if (!text.p)
        return failed("the list has no bits");
    uint8_t *compressed = malloc(text.n + 1), *plain = malloc(LIST_BYTES_MAX);
    la_result r = compressed && plain ? la_ok() : la_fail(LA_NO_MEMORY, "out of memory");
    if (la_is_ok(r) && (!la_is_ok(la_base64url_decode(text, compressed, text.n, &n)) ||
                        uncompress(plain, &plain_n, compressed, n) != Z_OK))
        r = failed("the list cannot be decompressed");
    if (la_is_ok(r))
        r = read_value(plain, plain_n, json_integer_value(json_object_get(list, "bits")), index, ret);
    free(compressed);
    free(plain);
    return r;
}

la_result la_verify_status(const json_t *claims, const json_t *jwks, la_slice issuer, int64_t now_s)
{
    const json_t *place = json_object_get(json_object_get(claims, "status"), "status_list");
    const char *uri = json_string_value(json_object_get(place, "uri"));
    const json_t *index = json_object_get(place, "idx");
    la_jws list = {0};
    unsigned value = 0;
    if (!uri || !json_is_integer(index))
        return failed("it names no status list");
    LA_TRY(fetch(uri, jwks, &list));
    la_result r = check_list(&list, uri, issuer, now_s);
    if (la_is_ok(r))
        r = decode(json_object_get(list.payload, "status_list"), json_integer_value(index), &value);
    json_decref(list.header);
    json_decref(list.payload);
    LA_TRY(r);
    return value == 0 ? la_ok()
                      : failed(value == 1 ? "it was revoked" : "it is suspended, or has a status that is not known");
}
