/*
 * Mutual TLS client authentication (RFC 8705 2). Which of its two rules applies comes from the registration alone, never from the
 * certificate: the leaf of an authority is no self-signed one for having come without its chain, and the other way about.
 * Reads what was shown in the handshake, or what a trusted proxy says was; whoever calls vouches for that.
 *
 * An unknown client_id, a wrong certificate and another method are answered alike, at the cost of reading a certificate once; the code
 * that says which goes to log and metrics.
 */
#include "oauth/binding.h"
#include "oauth/client.h"

#include "oauth/issuer.h"
#include "x509/subject.h"

/* Of the application, live: not revoked (those are not in the record) and not over. */
static const la_certificate_record *find_live(const la_application_record *a, const uint8_t *thumbprint, int64_t now_s)
{
    for (unsigned i = 0; i < a->n_certificates; i++) {
        const la_certificate_record *c = &a->certificates[i];
        if (memcmp(c->thumbprint, thumbprint, sizeof c->thumbprint) == 0 && now_s <= c->expires_at_s)
            return c;
    }
    return NULL;
}

static la_result parse(const la_token_request *request, la_x509 **ret)
{
    la_result r = la_x509_parse(request->client_certificate, ret);
    return la_is_ok(r) || r.code == LA_NO_MEMORY ? r : la_error(LA_CLIENT_CERTIFICATE_MALFORMED);
}

/* The chain, as it was found lately or now. */
static la_result judge_chain(const la_token_context *context, const la_token_request *request,
                             const uint8_t *thumbprint, la_trust_verdict *ret)
{
    la_x509 *certificate;
    if (!context->trust)
        return la_error(LA_CLIENT_CERTIFICATE_UNTRUSTED);
    if (context->verdicts && la_verdicts_find(context->verdicts, thumbprint, context->now_s, ret))
        return la_ok();
    LA_TRY(parse(request, &certificate));
    la_result r = la_trust_verify(context->trust, certificate, request->client_chain, request->n_client_chain,
                                  context->now_s, ret);
    la_x509_free(certificate);
    if (r.code == LA_INVALID)
        return la_error(LA_CLIENT_CERTIFICATE_UNTRUSTED);
    LA_TRY(r);
    if (context->verdicts)
        la_verdicts_keep(context->verdicts, thumbprint, context->now_s, ret);
    return la_ok();
}

/* Stands for a registered subject among the verdicts: its kind and text. */
static void subject_digest(const la_registration *g, uint8_t ret[LA_SHA256_BYTES])
{
    uint8_t text[1 + LA_SUBJECT_MAX] = {(uint8_t)g->subject_kind};
    if (g->subject.n)
        memcpy(text + 1, g->subject.p, g->subject.n);
    la_sha256(text, 1 + g->subject.n, ret);
}

static la_result check_subject(const la_token_context *context, const la_token_request *request,
                               const la_registration *g, const uint8_t *thumbprint)
{
    la_x509 *certificate;
    uint8_t subject[LA_SHA256_BYTES];
    if (g->subject_kind == LA_SUBJECT_NONE || g->subject.n > LA_SUBJECT_MAX)
        return la_error(LA_CLIENT_CERTIFICATE_SUBJECT);
    subject_digest(g, subject);
    if (context->verdicts && la_verdicts_has_subject(context->verdicts, thumbprint, subject))
        return la_ok();
    LA_TRY(parse(request, &certificate));
    la_result r = la_subject_match(g->subject_kind, g->subject, certificate);
    la_x509_free(certificate);
    if (r.code == LA_INVALID)
        return la_error(LA_CLIENT_CERTIFICATE_SUBJECT);
    LA_TRY(r);
    if (context->verdicts)
        la_verdicts_note_subject(context->verdicts, thumbprint, subject);
    return la_ok();
}

