#include "support.h"

static void what_was_created_is_found(void **state)
{
    fixture *f = *state;
    la_new_secret secret = keyed_secret(1);
    la_application_row row;
    la_new_application a = new_application(f->sandbox, "client-1", &secret);
    a.auth_method = LA_AUTH_CLIENT_SECRET_POST;
    a.enabled = false;
    assert_ok(la_store_create_application(f->store, &a, NOW_S));
    assert_ok(la_store_find_application(f->store, f->sandbox, LA_SLICE("client-1"), &row));
    assert_int_equal(row.environment_id, f->sandbox);
    assert_string_equal(row.environment, "sandbox-uae");
    assert_string_equal(row.client_id, "client-1");
    assert_string_equal(row.name, "Süßwaren & Söhne");
    assert_string_equal(row.scopes, "api customer");
    assert_int_equal(row.auth_method, LA_AUTH_CLIENT_SECRET_POST);
    assert_false(row.enabled);
    assert_int_equal(row.created_at_s, NOW_S);
}

static void a_client_id_is_unique_in_its_environment(void **state)
{
    fixture *f = *state;
    la_application_row row;
    la_new_application a = new_application(f->sandbox, "client-1", NULL);
    uint64_t first = add_application(f, f->sandbox, "client-1", NULL);
    assert_code(la_store_create_application(f->store, &a, NOW_S), LA_EXISTS);
    assert_non_null(strstr(la_detail(), "client-1"));
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("client-1"), &row));
    assert_int_equal(row.application_id, first);

    uint64_t second = add_application(f, f->production, "client-1", NULL);
    assert_int_not_equal(first, second);
    assert_code(la_store_find_application(f->store, 0, LA_SLICE("client-1"), &row), LA_CONFLICT);
    assert_ok(la_store_find_application(f->store, f->production, LA_SLICE("client-1"), &row));
    assert_int_equal(row.application_id, second);
    assert_code(la_store_find_application(f->store, 0, LA_SLICE("CLIENT-1"), &row), LA_NOT_FOUND);
}

static void values_have_limits(void **state)
{
    fixture *f = *state;
    char text[LA_SCOPES_MAX + 2];
    la_application_row row;
    memset(text, 'x', sizeof text);
    la_new_application a = new_application(f->sandbox, "c", NULL);
    a.client_id = (la_slice){text, LA_CLIENT_ID_MAX};
    a.name = (la_slice){text, LA_NAME_MAX};
    a.scopes = (la_slice){text, LA_SCOPES_MAX};
    assert_ok(la_store_create_application(f->store, &a, NOW_S));
    assert_ok(la_store_find_application(f->store, 0, a.client_id, &row));
    assert_int_equal(strlen(row.scopes), LA_SCOPES_MAX);

    la_new_application bad = new_application(f->sandbox, "c", NULL);
    bad.client_id.n = 0;
    assert_code(la_store_create_application(f->store, &bad, NOW_S), LA_INVALID);
    bad.client_id = (la_slice){text, LA_CLIENT_ID_MAX + 1};
    assert_code(la_store_create_application(f->store, &bad, NOW_S), LA_INVALID);
    bad = new_application(f->sandbox, "c", NULL);
    bad.name = (la_slice){text, LA_NAME_MAX + 1};
    assert_code(la_store_create_application(f->store, &bad, NOW_S), LA_INVALID);
    bad = new_application(f->sandbox, "c", NULL);
    bad.scopes = (la_slice){text, LA_SCOPES_MAX + 1};
    assert_code(la_store_create_application(f->store, &bad, NOW_S), LA_INVALID);
    bad = new_application(f->sandbox, "c", NULL);
    bad.auth_method = LA_AUTH_METHOD_COUNT;
    assert_code(la_store_create_application(f->store, &bad, NOW_S), LA_INVALID);
    bad = new_application(999, "c", NULL);
    assert_code(la_store_create_application(f->store, &bad, NOW_S), LA_NOT_FOUND);
}

static void a_failed_creation_leaves_nothing(void **state)
{
    fixture *f = *state;
    char hint[LA_CLIENT_SECRET_MAX];
    la_application_row row;
    memset(hint, 'h', sizeof hint);
    la_new_secret secret = keyed_secret(1);
    secret.hint = (la_slice){hint, 40};
    la_new_application a = new_application(f->sandbox, "c", &secret);
    int64_t before = run_sql(f->path, "SELECT max(sequence) FROM change");
    assert_code(la_store_create_application(f->store, &a, NOW_S), LA_INVALID);
    assert_code(la_store_find_application(f->store, 0, LA_SLICE("c"), &row), LA_NOT_FOUND);
    assert_int_equal(run_sql(f->path, "SELECT max(sequence) FROM change"), before);
}

typedef struct listing {
    char text[400];
    unsigned n, stop_at;
} listing;

