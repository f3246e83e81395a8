/*
 * What bytes are a request, and what is refused: each row is sent whole and then split in two at every byte, and has to
 * give the same answers (conformance: REQ-30, HTTP-06, HTTP-07, HTTP-08, HTTP-13, HTTP-14, HTTP-18).
 */
#include "http_rig.h"

#include <llhttp.h>

#define HOST "Host: a.example\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST
#define POST "POST /t HTTP/1.1\r\n" HOST

typedef struct row {
    const char *name;
    la_slice bytes;
    const char *statuses; /* "200 200", in order; "!" behind them: and then the connection is closed */
    const char *has;      /* in the last body, or in its head with a leading ':' */
} row;

#define ROW(name, bytes, statuses, has)                 \
    {                                                   \
        name, {bytes, sizeof(bytes) - 1}, statuses, has \
    }

static const row rows[] = {
    /* requests as they should be */
    ROW("plain", GET "\r\n", "200",
        "GET / q=- h=a.example auth=0: type= origin=- none= cookie= host=a.example coding= match= key= agent= site= "
        "accept= b="),
    ROW("all fields",
        "POST /p?q=1&r HTTP/1.1\r\nhOST: A.Example:8080\r\nAuthorization: Basic eDp5\r\nContent-Type: a/b; c=d\r\n"
        "Origin: https://x\r\nIf-None-Match: \"e\"\r\nCookie: k=v\r\nAccept: */*\r\nContent-Length: 3\r\n"
        "Accept-Encoding: br\r\nIf-Match: \"m\"\r\nIdempotency-Key: i\r\nUser-Agent: u\r\n"
        "Sec-Fetch-Site: same-origin\r\n\r\nabc",
        "200",
        "POST /p q=q=1&r h=a.example auth=1:Basic eDp5 type=a/b; c=d origin=https://x none=\"e\" cookie=k=v "
        "host=a.example:8080 coding=br match=\"m\" key=i agent=u site=same-origin accept=*/* b=abc"),
    ROW("two pipelined", POST "Content-Length: 2\r\n\r\nab" GET "\r\n", "200 200", "GET /"),
    ROW("three pipelined", GET "\r\n" GET "\r\n" GET "\r\n", "200 200 200", "GET /"),
    ROW("pipelined, then bad",
        GET "\r\n"
            "BAD\r\n\r\n",
        "200 400!", "malformed"),
    ROW("pipelined behind a close", "GET /close HTTP/1.1\r\n" HOST "\r\n" GET "\r\n", "200!", "GET /close"),
    ROW("chunked", POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" GET "\r\n", "200 200",
        "GET /"),
    ROW("chunked, any case", POST "transfer-encoding: CHUNKED \r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", "200",
        "b=0123456789"),
    ROW("chunk extension, trailer",
        POST "Transfer-Encoding: chunked\r\n\r\n3;a=\"b c\"\r\nabc\r\n000\r\nX: y\r\nHost: evil\r\n\r\n", "200",
        "h=a.example"),
    ROW("empty chunked", POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "200", "b="),
    ROW("content length 0", POST "Content-Length: 0\r\n\r\n", "200", "b="),
    ROW("body in GET", GET "Content-Length: 1\r\n\r\nx", "200", "b=x"),
    ROW("no body fields in POST", POST "\r\n", "200", "b="),
    ROW("empty line before", "\r\n" GET "\r\n\r\n" GET "\r\n", "200 200", "GET /"),
    ROW("empty query", "GET /? HTTP/1.1\r\n" HOST "\r\n", "200", "GET / q= h"),
    ROW("HEAD", "HEAD / HTTP/1.1\r\n" HOST "\r\n", "200", ":X-Extra: yes"),
    ROW("no content", "GET /empty HTTP/1.1\r\n" HOST "\r\n", "204", ""),
    ROW("PUT", "PUT / HTTP/1.1\r\n" HOST "\r\n", "200", "PUT /"),
    ROW("PATCH", "PATCH / HTTP/1.1\r\n" HOST "\r\n", "200", "PATCH /"),
    ROW("DELETE", "DELETE / HTTP/1.1\r\n" HOST "\r\n", "200", "DELETE /"),
    ROW("other method", "TRACE / HTTP/1.1\r\n" HOST "\r\n", "200", "OTHER /"),
    ROW("OPTIONS *", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "200", "OPTIONS * "),
    ROW("connection close", GET "Connection: foo, Close\r\n\r\n" GET "\r\n", "200!", ":Connection: close"),
    ROW("upgrade is ignored",
        GET "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n\r\n" GET "\r\n", "200 200",
        "GET /"),
    ROW("HTTP/1.0", "GET / HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n", "200!", ":Connection: close"),
    ROW("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "200!", "h= auth"),
    ROW("empty value", GET "Origin:\r\nX:\r\n\r\n", "200", "origin= none"),
    ROW("blanks around a value", GET "Accept: \t a b\t \r\n\r\n", "200", "accept=a b b="),
    ROW("obs-text in a value", GET "Cookie: \xff\x80\r\n\r\n", "200", "cookie=\xff\x80"),
    ROW("two Accept fields", GET "Accept: a/b\r\nAccept: c/d\r\n\r\n", "200", "accept=a/b"),
    ROW("conditional fields", GET "If-Match: \"1\"\r\nIdempotency-Key: k\r\nSec-Fetch-Site: none\r\n\r\n", "200",
        "match=\"1\" key=k agent= site=none"),
    ROW("two If-Match fields", GET "If-Match: \"1\"\r\nIf-Match: \"2\"\r\n\r\n", "400!", "malformed"),
    ROW("two Idempotency-Key fields", GET "Idempotency-Key: a\r\nidempotency-key: b\r\n\r\n", "400!", "malformed"),
    ROW("two Sec-Fetch-Site fields", GET "Sec-Fetch-Site: none\r\nSec-Fetch-Site: none\r\n\r\n", "400!", "malformed"),
    ROW("two User-Agent fields", GET "User-Agent: a\r\nUser-Agent: b\r\n\r\n", "200", "agent=a site"),
    ROW("two Accept-Encoding fields", GET "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n\r\n", "200",
        "coding=br match"),
    ROW("two Authorization fields", GET "Authorization: A x\r\nAuthorization: B y\r\n\r\n", "200", "auth=2:A x"),
    ROW("identity", POST "Content-Encoding: identity\r\nContent-Length: 1\r\n\r\nx", "200", "b=x"),

    /* targets and Host */
    ROW("absolute target", "GET http://A.example/x?y HTTP/1.1\r\n" HOST "\r\n", "200", "GET /x q=y h=a.example"),
    ROW("absolute target, default port", "GET http://a.example:80 HTTP/1.1\r\n" HOST "\r\n", "200",
        "GET / q=- h=a.example"),
    ROW("absolute target, query only", "GET https://a.example?y HTTP/1.1\r\nHost: a.example:443\r\n\r\n", "200",
        "GET / q=y"),
    ROW("absolute target, other host", "GET http://b.example/ HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("absolute target, other port", "GET http://a.example:81/ HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("absolute target, userinfo", "GET http://u@a.example/ HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("absolute target, no host", "GET http:///x HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("absolute target, other scheme", "GET ftp://a.example/ HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("authority target", "CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("CONNECT to a path", "CONNECT / HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("* for GET", "GET * HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("relative target", "GET a HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("non-ASCII target", "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("IPv6 Host", "GET / HTTP/1.1\r\nHost: [2001:DB8::1]:8080\r\n\r\n", "200", "h=[2001:db8::1] auth"),
    ROW("IPv4 Host", "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n", "200", "h=127.0.0.1 auth"),
    ROW("Host with a port", "GET / HTTP/1.1\r\nHost: A.Example:8080\r\n\r\n", "200", "host=a.example:8080 coding"),
    ROW("no Host, HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "200!", "host= coding"),
    ROW("Host with empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", "200", "h=a auth"),
    ROW("no Host", "GET / HTTP/1.1\r\n\r\n", "400!", "exactly one valid Host"),
    ROW("two Hosts", GET HOST "\r\n", "400!", "exactly one valid Host"),
    ROW("empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", "400!", "exactly one valid Host"),
    ROW("list in Host", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400!", "exactly one valid Host"),
    ROW("userinfo in Host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400!", "exactly one valid Host"),
    ROW("path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400!", "exactly one valid Host"),
    ROW("bad port in Host", "GET / HTTP/1.1\r\nHost: a:8o\r\n\r\n", "400!", "exactly one valid Host"),
    ROW("large port in Host", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", "400!", "exactly one valid Host"),
    ROW("bad IPv6 Host", "GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n", "400!", "exactly one valid Host"),
    ROW("open IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "400!", "exactly one valid Host"),
    ROW("non-ASCII Host", "GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", "400!", "exactly one valid Host"),

    /* request lines */
    ROW("two empty lines before", "\r\n\r\n" GET "\r\n", "400!", "malformed"),
    ROW("bare LF before", "\n" GET "\r\n", "400!", "malformed"),
    ROW("HTTP/0.9", "GET /\r\n", "400!", "malformed"),
    ROW("double blank", "GET  / HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("blank before version", "GET /  HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("blank behind version", "GET / HTTP/1.1 \r\n" HOST "\r\n", "400!", "malformed"),
    ROW("blank before method", " GET / HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("tab", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("lower-case http", "GET / http/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("lower-case method", "get / HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("unknown method", "FOO / HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("other protocol", "SOURCE / ICE/1.0\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("long minor version", "GET / HTTP/1.10\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", "505!", "Use HTTP/1.1"),
    ROW("HTTP/2.0", "GET / HTTP/2.0\r\n" HOST "\r\n", "505!", "Use HTTP/1.1"),
    ROW("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505!", "Use HTTP/1.1"),
    ROW("TLS hello", "\x16\x03\x01\x02\x00\x01\x00", "400!", "malformed"),

    /* header sections */
    ROW("bare LF", "GET / HTTP/1.1\nHost: a\n\n", "400!", "malformed"),
    ROW("bare LF in fields", GET "X: y\nZ: z\r\n\r\n", "400!", "malformed"),
    ROW("bare LF at the end", GET "\n", "400!", "malformed"),
    ROW("bare CR", GET "X: y\rZ: z\r\n\r\n", "400!", "malformed"),
    ROW("CR CR LF", GET "X: y\r\r\n\r\n", "400!", "malformed"),
    ROW("NUL in a value", GET "X: a\0b\r\n\r\n", "400!", "malformed"),
    ROW("NUL in a name", GET "X\0: a\r\n\r\n", "400!", "malformed"),
    ROW("NUL in the target", "GET /\0 HTTP/1.1\r\n" HOST "\r\n", "400!", "malformed"),
    ROW("control in a value", GET "X: a\x01\r\n\r\n", "400!", "malformed"),
    ROW("DEL in a value", GET "X: a\x7f\r\n\r\n", "400!", "malformed"),
    ROW("folded line", GET "X: a\r\n b\r\n\r\n", "400!", "malformed"),
    ROW("folded line, tab", GET "X: a\r\n\tb\r\n\r\n", "400!", "malformed"),
    ROW("folded first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400!", "malformed"),
    ROW("blank before colon", GET "X : a\r\n\r\n", "400!", "malformed"),
    ROW("tab before colon", GET "X\t: a\r\n\r\n", "400!", "malformed"),
    ROW("no colon", GET "X\r\n\r\n", "400!", "malformed"),
    ROW("no name", GET ": a\r\n\r\n", "400!", "malformed"),
    ROW("name that is no token", GET "X(y): a\r\n\r\n", "400!", "malformed"),
    ROW("non-ASCII name", GET "\xc3\xa4: a\r\n\r\n", "400!", "malformed"),
    ROW("two Content-Types", POST "Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n", "400!", "malformed"),
    ROW("two Origins", POST "Origin: a\r\norigin: a\r\n\r\n", "400!", "malformed"),
    ROW("two Origins, empty", POST "Origin:\r\nOrigin:\r\n\r\n", "400!", "malformed"),
    ROW("two If-None-Match", POST "If-None-Match: a\r\nIf-None-Match: a\r\n\r\n", "400!", "malformed"),
    ROW("two Cookies", POST "Cookie: a\r\nCookie: b\r\n\r\n", "400!", "malformed"),
    ROW("two Expects", POST "Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", "400!",
        "malformed"),

    /* framing of the body */
    ROW("CL and TE", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("TE and CL", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("two equal CL", POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", "400!", "malformed"),
    ROW("two CL", POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy", "400!", "malformed"),
    ROW("CL list", POST "Content-Length: 1, 1\r\n\r\nx", "400!", "malformed"),
    ROW("CL +", POST "Content-Length: +1\r\n\r\nx", "400!", "malformed"),
    ROW("CL -", POST "Content-Length: -1\r\n\r\nx", "400!", "malformed"),
    ROW("CL hexadecimal", POST "Content-Length: 0x1\r\n\r\nx", "400!", "malformed"),
    ROW("CL empty", POST "Content-Length:\r\n\r\n", "400!", "malformed"),
    ROW("CL inner blank", POST "Content-Length: 1 0\r\n\r\n0123456789", "400!", "malformed"),
    ROW("CL tab", POST "Content-Length:\t1\r\n\r\nx", "400!", "malformed"),
    ROW("CL blank before colon", POST "Content-Length : 1\r\n\r\nx", "400!", "malformed"),
    ROW("CL overflow", POST "Content-Length: 18446744073709551617\r\n\r\nx", "400!", "malformed"),
    ROW("CL too large", POST "Content-Length: 65537\r\n\r\n", "413!", "larger"),
    ROW("TE xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("TE identity", POST "Transfer-Encoding: identity\r\n\r\n", "400!", "malformed"),
    ROW("TE gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("TE chunked, identity", POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("TE chunked, chunked", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("TE parameter", POST "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("TE quoted", POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("TE empty", POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("TE tab before", POST "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("TE tab behind", POST "Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("TE blank before colon", POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("TE folded", POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("two TE", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400!",
        "malformed"),
    ROW("TE in HTTP/1.0", "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400!",
        "malformed"),
    ROW("chunk size with blank", POST "Transfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("chunk size with sign", POST "Transfer-Encoding: chunked\r\n\r\n+1\r\nx\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("chunk size with 0x", POST "Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("chunk size empty", POST "Transfer-Encoding: chunked\r\n\r\n\r\nx\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("chunk size of only an extension", POST "Transfer-Encoding: chunked\r\n\r\n;a\r\nx\r\n0\r\n\r\n", "400!",
        "malformed"),
    ROW("chunk size of 17 digits", POST "Transfer-Encoding: chunked\r\n\r\n00000000000000001\r\nx\r\n0\r\n\r\n", "400!",
        "malformed"),
    ROW("chunk size overflow", POST "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nx", "413!", "larger"),
    ROW("chunk line bare LF", POST "Transfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("chunk line bare CR", POST "Transfer-Encoding: chunked\r\n\r\n1\rx\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("chunk extension with LF", POST "Transfer-Encoding: chunked\r\n\r\n1;a\nx\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("chunk extension with NUL", POST "Transfer-Encoding: chunked\r\n\r\n1;\0\r\nx\r\n0\r\n\r\n", "400!",
        "malformed"),
    ROW("chunk data without CRLF", POST "Transfer-Encoding: chunked\r\n\r\n1\r\nx0\r\n\r\n", "400!", "malformed"),
    ROW("chunk data with LF only", POST "Transfer-Encoding: chunked\r\n\r\n1\r\nx\n0\r\n\r\n", "400!", "malformed"),
    ROW("chunk data longer", POST "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n", "400!", "malformed"),
    ROW("trailer bare LF", POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n", "400!", "malformed"),
    ROW("trailer folded", POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n z\r\n\r\n", "400!", "malformed"),
    ROW("trailer without colon", POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n", "400!", "malformed"),
    ROW("trailer blank before colon", POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX : y\r\n\r\n", "400!", "malformed"),

    /* expectations and codings */
    ROW("other expectation", POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx", "417!", "100-continue"),
    ROW("expectation in HTTP/1.0", "POST /t HTTP/1.0\r\n" HOST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx", "200!",
        "b=x"),
    ROW("expectation without a body", POST "Expect: 100-continue\r\n\r\n", "200", "b="),
    ROW("expectation, body too large", POST "Expect: 100-continue\r\nContent-Length: 99999\r\n\r\n", "413!", "larger"),
    ROW("gzip", POST "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "415!", ":Accept-Encoding: identity"),
    ROW("identity, gzip", POST "Content-Encoding: identity, gzip\r\nContent-Length: 1\r\n\r\nx", "415!",
        "without a content encoding"),
    ROW("HEAD of a refusal", "HEAD / HTTP/1.1\r\n" HOST "Content-Length: 99999\r\n\r\n", "413!", ":Content-Length: "),
};

static void check(const row *w, size_t split, la_slice rest, bool closed)
{
    bool wants_close = strchr(w->statuses, '!') != NULL;
    bool of_head = memmem(w->bytes.p, w->bytes.n, "HEAD ", 5) == w->bytes.p;
    const char *expected = w->statuses;
    answer last = {0};
    for (char *end; *expected >= '1' && *expected <= '9'; expected = *end == ' ' ? end + 1 : end) {
        long status = strtol(expected, &end, 10);
        if (rest.n == 0)
            fail_msg("%s, split at %zu: no %ld", w->name, split, status);
        last = rig_parse(&rest, of_head);
        if (last.status != status)
            fail_msg("%s, split at %zu: %d instead of %ld", w->name, split, last.status, status);
    }
    if (rest.n > 0 || closed != wants_close || last.close != wants_close)
        fail_msg("%s, split at %zu: %zu bytes more, closed %d, said close %d", w->name, split, rest.n, closed,
                 last.close);
    bool found = w->has[0] == ':' ? strstr(last.head, w->has + 1) != NULL : answer_has(&last, w->has);
    if (!found)
        fail_msg("%s, split at %zu: no %s in %s%.*s", w->name, split, w->has, last.head, LA_FMT(last.body));
}

static void exchange(rig *r, const row *w, size_t split)
{
    char received[8192];
    bool closed = false;
    int fd = rig_connect(r);
    if (rig_send(r, fd, w->bytes.p, split))
        rig_send(r, fd, w->bytes.p + split, w->bytes.n - split);
    size_t n = rig_receive(r, fd, received, sizeof received, &closed);
    check(w, split, (la_slice){received, n}, closed);
    close(fd);
    rig_turn(r);
    assert_int_equal(la_http_census_connections(r->census), 0);
}

static void test_rows(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig *r = rig_new();
        for (size_t split = 0; split < rows[i].bytes.n; split++)
            exchange(r, &rows[i], split);
        rig_free(r);
    }
}

/* One byte at a time. */
static void test_dribble(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const row *w = &rows[i];
        char received[8192];
        bool closed = false;
        rig *r = rig_new();
        int fd = rig_connect(r);
        for (size_t at = 0; at < w->bytes.n; at++) {
            if (send(fd, w->bytes.p + at, 1, MSG_NOSIGNAL) < 0)
                break;
            uv_run(&r->loop, UV_RUN_NOWAIT);
        }
        size_t n = rig_receive(r, fd, received, sizeof received, &closed);
        check(w, w->bytes.n, (la_slice){received, n}, closed);
        close(fd);
        rig_free(r);
    }
}

static int append_body(llhttp_t *parser, const char *at, size_t n)
{
    la_buffer_add(parser->data, (la_slice){at, n});
    return 0;
}

static int pause_at_end(llhttp_t *parser)
{
    return HPE_PAUSED;
}

/* Whatever our decoder of the chunked coding takes, llhttp reads in the same way. */
static void test_chunked_as_llhttp(void **state)
{
    static const char *const pieces[] = {"0\r\n", "1\r\n", "3\r\n", "a\r\n",    "2;x=y\r\n", "abc", "0123456789", "x",
                                         "zz",    "\r\n",  "\n",    "T: v\r\n", "00\r\n",    "\r",  " ",          "f"};
    static const char head[] = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    uint32_t seed = 1;
    unsigned accepted = 0;
    for (int round = 0; round < 300000; round++) {
        char raw[256], ours[256], theirs[256];
        size_t n = 0;
        for (int k = 0; k < 3 + round % 7; k++) {
            seed = seed * 1664525 + 1013904223;
            const char *piece = pieces[(seed >> 16) % (sizeof pieces / sizeof pieces[0])];
            memcpy(raw + n, piece, strlen(piece));
            n += strlen(piece);
        }
        memcpy(ours, raw, n);
        la_http_chunked decoder;
        size_t body_n = 0, at = 0;
        bool done = false;
        la_http_chunked_init(&decoder);
        if (la_http_chunked_more(&decoder, ours, &body_n, &at, n, 1000, &done) != LA_OK || !done)
            continue;
        accepted++;
        la_buffer body;
        llhttp_t parser;
        la_buffer_init_fixed(&body, theirs, sizeof theirs);
        llhttp_settings_t settings = {.on_body = append_body, .on_message_complete = pause_at_end};
        llhttp_init(&parser, HTTP_REQUEST, &settings);
        parser.data = &body;
        assert_int_equal(llhttp_execute(&parser, head, sizeof head - 1), HPE_OK);
        assert_int_equal(llhttp_execute(&parser, raw, n), HPE_PAUSED);
        assert_int_equal(body.n, body_n);
        assert_memory_equal(theirs, ours, body_n);
        assert_int_equal(llhttp_get_error_pos(&parser) - raw, at);
    }
    assert_true(accepted > 100);
}

/* A reload may lower the limit while a body is under way. */
static void test_chunked_limit_lowered(void **state)
{
    (void)state;
    char bytes[] = "a\r\n0123456789\r\nfffffff\r\n";
    la_http_chunked c;
    size_t body_n = 0, at = 0;
    bool done;
    la_http_chunked_init(&c);
    assert_int_equal(la_http_chunked_more(&c, bytes, &body_n, &at, 15, 100, &done), LA_OK);
    assert_int_equal(body_n, 10);
    assert_int_equal(la_http_chunked_more(&c, bytes, &body_n, &at, sizeof bytes - 1, 5, &done), LA_HTTP_BODY_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_dribble),
        cmocka_unit_test(test_chunked_as_llhttp),
        cmocka_unit_test(test_chunked_limit_lowered),
    };
    if (!la_is_ok(la_secret_setup()))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
