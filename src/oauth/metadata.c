/* The authorization server metadata (RFC 8414 2): only what this server has. */
#include "jose/client_secret.h"
#include "oauth/dpop.h"

static void add_member(la_buffer *b, la_slice name, la_slice base, la_slice path)
{
    la_buffer_add(b, name);
    la_buffer_add_char(b, '"');
    la_buffer_add(b, base); /* the configuration admits no character that JSON would escape */
    la_buffer_add(b, path);
    la_buffer_add_char(b, '"');
}

static void add_scopes(const la_environment_config *config, la_buffer *ret)
{
    /* customer.<customer_id> is a family, not a name: it cannot be listed. The scopes of the administration are nobody else's business. */
    la_buffer_add(ret, LA_SLICE(",\"scopes_supported\":["));
    la_buffer_add_json(ret, config->api.name);
    for (unsigned i = 0; i < config->n_scopes - config->n_admin_scopes; i++) {
        la_buffer_add_char(ret, ',');
        la_buffer_add_json(ret, config->scopes[i].name);
    }
    la_buffer_add_char(ret, ']');
}

/* RFC 8414 2, alike at all three endpoints. Under FAPI 2.0 there are no secrets (5.3.2.1 item 6). The secrets that are made here are too short for HS512 (RFC 7518 3.2). */
static void add_client_authentication(const la_environment_config *config, const char *endpoint, la_buffer *ret)
{
    unsigned sets = config->fapi ? LA_ALGORITHMS_FAPI : LA_ALGORITHMS_ASYMMETRIC | LA_ALGORITHMS_HMAC;
    const la_algorithm *a;
    char separator = '[';
    la_buffer_add_format(ret, ",\"%s_endpoint_auth_methods_supported\":[", endpoint);
    if (!config->fapi)
        la_buffer_add(ret, LA_SLICE("\"client_secret_basic\",\"client_secret_post\",\"client_secret_jwt\","));
    la_buffer_add(ret, LA_SLICE("\"private_key_jwt\""));
    if (config->sees_certificates) /* RFC 8705 2 */
        la_buffer_add(ret, LA_SLICE(",\"tls_client_auth\",\"self_signed_tls_client_auth\""));
    la_buffer_add_char(ret, ']');
    la_buffer_add_format(ret, ",\"%s_endpoint_auth_signing_alg_values_supported\":", endpoint);
    for (size_t i = 0; (a = la_algorithm_at_in(sets, i)); i++) {
        if (a->kind == LA_KEY_OCT && a->bytes > LA_GENERATED_SECRET_CHARS)
            continue;
        la_buffer_add_char(ret, separator);
        la_buffer_add_json(ret, la_slice_of(a->name));
        separator = ',';
    }
    la_buffer_add_char(ret, ']');
}

static void add_introspection(const la_environment_config *config, la_slice base, la_buffer *ret)
{
    add_member(ret, LA_SLICE(",\"introspection_endpoint\":"), base, LA_SLICE("/oauth2/introspect"));
    add_client_authentication(config, "introspection", ret);
    la_buffer_add(ret, LA_SLICE(",\"introspection_signing_alg_values_supported\":[")); /* RFC 9701 7 */
    la_buffer_add_json(ret, config->algorithm);
    la_buffer_add_char(ret, ']');
    add_member(ret, LA_SLICE(",\"revocation_endpoint\":"), base, LA_SLICE("/oauth2/revoke"));
    add_client_authentication(config, "revocation", ret);
}

void la_oauth_write_metadata(const la_environment_config *config, la_buffer *ret)
{
    la_slice base = config->issuer;
    if (base.n && base.p[base.n - 1] == '/') /* RFC 8414 3.1 */
        base.n--;
    la_buffer_add(ret, LA_SLICE("{\"issuer\":"));
    la_buffer_add_json(ret, config->issuer);
    add_member(ret, LA_SLICE(",\"token_endpoint\":"), base, LA_SLICE("/oauth2/token"));
    add_member(ret, LA_SLICE(",\"jwks_uri\":"), base, LA_SLICE("/oauth2/jwks"));
    add_scopes(config, ret);
    /* REQUIRED, and there are none: RFC 8414 2 against 3.2; an empty array serves clients that insist on it. */
    la_buffer_add(ret, LA_SLICE(",\"response_types_supported\":[]"));
    la_buffer_add(
        ret,
        LA_SLICE(
            ",\"grant_types_supported\":[\"client_credentials\",\"urn:ietf:params:oauth:grant-type:token-exchange\"]"));
    add_client_authentication(config, "token", ret);
    add_introspection(config, base, ret);
    la_buffer_add(ret, LA_SLICE(",\"dpop_signing_alg_values_supported\":")); /* RFC 9449 5.1 */
    la_dpop_write_algorithms(config->fapi, ret);
    if (config->sees_certificates) /* RFC 8705 3.3 */
        la_buffer_add(ret, LA_SLICE(",\"tls_client_certificate_bound_access_tokens\":true"));
    if (config->mtls_url.p) { /* RFC 8705 5 */
        add_member(ret, LA_SLICE(",\"mtls_endpoint_aliases\":{\"token_endpoint\":"), config->mtls_url,
                   LA_SLICE("/oauth2/token"));
        add_member(ret, LA_SLICE(",\"introspection_endpoint\":"), config->mtls_url, LA_SLICE("/oauth2/introspect"));
        add_member(ret, LA_SLICE(",\"revocation_endpoint\":"), config->mtls_url, LA_SLICE("/oauth2/revoke"));
        la_buffer_add_char(ret, '}');
    }
    la_buffer_add_char(ret, '}');
}
