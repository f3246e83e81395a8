/* The bytes of a file, or of memory, one after the other; and its lines. */
#ifndef LA_ADMIN_SOURCE_H
#define LA_ADMIN_SOURCE_H

#include "base/result.h"
#include "base/slice.h"

#include <stdint.h>

#define LA_SOURCE_BUFFER_BYTES (256 * 1024)

/* A line of JSON Lines or a record of CSV may have this many bytes. */
#define LA_SOURCE_RECORD_MAX (64 * 1024)

#define LA_SOURCE_END (-1)
#define LA_SOURCE_FAILED (-2)

typedef struct la_source {
    int fd; /* -1: memory */
    const unsigned char *p;
    size_t at, n;
    unsigned char *owned;
    uint64_t bytes_done;  /* read from the file so far */
    uint64_t bytes_total; /* 0 where it has no size (a pipe) */
    int error;            /* errno after LA_SOURCE_FAILED */
} la_source;

/* IO where the file cannot be opened or is a directory; NO_MEMORY. */
la_result la_source_open(const char *path, la_source *ret);
void la_source_memory(la_slice bytes, la_source *ret);
void la_source_done(la_source *s); /* wipes its buffer: imports bring secrets */

int la_source_fill(la_source *s);

/* The next byte, LA_SOURCE_END or LA_SOURCE_FAILED. */
static inline int la_source_next(la_source *s)
{
    return s->at < s->n ? s->p[s->at++] : la_source_fill(s);
}

/* Passes over a byte order mark (U+FEFF in UTF-8) at the very start. */
void la_source_skip_mark(la_source *s);

/* The failure that LA_SOURCE_FAILED stands for. */
la_result la_source_failure(const la_source *s);

/* Reads one line into `text` (LA_SOURCE_RECORD_MAX bytes) without its LF or CRLF. TOO_LARGE, IO. */
la_result la_source_line(la_source *s, char *text, size_t *ret_n, bool *ret_end);

#endif
