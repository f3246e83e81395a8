/* What people and programs read: standard output is written once and checked, remarks go to standard error. */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define TEXT_BYTES 2048

la_result la_cli_write(int fd, la_slice bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return la_fail(errno == ENOSPC ? LA_FULL : LA_IO, "cannot write the output: %s", strerror(errno));
        bytes.p += n;
        bytes.n -= (size_t)n;
    }
    return la_ok();
}

/* Text that may come from a server or a file: what could steer a terminal is shown as a question mark. */
static void add_shown(la_buffer *b, la_slice text)
{
    la_slice line;
    for (bool first = true; la_slice_split(&text, '\n', &line); first = false) {
        if (!first)
            la_buffer_add_char(b, '\n');
        la_buffer_add_shown(b, line);
    }
}

/* Standard error that takes nothing cannot be told anywhere. */
static void write_error(la_buffer *b)
{
    LA_IGNORE(la_cli_write(STDERR_FILENO, la_buffer_slice(b)));
}

void la_cli_report(la_result r, const char *hint, bool json)
{
    char memory[2 * TEXT_BYTES];
    la_buffer b;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    const la_result_info *info = la_result_info_of(r.code);
    const char *detail = *la_detail() ? la_detail() : info->sentence;
    if (json) {
        la_buffer_add_text(&b, "{\"error\":");
        la_buffer_add_json(&b, la_slice_of(detail));
        la_buffer_add_text(&b, ",\"code\":");
        la_buffer_add_json(&b, la_slice_of(info->name));
        if (*hint) {
            la_buffer_add_text(&b, ",\"hint\":");
            la_buffer_add_json(&b, la_slice_of(hint));
        }
        la_buffer_add_text(&b, "}\n");
    } else {
        la_buffer_add_text(&b, "leanauth: ");
        add_shown(&b, la_slice_of(detail));
        la_buffer_add_char(&b, '\n');
        if (*hint) {
            add_shown(&b, la_slice_of(hint));
            la_buffer_add_char(&b, '\n');
        }
    }
    write_error(&b);
}

void la_cli_note(const la_cli *cli, const char *format, ...)
{
    if (cli->json)
        return;
    char text[TEXT_BYTES], memory[TEXT_BYTES + 16];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    la_buffer b;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_buffer_add_text(&b, "leanauth: ");
    add_shown(&b, la_slice_of(text));
    la_buffer_add_char(&b, '\n');
    write_error(&b);
}

void la_cli_set_hint(la_cli *cli, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(cli->hint, sizeof cli->hint, format, args);
    va_end(args);
}
