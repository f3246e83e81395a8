/*
 * One connection: reads, finds requests, hands them to the handler one at a time, closes. What a request means is the
 * handler's; what a section or a chunk means is that of head.c and chunked.c.
 */
#include "server/http/connection.h"

#include "oauth/token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static la_http_connection *connection_of(const la_http_exchange *x)
{
    return (la_http_connection *)((char *)(uintptr_t)x - offsetof(la_http_connection, exchange));
}

static size_t available(const la_http_connection *c)
{
    return c->in_end - c->in_start;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void arm(la_http_connection *c, int events)
{
    if (c->events == events)
        return;
    c->events = events;
    if (events)
        uv_poll_start(&c->poll, events, on_poll);
    else
        uv_poll_stop(&c->poll);
}

/* ---- closing ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    la_http_connection *c = handle->data;
    la_http_server *s = c->server;
    c->handle_closed = true;
    if (!c->exchange.open)
        free(c);
    la_http_server_handle_closed(s);
}

void la_http_connection_close(la_http_connection *c)
{
    la_http_server *s = c->server;
    if (c->phase == LA_PHASE_CLOSED)
        return;
    c->phase = LA_PHASE_CLOSED;
    la_http_wait_none(c);
    if (s->out_owner == c) {
        s->out_owner = NULL;
        s->out_n = 0;
    }
    uv_close((uv_handle_t *)&c->poll, on_handle_closed);
    la_http_transfer_end(c);
    close(c->fd);
    c->fd = -1;
    if (c->counted)
        la_census_leave(s->census, &c->census_key);
    else
        s->n_uncounted--;
    la_http_output_forget(c);
    if (c->exchange.open)
        s->n_detached++; /* its slices point into the input, which stays until it is answered */
    else
        la_http_input_release(c);
}

/* ---- refusing ---- */

static const char *refusal_headers(la_code code)
{
    switch ((int)code) {
    case LA_OVERLOADED:
    case LA_NO_MEMORY:
        return "Cache-Control: no-store\r\nRetry-After: 1\r\n";
    case LA_HTTP_CONTENT_ENCODING:
        return "Cache-Control: no-store\r\nAccept-Encoding: identity\r\n"; /* RFC 9110 12.5.3 */
    default:
        return "Cache-Control: no-store\r\n";
    }
}

static void refuse(la_http_connection *c, la_code code)
{
    char memory[1024];
    la_buffer body;
    la_buffer_init_fixed(&body, memory, sizeof memory);
    la_oauth_write_error(code, &body);
    char request_id[17];
    la_http_output_request_id(c->server, request_id);
    la_http_response response = {
        .status = la_result_info_of(code)->http_status,
        .content_type = LA_SLICE("application/json"),
        .headers = la_slice_of(refusal_headers(code)),
        .body = la_buffer_slice(&body),
        .close = true,
    };
    la_http_output_response(c, request_id, &response);
    if (c->phase != LA_PHASE_CLOSED)
        c->phase = LA_PHASE_ENDING;
    if (c->server->refused)
        c->server->refused(c->server->self, code, la_slice_of(c->client_address), request_id);
}

/* ---- an exchange ---- */

/* The request is whole: its body is what follows the head. */
static void dispatch(la_http_connection *c, size_t body_n, size_t request_n)
{
    la_code code = la_http_exchange_begin(c, body_n);
    if (code != LA_OK) {
        refuse(c, code);
        return;
    }
    c->request_n = request_n;
    c->phase = LA_PHASE_EXCHANGE;
    c->server->handler(c->server->self, &c->exchange);
}

void la_http_respond(la_http_exchange *x, const la_http_response *response)
{
    la_http_connection *c = connection_of(x);
    la_http_server *s = c->server;
    la_http_response answer = *response;
    answer.close = response->close || !c->head.keep_alive || s->draining;
    la_http_output_response(c, x->request.request_id, &answer);
    la_http_exchange_end(c);
    if (c->phase == LA_PHASE_CLOSED) {
        la_http_input_release(c);
        s->n_detached--;
        if (c->handle_closed)
            free(c);
        la_http_server_check_drained(s);
        return;
    }
    c->in_start += c->request_n;
    c->phase = answer.close ? LA_PHASE_ENDING : LA_PHASE_START;
    c->may_skip_crlf = true;
    c->answered = true;
    if (!c->in_process)
        la_http_connection_process(c);
}

/* ---- finding requests in what was read; each step says whether the next may follow ---- */

static bool step_start(la_http_connection *c)
{
    const char *p = c->in + c->in_start;
    if (available(c) == 0)
        return false;
    if (c->may_skip_crlf && p[0] == '\r') {
        if (available(c) == 1)
            return false;
        if (p[1] == '\n') {
            c->may_skip_crlf = false;
            c->in_start += 2;
            return true;
        }
    }
    c->phase = LA_PHASE_HEAD;
    c->answers_head = false;
    la_http_scan_init(&c->scan, true);
    return true;
}

