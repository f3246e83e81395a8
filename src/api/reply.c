#include "api/reply.h"

#include "base/clock.h"
#include "base/secret.h"

#include <stdarg.h>
#include <stdio.h>

la_result la_api_reply(la_api_call *c, int status, json_t *value)
{
    la_buffer *body = &c->response->body;
    size_t n = value ? json_dumpb(value, NULL, 0, JSON_COMPACT) : 0;
    char *p = n ? la_buffer_reserve(body, n + 1) : NULL;
    if (p && json_dumpb(value, p, n, JSON_COMPACT) == n) {
        p[n] = '\n';
        body->n += n + 1;
        c->response->status = status;
        c->response->content_type = "application/json";
    } else {
        p = NULL;
    }
    json_decref(value);
    return p ? la_ok() : la_fail(LA_NO_MEMORY, "there is no memory for the answer");
}

la_result la_api_reply_nothing(la_api_call *c)
{
    c->response->status = 204;
    c->response->content_type = NULL;
    return la_ok();
}

la_result la_api_add_header(la_api_call *c, const char *name, const char *format, ...)
{
    char value[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(value, sizeof value, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof value)
        return la_fail(LA_SERVER_ERROR, "the value of the header %s is too long", name);
    for (int i = 0; i < n; i++)
        if ((unsigned char)value[i] < 0x20 || value[i] == 0x7F)
            return la_fail(LA_SERVER_ERROR, "the value of the header %s has a control character", name);
    la_buffer_add_format(&c->response->headers, "%s: %s\r\n", name, value);
    la_wipe(value, sizeof value); /* a cookie, maybe */
    return la_buffer_ok(&c->response->headers) ? la_ok() : la_fail(LA_NO_MEMORY, "there is no memory for a header");
}

la_result la_api_add_location(la_api_call *c, const la_slice *segments, unsigned n)
{
    char memory[900];
    la_buffer b;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_buffer_add_text(&b, "/admin/v1");
    for (unsigned i = 0; i < n; i++) {
        la_buffer_add_char(&b, '/');
        la_buffer_add_percent(&b, segments[i]);
    }
    if (!la_buffer_ok(&b))
        return la_fail(LA_SERVER_ERROR, "a Location is too long");
    return la_api_add_header(c, "Location", "%.*s", LA_FMT(la_buffer_slice(&b)));
}

/* The text with U+FFFD for what is no UTF-8, and for a zero byte. */
static json_t *repaired(la_slice text)
{
    la_buffer b;
    la_buffer_init(&b, text.n * 3 + 1);
    while (text.n) {
        size_t n = la_utf8_sequence(text);
        if (text.p[0] == 0)
            n = 0;
        la_buffer_add(&b, n ? (la_slice){text.p, n} : LA_SLICE("\xEF\xBF\xBD"));
        text.p += n ? n : 1;
        text.n -= n ? n : 1;
    }
    json_t *value = la_buffer_ok(&b) ? json_stringn(b.p ? b.p : "", b.n) : NULL;
    la_buffer_done(&b);
    return value;
}

json_t *la_api_json_text(la_slice text)
{
    if (!la_slice_is_utf8(text) || (text.n && memchr(text.p, 0, text.n)))
        return repaired(text);
    return json_stringn(text.p ? text.p : "", text.n);
}

json_t *la_api_json_time(int64_t seconds)
{
    char text[LA_CLOCK_RFC3339_BYTES];
    if (seconds == 0)
        return json_null();
    la_clock_format_rfc3339(seconds, text);
    return json_string(text);
}

json_t *la_api_json_id(uint64_t id)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)id);
    return json_string(text);
}

json_t *la_api_json_words(la_slice words)
{
    json_t *list = json_array();
    la_slice word;
    while (list && la_slice_split(&words, ' ', &word)) {
        if (word.n && json_array_append_new(list, la_api_json_text(word)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}
