#include "x509/trust.h"

#include "x509/pem.h"
#include "x509/x509_internal.h"

#include <openssl/err.h>
#include <stdlib.h>

#define DEPTH_MAX 4  /* CAs between a client's certificate and an anchor */
#define AUTH_LEVEL 2 /* OpenSSL's: 112 bits of security, so no SHA-1 and no RSA under 2048 bits */

struct la_trust {
    X509_STORE *foreign; /* anchors and CRLs */
    X509_STORE *own;
    STACK_OF(X509_CRL) * crls;
    size_t n_anchors, n_own;
    int64_t crls_until_s;
};

/* ---- making ---- */

static la_result add_ca(X509_STORE *store, la_slice der)
{
    la_x509 *c = NULL;
    LA_TRY(la_x509_parse(der, &c));
    la_result r = la_ok();
    if (!la_x509_is_ca(c))
        r = la_fail(LA_INVALID, "it is not the certificate of a CA");
    else if (!X509_STORE_add_cert(store, c->x)) /* takes a reference of its own */
        r = la_x509_refuse("it cannot be used");
    la_x509_free(c);
    return r;
}

static la_result take_anchor(void *self, const char *label, la_slice der)
{
    la_trust *t = self;
    la_result r = la_ok();
    if (t->n_anchors == LA_TRUST_ANCHORS_MAX)
        return la_fail(LA_INVALID, "there are more than %d trust anchors", LA_TRUST_ANCHORS_MAX);
    t->n_anchors++;
    if (strcmp(label, "CERTIFICATE") != 0)
        r = la_fail(LA_INVALID, "expected certificates only; this is a block of another kind");
    else
        r = add_ca(t->foreign, der);
    return r.code == LA_INVALID ? la_fail_context(r, "trust anchor %zu: ", t->n_anchors) : r;
}

static la_result add_crl(la_trust *t, la_slice der)
{
    int64_t until_s = 0;
    const unsigned char *p = (const unsigned char *)der.p;
    X509_CRL *crl = der.n <= LA_TRUST_CRLS_MAX_BYTES ? d2i_X509_CRL(NULL, &p, (long)der.n) : NULL;
    la_result r = la_ok();
    if (!crl || p != (const unsigned char *)der.p + der.n)
        r = la_x509_refuse("it is not one certificate revocation list");
    else if (!X509_CRL_get0_nextUpdate(crl) || !la_x509_time(X509_CRL_get0_nextUpdate(crl), &until_s))
        r = la_fail(LA_INVALID, "it does not say when the next one comes (nextUpdate, RFC 5280 5.1.2.5)");
    else if (!X509_STORE_add_crl(t->foreign, crl) || !sk_X509_CRL_push(t->crls, crl))
        r = la_x509_refuse("it cannot be used");
    if (!la_is_ok(r)) {
        X509_CRL_free(crl);
        return r;
    }
    if (until_s < t->crls_until_s)
        t->crls_until_s = until_s;
    return r;
}

static la_result take_crl(void *self, const char *label, la_slice der)
{
    la_trust *t = self;
    size_t n = la_trust_crls(t);
    la_result r = la_ok();
    if (n == LA_TRUST_CRLS_MAX)
        return la_fail(LA_INVALID, "there are more than %d CRLs", LA_TRUST_CRLS_MAX);
    if (strcmp(label, "X509 CRL") != 0)
        r = la_fail(LA_INVALID, "expected certificate revocation lists only; this is a block of another kind");
    else
        r = add_crl(t, der);
    return r.code == LA_INVALID ? la_fail_context(r, "CRL %zu: ", n + 1) : r;
}

static la_result add_crls(la_trust *t, la_slice crls)
{
    if (crls.n > LA_TRUST_CRLS_MAX_BYTES)
        return la_fail(LA_INVALID, "the CRLs have more than %d bytes", LA_TRUST_CRLS_MAX_BYTES);
    if (crls.n && (unsigned char)crls.p[0] == 0x30 && !memmem(crls.p, crls.n, "-----BEGIN", 10))
        return take_crl(t, "X509 CRL", crls);
    LA_TRY(la_pem_each(crls, take_crl, t));
    return la_trust_crls(t) ? la_ok() : la_fail(LA_INVALID, "there is no CRL in it");
}

