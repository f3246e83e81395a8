#include "server/jwks/freshness.h"

#include <curl/curl.h>

#define DELTA_MAX_S INT64_C(2147483648) /* RFC 9111 1.2.2: what is larger is this */
#define DATE_CHARS_MAX 64

void la_freshness_init(la_freshness *f)
{
    *f = (la_freshness){.max_age_s = -1, .age_s = -1, .expires_at_s = -1, .date_s = -1};
}

/* delta-seconds, also in quotes (RFC 9111 5.2). -1: something else. */
static int64_t delta_of(la_slice s)
{
    int64_t value = 0;

    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
        s = (la_slice){s.p + 1, s.n - 2};
    if (s.n == 0)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        value = value * 10 + (s.p[i] - '0');
        value = value > DELTA_MAX_S ? DELTA_MAX_S : value;
    }
    return value;
}

/* 0: no date. */
static int64_t date_of(la_slice s)
{
    char text[DATE_CHARS_MAX + 1];
    time_t at;

    if (s.n == 0 || s.n > DATE_CHARS_MAX)
        return 0;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    at = curl_getdate(text, NULL);
    return at > 0 ? (int64_t)at : 0;
}

static void note_directive(la_freshness *f, la_slice directive)
{
    const char *equals = directive.n ? memchr(directive.p, '=', directive.n) : NULL;
    la_slice name = directive, value = LA_NO_SLICE;
    int64_t max_age_s;

    if (equals) {
        name = la_slice_trim((la_slice){directive.p, (size_t)(equals - directive.p)});
        value = la_slice_trim((la_slice){equals + 1, directive.n - (size_t)(equals - directive.p) - 1});
    }
    if (la_slice_equal_nocase(name, LA_SLICE("no-store")) || la_slice_equal_nocase(name, LA_SLICE("no-cache"))) {
        f->no_cache = true;
    } else if (la_slice_equal_nocase(name, LA_SLICE("max-age"))) {
        max_age_s = delta_of(value);
        if (max_age_s < 0)
            f->no_cache = true;
        else if (f->max_age_s < 0 || max_age_s < f->max_age_s) /* said twice: the shorter */
            f->max_age_s = max_age_s;
    }
}

void la_freshness_note(la_freshness *f, la_slice line)
{
    const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
    la_slice name, value, directive;

    if (!colon)
        return;
    name = (la_slice){line.p, (size_t)(colon - line.p)};
    value = (la_slice){colon + 1, line.n - name.n - 1};
    while (value.n && (value.p[value.n - 1] == '\r' || value.p[value.n - 1] == '\n'))
        value.n--;
    value = la_slice_trim(value);
    if (la_slice_equal_nocase(name, LA_SLICE("cache-control"))) {
        while (la_slice_split(&value, ',', &directive))
            note_directive(f, la_slice_trim(directive));
    } else if (la_slice_equal_nocase(name, LA_SLICE("age"))) {
        int64_t age_s = delta_of(value);

        if (age_s > f->age_s)
            f->age_s = age_s;
    } else if (la_slice_equal_nocase(name, LA_SLICE("expires"))) {
        f->expires_at_s = date_of(value);
    } else if (la_slice_equal_nocase(name, LA_SLICE("date"))) {
        f->date_s = date_of(value);
    }
}

int64_t la_freshness_lifetime_s(const la_freshness *f, int64_t otherwise_s, int64_t now_s)
{
    int64_t lifetime_s = otherwise_s;

    if (f->no_cache)
        return 0;
    if (f->max_age_s >= 0)
        lifetime_s = f->max_age_s;
    else if (f->expires_at_s >= 0) /* by the clock that wrote it, where that says what it shows */
        lifetime_s = f->expires_at_s - (f->date_s > 0 ? f->date_s : now_s);
    if (f->age_s > 0)
        lifetime_s -= f->age_s;
    return lifetime_s > 0 ? lifetime_s : 0;
}
