/* Client certificates of an application, and the authority of its environment. A private key is in one answer only: that of its creation. */
#include "admin/certificates.h"
#include "base/base64url.h"

#include "api/page.h"
#include "api/reply.h"
#include "api/request.h"
#include "api/who.h"

#define LIFETIME_MOST_S 315360000
#define PEM_MAX 16384

static json_t *thumbprint_json(const uint8_t thumbprint[LA_THUMBPRINT_BYTES])
{
    char memory[64];
    la_buffer text;
    la_buffer_init_fixed(&text, memory, sizeof memory);
    la_buffer_add_base64url(&text, thumbprint, LA_THUMBPRINT_BYTES);
    return la_api_json_text(la_buffer_slice(&text));
}

static json_t *certificate_json(const la_certificate_row *c, int64_t now_s)
{
    return json_pack("{s:o, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "certificate_id",
                     la_api_json_id(c->certificate_id), "origin", c->issued ? "issued" : "registered", "state",
                     la_certificate_state(c, now_s), "subject", la_api_json_text(la_slice_of(c->subject)), "serial",
                     c->serial, "x5t#S256", thumbprint_json(c->thumbprint), "not_before",
                     la_api_json_time(c->not_before_s), "expires_at", la_api_json_time(c->not_after_s), "created_at",
                     la_api_json_time(c->created_at_s), "revoked_at", la_api_json_time(c->revoked_at_s), "last_used_at",
                     la_api_json_time(c->last_used_at_s));
}

typedef struct list {
    json_t *items;
    int64_t now_s;
} list;

static la_result add_certificate(void *self, const la_certificate_row *row)
{
    list *l = self;
    if (json_array_append_new(l->items, certificate_json(row, l->now_s)) != 0)
        return la_fail(LA_NO_MEMORY, "there is no memory for the list");
    return la_ok();
}

la_result la_api_certificates_list(la_api_call *c)
{
    la_application_row a;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    list l = {json_array(), c->now_s};
    la_result r = la_command_list_certificates(c->commands, &a, add_certificate, &l);
    if (la_is_ok(r))
        return la_api_reply_list(c, l.items);
    json_decref(l.items);
    return r;
}

/* A certificate has no page of its own: the list is where it is found. */
static la_result add_location(la_api_call *c, const la_application_row *a)
{
    const la_slice segments[] = {
        LA_SLICE("environments"),  la_slice_of(a->environment), LA_SLICE("applications"),
        la_slice_of(a->client_id), LA_SLICE("certificates"),
    };
    return la_api_add_location(c, segments, sizeof segments / sizeof segments[0]);
}

static la_result issue(la_api_call *c, const la_application_row *a, la_slice request, int64_t expires_in_s)
{
    la_issued_certificate issued;
    la_result r = la_command_issue_certificate(c->commands, a, request, expires_in_s, &issued);
    if (la_is_ok(r))
        r = add_location(c, a);
    if (la_is_ok(r))
        r = la_api_reply(c, 201,
                         json_pack("{s:o, s:o, s:o, s:o}", "certificate", certificate_json(&issued.row, c->now_s),
                                   "certificate_pem", la_api_json_text(la_buffer_slice(&issued.certificate)),
                                   "private_key_pem",
                                   issued.key.n ? la_api_json_text(la_buffer_slice(&issued.key)) : json_null(),
                                   "chain_pem", la_api_json_text(la_buffer_slice(&issued.chain))));
    la_issued_certificate_done(&issued);
    return r;
}

static la_result register_one(la_api_call *c, const la_application_row *a, la_slice pem)
{
    la_certificate_row row;
    la_result r = la_command_register_certificate(c->commands, a, pem, &row);
    if (r.code == LA_INVALID)
        la_api_blame_result(c, "certificate_pem", r);
    LA_TRY(r);
    LA_TRY(add_location(c, a));
    return la_api_reply(c, 201, json_pack("{s:o}", "certificate", certificate_json(&row, c->now_s)));
}

/* With `certificate_pem` one is registered, otherwise one is issued. */
la_result la_api_certificates_add(la_api_call *c)
{
    la_application_row a;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    LA_TRY(la_api_guard_application(c, &a));
    la_slice request = la_api_body_text(c, "request_pem", LA_API_OPTIONAL);
    la_slice pem = la_api_body_text(c, "certificate_pem", LA_API_OPTIONAL);
    int64_t expires_in_s = la_api_body_number(c, "expires_in_s", 60, LIFETIME_MOST_S, 0);
    if (pem.p && request.p)
        la_api_blame(c, "request_pem", "a certificate is either issued, for a request, or registered");
    if (pem.p && expires_in_s)
        la_api_blame(c, "expires_in_s", "a registered certificate says itself when it ends");
    LA_TRY(la_api_check(c));
    return pem.p ? register_one(c, &a, pem) : issue(c, &a, request, expires_in_s);
}

la_result la_api_certificates_revoke(la_api_call *c)
{
    la_application_row a;
    la_certificate_row row;
    uint64_t certificate_id;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    LA_TRY(la_api_path_number(c, 2, "certificate", &certificate_id));
    LA_TRY(la_api_guard_application(c, &a));
    LA_TRY(la_command_revoke_certificate(c->commands, &a, certificate_id));
    LA_TRY(la_store_find_certificate(c->commands->store, a.application_id, certificate_id, &row));
    return la_api_reply(c, 200, certificate_json(&row, c->now_s));
}

la_result la_api_authority_show(la_api_call *c)
{
    la_buffer pem;
    la_buffer_init(&pem, PEM_MAX);
    la_result r = la_command_read_authority(c->commands, la_api_environment(c)->name, &pem);
    if (la_is_ok(r))
        r = la_api_reply(c, 200, json_pack("{s:o}", "chain_pem", la_api_json_text(la_buffer_slice(&pem))));
    la_buffer_done(&pem);
    return r;
}
