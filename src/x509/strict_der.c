#include "x509/strict_der.h"

#define DEPTH_MAX 32
#define SEQUENCE 0x30
#define CONSTRUCTED 0x20
#define LONG_TAG 0x1f

/* Takes one element's head off `rest`; false where it is not DER or longer than what is there. */
static bool take(la_slice *rest, unsigned char *ret_tag, la_slice *ret_content)
{
    const unsigned char *p = (const unsigned char *)rest->p;
    if (rest->n < 2 || (p[0] & LONG_TAG) == LONG_TAG)
        return false;
    size_t length = p[1], head = 2;
    if (p[1] >= 0x80) {
        size_t n = p[1] & 0x7f;
        if (n == 0 || n > 3 || rest->n < 2 + n || p[2] == 0)
            return false;
        length = 0;
        for (size_t i = 0; i < n; i++)
            length = length << 8 | p[2 + i];
        if (length < 0x80)
            return false;
        head += n;
    }
    if (length > rest->n - head)
        return false;
    *ret_tag = p[0];
    *ret_content = (la_slice){rest->p + head, length};
    rest->p += head + length;
    rest->n -= head + length;
    return true;
}

/* Every byte belongs to the head of one element at most, so this ends after der.n / 2 of them. */
static bool is_strict(la_slice content, unsigned depth)
{
    unsigned char tag = 0;
    la_slice inner;
    while (content.n) {
        if (!take(&content, &tag, &inner))
            return false;
        if ((tag & CONSTRUCTED) && (depth == DEPTH_MAX || !is_strict(inner, depth + 1)))
            return false;
    }
    return true;
}

bool la_der_is_strict(la_slice der)
{
    unsigned char tag = 0;
    la_slice content;
    return take(&der, &tag, &content) && der.n == 0 && tag == SEQUENCE && is_strict(content, 1);
}