static la_code begin_body(la_http_connection *c)
{
    c->head_n = c->scan.at;
    la_code code = la_http_head_parse(c->in + c->in_start, c->head_n, &c->head);
    c->answers_head = c->head.method == LA_HEAD;
    if (code != LA_OK)
        return code;
    if (c->head.content_length > c->server->limits.body_bytes)
        return LA_HTTP_BODY_TOO_LARGE;
    c->phase = LA_PHASE_BODY;
    c->body_n = 0;
    c->raw_at = 0;
    if (c->head.chunked)
        la_http_chunked_init(&c->chunked);
    else if (!la_http_input_room(c, c->head_n + (size_t)c->head.content_length))
        return LA_NO_MEMORY;
    if (c->head.expects_continue && available(c) == c->head_n)
        la_http_output_add(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    return LA_OK;
}

static la_code scan_head(la_http_connection *c, bool *ret_done)
{
    uint32_t most = c->server->limits.header_bytes;
    bool is_over = available(c) > most;
    switch (la_http_scan_more(&c->scan, c->in + c->in_start, is_over ? most : available(c))) {
    case LA_SCAN_MORE:
        return is_over ? LA_HTTP_HEADER_TOO_LARGE : LA_OK;
    case LA_SCAN_END:
        *ret_done = true;
        return LA_OK;
    case LA_SCAN_MANY:
        return LA_HTTP_HEADER_TOO_LARGE;
    case LA_SCAN_BAD:
    default:
        return LA_HTTP_MALFORMED;
    }
}

static bool step_head(la_http_connection *c)
{
    bool done = false;
    la_code code = scan_head(c, &done);
    if (code == LA_OK && done)
        code = begin_body(c);
    if (code != LA_OK)
        refuse(c, code);
    return code == LA_OK && done;
}

static bool step_chunked(la_http_connection *c)
{
    char *body = c->in + c->in_start + c->head_n;
    size_t n = available(c) - c->head_n;
    bool done = false;
    la_code code = la_http_chunked_more(&c->chunked, body, &c->body_n, &c->raw_at, n, c->server->limits.body_bytes,
                                        &done);
    if (code != LA_OK) {
        refuse(c, code);
        return false;
    }
    if (done) {
        dispatch(c, c->body_n, c->head_n + c->raw_at);
        return true;
    }
    if (c->in_dirty < c->in_end)
        c->in_dirty = c->in_end;
    memmove(body + c->body_n, body + c->raw_at, n - c->raw_at);
    c->in_end -= c->raw_at - c->body_n;
    c->raw_at = c->body_n;
    return false;
}

static bool step_body(la_http_connection *c)
{
    if (c->head.chunked)
        return step_chunked(c);
    size_t n = (size_t)c->head.content_length;
    if (available(c) - c->head_n < n)
        return false;
    dispatch(c, n, c->head_n + n);
    return true;
}

static bool step(la_http_connection *c)
{
    if (c->unsent)
        return false;
    switch (c->phase) {
    case LA_PHASE_START:
        return step_start(c);
    case LA_PHASE_HEAD:
        return step_head(c);
    case LA_PHASE_BODY:
        return step_body(c);
    case LA_PHASE_EXCHANGE:
    case LA_PHASE_ENDING:
    case LA_PHASE_LINGER:
    case LA_PHASE_CLOSED:
    default:
        return false;
    }
}

/* Between requests, or within one. */
static void wait_for_input(la_http_connection *c)
{
    bool partial = c->phase != LA_PHASE_START || available(c) > 0;
    if (!partial) {
        la_http_input_release(c);
        if (c->server->draining) {
            la_http_connection_close(c);
            return;
        }
    }
    la_http_wait wait = partial ? LA_WAIT_REQUEST : LA_WAIT_IDLE;
    if (c->answered || c->wait != LA_WAIT_REQUEST)
        la_http_wait_for(c, wait);
    c->answered = false;
    arm(c, UV_READABLE);
}

/* What the connection waits for now. */
static void settle(la_http_connection *c)
{
    if (c->phase == LA_PHASE_CLOSED)
        return;
    if (c->unsent) {
        if (c->wait != LA_WAIT_WRITE)
            la_http_wait_for(c, LA_WAIT_WRITE);
        arm(c, UV_WRITABLE);
        return;
    }
    if (c->phase == LA_PHASE_EXCHANGE) {
        if (c->wait != LA_WAIT_HANDLER)
            la_http_wait_for(c, LA_WAIT_HANDLER);
        arm(c, c->events & UV_READABLE);
        return;
    }
    if (c->phase != LA_PHASE_ENDING) {
        wait_for_input(c);
        return;
    }
    /* RFC 9112 9.6: closing with unread bytes would reset the connection and could take the answer away. */
    la_http_transfer_end(c);
    shutdown(c->fd, SHUT_WR);
    c->phase = LA_PHASE_LINGER;
    la_http_input_release(c);
    la_http_wait_for(c, LA_WAIT_LINGER);
    arm(c, UV_READABLE);
}

void la_http_connection_process(la_http_connection *c)
{
    if (c->in_process)
        return;
    c->in_process = true;
    do {
        while (step(c))
            ;
    } while (c->tls && la_http_transfer_more(c));
    la_http_output_flush(c);
    c->in_process = false;
    settle(c);
}

/* ---- the socket ---- */

static bool is_temporary(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static void read_and_drop(la_http_connection *c)
{
    char dropped[16384];
    ssize_t n = recv(c->fd, dropped, sizeof dropped, 0);
    if (n < 0 && is_temporary(errno))
        return;
    c->lingered += n > 0 ? (size_t)n : 0;
    if (n <= 0 || c->lingered > LA_HTTP_LINGER_BYTES)
        la_http_connection_close(c);
}

static void end_of_input(la_http_connection *c)
{
    la_tls_failure failure = c->tls ? la_tls_failure_of(c->tls) : LA_TLS_FAILURE_COUNT;
    if (failure == LA_TLS_FAILURE_COUNT || failure == LA_TLS_CLOSED) {
        la_http_connection_close(c);
        return;
    }
    c->phase = LA_PHASE_ENDING; /* lingers, so that the alert reaches the client */
    if (la_http_transfer_refuse(c))
        refuse(c, LA_HTTP_PLAIN);
    la_http_output_flush(c);
    settle(c);
}

static void read_more(la_http_connection *c)
{
    if (c->in_end == c->in_capacity) {
        size_t room = available(c) * 2;
        if (!la_http_input_room(c, room > LA_HTTP_INPUT_BYTES ? room : LA_HTTP_INPUT_BYTES)) {
            la_http_connection_close(c);
            return;
        }
    }
    ssize_t n = la_http_transfer_read(c, c->in + c->in_end, c->in_capacity - c->in_end);
    if (n > 0) {
        c->in_end += (size_t)n;
        la_http_connection_process(c);
    } else if (n == 0 || !is_temporary(errno)) {
        end_of_input(c);
    } else {
        if (c->phase == LA_PHASE_START && available(c) == 0)
            la_http_input_release(c);
        if (c->tls)
            arm(c, la_tls_wants_write(c->tls) ? UV_WRITABLE : UV_READABLE);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    la_http_connection *c = poll->data;
    if (c->phase == LA_PHASE_CLOSED)
        return;
    if (status < 0) {
        la_http_connection_close(c);
        return;
    }
    if (c->unsent) {
        la_http_output_continue(c);
        if (c->phase != LA_PHASE_CLOSED && !c->unsent)
            la_http_connection_process(c);
    } else if (c->phase == LA_PHASE_EXCHANGE) {
        arm(c, 0); /* the kernel's buffer bounds what a client may send ahead */
    } else if (c->phase == LA_PHASE_LINGER) {
        read_and_drop(c);
    } else {
        read_more(c);
    }
}

bool la_http_connection_open_tls(la_http_server *s, int fd, const void *tag, const char *client_address,
                                 const la_census_key *key, la_tls_context *tls)
{
    la_http_connection *c = calloc(1, sizeof *c);
    if (c && tls)
        c->tls = la_tls_new(tls, fd, s->tls_counters);
    if (!c || (tls && !c->tls) || uv_poll_init_socket(s->loop, &c->poll, fd) != 0) {
        if (c)
            la_tls_free(c->tls);
        free(c);
        close(fd);
        return false;
    }
    s->n_handles++;
    c->poll.data = c;
    c->server = s;
    c->listener_tag = tag;
    c->is_tls = tls != NULL;
    c->fd = fd;
    c->wait = LA_WAIT_COUNT;
    c->may_skip_crlf = true;
    snprintf(c->client_address, sizeof c->client_address, "%s", client_address);
    if (key) {
        c->counted = true;
        c->census_key = *key;
        la_http_wait_for(c, LA_WAIT_REQUEST);
        arm(c, UV_READABLE);
    } else {
        s->n_uncounted++;
        refuse(c, LA_OVERLOADED);
        la_http_output_flush(c);
        settle(c);
    }
    return true;
}

bool la_http_connection_open(la_http_server *s, int fd, const void *tag, const char *client_address,
                             const la_census_key *key)
{
    return la_http_connection_open_tls(s, fd, tag, client_address, key, NULL);
}

void la_http_connection_expired(la_http_connection *c)
{
    if (c->tls && la_tls_is_handshaking(c->tls))
        la_tls_fail(c->tls, LA_TLS_TIMEOUT);
    bool nothing_asked = c->phase == LA_PHASE_START && available(c) == 0;
    if (c->wait != LA_WAIT_REQUEST || nothing_asked) {
        la_http_connection_close(c);
        return;
    }
    refuse(c, LA_HTTP_TIMEOUT);
    la_http_output_flush(c);
    settle(c);
}

void la_http_connection_drain(la_http_connection *c)
{
    if (c->phase != LA_PHASE_START || available(c) > 0 || c->unsent || (c->tls && la_tls_is_handshaking(c->tls)))
        return;
    read_more(c);
    if (c->phase == LA_PHASE_START && available(c) == 0 && !c->unsent)
        la_http_connection_close(c);
}
