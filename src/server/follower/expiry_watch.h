/*
 * Client certificates that end soon: a line in the log once a day for each, and gauges by environment. The housekeeping thread looks, by an
 * index of the store; a token request knows nothing of it.
 */
#ifndef LA_SERVER_EXPIRY_WATCH_H
#define LA_SERVER_EXPIRY_WATCH_H

#include "admin/commands.h"
#include "server/metrics/metrics.h"

typedef struct la_expiry_watch {
    int64_t next_look_s;
    int64_t last_look_s; /* 0: none yet */
} la_expiry_watch;

/* Looks, where it is time to. The gauges are by slot of `metrics`. What the store answers. */
la_result la_expiry_watch_look(la_expiry_watch *w, la_commands *c, la_metrics *metrics, int64_t now_s);

#endif
