/* Knows what may be registered with which method; changes nothing, and does not know who asks. */
#include "admin/registration.h"

#include "admin/registration_keys.h"
#include "admin/rules.h"
#include "jose/algorithm.h"
#include "x509/subject.h"

#include <stdio.h>

#define REQUESTS_PER_MINUTE_MAX 1000000

static la_slice text_of(const json_t *value)
{
    return json_is_string(value) ? (la_slice){json_string_value(value), json_string_length(value)} : LA_NO_SLICE;
}

/* ---- one check ---- */

typedef struct check {
    const la_registration_wish *wish;
    json_t *merged;
    bool fapi;
    la_result result; /* of the first that is wrong */
    char detail[512];
    bool over; /* no more is to be looked at */
} check;

/* Notes what is wrong with a member; gives whether it is right. */
static bool is_right(check *k, const char *member, la_result r)
{
    if (la_is_ok(r) || k->over)
        return la_is_ok(r);
    if (la_is_ok(k->result) || r.code != LA_INVALID) {
        k->result = r;
        snprintf(k->detail, sizeof k->detail, "%s", la_detail());
    }
    k->over = r.code != LA_INVALID || !k->wish->blame;
    if (r.code == LA_INVALID && k->wish->blame)
        k->wish->blame(k->wish->self, member);
    return false;
}

static bool is_set(const check *k, const char *member)
{
    return json_is_true(json_object_get(k->merged, member));
}

static const char *method_of(const check *k)
{
    return la_auth_method_name(k->wish->method);
}

static la_result not_with_method(const check *k, const char *member)
{
    return la_fail(LA_INVALID, "%s is of no use with the method %s", member, method_of(k));
}

/* ---- what is merged ---- */

static bool is_subject(const char *member)
{
    for (unsigned kind = LA_SUBJECT_NONE + 1; kind < LA_SUBJECT_KIND_COUNT; kind++)
        if (strcmp(member, la_subject_kind_member((la_subject_kind)kind)) == 0)
            return true;
    return false;
}

static bool fits_method(la_auth_method m, const char *member)
{
    if (strcmp(member, LA_MEMBER_JWKS) == 0 || strcmp(member, LA_MEMBER_JWKS_URI) == 0)
        return m == LA_AUTH_PRIVATE_KEY_JWT || m == LA_AUTH_SELF_SIGNED_TLS; /* RFC 7523 2.2; RFC 8705 2.2.2 */
    if (strcmp(member, LA_MEMBER_SIGNING_ALG) == 0 || strcmp(member, LA_MEMBER_TOKEN_ENDPOINT_AUDIENCE) == 0)
        return m == LA_AUTH_PRIVATE_KEY_JWT || m == LA_AUTH_CLIENT_SECRET_JWT;
    return m == LA_AUTH_TLS_CLIENT || !is_subject(member);
}

/* What another method used has no place any more; nor has an algorithm of the other kind of assertion. */
static void drop_of_method(check *k)
{
    const la_member *m;
    for (size_t i = 0; (m = la_registration_member(i)); i++)
        if (!fits_method(k->wish->method, m->name) || strcmp(m->name, LA_MEMBER_SIGNING_ALG) == 0)
            json_object_del(k->merged, m->name);
}

/* One of a group takes the place of another. */
static void drop_replaced(check *k, const char *by)
{
    bool keys = strcmp(by, LA_MEMBER_JWKS) == 0 || strcmp(by, LA_MEMBER_JWKS_URI) == 0;
    if (keys) {
        json_object_del(k->merged, LA_MEMBER_JWKS);
        json_object_del(k->merged, LA_MEMBER_JWKS_URI);
    }
    for (unsigned kind = LA_SUBJECT_NONE + 1; is_subject(by) && kind < LA_SUBJECT_KIND_COUNT; kind++)
        json_object_del(k->merged, la_subject_kind_member((la_subject_kind)kind));
}

