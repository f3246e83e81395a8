#include "api/refusals.h"

#include "base/secret.h"

#define KNOWN_FOR_S 600

bool la_api_refusals_take(la_api_refusals *r, int64_t now_s, uint64_t *ret_unwritten)
{
    int64_t minute = now_s / 60;
    if (minute != r->minute) {
        r->minute = minute;
        r->this_minute = 0;
    }
    if (r->this_minute == LA_API_REFUSALS_PER_MINUTE) {
        r->unwritten++;
        return false;
    }
    r->this_minute++;
    *ret_unwritten = r->unwritten;
    r->unwritten = 0;
    return true;
}

static uint64_t print_of(la_slice address, la_slice who)
{
    uint8_t parts[2][LA_SHA256_BYTES], whole[LA_SHA256_BYTES];
    uint64_t print;
    la_sha256(address.p ? address.p : "", address.n, parts[0]);
    la_sha256(who.p ? who.p : "", who.n, parts[1]);
    la_sha256(parts, sizeof parts, whole);
    memcpy(&print, whole, sizeof print);
    return print;
}

bool la_api_refusals_is_new(la_api_refusals *r, la_slice address, la_slice who, int64_t now_s)
{
    uint64_t print = print_of(address, who);
    for (unsigned i = 0; i < LA_API_REFUSALS_KNOWN; i++)
        if (r->known[i] == print && now_s - r->known_at_s[i] < KNOWN_FOR_S)
            return false;
    r->known[r->next] = print;
    r->known_at_s[r->next] = now_s;
    r->next = (r->next + 1) % LA_API_REFUSALS_KNOWN;
    return true;
}
