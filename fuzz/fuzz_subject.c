/* The registered subject of an application: the first byte is its kind, the others its value. */
#include "x509/dn.c"

#include "x509/ca.h"
#include "x509/subject.h"

#include <sodium.h> /* not la_secret_setup(): what only OpenSSL's secure heap points to looks like a leak */
#include <stdlib.h>

static la_x509 *certificate;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static la_x509 *make_one(void)
{
    la_ca *ca = NULL;
    la_x509 *c = NULL;
    la_buffer key;
    la_buffer_init(&key, LA_CA_KEY_PEM_MAX);
    la_ca_order order = {LA_SLICE("core"), LA_SLICE("live"), 0, 1000};
    if (sodium_init() < 0 || !la_is_ok(la_ca_create(LA_SLICE("live"), 0, 1000, &ca)) ||
        !la_is_ok(la_ca_issue(ca, &order, &key, &c)))
        abort();
    la_buffer_done(&key);
    la_ca_free(ca);
    return c;
}

/* What is read, written and read again is the same name. */
static void read_twice(la_slice text)
{
    X509_NAME *name = NULL, *again = NULL;
    la_buffer written;
    if (!la_is_ok(la_dn_parse(text, &name)))
        return;
    la_buffer_init(&written, LA_X509_SUBJECT_MAX);
    la_dn_write(name, &written);
    if (!la_buffer_ok(&written) || !la_slice_is_utf8(la_buffer_slice(&written)) || !la_dn_is_free_of_nul(name))
        abort();
    if (written.n <= LA_SUBJECT_MAX)
        if (!la_is_ok(la_dn_parse(la_buffer_slice(&written), &again)) || !la_dn_equal(name, again) ||
            !la_dn_equal(again, name))
            abort();
    X509_NAME_free(name);
    X509_NAME_free(again);
    la_buffer_done(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    if (!certificate)
        certificate = make_one();
    la_subject_kind kind = data[0] % LA_SUBJECT_KIND_COUNT;
    la_slice value = {(const char *)data + 1, n - 1};
    if (la_is_ok(la_subject_match(kind, value, certificate)) &&
        (kind != LA_SUBJECT_DN || !la_is_ok(la_subject_check(kind, value)))) /* it has no alternative names */
        abort();
    LA_IGNORE(la_subject_check(kind, value));
    read_twice(value);
    return 0;
}
