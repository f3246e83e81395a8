#include "support.h"

typedef struct listing {
    char text[400];
    la_customer_row last;
} listing;

static la_result note(void *self, const la_customer_row *row)
{
    listing *l = self;
    snprintf(l->text + strlen(l->text), sizeof l->text - strlen(l->text), "%s ", row->customer_id);
    l->last = *row;
    return la_ok();
}

static void customers_are_listed_in_order_and_in_pages(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "a", NULL), b = add_application(f, f->sandbox, "b", NULL);
    assert_ok(la_store_add_customer(f->store, a, LA_SLICE("u3"), LA_SLICE("Zoë"), NOW_S));
    assert_ok(la_store_add_customer(f->store, a, LA_SLICE("u1"), LA_NO_SLICE, NOW_S));
    assert_ok(la_store_add_customer(f->store, b, LA_SLICE("u2"), LA_SLICE(""), NOW_S));
    assert_ok(la_store_add_customer(f->store, a, LA_SLICE("u4"), LA_NO_SLICE, NOW_S));
    listing all = {0}, page = {0}, rest = {0};
    assert_ok(la_store_list_customers(f->store, a, LA_NO_SLICE, LA_NO_SLICE, 10, note, &all));
    assert_string_equal(all.text, "u1 u3 u4 ");
    assert_ok(la_store_list_customers(f->store, a, LA_NO_SLICE, LA_NO_SLICE, 2, note, &page));
    assert_string_equal(page.text, "u1 u3 ");
    assert_string_equal(page.last.app_user_id, "Zoë");
    assert_int_equal(page.last.created_at_s, NOW_S);
    assert_ok(la_store_list_customers(f->store, a, LA_NO_SLICE, LA_SLICE("u3"), 10, note, &rest));
    assert_string_equal(rest.text, "u4 ");
    assert_string_equal(rest.last.app_user_id, "");
}

static void an_environment_has_each_customer_once(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "a", NULL), b = add_application(f, f->sandbox, "b", NULL);
    uint64_t p = add_application(f, f->production, "a", NULL);
    assert_ok(la_store_add_customer(f->store, a, LA_SLICE("u1"), LA_NO_SLICE, NOW_S));
    assert_code(la_store_add_customer(f->store, a, LA_SLICE("u1"), LA_NO_SLICE, NOW_S), LA_EXISTS);
    assert_code(la_store_add_customer(f->store, b, LA_SLICE("u1"), LA_NO_SLICE, NOW_S), LA_EXISTS);
    assert_non_null(strstr(la_detail(), "u1"));
    assert_ok(la_store_add_customer(f->store, p, LA_SLICE("u1"), LA_NO_SLICE, NOW_S));
    assert_code(la_store_add_customer(f->store, p + 9, LA_SLICE("u9"), LA_NO_SLICE, NOW_S), LA_NOT_FOUND);
}

static void only_the_owner_removes_a_customer(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "a", NULL), b = add_application(f, f->sandbox, "b", NULL);
    assert_ok(la_store_add_customer(f->store, a, LA_SLICE("u1"), LA_NO_SLICE, NOW_S));
    assert_code(la_store_remove_customer(f->store, b, LA_SLICE("u1")), LA_NOT_FOUND);
    assert_code(la_store_remove_customer(f->store, a, LA_SLICE("u2")), LA_NOT_FOUND);
    assert_code(la_store_remove_customer(f->store, b + 9, LA_SLICE("u1")), LA_NOT_FOUND);
    assert_ok(la_store_remove_customer(f->store, a, LA_SLICE("u1")));
    assert_code(la_store_remove_customer(f->store, a, LA_SLICE("u1")), LA_NOT_FOUND);
    assert_ok(la_store_add_customer(f->store, b, LA_SLICE("u1"), LA_NO_SLICE, NOW_S));
}

static void values_have_limits(void **state)
{
    fixture *f = *state;
    char text[LA_NAME_MAX + 1];
    uint64_t a = add_application(f, f->sandbox, "a", NULL);
    memset(text, 'x', sizeof text);
    la_slice id = {text, LA_CUSTOMER_ID_MAX}, too_long = {text, LA_CUSTOMER_ID_MAX + 1};
    assert_ok(la_store_add_customer(f->store, a, id, (la_slice){text, LA_NAME_MAX}, NOW_S));
    assert_code(la_store_add_customer(f->store, a, too_long, LA_NO_SLICE, NOW_S), LA_INVALID);
    assert_code(la_store_add_customer(f->store, a, LA_SLICE(""), LA_NO_SLICE, NOW_S), LA_INVALID);
    assert_code(la_store_add_customer(f->store, a, LA_NO_SLICE, LA_NO_SLICE, NOW_S), LA_INVALID);
    assert_code(la_store_add_customer(f->store, a, LA_SLICE("u"), (la_slice){text, LA_NAME_MAX + 1}, NOW_S),
                LA_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(customers_are_listed_in_order_and_in_pages),
        TEST(an_environment_has_each_customer_once),
        TEST(only_the_owner_removes_a_customer),
        TEST(values_have_limits),
    };
    return cmocka_run_group_tests_name("store customers", tests, NULL, NULL);
}
