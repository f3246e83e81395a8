#include "server/proxies/forged.h"

#include "base/clock.h"
#include "base/log.h"

enum { LINE_EVERY_US = 10000000 };

void la_forged_note(la_forged *f, la_counters *counters, const la_http_request *request)
{
    int64_t now_us = la_clock_monotonic_us();

    la_count(&counters->forged_certificates, 1);
    if (now_us < f->next_line_us) {
        f->unlogged++;
        return;
    }
    f->next_line_us = now_us + LINE_EVERY_US;
    la_log_begin(LA_LOG_WARN, "client_certificate_forged");
    la_log_text("request_id", la_slice_of(request->request_id));
    la_log_text("address", request->client_address);
    la_log_text("message",
                LA_SLICE("a client certificate header came from an address that is no proxy's; it was ignored"));
    la_log_int("unlogged", (int64_t)f->unlogged);
    la_log_end();
    f->unlogged = 0;
}
