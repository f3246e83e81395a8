/* The environments of the configuration, as far as the caller may see them. */
#include "api/page.h"
#include "api/reply.h"
#include "api/who.h"

static json_t *scope_json(const la_scope_policy *s)
{
    return json_pack("{s:o, s:o, s:I}", "name", la_api_json_text(s->name), "audience", la_api_json_text(s->audience),
                     "lifetime_s", (json_int_t)s->lifetime_s);
}

static json_t *scopes_json(const la_environment_config *e)
{
    json_t *list = json_pack("[o, o]", scope_json(&e->api), scope_json(&e->customer));
    for (unsigned i = 0; list && i < e->n_scopes; i++) {
        if (json_array_append_new(list, scope_json(&e->scopes[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *endpoint_json(la_slice base, const char *path)
{
    char memory[1024];
    la_buffer b;
    if (base.n && base.p[base.n - 1] == '/') /* RFC 8414 3.1 */
        base.n--;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_buffer_add(&b, base);
    la_buffer_add_text(&b, path);
    return la_buffer_ok(&b) ? la_api_json_text(la_buffer_slice(&b)) : NULL;
}

static const char *customer_id_format(const la_environment_config *e)
{
    static const char *const names[] = {
        [LA_CUSTOMER_ID_UUID] = "uuid",
        [LA_CUSTOMER_ID_DIGITS] = "digits",
        [LA_CUSTOMER_ID_OPAQUE] = "opaque",
    };
    return names[e->customer_id_format];
}

static la_result environment_json(la_api_call *c, unsigned index, json_t **ret)
{
    const la_environment_config *e = &c->api->config->environments[index];
    uint64_t applications;
    LA_TRY(la_store_count_applications(c->commands->store, c->commands->environment_ids[index], &applications));
    json_t *value = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:o, s:s, s:s, s:s, s:I, s:o, s:I, s:I}", "name",
        la_api_json_text(e->name), "issuer", la_api_json_text(e->issuer), "token_endpoint",
        endpoint_json(e->issuer, "/oauth2/token"), "mtls_token_endpoint",
        e->mtls_url.p ? endpoint_json(e->mtls_url, "/oauth2/token") : json_null(), "jwks_uri",
        endpoint_json(e->issuer, "/oauth2/jwks"), "test", e->test, "default", e->is_default, "fapi", e->fapi,
        "algorithm", la_api_json_text(e->algorithm), "profile", e->profile == LA_PROFILE_SPRING ? "spring" : "rfc9068",
        "customer_policy", e->customer_policy == LA_CUSTOMERS_REGISTERED ? "registered" : "any", "customer_id_format",
        customer_id_format(e), "secrets_per_application", (json_int_t)e->secrets_per_application, "scopes",
        scopes_json(e), "jwks_max_age_s", (json_int_t)e->jwks_max_age_s, "applications", (json_int_t)applications);
    if (!value)
        return la_fail(LA_NO_MEMORY, "there is no memory for an environment");
    *ret = value;
    return la_ok();
}

la_result la_api_environments_list(la_api_call *c)
{
    json_t *items = json_array();
    for (unsigned i = 0; i < c->api->config->n_environments; i++) {
        json_t *item = NULL;
        if (!la_api_may_see(c, c->api->config->environments[i].name))
            continue;
        la_result r = environment_json(c, i, &item);
        if (la_is_ok(r) && json_array_append_new(items, item) != 0)
            r = la_fail(LA_NO_MEMORY, "there is no memory for the list");
        if (!la_is_ok(r)) {
            json_decref(items);
            return r;
        }
    }
    return la_api_reply_list(c, items);
}

la_result la_api_environments_show(la_api_call *c)
{
    json_t *value;
    LA_TRY(environment_json(c, c->environment, &value));
    return la_api_reply(c, 200, value);
}
