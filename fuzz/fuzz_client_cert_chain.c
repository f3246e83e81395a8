/* Client-Cert-Chain (RFC 9440 2.3). What comes out are DER sequences that are together no longer than what went in; a Client-Cert is a
 * list of one. */
#include "server/proxies/client_cert.c"

#include <stdlib.h>

static la_arena *arena;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    la_slice field = {(const char *)data, n}, der = LA_NO_SLICE;
    la_der_list list = {.n = 0};
    size_t total = 0;
    if (!arena)
        arena = la_arena_new(4096, 1 << 20);
    if (la_is_ok(la_client_cert_chain_parse(field, arena, &list)) && (list.n == 0 || list.n > LA_PROXY_CHAIN_MAX))
        abort();
    for (size_t i = 0; i < list.n; i++) {
        if (!la_der_is_one_sequence(list.items[i]))
            abort();
        total += list.items[i].n;
    }
    if (total > n)
        abort();
    if (la_is_ok(la_client_cert_parse(field, arena, &der)) && (list.n != 1 || !la_slice_equal(der, list.items[0])))
        abort();
    la_arena_reset(arena);
    return 0;
}
