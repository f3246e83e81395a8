/* Which customers an application owns: what the policy `registered` asks. */
#include "admin/commands.h"

#include "admin/audit.h"
#include "admin/detail.h"
#include "admin/revocations.h"
#include "admin/rules.h"
#include "base/clock.h"

static la_result check_id(const la_commands *c, const la_application_row *a, la_slice customer_id)
{
    unsigned index;
    LA_TRY(la_rule_environment(c->config, la_slice_of(a->environment), &index));
    return la_rule_customer_id(&c->config->environments[index], customer_id);
}

/* The application's own name of the customer is left out: it may name a person, and nothing leaves the log again. */
static json_t *detail_of(la_slice customer_id)
{
    return json_pack("{s:o}", "customer_id", la_detail_text(customer_id));
}

la_result la_command_add_customer(la_commands *c, const la_application_row *a, la_slice customer_id,
                                  la_slice app_user_id, int64_t *ret_wait_s)
{
    la_slice trimmed;
    la_change change;
    LA_TRY(check_id(c, a, customer_id));
    LA_TRY(la_rule_app_user_id(app_user_id, &trimmed));
    LA_TRY(la_change_begin(c, &change));
    *ret_wait_s = 0;
    la_result r = la_store_add_customer(c->store, a->application_id, customer_id, trimmed, la_clock_now_s());
    if (la_is_ok(r))
        r = la_command_part_from_former_customer(c, a, customer_id, ret_wait_s);
    if (r.code == LA_EXISTS)
        r = la_fail(LA_EXISTS, "customer %.*s is registered in environment %s already", LA_FMT(customer_id),
                    a->environment);
    return la_change_end_application(c, &change, r, "customer.add", a, detail_of(customer_id));
}

la_result la_command_list_customers(la_commands *c, const la_application_row *a, la_slice prefix, la_slice after,
                                    unsigned limit, la_customer_fn each, void *self)
{
    return la_store_list_customers(c->store, a->application_id, prefix, after, limit, each, self);
}

la_result la_command_remove_customer(la_commands *c, const la_application_row *a, la_slice customer_id)
{
    char shown[LA_RULE_SHOWN_BYTES];
    la_change change;
    int64_t until_s = 0;
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_store_remove_customer(c->store, a->application_id, customer_id);
    if (r.code == LA_NOT_FOUND)
        r = la_fail(LA_NOT_FOUND, "application %s has no customer \"%s\"", a->client_id,
                    la_rule_show(customer_id, shown));
    if (la_is_ok(r))
        r = la_command_revoke_removed_customer(c, a, customer_id, &until_s);
    json_t *detail = detail_of(customer_id);
    if (la_is_ok(r) && detail)
        json_object_set_new(detail, "tokens_revoked_until", la_detail_time(until_s));
    return la_change_end_application(c, &change, r, "customer.remove", a, detail);
}
