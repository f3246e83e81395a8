#include "base/clock.h"

#include <stdbool.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t la_clock_now_s(void)
{
    return read_us(CLOCK_REALTIME) / 1000000;
}

int64_t la_clock_now_us(void)
{
    return read_us(CLOCK_REALTIME);
}

int64_t la_clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t la_clock_process_cpu_us(void)
{
    return read_us(CLOCK_PROCESS_CPUTIME_ID);
}

static bool to_utc(int64_t seconds, struct tm *ret)
{
    time_t t = (time_t)seconds;
    return gmtime_r(&t, ret) != NULL;
}

void la_clock_format_rfc3339(int64_t seconds, char ret[LA_CLOCK_RFC3339_BYTES])
{
    struct tm tm;
    if (!to_utc(seconds, &tm) || strftime(ret, LA_CLOCK_RFC3339_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        ret[0] = 0;
}

/* The process never sets a locale, so the names are English. */
void la_clock_format_http(int64_t seconds, char ret[LA_CLOCK_HTTP_BYTES])
{
    struct tm tm;
    if (!to_utc(seconds, &tm) || strftime(ret, LA_CLOCK_HTTP_BYTES, "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
        ret[0] = 0;
}
