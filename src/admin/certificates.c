#include "admin/certificates.h"

#include "admin/audit.h"
#include "admin/detail.h"
#include "admin/rules.h"
#include "base/clock.h"
#include "base/hex.h"
#include "x509/ca.h"

#include <stdlib.h>

#define AUTHORITY_LIFETIME_S (20LL * 365 * 86400)
#define CLOCK_SKEW_S 300 /* a client whose clock is behind takes its certificate all the same */
#define PEM_MAX 16384
#define CRL_URL_MAX 512
#define CRL_EVERY_S 86400          /* a new one */
#define CRL_LIFETIME_S (8 * 86400) /* how long verifiers may use it: a week without us, and a day */

void la_issued_certificate_done(la_issued_certificate *i)
{
    la_buffer_done(&i->certificate);
    la_buffer_done(&i->key);
    la_buffer_done(&i->chain);
}

static la_result no_memory(void)
{
    return la_fail(LA_NO_MEMORY, "there is no memory for a certificate");
}

static la_result find_environment(const la_commands *c, const la_application_row *a, unsigned *ret_index,
                                  const la_environment_config **ret)
{
    LA_TRY(la_rule_environment(c->config, la_slice_of(a->environment), ret_index));
    *ret = &c->config->environments[*ret_index];
    return la_ok();
}

/* ---- the authority ---- */

static la_result unwrap_authority(la_commands *c, la_slice environment, const la_authority_row *row, la_ca **ret)
{
    la_buffer plain;
    la_buffer_init(&plain, LA_CA_PRIVATE_MAX);
    la_result r = la_unwrap(c->master_key, "authority", environment, la_buffer_slice(&row->wrapped_private), &plain);
    if (la_is_ok(r))
        r = la_ca_load(la_buffer_slice(&row->certificate), la_buffer_slice(&plain), ret);
    la_buffer_done(&plain);
    return la_is_ok(r) ? r : la_fail_context(r, "the certificate authority of %.*s: ", LA_FMT(environment));
}

static la_result load_authority(la_commands *c, unsigned index, la_ca **ret)
{
    la_authority_row row;
    la_result r = la_store_get_authority(c->store, c->environment_ids[index], &row);
    if (la_is_ok(r))
        r = unwrap_authority(c, c->config->environments[index].name, &row, ret);
    la_authority_row_done(&row);
    return r;
}

static la_result store_authority(la_commands *c, unsigned index, const la_ca *ca, int64_t now_s)
{
    la_change change;
    la_buffer plain, wrapped;
    la_slice name = c->config->environments[index].name;
    const la_x509 *certificate = la_ca_certificate(ca);
    la_buffer_init(&plain, LA_CA_PRIVATE_MAX);
    la_buffer_init(&wrapped, LA_CA_PRIVATE_MAX + LA_WRAP_OVERHEAD);
    la_result r = la_ca_export_private(ca, &plain);
    if (la_is_ok(r))
        r = la_wrap(c->master_key, "authority", name, la_buffer_slice(&plain), &wrapped);
    if (la_is_ok(r))
        r = la_change_begin(c, &change);
    if (la_is_ok(r)) {
        r = la_store_put_authority(c->store, c->environment_ids[index], la_x509_der(certificate),
                                   la_buffer_slice(&wrapped), now_s);
        la_audit_event event = {
            .environment = name,
            .action = "authority.create",
            .target_kind = "authority",
            .target_id = la_slice_of(la_x509_thumbprint_text(certificate)),
            .detail = json_pack("{s:o}", "expires_at", la_detail_time(la_x509_not_after_s(certificate))),
        };
        r = la_change_end(c, &change, r, &event);
    }
    la_buffer_done(&plain);
    la_buffer_done(&wrapped);
    return r;
}

/* The environment's authority, made where there is none. */
static la_result find_authority(la_commands *c, unsigned index, int64_t now_s, la_ca **ret)
{
    la_result r = load_authority(c, index, ret);
    if (r.code != LA_NOT_FOUND)
        return r;
    la_ca *ca;
    LA_TRY(la_ca_create(c->config->environments[index].name, now_s - CLOCK_SKEW_S, now_s + AUTHORITY_LIFETIME_S, &ca));
    r = store_authority(c, index, ca, now_s);
    if (r.code == LA_EXISTS) { /* another node was faster */
        la_ca_free(ca);
        return load_authority(c, index, ret);
    }
    if (la_is_ok(r))
        *ret = ca;
    else
        la_ca_free(ca);
    return r;
}

