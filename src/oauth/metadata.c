/* The authorization server metadata (RFC 8414 2): only what this server has. */
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
    la_buffer_add(ret, LA_SLICE(",\"token_endpoint_auth_methods_supported\":"
                                "[\"client_secret_basic\",\"client_secret_post\"]"));
    la_buffer_add(ret, LA_SLICE(",\"dpop_signing_alg_values_supported\":")); /* RFC 9449 5.1 */
    la_dpop_write_algorithms(config->fapi, ret);
    if (config->sees_certificates) /* RFC 8705 3.3 */
        la_buffer_add(ret, LA_SLICE(",\"tls_client_certificate_bound_access_tokens\":true"));
    if (config->mtls_url.p) { /* RFC 8705 5 */
        add_member(ret, LA_SLICE(",\"mtls_endpoint_aliases\":{\"token_endpoint\":"), config->mtls_url,
                   LA_SLICE("/oauth2/token"));
        la_buffer_add_char(ret, '}');
    }
    la_buffer_add_char(ret, '}');
}