static la_result fill(la_trust *t, const la_trust_source *source)
{
    t->foreign = X509_STORE_new();
    t->own = X509_STORE_new();
    t->crls = sk_X509_CRL_new_null();
    if (!t->foreign || !t->own || !t->crls)
        return la_fail(LA_NO_MEMORY, "out of memory for trust anchors");
    if (source->anchors.n > LA_TRUST_ANCHORS_MAX_BYTES)
        return la_fail(LA_INVALID, "the trust anchors have more than %d bytes", LA_TRUST_ANCHORS_MAX_BYTES);
    if (source->anchors.p) {
        LA_TRY(la_pem_each(source->anchors, take_anchor, t));
        if (!t->n_anchors)
            return la_fail(LA_INVALID, "there is no certificate in it");
    }
    if (source->crls.p)
        LA_TRY(add_crls(t, source->crls));
    if (source->n_own > LA_TRUST_OWN_MAX)
        return la_fail(LA_INVALID, "there are more than %d authorities of our own", LA_TRUST_OWN_MAX);
    for (; t->n_own < source->n_own; t->n_own++)
        LA_TRY(add_ca(t->own, source->own[t->n_own]));
    return la_ok();
}

la_result la_trust_new(const la_trust_source *source, la_trust **ret)
{
    la_trust *t = calloc(1, sizeof *t);
    if (!t)
        return la_fail(LA_NO_MEMORY, "out of memory for trust anchors");
    t->crls_until_s = INT64_MAX;
    la_result r = fill(t, source);
    if (la_is_ok(r))
        *ret = t;
    else
        la_trust_free(t);
    return r;
}

la_trust *la_trust_free(la_trust *t)
{
    if (t) {
        X509_STORE_free(t->foreign);
        X509_STORE_free(t->own);
        sk_X509_CRL_pop_free(t->crls, X509_CRL_free);
        free(t);
    }
    return NULL;
}

size_t la_trust_anchors(const la_trust *t)
{
    return t->n_anchors;
}

size_t la_trust_crls(const la_trust *t)
{
    return (size_t)sk_X509_CRL_num(t->crls);
}

int64_t la_trust_crls_until_s(const la_trust *t)
{
    return t->crls_until_s;
}

/* ---- verifying ---- */

/* The anchor is trusted because it is configured (RFC 5280 6.1 leaves it out), so where it is no root, the list of
 * the CA above it is not asked for. One that is there counts. */
static int on_error(int ok, X509_STORE_CTX *context)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
    int depth = X509_STORE_CTX_get_error_depth(context);
    if (!ok && X509_STORE_CTX_get_error(context) == X509_V_ERR_UNABLE_TO_GET_CRL && depth > 0 &&
        depth == sk_X509_num(chain) - 1)
        return 1;
    return ok;
}

static bool prepare(X509_STORE_CTX *context, X509_STORE *store, const la_x509 *leaf, STACK_OF(X509) * untrusted,
                    bool checks_crls, int64_t now_s)
{
    if (!X509_STORE_CTX_init(context, store, leaf->x, untrusted))
        return false;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN; /* an anchor need not be a root */
    if (checks_crls)
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
    X509_VERIFY_PARAM_set_depth(param, DEPTH_MAX);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    X509_STORE_CTX_set_verify_cb(context, on_error);
    return X509_VERIFY_PARAM_set_flags(param, flags) && X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT) &&
           X509_VERIFY_PARAM_set_trust(param, X509_TRUST_SSL_CLIENT);
}

/* To OpenSSL the second of an end is past already (X509_cmp_time). */
static void ends_before(int64_t *until_s, int64_t end_s)
{
    if (end_s - 1 < *until_s)
        *until_s = end_s - 1;
}

/* Of several lists of one CA the first to end counts, unless it had ended already: too early does no harm. */
static int64_t valid_until(const la_trust *t, STACK_OF(X509) * chain, bool checks_crls, int64_t now_s)
{
    int64_t until_s = INT64_MAX, end_s = 0;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        const X509 *x = sk_X509_value(chain, i);
        if (la_x509_time(X509_get0_notAfter(x), &end_s))
            ends_before(&until_s, end_s);
        for (int k = 0; checks_crls && k < sk_X509_CRL_num(t->crls); k++) {
            const X509_CRL *crl = sk_X509_CRL_value(t->crls, k);
            if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(x)) == 0 &&
                la_x509_time(X509_CRL_get0_nextUpdate(crl), &end_s) && end_s > now_s)
                ends_before(&until_s, end_s);
        }
    }
    return until_s;
}

