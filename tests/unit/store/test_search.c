/* Which applications a listing finds, how they are changed, and what a row says of its secrets. */
#include "support.h"

#define UUID_1 "3f2b9c10-0000-4000-8000-000000000001"
#define UUID_2 "3f2b9c10-0000-4000-8000-000000000002"

static void name(fixture *f, uint16_t environment_id, const char *client_id, const char *name)
{
    la_new_application a = new_application(environment_id, client_id, NULL);
    a.name = la_slice_of(name);
    assert_ok(la_store_create_application(f->store, &a, NOW_S));
}

typedef struct listing {
    char text[400];
    la_application_row last;
} listing;

static la_result note(void *self, const la_application_row *row)
{
    listing *l = self;
    snprintf(l->text + strlen(l->text), sizeof l->text - strlen(l->text), "%s ", row->client_id);
    l->last = *row;
    return la_ok();
}

static void assert_found(fixture *f, la_application_filter filter, unsigned limit, const char *expected)
{
    listing l = {0};
    assert_ok(la_store_list_applications(f->store, &filter, limit, note, &l));
    assert_string_equal(l.text, expected);
}

#define FIND(text, expected) assert_found(f, (la_application_filter){.search = la_slice_of(text)}, 100, expected)

static void a_search_finds_parts_of_names_and_beginnings_of_client_ids(void **state)
{
    fixture *f = *state;
    name(f, f->sandbox, "app-1", "Acme Payments");
    name(f, f->sandbox, "app-2", "ACME reports");
    name(f, f->production, "acm-3", "Other");
    name(f, f->production, "x-acme", "Zoë Ünal");
    FIND("acme", "app-1 app-2 ");
    FIND("ACM", "app-1 app-2 ");
    FIND("acm", "app-1 app-2 acm-3 ");
    FIND("ports", "app-2 ");
    FIND("app-", "app-1 app-2 ");
    FIND("pp-", "");
    FIND("Zoë ün", ""); /* ASCII letters only */
    FIND("zoë Ü", "x-acme ");
    FIND("", "app-1 app-2 acm-3 x-acme ");
    FIND("nothing", "");
}

static void a_search_is_text_and_nothing_else(void **state)
{
    fixture *f = *state;
    static const char *const hostile[] = {
        "'",    "\"",       "' OR 1=1 --", "';DROP TABLE application;--", "%", "_", "\\", "*", "?", "[a]", "%%", "\\%",
        "\xff", "\xff\xff", "\xc3"};
    char client_id[10];
    name(f, f->sandbox, "plain", "plain name");
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
        FIND(hostile[i], "");
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        char whole[100];
        listing l = {0};
        snprintf(client_id, sizeof client_id, "h%zu", i);
        snprintf(whole, sizeof whole, "<%s>", hostile[i]);
        name(f, f->sandbox, client_id, whole);
        la_application_filter filter = {.search = la_slice_of(whole)};
        assert_ok(la_store_list_applications(f->store, &filter, 100, note, &l));
        assert_string_equal(l.last.client_id, client_id);
        assert_string_equal(l.last.name, whole);
    }
    FIND("%", "h4 h10 h11 ");
    FIND("_", "h5 ");
    FIND("DROP TABLE", "h3 ");
}

static void a_search_has_limits(void **state)
{
    fixture *f = *state;
    listing l = {0};
    char text[LA_NAME_MAX + 1];
    memset(text, '%', sizeof text);
    la_application_filter filter = {.search = {text, LA_NAME_MAX}};
    assert_ok(la_store_list_applications(f->store, &filter, 10, note, &l));
    filter.search.n++;
    assert_code(la_store_list_applications(f->store, &filter, 10, note, &l), LA_INVALID);
    filter.search = (la_slice){"a\0b", 3};
    assert_code(la_store_list_applications(f->store, &filter, 10, note, &l), LA_INVALID);
}

static void the_beginning_of_a_uuid_is_that_of_a_client_id(void **state)
{
    fixture *f = *state;
    name(f, f->sandbox, UUID_1, "first");
    name(f, f->production, "y", "about 3f2b9c10");
    name(f, f->sandbox, UUID_2, "second");
    name(f, f->sandbox, "z", "deadbeef Ltd");
    FIND("3f2b9c1", UUID_1 " y " UUID_2 " ");
    FIND("3f2b9c10", UUID_1 " " UUID_2 " ");
    FIND("3f2b9c10-0000-4000-8000-000000000002", UUID_2 " ");
    FIND("deadbeef", "z "); /* no client_id begins so */
    FIND("3f2b9c10x", "");
    assert_found(f, (la_application_filter){.search = LA_SLICE("3f2b9c10"), .environment_id = f->production}, 10, "y ");
    assert_found(f, (la_application_filter){.search = LA_SLICE("3f2b9c10")}, 1, UUID_1 " ");
    assert_found(f, (la_application_filter){.search = LA_SLICE("3f2b9c10"), .after_id = 1}, 10, UUID_2 " ");
}