static la_result note(void *self, const la_application_row *row)
{
    listing *l = self;
    snprintf(l->text + strlen(l->text), sizeof l->text - strlen(l->text), "%s ", row->client_id);
    return ++l->n == l->stop_at ? la_fail(LA_TOO_LARGE, "stop") : la_ok();
}

static void listings_come_in_order_and_in_pages(void **state)
{
    fixture *f = *state;
    add_application(f, f->sandbox, "z", NULL);
    uint64_t second = add_application(f, f->production, "y", NULL);
    add_application(f, f->sandbox, "x", NULL);
    add_application(f, f->production, "w", NULL);
    listing all = {0}, some = {0}, page = {0}, rest = {0}, none = {0};
    assert_ok(list_from(f->store, 0, 0, 100, note, &all));
    assert_string_equal(all.text, "z y x w ");
    assert_ok(list_from(f->store, f->production, 0, 100, note, &some));
    assert_string_equal(some.text, "y w ");
    assert_ok(list_from(f->store, 0, 0, 2, note, &page));
    assert_string_equal(page.text, "z y ");
    assert_ok(list_from(f->store, 0, second, 100, note, &rest));
    assert_string_equal(rest.text, "x w ");
    assert_ok(list_from(f->store, 0, UINT64_MAX, 100, note, &none));
    assert_int_equal(none.n, 0);
}

static void a_listing_stops_at_the_first_failure(void **state)
{
    fixture *f = *state;
    add_application(f, f->sandbox, "z", NULL);
    add_application(f, f->sandbox, "y", NULL);
    listing l = {.stop_at = 1};
    assert_code(list_from(f->store, 0, 0, 100, note, &l), LA_TOO_LARGE);
    assert_string_equal(la_detail(), "stop");
    assert_int_equal(l.n, 1);
    add_application(f, f->sandbox, "x", NULL); /* the handle is free again */
}

typedef struct nested {
    la_store *store;
    unsigned inner;
    la_code write;
} nested;

static la_result count_secret(void *self, const la_secret_row *row)
{
    ((nested *)self)->inner++;
    return la_ok();
}

static la_result look_inside(void *self, const la_application_row *row)
{
    nested *n = self;
    n->write = set_enabled(n->store, row->application_id, false).code;
    return la_store_list_secrets(n->store, row->application_id, count_secret, n);
}

static void a_listing_may_read_but_not_write(void **state)
{
    fixture *f = *state;
    la_new_secret secret = keyed_secret(1);
    add_application(f, f->sandbox, "z", &secret);
    add_application(f, f->sandbox, "y", &secret);
    nested n = {f->store, 0, LA_OK};
    assert_ok(list_from(f->store, 0, 0, 100, look_inside, &n));
    assert_int_equal(n.inner, 2);
    assert_int_equal(n.write, LA_CONFLICT);
}

static void applications_are_disabled_and_enabled(void **state)
{
    fixture *f = *state;
    la_application_row row;
    uint64_t id = add_application(f, f->sandbox, "c", NULL);
    assert_ok(set_enabled(f->store, id, false));
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("c"), &row));
    assert_false(row.enabled);
    assert_ok(set_enabled(f->store, id, true));
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("c"), &row));
    assert_true(row.enabled);
    assert_code(set_enabled(f->store, id + 1, true), LA_NOT_FOUND);
    assert_code(set_enabled(f->store, UINT64_MAX, true), LA_NOT_FOUND);
}

static void deletion_takes_secrets_and_customers_along(void **state)
{
    fixture *f = *state;
    la_new_secret secret = keyed_secret(1);
    la_application_row row;
    uint64_t kept = add_application(f, f->sandbox, "kept", &secret);
    uint64_t id = add_application(f, f->sandbox, "c", &secret);
    assert_ok(la_store_add_customer(f->store, id, LA_SLICE("u1"), LA_NO_SLICE, NOW_S));
    assert_ok(la_store_add_customer(f->store, kept, LA_SLICE("u2"), LA_NO_SLICE, NOW_S));
    assert_ok(la_store_delete_application(f->store, id));
    assert_code(la_store_find_application(f->store, 0, LA_SLICE("c"), &row), LA_NOT_FOUND);
    assert_code(la_store_delete_application(f->store, id), LA_NOT_FOUND);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM secret"), 1);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM customer"), 1);
    assert_ok(la_store_add_customer(f->store, kept, LA_SLICE("u1"), LA_NO_SLICE, NOW_S));
    /* Nobody may mistake the next one for it. */
    assert_true(add_application(f, f->sandbox, "c", &secret) > id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_created_is_found),
        TEST(a_client_id_is_unique_in_its_environment),
        TEST(values_have_limits),
        TEST(a_failed_creation_leaves_nothing),
        TEST(listings_come_in_order_and_in_pages),
        TEST(a_listing_stops_at_the_first_failure),
        TEST(a_listing_may_read_but_not_write),
        TEST(applications_are_disabled_and_enabled),
        TEST(deletion_takes_secrets_and_customers_along),
    };
    return cmocka_run_group_tests_name("store applications", tests, NULL, NULL);
}
