/*
 * The inside of the transport, shared by its files (the library la_http) and nobody else. All of it
 * belongs to one loop's thread.
 *
 * A connection is in exactly one list of its server, named after what it waits for; each of these lists has one constant
 * duration, so that a list is ordered by deadline by itself and one timer a loop is enough.
 */
#ifndef LA_SERVER_CONNECTION_H
#define LA_SERVER_CONNECTION_H

#include "server/http/census.h"
#include "server/message/chunked.h"
#include "server/message/head.h"

#define LA_HTTP_LINGER_MS 1000
#define LA_HTTP_LINGER_BYTES 262144
#define LA_HTTP_OUTPUT_BYTES 65536 /* responses gathered before they are sent, one buffer a loop */
#define LA_HTTP_INPUT_BYTES 4096   /* first input buffer of a connection; pooled a loop */

typedef enum la_http_wait {
    LA_WAIT_REQUEST, /* for the rest of a request, or for the first one */
    LA_WAIT_IDLE,    /* for the next request */
    LA_WAIT_WRITE,   /* for the client to take what was answered */
    LA_WAIT_LINGER,  /* for the client to close, after our last byte (RFC 9112 9.6) */
    LA_WAIT_HANDLER, /* for la_http_respond; no deadline */
    LA_WAIT_COUNT
} la_http_wait;

typedef enum la_http_phase {
    LA_PHASE_START, /* no byte of the next request yet */
    LA_PHASE_HEAD,
    LA_PHASE_BODY,
    LA_PHASE_EXCHANGE, /* a handler has it */
    LA_PHASE_ENDING,   /* the last response is written or queued */
    LA_PHASE_LINGER,   /* half closed */
    LA_PHASE_CLOSED    /* no socket any more; waits for its handle and its exchange */
} la_http_phase;

typedef struct la_http_connection la_http_connection;

typedef struct la_http_list {
    la_http_connection *first, *last;
} la_http_list;

typedef struct la_http_listener {
    uv_poll_t poll;
    struct la_http_listener *next;
    la_http_server *server;
    const void *tag;
    la_tls_context *tls; /* of new connections */
    bool is_tls;         /* and stays it: without a context it takes no connection */
    int fd;
} la_http_listener;

struct la_http_exchange {
    la_http_request request;
    la_arena *arena;
    void *data;
    bool open;
};

struct la_http_connection {
    uv_poll_t poll;
    la_http_server *server;
    la_http_connection *previous, *next; /* in the list of `wait` */
    uint64_t deadline_ms;
    const void *listener_tag;
    int fd;
    int events; /* what poll is armed for */
    la_http_phase phase;
    la_http_wait wait;
    la_tls *tls;     /* NULL: plain, or after the last byte */
    bool is_tls;     /* no byte goes out in the clear */
    bool from_proxy; /* by the proxies of that version */
    bool counted;    /* by the census */
    bool handle_closed;
    bool in_process;    /* la_http_connection_process is on the stack */
    bool answers_head;  /* the present request is a HEAD */
    bool may_skip_crlf; /* before a request line, once (RFC 9112 2.2) */
    bool answered;      /* since its wait was chosen last */

    unsigned proxies_version;
    char *in; /* NULL while nothing is buffered. The present request starts at in_start */
    size_t in_capacity, in_start, in_end, in_dirty;
    size_t head_n;         /* bytes of the header section */
    size_t body_n, raw_at; /* of a chunked body: decoded so far, and where raw bytes start; both counted from head_n */
    size_t request_n;      /* bytes of the whole request, once a handler has it */
    size_t lingered;
    union {
        la_http_scan scan;
        la_http_chunked chunked;
    };
    la_http_head head;

    char *unsent; /* NULL where everything is sent */
    size_t unsent_at, unsent_n;

    la_http_exchange exchange;
    la_census_key census_key;
    char client_address[46];
};

