#include "api/page.h"

#include "api/reply.h"
#include "api/request.h"
#include "base/base64url.h"
#include "base/secret.h"

#include <stdio.h>

#define PURPOSE "cursor"
#define CURSOR_BYTES (LA_API_POSITION_MAX + LA_WRAP_OVERHEAD)

/* What a cursor belongs to: the path, and every parameter but the page's own. */
static void name_list(const la_api_call *c, uint8_t ret[LA_SHA256_BYTES])
{
    uint8_t parts[1 + 2 * LA_API_QUERY_MAX][LA_SHA256_BYTES];
    size_t n = 0;
    la_sha256(c->request->path.p, c->request->path.n, parts[n++]);
    for (unsigned i = 0; i < c->query.n; i++) {
        la_slice name = c->query.names[i], value = c->query.values[i];
        if (la_slice_is(name, "cursor") || la_slice_is(name, "limit"))
            continue;
        la_sha256(name.p, name.n, parts[n++]);
        la_sha256(value.p, value.n, parts[n++]);
    }
    la_sha256(parts, n * sizeof parts[0], ret);
}

static bool open_cursor(const la_api_call *c, la_slice text, la_api_page *p)
{
    uint8_t name[LA_SHA256_BYTES], wrapped[CURSOR_BYTES];
    size_t n;
    la_buffer plain;
    name_list(c, name);
    if (!la_is_ok(la_base64url_decode(text, wrapped, sizeof wrapped, &n)))
        return false;
    la_buffer_init_fixed(&plain, p->after, sizeof p->after);
    if (!la_is_ok(la_unwrap(c->api->master_key, PURPOSE, (la_slice){(const char *)name, sizeof name},
                            (la_slice){(const char *)wrapped, n}, &plain)))
        return false;
    p->after_n = plain.n;
    return true;
}

static json_t *make_cursor(const la_api_call *c, const la_api_page *p)
{
    uint8_t name[LA_SHA256_BYTES];
    char memory[CURSOR_BYTES], text[LA_BASE64URL_CHARS(CURSOR_BYTES)];
    la_buffer wrapped;
    name_list(c, name);
    la_buffer_init_fixed(&wrapped, memory, sizeof memory);
    if (!la_is_ok(la_wrap(c->api->master_key, PURPOSE, (la_slice){(const char *)name, sizeof name},
                          (la_slice){p->last, p->last_n}, &wrapped)))
        return NULL;
    la_base64url_encode(wrapped.p, wrapped.n, text);
    return json_stringn(text, LA_BASE64URL_CHARS(wrapped.n));
}

la_result la_api_page_begin(la_api_call *c, la_api_page *ret)
{
    *ret = (la_api_page){0};
    ret->limit = (unsigned)la_api_query_number(c, "limit", 1, LA_API_PAGE_MOST, LA_API_PAGE_DEFAULT);
    la_slice cursor = la_api_query_text(c, "cursor");
    if (cursor.p && !open_cursor(c, cursor, ret))
        la_api_blame(c, "cursor", "is not one that this list has given, with these filters");
    ret->items = json_array();
    return ret->items ? la_ok() : la_fail(LA_NO_MEMORY, "there is no memory for the list");
}

la_slice la_api_page_after(const la_api_page *p)
{
    return (la_slice){p->after, p->after_n};
}

uint64_t la_api_page_after_number(const la_api_page *p)
{
    unsigned long long number;
    return la_slice_to_u64(la_api_page_after(p), INT64_MAX, &number) ? number : 0;
}

la_result la_api_page_take(la_api_page *p, json_t *item, la_slice position)
{
    if (json_array_size(p->items) == p->limit) {
        p->more = true;
        json_decref(item);
        return la_ok();
    }
    if (position.n > sizeof p->last || json_array_append_new(p->items, item) != 0)
        return la_fail(LA_NO_MEMORY, "there is no memory for the list");
    memcpy(p->last, position.p, position.n);
    p->last_n = position.n;
    return la_ok();
}

la_result la_api_page_take_numbered(la_api_page *p, json_t *item, uint64_t position)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%llu", (unsigned long long)position);
    return la_api_page_take(p, item, (la_slice){text, n > 0 ? (size_t)n : 0});
}

la_result la_api_page_end(la_api_call *c, la_api_page *p, la_result r)
{
    json_t *items = p->items;
    p->items = NULL;
    if (!la_is_ok(r)) {
        json_decref(items);
        return r;
    }
    return la_api_reply(c, 200,
                        json_pack("{s:o, s:o}", "items", items, "next", p->more ? make_cursor(c, p) : json_null()));
}

la_result la_api_reply_list(la_api_call *c, json_t *items)
{
    return la_api_reply(c, 200, json_pack("{s:o, s:n}", "items", items, "next"));
}
