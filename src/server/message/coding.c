#include "server/message/coding.h"

static const char *const names[LA_CODING_COUNT] = {"br", "gzip", ""};

const char *la_coding_name(la_coding c)
{
    return names[c];
}

/* qvalue (RFC 9110 12.4.2): only "0", "0.", "0.0"… is zero. What is malformed is not, and so refuses nothing. */
static bool is_zero(la_slice q)
{
    if (q.n == 0 || q.p[0] != '0' || (q.n > 1 && q.p[1] != '.'))
        return false;
    for (size_t i = 2; i < q.n; i++)
        if (q.p[i] != '0')
            return false;
    return true;
}

/* Whether the parameters behind a coding are a weight of zero. */
static bool is_refused(la_slice parameters)
{
    la_slice part;

    while (la_slice_split(&parameters, ';', &part)) {
        part = la_slice_trim(part);
        if (part.n > 2 && (part.p[0] == 'q' || part.p[0] == 'Q') && part.p[1] == '=')
            return is_zero((la_slice){part.p + 2, part.n - 2});
    }
    return false;
}

static int coding_of(la_slice name)
{
    if (la_slice_equal_nocase(name, LA_SLICE("br")))
        return LA_CODING_BROTLI;
    if (la_slice_equal_nocase(name, LA_SLICE("gzip")) || la_slice_equal_nocase(name, LA_SLICE("x-gzip")))
        return LA_CODING_GZIP;
    return la_slice_equal_nocase(name, LA_SLICE("identity")) ? LA_CODING_IDENTITY : -1;
}

la_coding la_coding_choose(la_slice accept_encoding, unsigned offered)
{
    unsigned named = 0, accepted = 1u << LA_CODING_IDENTITY;
    bool rest_is_named = false, rest_is_accepted = false;
    la_slice member, name;

    while (accept_encoding.p && la_slice_split(&accept_encoding, ',', &member)) {
        la_slice_split(&member, ';', &name);
        name = la_slice_trim(name);
        bool refused = is_refused(member);
        int coding = coding_of(name);

        if (coding >= 0) {
            named |= 1u << coding;
            accepted = refused ? accepted & ~(1u << coding) : accepted | 1u << coding;
        } else if (la_slice_is(name, "*")) {
            rest_is_named = true;
            rest_is_accepted = !refused;
        }
    }
    if (rest_is_named)
        accepted = rest_is_accepted ? accepted | ~named : accepted & named;
    for (unsigned c = 0; c < LA_CODING_COUNT; c++)
        if (offered & accepted & 1u << c)
            return (la_coding)c;
    return LA_CODING_COUNT;
}
