#include "server/admin/problem.h"

#include "base/buffer.h"

typedef struct row {
    int status;
    const char *type;
    const char *title;
    const char *detail;
} row;

static const row rows[LA_PROBLEM_COUNT] = {
    [LA_PROBLEM_NOT_FOUND] = {404, "not-found", "Not found",
                              "There is nothing at this path: the API is below /admin/v1, the dashboard at /."},
    [LA_PROBLEM_METHOD] = {405, "method", "Method not allowed",
                           "Use another method: the Allow header lists those that this path takes."},
    [LA_PROBLEM_NOT_ACCEPTABLE] = {406, "not-acceptable", "Not acceptable",
                                   "Accept-Encoding refuses every form that this file has; accept identity."},
    [LA_PROBLEM_MISDIRECTED] =
        {421, "misdirected", "Misdirected request",
         "This server does not answer to this host name: open it by the address in admin.origin of its "
         "configuration, or by localhost."},
    [LA_PROBLEM_SERVER_ERROR] =
        {500, "server-error", "Server error",
         "The server failed to answer; the operator finds the reason in its log by the instance."},
    [LA_PROBLEM_BUSY] = {503, "unavailable", "Unavailable",
                         "Too many requests wait for the admin API; try again after the time in Retry-After."},
    [LA_PROBLEM_STOPPING] = {503, "unavailable", "Unavailable",
                             "The server is stopping; try again after the time in Retry-After."},
};

void la_respond_problem(la_http_exchange *x, la_problem problem, const char *allow)
{
    const row *r = &rows[problem];
    char body_memory[768], header_memory[192];
    la_buffer body, headers;

    la_buffer_init_fixed(&headers, header_memory, sizeof header_memory);
    la_buffer_add_text(&headers, "Cache-Control: no-store\r\n");
    if (allow)
        la_buffer_add_format(&headers, "Allow: %s\r\n", allow);
    if (r->status == 503)
        la_buffer_add_text(&headers, "Retry-After: 1\r\n");
    la_buffer_init_fixed(&body, body_memory, sizeof body_memory);
    la_buffer_add_format(&body,
                         "{\"type\":\"urn:leanauth:problem:%s\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\","
                         "\"instance\":\"%s\"}\n",
                         r->type, r->title, r->status, r->detail, la_http_request_of(x)->request_id);
    la_http_respond(x, &(la_http_response){
                           .status = r->status,
                           .content_type = LA_SLICE("application/problem+json"),
                           .headers = la_buffer_slice(&headers),
                           .body = la_buffer_slice(&body),
                       });
}
