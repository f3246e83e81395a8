/* The part of the metrics that is about introspection, revocation and status lists. */
#include "server/metrics/metrics.h"

#define SUM(member) la_metrics_sum(m, offsetof(la_counters, member))

static void head(la_buffer *b, const char *name, const char *type, const char *help)
{
    la_buffer_add_format(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void single(la_buffer *b, const char *name, const char *type, const char *help, uint64_t value)
{
    head(b, name, type, help);
    la_buffer_add_format(b, "%s %llu\n", name, (unsigned long long)value);
}

static void write_by_environment(const la_metrics *m, la_buffer *b)
{
    static const char *const states[] = {"inactive", "active"};
    unsigned n_slots = la_metrics_slots(m);

    head(b, "leanauth_introspections_total", "counter", "Introspected tokens, by what was answered.");
    for (unsigned e = 0; e < n_slots; e++)
        for (unsigned i = 0; i < 2; i++)
            la_buffer_add_format(b, "leanauth_introspections_total{environment=\"%s\",state=\"%s\"} %llu\n",
                                 la_metrics_slot_name(m, e), states[i], (unsigned long long)SUM(introspected[e][i]));
    head(b, "leanauth_revocations_total", "counter", "Tokens that clients revoked here.");
    for (unsigned e = 0; e < n_slots; e++)
        la_buffer_add_format(b, "leanauth_revocations_total{environment=\"%s\"} %llu\n", la_metrics_slot_name(m, e),
                             (unsigned long long)SUM(revoked[e]));
}

void la_metrics_write_holders(const la_metrics *m, const la_metrics_gauges *g, la_buffer *b)
{
    static const char *const endpoints[LA_HOLDER_ENDPOINTS] = {"introspection", "revocation"};
    const char *refused = "leanauth_holder_refusals_total";

    write_by_environment(m, b);
    head(b, refused, "counter", "Refused requests to introspect or revoke a token, by reason.");
    for (unsigned i = 0; i < LA_HOLDER_ENDPOINTS; i++)
        for (unsigned code = 0; code < LA_CODE_COUNT; code++) {
            uint64_t n = SUM(holder_refused[i][code]);

            if (n)
                la_buffer_add_format(b, "%s{endpoint=\"%s\",reason=\"%s\"} %llu\n", refused, endpoints[i],
                                     la_result_info_of((la_code)code)->name, (unsigned long long)n);
        }
    single(b, "leanauth_revocations_waiting", "gauge", "Revocations that wait for the store.", g->revocations_waiting);
    single(b, "leanauth_status_lists_total", "counter", "Status lists answered.", SUM(status_lists));
    single(b, "leanauth_status_lists_signed_total", "counter", "Status lists that had to be signed anew.",
           SUM(status_lists_signed));
}
