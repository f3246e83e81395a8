/* Keys as they are registered: judged in full before they are kept, so that a login never meets one that cannot be used. */
#include "admin/registration_keys.h"

#include "admin/registration.h"
#include "jose/key_set.h"

static bool is_symmetric(const json_t *key)
{
    const char *kty = json_string_value(json_object_get(key, "kty"));
    return kty && strcmp(kty, "oct") == 0;
}

/* Also of keys that are for something else, which the key set passes over: a secret has no business here. */
static la_result check_no_secret(const json_t *keys)
{
    static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"};
    size_t i;
    const json_t *key;
    json_array_foreach(keys, i, key)
    {
        if (is_symmetric(key))
            return la_fail(LA_INVALID, "jwks: key %zu is symmetric (kty oct); register public keys only", i + 1);
        for (size_t m = 0; m < sizeof private_members / sizeof *private_members; m++)
            if (json_object_get(key, private_members[m]))
                return la_fail(LA_INVALID,
                               "jwks: key %zu has the private member \"%s\"; register public keys only, and make a "
                               "new key: this one is no secret any more",
                               i + 1, private_members[m]);
    }
    return la_ok();
}

static la_result check_key_algorithms(const la_key_set *keys, bool fapi)
{
    for (size_t i = 0; fapi && i < la_key_set_count(keys); i++) {
        const la_algorithm *a = la_public_key_algorithm(la_key_set_at(keys, i));
        if (a && !(a->sets & LA_ALGORITHMS_FAPI))
            return la_fail(LA_INVALID, "jwks: key %zu is for %s; FAPI 2.0 allows PS256, ES256 and EdDSA", i + 1,
                           a->name);
    }
    return la_ok();
}

static int add_bytes(const char *bytes, size_t n, void *ret)
{
    la_buffer_add(ret, (la_slice){bytes, n});
    return la_buffer_ok(ret) ? 0 : -1;
}

static la_result parse_keys(const json_t *jwks, size_t most, la_key_set_mode mode, la_key_set **ret)
{
    la_buffer b;
    la_buffer_init(&b, LA_KEY_SET_TEXT_MAX);
    la_result r = la_ok();
    if (json_dump_callback(jwks, add_bytes, &b, JSON_COMPACT) != 0 || b.n > most)
        r = la_fail(LA_INVALID, "it has more than %zu bytes: give a jwks_uri instead", most);
    if (la_is_ok(r))
        r = la_key_set_parse(la_buffer_slice(&b), mode, ret);
    la_buffer_done(&b);
    return r;
}

la_result la_registration_check_jwks(const json_t *jwks, bool fapi)
{
    la_key_set *keys;
    LA_TRY(check_no_secret(json_object_get(jwks, "keys")));
    la_result r = parse_keys(jwks, LA_JWKS_INLINE_MAX, LA_KEY_SET_REGISTERED, &keys);
    if (r.code == LA_INVALID || r.code == LA_TOO_LARGE)
        return la_fail_context(la_error(LA_INVALID), "jwks: ");
    LA_TRY(r);
    r = check_key_algorithms(keys, fapi);
    la_key_set_free(keys);
    return r;
}

static bool has_key(const la_key_set *keys, const uint8_t thumbprint[LA_THUMBPRINT_BYTES])
{
    for (size_t i = 0; i < la_key_set_count(keys); i++)
        if (memcmp(la_public_key_thumbprint(la_key_set_at(keys, i)), thumbprint, LA_THUMBPRINT_BYTES) == 0)
            return true;
    return false;
}

la_result la_registration_may_have_key(la_slice registration, const uint8_t thumbprint[LA_THUMBPRINT_BYTES], bool *ret)
{
    la_key_set *keys = NULL;
    json_t *o = registration.n ? json_loadb(registration.p, registration.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const json_t *jwks = json_object_get(o, LA_MEMBER_JWKS);
    la_result r = jwks ? parse_keys(jwks, LA_JWKS_INLINE_MAX, LA_KEY_SET_FETCHED, &keys) : la_ok();
    if (jwks && la_is_ok(r))
        *ret = has_key(keys, thumbprint);
    else
        *ret = (registration.n && !o) || json_object_get(o, LA_MEMBER_JWKS_URI) || !la_is_ok(r);
    if (keys)
        la_key_set_free(keys);
    json_decref(o);
    return r.code == LA_NO_MEMORY ? r : la_ok();
}

/* What stands between the scheme and the path: a host, perhaps with a port, no user. */
static bool is_authority(la_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!name && !strchr("-._:[]", c))
            return false;
    }
    return s.n > 0 && s.p[0] != ':';
}

/* RFC 3986 without userinfo and fragment, and its characters alone, so that no log line and no request lies. */
static bool is_key_url(la_slice uri)
{
    static const la_slice scheme = LA_SLICE_INIT("https://");
    if (!la_slice_starts(uri, scheme) || !la_is_vschar(uri))
        return false;
    for (size_t i = 0; i < uri.n; i++)
        if (strchr(" \"#<>\\^`{|}", uri.p[i]))
            return false;
    la_slice authority = {uri.p + scheme.n, 0};
    while (scheme.n + authority.n < uri.n && authority.p[authority.n] != '/' && authority.p[authority.n] != '?')
        authority.n++;
    return is_authority(authority);
}

la_result la_registration_check_jwks_uri(la_slice uri)
{
    if (uri.n > LA_JWKS_URI_MAX)
        return la_fail(LA_INVALID, "jwks_uri has %zu characters; at most %d are allowed", uri.n, LA_JWKS_URI_MAX);
    if (!is_key_url(uri))
        return la_fail(LA_INVALID, "jwks_uri must be an https URL with neither user name nor fragment, like "
                                   "https://client.example.com/jwks.json");
    return la_ok();
}

#define SHOWN_KEYS 8

json_t *la_registration_brief_jwks(const json_t *jwks)
{
    la_key_set *keys;
    json_t *list = json_array();
    if (la_is_ok(parse_keys(jwks, LA_JWKS_INLINE_MAX, LA_KEY_SET_FETCHED, &keys))) {
        for (size_t i = 0; i < la_key_set_count(keys) && i < SHOWN_KEYS; i++)
            json_array_append_new(list, json_string(la_public_key_thumbprint_text(la_key_set_at(keys, i))));
        la_key_set_free(keys);
    }
    return json_pack("{s:I, s:o}", "keys", (json_int_t)json_array_size(json_object_get(jwks, "keys")), "thumbprints",
                     list);
}
