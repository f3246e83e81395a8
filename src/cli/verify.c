/* leanauth verify: checks a token against the published keys, as a resource server does (RFC 9068 4). */
#include "jose/verify.h"
#include "cli/fetch.h"
#include "cli/shared.h"
#include "cli/verify_binding.h"
#include "cli/verify_status.h"

#include <stdio.h>
#include <unistd.h>

#define URL_MAX 2048
#define TOKEN_MAX LA_JWS_MAX
#define CLOCK_LEEWAY_S 60

static la_result fetch_json(const char *url, json_t **ret)
{
    la_buffer body;
    long status = 0;
    la_buffer_init(&body, LA_FETCH_BODY_MAX);
    la_result r = la_fetch(url, LA_NO_SLICE, &body, &status);
    if (la_is_ok(r) && status != 200)
        r = la_fail(LA_IO, "%s: expected status 200; found %ld", url, status);
    json_t *j = la_is_ok(r) ? json_loadb(la_buffer_slice(&body).p, body.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    la_buffer_done(&body);
    if (la_is_ok(r) && !json_is_object(j)) {
        json_decref(j);
        return la_fail(LA_INVALID, "%s: expected a JSON object", url);
    }
    if (la_is_ok(r))
        *ret = j;
    return r;
}

/* RFC 8414 3.1: the well-known part stands between the issuer's host and its path. */
static la_result metadata_url(la_slice issuer, char ret[URL_MAX])
{
    const char *scheme_end = issuer.n ? memmem(issuer.p, issuer.n, "://", 3) : NULL;
    if (!scheme_end)
        return la_fail(LA_INVALID, "%.*s is not an issuer: expected https://host", LA_FMT(issuer));
    size_t host_at = (size_t)(scheme_end - issuer.p) + 3;
    const char *slash = memchr(issuer.p + host_at, '/', issuer.n - host_at);
    size_t host_end = slash ? (size_t)(slash - issuer.p) : issuer.n;
    size_t path_n = issuer.n - host_end;
    if (path_n && issuer.p[issuer.n - 1] == '/')
        path_n--;
    int n = snprintf(ret, URL_MAX, "%.*s/.well-known/oauth-authorization-server%.*s", (int)host_end, issuer.p,
                     (int)path_n, issuer.p + host_end);
    return n < URL_MAX ? la_ok() : la_fail(LA_INVALID, "the issuer is too long");
}

static la_result fetch_keys(la_slice issuer, json_t **ret)
{
    char url[URL_MAX];
    json_t *metadata;
    LA_TRY(metadata_url(issuer, url));
    LA_TRY(fetch_json(url, &metadata));
    const char *named = json_string_value(json_object_get(metadata, "issuer"));
    const char *jwks_uri = json_string_value(json_object_get(metadata, "jwks_uri"));
    la_result r;
    if (!named || !la_slice_is(issuer, named)) /* RFC 8414 3.3 */
        r = la_fail(LA_INVALID, "%s names another issuer: %s", url, named ? named : "(none)");
    else
        r = jwks_uri ? fetch_json(jwks_uri, ret) : la_fail(LA_INVALID, "%s has no jwks_uri", url);
    json_decref(metadata);
    return r;
}

static la_result failed(const char *check, const char *why)
{
    return la_fail(LA_INVALID, "the token is not valid: %s: %s", check, why);
}

static la_result check_typ(const json_t *header)
{
    const json_t *typ = json_object_get(header, "typ");
    la_slice s = la_slice_of(json_string_value(typ));
    /* Spring's profile has none, or JWT; RFC 9068 2.1 has at+jwt, with or without application/. */
    if (!typ || la_slice_equal_nocase(s, LA_SLICE("JWT")) || la_slice_equal_nocase(s, LA_SLICE("at+jwt")) ||
        la_slice_equal_nocase(s, LA_SLICE("application/at+jwt")))
        return la_ok();
    return failed("typ", "it is another kind of token than an access token");
}

static la_result check_times(const json_t *claims, int64_t now_s)
{
    const json_t *exp = json_object_get(claims, "exp"), *iat = json_object_get(claims, "iat"),
                 *nbf = json_object_get(claims, "nbf");
    if (!json_is_integer(exp) || (iat && !json_is_integer(iat)) || (nbf && !json_is_integer(nbf)))
        return failed("exp, iat, nbf", "expected whole numbers");
    if (json_integer_value(exp) <= now_s)
        return failed("exp", "it has expired");
    if (json_integer_value(iat) > now_s + CLOCK_LEEWAY_S)
        return failed("iat", "it was issued in the future: compare the clocks");
    if (json_integer_value(nbf) > now_s + CLOCK_LEEWAY_S)
        return failed("nbf", "it is not valid yet");
    return la_ok();
}

static bool has_audience(const json_t *aud, la_slice wanted)
{
    size_t i;
    const json_t *one;
    if (json_is_string(aud))
        return la_slice_is(wanted, json_string_value(aud));
    json_array_foreach(aud, i, one) if (json_is_string(one) && la_slice_is(wanted, json_string_value(one))) return true;
    return false;
}

static la_result check_claims(const la_cli *cli, const la_jws *jws, la_slice issuer)
{
    if (!json_is_object(jws->payload))
        return failed("claims", "expected a JSON object");
    LA_TRY(check_typ(jws->header));
    const char *iss = json_string_value(json_object_get(jws->payload, "iss"));
    if (!iss || !la_slice_is(issuer, iss))
        return failed("iss", "it comes from another issuer");
    LA_TRY(check_times(jws->payload, la_clock_now_s()));
    la_slice audience = la_cli_slice(cli, "audience");
    if (audience.p && !has_audience(json_object_get(jws->payload, "aud"), audience))
        return failed("aud", "it is meant for another audience");
    return la_ok();
}

static la_result print(la_cli *cli, const la_jws *jws)
{
    json_t *document = json_pack("{s:b,s:O,s:O}", "valid", 1, "header", jws->header, "claims", jws->payload);
    char *text = cli->json ? json_dumps(document, JSON_COMPACT) : json_dumps(jws->payload, JSON_INDENT(2));
    json_decref(document);
    if (!text)
        return la_fail(LA_NO_MEMORY, "out of memory");
    la_buffer_add_text(&cli->out, text);
    la_buffer_add_char(&cli->out, '\n');
    json_free_t give;
    json_get_alloc_funcs(NULL, &give);
    give(text);
    return la_ok();
}

static la_result verify(la_cli *cli, la_slice token, la_slice issuer)
{
    json_t *jwks;
    la_jws jws;
    LA_TRY(fetch_keys(issuer, &jwks));
    la_result r = la_jws_verify(token, jwks, &jws);
    if (!la_is_ok(r)) {
        json_decref(jwks);
        return la_fail_context(r, "the token is not valid: ");
    }
    r = check_claims(cli, &jws, issuer);
    if (la_is_ok(r) && la_cli_has(cli, "status"))
        r = la_verify_status(jws.payload, jwks, issuer, la_clock_now_s());
    json_decref(jwks);
    if (la_is_ok(r))
        r = la_cli_verify_binding(cli, token, jws.payload);
    if (la_is_ok(r))
        r = print(cli, &jws);
    json_decref(jws.header);
    json_decref(jws.payload);
    return r;
}

static la_result read_input(la_buffer *ret)
{
    char bytes[1024];
    ssize_t n;
    while (la_buffer_ok(ret) && (n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
        la_buffer_add(ret, (la_slice){bytes, (size_t)n});
    while (ret->n && (ret->p[ret->n - 1] == '\n' || ret->p[ret->n - 1] == '\r'))
        ret->n--;
    return la_buffer_ok(ret) ? la_ok() : la_fail(LA_TOO_LARGE, "the token is longer than %d bytes", TOKEN_MAX);
}

static la_result run_verify(la_cli *cli)
{
    la_slice issuer, token = la_slice_of(cli->arguments[0]);
    LA_TRY(la_cli_require(cli, "issuer", &issuer));
    la_buffer input;
    la_buffer_init(&input, TOKEN_MAX);
    la_result r = la_ok();
    if (la_slice_is(token, "-")) {
        r = read_input(&input);
        token = la_buffer_slice(&input);
    }
    if (la_is_ok(r))
        r = verify(cli, token, issuer);
    la_buffer_done(&input);
    return r;
}

static const la_cli_option verify_options[] = {
    {"issuer", "URL", "Who must have issued it; its metadata and keys are fetched. Needed.", false},
    {"audience", "AUDIENCE", "Whom it must be meant for.", false},
    {"status", NULL, "Fetches the status list that it names, too: it must not be revoked there.", false},
    {"dpop", "PROOF", "The DPoP header that came with it, where it is bound to a key.", false},
    {"method", "METHOD", "The method of the request that the proof is for; GET where it is not said.", false},
    {"url", "URL", "The URL of that request.", false},
    {"certificate", "FILE", "The certificate that its client showed (PEM or DER), where it is bound to one.", false},
    {0},
};

const la_cli_command la_cli_verify_commands[] = {
    {"verify", "TOKEN", 1, 1, "Checks an access token.",
     "Checks a token (- reads it from standard input) against the keys that its issuer publishes: signature, type, "
     "issuer, times, audience, and the proof where it is bound to a key or to a certificate. "
     "Prints its claims, or says which check failed.",
     "  leanauth token … | leanauth verify - --issuer https://auth.sandbox.ae.leantech.me\n", verify_options,
     run_verify},
    {0},
};
