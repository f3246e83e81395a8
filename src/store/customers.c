/* Customers of applications. An environment has each customer_id once. */
#include "store/sqlite_internal.h"

static la_result add_customer(la_store *s, uint64_t application_id, la_slice customer_id, la_slice app_user_id,
                              int64_t now_s)
{
    la_sql q;
    uint16_t environment_id;
    LA_TRY(la_application_environment(s, application_id, &environment_id));
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO customer (environment_id, customer_id, application_id, app_user_id, created_at_s)"
                        " VALUES (?, ?, ?, ?, ?)",
                        &q));
    la_sql_int(&q, environment_id);
    la_sql_text(&q, customer_id);
    la_sql_id(&q, application_id);
    la_sql_text(&q, app_user_id);
    la_sql_int(&q, now_s);
    la_result r = la_sql_run(&q);
    if (r.code == LA_EXISTS)
        return la_fail(LA_EXISTS, "the environment has a customer '%.*s' already", LA_FMT(customer_id));
    LA_TRY(r);
    return la_feed_add(s, LA_CHANGE_CUSTOMER, environment_id, customer_id);
}

la_result la_store_add_customer(la_store *s, uint64_t application_id, la_slice customer_id, la_slice app_user_id,
                                int64_t now_s)
{
    la_slice user = app_user_id.p ? app_user_id : LA_SLICE("");
    LA_TRY(la_store_check_text("the customer_id", customer_id, LA_CUSTOMER_ID_MAX));
    LA_TRY(la_store_check_text("the app_user_id", user, LA_NAME_MAX));
    if (customer_id.n == 0)
        return la_fail(LA_INVALID, "the customer_id is empty");
    LA_TRY(la_write_begin(s));
    return la_write_end(s, add_customer(s, application_id, customer_id, user, now_s));
}

static la_result read_row(la_sql *q, la_customer_row *ret)
{
    LA_TRY(la_sql_get_text(q, 0, ret->customer_id, LA_CUSTOMER_ID_MAX));
    LA_TRY(la_sql_get_text(q, 1, ret->app_user_id, LA_NAME_MAX));
    ret->created_at_s = la_sql_get_int(q, 2);
    return la_ok();
}

static la_result list_customers(la_store *s, uint64_t application_id, la_slice prefix, la_slice after, unsigned limit,
                                la_customer_fn each, void *self)
{
    la_sql q;
    la_customer_row customer;
    char prefix_end[LA_CUSTOMER_ID_MAX];
    la_result r = la_ok();
    LA_TRY(la_sql_begin(s,
                        "SELECT customer_id, app_user_id, created_at_s FROM customer"
                        " WHERE application_id = ? AND customer_id >= ? AND customer_id < ? AND customer_id > ?"
                        " ORDER BY customer_id LIMIT ?",
                        &q));
    la_sql_id(&q, application_id);
    la_sql_prefix(&q, prefix, prefix_end);
    la_sql_text(&q, after.p ? after : LA_SLICE(""));
    la_sql_int(&q, limit);
    while (la_sql_next(&q, &r)) {
        r = read_row(&q, &customer);
        if (la_is_ok(r))
            r = each(self, &customer);
    }
    return r;
}

la_result la_store_list_customers(la_store *s, uint64_t application_id, la_slice prefix, la_slice after, unsigned limit,
                                  la_customer_fn each, void *self)
{
    if (prefix.n > LA_CUSTOMER_ID_MAX) /* nothing begins with that */
        return la_ok();
    LA_TRY(la_read_begin(s));
    return la_read_end(s, list_customers(s, application_id, prefix, after, limit, each, self));
}

static la_result remove_customer(la_store *s, uint64_t application_id, la_slice customer_id)
{
    la_sql q;
    uint16_t environment_id;
    LA_TRY(la_application_environment(s, application_id, &environment_id));
    LA_TRY(la_sql_begin(s, "DELETE FROM customer WHERE application_id = ? AND customer_id = ?", &q));
    la_sql_id(&q, application_id);
    la_sql_text(&q, customer_id);
    LA_TRY(la_sql_run(&q));
    if (sqlite3_changes64(s->db) == 0)
        return la_fail(LA_NOT_FOUND, "the application has no customer '%.*s'", LA_FMT(customer_id));
    return la_feed_add(s, LA_CHANGE_CUSTOMER, environment_id, customer_id);
}

la_result la_store_remove_customer(la_store *s, uint64_t application_id, la_slice customer_id)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, remove_customer(s, application_id, customer_id));
}
