/*
 * The admin API, /admin/v1, without a socket: a request in, a response out. It finds who asks (an operator's session, or an
 * access token of this server), whether they may (routes.c has the one table), and calls the commands of admin/. Blocking:
 * it waits for the store and for slow password hashes, so it runs on a thread of its own, one request at a time.
 */
#ifndef LA_API_API_H
#define LA_API_API_H

#include "base/buffer.h"
#include "base/result.h"
#include "config/config.h"
#include "jose/wrap.h"

typedef enum la_api_method {
    LA_API_GET,
    LA_API_HEAD,
    LA_API_POST,
    LA_API_PATCH,
    LA_API_DELETE,
    LA_API_METHOD_OTHER
} la_api_method;

/* Absent header fields have p == NULL. The caller keeps everything alive during the call. */
typedef struct la_api_request {
    la_api_method method;
    la_slice path;  /* "/admin/v1/session", percent-encoding as sent */
    la_slice query; /* without '?' */
    la_slice host;  /* the Host field, lower case, with its port where it has one */
    la_slice origin;
    la_slice cookie;
    la_slice authorization;
    unsigned n_authorization;
    la_slice content_type;
    la_slice if_match;
    la_slice if_none_match;
    la_slice idempotency_key;
    la_slice user_agent;
    la_slice body;
    la_slice client_address; /* numeric text */
    la_slice request_id;
    bool is_tls; /* this server ended TLS itself */
} la_api_request;

/* Most bytes of a response; an export is read in pages. */
#define LA_API_BODY_MAX (16 * 1024 * 1024)

typedef struct la_api_response {
    int status;
    const char *content_type; /* NULL: no body */
    la_buffer headers; /* ready field lines, each with CRLF; Cache-Control and the security headers are the server's */
    la_buffer body;
} la_api_response;

/* What the daemon does for the API; each is called on the API's thread. */
typedef struct la_api_hooks {
    void *self;
    /* Failed logins, by address and by who was tried (email). */
    bool (*is_throttled)(void *self, la_slice address, la_slice who, uint32_t *ret_retry_after_s);
    void (*note_failed_login)(void *self, la_slice address, la_slice who);
    /* Runs a token request's form body through the same code as /oauth2/token. Appends the JSON answer; gives its status. */
    int (*issue_token)(void *self, la_slice environment, la_slice form, la_slice client_address, la_buffer *ret_body);
} la_api_hooks;

typedef struct la_api la_api;

/* `config` and `master_key` must outlive it. The store is opened at the first request, and again after it was lost (503 in
 * between). NO_MEMORY. */
la_result la_api_new(const la_config *config, la_master_key *master_key, const la_api_hooks *hooks, la_api **ret);
la_api *la_api_free(la_api *a); /* takes NULL; returns NULL */

/* Closes the store where its files are not in their place any more: while one handle of a process is open, no other one can open what has come
 * into their place (store.h). */
void la_api_look_at_store(la_api *a);

/* Answers any request below /admin/, also a malformed one. `ret` has its buffers made by la_api_response_init and is done by the
 * caller with la_api_response_done, which wipes them: secrets may be in them. */
void la_api_response_init(la_api_response *r);
void la_api_response_done(la_api_response *r);
void la_api_handle(la_api *a, const la_api_request *request, la_api_response *ret);

#endif
