#include "api/problem.h"

#include "api/reply.h"
#include "base/log.h"

#define REALM "Bearer realm=\"leanauth admin\""
#define RETRY_AFTER_S 5 /* for what is expected to pass by itself */

typedef struct kind {
    la_code code;
    const char *type, *title;
} kind;

static const kind kinds[] = {
    {LA_INVALID, "invalid", "The request is not valid"},
    {LA_UNAUTHENTICATED, "unauthenticated", "Nobody is logged in"},
    {LA_FORBIDDEN, "forbidden", "This is not allowed"},
    {LA_NOT_FOUND, "not-found", "There is no such thing"},
    {LA_METHOD, "method", "The method is not allowed here"},
    {LA_CONFLICT, "conflict", "The present state does not allow it"},
    {LA_EXISTS, "exists", "It exists already"},
    {LA_STALE, "precondition-failed", "Somebody else has changed it in the meantime"},
    {LA_TOO_LARGE, "too-large", "The request is too large"},
    {LA_MEDIA_TYPE, "unsupported-media-type", "The body is of another type"},
    {LA_KEY_REUSED, "idempotency-mismatch", "The Idempotency-Key belongs to another request"},
    {LA_PRECONDITION, "precondition-required", "Say which version you change"},
    {LA_THROTTLED, "throttled", "Too many attempts"},
    {LA_UNAVAILABLE, "unavailable", "The store cannot be reached"},
    {LA_NO_MEMORY, "unavailable", "The server is out of memory"},
};
static const kind own_fault = {LA_SERVER_ERROR, "server-error", "The server failed"};

static const kind *kind_of(la_code code)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].code == code)
            return &kinds[i];
    return &own_fault;
}

/* A detail begins with a small letter, as part of a sentence; here it is one. */
static json_t *sentence(const char *detail)
{
    char text[520];
    la_buffer b;
    la_buffer_init_fixed(&b, text, sizeof text);
    la_buffer_add_text(&b, detail);
    if (b.n && text[0] >= 'a' && text[0] <= 'z')
        text[0] = (char)(text[0] - 'a' + 'A');
    if (b.n && !strchr(".!?", text[b.n - 1]))
        la_buffer_add_char(&b, '.');
    return la_api_json_text(la_buffer_slice(&b));
}

/* What went wrong inside is nobody's business outside: paths, SQL, keys. */
static json_t *detail_of(const kind *k, la_code code)
{
    if (k == &own_fault)
        return sentence("The operator finds the reason in the server's log by the request id");
    if (code == LA_UNAVAILABLE || code == LA_NO_MEMORY)
        return sentence("Nothing was changed; try again after the time in Retry-After");
    return sentence(la_detail()[0] ? la_detail() : la_result_info_of(code)->sentence);
}

static void log_own_fault(const la_api_call *c, la_code code)
{
    la_log_begin(code == LA_UNAVAILABLE ? LA_LOG_WARN : LA_LOG_ERROR, "admin_api_failed");
    la_log_text("request_id", c->request->request_id);
    la_log_text("code", la_slice_of(la_result_info_of(code)->name));
    la_log_text("message", la_slice_of(la_detail()));
    la_log_end();
}

/* RFC 6750 3; without a token there is only the scheme to name (3.1). */
static la_result challenge(la_api_call *c)
{
    const char *wire = la_result_info_of(c->challenge)->wire;
    bool reads = c->route && c->route->method == LA_API_GET;
    if (!wire)
        return la_api_add_header(c, "WWW-Authenticate", REALM);
    if (c->challenge == LA_BEARER_SCOPE)
        return la_api_add_header(c, "WWW-Authenticate", REALM ", error=\"%s\", scope=\"%s\"", wire,
                                 reads ? "admin:read" : "admin:write");
    return la_api_add_header(c, "WWW-Authenticate", REALM ", error=\"%s\"", wire);
}

static la_result add_fields(la_api_call *c, la_code code, int status)
{
    if (status == 401 || (status == 403 && c->challenge != LA_OK))
        LA_TRY(challenge(c));
    if (status == 405)
        LA_TRY(la_api_add_header(c, "Allow", "%s", c->allow));
    if (status == 429 || status == 503 || (status == 409 && c->retry_after_s))
        LA_TRY(la_api_add_header(c, "Retry-After", "%u", c->retry_after_s ? c->retry_after_s : RETRY_AFTER_S));
    return la_ok();
}

void la_api_problem(la_api_call *c, la_result r)
{
    la_api_response *response = c->response;
    const kind *k = kind_of(r.code);
    int status = k == &own_fault ? 500 : la_result_info_of(r.code)->http_status;
    json_t *detail = detail_of(k, r.code); /* before anything else sets another */
    if (status >= 500)
        log_own_fault(c, r.code);
    la_buffer_clear(&response->headers);
    la_buffer_clear(&response->body);
    char type[64];
    la_buffer b;
    la_buffer_init_fixed(&b, type, sizeof type);
    la_buffer_add_format(&b, "urn:leanauth:problem:%s", k->type);
    json_t *problem = json_pack("{s:s, s:s, s:i, s:o, s:o}", "type", la_buffer_text(&b), "title", k->title, "status",
                                status, "detail", detail, "instance", la_api_json_text(c->request->request_id));
    if (problem && c->errors && r.code == LA_INVALID)
        json_object_set(problem, "errors", c->errors);
    if (!la_is_ok(la_api_reply(c, status, problem)) || !la_is_ok(add_fields(c, r.code, status))) {
        /* Not even that: the status alone. */
        la_buffer_clear(&response->body);
        response->status = 503;
        response->content_type = NULL;
        return;
    }
    response->content_type = "application/problem+json";
}
