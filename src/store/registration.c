/*
 * Reads what admin/registration.c has checked and written, so it refuses only what cannot be: nothing here decides what may be registered.
 */
#include "store/registration.h"

#include "base/buffer.h"
#include "model/registration.h"

#include <jansson.h>

static la_slice add_text(const json_t *value, la_buffer *memory)
{
    size_t before = memory->n;
    if (!json_is_string(value))
        return LA_NO_SLICE;
    la_slice text = {json_string_value(value), json_string_length(value)};
    la_buffer_add(memory, text);
    return la_buffer_ok(memory) ? (la_slice){memory->p + before, text.n} : LA_NO_SLICE;
}

/* The strings of a list, with a blank between two. */
static la_slice add_words(const json_t *list, la_buffer *memory)
{
    size_t i, before = memory->n;
    const json_t *value;
    json_array_foreach(list, i, value)
    {
        if (i)
            la_buffer_add_char(memory, ' ');
        add_text(value, memory);
    }
    return memory->n > before ? (la_slice){memory->p + before, memory->n - before} : LA_NO_SLICE;
}

static int add_bytes(const char *bytes, size_t n, void *memory)
{
    la_buffer_add(memory, (la_slice){bytes, n});
    return la_buffer_ok(memory) ? 0 : -1;
}

static la_slice add_object(const json_t *value, la_buffer *memory)
{
    size_t before = memory->n;
    if (!json_is_object(value) || json_dump_callback(value, add_bytes, memory, JSON_COMPACT) != 0)
        return LA_NO_SLICE;
    return (la_slice){memory->p + before, memory->n - before};
}

static bool list_has(const json_t *list, const char *text)
{
    size_t i;
    const json_t *value;
    json_array_foreach(list, i, value)
    {
        if (json_is_string(value) && strcmp(json_string_value(value), text) == 0)
            return true;
    }
    return false;
}

static void read_subject(const json_t *o, la_buffer *memory, la_registration *ret)
{
    for (unsigned kind = LA_SUBJECT_NONE + 1; kind < LA_SUBJECT_KIND_COUNT; kind++) {
        const json_t *value = json_object_get(o, la_subject_kind_member((la_subject_kind)kind));
        if (!value)
            continue;
        ret->subject_kind = (la_subject_kind)kind;
        ret->subject = add_text(value, memory);
    }
}

static void read_members(const json_t *o, la_buffer *memory, la_registration *ret)
{
    ret->fapi = json_is_true(json_object_get(o, LA_MEMBER_FAPI));
    ret->dpop_bound = json_is_true(json_object_get(o, LA_MEMBER_DPOP_BOUND));
    ret->certificate_bound = json_is_true(json_object_get(o, LA_MEMBER_CERTIFICATE_BOUND));
    ret->token_endpoint_audience = json_is_true(json_object_get(o, LA_MEMBER_TOKEN_ENDPOINT_AUDIENCE));
    ret->token_exchange = list_has(json_object_get(o, LA_MEMBER_GRANT_TYPES), LA_GRANT_TOKEN_EXCHANGE);
    ret->requests_per_minute = (uint32_t)json_integer_value(json_object_get(o, LA_MEMBER_REQUESTS_PER_MINUTE));
    ret->jwks = add_object(json_object_get(o, LA_MEMBER_JWKS), memory);
    ret->jwks_uri = add_text(json_object_get(o, LA_MEMBER_JWKS_URI), memory);
    ret->signing_alg = add_text(json_object_get(o, LA_MEMBER_SIGNING_ALG), memory);
    ret->introspection_audiences = add_words(json_object_get(o, LA_MEMBER_INTROSPECTION_AUDIENCES), memory);
    read_subject(o, memory, ret);
}

la_result la_registration_read(la_slice text, char memory[LA_REGISTRATION_MEMORY], la_registration *ret)
{
    la_buffer b;
    json_error_t error;
    la_registration read = {0};
    if (text.n == 0) {
        *ret = read;
        return la_ok();
    }
    json_t *o = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error);
    if (!o && json_error_code(&error) == json_error_out_of_memory)
        return la_fail(LA_NO_MEMORY, "there is no memory for a registration");
    la_buffer_init_fixed(&b, memory, LA_REGISTRATION_MEMORY);
    if (json_is_object(o))
        read_members(o, &b, &read);
    bool good = json_is_object(o) && la_buffer_ok(&b);
    json_decref(o);
    if (!good)
        return la_fail(LA_CORRUPT, "an application's registration cannot be read");
    *ret = read;
    return la_ok();
}
