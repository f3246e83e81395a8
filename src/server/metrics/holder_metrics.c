/* The part of the metrics that is about introspection, revocation and status lists. */
#include "server/metrics/exposition.h"

static void write_by_environment(const la_metrics *m, la_buffer *b)
{
    static const char *const states[] = {"inactive", "active"};
    unsigned n_slots = la_metrics_slots(m);

    la_exposition_head(b, "leanauth_introspections_total", "counter", "Introspected tokens, by what was answered.");
    for (unsigned e = 0; e < n_slots; e++)
        for (unsigned i = 0; i < 2; i++)
            la_buffer_add_format(b, "leanauth_introspections_total{environment=\"%s\",state=\"%s\"} %llu\n",
                                 la_metrics_slot_name(m, e), states[i], (unsigned long long)SUM(introspected[e][i]));
    la_exposition_head(b, "leanauth_revocations_total", "counter", "Tokens that clients revoked here.");
    for (unsigned e = 0; e < n_slots; e++)
        la_buffer_add_format(b, "leanauth_revocations_total{environment=\"%s\"} %llu\n", la_metrics_slot_name(m, e),
                             (unsigned long long)SUM(revoked[e]));
}

void la_metrics_write_holders(const la_metrics *m, const la_metrics_gauges *g, la_buffer *b)
{
    static const char *const labels[LA_HOLDER_ENDPOINTS] = {"endpoint=\"introspection\",reason",
                                                            "endpoint=\"revocation\",reason"};
    const char *refused = "leanauth_holder_refusals_total";

    write_by_environment(m, b);
    la_exposition_head(b, refused, "counter", "Refused requests to introspect or revoke a token, by reason.");
    for (unsigned i = 0; i < LA_HOLDER_ENDPOINTS; i++)
        la_exposition_codes(m, offsetof(la_counters, holder_refused[i]), refused, labels[i], false, b);
    la_exposition_single(b, "leanauth_revocations_waiting", "gauge", "Revocations that wait for the store.",
                         g->revocations_waiting);
    la_exposition_single(b, "leanauth_status_lists_total", "counter", "Status lists answered.", SUM(status_lists));
    la_exposition_single(b, "leanauth_status_lists_signed_total", "counter", "Status lists that had to be signed anew.",
                         SUM(status_lists_signed));
}