/* ---- issuing, registering ---- */

static json_t *detail_of(uint64_t id, const la_x509 *certificate, bool issued)
{
    return json_pack("{s:I, s:s, s:s, s:o, s:b}", "certificate_id", (json_int_t)id, "thumbprint",
                     la_x509_thumbprint_text(certificate), "serial", la_x509_serial(certificate), "expires_at",
                     la_detail_time(la_x509_not_after_s(certificate)), "issued", issued);
}

/* Keeps it; one transaction with its event. */
static la_result add(la_commands *c, const la_application_row *a, const la_environment_config *e,
                     const la_x509 *certificate, bool issued, int64_t now_s, la_certificate_row *ret)
{
    la_change change;
    la_buffer subject;
    char memory[LA_CERTIFICATE_SUBJECT_MAX];
    uint64_t id = 0;
    la_buffer_init_fixed(&subject, memory, sizeof memory);
    la_x509_write_subject(certificate, &subject);
    la_new_certificate fresh = {
        .issued = issued,
        .thumbprint = la_x509_thumbprint(certificate),
        .serial = la_slice_of(la_x509_serial(certificate)),
        .subject = la_buffer_slice(&subject),
        .der = la_x509_der(certificate),
        .not_before_s = la_x509_not_before_s(certificate),
        .not_after_s = la_x509_not_after_s(certificate),
    };
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_store_add_certificate(c->store, a->application_id, &fresh, e->secrets_per_application, now_s, &id);
    if (r.code == LA_CONFLICT)
        r = la_fail(LA_CONFLICT, "application %s has %u live certificates already, the most that environment %s allows",
                    a->client_id, e->secrets_per_application, a->environment);
    if (la_is_ok(r))
        r = la_store_find_certificate(c->store, a->application_id, id, ret);
    return la_change_end_application(c, &change, r, issued ? "certificate.issue" : "certificate.register", a,
                                     la_is_ok(r) ? detail_of(id, certificate, issued) : NULL);
}

/* Where the CRL is served; absent where that would be too long. */
static la_slice crl_url(const la_environment_config *e, la_buffer *memory)
{
    la_slice base = e->issuer;
    if (base.n && base.p[base.n - 1] == '/')
        base.n--;
    la_buffer_add(memory, base);
    la_buffer_add_text(memory, "/oauth2/crl");
    return la_buffer_ok(memory) ? la_buffer_slice(memory) : LA_NO_SLICE;
}

static la_result issue(const la_ca *ca, const la_application_row *a, const la_environment_config *e, la_slice request,
                       int64_t lifetime_s, int64_t now_s, la_issued_certificate *ret, la_x509 **ret_certificate)
{
    char text[CRL_URL_MAX];
    la_buffer url;
    int64_t last_s = la_x509_not_after_s(la_ca_certificate(ca));
    la_buffer_init_fixed(&url, text, sizeof text);
    la_ca_order order = {
        .client_id = la_slice_of(a->client_id),
        .environment = la_slice_of(a->environment),
        .not_before_s = now_s - CLOCK_SKEW_S,
        .not_after_s = now_s + lifetime_s < last_s ? now_s + lifetime_s : last_s,
        .crl_url = crl_url(e, &url),
    };
    return request.p ? la_ca_issue_for(ca, &order, request, ret_certificate)
                     : la_ca_issue(ca, &order, &ret->key, ret_certificate);
}

static la_result issue_and_keep(la_commands *c, const la_application_row *a, const la_environment_config *e,
                                const la_ca *ca, la_slice request, int64_t lifetime_s, la_issued_certificate *ret)
{
    la_x509 *certificate;
    int64_t now_s = la_clock_now_s();
    LA_TRY(issue(ca, a, e, request, lifetime_s ? lifetime_s : (int64_t)e->mtls.certificate_lifetime_s, now_s, ret,
                 &certificate));
    la_result r = add(c, a, e, certificate, true, now_s, &ret->row);
    if (la_is_ok(r)) {
        la_x509_write_pem(certificate, &ret->certificate);
        la_x509_write_pem(la_ca_certificate(ca), &ret->chain);
        if (!la_buffer_ok(&ret->certificate) || !la_buffer_ok(&ret->chain))
            r = no_memory();
    }
    la_x509_free(certificate);
    return r;
}