static void merge_change(check *k)
{
    const char *name;
    json_t *value;
    json_t *change = k->wish->change;
    if (k->wish->method_changes)
        drop_of_method(k);
    json_object_foreach(change, name, value) if (!json_is_null(value)) drop_replaced(k, name);
    json_object_foreach(change, name, value)
    {
        if (!la_registration_find_member(la_slice_of(name)))
            is_right(k, name, la_fail(LA_INVALID, "a registration has no member of this name"));
        else if (json_is_null(value))
            json_object_del(k->merged, name);
        else if (json_object_set(k->merged, name, value) != 0)
            is_right(k, name, la_fail(LA_NO_MEMORY, "there is no memory for a registration"));
    }
}

/* What is of the wrong kind is told of once, and then not there. */
static void check_kinds(check *k)
{
    const la_member *m;
    for (size_t i = 0; !k->over && (m = la_registration_member(i)); i++) {
        const json_t *value = json_object_get(k->merged, m->name);
        if (value && !is_right(k, m->name, la_registration_check_kind(m, value)))
            json_object_del(k->merged, m->name);
    }
}

/* ---- keys ---- */

static void check_keys(check *k)
{
    const json_t *jwks = json_object_get(k->merged, LA_MEMBER_JWKS);
    const json_t *uri = json_object_get(k->merged, LA_MEMBER_JWKS_URI);
    if (jwks && !fits_method(k->wish->method, LA_MEMBER_JWKS))
        is_right(k, LA_MEMBER_JWKS, not_with_method(k, LA_MEMBER_JWKS));
    else if (jwks)
        is_right(k, LA_MEMBER_JWKS, la_registration_check_jwks(jwks, k->fapi));
    if (uri && !fits_method(k->wish->method, LA_MEMBER_JWKS_URI))
        is_right(k, LA_MEMBER_JWKS_URI, not_with_method(k, LA_MEMBER_JWKS_URI));
    else if (uri)
        is_right(k, LA_MEMBER_JWKS_URI, la_registration_check_jwks_uri(text_of(uri)));
    if (jwks && uri)
        is_right(k, LA_MEMBER_JWKS_URI, la_fail(LA_INVALID, "register jwks or jwks_uri, not both (RFC 7591 2)"));
    if (k->wish->method == LA_AUTH_PRIVATE_KEY_JWT && !jwks && !uri)
        is_right(k, LA_MEMBER_JWKS,
                 la_fail(LA_INVALID, "private_key_jwt needs the application's public keys: jwks or jwks_uri"));
}

/* ---- certificates ---- */

static la_result check_subject_choice(const check *k, const la_slice *values, unsigned n)
{
    la_subject_kind kind;
    /* What our own authority issues is known by its certificate, so an application may do without a subject of others. */
    if (n == 0 && k->wish->environment->mtls.own_authority)
        return la_ok();
    return la_subject_choose(values, &kind);
}

static void check_subject(check *k)
{
    la_slice values[LA_SUBJECT_KIND_COUNT] = {LA_NO_SLICE};
    const char *last = la_subject_kind_member(LA_SUBJECT_DN);
    unsigned n = 0;
    for (unsigned kind = LA_SUBJECT_NONE + 1; kind < LA_SUBJECT_KIND_COUNT; kind++) {
        const char *member = la_subject_kind_member((la_subject_kind)kind);
        values[kind] = text_of(json_object_get(k->merged, member));
        if (!values[kind].p)
            continue;
        n++;
        last = member;
        if (k->wish->method != LA_AUTH_TLS_CLIENT)
            is_right(k, member, not_with_method(k, member));
    }
    if (k->wish->method == LA_AUTH_TLS_CLIENT)
        is_right(k, last, check_subject_choice(k, values, n));
}

/* ---- the rest ---- */