static void filters_go_together(void **state)
{
    fixture *f = *state;
    name(f, f->sandbox, "a", "one");
    name(f, f->sandbox, "b", "one two");
    name(f, f->production, "c", "two one");
    name(f, f->sandbox, "d", "two");
    assert_ok(set_enabled(f->store, 2, false));
    assert_found(f, (la_application_filter){.enabled = 1}, 10, "a c d ");
    assert_found(f, (la_application_filter){.enabled = -1}, 10, "b ");
    assert_found(f, (la_application_filter){.search = LA_SLICE("one"), .enabled = 1}, 10, "a c ");
    assert_found(f, (la_application_filter){.search = LA_SLICE("one"), .environment_id = f->sandbox}, 10, "a b ");
    assert_found(f, (la_application_filter){.search = LA_SLICE("two"), .after_id = 2}, 10, "c d ");
    assert_found(f, (la_application_filter){.search = LA_SLICE("two"), .after_id = 2}, 1, "c ");
    assert_found(f, (la_application_filter){.environment_id = f->sandbox, .after_id = 1, .enabled = 1}, 10, "d ");
    uint64_t n = 0;
    assert_ok(la_store_count_applications(f->store, 0, &n));
    assert_int_equal(n, 4);
    assert_ok(la_store_count_applications(f->store, f->sandbox, &n));
    assert_int_equal(n, 3);
    assert_ok(la_store_count_applications(f->store, 99, &n));
    assert_int_equal(n, 0);
}

static void a_row_counts_its_live_secrets(void **state)
{
    fixture *f = *state;
    la_new_secret secret = keyed_secret(1);
    la_application_row row;
    uint64_t second, third;
    uint64_t id = add_application(f, f->sandbox, "a", &secret);
    add_application(f, f->sandbox, "b", NULL);
    assert_ok(la_store_add_secret(f->store, id, &secret, 4, NOW_S, &second));
    secret.expires_at_s = 1000; /* long past */
    assert_ok(la_store_add_secret(f->store, id, &secret, 4, NOW_S, &third));
    la_last_used uses[] = {{second, 500}, {third, 700}};
    assert_ok(la_store_put_last_used(f->store, uses, 2));
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("a"), &row));
    assert_int_equal(row.live_secrets, 2);
    assert_int_equal(row.last_used_at_s, 700);
    assert_ok(la_store_revoke_secret(f->store, id, second, NOW_S));
    listing l = {0};
    assert_ok(list_from(f->store, 0, 0, 1, note, &l));
    assert_int_equal(l.last.live_secrets, 1);
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("b"), &row));
    assert_int_equal(row.live_secrets, 0);
    assert_int_equal(row.last_used_at_s, 0);
}

static void a_secret_is_found_by_its_id(void **state)
{
    fixture *f = *state;
    la_new_secret secret = keyed_secret(1);
    la_secret_row row;
    uint64_t added;
    uint64_t id = add_application(f, f->sandbox, "a", &secret);
    uint64_t other = add_application(f, f->sandbox, "b", &secret);
    assert_ok(la_store_add_secret(f->store, id, &secret, 4, NOW_S + 1, &added));
    assert_ok(la_store_find_secret(f->store, id, added, &row));
    assert_int_equal(row.secret_id, added);
    assert_int_equal(row.created_at_s, NOW_S + 1);
    assert_string_equal(row.hint, "las_live_aB3…x9Zk");
    assert_code(la_store_find_secret(f->store, other, added, &row), LA_NOT_FOUND);
    assert_code(la_store_find_secret(f->store, id, added + 1, &row), LA_NOT_FOUND);
    assert_code(la_store_find_secret(f->store, id, UINT64_MAX, &row), LA_NOT_FOUND);
    assert_code(la_store_find_secret(f->store, UINT64_MAX, UINT64_MAX, &row), LA_NOT_FOUND);
}

static void a_change_sets_what_is_given_and_counts_the_version(void **state)
{
    fixture *f = *state;
    la_application_row row;
    la_auth_method method = LA_AUTH_CLIENT_SECRET_POST;
    bool enabled = false;
    uint64_t id = add_application(f, f->sandbox, "a", NULL);
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("a"), &row));
    assert_int_equal(row.version, 1);
    assert_int_equal(row.updated_at_s, NOW_S);
    la_application_change change = {.name = LA_SLICE("'; DROP TABLE application; --")};
    assert_ok(la_store_update_application(f->store, id, 1, &change, NOW_S + 5));
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("a"), &row));
    assert_string_equal(row.name, "'; DROP TABLE application; --");
    assert_string_equal(row.scopes, "api customer");
    assert_true(row.enabled);
    assert_int_equal(row.version, 2);
    assert_int_equal(row.updated_at_s, NOW_S + 5);
    assert_int_equal(row.created_at_s, NOW_S);
    change = (la_application_change){LA_NO_SLICE, LA_SLICE("api"), &method, &enabled};
    assert_ok(la_store_update_application(f->store, id, 2, &change, NOW_S + 6));
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("a"), &row));
    assert_string_equal(row.scopes, "api");
    assert_int_equal(row.auth_method, LA_AUTH_CLIENT_SECRET_POST);
    assert_false(row.enabled);
    assert_int_equal(row.version, 3);
}

