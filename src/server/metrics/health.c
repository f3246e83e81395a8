#include "server/metrics/health.h"

int64_t la_health_stale_s(const la_health *h, int64_t now_ms)
{
    int64_t reached_at_ms = atomic_load_explicit(&h->reached_at_ms, memory_order_relaxed);

    if (reached_at_ms == 0)
        return -1;
    return now_ms > reached_at_ms ? (now_ms - reached_at_ms) / 1000 : 0;
}

bool la_health_is_ready(const la_health *h, uint32_t max_stale_s, int64_t now_ms)
{
    int64_t stale_s = la_health_stale_s(h, now_ms);

    if (atomic_load_explicit(&h->draining, memory_order_relaxed) ||
        !atomic_load_explicit(&h->filled, memory_order_relaxed))
        return false;
    return max_stale_s == 0 || (stale_s >= 0 && stale_s <= max_stale_s);
}
