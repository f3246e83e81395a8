/* Advice: who fetches far more tokens than they need. */
#include "rig.h"

#include "admin/usage.h"
#include "base/clock.h"

typedef struct heard {
    unsigned n;
    char client_id[LA_CLIENT_ID_MAX + 1];
    uint64_t tokens, needed;
    uint32_t lifetime_s;
} heard;

static la_result hear(void *self, const la_usage_advice *a)
{
    heard *h = self;
    h->n++;
    snprintf(h->client_id, sizeof h->client_id, "%.*s", LA_FMT(a->client_id));
    h->tokens = a->tokens;
    h->needed = a->needed;
    h->lifetime_s = a->lifetime_s;
    return la_ok();
}

static void count(rig *r, uint64_t application_id, int64_t at_s, uint64_t n)
{
    la_usage_count c = {.environment_id = r->commands.environment_ids[0],
                        .application_id = application_id,
                        .minute = at_s / 60,
                        .outcome = LA_USAGE_ISSUED,
                        .count = n};
    assert_ok(la_store_add_usage(r->commands.store, &c, 1, NULL, 0));
}

static heard ask(rig *r, int64_t from_s, int64_t to_s)
{
    heard h = {0};
    assert_ok(
        la_command_usage_advice(&r->commands, LA_SLICE("production"), from_s, to_s, LA_USAGE_MINUTE, 20, hear, &h));
    return h;
}

static void test_advice(void **state)
{
    rig *r = *state;
    int64_t now_s = la_clock_now_s(), from_s = now_s - 3 * 3600;
    la_application_row a = add_application(r, "production", "eager"), b = add_application(r, "production", "modest");
    la_application_edit api = {.scopes = LA_SLICE("api")};
    assert_ok(la_command_update_application(&r->commands, &a, &api, &a));
    count(r, b.application_id, now_s - 120, 60);
    count(r, a.application_id, now_s - 120, 100);
    count(r, 0, now_s - 120, 5000); /* unknown clients get no advice */
    assert_int_equal(ask(r, from_s, now_s).n, 0);
    count(r, a.application_id, now_s - 120, 1);
    heard h = ask(r, from_s, now_s);
    assert_int_equal(h.n, 1);
    assert_string_equal(h.client_id, a.client_id);
    assert_int_equal(h.tokens, 101);
    assert_int_equal(h.needed, 3);
    assert_int_equal(h.lifetime_s, 3600);
    /* With two audiences, it needs twice as many. */
    la_application_edit both = {.scopes = LA_SLICE("api customer")};
    assert_ok(la_command_update_application(&r->commands, &a, &both, &a));
    assert_int_equal(ask(r, from_s, now_s).needed, 6);
    assert_int_equal(ask(r, from_s - 14 * 3600, now_s).n, 0); /* 17 hours: 34 of 101 */
}

static void test_the_future_needs_nothing(void **state)
{
    rig *r = *state;
    int64_t now_s = la_clock_now_s();
    la_application_row a = add_application(r, "production", "eager");
    count(r, a.application_id, now_s - 120, 200);
    assert_int_equal(ask(r, now_s - 3600, now_s + 20 * 3600).needed, 2);
    assert_int_equal(ask(r, now_s + 3600, now_s + 7200).n, 0);
}

static void test_deleted_applications(void **state)
{
    rig *r = *state;
    int64_t now_s = la_clock_now_s();
    la_application_row a = add_application(r, "production", "eager");
    count(r, a.application_id, now_s - 120, 5000);
    assert_int_equal(ask(r, now_s - 3600, now_s).n, 1);
    assert_ok(la_command_delete_application(&r->commands, &a));
    assert_int_equal(ask(r, now_s - 3600, now_s).n, 0);
}

static void test_bad_questions(void **state)
{
    rig *r = *state;
    heard h = {0};
    assert_code(la_command_usage_advice(&r->commands, LA_SLICE("nowhere"), 0, 60, LA_USAGE_MINUTE, 20, hear, &h),
                LA_NOT_FOUND);
    assert_code(la_command_usage_advice(&r->commands, LA_SLICE("production"), 60, 0, LA_USAGE_MINUTE, 20, hear, &h),
                LA_INVALID);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_advice),
        TEST(test_the_future_needs_nothing),
        TEST(test_deleted_applications),
        TEST(test_bad_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
