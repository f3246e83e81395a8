/* The scope parameter against an environment with every kind of scope. What is granted was asked for, is one audience, and a
 * customer is alone. */
#include "oauth/issuer.c"
#include "oauth/scope.c"

#define POLICY(name_, audience_, lifetime_)                                               \
    (la_scope_policy)                                                                     \
    {                                                                                     \
        .name = LA_SLICE(name_), .audience = LA_SLICE(audience_), .lifetime_s = lifetime_ \
    }

static void check(const la_grant *g, la_slice requested)
{
    if (g->n_scopes == 0 || g->n_audiences == 0 || !g->audiences[0].p || g->lifetime_s == 0)
        abort();
    for (unsigned i = 0; i < g->n_scopes; i++) {
        if (!is_scope_token(g->scopes[i]) || !la_scope_list_has(requested, g->scopes[i]))
            abort();
        if (la_slice_starts(g->scopes[i], LA_CUSTOMER_SCOPE_PREFIX) && (g->n_scopes != 1 || !g->customer_id.p))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    la_scope_policy further[] = {POLICY("payments", "https://api", 60), POLICY("admin:read", "https://admin", 30)};
    la_environment_config environment = {
        .issuer = LA_SLICE("https://issuer"),
        .api = POLICY("api", "https://api", 3600),
        .customer = POLICY("customer", "https://sdk", 600),
        .n_scopes = 2,
        .scopes = further,
        .customer_id_format = n ? (la_customer_id_format)(data[0] % 3) : 0,
    };
    la_issuer issuer = {.config = &environment};
    la_token_context context = {.issuer = &issuer};
    la_application_record application = {.scopes = LA_SLICE("api customer payments admin:read")};
    la_slice requested = {n ? (const char *)data + 1 : NULL, n ? n - 1 : 0};
    la_grant grant;
    if (la_is_ok(la_scope_decide(&context, &application, requested, &grant)))
        check(&grant, requested);
    return 0;
}
