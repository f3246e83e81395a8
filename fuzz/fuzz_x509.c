/* A certificate in DER. One that is accepted is what its own PEM says, and has the subject that it is written with. */
#include "x509/x509.c"

#include "x509/subject.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_subject(const la_x509 *c, la_buffer *text)
{
    static const char *const values[LA_SUBJECT_KIND_COUNT] = {
        "", "CN=core,O=Bank", "core.bank.example", "urn:example:client", "192.0.2.7", "ops@bank.example"};
    la_x509_write_subject(c, text);
    if (!la_buffer_ok(text))
        abort();
    /* There are names that cannot be registered: too long, a type twice in an RDN, attributes that are no text. */
    if (la_is_ok(la_subject_check(LA_SUBJECT_DN, la_buffer_slice(text))) &&
        !la_is_ok(la_subject_match(LA_SUBJECT_DN, la_buffer_slice(text), c)))
        abort();
    for (la_subject_kind kind = LA_SUBJECT_DN; kind < LA_SUBJECT_KIND_COUNT; kind++)
        LA_IGNORE(la_subject_match(kind, la_slice_of(values[kind]), c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    la_x509 *c = NULL, *again = NULL;
    char thumbprint[LA_X509_THUMBPRINT_CHARS + 1];
    la_buffer text;
    if (!la_is_ok(la_x509_parse((la_slice){(const char *)data, n}, &c)))
        return 0;
    la_buffer_init(&text, LA_X509_SUBJECT_MAX);
    check_subject(c, &text);
    la_buffer_clear(&text);
    la_x509_write_pem(c, &text);
    if (!la_is_ok(la_x509_parse_pem(la_buffer_slice(&text), &again)) ||
        strcmp(la_x509_thumbprint_text(c), la_x509_thumbprint_text(again)) != 0 ||
        !la_is_ok(la_x509_key_thumbprint(c, thumbprint)))
        abort();
    (void)la_x509_is_self_signed(c);
    la_buffer_done(&text);
    la_x509_free(c);
    la_x509_free(again);
    return 0;
}
