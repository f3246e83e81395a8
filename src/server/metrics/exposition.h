/* The Prometheus text of the metrics, a file for each part of them. Shared by those files and nobody else. */
#ifndef LA_SERVER_EXPOSITION_H
#define LA_SERVER_EXPOSITION_H

#include "server/metrics/metrics.h"

/* Environments by slot, and the sum over all loops of the counter at this offset of la_counters. */
unsigned la_metrics_slots(const la_metrics *m);
const char *la_metrics_slot_name(const la_metrics *m, unsigned slot);
uint64_t la_metrics_sum(const la_metrics *m, size_t offset);

/* A counter of la_counters, in all: where `m` is the metrics. */
#define SUM(member) la_metrics_sum(m, offsetof(la_counters, member))

/* The two lines before the values of a metric. */
void la_exposition_head(la_buffer *b, const char *name, const char *type, const char *help);

/* A metric that is one value. */
void la_exposition_single(la_buffer *b, const char *name, const char *type, const char *help, uint64_t value);

/*
 * A value for each code that was counted, of the counters by code from this offset on. `labels` ends with the name of the code's:
 * "reason" or "endpoint=\"revocation\",reason". `with_ok`: LA_OK always has one.
 */
void la_exposition_codes(const la_metrics *m, size_t offset, const char *name, const char *labels, bool with_ok,
                         la_buffer *b);

void la_metrics_write_tls(const la_metrics *m, const la_metrics_gauges *gauges, la_buffer *ret);
void la_metrics_write_holders(const la_metrics *m, const la_metrics_gauges *gauges, la_buffer *ret);
void la_metrics_write_tables(const la_metrics_gauges *gauges, la_buffer *ret);

#endif
