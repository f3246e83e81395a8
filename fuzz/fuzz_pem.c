/* PEM: the first byte says as what it is read: a certificate request, a certificate, trust anchors, CRLs. */
#include "x509/csr.c"

#include "x509/trust.h"

#include <sodium.h> /* not la_secret_setup(): what only OpenSSL's secure heap points to looks like a leak */
#include <stdlib.h>

#define BEFORE_S 1000
#define AFTER_S 2000

static la_ca *ca;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Whatever is asked for, the certificate is what was ordered. */
static void request(la_slice pem)
{
    static const la_ca_order order = {LA_SLICE_INIT("core"), LA_SLICE_INIT("live"), BEFORE_S, AFTER_S};
    la_x509 *c = NULL;
    char memory[256];
    la_buffer subject;
    if (!la_is_ok(la_ca_issue_for(ca, &order, pem, &c)))
        return;
    la_buffer_init_fixed(&subject, memory, sizeof memory);
    la_x509_write_subject(c, &subject);
    if (!la_slice_is(la_buffer_slice(&subject), "CN=core,OU=live,O=leanauth") || la_x509_is_ca(c) || c->alternatives ||
        la_x509_not_after_s(c) != AFTER_S)
        abort();
    la_x509_free(c);
}

static void certificate(la_slice pem)
{
    la_x509 *c = NULL;
    LA_IGNORE(la_x509_parse_pem(pem, &c));
    la_x509_free(c);
}

static void trust(la_slice anchors, la_slice crls)
{
    la_slice own = la_x509_der(la_ca_certificate(ca));
    la_trust *t = NULL;
    la_trust_verdict verdict;
    if (!la_is_ok(la_trust_new(&(la_trust_source){anchors, crls, &own, 1}, &t)))
        return;
    if (la_is_ok(la_trust_verify(t, la_ca_certificate(ca), NULL, 0, BEFORE_S, &verdict)))
        abort(); /* a CA is no client */
    la_trust_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    if (!ca && (sodium_init() < 0 || !la_is_ok(la_ca_create(LA_SLICE("live"), 0, 2 * AFTER_S, &ca))))
        abort();
    la_slice pem = {(const char *)data + 1, n - 1};
    switch (data[0] % 4) {
    case 0:
        request(pem);
        break;
    case 1:
        certificate(pem);
        break;
    case 2:
        trust(pem, LA_NO_SLICE);
        break;
    default:
        trust(LA_NO_SLICE, pem);
        break;
    }
    return 0;
}
