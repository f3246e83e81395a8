#include "x509/pem.h"

#include "base/secret.h"
#include "x509/x509_internal.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#define LINE_BYTES 48 /* 64 characters (RFC 7468 2) */

static la_result take_block(BIO *bio, la_pem_take take, void *self, bool *ret_end)
{
    char *label = NULL, *header = NULL;
    unsigned char *der = NULL;
    long n = 0;
    ERR_clear_error();
    if (!PEM_read_bio(bio, &label, &header, &der, &n)) {
        *ret_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        if (!*ret_end)
            return la_x509_refuse("a block of the PEM text is damaged");
        ERR_clear_error();
        return la_ok();
    }
    la_result r = header && *header ? la_fail(LA_INVALID, "a block of the PEM text has header lines, or is encrypted")
                                    : take(self, label, (la_slice){(const char *)der, (size_t)n});
    la_wipe(der, (size_t)n);
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(der);
    return r;
}

la_result la_pem_each(la_slice pem, la_pem_take take, void *self)
{
    bool end = false;
    if (pem.n == 0)
        return la_ok();
    if (pem.n > INT_MAX)
        return la_fail(LA_INVALID, "the PEM text is too large");
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    if (!bio)
        return la_fail(LA_NO_MEMORY, "out of memory for a PEM text");
    la_result r = la_ok();
    while (la_is_ok(r) && !end)
        r = take_block(bio, take, self, &end);
    BIO_free(bio);
    return r;
}

void la_pem_write(const char *label, la_slice der, la_buffer *ret)
{
    unsigned char line[LINE_BYTES / 3 * 4 + 1];
    la_buffer_add_format(ret, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; at < der.n; at += LINE_BYTES) {
        size_t left = der.n - at;
        int n = EVP_EncodeBlock(line, (const unsigned char *)der.p + at, (int)(left < LINE_BYTES ? left : LINE_BYTES));
        la_buffer_add(ret, (la_slice){(const char *)line, (size_t)n});
        la_buffer_add_char(ret, '\n');
    }
    la_buffer_add_format(ret, "-----END %s-----\n", label);
    la_wipe(line, sizeof line);
}
