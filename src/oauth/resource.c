/*
 * Resource indicators (RFC 8707): for which of the audiences that its scopes allow a token is. Without any it is for the scope's own.
 * A token for an audience that one of its scopes does not have would be read two ways, so every scope has to allow each resource.
 */
#include "oauth/scope.h"

#include "base/hex.h"

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ), RFC 3986 3.1. Gives what is behind its colon. */
static bool read_scheme(la_slice uri, la_slice *ret_rest)
{
    size_t n = 0;
    while (n < uri.n && (is_alpha(uri.p[n]) || (n > 0 && (is_digit(uri.p[n]) || strchr("+-.", uri.p[n])))))
        n++;
    if (n == 0 || n == uri.n || uri.p[n] != ':')
        return false;
    *ret_rest = (la_slice){uri.p + n + 1, uri.n - n - 1};
    return true;
}

/* Each character is one of RFC 3986 2, each percent sign begins an octet; '#' is none: a fragment is not allowed. */
static bool has_uri_characters(la_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            if (i + 2 >= s.n || la_hex_value(s.p[i + 1]) < 0 || la_hex_value(s.p[i + 2]) < 0)
                return false;
            i += 2;
        } else if (!is_alpha(c) && !is_digit(c) && (c == 0 || !strchr("-._~:/?[]@!$&'()*+,;=", c))) {
            return false;
        }
    }
    return true;
}

/* absolute-URI (RFC 3986 4.3), and with "//" the authority is not empty. */
static bool is_absolute_uri(la_slice uri)
{
    la_slice rest;
    if (!read_scheme(uri, &rest) || rest.n == 0 || !has_uri_characters(rest))
        return false;
    bool has_authority = la_slice_starts(rest, LA_SLICE("//"));
    return !has_authority || (rest.n > 2 && !strchr("/?", rest.p[2]));
}

static bool is_allowed(const la_grant *grant, la_slice resource)
{
    for (unsigned i = 0; i < grant->n_scopes; i++)
        if (!la_policy_allows(grant->policies[i], resource))
            return false;
    return true;
}

static bool has_audience(const la_grant *grant, unsigned n, la_slice audience)
{
    for (unsigned i = 0; i < n; i++)
        if (la_slice_equal(grant->audiences[i], audience))
            return true;
    return false;
}

la_result la_resource_decide(const la_form *form, la_grant *grant)
{
    unsigned n = 0;
    if (form->n_resources == 0)
        return la_ok();
    for (unsigned i = 0; i < form->n_resources; i++)
        if (!is_absolute_uri(form->resources[i]))
            return la_error(LA_RESOURCE_SYNTAX);
    for (unsigned i = 0; i < form->n_resources; i++) {
        if (!is_allowed(grant, form->resources[i]))
            return la_error(LA_RESOURCE_NOT_ALLOWED);
        if (!has_audience(grant, n, form->resources[i]))
            grant->audiences[n++] = form->resources[i];
    }
    grant->n_audiences = n;
    grant->has_resource = true;
    return la_ok();
}
