/* The log line of a token request, and of a request that never became one. Never holds a secret, a token or an assertion. */
#ifndef LA_SERVER_REQUEST_LOG_H
#define LA_SERVER_REQUEST_LOG_H

#include "config/config.h"
#include "oauth/token.h"
#include "server/metrics/metrics.h"

typedef struct la_request_log_entry {
    la_slice request_id;
    la_slice environment;
    la_slice address;
    const uint8_t *thumbprint; /* of the client's certificate; NULL where it has none */
    const la_token_outcome *outcome;
    int64_t duration_us;
} la_request_log_entry;

/* The class of what was granted; LA_CLASS_COUNT unless something was. */
la_token_class la_token_class_of(const la_token_outcome *outcome);

/* {"event":"token","request_id","environment","client_id","outcome","scope","address","client_certificate","duration_us"}; true where a line was
 * gathered, so that it has to be flushed some time. */
bool la_request_log_token(la_request_log mode, const la_request_log_entry *entry);

/* The same with {"event":"verify"}: of a token that a protected resource asked about. */
typedef struct la_verify_log_entry {
    la_slice request_id;
    la_slice environment;
    la_slice address;
    la_slice client_id; /* of the token, where it is ours; else absent */
    la_slice audience;
    la_code code;
    int64_t duration_us;
} la_verify_log_entry;
bool la_request_log_verify(la_request_log mode, const la_verify_log_entry *entry);

/* The same for introspection and revocation: `what` says what came of it, unless it was refused. */
typedef struct la_holder_log_entry {
    const char *event; /* "introspection", "revocation" */
    la_slice request_id;
    la_slice environment;
    la_slice address;
    la_slice client_id; /* who asked; absent where that is not known */
    la_code code;
    const char *what;
    int64_t duration_us;
} la_holder_log_entry;
bool la_request_log_holder(la_request_log mode, const la_holder_log_entry *entry);

typedef struct la_admin_log_entry {
    la_slice request_id;
    la_slice path;
    la_slice address;
    int status;
    int64_t duration_us;
} la_admin_log_entry;

/* {"event":"admin","request_id","status","path","address","duration_us"}. The path of what was refused is left out: people paste
 * secrets into the wrong field, and those end in a path that does not exist. */
void la_request_log_admin(la_request_log mode, const la_admin_log_entry *entry);

/* {"event":"http_refused","request_id","reason","address"} */
bool la_request_log_refused(la_request_log mode, la_code code, la_slice address, la_slice request_id);

#endif
