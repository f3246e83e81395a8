#include "server/proxies/forwarded.h"

#include "base/secret.h"
#include "server/proxies/proxy_fields.h"

#define FORWARDED_LINES_MAX 16
#define CHAIN_HEADER "client-cert-chain"

size_t la_forwarded_fields(la_slice section, la_slice name, la_slice *ret, size_t most)
{
    const char *end = section.p + section.n;
    const char *line = memchr(section.p, '\n', section.n); /* behind it the first field */
    size_t n = 0;
    while (line && ++line < end) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        size_t line_n = (size_t)((next ? next : end) - line);
        if (line_n > name.n && line[name.n] == ':' && la_slice_equal_nocase((la_slice){line, name.n}, name)) {
            la_slice value = {line + name.n + 1, line_n - name.n - 1};
            if (value.n > 0 && value.p[value.n - 1] == '\r')
                value.n--;
            if (n < most)
                ret[n] = la_slice_trim(value);
            n++;
        }
        line = next;
    }
    return n;
}

/* ---- the certificate, and what came behind it ---- */

static la_code refusal_of(la_result r, la_code refusal)
{
    return la_is_ok(r) || r.code == LA_NO_MEMORY ? r.code : refusal;
}

static la_code keep_chain(const la_slice *items, size_t n, la_arena *arena, la_http_request *request)
{
    la_slice *chain = n ? la_arena_take(arena, n * sizeof *chain) : NULL;
    if (n && !chain)
        return LA_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        chain[i] = items[i];
    request->client_chain = chain;
    request->n_client_chain = n;
    return LA_OK;
}

/* RFC 9440 2.3: a list, but of one line, so that nobody in front of the proxy adds to it. */
static la_code apply_client_cert_chain(la_slice section, la_arena *arena, la_http_request *request)
{
    la_slice field;
    la_der_list list;
    size_t n = la_forwarded_fields(section, LA_SLICE(CHAIN_HEADER), &field, 1);
    if (n == 0 || (n == 1 && field.n == 0))
        return LA_OK;
    if (n > 1 || !request->client_certificate.p)
        return LA_HTTP_CLIENT_CERTIFICATE_CHAIN;
    la_code code = refusal_of(la_client_cert_chain_parse(field, arena, &list), LA_HTTP_CLIENT_CERTIFICATE_CHAIN);
    return code == LA_OK ? keep_chain(list.items, list.n, arena, request) : code;
}

static la_code apply_xfcc(la_slice field, la_arena *arena, la_http_request *request)
{
    la_xfcc said;
    la_der_list list;
    la_code code = refusal_of(la_xfcc_read(field, &said), LA_HTTP_CLIENT_CERTIFICATE);
    if (code == LA_OK && said.certificate.p)
        code = refusal_of(la_escaped_pem_parse(said.certificate, arena, &request->client_certificate),
                          LA_HTTP_CLIENT_CERTIFICATE);
    if (code != LA_OK || !said.chain.p)
        return code;
    code = refusal_of(la_escaped_pem_parse_all(said.chain, arena, &list), LA_HTTP_CLIENT_CERTIFICATE_CHAIN);
    if (code != LA_OK)
        return code;
    if (!said.certificate.p)
        request->client_certificate = list.items[0];
    else if (!la_slice_equal(request->client_certificate, list.items[0]))
        return LA_HTTP_CLIENT_CERTIFICATE_CHAIN;
    return keep_chain(list.items + 1, list.n - 1, arena, request);
}

static la_code parse_certificate(la_proxy_certificate form, la_slice field, la_arena *arena, la_http_request *request)
{
    switch (form) {
    case LA_PROXY_CERTIFICATE_CLIENT_CERT:
        return refusal_of(la_client_cert_parse(field, arena, &request->client_certificate), LA_HTTP_CLIENT_CERTIFICATE);
    case LA_PROXY_CERTIFICATE_ESCAPED_PEM:
        return refusal_of(la_escaped_pem_parse(field, arena, &request->client_certificate), LA_HTTP_CLIENT_CERTIFICATE);
    case LA_PROXY_CERTIFICATE_XFCC:
        return apply_xfcc(field, arena, request);
    case LA_PROXY_CERTIFICATE_NONE:
    default:
        return LA_HTTP_CLIENT_CERTIFICATE;
    }
}

static la_code note_thumbprint(la_arena *arena, la_http_request *request)
{
    uint8_t *thumbprint = la_arena_take(arena, LA_SHA256_BYTES);
    if (!thumbprint)
        return LA_NO_MEMORY;
    la_sha256(request->client_certificate.p, request->client_certificate.n, thumbprint);
    request->client_thumbprint = thumbprint;
    return LA_OK;
}

/* An empty value says that there is none. */
static la_code apply_proxys(const la_proxies_config *proxies, la_slice section, la_arena *arena,
                            la_http_request *request)
{
    la_slice field;
    la_code code = LA_OK;
    size_t n = la_forwarded_fields(section, proxies->certificate_header, &field, 1);
    if (n > 1)
        return LA_HTTP_CLIENT_CERTIFICATE;
    if (n == 1 && field.n > 0)
        code = parse_certificate(proxies->certificate, field, arena, request);
    if (code == LA_OK && proxies->certificate == LA_PROXY_CERTIFICATE_CLIENT_CERT)
        code = apply_client_cert_chain(section, arena, request);
    if (code == LA_OK && request->client_certificate.p)
        code = note_thumbprint(arena, request);
    return code;
}

/* Where proxies hand certificates on, one that was shown in TLS is the proxy's own, and nobody's proof. */
static la_code apply_certificate(const la_proxies_config *proxies, bool from_proxy, la_slice section, la_arena *arena,
                                 la_http_request *request)
{
    la_slice unread;
    if (!from_proxy) {
        request->has_forged_certificate = la_forwarded_fields(section, proxies->certificate_header, &unread, 1) > 0 ||
                                          (proxies->certificate == LA_PROXY_CERTIFICATE_CLIENT_CERT &&
                                           la_forwarded_fields(section, LA_SLICE(CHAIN_HEADER), &unread, 1) > 0);
        return LA_OK;
    }
    request->client_certificate = LA_NO_SLICE;
    request->client_thumbprint = NULL;
    request->client_chain = NULL;
    request->n_client_chain = 0;
    return apply_proxys(proxies, section, arena, request);
}

static la_code apply_address(const la_proxies_config *proxies, la_slice section, la_arena *arena,
                             la_http_request *request)
{
    la_slice lines[FORWARDED_LINES_MAX];
    char address[LA_ADDRESS_CHARS];
    size_t n = la_forwarded_fields(section, LA_SLICE("x-forwarded-for"), lines, FORWARDED_LINES_MAX);
    if (n == 0 || n > FORWARDED_LINES_MAX || !la_forwarded_for_find(proxies, lines, n, address))
        return LA_OK; /* the proxy's own address stays */
    request->client_address = la_arena_copy(arena, la_slice_of(address));
    return request->client_address.p ? LA_OK : LA_NO_MEMORY;
}

la_code la_forwarded_apply(const la_proxies_config *proxies, bool from_proxy, la_slice section, la_arena *arena,
                           la_http_request *request)
{
    if (proxies->certificate != LA_PROXY_CERTIFICATE_NONE) {
        la_code code = apply_certificate(proxies, from_proxy, section, arena, request);
        if (code != LA_OK)
            return code;
    }
    return from_proxy && proxies->forwarded_for ? apply_address(proxies, section, arena, request) : LA_OK;
}
