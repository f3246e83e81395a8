#include "unit.h"

#include "server/tables/token_reuse.h"

#include <pthread.h>

#define NOW INT64_C(1800000000)

typedef struct fixture {
    la_token_reuse *reuse;
    la_arena *arena;
} fixture;

static int set_up(void **state)
{
    static fixture f;

    f.reuse = la_token_reuse_new();
    f.arena = la_arena_new(4096, 1 << 20);
    *state = &f;
    return f.reuse && f.arena ? 0 : -1;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    la_token_reuse_free(f->reuse);
    la_arena_free(f->arena);
    return 0;
}

static void key_of(uint32_t number, uint8_t ret[LA_TOKEN_REUSE_KEY_BYTES])
{
    memset(ret, 0, LA_TOKEN_REUSE_KEY_BYTES);
    memcpy(ret, &number, sizeof number);
}

static void put(fixture *f, uint32_t key_number, const char *token, int64_t issued_at_s, uint32_t lifetime_s,
                uint32_t reuse_s, int64_t now_s)
{
    uint8_t key[LA_TOKEN_REUSE_KEY_BYTES];
    la_reused_token t = {la_slice_of(token), issued_at_s, issued_at_s + lifetime_s};

    key_of(key_number, key);
    la_token_reuse_put(f->reuse, key, &t, reuse_s, now_s);
}

static bool found(fixture *f, uint32_t key_number, int64_t now_s, const char *expected)
{
    uint8_t key[LA_TOKEN_REUSE_KEY_BYTES];
    la_reused_token t;

    key_of(key_number, key);
    if (!la_token_reuse_find(f->reuse, key, now_s, f->arena, &t))
        return false;
    assert_slice(t.token, expected);
    la_arena_reset(f->arena);
    return true;
}

static void a_token_is_given_again_within_its_time(void **state)
{
    fixture *f = *state;
    uint8_t key[LA_TOKEN_REUSE_KEY_BYTES];
    la_reused_token t;

    assert_false(found(f, 1, NOW, ""));
    put(f, 1, "token", NOW, 3600, 30, NOW);
    key_of(1, key);
    assert_true(la_token_reuse_find(f->reuse, key, NOW + 29, f->arena, &t));
    assert_slice(t.token, "token");
    assert_int_equal(t.issued_at_s, NOW);
    assert_int_equal(t.expires_at_s, NOW + 3600);
    assert_false(found(f, 1, NOW + 30, ""));
    assert_false(found(f, 2, NOW, ""));
    assert_false(found(f, 1, NOW - 1, "")); /* the clock was set back: it would be of the future */
}

static void half_of_the_lifetime_has_to_be_left(void **state)
{
    fixture *f = *state;

    put(f, 1, "even", NOW, 100, 1000, NOW);
    assert_true(found(f, 1, NOW + 50, "even"));
    assert_false(found(f, 1, NOW + 51, ""));
    put(f, 2, "odd", NOW, 101, 1000, NOW);
    assert_true(found(f, 2, NOW + 50, "odd"));
    assert_false(found(f, 2, NOW + 51, ""));
}

static void a_later_token_takes_the_place(void **state)
{
    fixture *f = *state;

    put(f, 1, "first", NOW, 3600, 30, NOW);
    put(f, 1, "second", NOW + 10, 3600, 30, NOW + 10);
    assert_true(found(f, 1, NOW + 35, "second"));
    assert_int_equal(la_token_reuse_entries(f->reuse), 1);
    put(f, 1, "none", NOW + 20, 3600, 0, NOW + 20); /* switched off meanwhile: nothing stays */
    assert_false(found(f, 1, NOW + 20, ""));
    assert_int_equal(la_token_reuse_entries(f->reuse), 0);
}

static void it_is_bounded_in_entries_and_bytes(void **state)
{
    fixture *f = *state;
    static char large[LA_TOKEN_REUSE_TOKEN_MAX + 2];
    uint32_t n;

    for (uint32_t i = 0; i < 4 * LA_TOKEN_REUSE_ENTRIES; i++)
        put(f, i, "token", NOW, 3600, 30, NOW);
    assert_in_range(la_token_reuse_entries(f->reuse), LA_TOKEN_REUSE_ENTRIES * 9 / 10, LA_TOKEN_REUSE_ENTRIES);

    memset(large, 'x', LA_TOKEN_REUSE_TOKEN_MAX);
    for (uint32_t i = 0; i < 4 * LA_TOKEN_REUSE_ENTRIES; i++)
        put(f, i, large, NOW, 3600, 30, NOW);
    n = la_token_reuse_entries(f->reuse);
    assert_in_range(n, 1, LA_TOKEN_REUSE_BYTES / LA_TOKEN_REUSE_TOKEN_MAX + 64);

    large[LA_TOKEN_REUSE_TOKEN_MAX] = 'x';
    put(f, UINT32_MAX, large, NOW, 3600, 30, NOW);
    assert_false(found(f, UINT32_MAX, NOW, ""));
}

static void what_is_over_leaves_memory_as_others_come(void **state)
{
    fixture *f = *state;

    for (uint32_t i = 0; i < 1000; i++)
        put(f, i, "token", NOW, 3600, 30, NOW);
    for (uint32_t i = 0; i < LA_TOKEN_REUSE_ENTRIES; i++)
        put(f, 1000000, "other", NOW + 60, 3600, 30, NOW + 60);
    assert_int_equal(la_token_reuse_entries(f->reuse), 1);
}

static void *use_from_a_thread(void *self)
{
    fixture own = {((fixture *)self)->reuse, la_arena_new(4096, 1 << 20)};
    char token[16];
    uint8_t key[LA_TOKEN_REUSE_KEY_BYTES];
    la_reused_token t;

    for (uint32_t i = 0; i < 20000; i++) {
        snprintf(token, sizeof token, "token-%u", i % 50);
        key_of(i % 50, key);
        put(&own, i % 50, token, NOW + i / 1000, 3600, 30, NOW + i / 1000);
        if (la_token_reuse_find(own.reuse, key, NOW + i / 1000, own.arena, &t))
            assert_slice(t.token, token);
        la_arena_reset(own.arena);
    }
    la_arena_free(own.arena);
    return NULL;
}

static void threads_share_it(void **state)
{
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_from_a_thread, *state), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(la_token_reuse_entries(((fixture *)*state)->reuse), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_token_is_given_again_within_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_of_the_lifetime_has_to_be_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_later_token_takes_the_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_is_bounded_in_entries_and_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_over_leaves_memory_as_others_come, set_up, tear_down),
        cmocka_unit_test_setup_teardown(threads_share_it, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
