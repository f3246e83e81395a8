/* Header fields of a foreign answer. Whatever they say, it is fresh from now on for no longer than the largest max-age, or its date. */
#include "server/jwks/freshness.c"

#include <stdlib.h>

#define NOW INT64_C(1800000000)
#define OTHERWISE 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    la_slice rest = {(const char *)data, n}, line;
    la_freshness f;
    int64_t lifetime_s;

    la_freshness_init(&f);
    while (la_slice_split(&rest, '\n', &line))
        la_freshness_note(&f, line);
    lifetime_s = la_freshness_lifetime_s(&f, OTHERWISE, NOW);
    if (lifetime_s < 0 || (f.no_cache && lifetime_s > 0))
        abort();
    if (f.max_age_s > DELTA_MAX_S || f.age_s > DELTA_MAX_S || (f.max_age_s >= 0 && lifetime_s > f.max_age_s))
        abort();
    if (f.max_age_s < 0 && f.expires_at_s < 0 && lifetime_s > OTHERWISE)
        abort();
    return 0;
}
