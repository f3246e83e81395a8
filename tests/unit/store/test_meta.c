#include "support.h"

static void environments_get_ids_once(void **state)
{
    fixture *f = *state;
    uint16_t id = 0, again = 0;
    assert_ok(la_store_ensure_environment(f->store, LA_SLICE("sandbox-ksa"), &id));
    assert_ok(la_store_ensure_environment(f->store, LA_SLICE("sandbox-ksa"), &again));
    assert_int_equal(id, again);
    assert_int_not_equal(id, f->production);
    assert_int_not_equal(id, f->sandbox);
    assert_ok(la_store_find_environment(f->store, LA_SLICE("production"), &again));
    assert_int_equal(again, f->production);
    assert_code(la_store_find_environment(f->store, LA_SLICE("Production"), &again), LA_NOT_FOUND);
}

static void environment_names_have_limits(void **state)
{
    fixture *f = *state;
    uint16_t id;
    char name[LA_ENVIRONMENT_NAME_MAX + 2];
    memset(name, 'e', sizeof name);
    assert_ok(la_store_ensure_environment(f->store, (la_slice){name, LA_ENVIRONMENT_NAME_MAX}, &id));
    assert_code(la_store_ensure_environment(f->store, (la_slice){name, LA_ENVIRONMENT_NAME_MAX + 1}, &id), LA_INVALID);
    assert_code(la_store_ensure_environment(f->store, LA_NO_SLICE, &id), LA_INVALID);
    assert_code(la_store_ensure_environment(f->store, (la_slice){"a\0b", 3}, &id), LA_INVALID);
}

static void an_existing_environment_adds_nothing_to_the_feed(void **state)
{
    fixture *f = *state;
    uint16_t id;
    int64_t before = run_sql(f->path, "SELECT max(sequence) FROM change");
    assert_ok(la_store_ensure_environment(f->store, LA_SLICE("production"), &id));
    assert_int_equal(run_sql(f->path, "SELECT max(sequence) FROM change"), before);
}

static void the_pepper_is_set_once(void **state)
{
    fixture *f = *state;
    uint8_t got[64];
    size_t n = 0;
    assert_code(la_store_get_pepper(f->store, got, sizeof got, &n), LA_NOT_FOUND);
    assert_code(la_store_put_pepper(f->store, LA_NO_SLICE), LA_INVALID);
    assert_ok(la_store_put_pepper(f->store, (la_slice){"pep\0per", 7}));
    assert_code(la_store_put_pepper(f->store, LA_SLICE("other")), LA_EXISTS);
    assert_ok(la_store_get_pepper(f->store, got, sizeof got, &n));
    assert_int_equal(n, 7);
    assert_memory_equal(got, "pep\0per", 7);
    assert_ok(la_store_get_pepper(f->store, got, 7, &n));
    assert_code(la_store_get_pepper(f->store, got, 6, &n), LA_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(environments_get_ids_once, set_up_store, tear_down_store),
        cmocka_unit_test_setup_teardown(environment_names_have_limits, set_up_store, tear_down_store),
        cmocka_unit_test_setup_teardown(an_existing_environment_adds_nothing_to_the_feed, set_up_store,
                                        tear_down_store),
        cmocka_unit_test_setup_teardown(the_pepper_is_set_once, set_up_store, tear_down_store),
    };
    return cmocka_run_group_tests_name("store meta", tests, NULL, NULL);
}