/* NOT_FOUND (inside this file only) where no anchor issued it; INVALID for anything else. */
static la_result refused(X509_STORE_CTX *context)
{
    int error = X509_STORE_CTX_get_error(context), depth = X509_STORE_CTX_get_error_depth(context);
    la_code code = LA_INVALID;
    if (error == X509_V_ERR_OUT_OF_MEM)
        return la_fail(LA_NO_MEMORY, "out of memory for a chain of certificates");
    if (error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY || error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
        error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN || error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
        code = LA_NOT_FOUND;
    if (depth == 0)
        return la_fail(code, "the certificate is not trusted: %s", X509_verify_cert_error_string(error));
    return la_fail(code, "the certificate is not trusted: %s (CA %d of its chain)",
                   X509_verify_cert_error_string(error), depth);
}

static la_result verify_with(const la_trust *t, X509_STORE *store, const la_x509 *leaf, STACK_OF(X509) * untrusted,
                             int64_t now_s, int64_t *ret_until_s)
{
    bool checks_crls = store == t->foreign && sk_X509_CRL_num(t->crls) > 0;
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    la_result r = la_ok();
    if (!context || !prepare(context, store, leaf, untrusted, checks_crls, now_s))
        r = la_fail(LA_NO_MEMORY, "out of memory for a chain of certificates");
    else if (X509_verify_cert(context) != 1)
        r = refused(context);
    else
        *ret_until_s = valid_until(t, X509_STORE_CTX_get0_chain(context), checks_crls, now_s);
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return r;
}

static la_result read_chain(const la_slice *chain, size_t n, STACK_OF(X509) * ret)
{
    for (size_t i = 0; i < n; i++) {
        la_x509 *c = NULL;
        la_result r = la_x509_parse(chain[i], &c);
        if (!la_is_ok(r))
            return r.code == LA_INVALID ? la_fail_context(r, "certificate %zu of the chain: ", i + 2) : r;
        bool pushed = X509_add_cert(ret, c->x, X509_ADD_FLAG_UP_REF);
        la_x509_free(c);
        if (!pushed)
            return la_x509_refuse("the chain of certificates cannot be read");
    }
    return la_ok();
}

/* Our own authorities first: what they issued is judged by their rule alone, whatever is among the anchors. */
static la_result verify(const la_trust *t, const la_x509 *leaf, STACK_OF(X509) * untrusted, int64_t now_s,
                        la_trust_verdict *ret)
{
    la_trust_verdict verdict = {.is_own = true};
    la_result r = la_error(LA_NOT_FOUND);
    if (t->n_own == 0 && t->n_anchors == 0)
        return la_fail(LA_INVALID, "the certificate is not trusted: no trust anchor is configured");
    if (t->n_own)
        r = verify_with(t, t->own, leaf, untrusted, now_s, &verdict.valid_until_s);
    if (r.code == LA_NOT_FOUND && t->n_anchors) {
        verdict.is_own = false;
        r = verify_with(t, t->foreign, leaf, untrusted, now_s, &verdict.valid_until_s);
    }
    if (la_is_ok(r))
        *ret = verdict;
    return r.code == LA_NOT_FOUND ? la_error(LA_INVALID) : r;
}

la_result la_trust_verify(const la_trust *t, const la_x509 *leaf, const la_slice *chain, size_t n_chain, int64_t now_s,
                          la_trust_verdict *ret)
{
    if (n_chain > LA_TRUST_CHAIN_MAX)
        return la_fail(LA_INVALID, "the chain has more than %d certificates", LA_TRUST_CHAIN_MAX + 1);
    if (la_x509_is_ca(leaf))
        return la_fail(LA_INVALID, "the certificate is not trusted: a CA's certificate is no client's");
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    if (!untrusted)
        return la_fail(LA_NO_MEMORY, "out of memory for a chain of certificates");
    la_result r = read_chain(chain, n_chain, untrusted);
    if (la_is_ok(r))
        r = verify(t, leaf, untrusted, now_s, ret);
    sk_X509_pop_free(untrusted, X509_free);
    return r;
}
