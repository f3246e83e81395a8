/* What is revoked of an application's tokens. */
#include "admin/revocations.h"

#include "api/page.h"
#include "api/reply.h"
#include "api/request.h"
#include "api/who.h"

static json_t *revocation_json(const la_revocation_record *r)
{
    return json_pack("{s:s, s:o?, s:o?, s:o, s:o}", "about", la_revocation_about(r), "jti",
                     r->jti.p ? la_api_json_text(r->jti) : json_null(), "customer_id",
                     r->customer_id.p ? la_api_json_text(r->customer_id) : json_null(), "issued_until",
                     la_api_json_time(r->before_s), "kept_until", la_api_json_time(r->expires_at_s));
}

static la_result take(void *self, uint64_t revocation_id, const la_revocation_record *r)
{
    json_t *item = revocation_json(r);
    if (item)
        json_object_set_new(item, "revocation_id", la_api_json_id(revocation_id));
    return la_api_page_take_numbered(self, item, revocation_id);
}

la_result la_api_revocations_list(la_api_call *c)
{
    la_application_row a;
    la_api_page page;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    LA_TRY(la_api_page_begin(c, &page));
    la_result r = la_api_check(c);
    if (la_is_ok(r))
        r = la_command_list_revocations(c->commands, &a, la_api_page_after_number(&page), la_api_page_wanted(&page),
                                        take, &page);
    return la_api_page_end(c, &page, r);
}

/* Nothing said: all of the application's tokens. */
static la_result read_wish(la_api_call *c, la_revocation_wish *ret)
{
    la_slice secret_id = la_api_body_text(c, "secret_id", LA_API_OPTIONAL);
    la_slice certificate = la_api_body_text(c, "certificate", LA_API_OPTIONAL);
    la_slice key = la_api_body_text(c, "key", LA_API_OPTIONAL);
    la_slice customer_id = la_api_body_text(c, "customer_id", LA_API_OPTIONAL);
    unsigned long long number = 0;
    *ret = (la_revocation_wish){.what = LA_REVOKE_ALL};
    if ((secret_id.p != NULL) + (certificate.p != NULL) + (key.p != NULL) + (customer_id.p != NULL) > 1)
        la_api_blame(c,
                     customer_id.p ? "customer_id"
                     : key.p       ? "key"
                                   : "certificate",
                     "only one credential, or one customer, can be named");
    if (secret_id.p && !la_slice_to_u64(secret_id, INT64_MAX, &number))
        la_api_blame(c, "secret_id", "expected the number of a secret, as a text of digits");
    LA_TRY(la_api_check(c));
    if (secret_id.p)
        *ret = (la_revocation_wish){.what = LA_REVOKE_OF_SECRET, .secret_id = number};
    else if (certificate.p)
        *ret = (la_revocation_wish){.what = LA_REVOKE_OF_CERTIFICATE, .thumbprint = certificate};
    else if (key.p)
        *ret = (la_revocation_wish){.what = LA_REVOKE_OF_KEY, .thumbprint = key};
    else if (customer_id.p)
        *ret = (la_revocation_wish){.what = LA_REVOKE_OF_CUSTOMER, .customer_id = customer_id};
    return la_ok();
}

static const char *blamed(la_revoked_credential what)
{
    if (what == LA_REVOKE_OF_CUSTOMER)
        return "customer_id";
    return what == LA_REVOKE_OF_KEY ? "key" : "certificate";
}

la_result la_api_revocations_add(la_api_call *c)
{
    la_application_row a;
    la_revocation_wish wish;
    la_revocation_record record;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    LA_TRY(la_api_guard_application(c, &a));
    LA_TRY(read_wish(c, &wish));
    la_result r = la_command_revoke_tokens(c->commands, &a, &wish, &record);
    if (r.code == LA_INVALID)
        la_api_blame_result(c, blamed(wish.what), r);
    LA_TRY(la_api_check(c));
    LA_TRY(r);
    return la_api_reply(c, 200, revocation_json(&record));
}
