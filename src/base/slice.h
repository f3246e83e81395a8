/* A view of bytes that somebody else owns. Not zero-terminated. */
#ifndef LA_BASE_SLICE_H
#define LA_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct la_slice {
    const char *p; /* NULL means absent, which is not the same as empty */
    size_t n;      /* bytes */
} la_slice;

#define LA_SLICE(literal) ((la_slice){"" literal, sizeof(literal) - 1})
#define LA_SLICE_INIT(literal)          \
    {                                   \
        "" literal, sizeof(literal) - 1 \
    } /* where C wants a constant */
#define LA_NO_SLICE ((la_slice){NULL, 0})

/* For printf("%.*s"). */
#define LA_FMT(s) (int)(s).n, (s).p ? (s).p : ""

static inline la_slice la_slice_of(const char *text)
{
    return (la_slice){text, text ? strlen(text) : 0};
}

static inline bool la_slice_equal(la_slice a, la_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool la_slice_is(la_slice a, const char *text)
{
    return la_slice_equal(a, la_slice_of(text));
}

static inline bool la_slice_starts(la_slice a, la_slice prefix)
{
    return a.n >= prefix.n && memcmp(a.p, prefix.p, prefix.n) == 0;
}

/* ASCII letters compare without case; every other byte as it is. */
bool la_slice_equal_nocase(la_slice a, la_slice b);

/* Gives the part before `separator` and moves `rest` behind it; false where `rest` is used up. The
 * last part may be empty ("a," gives "a" and ""). */
bool la_slice_split(la_slice *rest, char separator, la_slice *ret_part);

/* Without blanks (SP, HTAB) at both ends. */
la_slice la_slice_trim(la_slice s);

/* Well-formed UTF-8 (RFC 3629 3): no overlong form, no surrogate, nothing past U+10FFFF. Empty is well-formed. */
bool la_slice_is_utf8(la_slice s);

/* Bytes of the well-formed sequence that `s` begins with (1 to 4); 0 where it begins with none. */
size_t la_utf8_sequence(la_slice s);

/* Decimal digits only, no sign, at most `max`; false otherwise. */
bool la_slice_to_u64(la_slice s, unsigned long long max, unsigned long long *ret);

#endif
