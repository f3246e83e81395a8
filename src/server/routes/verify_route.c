/*
 * GET /oauth2/verify over HTTP, as nginx's auth_request asks it: what the proxy says of the request to the resource goes to oauth/bearer, its
 * outcome into status and header fields. Holds no protocol rule.
 */
#include "base/clock.h"
#include "oauth/bearer.h"
#include "oauth/form.h"
#include "server/metrics/request_log.h"
#include "server/proxies/forwarded.h"
#include "server/routes/routes.h"
#include "server/worker/worker.h"

#define HEADERS_MAX 6144
#define NO_STORE "Cache-Control: no-store\r\nPragma: no-cache\r\n"

typedef struct verify_call {
    la_worker *worker;
    la_http_exchange *exchange;
    const la_http_request *request;
    la_token_case judged;
    la_bearer_request asked;
    la_bearer_outcome outcome;
} verify_call;

/* A mistyped or empty parameter must not be a check that is not made: the proxy's configuration has exactly these. */
static bool is_understood(la_slice query)
{
    la_slice pair, name;

    while (la_slice_split(&query, '&', &pair)) {
        bool is_known = la_slice_split(&pair, '=', &name) &&
                        (la_slice_is(name, "audience") || la_slice_is(name, "scope"));
        if (!is_known || pair.n == 0)
            return false;
    }
    return true;
}

static la_result read_query(verify_call *c, la_arena *arena)
{
    la_form form;

    if (!is_understood(c->request->query) || !la_is_ok(la_form_parse(c->request->query, arena, &form)))
        return la_error(LA_RESOURCE_UNSAID);
    c->asked.audience = form.values[LA_PARAM_AUDIENCE];
    c->asked.scope = form.values[LA_PARAM_SCOPE];
    return la_ok();
}

/* Exactly one line, or it is as good as absent. */
static la_slice single(la_slice section, la_slice name)
{
    la_slice value = LA_NO_SLICE;

    return la_forwarded_fields(section, name, &value, 1) == 1 ? value : LA_NO_SLICE;
}

/* What only a proxy knows, and from a proxy alone. A certificate of the connection itself is the asker's, and nobody else's proof. */
static void read_proxy(verify_call *c)
{
    const la_http_request *request = c->request;
    const la_proxies_config *proxies = &c->judged.serving->snapshot->config->config.proxies;

    if (!request->from_proxy)
        return;
    c->asked.method = single(request->section, LA_SLICE("x-original-method"));
    c->asked.url = single(request->section, LA_SLICE("x-original-uri"));
    c->asked.sees_certificates = proxies->certificate != LA_PROXY_CERTIFICATE_NONE;
    if (c->asked.sees_certificates)
        c->asked.client_thumbprint = request->client_thumbprint;
}

static void add_encoded(la_buffer *b, const char *name, la_slice value)
{
    if (!value.p)
        return;
    la_buffer_add_format(b, "%s: ", name);
    la_buffer_add_percent(b, value); /* neither a line end, nor a blank that the next one would trim */
    la_buffer_add(b, LA_SLICE("\r\n"));
}

static void add_claims(const la_access_token *t, la_buffer *b)
{
    static const char *const bindings[] = {
        [LA_BINDING_NONE] = "none", [LA_BINDING_CERTIFICATE] = "certificate", [LA_BINDING_DPOP] = "dpop"};

    add_encoded(b, "X-Auth-Client-Id", t->client_id);
    add_encoded(b, "X-Auth-Subject", t->subject);
    add_encoded(b, "X-Auth-Customer-Id", t->customer_id);
    add_encoded(b, "X-Auth-Token-Id", t->jti);
    la_buffer_add_format(b, "X-Auth-Scope: %.*s\r\n", LA_FMT(t->scope));
    la_buffer_add_format(b, "X-Auth-Issued: %lld\r\nX-Auth-Expires: %lld\r\nX-Auth-Binding: %s\r\n",
                         (long long)t->issued_s, (long long)t->expires_s, bindings[t->binding.kind]);
}

/* RFC 6749 3.3; a grant has nothing else, so this holds whatever happens. */
static bool is_printable(la_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] > 0x7E)
            return false;
    return true;
}

