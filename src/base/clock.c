#include "base/clock.h"

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

__attribute__((format(strftime, 2, 0))) static void format(int64_t seconds, const char *pattern, char *ret, size_t bytes)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || strftime(ret, bytes, pattern, &tm) == 0)
        ret[0] = 0;
}

void la_clock_format_rfc3339(int64_t seconds, char ret[LA_CLOCK_RFC3339_BYTES])
{
    format(seconds, "%Y-%m-%dT%H:%M:%SZ", ret, LA_CLOCK_RFC3339_BYTES);
}

/* The process never sets a locale, so the names are English. */
void la_clock_format_http(int64_t seconds, char ret[LA_CLOCK_HTTP_BYTES])
{
    format(seconds, "%a, %d %b %Y %H:%M:%S GMT", ret, LA_CLOCK_HTTP_BYTES);
}
