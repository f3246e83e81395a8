#include "server/jwks/public_address.h"

#include <netinet/in.h>

#define V4(a, b, c, d, bits)  \
    {                         \
        {a, b, c, d}, 4, bits \
    }

/* IANA's registries of special-purpose addresses: all that is not globally reachable. */
static const la_address_range special[] = {
    V4(0, 0, 0, 0, 8),
    V4(10, 0, 0, 0, 8),
    V4(100, 64, 0, 0, 10), /* shared, RFC 6598 */
    V4(127, 0, 0, 0, 8),
    V4(169, 254, 0, 0, 16), /* link-local; metadata services */
    V4(172, 16, 0, 0, 12),
    V4(192, 0, 0, 0, 24),
    V4(192, 0, 2, 0, 24), /* documentation, as are the next ones of this width */
    V4(192, 88, 99, 0, 24),
    V4(192, 168, 0, 0, 16),
    V4(198, 18, 0, 0, 15), /* benchmarks */
    V4(198, 51, 100, 0, 24),
    V4(203, 0, 113, 0, 24),
    V4(224, 0, 0, 0, 3),          /* multicast, reserved, broadcast */
    {{0x20, 0x01, 0x00}, 16, 23}, /* protocol assignments, Teredo among them */
    {{0x20, 0x01, 0x0D, 0xB8}, 16, 32},
    {{0x3F, 0xFF, 0x00}, 16, 20}, /* documentation, RFC 9637 */
};

static const la_address_range unicast = {{0x20}, 16, 3};                     /* 2000::/3: all that is given out */
static const la_address_range mapped = {{[10] = 0xFF, [11] = 0xFF}, 16, 96}; /* ::ffff:0:0/96 */
static const la_address_range nat64 = {{0x00, 0x64, 0xFF, 0x9B}, 16, 96};
static const la_address_range from_6to4 = {{0x20, 0x02}, 16, 16};

static bool is_in_any(const la_address_range *ranges, size_t n, const uint8_t *bytes, unsigned n_bytes)
{
    for (size_t i = 0; i < n; i++)
        if (la_address_range_has(&ranges[i], bytes, n_bytes))
            return true;
    return false;
}

static bool is_special(const uint8_t *bytes, unsigned n_bytes)
{
    return is_in_any(special, sizeof special / sizeof *special, bytes, n_bytes);
}

/* The IPv4 address that an IPv6 one leads to; NULL: none. */
static const uint8_t *embedded(const uint8_t *bytes)
{
    if (la_address_range_has(&mapped, bytes, 16) || la_address_range_has(&nat64, bytes, 16))
        return bytes + 12;
    return la_address_range_has(&from_6to4, bytes, 16) ? bytes + 2 : NULL;
}

static bool is_public6(const uint8_t *bytes)
{
    const uint8_t *inner = embedded(bytes);

    if (inner)
        return !is_special(inner, 4);
    return la_address_range_has(&unicast, bytes, 16) && !is_special(bytes, 16);
}

static bool is_allowed(const uint8_t *bytes, unsigned n_bytes, const la_address_range *allowed, unsigned n_allowed)
{
    if (is_in_any(allowed, n_allowed, bytes, n_bytes))
        return true;
    return n_bytes == 4 ? !is_special(bytes, 4) : is_public6(bytes);
}

bool la_address_is_allowed(const struct sockaddr *address, const la_address_range *allowed, unsigned n_allowed)
{
    uint8_t bytes[16];

    if (address->sa_family == AF_INET) {
        memcpy(bytes, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
        return is_allowed(bytes, 4, allowed, n_allowed);
    }
    if (address->sa_family == AF_INET6) {
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
        return is_allowed(bytes, 16, allowed, n_allowed);
    }
    return false;
}
