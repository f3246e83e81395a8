#include "server/message/scan.h"

enum { PRINTABLE = 0, TAB, CARRIAGE_RETURN, BAD_BYTE };

/* What stops the fast walk through a line: controls and DEL. SP, VCHAR and obs-text (RFC 9110 5.5) pass. */
static const uint8_t class_of[256] = {
    [0 ... 8] = BAD_BYTE,   [9] = TAB,        [10 ... 12] = BAD_BYTE, [13] = CARRIAGE_RETURN,
    [14 ... 31] = BAD_BYTE, [127] = BAD_BYTE,
};

/* tchar (RFC 9110 5.6.2) */
static const bool is_tchar[256] = {
    ['!'] = true,         ['#' ... '\''] = true, ['*'] = true,         ['+'] = true, ['-'] = true, ['.'] = true,
    ['0' ... '9'] = true, ['A' ... 'Z'] = true,  ['^' ... 'z'] = true, ['|'] = true, ['~'] = true,
};

static size_t token_length(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && is_tchar[(uint8_t)p[i]])
        i++;
    return i;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* RFC 9112 3: method SP request-target SP HTTP-version, with nothing to be lenient about. */
static bool start_line_is_good(const char *p, size_t n)
{
    size_t method = token_length(p, n);
    if (method == 0 || method == n || p[method] != ' ')
        return false;
    size_t i = method + 1;
    while (i < n && (uint8_t)p[i] > ' ' && (uint8_t)p[i] < 0x7f)
        i++;
    if (i == method + 1 || n - i != sizeof " HTTP/1.1" - 1)
        return false;
    return memcmp(p + i, " HTTP/", 6) == 0 && is_digit(p[i + 6]) && p[i + 7] == '.' && is_digit(p[i + 8]);
}

static bool field_line_is_good(const char *p, size_t n)
{
    size_t name = token_length(p, n);
    return name > 0 && name < n && p[name] == ':';
}

void la_http_scan_init(la_http_scan *s, bool has_start_line)
{
    *s = (la_http_scan){.wants_start_line = has_start_line};
}

/* A line without its CRLF. */
static la_scan_verdict end_line(la_http_scan *s, const char *line, size_t n)
{
    if (s->wants_start_line) {
        s->wants_start_line = false;
        return start_line_is_good(line, n) ? LA_SCAN_MORE : LA_SCAN_BAD;
    }
    if (n == 0)
        return LA_SCAN_END;
    if (!field_line_is_good(line, n))
        return LA_SCAN_BAD;
    return ++s->n_fields > LA_HTTP_FIELDS_MAX ? LA_SCAN_MANY : LA_SCAN_MORE;
}

la_scan_verdict la_http_scan_more(la_http_scan *s, const char *p, size_t n)
{
    size_t i = s->at;
    while (i < n) {
        uint8_t class = class_of[(uint8_t)p[i]];
        if (class == PRINTABLE || (class == TAB && i > s->line && !s->wants_start_line)) {
            i++;
            continue;
        }
        if (class != CARRIAGE_RETURN)
            return LA_SCAN_BAD;
        if (i + 1 == n)
            break;
        if (p[i + 1] != '\n')
            return LA_SCAN_BAD;
        la_scan_verdict verdict = end_line(s, p + s->line, i - s->line);
        i += 2;
        s->line = (uint32_t)i;
        if (verdict != LA_SCAN_MORE) {
            s->at = (uint32_t)i;
            return verdict;
        }
    }
    s->at = (uint32_t)i;
    return LA_SCAN_MORE;
}
