#include "support.h"

#include "store/audit.h"

/* The event that is next in a test's own idea of the chain: its hash is its number. */
static la_audit_row new_event(uint64_t sequence)
{
    la_audit_row e = {
        .sequence = sequence,
        .at_ms = NOW_S * INT64_C(1000) + (int64_t)sequence,
        .actor_kind = LA_SLICE("operator"),
        .actor_id = LA_SLICE("1"),
        .actor_name = LA_SLICE("a@b.example"),
        .address = LA_SLICE("192.0.2.1"),
        .request_id = LA_SLICE(""),
        .environment = LA_SLICE("production"),
        .action = LA_SLICE("application.create"),
        .outcome = LA_SLICE("done"),
        .target_kind = LA_SLICE("application"),
        .target_id = LA_SLICE("t"),
        .target_name = LA_SLICE("Zoë"),
        .detail = LA_SLICE("{\"after\":{}}"),
    };
    e.hash[0] = (uint8_t)sequence;
    e.hash[1] = (uint8_t)(sequence >> 8);
    e.hash[31] = sequence > 0;
    e.previous_hash[0] = (uint8_t)(sequence - 1);
    e.previous_hash[1] = (uint8_t)((sequence - 1) >> 8);
    e.previous_hash[31] = sequence > 1;
    return e;
}

static void add(fixture *f, const la_audit_row *e)
{
    uint8_t mac[32] = {0xaa};
    assert_ok(la_store_add_audit(f->store, e, mac));
}

typedef struct listing {
    char text[2000];
    unsigned n;
    la_audit_row last;
    char detail[100];
} listing;

static la_result note(void *self, const la_audit_row *e)
{
    listing *l = self;
    snprintf(l->text + strlen(l->text), sizeof l->text - strlen(l->text), "%lld ", (long long)e->sequence);
    l->n++;
    l->last = *e;
    snprintf(l->detail, sizeof l->detail, "%.*s|%.*s", LA_FMT(e->target_name), LA_FMT(e->detail));
    return la_ok();
}

static void events_come_back_as_they_were(void **state)
{
    fixture *f = *state;
    la_audit_head head;
    assert_ok(la_store_read_audit_head(f->store, &head));
    assert_int_equal(head.sequence, 0);
    assert_int_equal(head.hash[0], 0);
    for (uint64_t i = 1; i <= 3; i++) {
        la_audit_row e = new_event(i);
        add(f, &e);
    }
    assert_ok(la_store_read_audit_head(f->store, &head));
    assert_int_equal(head.sequence, 3);
    assert_int_equal(head.hash[0], 3);
    assert_int_equal(head.mac[0], 0xaa);
    listing all = {0}, some = {0};
    assert_ok(la_store_read_audit(f->store, 0, 10, note, &all));
    assert_string_equal(all.text, "1 2 3 ");
    assert_string_equal(all.detail, "Zoë|{\"after\":{}}");
    assert_int_equal(all.last.at_ms, NOW_S * INT64_C(1000) + 3);
    la_audit_row third = new_event(3);
    assert_memory_equal(all.last.hash, third.hash, sizeof third.hash);
    assert_memory_equal(all.last.previous_hash, third.previous_hash, sizeof third.hash);
    assert_ok(la_store_read_audit(f->store, 2, 1, note, &some));
    assert_string_equal(some.text, "2 ");
}

static void only_what_follows_the_head_is_added(void **state)
{
    fixture *f = *state;
    uint8_t mac[32] = {0};
    la_audit_row first = new_event(1), second = new_event(2), third = new_event(3);
    assert_code(la_store_add_audit(f->store, &second, mac), LA_CONFLICT);
    add(f, &first);
    assert_code(la_store_add_audit(f->store, &first, mac), LA_CONFLICT);
    assert_code(la_store_add_audit(f->store, &third, mac), LA_CONFLICT);
    second.previous_hash[5] = 1;
    assert_code(la_store_add_audit(f->store, &second, mac), LA_CONFLICT);
    second = new_event(2);
    add(f, &second);
}

