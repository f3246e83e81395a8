/* Bytes between a connection and its socket: as they are, or through TLS. */
#include "server/http/connection.h"

#include "base/log.h"

#include <errno.h>
#include <sys/socket.h>

ssize_t la_http_transfer_read(la_http_connection *c, void *p, size_t n)
{
    if (c->is_tls)
        return la_tls_read(c->tls, p, n, true);
    return recv(c->fd, p, n, 0);
}

ssize_t la_http_transfer_write(la_http_connection *c, const void *p, size_t n)
{
    if (c->is_tls)
        return la_tls_write(c->tls, p, n);
    return send(c->fd, p, n, MSG_NOSIGNAL);
}

static bool wants_input(const la_http_connection *c)
{
    return !c->unsent && (c->phase == LA_PHASE_START || c->phase == LA_PHASE_HEAD || c->phase == LA_PHASE_BODY);
}

/* The socket would not report these bytes again. A record that is not whole yet gives none, and the socket will. */
bool la_http_transfer_more(la_http_connection *c)
{
    if (!wants_input(c) || !la_tls_has_pending(c->tls))
        return false;
    if (c->in_end == c->in_capacity) {
        size_t room = (c->in_end - c->in_start) * 2;
        if (!la_http_input_room(c, room > LA_HTTP_INPUT_BYTES ? room : LA_HTTP_INPUT_BYTES)) {
            la_http_connection_close(c);
            return false;
        }
    }
    ssize_t n = la_tls_read(c->tls, c->in + c->in_end, c->in_capacity - c->in_end, false);
    if (n <= 0)
        return false; /* an end or an error is found again by the next read */
    c->in_end += (size_t)n;
    return true;
}

static void log_failure(const la_http_connection *c, la_tls_failure why)
{
    if (la_log_get_level() > LA_LOG_DEBUG)
        return;
    la_log_begin(LA_LOG_DEBUG, "tls_failed");
    la_log_text("reason", la_slice_of(la_tls_failure_name(why)));
    la_log_text("message", la_slice_of(la_tls_failure_text(c->tls)));
    la_log_text("address", la_slice_of(c->client_address));
    la_log_end();
    la_log_flush();
}

bool la_http_transfer_refuse(la_http_connection *c)
{
    if (la_tls_failure_of(c->tls) != LA_TLS_PLAIN_HTTP)
        return false;
    la_http_transfer_end(c);
    c->is_tls = false;
    return true;
}

void la_http_transfer_end(la_http_connection *c)
{
    if (!c->tls)
        return;
    la_tls_failure why = la_tls_failure_of(c->tls);
    if (why != LA_TLS_FAILURE_COUNT)
        log_failure(c, why);
    c->tls = la_tls_free(c->tls);
}
