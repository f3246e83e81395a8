/* Each allocation of ours and of libcyaml fails once: NO_MEMORY, nothing leaked (AddressSanitizer looks), and the next load works. */
#include "rig.h"

#include <stdarg.h>

static long fail_at = -1; /* allocations to go; -1: none fails */

static bool fails(void)
{
    return fail_at >= 0 && fail_at-- == 0;
}

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *p, size_t bytes);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);
int __wrap_asprintf(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t n, size_t bytes)
{
    return fails() ? NULL : __real_calloc(n, bytes);
}

void *__wrap_realloc(void *p, size_t bytes)
{
    return fails() ? NULL : __real_realloc(p, bytes);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
    return fails() ? NULL : __real_strndup(text, n);
}

int __wrap_asprintf(char **ret, const char *format, ...)
{
    if (fails()) {
        *ret = (char *)(uintptr_t)1; /* undefined after a failure: nobody may free it */
        return -1;
    }
    va_list args;
    va_start(args, format);
    int n = vasprintf(ret, format, args);
    va_end(args);
    return n;
}

static const char text[] = "listen: {address: \"::1\"}\nlog: {level: warn}\n" ENVIRONMENT
                           "    hosts: [a.example, c.example]\n"
                           "    listen: {address: \"::1\", port: 9000}\n"
                           "    scopes: [{name: pay, audience: \"urn:p\", lifetime_s: 60}]\n"
                           "    test: true\n" SECOND("b", "https://b.example");

static void exhausted_memory_is_survived(void **state)
{
    char *folder = unit_mkdir(), path[300];
    long n = 0;
    snprintf(path, sizeof path, "%s/leanauth.yaml", folder);
    rig_write(path, text, sizeof text - 1);
    for (;; n++) {
        la_config *c = NULL;
        fail_at = n;
        la_result r = la_config_load(path, &c);
        bool failed = fail_at < 0;
        fail_at = -1;
        if (!failed) {
            assert_ok(r);
            la_config_free(c);
            break;
        }
        if (r.code != LA_NO_MEMORY)
            fail_msg("allocation %ld failed: %s (%s)", n, la_result_info_of(r.code)->name, la_detail());
        assert_null(c);
        assert_non_null(strstr(la_detail(), "out of memory"));
    }
    /* Fewer would mean that the allocations are not those of the code under test. */
    assert_true(n > 40);
    unit_rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exhausted_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
