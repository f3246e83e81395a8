/* What is logged meanwhile, as text. */
#ifndef LA_TESTS_CAPTURED_LOG_H
#define LA_TESTS_CAPTURED_LOG_H

#include "unit.h"

#include "base/log.h"

/* Runs `write` with standard error going to a file and gives its text; valid until the next. */
static inline char *captured_log(void (*write)(void *self), void *self)
{
    static char text[262144];
    FILE *f = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_non_null(f);
    la_log_flush();
    dup2(fileno(f), STDERR_FILENO);
    write(self);
    la_log_flush();
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

#endif
