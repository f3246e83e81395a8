/* The part of the metrics that is about the tables that all loops share. */
#include "server/metrics/exposition.h"

void la_metrics_write_tables(const la_metrics_gauges *g, la_buffer *b)
{
    la_exposition_single(b, "leanauth_replay_entries", "gauge",
                         "Used jti of assertions and proofs that are remembered.", g->replay_entries);
    la_exposition_single(b, "leanauth_replay_refused_full_total", "counter",
                         "Assertions and proofs refused because no further jti could be remembered.",
                         g->replay_refused_full);
    la_exposition_single(b, "leanauth_jwks_fetches_total", "counter",
                         "Key sets of clients that were asked for at their jwks_uri.", g->jwks_fetches);
    la_exposition_single(b, "leanauth_jwks_fetch_failures_total", "counter", "Of them, those that brought no key set.",
                         g->jwks_fetch_failures);
    la_exposition_single(b, "leanauth_tokens_kept", "gauge", "Tokens that may be given again.", g->tokens_kept);
}