la_result la_command_issue_certificate(la_commands *c, const la_application_row *a, la_slice request,
                                       int64_t lifetime_s, la_issued_certificate *ret)
{
    unsigned index;
    const la_environment_config *e;
    la_ca *ca;
    *ret = (la_issued_certificate){0};
    la_buffer_init(&ret->certificate, PEM_MAX);
    la_buffer_init(&ret->key, LA_CA_KEY_PEM_MAX);
    la_buffer_init(&ret->chain, PEM_MAX);
    LA_TRY(find_environment(c, a, &index, &e));
    if (a->auth_method == LA_AUTH_SELF_SIGNED_TLS)
        return la_fail(
            LA_CONFLICT,
            "application %s authenticates with certificates that are registered as they are: register one, or "
            "change its method to tls_client_auth",
            a->client_id);
    if (!e->mtls.own_authority)
        return la_fail(LA_CONFLICT,
                       "a certificate of its own authority would let nobody in at environment %s: its configuration "
                       "has mtls.own_authority: false",
                       a->environment);
    LA_TRY(find_authority(c, index, la_clock_now_s(), &ca));
    la_result r = issue_and_keep(c, a, e, ca, request, lifetime_s, ret);
    la_ca_free(ca);
    return r;
}

la_result la_command_register_certificate(la_commands *c, const la_application_row *a, la_slice pem,
                                          la_certificate_row *ret)
{
    unsigned index;
    const la_environment_config *e;
    la_x509 *certificate;
    int64_t now_s = la_clock_now_s();
    LA_TRY(find_environment(c, a, &index, &e));
    LA_TRY(la_x509_parse_pem(pem, &certificate));
    la_result r = la_ok();
    if (a->auth_method != LA_AUTH_SELF_SIGNED_TLS)
        r = la_fail(LA_CONFLICT,
                    "application %s does not authenticate by self_signed_tls_client_auth, so a registered "
                    "certificate would be of no use to it",
                    a->client_id);
    else if (la_x509_not_after_s(certificate) < now_s)
        r = la_fail(LA_INVALID, "the certificate has expired");
    else if (la_x509_is_ca(certificate) && !la_x509_is_self_signed(certificate))
        r = la_fail(LA_INVALID, "the certificate is that of a certificate authority");
    if (la_is_ok(r))
        r = add(c, a, e, certificate, false, now_s, ret);
    la_x509_free(certificate);
    return r;
}

/* ---- looking, revoking ---- */

const char *la_certificate_state(const la_certificate_row *row, int64_t now_s)
{
    if (row->revoked_at_s)
        return "revoked";
    return row->not_after_s < now_s ? "expired" : "live";
}

la_result la_command_list_certificates(la_commands *c, const la_application_row *a, la_certificate_fn each, void *self)
{
    return la_store_list_certificates(c->store, a->application_id, each, self);
}

la_result la_command_revoke_certificate(la_commands *c, const la_application_row *a, uint64_t certificate_id)
{
    la_change change;
    la_certificate_row row;
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_store_find_certificate(c->store, a->application_id, certificate_id, &row);
    if (r.code == LA_NOT_FOUND)
        r = la_fail(LA_NOT_FOUND, "application %s has no certificate %llu", a->client_id,
                    (unsigned long long)certificate_id);
    if (!la_is_ok(r) || row.revoked_at_s) /* the first time stays */
        return la_change_end(c, &change, r, NULL);
    r = la_store_revoke_certificate(c->store, a->application_id, certificate_id, la_clock_now_s());
    r = la_change_end_application(c, &change, r, "certificate.revoke", a,
                                  json_pack("{s:I, s:s, s:o}", "certificate_id", (json_int_t)certificate_id, "serial",
                                            row.serial, "last_used_at", la_detail_time(row.last_used_at_s)));
    LA_TRY(r);
    /* The revocation holds without it; what fails here is done by the server's next look. */
    LA_IGNORE(la_command_keep_crls(c, la_clock_now_s()));
    return la_ok();
}

static la_result write_pem(la_slice der, la_buffer *ret_pem)
{
    la_x509 *certificate;
    LA_TRY(la_x509_parse(der, &certificate));
    la_x509_write_pem(certificate, ret_pem);
    la_x509_free(certificate);
    return la_buffer_ok(ret_pem) ? la_ok() : no_memory();
}

