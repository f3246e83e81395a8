#include "base/uuid.h"

static const char hex[16] = "0123456789abcdef";

static bool is_dash_place(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

void la_uuid_new(la_random *random, char *ret)
{
    uint8_t bytes[16];
    la_random_take(random, bytes, sizeof bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x40); /* version 4 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80); /* variant */
    size_t at = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (is_dash_place(at))
            ret[at++] = '-';
        ret[at++] = hex[bytes[i] >> 4];
        ret[at++] = hex[bytes[i] & 15];
    }
}

bool la_uuid_is(la_slice s)
{
    static const char form[] = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";
    static const char kinds[256] = {['0' ... '9'] = 'h', ['a' ... 'f'] = 'h', ['-'] = '-'};
    int difference = 0;
    if (s.n != LA_UUID_CHARS)
        return false;
    for (size_t i = 0; i < LA_UUID_CHARS; i++)
        difference |= kinds[(unsigned char)s.p[i]] ^ form[i];
    return difference == 0;
}