static void add_next(fixture *f, uint64_t expected)
{
    la_audit_head head;
    la_audit_row e = new_event(1);
    uint8_t mac[32] = {0};
    assert_ok(la_store_read_audit_head(f->store, &head));
    assert_int_equal(head.next, expected);
    e.sequence = head.next;
    memcpy(e.previous_hash, head.hash, sizeof head.hash);
    assert_ok(la_store_add_audit(f->store, &e, mac));
}

/* Somebody from outside was at head or table: nothing is written over, and the next event always has a number. */
static void a_head_that_is_not_the_end(void **state)
{
    fixture *f = *state;
    for (uint64_t i = 1; i <= 3; i++) {
        la_audit_row e = new_event(i);
        add(f, &e);
    }
    run_sql(f->path, "DELETE FROM audit_head");
    add_next(f, 4);
    run_sql(f->path, "UPDATE audit_head SET sequence = 2");
    add_next(f, 5);
    run_sql(f->path, "UPDATE audit_head SET sequence = -9");
    add_next(f, 6);
    run_sql(f->path, "UPDATE audit_head SET sequence = 20");
    add_next(f, 21);
    run_sql(f->path, "UPDATE audit_head SET sequence = 9223372036854775807");
    add_next(f, 7);
    run_sql(f->path, "UPDATE audit_event SET sequence = 9223372036854775807 WHERE sequence = 21");
    add_next(f, 8);
    run_sql(f->path, "DELETE FROM audit_head");
    add_next(f, 9);
    run_sql(f->path, "DELETE FROM audit_event WHERE sequence < 100; DELETE FROM audit_head");
    add_next(f, 1);
    run_sql(f->path, "DELETE FROM audit_event");
    add_next(f, 2);
}

static void texts_have_limits_and_any_bytes(void **state)
{
    fixture *f = *state;
    static char text[LA_AUDIT_DETAIL_MAX + 1];
    uint8_t mac[32] = {0};
    la_audit_row e = new_event(1);
    memset(text, 'x', sizeof text);
    e.address = LA_NO_SLICE;
    assert_code(la_store_add_audit(f->store, &e, mac), LA_INVALID);
    e = new_event(1);
    e.target_id = (la_slice){text, LA_AUDIT_TEXT_MAX + 1};
    assert_code(la_store_add_audit(f->store, &e, mac), LA_INVALID);
    e = new_event(1);
    e.detail = (la_slice){text, sizeof text};
    assert_code(la_store_add_audit(f->store, &e, mac), LA_INVALID);
    e.detail.n--;
    e.target_id = (la_slice){"a\0\xff'; DROP TABLE audit_event; --", 31};
    add(f, &e);
    listing l = {0};
    assert_ok(la_store_list_audit(f->store, &(la_audit_filter){.target_id = e.target_id}, 10, note, &l));
    assert_string_equal(l.text, "1 ");
}

/* 100 events of which the target, actor, action, environment and outcome differ by their number. */
static void fill(fixture *f)
{
    static const char *const actions[] = {"application.create", "application.delete", "applications.import",
                                          "key.rotate"};
    char target[10];
    assert_ok(la_store_begin(f->store));
    for (uint64_t i = 1; i <= 100; i++) {
        la_audit_row e = new_event(i);
        snprintf(target, sizeof target, "t%u", (unsigned)(i % 7));
        e.target_id = la_slice_of(target);
        e.actor_id = i % 2 ? LA_SLICE("odd") : LA_SLICE("even");
        e.action = la_slice_of(actions[i % 4]);
        e.environment = i % 5 ? i % 3 ? LA_SLICE("production") : LA_SLICE("sandbox") : LA_SLICE("");
        e.outcome = i % 10 ? LA_SLICE("done") : LA_SLICE("refused");
        if (i == 50)
            e.at_ms -= 40; /* the clock was set back for a moment */
        add(f, &e);
    }
    assert_ok(la_store_commit(f->store));
}

