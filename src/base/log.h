/*
 * Structured logs: one JSON object a line, on standard error. Lines are gathered a thread and
 * written together (la_log_flush, each 8 KiB, and at once for a warning or worse), so that a token
 * costs no system call. Never give a secret, an assertion or a token to it.
 */
#ifndef LA_BASE_LOG_H
#define LA_BASE_LOG_H

#include "base/slice.h"

#include <stdint.h>

typedef enum la_log_level { LA_LOG_DEBUG, LA_LOG_INFO, LA_LOG_WARN, LA_LOG_ERROR } la_log_level;

void la_log_set_level(la_log_level least);
la_log_level la_log_get_level(void);

/* Command line use: plain "leanauth: message" lines instead of JSON. */
void la_log_set_plain(bool plain);

/* Starts a line {"time":…,"level":…,"event":"…"; fields follow; la_log_end writes it. One line at a
 * time a thread. A line longer than 4 KiB loses its later fields, never its form. */
void la_log_begin(la_log_level level, const char *event);
void la_log_text(const char *name, la_slice value); /* any bytes: escaped; control characters too */
void la_log_int(const char *name, int64_t value);
void la_log_end(void);

/* A whole line with a message. */
void la_log(la_log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Writes out what this thread has gathered. */
void la_log_flush(void);

#endif