struct la_http_server {
    uv_loop_t *loop;
    la_limits_config limits;
    la_http_census *census;
    la_http_handler handler;
    la_http_refused refused;
    void *self;
    const la_proxies_config *proxies; /* NULL: there are none */
    unsigned proxies_version;
    la_tls_counters *tls_counters; /* NULL: nobody counts */
    la_slice headers;              /* of every response */
    la_http_listener *listeners;
    la_http_list lists[LA_WAIT_COUNT];
    uv_timer_t timer; /* for the earliest deadline */
    uv_timer_t accept_timer;
    uint64_t timer_due_ms; /* 0: not armed */
    unsigned n_handles;    /* libuv handles whose close callback is to come */
    unsigned n_detached;   /* closed connections whose exchange is still open */
    unsigned n_uncounted;  /* connections that only hear that there are too many */

    bool draining, freed;
    uint64_t drain_due_ms;
    void (*drained)(void *self);
    void *drained_self;

    void *free_inputs; /* of LA_HTTP_INPUT_BYTES each, linked through their first bytes */
    unsigned n_free_inputs;
    la_arena *free_arenas[16];
    unsigned n_free_arenas;

    int64_t date_s;
    char date[32];
    uint32_t id_counter;
    char id_prefix[9];

    la_http_connection *out_owner; /* whose bytes `out` holds */
    size_t out_n;
    char out[LA_HTTP_OUTPUT_BYTES];
};

/* connection.c */

/*
 * Takes a connected, non-blocking socket. `key` NULL: it is over a limit, hears so and is closed. False where memory is
 * exhausted (the descriptor is closed). `tls` NULL: it is plain.
 */
bool la_http_connection_open_tls(la_http_server *s, int fd, const void *tag, const char *client_address,
                                 const la_census_key *key, la_tls_context *tls);
bool la_http_connection_open(la_http_server *s, int fd, const void *tag, const char *client_address,
                             const la_census_key *key);
void la_http_connection_close(la_http_connection *c);
void la_http_connection_process(la_http_connection *c);
void la_http_connection_expired(la_http_connection *c);
/* Nothing was asked: closes it, unless a request has just come in. */
void la_http_connection_drain(la_http_connection *c);

/* exchange.c */
la_code la_http_exchange_begin(la_http_connection *c, size_t body_n); /* OK, or why to refuse the request */
void la_http_exchange_end(la_http_connection *c);                     /* gives its memory back */

/* transfer.c */
ssize_t la_http_transfer_read(la_http_connection *c, void *p, size_t n);        /* as recv */
ssize_t la_http_transfer_write(la_http_connection *c, const void *p, size_t n); /* as send */
bool la_http_transfer_more(la_http_connection *c); /* input came out of what TLS had received before */
bool la_http_transfer_refuse(
    la_http_connection *c); /* TLS broke before it was up; true: it was HTTP, answer in the clear */
void la_http_transfer_end(la_http_connection *c); /* nothing more is written */

/* deadline.c */
void la_http_wait_for(la_http_connection *c, la_http_wait wait); /* moves it to that list; the time starts anew */
void la_http_wait_none(la_http_connection *c);
void la_http_timer_arm(la_http_server *s);

/* output.c */
void la_http_output_add(la_http_connection *c, const void *p, size_t n);
void la_http_output_flush(la_http_connection *c);    /* sends; what does not go stays in `unsent`; closes on an error */
void la_http_output_forget(la_http_connection *c);   /* wipes `unsent`: tokens, secrets and cookies may be in it */
void la_http_output_continue(la_http_connection *c); /* the socket takes more of `unsent` */
void la_http_output_response(la_http_connection *c, const char *request_id, const la_http_response *response);
void la_http_output_request_id(la_http_server *s, char ret[17]);

/* input.c */
bool la_http_input_room(la_http_connection *c, size_t bytes); /* room for `bytes` from in_start in all */
void la_http_input_release(la_http_connection *c);            /* wipes it: it held secrets */

/* listener.c */
void la_http_listener_close_all(la_http_server *s);
void la_http_accept_resume(uv_timer_t *timer);

/* http.c */
void la_http_server_handle_closed(la_http_server *s); /* a libuv handle of it is gone */
void la_http_server_check_drained(la_http_server *s);
void la_http_server_cut(la_http_server *s); /* closes every connection at once */

#endif
