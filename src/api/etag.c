#include "api/etag.h"

#include "api/reply.h"

#include <stdio.h>

/* Takes one entity tag from the front of a list; false where there is none, or what is there is no tag. */
static bool take(la_slice *rest, la_slice *ret_tag, bool *ret_weak)
{
    la_slice s = la_slice_trim(*rest);
    *ret_weak = s.n > 2 && s.p[0] == 'W' && s.p[1] == '/';
    if (*ret_weak) {
        s.p += 2;
        s.n -= 2;
    }
    if (s.n < 2 || s.p[0] != '"')
        return false;
    const char *end = memchr(s.p + 1, '"', s.n - 1);
    if (!end)
        return false;
    *ret_tag = (la_slice){s.p + 1, (size_t)(end - s.p - 1)};
    la_slice left = la_slice_trim((la_slice){end + 1, s.n - ret_tag->n - 2});
    if (left.n && left.p[0] != ',')
        return false;
    *rest = left.n ? (la_slice){left.p + 1, left.n - 1} : LA_NO_SLICE;
    return true;
}

bool la_api_etag_list_is_valid(la_slice list)
{
    la_slice tag;
    bool weak;
    if (la_slice_is(la_slice_trim(list), "*"))
        return true;
    while (list.p)
        if (!take(&list, &tag, &weak))
            return false;
    return true;
}

bool la_api_etag_list_has(la_slice list, la_slice wanted, bool weak_too)
{
    la_slice tag;
    bool weak, found = false;
    if (!la_api_etag_list_is_valid(list))
        return false;
    if (la_slice_is(la_slice_trim(list), "*"))
        return true;
    while (list.p && take(&list, &tag, &weak))
        found = found || (la_slice_equal(tag, wanted) && (!weak || weak_too));
    return found;
}

static la_slice tag_of(uint64_t version, char memory[24])
{
    int n = snprintf(memory, 24, "%llu", (unsigned long long)version);
    return (la_slice){memory, n > 0 ? (size_t)n : 0};
}

la_result la_api_etag_add(la_api_call *c, uint64_t version)
{
    return la_api_add_header(c, "ETag", "\"%llu\"", (unsigned long long)version);
}

la_result la_api_etag_need(const la_api_call *c)
{
    la_slice given = c->request->if_match;
    if (!given.p && c->route->flags & LA_API_IF_MATCH)
        return la_fail(LA_PRECONDITION, "send If-Match with the ETag of the version that you have read");
    if (given.p && !la_api_etag_list_is_valid(given))
        return la_fail(LA_INVALID, "If-Match is not valid: an ETag in its quotes is expected");
    return la_ok();
}

la_result la_api_etag_check(const la_api_call *c, uint64_t version)
{
    char memory[24];
    if (!c->request->if_match.p || la_api_etag_list_has(c->request->if_match, tag_of(version, memory), false))
        return la_ok();
    return la_fail(LA_STALE, "the version is %llu by now: read it again, and repeat the change on what you find",
                   (unsigned long long)version);
}

void la_api_etag_spare(la_api_call *c)
{
    static const la_slice name = LA_SLICE_INIT("ETag: \"");
    la_slice rest = la_buffer_slice(&c->response->headers), line;
    if (!c->request->if_none_match.p || c->response->status != 200 || c->route->method != LA_API_GET)
        return;
    while (la_slice_split(&rest, '\n', &line)) {
        if (!la_slice_starts(line, name) || line.n < name.n + 2)
            continue;
        la_slice tag = {line.p + name.n, line.n - name.n - 2}; /* without the quote and CR */
        if (!la_api_etag_list_has(c->request->if_none_match, tag, true))
            return;
        la_buffer_clear(&c->response->body);
        c->response->status = 304;
        c->response->content_type = NULL;
        return;
    }
}
