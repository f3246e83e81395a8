/* The members that a registration has, and its one form. See registration_form.h. */
#include "admin/registration_form.h"

#include "admin/registration_keys.h"

static const la_member members[] = {
    {LA_MEMBER_JWKS, LA_MEMBER_IS_OBJECT},
    {LA_MEMBER_JWKS_URI, LA_MEMBER_IS_TEXT},
    {"tls_client_auth_subject_dn", LA_MEMBER_IS_TEXT},
    {"tls_client_auth_san_dns", LA_MEMBER_IS_TEXT},
    {"tls_client_auth_san_uri", LA_MEMBER_IS_TEXT},
    {"tls_client_auth_san_ip", LA_MEMBER_IS_TEXT},
    {"tls_client_auth_san_email", LA_MEMBER_IS_TEXT},
    {LA_MEMBER_SIGNING_ALG, LA_MEMBER_IS_TEXT},
    {LA_MEMBER_DPOP_BOUND, LA_MEMBER_IS_FLAG},
    {LA_MEMBER_CERTIFICATE_BOUND, LA_MEMBER_IS_FLAG},
    {LA_MEMBER_FAPI, LA_MEMBER_IS_FLAG},
    {LA_MEMBER_TOKEN_ENDPOINT_AUDIENCE, LA_MEMBER_IS_FLAG},
    {LA_MEMBER_GRANT_TYPES, LA_MEMBER_IS_LIST},
    {LA_MEMBER_INTROSPECTION_AUDIENCES, LA_MEMBER_IS_LIST},
    {LA_MEMBER_REQUESTS_PER_MINUTE, LA_MEMBER_IS_NUMBER},
};
#define MEMBERS (sizeof members / sizeof *members)

const la_member *la_registration_member(size_t i)
{
    return i < MEMBERS ? &members[i] : NULL;
}

const la_member *la_registration_find_member(la_slice name)
{
    for (size_t i = 0; i < MEMBERS; i++)
        if (la_slice_is(name, members[i].name))
            return &members[i];
    return NULL;
}

/* ---- from text ---- */

static json_t *list_of(la_slice text)
{
    la_slice word;
    json_t *list = json_array();
    while (la_slice_split(&text, ' ', &word))
        if (word.n)
            json_array_append_new(list, json_stringn(word.p, word.n));
    return list;
}

static json_t *object_of(la_slice text)
{
    json_error_t error;
    json_t *value = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(value))
        return value;
    json_decref(value);
    return NULL;
}

static json_t *value_of(const la_member *member, la_slice text)
{
    unsigned long long number;
    switch (member->kind) {
    case LA_MEMBER_IS_FLAG:
        if (!la_slice_is(text, "true") && !la_slice_is(text, "false"))
            return NULL;
        return json_boolean(la_slice_is(text, "true"));
    case LA_MEMBER_IS_NUMBER:
        return la_slice_to_u64(text, INT32_MAX, &number) ? json_integer((json_int_t)number) : NULL;
    case LA_MEMBER_IS_LIST:
        return list_of(text);
    case LA_MEMBER_IS_OBJECT:
        return object_of(text);
    case LA_MEMBER_IS_TEXT:
    default:
        return json_stringn(text.p, text.n);
    }
}

static la_result wrong_kind(const la_member *member)
{
    static const char *const expected[] = {
        [LA_MEMBER_IS_TEXT] = "a text",
        [LA_MEMBER_IS_FLAG] = "true or false",
        [LA_MEMBER_IS_NUMBER] = "a whole number",
        [LA_MEMBER_IS_LIST] = "a list of texts",
        [LA_MEMBER_IS_OBJECT] = "a JSON object, each of its members once",
    };
    return la_fail(LA_INVALID, "%s must be %s", member->name, expected[member->kind]);
}

la_result la_registration_set(json_t *change, const la_member *member, la_slice text)
{
    json_t *value = text.n ? value_of(member, text) : json_null();
    if (!value)
        return wrong_kind(member);
    if (json_object_set_new(change, member->name, value) != 0)
        return la_fail(LA_NO_MEMORY, "there is no memory for a registration");
    return la_ok();
}

static bool is_list_of_texts(const json_t *value)
{
    size_t i;
    const json_t *one;
    json_array_foreach(value, i, one) if (!json_is_string(one)) return false;
    return json_is_array(value);
}

static bool has_kind(const la_member *member, const json_t *value)
{
    switch (member->kind) {
    case LA_MEMBER_IS_FLAG:
        return json_is_boolean(value);
    case LA_MEMBER_IS_NUMBER:
        return json_is_integer(value);
    case LA_MEMBER_IS_LIST:
        return is_list_of_texts(value);
    case LA_MEMBER_IS_OBJECT:
        return json_is_object(value);
    case LA_MEMBER_IS_TEXT:
    default:
        return json_is_string(value);
    }
}

