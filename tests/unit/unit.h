/* What every unit test needs: cmocka with its headers, a folder that goes away, and checks of la_result. */
#ifndef LA_TESTS_UNIT_H
#define LA_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/result.h"
#include "base/slice.h"

#define assert_ok(expr)                                                                                   \
    do {                                                                                                  \
        la_result assert_ok_result_ = (expr);                                                             \
        if (!la_is_ok(assert_ok_result_))                                                                 \
            fail_msg("%s: %s (%s)", #expr, la_result_info_of(assert_ok_result_.code)->name, la_detail()); \
    } while (0)

#define assert_code(expr, expected)                                                                                \
    do {                                                                                                           \
        la_result assert_code_result_ = (expr);                                                                    \
        assert_string_equal(la_result_info_of(assert_code_result_.code)->name, la_result_info_of(expected)->name); \
    } while (0)

#define assert_slice(s, text)                                                               \
    do {                                                                                    \
        la_slice assert_slice_ = (s);                                                       \
        assert_int_equal(assert_slice_.n, strlen(text));                                    \
        assert_memory_equal(assert_slice_.p ? assert_slice_.p : "", text, assert_slice_.n); \
    } while (0)

/* A new empty folder; the test removes it with unit_rmdir. */
static inline char *unit_mkdir(void)
{
    const char *base = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/leanauth-unit-XXXXXX", base ? base : "/tmp") < 0 || !mkdtemp(path))
        abort();
    return path;
}

static inline void unit_rmdir(char *path)
{
    char command[4200];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    if (system(command) != 0)
        abort();
    free(path);
}

#endif
