/* The part of the metrics that is about TLS and certificates. */
#include "server/metrics/exposition.h"

static void write_connections(const la_metrics *m, la_buffer *b)
{
    static const char *const versions[2] = {"1.2", "1.3"};
    static const char *const resumed[2] = {"no", "yes"};
    const char *handshakes = "leanauth_tls_handshakes_total";
    const char *failures = "leanauth_tls_failures_total";

    la_exposition_head(b, handshakes, "counter", "TLS handshakes of the token listeners.");
    for (unsigned v = 0; v < 2; v++)
        for (unsigned r = 0; r < 2; r++)
            la_buffer_add_format(b, "%s{version=\"%s\",resumed=\"%s\"} %llu\n", handshakes, versions[v], resumed[r],
                                 (unsigned long long)la_metrics_sum(m, offsetof(la_counters, tls.handshakes) +
                                                                           (2 * v + r) * sizeof(_Atomic uint64_t)));
    la_exposition_head(b, failures, "counter", "TLS connections that failed, by reason.");
    for (unsigned f = 0; f < LA_TLS_FAILURE_COUNT; f++) {
        uint64_t n = la_metrics_sum(m, offsetof(la_counters, tls.failures) + f * sizeof(_Atomic uint64_t));

        if (n)
            la_buffer_add_format(b, "%s{reason=\"%s\"} %llu\n", failures, la_tls_failure_name((la_tls_failure)f),
                                 (unsigned long long)n);
    }
}

void la_metrics_write_tls(const la_metrics *m, const la_metrics_gauges *g, la_buffer *b)
{
    const char *expiry = "leanauth_tls_certificate_expiry_seconds";
    const char *loaded = "leanauth_tls_certificates_loaded_total";
    const char *refused = "leanauth_tls_certificates_refused_total";
    const char *forged = "leanauth_forged_client_certificates_total";

    write_connections(m, b);
    la_exposition_head(b, expiry, "gauge", "Time until a certificate of this server ends.");
    for (unsigned i = 0; i < g->n_certificates; i++)
        la_buffer_add_format(b, "%s{certificate=\"%.*s\"} %lld\n", expiry, LA_FMT(g->certificates[i].name),
                             (long long)(g->certificates[i].not_after_s - g->now_ms / 1000));
    la_exposition_head(b, loaded, "counter", "Certificates read, at the start and after a change.");
    la_buffer_add_format(b, "%s %llu\n", loaded, (unsigned long long)g->certificates_loaded);
    la_exposition_head(b, refused, "counter", "Changed certificates that were unfit, so that the former stayed.");
    la_buffer_add_format(b, "%s %llu\n", refused, (unsigned long long)g->certificates_refused);
    la_exposition_head(b, forged, "counter",
                       "Requests whose client certificate header did not come from a configured proxy.");
    la_buffer_add_format(b, "%s %llu\n", forged,
                         (unsigned long long)la_metrics_sum(m, offsetof(la_counters, forged_certificates)));
}