static void assert_events(fixture *f, la_audit_filter filter, unsigned limit, const char *expected)
{
    listing l = {0};
    assert_ok(la_store_list_audit(f->store, &filter, limit, note, &l));
    assert_string_equal(l.text, expected);
}

static void assert_count(fixture *f, la_audit_filter filter, unsigned n)
{
    listing l = {0};
    assert_ok(la_store_list_audit(f->store, &filter, 1000, note, &l));
    assert_int_equal(l.n, n);
}

#define FILTER(...) ((la_audit_filter){__VA_ARGS__})

static void lists_are_newest_first_and_filtered(void **state)
{
    fixture *f = *state;
    fill(f);
    assert_events(f, FILTER(0), 3, "100 99 98 ");
    assert_events(f, FILTER(0), 0, "");
    assert_events(f, FILTER(.before_sequence = 98), 2, "97 96 ");
    assert_events(f, FILTER(.before_sequence = 1), 2, "");
    assert_events(f, FILTER(.before_sequence = UINT64_MAX), 1, "100 ");
    assert_events(f, FILTER(.target_id = LA_SLICE("t0")), 3, "98 91 84 ");
    assert_events(f, FILTER(.target_id = LA_SLICE("t0"), .actor_id = LA_SLICE("odd")), 3, "91 77 63 ");
    assert_events(f, FILTER(.target_id = LA_SLICE("t0"), .before_sequence = 84), 2, "77 70 ");
    assert_events(f, FILTER(.actor_id = LA_SLICE("even"), .outcome = LA_SLICE("refused")), 3, "100 90 80 ");
    assert_events(f, FILTER(.action = LA_SLICE("key.rotate")), 3, "99 95 91 ");
    assert_events(f, FILTER(.action = LA_SLICE("key.*")), 3, "99 95 91 ");
    assert_events(f, FILTER(.action = LA_SLICE("application.*")), 3, "100 97 96 ");
    assert_count(f, FILTER(.action = LA_SLICE("application.*")), 50);
    assert_count(f, FILTER(.action = LA_SLICE("application.cr*")), 0); /* only after a dot */
    assert_count(f, FILTER(.action = LA_SLICE("*")), 0);
    assert_count(f, FILTER(.action = LA_SLICE(".*")), 0);
    assert_count(f, FILTER(.action = LA_SLICE("")), 0);
    assert_count(f, FILTER(.environment = LA_SLICE("")), 20);
    assert_count(f, FILTER(.environment = LA_SLICE("sandbox")), 27);
    assert_count(f, FILTER(.outcome = LA_SLICE("refused")), 10);
    const la_slice some[] = {LA_SLICE("sandbox"), LA_SLICE("")};
    assert_count(f, FILTER(.environments = some, .n_environments = 2), 47);
    assert_count(f, FILTER(.environments = some, .n_environments = 1), 27);
    assert_count(f, FILTER(.environments = some, .n_environments = 0), 0);
    assert_count(f, FILTER(.environments = some, .n_environments = 1, .environment = LA_SLICE("production")), 0);
    assert_count(f, FILTER(.environments = some, .n_environments = 2, .target_id = LA_SLICE("t1")), 7);
}

static void a_span_of_time_survives_a_clock_that_went_back(void **state)
{
    fixture *f = *state;
    int64_t t = NOW_S * INT64_C(1000);
    fill(f);
    assert_events(f, FILTER(.from_ms = t + 99), 10, "100 99 ");
    assert_events(f, FILTER(.to_ms = t + 3), 10, "2 1 ");
    assert_events(f, FILTER(.from_ms = t + 9, .to_ms = t + 12), 10, "50 11 10 9 "); /* 50 was at 10 */
    assert_events(f, FILTER(.from_ms = t + 9, .to_ms = t + 12, .before_sequence = 11), 10, "10 9 ");
    assert_events(f, FILTER(.from_ms = t + 9, .to_ms = t + 12, .actor_id = LA_SLICE("odd")), 10, "11 9 ");
    assert_events(f, FILTER(.from_ms = t + 49, .to_ms = t + 52), 10, "51 49 ");
    assert_events(f, FILTER(.from_ms = t + 101), 10, "");
    assert_events(f, FILTER(.to_ms = t), 10, "");
}

