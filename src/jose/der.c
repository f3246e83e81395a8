/*
 * The one DER structure that ECDSA needs, without an allocation: d2i_ECDSA_SIG and BN_bn2binpad take 0.25 us a token, 1.3 % of an
 * ES256 signature and a sixth of the budget for all else. Written as strictly as DER is: one spelling for each value.
 */
#include "jose/der.h"

#define TAG_SEQUENCE 0x30
#define TAG_INTEGER 0x02

/* Takes a header (tag, length) off `from` and gives the content; false where it is not the shortest spelling or
 * there is less content than that. Lengths over 255 do not occur. */
static bool take(la_slice *from, uint8_t tag, la_slice *ret)
{
    const uint8_t *p = (const uint8_t *)from->p;
    if (from->n < 2 || p[0] != tag)
        return false;
    size_t header = 2, n = p[1];
    if (n == 0x81 && from->n >= 3 && p[2] >= 0x80) {
        header = 3;
        n = p[2];
    } else if (n >= 0x80) {
        return false;
    }
    if (n > from->n - header)
        return false;
    *ret = (la_slice){from->p + header, n};
    from->p += header + n;
    from->n -= header + n;
    return true;
}

static bool take_number(la_slice *from, size_t width, uint8_t *ret)
{
    la_slice number;
    if (!take(from, TAG_INTEGER, &number) || number.n == 0 || (number.p[0] & 0x80))
        return false;
    if (number.p[0] == 0 && number.n > 1) {
        if (!(number.p[1] & 0x80))
            return false;
        number.p++;
        number.n--;
    }
    if (number.n > width)
        return false;
    memset(ret, 0, width - number.n);
    memcpy(ret + width - number.n, number.p, number.n);
    return true;
}

la_result la_der_to_raw(la_slice der, size_t width, uint8_t *ret)
{
    la_slice sequence;
    if (!take(&der, TAG_SEQUENCE, &sequence) || der.n != 0 || !take_number(&sequence, width, ret) ||
        !take_number(&sequence, width, ret + width) || sequence.n != 0)
        return la_fail(LA_CRYPTO, "an ECDSA signature has an unexpected form");
    return la_ok();
}

static size_t put_number(const uint8_t *raw, size_t width, uint8_t *ret)
{
    while (width > 1 && raw[0] == 0) {
        raw++;
        width--;
    }
    size_t sign = raw[0] >> 7; /* a zero octet before a number that would read as negative */
    ret[0] = TAG_INTEGER;
    ret[1] = (uint8_t)(width + sign);
    ret[2] = 0;
    memcpy(ret + 2 + sign, raw, width);
    return 2 + sign + width;
}

size_t la_der_from_raw(const uint8_t *raw, size_t width, uint8_t ret[LA_DER_SIGNATURE_MAX])
{
    uint8_t numbers[LA_DER_SIGNATURE_MAX];
    size_t n = put_number(raw, width, numbers);
    n += put_number(raw + width, width, numbers + n);
    size_t header = 0;
    ret[header++] = TAG_SEQUENCE;
    if (n >= 0x80)
        ret[header++] = 0x81;
    ret[header++] = (uint8_t)n;
    memcpy(ret + header, numbers, n);
    return header + n;
}
