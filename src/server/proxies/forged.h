/* Certificates that somebody claims by a header field without being a proxy: all are counted, some are logged. One loop. */
#ifndef LA_SERVER_FORGED_H
#define LA_SERVER_FORGED_H

#include "server/message/request.h"
#include "server/metrics/metrics.h"

typedef struct la_forged {
    int64_t next_line_us;
    uint64_t unlogged; /* since the last line */
} la_forged;

void la_forged_note(la_forged *f, la_counters *counters, const la_http_request *request);

#endif
