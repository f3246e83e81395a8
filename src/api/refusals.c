#include "api/refusals.h"

#include "base/secret.h"

#define KNOWN_FOR_MINUTES 10

static uint64_t print_of(la_slice kind, la_slice a, la_slice b)
{
    const la_slice parts[] = {kind, a, b};
    uint8_t digests[3][LA_SHA256_BYTES], whole[LA_SHA256_BYTES];
    uint64_t print;
    for (unsigned i = 0; i < 3; i++)
        la_sha256(parts[i].p ? parts[i].p : "", parts[i].n, digests[i]);
    la_sha256(digests, sizeof digests, whole);
    memcpy(&print, whole, sizeof print);
    return print ? print : 1;
}

/* The caller's place; where there is none, that of whoever was refused longest ago. */
static la_api_refused_caller *find(la_api_refusals *r, uint64_t print)
{
    la_api_refused_caller *oldest = &r->callers[0];
    for (unsigned i = 0; i < LA_API_REFUSALS_CALLERS; i++) {
        if (r->callers[i].print == print)
            return &r->callers[i];
        if (r->callers[i].minute < oldest->minute)
            oldest = &r->callers[i];
    }
    *oldest = (la_api_refused_caller){.print = print};
    return oldest;
}

bool la_api_refusals_take(la_api_refusals *r, la_slice caller, int64_t now_s, uint64_t *ret_unwritten)
{
    int64_t minute = now_s / 60;
    la_api_refused_caller *c = find(r, print_of(LA_SLICE("caller"), caller, LA_NO_SLICE));
    if (minute != c->minute)
        c->this_minute = 0;
    c->minute = minute;
    if (minute != r->minute)
        r->this_minute = 0;
    r->minute = minute;
    if (c->this_minute == LA_API_REFUSALS_PER_CALLER || r->this_minute == LA_API_REFUSALS_PER_MINUTE) {
        c->unwritten++;
        return false;
    }
    c->this_minute++;
    r->this_minute++;
    *ret_unwritten = c->unwritten;
    c->unwritten = 0;
    return true;
}

bool la_api_refusals_is_new(la_api_refusals *r, la_slice address, la_slice who, int64_t now_s)
{
    int64_t minute = now_s / 60;
    la_api_refused_caller *c = find(r, print_of(LA_SLICE("login"), address, who));
    bool is_new = c->minute == 0 || minute - c->minute >= KNOWN_FOR_MINUTES;
    if (is_new)
        c->minute = minute;
    return is_new;
}
