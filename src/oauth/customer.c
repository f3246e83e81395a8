#include "oauth/customer.h"

#include "base/uuid.h"

#define DIGITS_MAX 20

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_opaque(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

static bool all(la_slice s, bool (*is)(char), size_t max)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is(s.p[i]))
            return false;
    return s.n > 0 && s.n <= max;
}

bool la_customer_id_is_valid(la_customer_id_format format, la_slice customer_id)
{
    switch (format) {
    case LA_CUSTOMER_ID_UUID:
        return la_uuid_is(customer_id);
    case LA_CUSTOMER_ID_DIGITS:
        return all(customer_id, is_digit, DIGITS_MAX);
    case LA_CUSTOMER_ID_OPAQUE:
        return all(customer_id, is_opaque, LA_CUSTOMER_ID_MAX);
    }
    return false;
}

la_slice la_customer_of_scope(la_slice scope)
{
    la_slice prefix = LA_CUSTOMER_SCOPE_PREFIX;
    if (!la_slice_starts(scope, prefix) || scope.n == prefix.n)
        return LA_NO_SLICE;
    return (la_slice){scope.p + prefix.n, scope.n - prefix.n};
}

const la_scope_policy *la_environment_scope(const la_environment_config *e, la_slice name)
{
    if (la_slice_equal(name, e->api.name))
        return &e->api;
    if (la_slice_equal(name, e->customer.name))
        return &e->customer;
    for (unsigned i = 0; i < e->n_scopes; i++)
        if (la_slice_equal(name, e->scopes[i].name))
            return &e->scopes[i];
    return NULL;
}