static void check_signing_alg(check *k)
{
    la_slice name = text_of(json_object_get(k->merged, LA_MEMBER_SIGNING_ALG));
    la_auth_method m = k->wish->method;
    char shown[LA_RULE_SHOWN_BYTES];
    if (!name.p)
        return;
    if (!fits_method(m, LA_MEMBER_SIGNING_ALG)) {
        is_right(k, LA_MEMBER_SIGNING_ALG, not_with_method(k, LA_MEMBER_SIGNING_ALG));
        return;
    }
    unsigned sets = m == LA_AUTH_CLIENT_SECRET_JWT ? LA_ALGORITHMS_HMAC
                    : k->fapi                      ? LA_ALGORITHMS_FAPI
                                                   : LA_ALGORITHMS_ASYMMETRIC;
    if (la_algorithm_find_in(name, sets))
        return;
    is_right(k, LA_MEMBER_SIGNING_ALG,
             la_fail(LA_INVALID, "token_endpoint_auth_signing_alg \"%s\" does not fit: %s", la_rule_show(name, shown),
                     m == LA_AUTH_CLIENT_SECRET_JWT ? "client_secret_jwt has HS256, HS384 and HS512"
                     : k->fapi                      ? "FAPI 2.0 allows PS256, ES256 and EdDSA"
                               : "private_key_jwt has ES256, PS256, EdDSA, RS256 and their relatives"));
}

static void check_flags(check *k)
{
    bool audience = is_set(k, LA_MEMBER_TOKEN_ENDPOINT_AUDIENCE);
    if (is_set(k, LA_MEMBER_DPOP_BOUND) && is_set(k, LA_MEMBER_CERTIFICATE_BOUND))
        is_right(k, LA_MEMBER_CERTIFICATE_BOUND,
                 la_fail(LA_INVALID, "a token is bound to a DPoP key or to a certificate: set one of "
                                     "dpop_bound_access_tokens and tls_client_certificate_bound_access_tokens"));
    if (audience && !fits_method(k->wish->method, LA_MEMBER_TOKEN_ENDPOINT_AUDIENCE))
        is_right(k, LA_MEMBER_TOKEN_ENDPOINT_AUDIENCE, not_with_method(k, LA_MEMBER_TOKEN_ENDPOINT_AUDIENCE));
    else if (audience && k->fapi)
        is_right(k, LA_MEMBER_TOKEN_ENDPOINT_AUDIENCE,
                 la_fail(LA_INVALID, "FAPI 2.0 takes the issuer as the one audience of an assertion: "
                                     "allow_token_endpoint_audience cannot be set"));
}

/* FAPI 2.0 Security Profile 5.3.2.1 item 6, 5.4.1. */
static void check_fapi(check *k)
{
    la_auth_method m = k->wish->method;
    if (is_set(k, LA_MEMBER_FAPI) && !la_algorithm_find_in(k->wish->environment->algorithm, LA_ALGORITHMS_FAPI))
        is_right(k, LA_MEMBER_FAPI,
                 la_fail(LA_INVALID,
                         "FAPI 2.0 allows tokens that are signed with PS256, ES256 or EdDSA, and this "
                         "environment signs with %.*s",
                         LA_FMT(k->wish->environment->algorithm)));
    if (!k->fapi || m == LA_AUTH_PRIVATE_KEY_JWT || m == LA_AUTH_TLS_CLIENT || m == LA_AUTH_SELF_SIGNED_TLS)
        return;
    is_right(k, k->wish->environment->fapi ? "auth_method" : LA_MEMBER_FAPI,
             la_fail(LA_INVALID,
                     "FAPI 2.0 allows private_key_jwt, tls_client_auth and self_signed_tls_client_auth, not %s%s",
                     method_of(k), k->wish->environment->fapi ? "; the environment has fapi: true" : ""));
}

