/* Wrapping: what was wrapped comes back only under the same key, purpose and name. */
#include "jose/wrap.h"
#include "testkit.h"

#include <sys/stat.h>
#include <unistd.h>

static la_master_key *new_master(void)
{
    char folder[] = "/tmp/leanauth-test-XXXXXX", path[128];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/master.key", folder);
    unsetenv("CREDENTIALS_DIRECTORY");
    la_master_key *m = NULL;
    assert_ok(la_master_key_create(path));
    assert_ok(la_master_key_load(path, &m));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    return m;
}

static void test_round_trip(void **state)
{
    (void)state;
    la_master_key *m = new_master();
    static const size_t sizes[] = {0, 1, 32, 1219, LA_WRAP_PLAIN_MAX};
    char *plain = malloc(LA_WRAP_PLAIN_MAX + 1);
    la_random_bytes(plain, LA_WRAP_PLAIN_MAX + 1);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        la_buffer wrapped, again;
        la_buffer_init(&wrapped, 32768);
        la_buffer_init(&again, 32768);
        la_buffer_add_text(&again, "before");
        assert_ok(la_wrap(m, "signing-key", LA_SLICE("kid"), (la_slice){plain, sizes[i]}, &wrapped));
        assert_int_equal(wrapped.n, sizes[i] + LA_WRAP_OVERHEAD);
        assert_int_equal(wrapped.p[0], 1);
        assert_ok(la_unwrap(m, "signing-key", LA_SLICE("kid"), la_buffer_slice(&wrapped), &again));
        assert_int_equal(again.n, 6 + sizes[i]);
        assert_memory_equal(again.p, "before", 6);
        assert_memory_equal(again.p + 6, plain, sizes[i]);
        la_buffer_done(&wrapped);
        la_buffer_done(&again);
    }
    la_buffer wrapped;
    la_buffer_init(&wrapped, 32768);
    assert_code(la_wrap(m, "p", LA_SLICE("n"), (la_slice){plain, LA_WRAP_PLAIN_MAX + 1}, &wrapped), LA_TOO_LARGE);
    assert_int_equal(wrapped.n, 0);
    la_buffer_done(&wrapped);
    free(plain);
    la_master_key_free(m);
}

static void refuse(const la_master_key *m, const char *purpose, la_slice name, la_slice wrapped)
{
    char memory[256];
    memset(memory, 0x5A, sizeof memory);
    la_buffer ret;
    la_buffer_init_fixed(&ret, memory, sizeof memory);
    assert_code(la_unwrap(m, purpose, name, wrapped, &ret), LA_CRYPTO);
    assert_int_equal(ret.n, 0);
    assert_null(memmem(memory, sizeof memory, "very secret", 11));
}

static void test_bound_to_all_of_it(void **state)
{
    (void)state;
    la_master_key *m = new_master(), *other = new_master();
    la_buffer b;
    la_buffer_init(&b, 1024);
    assert_ok(la_wrap(m, "signing-key", LA_SLICE("kid"), LA_SLICE("very secret"), &b));
    la_slice wrapped = la_buffer_slice(&b);
    refuse(other, "signing-key", LA_SLICE("kid"), wrapped);
    refuse(m, "pepper", LA_SLICE("kid"), wrapped);
    refuse(m, "signing-key", LA_SLICE("kie"), wrapped);
    refuse(m, "signing-key", LA_SLICE(""), wrapped);
    refuse(m, "signing-keyk", LA_SLICE("id"), wrapped);
    for (size_t i = 0; i < wrapped.n; i++) {
        b.p[i] ^= 1;
        refuse(m, "signing-key", LA_SLICE("kid"), wrapped);
        b.p[i] ^= 1;
    }
    for (size_t n = 0; n < wrapped.n; n++)
        refuse(m, "signing-key", LA_SLICE("kid"), (la_slice){wrapped.p, n});
    la_buffer_add_char(&b, 0);
    refuse(m, "signing-key", LA_SLICE("kid"), la_buffer_slice(&b));
    la_buffer_done(&b);
    la_master_key_free(m);
    la_master_key_free(other);
}

static void test_never_the_same_twice(void **state)
{
    (void)state;
    la_master_key *m = new_master();
    char memory[2][64];
    for (int i = 0; i < 2; i++) {
        la_buffer b;
        la_buffer_init_fixed(&b, memory[i], sizeof memory[i]);
        assert_ok(la_wrap(m, "p", LA_SLICE("n"), LA_SLICE("x"), &b));
    }
    assert_memory_not_equal(memory[0], memory[1], LA_WRAP_OVERHEAD);
    la_buffer tight;
    la_buffer_init_fixed(&tight, memory[0], LA_WRAP_OVERHEAD);
    assert_code(la_wrap(m, "p", LA_SLICE("n"), LA_SLICE("x"), &tight), LA_NO_MEMORY);
    la_master_key_free(m);
    assert_null(la_master_key_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_bound_to_all_of_it),
        cmocka_unit_test(test_never_the_same_twice),
    };
    return cmocka_run_group_tests_name("wrap", tests, set_up_secrets, NULL);
}
