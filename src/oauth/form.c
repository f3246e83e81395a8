/* Form decoding, strict: what two parsers could read differently is refused. Knows nothing of what parameters mean. */
#include "oauth/form.h"

#include "base/hex.h"

/* Far more than any client sends; keeps a hostile body from costing more than its bytes. */
#define PARAMETERS_MAX 64

static const la_slice names[LA_PARAM_COUNT] = {
    [LA_PARAM_GRANT_TYPE] = LA_SLICE_INIT("grant_type"),
    [LA_PARAM_SCOPE] = LA_SLICE_INIT("scope"),
    [LA_PARAM_CLIENT_ID] = LA_SLICE_INIT("client_id"),
    [LA_PARAM_CLIENT_SECRET] = LA_SLICE_INIT("client_secret"),
    [LA_PARAM_CLIENT_ASSERTION] = LA_SLICE_INIT("client_assertion"),
    [LA_PARAM_CLIENT_ASSERTION_TYPE] = LA_SLICE_INIT("client_assertion_type"),
    [LA_PARAM_SUBJECT_TOKEN] = LA_SLICE_INIT("subject_token"),
    [LA_PARAM_SUBJECT_TOKEN_TYPE] = LA_SLICE_INIT("subject_token_type"),
    [LA_PARAM_ACTOR_TOKEN] = LA_SLICE_INIT("actor_token"),
    [LA_PARAM_ACTOR_TOKEN_TYPE] = LA_SLICE_INIT("actor_token_type"),
    [LA_PARAM_REQUESTED_TOKEN_TYPE] = LA_SLICE_INIT("requested_token_type"),
    [LA_PARAM_TOKEN] = LA_SLICE_INIT("token"),
    [LA_PARAM_TOKEN_TYPE_HINT] = LA_SLICE_INIT("token_type_hint"),
    [LA_PARAM_AUDIENCE] = LA_SLICE_INIT("audience"),
    [LA_PARAM_RESOURCE] = LA_SLICE_INIT("resource"),
};

la_result la_form_check_content_type(la_slice content_type)
{
    static const la_slice form = LA_SLICE_INIT("application/x-www-form-urlencoded");
    la_slice media_type;
    if (la_slice_equal(content_type, form)) /* as nearly everybody writes it */
        return la_ok();
    if (!la_slice_split(&content_type, ';', &media_type))
        return la_error(LA_CONTENT_TYPE);
    if (!la_slice_equal_nocase(la_slice_trim(media_type), form))
        return la_error(LA_CONTENT_TYPE);
    return la_ok();
}

/* What a text has in it, gathered in one pass; most texts have nothing, and are used as they stand. */
enum { HAS_ESCAPE = 1, HAS_CONTROL = 2, HAS_NON_ASCII = 4 };

static const unsigned char kinds[256] = {
    [0 ... 0x1F] = HAS_CONTROL,      ['%'] = HAS_ESCAPE, ['+'] = HAS_ESCAPE, [0x7F] = HAS_CONTROL,
    [0x80 ... 0xFF] = HAS_NON_ASCII,
};

static unsigned look(la_slice s)
{
    unsigned found = 0;
    for (size_t i = 0; i < s.n; i++)
        found |= kinds[(unsigned char)s.p[i]];
    return found;
}

/* `ret` has room for encoded.n bytes: decoding never makes text longer. */
static la_result decode_into(la_slice encoded, char *ret, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; i < encoded.n; i++) {
        char c = encoded.p[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < encoded.n ? la_hex_value(encoded.p[i + 1]) : -1;
            int low = i + 2 < encoded.n ? la_hex_value(encoded.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return la_error(LA_FORM_ENCODING);
            c = (char)(high << 4 | low);
            i += 2;
        }
        ret[n++] = c;
    }
    *ret_n = n;
    return la_ok();
}

/* la_form_decode, and whether there is a control character in the result. */
static la_result decode(la_slice encoded, la_arena *arena, la_slice *ret, bool *ret_has_control)
{
    la_slice decoded = encoded;
    unsigned found = look(encoded);
    if (found & HAS_ESCAPE) {
        char *p = la_arena_take(arena, encoded.n);
        if (!p)
            return la_error(LA_NO_MEMORY);
        decoded.p = p;
        LA_TRY(decode_into(encoded, p, &decoded.n));
        found = look(decoded);
    }
    if (found & HAS_NON_ASCII && !la_slice_is_utf8(decoded))
        return la_error(LA_FORM_ENCODING);
    *ret_has_control = found & HAS_CONTROL;
    *ret = decoded;
    return la_ok();
}

la_result la_form_decode(la_slice encoded, la_arena *arena, la_slice *ret)
{
    bool has_control;
    return decode(encoded, arena, ret, &has_control);
}

static la_parameter find(la_slice name)
{
    la_parameter p = 0;
    while (p < LA_PARAM_COUNT && !la_slice_equal(name, names[p]))
        p++;
    return p;
}

static la_result take_pair(la_slice pair, la_arena *arena, bool seen[LA_PARAM_COUNT], la_form *form)
{
    la_slice rest = pair, name, value = LA_SLICE("");
    if (!la_slice_split(&rest, '=', &name))
        return la_ok();
    if (rest.p)
        value = rest;
    bool has_control;
    LA_TRY(la_form_decode(name, arena, &name));
    LA_TRY(decode(value, arena, &value, &has_control));
    la_parameter p = find(name);
    if (p == LA_PARAM_COUNT)
        return la_ok();
    if (seen[p] && p != LA_PARAM_RESOURCE)
        return la_error(LA_FORM_REPEATED);
    if (p != LA_PARAM_SCOPE && has_control)
        return la_error(LA_FORM_ENCODING);
    if (p == LA_PARAM_RESOURCE && value.n) {
        if (form->n_resources == LA_RESOURCES_MAX)
            return la_error(LA_FORM_TOO_MANY);
        form->resources[form->n_resources++] = value;
    }
    if (!seen[p] || !form->values[p].p)
        form->values[p] = value.n ? value : LA_NO_SLICE;
    seen[p] = true;
    return la_ok();
}

la_result la_form_parse(la_slice body, la_arena *arena, la_form *ret)
{
    bool seen[LA_PARAM_COUNT] = {0};
    la_slice pair;
    unsigned pairs = 0;
    *ret = (la_form){0};
    while (la_slice_split(&body, '&', &pair)) {
        if (pair.n == 0)
            continue;
        if (++pairs > PARAMETERS_MAX)
            return la_error(LA_FORM_TOO_MANY);
        LA_TRY(take_pair(pair, arena, seen, ret));
    }
    return la_ok();
}
