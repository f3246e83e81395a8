/* Accept: types, wildcards, weights. */
#include "oauth/accept.h"

enum {
    WEIGHT_MAX = 1000,
    JSON_ANY = 1,
    JSON_APPLICATION,
    JSON_NAMED
}; /* weights in thousandths; how exactly JSON is meant */

/* RFC 9110 12.4.2: 0 or 1, and up to three digits behind the point. */
static bool read_weight(la_slice text, unsigned *ret)
{
    if (text.n == 0 || text.n > 5 || (text.p[0] != '0' && text.p[0] != '1') || (text.n > 1 && text.p[1] != '.'))
        return false;
    unsigned weight = text.p[0] == '1' ? WEIGHT_MAX : 0, digit = 100;
    for (size_t i = 2; i < text.n; i++, digit /= 10) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        weight += (unsigned)(text.p[i] - '0') * digit;
    }
    if (weight > WEIGHT_MAX)
        return false;
    *ret = weight;
    return true;
}

/* One member: its type, and its weight; false where it is malformed. */
static bool read_member(la_slice member, la_slice *ret_type, unsigned *ret_weight)
{
    la_slice part;
    *ret_weight = WEIGHT_MAX;
    if (!la_slice_split(&member, ';', &part))
        return false;
    *ret_type = la_slice_trim(part);
    while (la_slice_split(&member, ';', &part)) {
        la_slice value = la_slice_trim(part), name;
        if (!la_slice_split(&value, '=', &name))
            continue;
        if (la_slice_equal_nocase(la_slice_trim(name), LA_SLICE("q")) && !read_weight(la_slice_trim(value), ret_weight))
            return false;
    }
    return ret_type->n > 0;
}

static int json_exactness(la_slice type)
{
    if (la_slice_equal_nocase(type, LA_SLICE("application/json")))
        return JSON_NAMED;
    if (la_slice_equal_nocase(type, LA_SLICE("application/*")))
        return JSON_APPLICATION;
    return la_slice_is(type, "*/*") ? JSON_ANY : 0;
}

bool la_accept_prefers(la_slice accept, const char *type)
{
    unsigned wanted = 0, json = 0, weight;
    int exactness = 0;
    la_slice member, name;
    while (la_slice_split(&accept, ',', &member)) {
        if (!read_member(member, &name, &weight))
            continue;
        if (la_slice_equal_nocase(name, la_slice_of(type)))
            wanted = weight > wanted ? weight : wanted;
        int how = json_exactness(name);
        if (how > exactness || (how && how == exactness && weight > json)) { /* the most exact range holds */
            exactness = how;
            json = weight;
        }
    }
    return wanted > 0 && wanted >= json;
}
