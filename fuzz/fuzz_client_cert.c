/* Client-Cert (RFC 9440). What comes out is one DER sequence that is no longer than what went in. */
#include "server/proxies/client_cert.c"

#include <stdlib.h>

static la_arena *arena;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    la_slice der = LA_NO_SLICE;
    if (!arena)
        arena = la_arena_new(4096, 1 << 20);
    if (la_is_ok(la_client_cert_parse((la_slice){(const char *)data, n}, arena, &der)))
        if (!la_der_is_one_sequence(der) || der.n >= n)
            abort();
    la_arena_reset(arena);
    return 0;
}
