/* Lists of revoked certificates (RFC 5280 5). */
#include "x509/ca_internal.h"
#include "x509/pem.h"

static la_result add_entry(X509_CRL *crl, const la_crl_entry *entry)
{
    char digits[LA_X509_SERIAL_CHARS + 1];
    BIGNUM *number = NULL;
    ASN1_TIME *time = NULL;
    if (entry->serial.n == 0 || entry->serial.n > LA_X509_SERIAL_CHARS)
        return la_fail(LA_INVALID, "a serial number of the CRL is not valid");
    LA_TRY(la_x509_make_time(entry->revoked_at_s, &time));
    memcpy(digits, entry->serial.p, entry->serial.n);
    digits[entry->serial.n] = 0;
    bool valid = BN_hex2bn(&number, digits) == (int)entry->serial.n;
    X509_REVOKED *revoked = valid ? X509_REVOKED_new() : NULL;
    ASN1_INTEGER *serial = revoked ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
    bool added = serial && X509_REVOKED_set_serialNumber(revoked, serial) &&
                 X509_REVOKED_set_revocationDate(revoked, time) && X509_CRL_add0_revoked(crl, revoked);
    if (!added)
        X509_REVOKED_free(revoked);
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(time);
    BN_free(number);
    if (!valid)
        return la_fail(LA_INVALID, "a serial number of the CRL is not valid");
    return added ? la_ok() : la_x509_failed("adding to a CRL");
}

static la_result set_times(X509_CRL *crl, int64_t this_update_s, int64_t next_update_s)
{
    ASN1_TIME *from = NULL, *to = NULL;
    if (next_update_s <= this_update_s)
        return la_fail(LA_INVALID, "the CRL would end before it begins");
    LA_TRY(la_x509_make_time(this_update_s, &from));
    la_result r = la_x509_make_time(next_update_s, &to);
    if (la_is_ok(r) && !(X509_CRL_set1_lastUpdate(crl, from) && X509_CRL_set1_nextUpdate(crl, to)))
        r = la_x509_failed("making a CRL");
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return r;
}

static la_result add_extensions(const la_ca *ca, X509_CRL *crl, uint64_t number)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, ca->certificate->x, NULL, NULL, crl, 0);
    X509_EXTENSION *aki = X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
    ASN1_INTEGER *value = ASN1_INTEGER_new();
    bool good = aki && value && X509_CRL_add_ext(crl, aki, -1) && ASN1_INTEGER_set_uint64(value, number) &&
                X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, 0) == 1;
    X509_EXTENSION_free(aki);
    ASN1_INTEGER_free(value);
    return good ? la_ok() : la_x509_failed("making a CRL");
}

static la_result sign(const la_ca *ca, X509_CRL *crl, la_buffer *ret)
{
    unsigned char *der = NULL;
    if (!X509_CRL_sort(crl) || !X509_CRL_sign(crl, ca->key, EVP_sha256()))
        return la_x509_failed("signing a CRL");
    int n = i2d_X509_CRL(crl, &der);
    if (n <= 0)
        return la_x509_failed("encoding a CRL");
    la_buffer_add(ret, (la_slice){(const char *)der, (size_t)n});
    OPENSSL_free(der);
    return la_buffer_ok(ret) ? la_ok() : la_fail(LA_NO_MEMORY, "no room for a CRL");
}

la_result la_ca_write_crl(const la_ca *ca, uint64_t number, int64_t this_update_s, int64_t next_update_s,
                          const la_crl_entry *entries, size_t n, la_buffer *ret)
{
    X509_CRL *crl = X509_CRL_new();
    la_result r = la_ok();
    if (!crl || !X509_CRL_set_version(crl, X509_CRL_VERSION_2) ||
        !X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->certificate->x)))
        r = la_x509_failed("making a CRL");
    if (la_is_ok(r))
        r = set_times(crl, this_update_s, next_update_s);
    for (size_t i = 0; i < n && la_is_ok(r); i++)
        r = add_entry(crl, &entries[i]);
    if (la_is_ok(r))
        r = add_extensions(ca, crl, number);
    if (la_is_ok(r))
        r = sign(ca, crl, ret);
    X509_CRL_free(crl);
    return r;
}

void la_crl_write_pem(la_slice der, la_buffer *ret)
{
    la_pem_write("X509 CRL", der, ret);
}
