/*
 * The result of everything that can fail, and the one table of its codes (result.def).
 *
 * A la_result is a struct so that no int passes for it, and it must be looked at. What a person
 * needs to read beyond the code ("cannot open /x: Permission denied") is kept a thread, set by
 * la_fail() and read by la_detail(); the token path never sets one.
 */
#ifndef LA_BASE_RESULT_H
#define LA_BASE_RESULT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum la_code {
#define LA_RESULT(code, wire, status, sentence) LA_##code,
#include "base/result.def"
#undef LA_RESULT
    LA_CODE_COUNT
} la_code;

typedef struct [[nodiscard]] la_result {
    la_code code;
} la_result;

/* One row of result.def. `wire` is the OAuth error code (RFC 6749 5.2), NULL where a code never
 * reaches a client as such; `name` is the lower-case name that logs and metrics use. */
typedef struct la_result_info {
    const char *name;
    const char *wire;
    int http_status;
    const char *sentence;
} la_result_info;

#define la_ok() ((la_result){LA_OK})
#define la_error(code_) ((la_result){code_})

/* Failures are rare: their code stands out of the way of the rest. */
static inline bool la_is_ok(la_result r)
{
    return __builtin_expect(r.code == LA_OK, 1);
}

/* Returns the caller's function with the result of `expr` where that failed. */
#define LA_TRY(expr)                       \
    do {                                   \
        la_result la_try_result_ = (expr); \
        if (!la_is_ok(la_try_result_))     \
            return la_try_result_;         \
    } while (0)

/* For what may fail without harm: says so in the code instead of ignoring the result silently. */
#define LA_IGNORE(expr)                        \
    do {                                       \
        la_result la_ignored_result_ = (expr); \
        (void)la_ignored_result_;              \
    } while (0)

/* Gives the row of a code. Never NULL. */
const la_result_info *la_result_info_of(la_code code);

/* Sets this thread's detail (at most 511 bytes, longer ones are cut) and returns `code`. */
la_result la_fail(la_code code, const char *format, ...) __attribute__((cold, format(printf, 2, 3)));

/* Puts words before this thread's detail ("leanauth.yaml: " + detail) and returns `r` as it is. */
la_result la_fail_context(la_result r, const char *format, ...) __attribute__((cold, format(printf, 2, 3)));

/* The detail of the last la_fail() on this thread; "" where there was none. Valid until the next. */
const char *la_detail(void);

#endif
