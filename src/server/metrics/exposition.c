#include "server/metrics/exposition.h"

void la_exposition_head(la_buffer *b, const char *name, const char *type, const char *help)
{
    la_buffer_add_format(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void la_exposition_single(la_buffer *b, const char *name, const char *type, const char *help, uint64_t value)
{
    la_exposition_head(b, name, type, help);
    la_buffer_add_format(b, "%s %llu\n", name, (unsigned long long)value);
}

void la_exposition_codes(const la_metrics *m, size_t offset, const char *name, const char *labels, bool with_ok,
                         la_buffer *b)
{
    for (unsigned code = 0; code < LA_CODE_COUNT; code++) {
        uint64_t n = la_metrics_sum(m, offset + code * sizeof(_Atomic uint64_t));

        if (n || (with_ok && code == LA_OK))
            la_buffer_add_format(b, "%s{%s=\"%s\"} %llu\n", name, labels, la_result_info_of((la_code)code)->name,
                                 (unsigned long long)n);
    }
}
