/* The htu of a proof. A normal form is its own normal form, and has no query, no fragment, no user and no dot segment. */
#include "oauth/htu.c"

#include <stdint.h>
#include <stdlib.h>

static void check(const char *normal, size_t n, size_t uri_n)
{
    char again[LA_HTU_MAX], copy[LA_HTU_MAX + 1];
    size_t again_n = 0;
    if (n > uri_n + 1 || !la_htu_normalise((la_slice){normal, n}, again, &again_n) || again_n != n ||
        memcmp(again, normal, n) != 0)
        abort();
    memcpy(copy, normal, n);
    copy[n] = 0;
    if (strlen(copy) != n || strpbrk(copy, "?#\\ \"<>^`{|}"))
        abort();
    if (strncmp(copy, "http://", 7) != 0 && strncmp(copy, "https://", 8) != 0)
        abort();
    const char *path = strchr(strstr(copy, "://") + 3, '/'), *user = strchr(copy, '@');
    if (!path || (user && user < path) || strstr(path, "/./") || strstr(path, "/../"))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char normal[LA_HTU_MAX];
    size_t normal_n = 0;
    if (la_htu_normalise((la_slice){(const char *)data, n}, normal, &normal_n))
        check(normal, normal_n, n);
    return 0;
}
