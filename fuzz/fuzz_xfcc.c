/* X-Forwarded-Client-Cert. What comes out is two values of the field at most, which do not overlap. */
#include "server/proxies/xfcc.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_within(la_slice value, const char *p, size_t n)
{
    if (value.p && (value.p < p || value.n > n || (size_t)(value.p - p) > n - value.n))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *p = (const char *)data;
    la_xfcc said;
    if (!la_is_ok(la_xfcc_read((la_slice){p, n}, &said)))
        return 0;
    if (!said.certificate.p && !said.chain.p)
        abort();
    check_within(said.certificate, p, n);
    check_within(said.chain, p, n);
    if (said.certificate.p && said.chain.p && said.certificate.p < said.chain.p + said.chain.n &&
        said.chain.p < said.certificate.p + said.certificate.n)
        abort();
    return 0;
}