la_result la_command_read_certificate(la_commands *c, const la_application_row *a, uint64_t certificate_id,
                                      la_buffer *ret_pem)
{
    la_buffer der;
    la_buffer_init(&der, LA_CERTIFICATE_MAX);
    la_result r = la_store_read_certificate(c->store, a->application_id, certificate_id, &der);
    if (la_is_ok(r))
        r = write_pem(la_buffer_slice(&der), ret_pem);
    la_buffer_done(&der);
    return r;
}

la_result la_command_read_authority(la_commands *c, la_slice environment, la_buffer *ret_pem)
{
    unsigned index;
    la_authority_row row;
    LA_TRY(la_rule_environment(c->config, environment, &index));
    la_result r = la_store_get_authority(c->store, c->environment_ids[index], &row);
    if (la_is_ok(r))
        r = write_pem(la_buffer_slice(&row.certificate), ret_pem);
    la_authority_row_done(&row);
    return r;
}

/* ---- CRLs ---- */

typedef struct revoked_list {
    size_t n, room;
    la_crl_entry *entries;
    char (*serials)[LA_SERIAL_MAX + 1];
} revoked_list;

static la_result add_revoked(void *self, la_slice serial, int64_t revoked_at_s)
{
    revoked_list *l = self;
    if (serial.n > LA_SERIAL_MAX)
        return la_fail(LA_CORRUPT, "a revoked certificate has a serial number of %zu digits", serial.n);
    if (l->n == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        void *serials = realloc(l->serials, room * sizeof l->serials[0]);
        if (!serials)
            return no_memory();
        l->serials = serials;
        void *entries = realloc(l->entries, room * sizeof l->entries[0]);
        if (!entries)
            return no_memory();
        l->entries = entries;
        l->room = room;
    }
    memcpy(l->serials[l->n], serial.p, serial.n);
    l->serials[l->n][serial.n] = 0;
    l->entries[l->n++].revoked_at_s = revoked_at_s;
    return la_ok();
}

static la_result sign_crl(la_commands *c, unsigned index, const la_authority_row *row, const la_ca *ca, int64_t now_s)
{
    revoked_list l = {0};
    la_buffer crl;
    la_buffer_init(&crl, LA_CRL_MAX);
    la_result r = la_store_list_revoked_serials(c->store, c->environment_ids[index], now_s, add_revoked, &l);
    for (size_t i = 0; i < l.n; i++) /* the array may have moved until now */
        l.entries[i].serial = la_slice_of(l.serials[i]);
    if (la_is_ok(r))
        r = la_ca_write_crl(ca, row->crl_number + 1, now_s - CLOCK_SKEW_S, now_s + CRL_LIFETIME_S, l.entries, l.n,
                            &crl);
    if (la_is_ok(r))
        r = la_store_put_crl(c->store, c->environment_ids[index], row->crl_number, la_buffer_slice(&crl),
                             now_s + CRL_EVERY_S);
    la_buffer_done(&crl);
    free(l.entries);
    free(l.serials);
    return r.code == LA_STALE ? la_ok() : r; /* another node has done it */
}

static la_result keep_crl(la_commands *c, unsigned index, int64_t now_s)
{
    la_authority_row row;
    la_ca *ca = NULL;
    la_result r = la_store_get_authority(c->store, c->environment_ids[index], &row);
    bool due = la_is_ok(r) && (row.crl_next_update_s <= now_s || row.crl_next_update_s > now_s + 2 * CRL_EVERY_S);
    if (due)
        r = unwrap_authority(c, c->config->environments[index].name, &row, &ca);
    if (due && la_is_ok(r))
        r = sign_crl(c, index, &row, ca, now_s);
    la_ca_free(ca);
    la_authority_row_done(&row);
    return r.code == LA_NOT_FOUND ? la_ok() : r;
}

/* What one environment's authority cannot do, keeps no other's from its list; a database that is locked is waited for once. */
la_result la_command_keep_crls(la_commands *c, int64_t now_s)
{
    la_result result = la_ok();
    for (unsigned i = 0; i < c->config->n_environments && result.code != LA_UNAVAILABLE; i++) {
        la_result r = keep_crl(c, i, now_s);
        if (!la_is_ok(r))
            result = la_fail_context(r, "environment %.*s: ", LA_FMT(c->config->environments[i].name));
    }
    return result;
}
