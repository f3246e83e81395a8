#include "unit.h"

#include "base/arena.h"

static void bounded_and_reusable(void **state)
{
    la_arena *a = la_arena_new(64, 256);
    for (int round = 0; round < 3; round++) {
        char *p = la_arena_take(a, 10);
        char *q = la_arena_take(a, 50); /* does not fit the first chunk: a block of its own */
        assert_non_null(p);
        assert_non_null(q);
        assert_int_equal((uintptr_t)p % 16, 0);
        assert_int_equal((uintptr_t)q % 16, 0);
        memset(p, 1, 10);
        memset(q, 2, 50);
        assert_non_null(la_arena_take(a, 128));
        assert_null(la_arena_take(a, 64));
        assert_null(la_arena_take(a, SIZE_MAX));
        assert_null(la_arena_take(a, SIZE_MAX - 20));
        la_arena_reset(a);
    }
    assert_null(la_arena_free(a));
    assert_null(la_arena_free(NULL));
}

static void reset_wipes(void **state)
{
    la_arena *a = la_arena_new(64, 64);
    la_slice s = la_arena_copy(a, LA_SLICE("a secret"));
    assert_slice(s, "a secret");
    la_arena_reset(a);
    assert_memory_equal(s.p, "\0\0\0\0\0\0\0\0", 8);
    la_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bounded_and_reusable), cmocka_unit_test(reset_wipes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
