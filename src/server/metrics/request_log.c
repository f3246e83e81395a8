#include "server/metrics/request_log.h"

#include "base/base64url.h"
#include "base/log.h"
#include "base/secret.h"

#define FIELD_MAX 200 /* bytes of a value that came from outside */

static la_slice bounded(la_slice s)
{
    if (s.n > FIELD_MAX)
        s.n = FIELD_MAX;
    return s;
}

la_token_class la_token_class_of(const la_token_outcome *outcome)
{
    if (outcome->result.code != LA_OK)
        return LA_CLASS_COUNT;
    if (outcome->is_customer)
        return LA_CLASS_CUSTOMER;
    return la_slice_equal(outcome->scope, LA_SLICE("api")) ? LA_CLASS_API : LA_CLASS_OTHER;
}

/* As x5t#S256 says it (RFC 8705 3.1). */
static void log_thumbprint(const uint8_t thumbprint[LA_THUMBPRINT_BYTES])
{
    char text[LA_BASE64URL_CHARS(LA_THUMBPRINT_BYTES)];

    la_base64url_encode(thumbprint, LA_THUMBPRINT_BYTES, text);
    la_log_text("client_certificate", (la_slice){text, sizeof text});
}

bool la_request_log_token(la_request_log mode, const la_request_log_entry *entry)
{
    const la_token_outcome *o = entry->outcome;
    bool refused = o->result.code != LA_OK;

    if (mode == LA_REQUEST_LOG_NONE || (mode == LA_REQUEST_LOG_REFUSED && !refused))
        return false;
    if (la_log_get_level() > LA_LOG_INFO)
        return false;
    la_log_begin(LA_LOG_INFO, "token");
    la_log_text("request_id", entry->request_id);
    la_log_text("environment", entry->environment);
    if (o->client_id.p)
        la_log_text("client_id", bounded(o->client_id));
    la_log_text("outcome", la_slice_of(la_result_info_of(o->result.code)->name));
    if (!refused)
        la_log_text("scope", la_slice_of(la_token_class_name(la_token_class_of(o))));
    la_log_text("address", bounded(entry->address));
    if (entry->thumbprint)
        log_thumbprint(entry->thumbprint);
    la_log_int("duration_us", entry->duration_us);
    la_log_end();
    return true;
}

bool la_request_log_verify(la_request_log mode, const la_verify_log_entry *entry)
{
    if (mode == LA_REQUEST_LOG_NONE || (mode == LA_REQUEST_LOG_REFUSED && entry->code == LA_OK) ||
        la_log_get_level() > LA_LOG_INFO)
        return false;
    la_log_begin(LA_LOG_INFO, "verify");
    la_log_text("request_id", entry->request_id);
    la_log_text("environment", entry->environment);
    if (entry->client_id.p)
        la_log_text("client_id", bounded(entry->client_id));
    if (entry->audience.p)
        la_log_text("audience", bounded(entry->audience));
    la_log_text("outcome", la_slice_of(la_result_info_of(entry->code)->name));
    la_log_text("address", bounded(entry->address));
    la_log_int("duration_us", entry->duration_us);
    la_log_end();
    return true;
}

bool la_request_log_holder(la_request_log mode, const la_holder_log_entry *entry)
{
    if (mode == LA_REQUEST_LOG_NONE || (mode == LA_REQUEST_LOG_REFUSED && entry->code == LA_OK) ||
        la_log_get_level() > LA_LOG_INFO)
        return false;
    la_log_begin(LA_LOG_INFO, entry->event);
    la_log_text("request_id", entry->request_id);
    la_log_text("environment", entry->environment);
    if (entry->client_id.p)
        la_log_text("client_id", bounded(entry->client_id));
    la_log_text("outcome", la_slice_of(entry->code == LA_OK ? entry->what : la_result_info_of(entry->code)->name));
    la_log_text("address", bounded(entry->address));
    la_log_int("duration_us", entry->duration_us);
    la_log_end();
    return true;
}

void la_request_log_admin(la_request_log mode, const la_admin_log_entry *entry)
{
    bool refused = entry->status >= 400;

    if (mode == LA_REQUEST_LOG_NONE || (mode == LA_REQUEST_LOG_REFUSED && !refused))
        return;
    la_log_begin(LA_LOG_INFO, "admin");
    la_log_text("request_id", entry->request_id);
    la_log_int("status", entry->status);
    if (!refused)
        la_log_text("path", bounded(entry->path));
    la_log_text("address", bounded(entry->address));
    la_log_int("duration_us", entry->duration_us);
    la_log_end();
}

bool la_request_log_refused(la_request_log mode, la_code code, la_slice address, la_slice request_id)
{
    if (mode == LA_REQUEST_LOG_NONE || la_log_get_level() > LA_LOG_INFO)
        return false;
    la_log_begin(LA_LOG_INFO, "http_refused");
    if (request_id.n)
        la_log_text("request_id", request_id);
    la_log_text("reason", la_slice_of(la_result_info_of(code)->name));
    la_log_text("address", bounded(address));
    la_log_end();
    return true;
}