/* The work of a match, where there is none to be had. Nobody is called this, and the answer counts for nobody. */
static void match_nobody(const la_token_context *context, const la_token_request *request, const uint8_t *thumbprint)
{
    static const la_registration nobody = {.subject_kind = LA_SUBJECT_SAN_DNS,
                                           .subject = LA_SLICE_INIT("nobody.invalid")};
    LA_IGNORE(check_subject(context, request, &nobody, thumbprint));
}

/* RFC 8705 2.1. What our own authority issued has to be on the application's list, whatever it says of its owner: so it is revoked at
 * once, without a CRL, and a list entry of another application is of no use. */
static la_result check_by_authority(const la_token_context *context, const la_token_request *request,
                                    const la_application_record *a, const uint8_t *thumbprint,
                                    la_token_outcome *outcome)
{
    la_trust_verdict verdict;
    LA_TRY(judge_chain(context, request, thumbprint, &verdict));
    if (!verdict.is_own && a->registration.subject_kind != LA_SUBJECT_NONE)
        return check_subject(context, request, &a->registration, thumbprint);
    const la_certificate_record *live = verdict.is_own ? find_live(a, thumbprint, context->now_s) : NULL;
    if (!live) {
        match_nobody(context, request, thumbprint);
        return la_error(verdict.is_own ? LA_CLIENT_CERTIFICATE_UNKNOWN : LA_CLIENT_CERTIFICATE_SUBJECT);
    }
    outcome->certificate_id = live->certificate_id;
    return la_ok();
}

/* The key set has the certificate itself (x5c), or its key alone. */
static la_result find_in_set(const la_key_set *set, const la_x509 *certificate)
{
    const la_public_key *key;
    char thumbprint[LA_X509_THUMBPRINT_CHARS + 1];
    LA_TRY(la_x509_key_thumbprint(certificate, thumbprint));
    for (size_t i = 0; (key = la_key_set_at(set, i)); i++) {
        la_slice registered = la_public_key_certificate(key);
        if (registered.p ? la_slice_equal(registered, la_x509_der(certificate))
                         : strcmp(la_public_key_thumbprint_text(key), thumbprint) == 0)
            return la_ok();
    }
    return la_error(LA_CLIENT_CERTIFICATE_UNKNOWN);
}

static la_result check_set(const la_token_context *context, const la_token_request *request, const la_key_set *set)
{
    la_x509 *certificate;
    LA_TRY(parse(request, &certificate));
    bool in_time = la_x509_not_before_s(certificate) <= context->now_s &&
                   context->now_s <= la_x509_not_after_s(certificate);
    la_result r = in_time ? find_in_set(set, certificate) : la_error(LA_CLIENT_CERTIFICATE_UNKNOWN);
    la_x509_free(certificate);
    return r;
}

/* `read` says whether there is a set. */
static la_result check_read_set(const la_token_context *context, const la_token_request *request, la_result read,
                                la_key_set *set)
{
    if (!la_is_ok(read))
        return read.code == LA_NO_MEMORY ? read : la_error(LA_CLIENT_CERTIFICATE_KEY_SET);
    la_result r = check_set(context, request, set);
    la_key_set_free(set);
    return r;
}

static la_result check_text(const la_token_context *context, const la_token_request *request, la_slice text)
{
    la_key_set *set = NULL;
    la_result r = la_client_fetched_keys(context, text, &set);
    return check_read_set(context, request, r, set);
}

/* RFC 8705 2.2.2. A certificate that the set lacks may be in a newer one: so a client changes it without a word to anybody. */
static la_result check_fetched(const la_token_context *context, const la_token_request *request, la_slice uri,
                               la_token_outcome *outcome)
{
    la_slice text, newer;
    LA_TRY(la_client_fetch_keys(context, uri, false, LA_CLIENT_CERTIFICATE_KEY_SET, outcome, &text));
    la_result r = check_text(context, request, text);
    if (r.code != LA_CLIENT_CERTIFICATE_UNKNOWN)
        return r;
    LA_TRY(la_client_fetch_keys(context, uri, true, LA_CLIENT_CERTIFICATE_KEY_SET, outcome, &newer));
    return la_slice_equal(newer, text) ? r : check_text(context, request, newer);
}

