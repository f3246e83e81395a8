#include "server/message/chunked.h"

#include "base/hex.h"

enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER };

void la_http_chunked_init(la_http_chunked *c)
{
    *c = (la_http_chunked){.state = SIZE};
}

/* One byte of "chunk-size [ chunk-ext ] CRLF". */
static la_code size_line_byte(la_http_chunked *c, char byte)
{
    if (++c->line_bytes > LA_HTTP_SIZE_LINE_MAX)
        return LA_HTTP_MALFORMED;
    if (c->state == SIZE_LF) {
        if (byte != '\n')
            return LA_HTTP_MALFORMED;
        c->state = c->left > 0 ? DATA : TRAILER;
        la_http_scan_init(&c->trailer, false);
        return LA_OK;
    }
    int value = c->state == SIZE ? la_hex_value(byte) : -1;
    if (value >= 0) {
        if (++c->n_digits > 16)
            return LA_HTTP_MALFORMED;
        c->left = c->left << 4 | (unsigned)value;
        return LA_OK;
    }
    if (c->n_digits == 0)
        return LA_HTTP_MALFORMED;
    if (byte == '\r') {
        c->state = SIZE_LF;
        return LA_OK;
    }
    if (c->state == SIZE && byte != ';')
        return LA_HTTP_MALFORMED;
    c->state = EXTENSION;
    bool is_control = ((unsigned char)byte < ' ' && byte != '\t') || byte == 0x7f;
    return is_control || ++c->extension_bytes > LA_HTTP_EXTENSIONS_MAX ? LA_HTTP_MALFORMED : LA_OK;
}

static void data_bytes(la_http_chunked *c, char *p, size_t *body_n, size_t *at, size_t n)
{
    size_t take = n - *at < c->left ? n - *at : (size_t)c->left;
    memmove(p + *body_n, p + *at, take);
    *body_n += take;
    *at += take;
    c->left -= take;
    if (c->left == 0)
        c->state = DATA_CR;
}

/* The CRLF behind a chunk's data. */
static la_code data_end_byte(la_http_chunked *c, char byte)
{
    if (byte != (c->state == DATA_CR ? '\r' : '\n'))
        return LA_HTTP_MALFORMED;
    if (c->state == DATA_CR) {
        c->state = DATA_LF;
    } else {
        c->state = SIZE;
        c->n_digits = 0;
        c->line_bytes = 0;
    }
    return LA_OK;
}

/* Trailer fields are checked like header fields and then ignored (RFC 9110 6.5.1). */
static la_code trailer_bytes(la_http_chunked *c, const char *p, size_t *at, size_t n, bool *ret_done)
{
    bool is_over = n - *at > LA_HTTP_TRAILER_MAX;
    switch (la_http_scan_more(&c->trailer, p + *at, is_over ? LA_HTTP_TRAILER_MAX : n - *at)) {
    case LA_SCAN_END:
        *at += c->trailer.at;
        *ret_done = true;
        return LA_OK;
    case LA_SCAN_MORE:
        return is_over ? LA_HTTP_HEADER_TOO_LARGE : LA_OK;
    case LA_SCAN_MANY:
        return LA_HTTP_HEADER_TOO_LARGE;
    case LA_SCAN_BAD:
    default:
        return LA_HTTP_MALFORMED;
    }
}

la_code la_http_chunked_more(la_http_chunked *c, char *p, size_t *body_n, size_t *at, size_t n, size_t max_body_bytes,
                             bool *ret_done)
{
    *ret_done = false;
    while (*at < n) {
        la_code code = LA_OK;
        switch (c->state) {
        case DATA:
            data_bytes(c, p, body_n, at, n);
            break;
        case DATA_CR:
        case DATA_LF:
            code = data_end_byte(c, p[(*at)++]);
            break;
        case TRAILER:
            return trailer_bytes(c, p, at, n, ret_done);
        default:
            code = size_line_byte(c, p[(*at)++]);
            /* A reload may have lowered the limit under what is there already. */
            if (code == LA_OK && (*body_n > max_body_bytes || c->left > max_body_bytes - *body_n))
                code = LA_HTTP_BODY_TOO_LARGE;
            break;
        }
        if (code != LA_OK)
            return code;
    }
    return LA_OK;
}
