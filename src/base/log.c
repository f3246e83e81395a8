#include "base/log.h"

#include "base/buffer.h"
#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define GATHERED_BYTES 16384
#define FLUSH_AT_BYTES 8192
#define LINE_BYTES 4096
#define MESSAGE_BYTES 1024

static _Atomic int least_level = LA_LOG_INFO;
static _Atomic bool plain_lines;

static _Thread_local char gathered[GATHERED_BYTES];
static _Thread_local size_t gathered_n;
static _Thread_local la_buffer line; /* over the free end of `gathered`; p NULL where the line is not wanted */
static _Thread_local la_log_level line_level;
static _Thread_local bool line_has_field;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void la_log_set_level(la_log_level least)
{
    atomic_store_explicit(&least_level, (int)least, memory_order_relaxed);
}

la_log_level la_log_get_level(void)
{
    return (la_log_level)atomic_load_explicit(&least_level, memory_order_relaxed);
}

void la_log_set_plain(bool plain)
{
    atomic_store_explicit(&plain_lines, plain, memory_order_relaxed);
}

static bool is_plain(void)
{
    return atomic_load_explicit(&plain_lines, memory_order_relaxed);
}

void la_log_flush(void)
{
    size_t done = 0;
    while (done < gathered_n) {
        ssize_t n = write(STDERR_FILENO, gathered + done, gathered_n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; /* a log that takes nothing (full disk, closed pipe) must not stop tokens */
        done += (size_t)n;
    }
    gathered_n = 0;
}

/* The time as text, formatted once a second a thread: the log is on the token path. */
static la_slice timestamp(int64_t now_us)
{
    static _Thread_local int64_t second = -1;
    static _Thread_local char text[LA_CLOCK_RFC3339_BYTES];
    if (second != now_us / 1000000) {
        second = now_us / 1000000;
        la_clock_format_rfc3339(second, text);
    }
    return (la_slice){text, 19}; /* without the Z: milliseconds follow */
}

static void add_milliseconds(int64_t now_us)
{
    unsigned ms = (unsigned)(now_us / 1000 % 1000);
    char text[4] = {'.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10)};
    la_buffer_add(&line, (la_slice){text, sizeof text});
}

void la_log_begin(la_log_level level, const char *event)
{
    line.p = NULL;
    if ((int)level < (int)la_log_get_level())
        return;
    if (gathered_n > GATHERED_BYTES - LINE_BYTES)
        la_log_flush();
    /* Two bytes stay free so that a line that is cut still ends in "}\n". */
    la_buffer_init_fixed(&line, gathered + gathered_n, LINE_BYTES - 2);
    line_level = level;
    line_has_field = !is_plain();
    if (is_plain()) {
        la_buffer_add(&line, LA_SLICE("leanauth: "));
        return;
    }
    int64_t now_us = la_clock_now_us();
    la_buffer_add(&line, LA_SLICE("{\"time\":\""));
    la_buffer_add(&line, timestamp(now_us));
    add_milliseconds(now_us);
    la_buffer_add(&line, LA_SLICE("Z\",\"level\":\""));
    la_buffer_add_text(&line, level_names[level]);
    la_buffer_add(&line, LA_SLICE("\",\"event\":"));
    la_buffer_add_json(&line, la_slice_of(event));
}

/* Starts a field; gives where the line stood, so that a field that does not fit is taken back whole. */
static size_t begin_field(const char *name)
{
    size_t before = line.n;
    if (is_plain()) {
        if (line_has_field)
            la_buffer_add(&line, LA_SLICE(", "));
        if (strcmp(name, "message") != 0) {
            la_buffer_add_text(&line, name);
            la_buffer_add(&line, LA_SLICE(": "));
        }
    } else {
        la_buffer_add(&line, LA_SLICE(",\""));
        la_buffer_add_text(&line, name);
        la_buffer_add(&line, LA_SLICE("\":"));
    }
    line_has_field = true;
    return before;
}

static void end_field(size_t before)
{
    if (!la_buffer_ok(&line)) {
        line.n = before;
        line.failed = false;
    }
}

void la_log_text(const char *name, la_slice value)
{
    if (!line.p)
        return;
    size_t before = begin_field(name);
    size_t quote = line.n;
    la_buffer_add_json(&line, value);
    if (is_plain() && la_buffer_ok(&line)) { /* as JSON would escape it, without the quotes */
        memmove(line.p + quote, line.p + quote + 1, line.n - quote - 2);
        line.n -= 2;
    }
    end_field(before);
}

void la_log_int(const char *name, int64_t value)
{
    if (!line.p)
        return;
    size_t before = begin_field(name);
    la_buffer_add_i64(&line, value);
    end_field(before);
}

void la_log_end(void)
{
    if (!line.p)
        return;
    line.max_bytes = line.capacity = LINE_BYTES;
    la_buffer_add(&line, is_plain() ? LA_SLICE("\n") : LA_SLICE("}\n"));
    gathered_n += line.n;
    line.p = NULL;
    if (line_level >= LA_LOG_WARN || gathered_n >= FLUSH_AT_BYTES)
        la_log_flush();
}

void la_log(la_log_level level, const char *event, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    la_log_begin(level, event);
    la_log_text("message", la_slice_of(message));
    la_log_end();
}
