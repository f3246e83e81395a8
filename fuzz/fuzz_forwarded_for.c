/* X-Forwarded-For out of a header section. Whoever is named is an address, and the nearest one where that is no proxy's. */
#include "server/proxies/forwarded.h"
#include "server/proxies/forwarded_for.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static la_address_range ranges[] = {{.bytes = {10}, .n_bytes = 4, .n_bits = 8},
                                        {.bytes = {0xfd}, .n_bytes = 16, .n_bits = 7}};
    static const la_proxies_config proxies = {.addresses = ranges, .n_addresses = 2};
    la_slice lines[8];
    char client[LA_ADDRESS_CHARS] = "";
    size_t n_lines = la_forwarded_fields((la_slice){(const char *)data, n}, LA_SLICE("x-forwarded-for"), lines, 8);
    address a;
    if (n_lines > 8 || !la_forwarded_for_find(&proxies, lines, n_lines, client))
        return 0;
    if (!parse_text(la_slice_of(client), &a))
        abort();
    la_slice last = lines[n_lines - 1];
    address nearest;
    if (!parse_address(take_last(&last), &nearest))
        abort(); /* nobody may be named then */
    if (!include(&proxies, &nearest) && (a.family != nearest.family || memcmp(a.bytes, nearest.bytes, 4) != 0))
        abort();
    return 0;
}
