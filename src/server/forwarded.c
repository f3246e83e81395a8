#include "server/forwarded.h"

#include "base/secret.h"
#include "server/proxy_fields.h"

#define FORWARDED_LINES_MAX 16

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

static la_code parse_certificate(la_proxy_certificate form, la_slice field, la_arena *arena, la_slice *ret)
{
    la_result r = la_error(LA_INVALID);
    switch (form) {
    case LA_PROXY_CERTIFICATE_CLIENT_CERT:
        r = la_client_cert_parse(field, arena, ret);
        break;
    case LA_PROXY_CERTIFICATE_ESCAPED_PEM:
        r = la_escaped_pem_parse(field, arena, ret);
        break;
    case LA_PROXY_CERTIFICATE_XFCC:
        r = la_xfcc_parse(field, arena, ret);
        break;
    case LA_PROXY_CERTIFICATE_NONE:
    default:
        break;
    }
    return la_is_ok(r) || r.code == LA_NO_MEMORY ? r.code : LA_HTTP_CLIENT_CERTIFICATE;
}

/* Where proxies hand certificates on, one that was shown in TLS is the proxy's own, and nobody's proof. */
static la_code apply_certificate(const la_proxies_config *proxies, bool from_proxy, la_slice section, la_arena *arena,
                                 la_http_request *request)
{
    la_slice field;
    size_t n = la_forwarded_fields(section, proxies->certificate_header, &field, 1);
    if (!from_proxy) {
        request->has_forged_certificate = n > 0;
        return LA_OK;
    }
    request->client_certificate = LA_NO_SLICE;
    request->client_thumbprint = NULL;
    request->n_client_chain = 0;
    if (n == 0 || (n == 1 && field.n == 0)) /* an empty value says that there is none */
        return LA_OK;
    if (n > 1)
        return LA_HTTP_CLIENT_CERTIFICATE;
    la_code code = parse_certificate(proxies->certificate, field, arena, &request->client_certificate);
    if (code != LA_OK)
        return code;
    uint8_t *thumbprint = la_arena_take(arena, LA_SHA256_BYTES);
    if (!thumbprint)
        return LA_NO_MEMORY;
    la_sha256(request->client_certificate.p, request->client_certificate.n, thumbprint);
    request->client_thumbprint = thumbprint;
    return LA_OK;
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