static void a_change_of_another_version_is_stale(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    la_application_row row;
    uint64_t id = add_application(f, f->sandbox, "a", NULL);
    la_application_change change = {.name = LA_SLICE("new")};
    assert_ok(la_store_read_all(f->store, mirror_apply, &m, &position));
    int64_t changes = run_sql(f->path, "SELECT count(*) FROM change");
    assert_code(la_store_update_application(f->store, id, 2, &change, NOW_S), LA_STALE);
    assert_code(la_store_update_application(f->store, id, UINT64_MAX, &change, NOW_S), LA_STALE);
    assert_code(la_store_update_application(f->store, id + 1, 1, &change, NOW_S), LA_NOT_FOUND);
    assert_code(la_store_update_application(f->store, UINT64_MAX, 0, &change, NOW_S), LA_NOT_FOUND);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM change"), changes);
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("a"), &row));
    assert_string_not_equal(row.name, "new");
    assert_int_equal(row.version, 1);
    assert_ok(la_store_update_application(f->store, id, 0, &change, NOW_S)); /* whatever it is */
    change.scopes = LA_SLICE("api");
    assert_ok(la_store_update_application(f->store, id, 2, &change, NOW_S));
    assert_mirror_follows(f->store, &m, &position, 10);
    assert_non_null(strstr(mirror_get(&m, "application 2 a"), "scopes=api"));
    mirror_done(&m);

    char text[LA_SCOPES_MAX + 1];
    memset(text, 'x', sizeof text);
    change = (la_application_change){.name = {text, LA_NAME_MAX + 1}};
    assert_code(la_store_update_application(f->store, id, 0, &change, NOW_S), LA_INVALID);
    change = (la_application_change){.scopes = {text, sizeof text}};
    assert_code(la_store_update_application(f->store, id, 0, &change, NOW_S), LA_INVALID);
    la_auth_method method = LA_AUTH_METHOD_COUNT;
    change = (la_application_change){.auth_method = &method};
    assert_code(la_store_update_application(f->store, id, 0, &change, NOW_S), LA_INVALID);
}

static la_result note_customer(void *self, const la_customer_row *row)
{
    listing *l = self;
    snprintf(l->text + strlen(l->text), sizeof l->text - strlen(l->text), "%s ", row->customer_id);
    return la_ok();
}

static void customers_are_found_by_their_beginning(void **state)
{
    fixture *f = *state;
    uint64_t id = add_application(f, f->sandbox, "a", NULL);
    static const char *const ids[] = {"ab", "abc", "abd", "ac", "b%", "b_", "\xff", "\xff\xff"};
    static const struct {
        const char *prefix, *after, *expected;
    } cases[] = {
        {"ab", "", "ab abc abd "},
        {"ab", "abc", "abd "},
        {"abc", "", "abc "},
        {"b%", "", "b% "},
        {"%", "", ""},
        {"_", "", ""},
        {"'", "", ""},
        {"\xff", "", "\xff \xff\xff "},
        {"\xff\xff", "", "\xff\xff "},
        {"ac", "b", ""},
        {"a", "ac", ""},
    };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        assert_ok(la_store_add_customer(f->store, id, la_slice_of(ids[i]), LA_NO_SLICE, NOW_S));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        listing l = {0};
        assert_ok(la_store_list_customers(f->store, id, la_slice_of(cases[i].prefix), la_slice_of(cases[i].after), 10,
                                          note_customer, &l));
        assert_string_equal(l.text, cases[i].expected);
    }
    listing l = {0};
    char long_prefix[LA_CUSTOMER_ID_MAX + 1] = {0};
    assert_ok(la_store_list_customers(f->store, id, (la_slice){long_prefix, sizeof long_prefix}, LA_NO_SLICE, 10,
                                      note_customer, &l));
    assert_string_equal(l.text, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_search_finds_parts_of_names_and_beginnings_of_client_ids),
        TEST(a_search_is_text_and_nothing_else),
        TEST(a_search_has_limits),
        TEST(the_beginning_of_a_uuid_is_that_of_a_client_id),
        TEST(filters_go_together),
        TEST(a_row_counts_its_live_secrets),
        TEST(a_secret_is_found_by_its_id),
        TEST(a_change_sets_what_is_given_and_counts_the_version),
        TEST(a_change_of_another_version_is_stale),
        TEST(customers_are_found_by_their_beginning),
    };
    return cmocka_run_group_tests_name("store search", tests, NULL, NULL);
}
