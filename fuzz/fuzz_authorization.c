/* The Authorization field. Credentials that come out of it are VSCHAR and not empty (RFC 6749 A.1, A.2). */
#include "oauth/client_basic.c"

#include <stdlib.h>

static la_arena *arena;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    la_credentials c;
    if (!arena)
        arena = la_arena_new(4096, 1 << 20);
    if (la_is_ok(la_client_read_basic((la_slice){(const char *)data, n}, arena, &c)))
        if (!la_is_vschar(c.client_id) || !la_is_vschar(c.client_secret))
            abort();
    la_arena_reset(arena);
    return 0;
}
