#include "server/message/head.h"

#include "server/message/authority.h"

#include <llhttp.h>

/* Fields that steer the framing and are not part of la_http_head. */
typedef struct head_parser {
    llhttp_t llhttp; /* first: the callbacks get its address */
    char *section;
    la_http_head *head;
    la_slice target;
    la_slice name;
    la_slice value;
    la_http_span transfer_encoding;
    la_http_span content_length;
    la_http_span content_encoding;
    la_http_span expect;
    la_code code; /* why a callback stopped */
} head_parser;

static void join(la_slice *span, const char *at, size_t n)
{
    if (!span->p)
        *span = (la_slice){at, n};
    else
        span->n = (size_t)(at + n - span->p);
}

static int on_url(llhttp_t *llhttp, const char *at, size_t n)
{
    join(&((head_parser *)llhttp)->target, at, n);
    return 0;
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t n)
{
    join(&((head_parser *)llhttp)->name, at, n);
    return 0;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t n)
{
    join(&((head_parser *)llhttp)->value, at, n);
    return 0;
}

/* For a field that may come once. */
static bool keep_single(const head_parser *p, la_slice value, la_http_span *ret)
{
    if (ret->at)
        return false;
    *ret = (la_http_span){(uint32_t)(value.p - p->section), (uint32_t)value.n};
    return true;
}

static bool keep_first(const head_parser *p, la_slice value, la_http_span *ret)
{
    if (!ret->at)
        (void)keep_single(p, value, ret);
    return true;
}

static bool is_name(la_slice name, const char *lower)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != lower[i])
            return false;
    }
    return true;
}

static bool keep_field(head_parser *p, la_slice name, la_slice value)
{
    la_http_head *head = p->head;
    switch (name.n) {
    case 4:
        if (is_name(name, "dpop")) {
            head->n_dpop++;
            return keep_first(p, value, &head->dpop);
        }
        return !is_name(name, "host") || keep_single(p, value, &head->host);
    case 6:
        if (is_name(name, "accept"))
            return keep_first(p, value, &head->accept);
        if (is_name(name, "cookie"))
            return keep_single(p, value, &head->cookie);
        if (is_name(name, "origin"))
            return keep_single(p, value, &head->origin);
        return !is_name(name, "expect") || keep_single(p, value, &p->expect);
    case 8:
        return !is_name(name, "if-match") || keep_single(p, value, &head->if_match);
    case 10:
        return !is_name(name, "user-agent") || keep_first(p, value, &head->user_agent);
    case 12:
        return !is_name(name, "content-type") || keep_single(p, value, &head->content_type);
    case 13:
        if (is_name(name, "authorization")) {
            head->n_authorization++;
            return keep_first(p, value, &head->authorization);
        }
        return !is_name(name, "if-none-match") || keep_single(p, value, &head->if_none_match);
    case 14:
        if (is_name(name, "sec-fetch-site"))
            return keep_single(p, value, &head->sec_fetch_site);
        return !is_name(name, "content-length") || keep_single(p, value, &p->content_length);
    case 15:
        if (is_name(name, "accept-encoding"))
            return keep_first(p, value, &head->accept_encoding);
        return !is_name(name, "idempotency-key") || keep_single(p, value, &head->idempotency_key);
    case 16:
        return !is_name(name, "content-encoding") || keep_single(p, value, &p->content_encoding);
    case 17:
        return !is_name(name, "transfer-encoding") || keep_single(p, value, &p->transfer_encoding);
    default:
        return true;
    }
}

static int on_header_value_complete(llhttp_t *llhttp)
{
    head_parser *p = (head_parser *)llhttp;
    la_slice name = p->name;
    la_slice value = p->value;
    p->name = LA_NO_SLICE;
    p->value = LA_NO_SLICE;
    if (!name.p)
        return -1;
    if (!value.p)
        value = (la_slice){name.p + name.n + 1, 0};
    if (keep_field(p, name, la_slice_trim(value)))
        return 0;
    p->code = is_name(name, "host") && name.n == 4 ? LA_HTTP_HOST : LA_HTTP_MALFORMED;
    return -1;
}

/* The body is not llhttp's (chunked.h). */
static int on_headers_complete(llhttp_t *llhttp)
{
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
};

/* A blank other than SP around a value that decides the framing is an attempt to be read differently elsewhere. */
static bool has_tab_around(const head_parser *p, la_http_span value)
{
    const char *from = p->section + value.at;
    while (from[-1] != ':')
        from--;
    while (*from != '\r' && *from != '\t')
        from++;
    return *from == '\t';
}

/* RFC 9112 6.1, 6.3; RFC 9110 8.6. */
static la_code decide_framing(head_parser *p)
{
    la_http_head *head = p->head;
    if (p->transfer_encoding.at) {
        la_slice coding = la_http_span_slice(p->section, p->transfer_encoding);
        if (p->content_length.at || p->llhttp.http_minor == 0 || has_tab_around(p, p->transfer_encoding) ||
            !la_slice_equal_nocase(coding, LA_SLICE("chunked")))
            return LA_HTTP_MALFORMED;
        head->chunked = true;
    }
    if (p->content_length.at) {
        unsigned long long length = 0;
        if (has_tab_around(p, p->content_length) ||
            !la_slice_to_u64(la_http_span_slice(p->section, p->content_length), INT64_MAX, &length))
            return LA_HTTP_MALFORMED;
        head->content_length = length;
    }
    return LA_OK;
}

