#include "cli/verify_binding.h"

#include "base/base64url.h"
#include "base/clock.h"
#include "base/secret.h"
#include "cli/files.h"
#include "oauth/htu.h"
#include "oauth/proof.h"
#include "x509/x509.h"

#define PROOF_LIFETIME_S 60 /* as environments[].dpop.proof_lifetime_s is by default */

static la_result failed(const char *check, const char *why)
{
    return la_fail(LA_INVALID, "the token is not valid: %s: %s", check, why);
}

static bool is_thumbprint(la_slice text, const uint8_t thumbprint[LA_THUMBPRINT_BYTES])
{
    char expected[LA_BASE64URL_CHARS(LA_THUMBPRINT_BYTES)];
    la_base64url_encode(thumbprint, LA_THUMBPRINT_BYTES, expected);
    return la_slice_equal(text, (la_slice){expected, sizeof expected});
}

static la_result check_proof(const la_cli *cli, la_slice token, la_slice jkt)
{
    char url[LA_HTU_MAX];
    la_slice method = la_cli_slice(cli, "method"), proof = la_cli_slice(cli, "dpop"), asked = la_cli_slice(cli, "url");
    la_dpop_demand demand = {.method = method.p ? method : LA_SLICE("GET"),
                             .access_token = token,
                             .now_s = la_clock_now_s(),
                             .lifetime_s = PROOF_LIFETIME_S};
    la_proof p;
    if (!proof.p || !asked.p)
        return failed("cnf.jkt", "it is bound to a key: give the proof that came with it by --dpop, and its request by "
                                 "--method and --url");
    if (!la_htu_normalise(asked, url, &demand.targets[0].n))
        return la_fail(LA_INVALID, "--url: expected an absolute http or https URL");
    demand.targets[0].p = url;
    demand.n_targets = 1;
    la_result r = la_proof_check(proof, 1, &demand, NULL, &p);
    if (!la_is_ok(r))
        r = la_fail(LA_INVALID, "the token is not valid: DPoP: %s", la_result_info_of(r.code)->sentence);
    else if (!is_thumbprint(jkt, p.jkt))
        r = failed("cnf.jkt", "the proof is of another key");
    la_proof_done(&p);
    return r;
}

/* PEM, or DER, which no PEM begins like. */
static la_result read_certificate(const char *path, uint8_t ret[LA_THUMBPRINT_BYTES])
{
    la_buffer text;
    la_x509 *certificate = NULL;
    la_buffer_init(&text, LA_X509_PEM_MAX);
    la_result r = la_file_read(path, &text);
    if (la_is_ok(r))
        r = text.n && text.p[0] == 0x30 ? la_x509_parse(la_buffer_slice(&text), &certificate)
                                        : la_x509_parse_pem(la_buffer_slice(&text), &certificate);
    if (la_is_ok(r))
        memcpy(ret, la_x509_thumbprint(certificate), LA_THUMBPRINT_BYTES);
    else
        r = la_fail_context(r, "--certificate: ");
    la_x509_free(certificate);
    la_buffer_done(&text);
    return r;
}

static la_result check_certificate(const la_cli *cli, la_slice x5t)
{
    const char *path = la_cli_value(cli, "certificate");
    uint8_t thumbprint[LA_THUMBPRINT_BYTES];
    if (!path)
        return failed("cnf.x5t#S256",
                      "it is bound to a certificate: give the one that the client showed by --certificate");
    LA_TRY(read_certificate(path, thumbprint));
    return is_thumbprint(x5t, thumbprint) ? la_ok() : failed("cnf.x5t#S256", "it is bound to another certificate");
}

static la_slice text_of(const json_t *value)
{
    return json_is_string(value) ? (la_slice){json_string_value(value), json_string_length(value)} : LA_NO_SLICE;
}

la_result la_cli_verify_binding(const la_cli *cli, la_slice token, const json_t *claims)
{
    const json_t *cnf = json_object_get(claims, "cnf");
    la_slice jkt = text_of(json_object_get(cnf, "jkt")), x5t = text_of(json_object_get(cnf, "x5t#S256"));
    if (cnf && (json_object_size(cnf) != 1 || (!jkt.p && !x5t.p)))
        return failed("cnf", "expected exactly one of jkt and x5t#S256");
    if (jkt.p)
        LA_TRY(check_proof(cli, token, jkt));
    else if (la_cli_value(cli, "dpop"))
        return failed("cnf", "it is not bound to a key, so a proof says nothing about it");
    if (x5t.p)
        return check_certificate(cli, x5t);
    return la_cli_value(cli, "certificate")
               ? failed("cnf", "it is not bound to a certificate, so one says nothing about it")
               : la_ok();
}
