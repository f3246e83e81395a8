/* Time. What decides anything takes the time as a value; only coordinators read a clock. */
#ifndef LA_BASE_CLOCK_H
#define LA_BASE_CLOCK_H

#include <stdint.h>

/* Seconds and microseconds since 1970-01-01 UTC. */
int64_t la_clock_now_s(void);
int64_t la_clock_now_us(void);

/* Microseconds that never run backwards; for durations and deadlines. */
int64_t la_clock_monotonic_us(void);

/* CPU time of the calling process (user and system), microseconds. */
int64_t la_clock_process_cpu_us(void);

/* "2026-08-07T10:11:12Z" (RFC 3339) and "Fri, 07 Aug 2026 10:11:12 GMT" (RFC 9110 5.6.7). */
#define LA_CLOCK_RFC3339_BYTES 32
#define LA_CLOCK_HTTP_BYTES 32
void la_clock_format_rfc3339(int64_t seconds, char ret[LA_CLOCK_RFC3339_BYTES]);
void la_clock_format_http(int64_t seconds, char ret[LA_CLOCK_HTTP_BYTES]);

#endif