la_result la_registration_check_kind(const la_member *member, const json_t *value)
{
    return has_kind(member, value) ? la_ok() : wrong_kind(member);
}

/* ---- as it is stored ---- */

la_result la_registration_load(la_slice text, json_t **ret)
{
    json_error_t error;
    json_t *o = text.n ? json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error) : json_object();
    if (!o && text.n && json_error_code(&error) != json_error_out_of_memory)
        return la_fail(LA_CORRUPT, "an application's registration cannot be read");
    if (!o)
        return la_fail(LA_NO_MEMORY, "there is no memory for a registration");
    *ret = o;
    return la_ok();
}

static bool is_default(const char *name, const json_t *value)
{
    bool only_own_grant = strcmp(name, LA_MEMBER_GRANT_TYPES) == 0 && json_array_size(value) == 1;
    return !value || json_is_false(value) || only_own_grant || (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_integer(value) && json_integer_value(value) == 0);
}

static int add_bytes(const char *bytes, size_t n, void *ret)
{
    la_buffer_add(ret, (la_slice){bytes, n});
    return la_buffer_ok(ret) ? 0 : -1;
}

la_result la_registration_write(const json_t *registration, la_buffer *ret)
{
    json_t *o = json_object();
    bool complete = o != NULL;
    for (size_t i = 0; i < MEMBERS; i++) {
        json_t *value = json_object_get(registration, members[i].name);
        if (!is_default(members[i].name, value))
            complete &= json_object_set(o, members[i].name, value) == 0;
    }
    size_t before = ret->n;
    bool written = complete && (json_object_size(o) == 0 || json_dump_callback(o, add_bytes, ret, JSON_COMPACT) == 0);
    json_decref(o);
    if (!complete)
        return la_fail(LA_NO_MEMORY, "there is no memory for a registration");
    if (!written || ret->n - before > LA_REGISTRATION_MAX)
        return la_fail(LA_INVALID, "what the application registers is longer than %d bytes", LA_REGISTRATION_MAX);
    return la_ok();
}

/* ---- for people ---- */

bool la_registration_is_privileged(const json_t *change)
{
    return json_object_get(change, LA_MEMBER_INTROSPECTION_AUDIENCES) ||
           json_object_get(change, LA_MEMBER_REQUESTS_PER_MINUTE);
}

bool la_registration_introspects(la_slice registration)
{
    json_t *o;
    if (registration.n == 0)
        return false;
    if (!la_is_ok(la_registration_load(registration, &o)))
        return true; /* what cannot be read is nobody's but an administrator's */
    bool has_any = json_object_get(o, LA_MEMBER_INTROSPECTION_AUDIENCES) != NULL;
    json_decref(o);
    return has_any;
}

bool la_registration_has_keys(la_slice registration)
{
    json_t *o;
    if (registration.n == 0 || !la_is_ok(la_registration_load(registration, &o)))
        return false;
    bool has_any = json_object_get(o, LA_MEMBER_JWKS) || json_object_get(o, LA_MEMBER_JWKS_URI);
    json_decref(o);
    return has_any;
}

json_t *la_registration_brief(la_slice registration)
{
    json_t *o;
    if (!la_is_ok(la_registration_load(registration, &o)))
        return NULL;
    json_t *jwks = json_object_get(o, LA_MEMBER_JWKS);
    if (jwks)
        json_object_set_new(o, LA_MEMBER_JWKS, la_registration_brief_jwks(jwks));
    return o;
}

static json_t *default_of(const la_member *member)
{
    switch (member->kind) {
    case LA_MEMBER_IS_FLAG:
        return json_false();
    case LA_MEMBER_IS_NUMBER:
        return json_integer(0);
    case LA_MEMBER_IS_LIST:
        return strcmp(member->name, LA_MEMBER_GRANT_TYPES) == 0 ? json_pack("[s]", LA_GRANT_CLIENT_CREDENTIALS)
                                                                : json_array();
    case LA_MEMBER_IS_TEXT:
    case LA_MEMBER_IS_OBJECT:
    default:
        return json_null();
    }
}

json_t *la_registration_whole(la_slice registration)
{
    json_t *o;
    bool complete = true;
    if (!la_is_ok(la_registration_load(registration, &o)))
        return NULL;
    for (size_t i = 0; i < MEMBERS; i++)
        if (!json_object_get(o, members[i].name))
            complete &= json_object_set_new(o, members[i].name, default_of(&members[i])) == 0;
    if (complete)
        return o;
    json_decref(o);
    return NULL;
}
