/* PEM in percent-encoding. What comes out is one DER sequence, or several, no longer than what went in; one is a list of one. */
#include "server/proxies/escaped_pem.c"

#include <stdlib.h>

static la_arena *arena;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    la_slice der = LA_NO_SLICE;
    if (!arena)
        arena = la_arena_new(4096, 1 << 20);
    if (la_is_ok(la_escaped_pem_parse((la_slice){(const char *)data, n}, arena, &der)))
        if (!la_der_is_one_sequence(der) || der.n >= n)
            abort();
    la_der_list list = {.n = 0};
    la_result r = la_escaped_pem_parse_all((la_slice){(const char *)data, n}, arena, &list);
    size_t total = 0;
    for (size_t i = 0; la_is_ok(r) && i < list.n; i++) {
        if (!la_der_is_one_sequence(list.items[i]))
            abort();
        total += list.items[i].n;
    }
    if (total > n || list.n > 1 + LA_PROXY_CHAIN_MAX || (der.p && (list.n != 1 || !la_slice_equal(der, list.items[0]))))
        abort();
    la_arena_reset(arena);
    return 0;
}