static void filters_are_text_and_nothing_else(void **state)
{
    fixture *f = *state;
    static const char *const hostile[] = {"' OR '1'='1", "%", "_", "'; DELETE FROM audit_event; --", "\xff", "odd' --"};
    fill(f);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        la_slice text = la_slice_of(hostile[i]);
        assert_count(f, FILTER(.environment = text), 0);
        assert_count(f, FILTER(.actor_id = text), 0);
        assert_count(f, FILTER(.action = text), 0);
        assert_count(f, FILTER(.target_id = text), 0);
        assert_count(f, FILTER(.outcome = text), 0);
        assert_count(f, FILTER(.environments = &text, .n_environments = 1), 0);
    }
    assert_count(f, FILTER(0), 100);
}

/* Whoever can write to the file can make odd rows: they are shown, not hidden. */
static void odd_rows_are_read_as_they_are(void **state)
{
    fixture *f = *state;
    for (uint64_t i = 1; i <= 3; i++) {
        la_audit_row e = new_event(i);
        add(f, &e);
    }
    run_sql(f->path, "UPDATE audit_event SET sequence = -7 WHERE sequence = 2;"
                     "UPDATE audit_event SET hash = CAST(hash || x'00' AS BLOB), action = 'none' WHERE sequence = 3;");
    listing all = {0}, some = {0};
    assert_ok(la_store_read_audit(f->store, 0, 10, note, &all));
    assert_string_equal(all.text, "-7 1 3 ");
    uint8_t impossible[LA_AUDIT_HASH_BYTES];
    memset(impossible, 0xff, sizeof impossible);
    assert_memory_equal(all.last.hash, impossible, sizeof impossible);
    assert_ok(la_store_list_audit(f->store, &FILTER(0), 10, note, &some));
    assert_string_equal(some.text, "3 1 -7 ");
    run_sql(f->path, "UPDATE audit_head SET mac = x'01'");
    la_audit_head head;
    assert_ok(la_store_read_audit_head(f->store, &head));
    assert_memory_equal(head.mac, impossible, sizeof impossible);
}

static void the_key_is_set_once(void **state)
{
    fixture *f = *state;
    uint8_t key[8];
    size_t n = 0;
    assert_code(la_store_get_audit_key(f->store, key, sizeof key, &n), LA_NOT_FOUND);
    assert_code(la_store_put_audit_key(f->store, LA_SLICE("")), LA_INVALID);
    assert_ok(la_store_put_audit_key(f->store, LA_SLICE("wrapped")));
    assert_code(la_store_put_audit_key(f->store, LA_SLICE("another")), LA_EXISTS);
    assert_ok(la_store_get_audit_key(f->store, key, sizeof key, &n));
    assert_int_equal(n, 7);
    assert_memory_equal(key, "wrapped", 7);
    assert_code(la_store_get_audit_key(f->store, key, 6, &n), LA_TOO_LARGE);
    assert_code(la_store_get_pepper(f->store, key, sizeof key, &n), LA_NOT_FOUND); /* another value */
}

static void nothing_of_it_reaches_the_feed(void **state)
{
    fixture *f = *state;
    int64_t before = run_sql(f->path, "SELECT count(*) FROM change");
    fill(f);
    assert_ok(la_store_put_audit_key(f->store, LA_SLICE("wrapped")));
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM change"), before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(events_come_back_as_they_were),
        TEST(only_what_follows_the_head_is_added),
        TEST(a_head_that_is_not_the_end),
        TEST(texts_have_limits_and_any_bytes),
        TEST(lists_are_newest_first_and_filtered),
        TEST(a_span_of_time_survives_a_clock_that_went_back),
        TEST(filters_are_text_and_nothing_else),
        TEST(odd_rows_are_read_as_they_are),
        TEST(the_key_is_set_once),
        TEST(nothing_of_it_reaches_the_feed),
    };
    return cmocka_run_group_tests_name("store audit", tests, NULL, NULL);
}