static void write_headers(const verify_call *c, const la_token_context *context, int status, la_buffer *b)
{
    const la_bearer_outcome *o = &c->outcome;

    la_buffer_add_text(b, NO_STORE);
    if (status == 200)
        add_claims(&o->token, b);
    if (status == 401 || status == 403) {
        la_buffer_add_text(b, "WWW-Authenticate: ");
        la_bearer_write_challenge(context, &c->asked, o, b);
        la_buffer_add(b, LA_SLICE("\r\n"));
    }
    if (status == 503)
        la_buffer_add_text(b, "Retry-After: 1\r\n");
    if (o->dpop_nonce.p)
        la_buffer_add_format(b, "DPoP-Nonce: %.*s\r\n", LA_FMT(o->dpop_nonce));
}

static void respond(verify_call *c, const la_token_context *context)
{
    char header_memory[HEADERS_MAX], body_memory[1024];
    la_buffer headers, body;
    int status = la_bearer_status(&c->outcome);

    la_buffer_init_fixed(&headers, header_memory, sizeof header_memory);
    la_buffer_init_fixed(&body, body_memory, sizeof body_memory);
    write_headers(c, context, status, &headers);
    if (!la_buffer_ok(&headers) || !is_printable(c->outcome.token.scope)) {
        c->outcome.result = la_error(LA_SERVER_ERROR);
        status = 500;
        la_buffer_clear(&headers);
        la_buffer_add_text(&headers, NO_STORE);
    }
    if (status != 200)
        la_oauth_write_error(c->outcome.result.code, &body);
    la_http_respond(c->exchange, &(la_http_response){
                                     .status = status,
                                     .content_type = status == 200 ? LA_NO_SLICE : LA_SLICE("application/json"),
                                     .headers = la_buffer_slice(&headers),
                                     .body = la_buffer_slice(&body),
                                 });
}

static void note(const verify_call *c, la_code code)
{
    const la_snapshot_environment *e = &c->judged.serving->snapshot->environments[c->judged.environment];
    la_verify_log_entry entry = {
        .request_id = c->judged.request_id,
        .environment = e->config->name,
        .address = c->judged.client_address,
        .client_id = c->outcome.token.application_id ? c->outcome.token.client_id : LA_NO_SLICE,
        .audience = c->asked.audience,
        .code = code,
        .duration_us = la_clock_monotonic_us() - c->judged.started_us,
    };

    la_count(&c->worker->counters->verified[e->metrics_slot][code], 1);
    if (la_request_log_verify(c->judged.serving->snapshot->config->config.log_requests, &entry))
        la_worker_note_log(c->worker);
}

static void judge(verify_call *c, la_arena *arena, la_token_context *context)
{
    const la_snapshot_environment *e = &c->judged.serving->snapshot->environments[c->judged.environment];
    la_result r = la_token_case_open(&c->judged, arena, context);

    if (la_is_ok(r))
        r = read_query(c, arena);
    read_proxy(c);
    if (la_is_ok(r))
        la_bearer_check(context, e->verifier, &c->asked, &c->outcome);
    else
        c->outcome.result = r;
}

void la_verify_handle(const la_route_call *call)
{
    la_worker *w = call->self;
    const la_http_request *request = la_http_request_of(call->exchange);
    la_token_context context;
    verify_call c = {
        .worker = w,
        .exchange = call->exchange,
        .request = request,
        .judged =
            {
                .desk = &w->desk,
                .serving = w->serving,
                .environment = call->environment,
                .client_address = request->client_address,
                .request_id = la_slice_of(request->request_id),
                .started_us = la_clock_monotonic_us(),
            },
        .asked =
            {
                .authorization = request->authorization,
                .n_authorization = request->n_authorization,
                .dpop = request->dpop,
                .n_dpop = request->n_dpop,
            },
    };

    judge(&c, la_http_arena(call->exchange), &context);
    la_registry_view_rest(w->desk.view);
    note(&c, c.outcome.result.code);
    respond(&c, &context); /* the exchange, its arena and its bytes are gone after it */
    la_access_token_done(&c.outcome.token);
}
