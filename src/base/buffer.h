/*
 * A byte buffer with a declared maximum. Overflow and exhausted memory are remembered (`failed`)
 * instead of being returned by every call: build the whole text, then ask once with la_buffer_ok().
 * A failed buffer keeps what it had and takes nothing more, so it is never half of something new.
 */
#ifndef LA_BASE_BUFFER_H
#define LA_BASE_BUFFER_H

#include "base/result.h"
#include "base/slice.h"

#include <stdint.h>

typedef struct la_buffer {
    char *p;
    size_t n;         /* bytes used */
    size_t capacity;  /* bytes that p has */
    size_t max_bytes; /* bytes that it may grow to; equal to capacity where it does not own p */
    bool owned;
    bool failed;
} la_buffer;

/* Over memory of the caller's; never grows. */
void la_buffer_init_fixed(la_buffer *b, void *memory, size_t bytes);

/* Grows on the heap up to max_bytes; free with la_buffer_done. */
void la_buffer_init(la_buffer *b, size_t max_bytes);
void la_buffer_done(la_buffer *b);

/* Empties it and forgets a failure; keeps the memory. */
void la_buffer_clear(la_buffer *b);

/* Makes room for `bytes` more and gives where they go (then add to b->n what was used); NULL where there is none. */
char *la_buffer_reserve(la_buffer *b, size_t bytes);

void la_buffer_add(la_buffer *b, la_slice s);
void la_buffer_add_char(la_buffer *b, char c);
void la_buffer_add_text(la_buffer *b, const char *text);
void la_buffer_add_u64(la_buffer *b, uint64_t v);
void la_buffer_add_i64(la_buffer *b, int64_t v);
void la_buffer_add_format(la_buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes (RFC 8259 7). The text must be UTF-8; a byte that is not is written as U+FFFD. */
void la_buffer_add_json(la_buffer *b, la_slice s);

/* Percent-encoded for any part of a URI (RFC 3986 2.1): everything but the unreserved characters as %HH. */
void la_buffer_add_percent(la_buffer *b, la_slice s);

/* For people to read, whoever wrote it: "?" for each control character (C0, DEL, C1) and each byte that is no UTF-8. */
void la_buffer_add_shown(la_buffer *b, la_slice s);

static inline bool la_buffer_ok(const la_buffer *b)
{
    return !b->failed;
}

static inline la_slice la_buffer_slice(const la_buffer *b)
{
    return (la_slice){b->p ? b->p : "", b->n};
}

/* Adds the zero byte that C wants (not counted in n) and gives the text; "" where there is no room. */
const char *la_buffer_text(la_buffer *b);

#endif
