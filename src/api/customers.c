/* Customers of an application. */
#include "admin/rules.h"
#include "api/page.h"
#include "api/reply.h"
#include "api/request.h"
#include "api/who.h"

static json_t *customer_json(const la_customer_row *row)
{
    return json_pack("{s:s, s:o, s:o}", "customer_id", row->customer_id, "app_user_id",
                     row->app_user_id[0] ? la_api_json_text(la_slice_of(row->app_user_id)) : json_null(), "created_at",
                     la_api_json_time(row->created_at_s));
}

static la_result take_customer(void *self, const la_customer_row *row)
{
    return la_api_page_take(self, customer_json(row), la_slice_of(row->customer_id));
}

la_result la_api_customers_list(la_api_call *c)
{
    la_application_row a;
    la_api_page page;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    LA_TRY(la_api_page_begin(c, &page));
    la_slice prefix = la_api_query_text(c, "q");
    la_result r = la_api_check(c);
    if (la_is_ok(r))
        r = la_command_list_customers(c->commands, &a, prefix.p ? prefix : LA_SLICE(""), la_api_page_after(&page),
                                      la_api_page_wanted(&page), take_customer, &page);
    return la_api_page_end(c, &page, r);
}

static la_result keep_exact(void *self, const la_customer_row *row)
{
    la_customer_row *wanted = self;
    if (strcmp(wanted->customer_id, row->customer_id) == 0)
        *wanted = *row;
    return la_ok();
}

/* As the store has it now. A customer_id that begins with another sorts behind it. */
static la_result read_back(la_api_call *c, const la_application_row *a, la_slice customer_id, la_customer_row *ret)
{
    memcpy(ret->customer_id, customer_id.p, customer_id.n);
    return la_command_list_customers(c->commands, a, customer_id, LA_SLICE(""), 1, keep_exact, ret);
}

la_result la_api_customers_add(la_api_call *c)
{
    la_application_row a;
    la_customer_row row = {0};
    la_slice trimmed;
    int64_t wait_s = 0;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    LA_TRY(la_api_guard_application(c, &a));
    la_slice customer_id = la_api_body_text(c, "customer_id", LA_API_REQUIRED);
    la_slice app_user_id = la_api_body_text(c, "app_user_id", LA_API_OPTIONAL);
    if (customer_id.p)
        la_api_blame_result(c, "customer_id", la_rule_customer_id(la_api_environment(c), customer_id));
    if (app_user_id.p)
        la_api_blame_result(c, "app_user_id", la_rule_app_user_id(app_user_id, &trimmed));
    LA_TRY(la_api_check(c));
    la_result r = la_command_add_customer(c->commands, &a, customer_id, app_user_id.p ? app_user_id : LA_SLICE(""),
                                          &wait_s);
    c->retry_after_s = (uint32_t)wait_s;
    LA_TRY(r);
    LA_TRY(read_back(c, &a, customer_id, &row));
    const la_slice segments[] = {
        LA_SLICE("environments"), la_slice_of(a.environment), LA_SLICE("applications"),
        la_slice_of(a.client_id), LA_SLICE("customers"),      customer_id,
    };
    LA_TRY(la_api_add_location(c, segments, sizeof segments / sizeof segments[0]));
    return la_api_reply(c, 201, customer_json(&row));
}

la_result la_api_customers_remove(la_api_call *c)
{
    la_application_row a;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    LA_TRY(la_api_guard_application(c, &a));
    la_result r = la_command_remove_customer(c->commands, &a, c->parameters[2]);
    if (r.code == LA_INVALID)
        return la_fail(LA_NOT_FOUND, "the application has no such customer");
    LA_TRY(r);
    return la_api_reply_nothing(c);
}
