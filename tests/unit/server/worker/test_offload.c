#include "unit.h"

#include "base/secret.h"
#include "server/worker/offload.h"

#include <crypt.h>

typedef struct asked {
    la_offload *offload;
    unsigned right, wrong;
} asked;

static void note(void *self, bool is_right)
{
    asked *a = self;

    a->right += is_right;
    a->wrong += !is_right;
}

static la_slice hash_of(const char *secret)
{
    static struct crypt_data data;

    return la_slice_of(crypt_r(secret, "$5$rounds=1000$saltsalt", &data));
}

static void verdicts_come_back_on_the_loop(void **state)
{
    uv_loop_t loop;
    la_offload o = {.loop = &loop};
    asked a = {.offload = &o};
    char *secret = strdup("the secret"), *hash = NULL;

    assert_int_equal(uv_loop_init(&loop), 0);
    hash = strdup(hash_of("the secret").p);
    assert_ok(la_offload_verify(&o, la_slice_of(hash), la_slice_of(secret), note, &a));
    assert_ok(la_offload_verify(&o, la_slice_of(hash), LA_SLICE("another"), note, &a));
    assert_ok(la_offload_verify(&o, LA_SLICE("$5$nonsense"), la_slice_of(secret), note, &a));
    /* It has copies: a request may change or go while the pool works. */
    memset(secret, 'x', strlen(secret));
    memset(hash, 'x', strlen(hash));
    free(secret);
    free(hash);
    assert_int_equal(a.right + a.wrong, 0);
    assert_int_equal(o.waiting, 3);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(a.right, 1);
    assert_int_equal(a.wrong, 2);
    assert_int_equal(o.waiting, 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void more_than_the_most_is_refused(void **state)
{
    uv_loop_t loop;
    la_offload o = {.loop = &loop};
    asked a = {.offload = &o};
    la_slice hash = hash_of("s");

    assert_int_equal(uv_loop_init(&loop), 0);
    for (int i = 0; i < LA_OFFLOAD_MAX; i++)
        assert_ok(la_offload_verify(&o, hash, LA_SLICE("s"), note, &a));
    assert_code(la_offload_verify(&o, hash, LA_SLICE("s"), note, &a), LA_OVERLOADED);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(a.right, LA_OFFLOAD_MAX);
    assert_ok(la_offload_verify(&o, hash, LA_SLICE("s"), note, &a)); /* there is room again */
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(a.right, LA_OFFLOAD_MAX + 1);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_come_back_on_the_loop),
        cmocka_unit_test(more_than_the_most_is_refused),
    };
    int failed;

    assert_ok(la_secret_setup());
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    uv_library_shutdown();
    return failed;
}
