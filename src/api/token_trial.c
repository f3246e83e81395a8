/* "Get a token": a token request of the dashboard, judged by the token endpoint's own code, and what is in the token. */
#include "api/reply.h"
#include "api/request.h"
#include "api/who.h"
#include "base/base64url.h"

#define FORM_MAX 16384
#define ANSWER_MAX 65536
#define PART_MAX 8192

static void add_field(la_buffer *form, const char *name, la_slice value)
{
    if (form->n)
        la_buffer_add_char(form, '&');
    la_buffer_add_text(form, name);
    la_buffer_add_char(form, '=');
    la_buffer_add_percent(form, value);
}

/* One part of a compact JWS as the object that it is; NULL where it is none. */
static json_t *part_json(la_slice text)
{
    char memory[PART_MAX];
    size_t n;
    if (!la_is_ok(la_base64url_decode(text, memory, sizeof memory, &n)))
        return NULL;
    return json_loadb(memory, n, JSON_REJECT_DUPLICATES, NULL);
}

static json_t *token_json(const json_t *body)
{
    const json_t *token = json_object_get(body, "access_token");
    la_slice rest = {json_string_value(token), json_string_length(token)}, header, claims;
    if (!token || !la_slice_split(&rest, '.', &header) || !la_slice_split(&rest, '.', &claims))
        return json_null();
    json_t *value = json_pack("{s:o, s:o}", "header", part_json(header), "claims", part_json(claims));
    return value ? value : json_null();
}

static la_result ask(la_api_call *c, la_slice environment, la_slice form, int *ret_status, json_t **ret_body)
{
    const la_api_hooks *hooks = &c->api->hooks;
    la_buffer body;
    la_buffer_init(&body, ANSWER_MAX);
    *ret_status = hooks->issue_token(hooks->self, environment, form, c->request->client_address, &body);
    *ret_body = la_buffer_ok(&body) ? json_loadb(body.p ? body.p : "", body.n, 0, NULL) : NULL;
    la_buffer_done(&body);
    return *ret_body ? la_ok() : la_fail(LA_SERVER_ERROR, "the token endpoint gave an answer that is no JSON");
}

la_result la_api_token_trial(la_api_call *c)
{
    int status = 0;
    json_t *body = NULL;
    la_buffer form;
    la_slice client_id = la_api_body_text(c, "client_id", LA_API_REQUIRED);
    la_slice client_secret = la_api_body_text(c, "client_secret", LA_API_REQUIRED);
    la_slice scope = la_api_body_text(c, "scope", LA_API_REQUIRED);
    LA_TRY(la_api_check(c));
    la_buffer_init(&form, FORM_MAX);
    add_field(&form, "grant_type", LA_SLICE("client_credentials"));
    add_field(&form, "client_id", client_id);
    add_field(&form, "client_secret", client_secret);
    add_field(&form, "scope", scope);
    la_result r = la_buffer_ok(&form)
                      ? ask(c, la_api_environment(c)->name, la_buffer_slice(&form), &status, &body)
                      : la_fail(LA_TOO_LARGE, "the credentials or the scope are too long for a token request");
    la_buffer_done(&form);
    LA_TRY(r);
    json_t *token = token_json(body);
    return la_api_reply(c, 200, json_pack("{s:i, s:o, s:o}", "status", status, "body", body, "token", token));
}
