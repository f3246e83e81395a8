#include "base/buffer.h"

#include "base/secret.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void la_buffer_init_fixed(la_buffer *b, void *memory, size_t bytes)
{
    *b = (la_buffer){.p = memory, .capacity = bytes, .max_bytes = bytes};
}

void la_buffer_init(la_buffer *b, size_t max_bytes)
{
    *b = (la_buffer){.max_bytes = max_bytes, .owned = true};
}

/* Wipes on the way out: nobody has to think about which buffers held a secret. */
void la_buffer_done(la_buffer *b)
{
    if (b->owned && b->p) {
        la_wipe(b->p, b->capacity);
        free(b->p);
    }
    *b = (la_buffer){0};
}

void la_buffer_clear(la_buffer *b)
{
    b->n = 0;
    b->failed = false;
}

static bool grow(la_buffer *b, size_t needed)
{
    if (!b->owned || needed > b->max_bytes)
        return false;
    size_t capacity = b->capacity ? b->capacity : 256;
    while (capacity < needed)
        capacity *= 2;
    if (capacity > b->max_bytes)
        capacity = b->max_bytes;
    /* No realloc: it would leave an unwiped copy behind. */
    char *p = malloc(capacity);
    if (!p)
        return false;
    if (b->p) {
        memcpy(p, b->p, b->n);
        la_wipe(b->p, b->capacity);
        free(b->p);
    }
    b->p = p;
    b->capacity = capacity;
    return true;
}

static char *grow_for(la_buffer *b, size_t bytes)
{
    if (b->failed || bytes > b->max_bytes - b->n || !grow(b, b->n + bytes)) {
        b->failed = true;
        return NULL;
    }
    return b->p + b->n;
}

/* Nearly always there is room: every piece of a token goes through here. */
static inline char *reserve(la_buffer *b, size_t bytes)
{
    if (!b->failed && bytes <= b->capacity - b->n)
        return b->p + b->n;
    return grow_for(b, bytes);
}

char *la_buffer_reserve(la_buffer *b, size_t bytes)
{
    return reserve(b, bytes);
}

void la_buffer_add(la_buffer *b, la_slice s)
{
    if (s.n == 0)
        return;
    char *to = reserve(b, s.n);
    if (!to)
        return;
    memcpy(to, s.p, s.n);
    b->n += s.n;
}

void la_buffer_add_char(la_buffer *b, char c)
{
    char *to = reserve(b, 1);
    if (!to)
        return;
    *to = c;
    b->n++;
}

void la_buffer_add_text(la_buffer *b, const char *text)
{
    la_buffer_add(b, la_slice_of(text));
}

void la_buffer_add_u64(la_buffer *b, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    la_buffer_add(b, (la_slice){digits + at, sizeof digits - at});
}

void la_buffer_add_i64(la_buffer *b, int64_t v)
{
    if (v < 0) {
        la_buffer_add_char(b, '-');
        la_buffer_add_u64(b, (uint64_t) - (v + 1) + 1);
    } else {
        la_buffer_add_u64(b, (uint64_t)v);
    }
}

void la_buffer_add_format(la_buffer *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *to = n < 0 ? NULL : la_buffer_reserve(b, (size_t)n + 1);
    if (!to) {
        b->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf(to, (size_t)n + 1, format, args);
    va_end(args);
    b->n += (size_t)n;
}

static void add_json_special(la_buffer *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    switch (c) {
    case '"':
        la_buffer_add(b, LA_SLICE("\\\""));
        return;
    case '\\':
        la_buffer_add(b, LA_SLICE("\\\\"));
        return;
    case '\n':
        la_buffer_add(b, LA_SLICE("\\n"));
        return;
    default: {
        char escaped[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        la_buffer_add(b, (la_slice){escaped, sizeof escaped});
    }
    }
}

/* The bytes that stand for themselves in a JSON string; every claim goes through here. */
static const bool plain[256] = {
    [0x20 ... 0x21] = true, /* not the quote */
    [0x23 ... 0x5B] = true, /* not the backslash */
    [0x5D ... 0x7E] = true,
};

static size_t plain_run(la_slice s)
{
    size_t n = 0;
    while (n < s.n && plain[(unsigned char)s.p[n]])
        n++;
    return n;
}

void la_buffer_add_json(la_buffer *b, la_slice s)
{
    la_buffer_add_char(b, '"');
    while (s.n) {
        size_t n = plain_run(s);
        if (n == 0) {
            n = la_utf8_sequence(s);
            if (n == 0)
                la_buffer_add(b, LA_SLICE("\xEF\xBF\xBD"));
            else if (n == 1)
                add_json_special(b, (unsigned char)s.p[0]);
            else
                la_buffer_add(b, (la_slice){s.p, n});
            n = n ? n : 1;
        } else {
            la_buffer_add(b, (la_slice){s.p, n});
        }
        s.p += n;
        s.n -= n;
    }
    la_buffer_add_char(b, '"');
}

void la_buffer_add_percent(la_buffer *b, la_slice s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool unreserved = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                          c == '.' || c == '_' || c == '~';
        if (unreserved)
            la_buffer_add_char(b, (char)c);
        else
            la_buffer_add(b, (la_slice){(const char[]){'%', digits[c >> 4], digits[c & 15]}, 3});
    }
}

void la_buffer_add_shown(la_buffer *b, la_slice s)
{
    while (s.n && la_buffer_ok(b)) {
        size_t n = la_utf8_sequence(s);
        unsigned char c = (unsigned char)s.p[0];
        bool c1 = n == 2 && c == 0xC2 && (unsigned char)s.p[1] < 0xA0;
        bool shown = n > 0 && c >= 0x20 && c != 0x7F && !c1;
        la_buffer_add(b, shown ? (la_slice){s.p, n} : LA_SLICE("?"));
        s.p += n ? n : 1;
        s.n -= n ? n : 1;
    }
}

const char *la_buffer_text(la_buffer *b)
{
    char *end = la_buffer_reserve(b, 1);
    if (!end)
        return "";
    *end = 0;
    return b->p;
}