static void check_grant_types(check *k)
{
    const json_t *list = json_object_get(k->merged, LA_MEMBER_GRANT_TYPES), *value;
    size_t i;
    char shown[LA_RULE_SHOWN_BYTES];
    unsigned client_credentials = 0, exchange = 0;
    if (!list)
        return;
    json_array_foreach(list, i, value)
    {
        if (la_slice_is(text_of(value), LA_GRANT_CLIENT_CREDENTIALS))
            client_credentials++;
        else if (la_slice_is(text_of(value), LA_GRANT_TOKEN_EXCHANGE))
            exchange++;
        else if (!is_right(
                     k, LA_MEMBER_GRANT_TYPES,
                     la_fail(LA_INVALID,
                             "grant type \"%s\" is unknown; there are client_credentials and " LA_GRANT_TOKEN_EXCHANGE,
                             la_rule_show(text_of(value), shown))))
            return;
    }
    if (client_credentials != 1 || exchange > 1)
        is_right(k, LA_MEMBER_GRANT_TYPES,
                 la_fail(LA_INVALID, "grant_types has client_credentials always, and each grant type once"));
}

static void check_audiences(check *k)
{
    const json_t *list = json_object_get(k->merged, LA_MEMBER_INTROSPECTION_AUDIENCES), *value;
    size_t i, n = 0;
    char shown[LA_RULE_SHOWN_BYTES];
    json_array_foreach(list, i, value)
    {
        n += json_string_length(value) + 1;
        if (!la_audience_is_valid(text_of(value)) &&
            !is_right(k, LA_MEMBER_INTROSPECTION_AUDIENCES,
                      la_fail(LA_INVALID, "audience \"%s\" is not valid: an absolute URI or a URN is expected",
                              la_rule_show(text_of(value), shown))))
            return;
        for (size_t other = 0; other < i; other++)
            if (json_equal(json_array_get(list, other), value) &&
                !is_right(k, LA_MEMBER_INTROSPECTION_AUDIENCES,
                          la_fail(LA_INVALID, "audience \"%s\" is there twice", la_rule_show(text_of(value), shown))))
                return;
    }
    if (n > LA_AUDIENCES_MAX)
        is_right(k, LA_MEMBER_INTROSPECTION_AUDIENCES,
                 la_fail(LA_INVALID, "introspection_audiences are longer than %d bytes", LA_AUDIENCES_MAX));
}

static void check_limit(check *k)
{
    json_int_t n = json_integer_value(json_object_get(k->merged, LA_MEMBER_REQUESTS_PER_MINUTE));
    if (n < 0 || n > REQUESTS_PER_MINUTE_MAX)
        is_right(
            k, LA_MEMBER_REQUESTS_PER_MINUTE,
            la_fail(LA_INVALID, "requests_per_minute must be a whole number from 0 to %d", REQUESTS_PER_MINUTE_MAX));
}

/* ---- all of it ---- */

static void check_all(check *k)
{
    static void (*const checks[])(check * k) = {
        check_fapi,  check_keys,        check_subject,   check_signing_alg,
        check_flags, check_grant_types, check_audiences, check_limit,
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks && !k->over; i++)
        checks[i](k);
}

la_result la_registration_check(const la_registration_wish *wish, la_buffer *ret)
{
    check k = {.wish = wish, .result = la_ok()};
    LA_TRY(la_registration_load(wish->before, &k.merged));
    merge_change(&k);
    if (!k.over)
        check_kinds(&k);
    k.fapi = wish->environment->fapi || is_set(&k, LA_MEMBER_FAPI);
    check_all(&k);
    json_t *merged = k.merged;
    la_result r = la_is_ok(k.result) ? la_registration_write(merged, ret) : la_fail(k.result.code, "%s", k.detail);
    json_decref(merged);
    return r;
}

la_result la_registration_secret_least(la_auth_method method, la_slice registration, size_t *ret)
{
    json_t *o;
    size_t least = 1;
    if (method == LA_AUTH_CLIENT_SECRET_JWT) {
        LA_TRY(la_registration_load(registration, &o));
        const la_algorithm *a = la_algorithm_find_in(text_of(json_object_get(o, LA_MEMBER_SIGNING_ALG)),
                                                     LA_ALGORITHMS_HMAC);
        least = a ? a->bytes : 32;
        json_decref(o);
    }
    *ret = least;
    return la_ok();
}
