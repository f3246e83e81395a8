/*
 * The form of a compact JWS. Knows the three parts and the header's members; must not know keys, claims, nor who asks.
 */
#include "jose/jws.h"

#include "base/base64url.h"

la_result la_jws_read_json(la_slice text, size_t flags, json_t **ret)
{
    json_error_t error;
    json_t *value = json_loadb(text.p, text.n, flags | JSON_REJECT_DUPLICATES, &error);
    if (!value)
        return la_error(json_error_code(&error) == json_error_out_of_memory ? LA_NO_MEMORY : LA_INVALID);
    *ret = value;
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

/* An optional string of the header. */
static la_result read_text(const json_t *header, const char *name, la_slice *ret)
{
    const json_t *value = json_object_get(header, name);
    *ret = LA_NO_SLICE;
    if (!value)
        return la_ok();
    if (!json_is_string(value))
        return la_fail(LA_INVALID, "the header's %s is not a string", name);
    *ret = (la_slice){json_string_value(value), json_string_length(value)};
    return la_ok();
}

static la_result check_header(const json_t *header, unsigned algorithms, la_jws_parts *parts)
{
    if (!json_is_object(header))
        return la_fail(LA_INVALID, "the header is not a JSON object with each member once");
    const json_t *alg = json_object_get(header, "alg");
    if (!json_is_string(alg))
        return la_fail(LA_INVALID, "the header has no alg");
    parts->algorithm = la_algorithm_find_in((la_slice){json_string_value(alg), json_string_length(alg)}, algorithms);
    if (!parts->algorithm)
        return la_fail(LA_INVALID, "the header's alg is not one that is accepted");
    /* RFC 7515 4.1.11: no extension is understood here, so any crit is a reason to refuse; RFC 7797 is one of them. */
    if (json_object_get(header, "crit"))
        return la_fail(LA_INVALID, "the header has crit, and no extension is supported");
    if (json_object_get(header, "b64"))
        return la_fail(LA_INVALID, "the header has b64, which is not supported");
    LA_TRY(read_text(header, "kid", &parts->kid));
    LA_TRY(read_text(header, "typ", &parts->typ));
    if (parts->kid.n > LA_JWS_KID_MAX)
        return la_fail(LA_INVALID, "the header's kid has more than %d bytes", LA_JWS_KID_MAX);
    return la_ok();
}

la_result la_jws_read(la_slice compact, unsigned algorithms, uint8_t *decoded, la_jws_parts *ret)
{
    la_slice parts[3], header_json;
    la_jws_parts p = {0};
    LA_TRY(split(compact, parts));
    LA_TRY(decode_part(parts[0], "header", &decoded, &header_json));
    LA_TRY(decode_part(parts[1], "payload", &decoded, &p.payload));
    LA_TRY(decode_part(parts[2], "signature", &decoded, &p.signature));
    p.header_text = parts[0];
    p.signed_input = (la_slice){compact.p, parts[0].n + 1 + parts[1].n};
    la_result r = la_jws_read_json(header_json, 0, &p.header);
    if (r.code == LA_NO_MEMORY)
        return la_fail(LA_NO_MEMORY, "out of memory for a token");
    r = check_header(p.header, algorithms, &p);
    if (la_is_ok(r))
        *ret = p;
    else
        json_decref(p.header);
    return r;
}
