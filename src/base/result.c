#include "base/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DETAIL_BYTES 512

static _Thread_local char detail[DETAIL_BYTES];

#define NAME_BYTES 48

/* The names of result.def in lower case, made before main: the preprocessor cannot. */
static char names[LA_CODE_COUNT][NAME_BYTES] = {
#define LA_RESULT(code, wire, status, sentence) [LA_##code] = #code,
#include "base/result.def"
#undef LA_RESULT
};

static const la_result_info infos[LA_CODE_COUNT] = {
#define LA_RESULT(code, wire, status, sentence) [LA_##code] = {names[LA_##code], wire, status, sentence},
#include "base/result.def"
#undef LA_RESULT
};

__attribute__((constructor)) static void lower_names(void)
{
    for (size_t i = 0; i < LA_CODE_COUNT; i++)
        for (char *c = names[i]; *c; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c | 0x20);
}

const la_result_info *la_result_info_of(la_code code)
{
    if ((unsigned)code >= LA_CODE_COUNT)
        return &infos[LA_SERVER_ERROR];
    return &infos[code];
}

la_result la_fail(la_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    return la_error(code);
}

la_result la_fail_context(la_result r, const char *format, ...)
{
    char before[DETAIL_BYTES];
    memcpy(before, detail, sizeof before);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof detail)
        snprintf(detail + n, sizeof detail - (size_t)n, "%s", before);
    return r;
}

const char *la_detail(void)
{
    return detail;
}
