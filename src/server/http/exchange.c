/* What a handler gets of a request: the parsed head, the memory of the exchange, whose certificate and whose address it is. */
#include "server/http/connection.h"

#include "server/proxies/forwarded.h"
#include "server/proxies/proxy_fields.h"

#define ARENA_FIRST_BYTES 32768
#define ARENA_MAX_BYTES 1048576

static la_arena *take_arena(la_http_server *s)
{
    if (s->n_free_arenas > 0)
        return s->free_arenas[--s->n_free_arenas];
    return la_arena_new(ARENA_FIRST_BYTES, ARENA_MAX_BYTES);
}

static void give_arena_back(la_http_server *s, la_arena *arena)
{
    la_arena_reset(arena);
    if (s->n_free_arenas < sizeof s->free_arenas / sizeof s->free_arenas[0])
        s->free_arenas[s->n_free_arenas++] = arena;
    else
        la_arena_free(arena);
}

static la_code take_chain(la_http_connection *c)
{
    la_http_exchange *x = &c->exchange;
    size_t n;
    const la_slice *sent = la_tls_client_chain(c->tls, &n);
    la_slice *chain = n ? la_arena_take(x->arena, n * sizeof *chain) : NULL;
    if (n && !chain)
        return LA_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        chain[i] = la_arena_copy(x->arena, sent[i]);
        if (!chain[i].p)
            return LA_NO_MEMORY;
    }
    x->request.client_chain = chain;
    x->request.n_client_chain = n;
    return LA_OK;
}

/* A copy, because the connection may end before its exchange does. */
static la_code take_certificate(la_http_connection *c)
{
    la_http_exchange *x = &c->exchange;
    la_slice certificate = c->tls ? la_tls_client_certificate(c->tls) : LA_NO_SLICE;
    if (!certificate.p)
        return LA_OK;
    x->request.client_certificate = la_arena_copy(x->arena, certificate);
    la_slice thumbprint = {(const char *)la_tls_client_thumbprint(c->tls), LA_THUMBPRINT_BYTES};
    x->request.client_thumbprint = (const uint8_t *)la_arena_copy(x->arena, thumbprint).p;
    return x->request.client_certificate.p && x->request.client_thumbprint ? take_chain(c) : LA_NO_MEMORY;
}

static la_code apply_proxy(la_http_connection *c, la_slice section)
{
    const la_http_server *s = c->server;
    if (c->proxies_version != s->proxies_version) {
        c->proxies_version = s->proxies_version;
        c->from_proxy = la_proxies_include(s->proxies, la_slice_of(c->client_address));
    }
    c->exchange.request.from_proxy = c->from_proxy;
    return la_forwarded_apply(s->proxies, c->from_proxy, section, c->exchange.arena, &c->exchange.request);
}

static void fill(la_http_connection *c, const char *section, size_t body_n)
{
    const la_http_head *head = &c->head;
    c->exchange.request = (la_http_request){
        .method = head->method,
        .path = head->path.at ? la_http_span_slice(section, head->path) : LA_SLICE("/"),
        .query = la_http_span_slice(section, head->query),
        .host = head->host.at ? la_http_span_slice(section, head->host) : LA_SLICE(""),
        .authorization = la_http_span_slice(section, head->authorization),
        .n_authorization = head->n_authorization,
        .dpop = la_http_span_slice(section, head->dpop),
        .n_dpop = head->n_dpop,
        .content_type = la_http_span_slice(section, head->content_type),
        .origin = la_http_span_slice(section, head->origin),
        .if_none_match = la_http_span_slice(section, head->if_none_match),
        .cookie = la_http_span_slice(section, head->cookie),
        .accept = la_http_span_slice(section, head->accept),
        .accept_encoding = la_http_span_slice(section, head->accept_encoding),
        .authority = la_http_span_slice(section, head->authority),
        .if_match = la_http_span_slice(section, head->if_match),
        .idempotency_key = la_http_span_slice(section, head->idempotency_key),
        .user_agent = la_http_span_slice(section, head->user_agent),
        .sec_fetch_site = la_http_span_slice(section, head->sec_fetch_site),
        .section = {section, c->head_n},
        .body = {section + c->head_n, body_n},
        .client_address = la_slice_of(c->client_address),
        .is_tls = c->is_tls,
        .listener_tag = c->listener_tag,
    };
}

la_code la_http_exchange_begin(la_http_connection *c, size_t body_n)
{
    const char *section = c->in + c->in_start;
    c->exchange.arena = take_arena(c->server);
    if (!c->exchange.arena)
        return LA_NO_MEMORY;
    fill(c, section, body_n);
    la_code code = take_certificate(c);
    if (code == LA_OK && c->server->proxies)
        code = apply_proxy(c, (la_slice){section, c->head_n});
    if (code != LA_OK) {
        la_http_exchange_end(c);
        return code;
    }
    la_http_output_request_id(c->server, c->exchange.request.request_id);
    c->exchange.data = NULL;
    c->exchange.open = true;
    return LA_OK;
}

void la_http_exchange_end(la_http_connection *c)
{
    give_arena_back(c->server, c->exchange.arena);
    c->exchange.arena = NULL;
    c->exchange.open = false;
}
