/*
 * HTTP/1.1 over one event loop (RFC 9110, 9112): listening, reading, framing, limits, writing. A request is handed to a
 * handler whole, or is refused here with a JSON error; handlers never see half of one. Only this, listener.c,
 * connection.c, deadline.c and head.c know libuv and llhttp on the request path.
 */
#ifndef LA_SERVER_HTTP_H
#define LA_SERVER_HTTP_H

#include "base/arena.h"
#include "base/result.h"
#include "config/config.h"
#include "server/message/request.h"
#include "server/tls/tls.h"

#include <uv.h>

typedef struct la_http_response {
    int status;
    la_slice content_type; /* absent: no body */
    la_slice headers;      /* ready field lines, each with CRLF; may be empty */
    la_slice body;         /* copied or written before la_http_respond returns */
    bool close;            /* close the connection after it */
} la_http_response;

typedef struct la_http_exchange la_http_exchange;

const la_http_request *la_http_request_of(const la_http_exchange *x);

/* The arena of this request: what is taken from it lives until la_http_respond returns. */
la_arena *la_http_arena(la_http_exchange *x);

/* For the handler's own use between the call and the response. */
void la_http_set_data(la_http_exchange *x, void *data);
void *la_http_data(la_http_exchange *x);

/*
 * Answers. Exactly once per exchange, from the loop's thread, in the handler or later; the exchange is gone then. A client
 * that went away in between is no error. Date, Content-Length, X-Request-Id and Connection are added here; a HEAD gets no body.
 */
void la_http_respond(la_http_exchange *x, const la_http_response *response);

typedef void (*la_http_handler)(void *self, la_http_exchange *x);

/* Called for each request that http.c refused by itself (framing, limits, timeout), for log and metrics. `request_id` is zero-terminated. */
typedef void (*la_http_refused)(void *self, la_code code, la_slice client_address, const char *request_id);

/* One server on one loop. */
typedef struct la_http_server la_http_server;

/* Counts shared by all loops of the process: connections by address and in all. */
typedef struct la_http_census la_http_census;
la_http_census *la_http_census_new(uint32_t most, uint32_t most_per_address); /* NULL: no memory */
la_http_census *la_http_census_free(la_http_census *c);
uint32_t la_http_census_connections(const la_http_census *c);
void la_http_census_set_limits(la_http_census *c, uint32_t most, uint32_t most_per_address);

la_result la_http_server_new(uv_loop_t *loop, const la_limits_config *limits, la_http_census *census,
                             la_http_handler handler, la_http_refused refused, void *self, la_http_server **ret);

/* Opens a listening socket, SO_REUSEPORT so that each loop has one of its own. The handler sees `tag`. IO with a clear
 * detail ("cannot listen on 127.0.0.1:8080: address already in use"). */
la_result la_http_bind(const la_endpoint *endpoint, int *ret_fd);

/* Takes the path of a unix socket away again; nothing to other endpoints. */
void la_http_unbind(const la_endpoint *endpoint);

/* The same for n loops at once, and fails as well where any other process listens there, one of the same user included
 * (SO_REUSEPORT alone would share the port with it). With port 0 all get the same free port. */
la_result la_http_bind_all(const la_endpoint *endpoint, unsigned n, int *ret_fds);

/* Serves connections of a listening socket; takes the descriptor. */
la_result la_http_listen(la_http_server *s, int fd, const void *tag);

/* From now on the listeners with this tag speak TLS, with this context for new connections (it is held). NULL: they go on
 * as TLS listeners and take no connection. */
void la_http_listener_set_tls(la_http_server *s, const void *tag, la_tls_context *context);

/* Whose word is taken from the next request on; stays the caller's, and valid until the next call. */
void la_http_server_set_proxies(la_http_server *s, const la_proxies_config *proxies);

/* Where handshakes and failures are counted. */
void la_http_server_set_tls_counters(la_http_server *s, la_tls_counters *counters);
/* Field lines, each with CRLF, that every response of this server gets, refusals of http.c included. The caller keeps them. */
void la_http_server_set_headers(la_http_server *s, la_slice lines);

/* New limits apply from the next connection or request. */
void la_http_server_set_limits(la_http_server *s, const la_limits_config *limits);

/* Stops listening; idle connections close, the others after their response (Connection: close). `done` is called when none is
 * left, or when deadline_ms is over and the rest was cut. */
void la_http_server_drain(la_http_server *s, uint64_t deadline_ms, void (*done)(void *self), void *self);

/*
 * After drain is done everything is given back at once. Without a drain, connections are cut and the loop has to run once more
 * for its handles to close. An exchange that is still open stays valid, and must be answered from the loop's thread.
 */
la_http_server *la_http_server_free(la_http_server *s); /* takes NULL; returns NULL */

#endif