/* RFC 9110 8.4, 10.1.1. An expectation of HTTP/1.0 is to be ignored. */
static la_code decide_body(head_parser *p)
{
    la_http_head *head = p->head;
    la_slice coding = la_http_span_slice(p->section, p->content_encoding);
    if (coding.n > 0 && !la_slice_equal_nocase(coding, LA_SLICE("identity")))
        return LA_HTTP_CONTENT_ENCODING;
    la_slice expectation = la_http_span_slice(p->section, p->expect);
    if (!expectation.p || p->llhttp.http_minor == 0)
        return LA_OK;
    if (!la_slice_equal_nocase(expectation, LA_SLICE("100-continue")))
        return LA_HTTP_EXPECTATION;
    head->expects_continue = head->chunked || head->content_length > 0;
    return LA_OK;
}

static la_code decide_host(head_parser *p, la_authority *ret)
{
    la_http_head *head = p->head;
    *ret = (la_authority){0};
    if (!head->host.at)
        return p->llhttp.http_minor == 0 ? LA_OK : LA_HTTP_HOST;
    if (!la_authority_parse(la_http_span_slice(p->section, head->host), ret))
        return LA_HTTP_HOST;
    head->authority = head->host;
    head->host.n = (uint32_t)ret->host.n;
    char *host = p->section + head->host.at;
    for (size_t i = 0; i < ret->host.n; i++) {
        if (host[i] >= 'A' && host[i] <= 'Z')
            host[i] |= 0x20;
    }
    return LA_OK;
}

/* RFC 9112 3.2.2. An authority that is not the one of Host is refused, so that nobody can disagree about which counts. */
static la_code strip_authority(la_slice *target, const la_authority *host)
{
    unsigned default_port;
    if (target->n > 7 && la_slice_equal_nocase((la_slice){target->p, 7}, LA_SLICE("http://"))) {
        default_port = 80;
        *target = (la_slice){target->p + 7, target->n - 7};
    } else if (target->n > 8 && la_slice_equal_nocase((la_slice){target->p, 8}, LA_SLICE("https://"))) {
        default_port = 443;
        *target = (la_slice){target->p + 8, target->n - 8};
    } else {
        return LA_HTTP_MALFORMED;
    }
    size_t n = 0;
    while (n < target->n && target->p[n] != '/' && target->p[n] != '?')
        n++;
    la_authority authority;
    if (!la_authority_parse((la_slice){target->p, n}, &authority))
        return LA_HTTP_MALFORMED;
    if (host->host.p && (!la_slice_equal_nocase(authority.host, host->host) ||
                         (authority.port ? authority.port : default_port) != (host->port ? host->port : default_port)))
        return LA_HTTP_MALFORMED;
    *target = (la_slice){target->p + n, target->n - n};
    return LA_OK;
}

static la_code decide_target(head_parser *p, const la_authority *host)
{
    la_http_head *head = p->head;
    la_slice target = p->target;
    if (target.n == 0 || memchr(target.p, '#', target.n))
        return LA_HTTP_MALFORMED;
    if (target.n == 1 && target.p[0] == '*') {
        head->path = (la_http_span){(uint32_t)(target.p - p->section), 1};
        return head->method == LA_OPTIONS ? LA_OK : LA_HTTP_MALFORMED;
    }
    if (target.p[0] != '/') {
        la_code code = strip_authority(&target, host);
        if (code != LA_OK)
            return code;
    }
    const char *question = memchr(target.p, '?', target.n);
    size_t path_n = question ? (size_t)(question - target.p) : target.n;
    if (path_n > 0)
        head->path = (la_http_span){(uint32_t)(target.p - p->section), (uint32_t)path_n};
    if (question)
        head->query = (la_http_span){(uint32_t)(question + 1 - p->section), (uint32_t)(target.n - path_n - 1)};
    return LA_OK;
}

static la_http_method method_of(uint8_t method)
{
    switch (method) {
    case HTTP_GET:
        return LA_GET;
    case HTTP_HEAD:
        return LA_HEAD;
    case HTTP_POST:
        return LA_POST;
    case HTTP_OPTIONS:
        return LA_OPTIONS;
    case HTTP_PUT:
        return LA_PUT;
    case HTTP_PATCH:
        return LA_PATCH;
    case HTTP_DELETE:
        return LA_DELETE;
    default:
        return LA_METHOD_OTHER;
    }
}

/* The scan saw to it that the request line ends with " HTTP/d.d". */
static bool version_is_served(const char *section, size_t n)
{
    const char *end = memchr(section, '\r', n);
    return end[-3] == '1' && (end[-1] == '0' || end[-1] == '1');
}

la_code la_http_head_parse(char *section, size_t n, la_http_head *ret)
{
    *ret = (la_http_head){0};
    if (!version_is_served(section, n))
        return LA_HTTP_VERSION;
    head_parser p = {.section = section, .head = ret, .code = LA_HTTP_MALFORMED};
    llhttp_init(&p.llhttp, HTTP_REQUEST, &settings);
    llhttp_errno_t status = llhttp_execute(&p.llhttp, section, n);
    if (status != HPE_PAUSED || p.llhttp.http_major != 1 || p.llhttp.method == HTTP_CONNECT)
        return p.code;
    ret->method = method_of(p.llhttp.method);
    ret->keep_alive = p.llhttp.http_minor == 1 && !(p.llhttp.flags & F_CONNECTION_CLOSE);
    la_authority host;
    la_code code = decide_framing(&p);
    if (code == LA_OK)
        code = decide_host(&p, &host);
    if (code == LA_OK)
        code = decide_target(&p, &host);
    if (code == LA_OK)
        code = decide_body(&p);
    return code;
}
