#include "api/percent.h"

#include "base/hex.h"

/* The byte that %HH at `at` stands for; -1 where it is none. */
static int escaped(la_slice s, size_t at)
{
    if (s.n - at < 3)
        return -1;
    int high = la_hex_value(s.p[at + 1]), low = la_hex_value(s.p[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool has_control(la_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
            return true;
    return false;
}

la_result la_api_percent_decode(la_slice encoded, bool plus, la_arena *arena, la_slice *ret)
{
    char *p = la_arena_take(arena, encoded.n + 1);
    size_t n = 0;
    if (!p)
        return la_error(LA_NO_MEMORY);
    for (size_t i = 0; i < encoded.n; i++) {
        int c = (unsigned char)encoded.p[i];
        if (c == '+' && plus) {
            c = ' ';
        } else if (c == '%') {
            c = escaped(encoded, i);
            if (c < 0)
                return la_fail(LA_INVALID, "a percent sign must be followed by two hexadecimal digits");
            i += 2;
        }
        p[n++] = (char)c;
    }
    la_slice decoded = {p, n};
    if (has_control(decoded) || !la_slice_is_utf8(decoded))
        return la_fail(LA_INVALID, "well-formed UTF-8 without control characters is expected");
    *ret = decoded;
    return la_ok();
}
