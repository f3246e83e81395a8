/* Writes responses: gathered in the loop's buffer, sent with one system call, the rest queued at the connection. */
#include "server/http/connection.h"

#include "base/clock.h"
#include "base/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void queue(la_http_connection *c, const char *p, size_t n)
{
    if (c->phase == LA_PHASE_CLOSED || n == 0)
        return;
    char *all = malloc(c->unsent_n + n); /* no realloc: it would leave an unwiped copy behind */
    if (!all) {
        la_http_connection_close(c);
        return;
    }
    if (c->unsent) {
        memcpy(all, c->unsent, c->unsent_n);
        la_wipe(c->unsent, c->unsent_n);
        free(c->unsent);
    }
    memcpy(all + c->unsent_n, p, n);
    c->unsent = all;
    c->unsent_n += n;
}

/* Gives how many bytes went; on an error the connection is closed. */
static size_t send_some(la_http_connection *c, const char *p, size_t n)
{
    ssize_t sent;
    do
        sent = la_http_transfer_write(c, p, n);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return (size_t)sent;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        la_http_connection_close(c);
    return 0;
}

static void send_or_queue(la_http_connection *c, const char *p, size_t n)
{
    if (c->phase == LA_PHASE_CLOSED)
        return;
    size_t sent = c->unsent ? 0 : send_some(c, p, n);
    queue(c, p + sent, n - sent);
}

void la_http_output_flush(la_http_connection *c)
{
    la_http_server *s = c->server;
    if (s->out_owner != c || s->out_n == 0)
        return;
    size_t n = s->out_n;
    s->out_n = 0;
    s->out_owner = NULL;
    send_or_queue(c, s->out, n);
}

void la_http_output_forget(la_http_connection *c)
{
    if (c->unsent)
        la_wipe(c->unsent, c->unsent_n);
    free(c->unsent);
    c->unsent = NULL;
    c->unsent_at = c->unsent_n = 0;
}

void la_http_output_continue(la_http_connection *c)
{
    c->unsent_at += send_some(c, c->unsent + c->unsent_at, c->unsent_n - c->unsent_at);
    if (c->phase == LA_PHASE_CLOSED || c->unsent_at < c->unsent_n)
        return;
    la_http_output_forget(c);
}

void la_http_output_add(la_http_connection *c, const void *p, size_t n)
{
    la_http_server *s = c->server;
    if (c->phase == LA_PHASE_CLOSED || n == 0)
        return;
    if (s->out_owner && s->out_owner != c)
        la_http_output_flush(s->out_owner);
    s->out_owner = c;
    if (n > sizeof s->out - s->out_n)
        la_http_output_flush(c);
    if (n > sizeof s->out) {
        send_or_queue(c, p, n);
        return;
    }
    if (c->phase == LA_PHASE_CLOSED)
        return;
    memcpy(s->out + s->out_n, p, n);
    s->out_n += n;
    s->out_owner = c;
}

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 204:
        return "No Content";
    case 302:
        return "Found";
    case 303:
        return "See Other";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 417:
        return "Expectation Failed";
    case 421:
        return "Misdirected Request";
    case 422:
        return "Unprocessable Content";
    case 428:
        return "Precondition Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return ""; /* RFC 9112 4: may be empty */
    }
}

/* RFC 9110 6.6.1 */
static const char *date_now(la_http_server *s)
{
    int64_t now = la_clock_now_s();
    if (now != s->date_s) {
        s->date_s = now;
        la_clock_format_http(now, s->date);
    }
    return s->date;
}

static char *put(char *to, const char *p, size_t n)
{
    memcpy(to, p, n);
    return to + n;
}

static char *put_text(char *to, const char *text)
{
    return put(to, text, strlen(text));
}

static char *put_number(char *to, uint64_t v)
{
    char digits[20];
    size_t n = sizeof digits;
    do {
        digits[--n] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    return put(to, digits + n, sizeof digits - n);
}

#define PUT(to, literal) put(to, literal, sizeof(literal) - 1)

static char *put_hex(char *to, uint32_t v)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        *to++ = "0123456789abcdef"[v >> shift & 15];
    return to;
}

void la_http_output_request_id(la_http_server *s, char ret[17])
{
    if (s->id_counter == 0) {
        uint32_t random;
        la_random_bytes(&random, sizeof random);
        *put_hex(s->id_prefix, random) = 0;
    }
    memcpy(ret, s->id_prefix, 8);
    *put_hex(ret + 8, s->id_counter++) = 0;
}

void la_http_output_response(la_http_connection *c, const char *request_id, const la_http_response *response)
{
    char head[320]; /* the longest that is put here has 250 bytes */
    char *to = PUT(head, "HTTP/1.1 ");
    to = put_number(to, (uint64_t)response->status);
    *to++ = ' ';
    to = put_text(to, reason_of(response->status));
    to = PUT(to, "\r\nDate: ");
    to = put_text(to, date_now(c->server));
    to = PUT(to, "\r\nX-Request-Id: ");
    to = put_text(to, request_id);
    bool has_body = response->content_type.p && response->status != 204 && response->status != 304;
    if (has_body || (response->status != 204 && response->status != 304)) {
        to = PUT(to, "\r\nContent-Length: ");
        to = put_number(to, has_body ? response->body.n : 0);
    }
    if (response->close)
        to = PUT(to, "\r\nConnection: close");
    if (has_body)
        to = PUT(to, "\r\nContent-Type: ");
    la_http_output_add(c, head, (size_t)(to - head));
    if (has_body)
        la_http_output_add(c, response->content_type.p, response->content_type.n);
    la_http_output_add(c, "\r\n", 2);
    la_http_output_add(c, response->headers.p, response->headers.n);
    la_http_output_add(c, c->server->headers.p, c->server->headers.n);
    la_http_output_add(c, "\r\n", 2);
    if (has_body && !c->answers_head)
        la_http_output_add(c, response->body.p, response->body.n);
}
