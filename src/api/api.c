/* The API before it has routes: whoever asks hears that it is not available. */
#include "api/api.h"

#include <stdlib.h>

struct la_api {
    const la_config *config;
};

la_result la_api_new(const la_config *config, la_master_key *master_key, const la_api_hooks *hooks, la_api **ret)
{
    la_api *a = calloc(1, sizeof *a);

    (void)master_key, (void)hooks;
    if (!a)
        return la_fail(LA_NO_MEMORY, "out of memory");
    a->config = config;
    *ret = a;
    return la_ok();
}

la_api *la_api_free(la_api *a)
{
    free(a);
    return NULL;
}

void la_api_response_init(la_api_response *r)
{
    *r = (la_api_response){0};
    la_buffer_init(&r->headers, 4096);
    la_buffer_init(&r->body, LA_API_BODY_MAX);
}

void la_api_response_done(la_api_response *r)
{
    la_buffer_done(&r->headers);
    la_buffer_done(&r->body);
}

void la_api_handle(la_api *a, const la_api_request *request, la_api_response *ret)
{
    (void)a;
    ret->status = 503;
    ret->content_type = "application/problem+json";
    la_buffer_add_text(&ret->headers, "Retry-After: 1\r\n");
    la_buffer_add_text(&ret->body,
                       "{\"type\":\"urn:leanauth:problem:unavailable\",\"title\":\"Unavailable\",\"status\":503,"
                       "\"detail\":\"The admin API is not served by this build.\",\"instance\":");
    la_buffer_add_json(&ret->body, request->request_id);
    la_buffer_add_text(&ret->body, "}\n");
}