static la_result check_keys(const la_token_context *context, const la_token_request *request,
                            const la_application_record *a, la_token_outcome *outcome)
{
    la_key_set *set = NULL;
    if (a->registration.jwks.p) {
        la_result r = la_client_registered_keys(context, a, &set);
        return check_read_set(context, request, r, set);
    }
    if (a->registration.jwks_uri.p)
        return check_fetched(context, request, a->registration.jwks_uri, outcome);
    return la_error(LA_CLIENT_CERTIFICATE_UNKNOWN);
}

/* RFC 8705 2.2: it is one of those that were registered, each for itself or in a key set, which may be behind a URI; no chain is
 * asked for. */
static la_result check_registered(const la_token_context *context, const la_token_request *request,
                                  const la_application_record *a, const uint8_t *thumbprint, la_token_outcome *outcome)
{
    const la_certificate_record *live = find_live(a, thumbprint, context->now_s);
    if (!live)
        return check_keys(context, request, a, outcome);
    outcome->certificate_id = live->certificate_id;
    return la_ok();
}

static la_result check(const la_token_context *context, const la_token_request *request, const la_application_record *a,
                       const uint8_t *thumbprint, la_token_outcome *outcome)
{
    if (a->auth_method == LA_AUTH_TLS_CLIENT)
        LA_TRY(check_by_authority(context, request, a, thumbprint, outcome));
    else if (a->auth_method == LA_AUTH_SELF_SIGNED_TLS)
        LA_TRY(check_registered(context, request, a, thumbprint, outcome));
    else
        return la_error(LA_CLIENT_METHOD_WRONG);
    return a->enabled ? la_ok() : la_error(LA_CLIENT_DISABLED);
}

/*
 * Reading a certificate is most of the work, and the time of a refusal must not tell who is known, nor by which method: so where the
 * certificate was not read yet, it is judged as that of an application with tls_client_auth, which it is not.
 */
static void check_nobody(const la_token_context *context, const la_token_request *request,
                         const la_application_record *known, la_code refusal, const uint8_t *thumbprint)
{
    la_trust_verdict verdict;
    bool has_keys = known && (known->registration.jwks.p || known->registration.jwks_uri.p);
    bool was_read = known && (known->auth_method == LA_AUTH_TLS_CLIENT ||
                              (known->auth_method == LA_AUTH_SELF_SIGNED_TLS && has_keys &&
                               refusal == LA_CLIENT_CERTIFICATE_UNKNOWN));
    if (!was_read && la_is_ok(judge_chain(context, request, thumbprint, &verdict)))
        match_nobody(context, request, thumbprint);
}

la_result la_client_check_certificate(const la_token_context *context, const la_token_request *request,
                                      la_slice client_id, la_token_outcome *outcome,
                                      la_application_record *ret_application)
{
    uint8_t thumbprint[LA_THUMBPRINT_BYTES];
    la_binding_thumbprint(request, thumbprint);
    la_result found = la_client_look_up(context, client_id, outcome, ret_application);
    if (!la_is_ok(found) && found.code != LA_NOT_FOUND)
        return found;
    la_result r = la_is_ok(found) ? check(context, request, ret_application, thumbprint, outcome)
                                  : la_error(LA_CLIENT_UNKNOWN);
    if (r.code == LA_PENDING || r.code == LA_NO_MEMORY)
        return r;
    if (!la_is_ok(r))
        check_nobody(context, request, la_is_ok(found) ? ret_application : NULL, r.code, thumbprint);
    bool is_elsewhere = !la_is_ok(r) && la_client_is_elsewhere(context, client_id);
    if (!la_is_ok(found))
        return la_client_refuse_unknown(is_elsewhere, client_id, outcome);
    LA_TRY(r);
    outcome->credential_tag = la_credential_tag_of_thumbprint(LA_CREDENTIAL_CERTIFICATE, thumbprint);
    return la_ok();
}
