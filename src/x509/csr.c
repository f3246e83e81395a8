/* Certificate requests (PKCS #10, RFC 2986): only their key is of use here, and that who asks has its private half. */
#include "x509/ca_internal.h"
#include "x509/pem.h"
#include "x509/strict_der.h"

static la_result read_request(la_slice der, EVP_PKEY **ret)
{
    const unsigned char *p = (const unsigned char *)der.p;
    X509_REQ *request = la_der_is_strict(der) ? d2i_X509_REQ(NULL, &p, (long)der.n) : NULL;
    if (!request)
        return la_x509_refuse("it is not one PKCS #10 request in DER");
    EVP_PKEY *key = X509_REQ_get0_pubkey(request);
    la_result r = la_x509_check_key(key);
    if (la_is_ok(r) && X509_REQ_verify(request, key) != 1)
        r = la_x509_refuse("it is not signed with the key that it holds");
    if (la_is_ok(r) && !EVP_PKEY_up_ref(key))
        r = la_x509_failed("taking a key of a request");
    if (la_is_ok(r))
        *ret = key;
    X509_REQ_free(request);
    return r;
}

static la_result take_request(void *self, const char *label, la_slice der)
{
    EVP_PKEY **key = self;
    /* RFC 7468 7: older tools write the second. */
    if ((strcmp(label, "CERTIFICATE REQUEST") != 0 && strcmp(label, "NEW CERTIFICATE REQUEST") != 0) || *key)
        return la_fail(LA_INVALID, "expected one CERTIFICATE REQUEST block and nothing else");
    return read_request(der, key);
}

la_result la_csr_key(la_slice pem, EVP_PKEY **ret)
{
    EVP_PKEY *key = NULL;
    la_result r = la_ok();
    if (pem.n > LA_CSR_MAX)
        r = la_fail(LA_INVALID, "it has more than %d bytes", LA_CSR_MAX);
    if (la_is_ok(r))
        r = la_pem_each(pem, take_request, &key);
    if (la_is_ok(r) && !key)
        r = la_fail(LA_INVALID, "expected a CERTIFICATE REQUEST in PEM");
    if (la_is_ok(r)) {
        *ret = key;
        return r;
    }
    EVP_PKEY_free(key);
    return r.code == LA_INVALID ? la_fail_context(r, "the certificate request is refused: ") : r;
}
