/* Knows the config and what is allowed; changes nothing. */
#include "admin/rules.h"

#include "oauth/customer.h"
#include "store/operators.h"

#include <stdio.h>

/* A hundred years: far enough for anybody, and no sum of times overflows. */
#define EXPIRES_IN_MAX_S (INT64_C(100) * 365 * 86400)

#define LIST_BYTES 300 /* of the names that a detail lists */

const char *la_rule_show(la_slice value, char ret[LA_RULE_SHOWN_BYTES])
{
    la_buffer b;
    la_buffer_init_fixed(&b, ret, LA_RULE_SHOWN_BYTES - 4); /* room for the dots and the zero byte */
    la_buffer_add_shown(&b, value);
    memcpy(ret + b.n, la_buffer_ok(&b) ? "" : "...", la_buffer_ok(&b) ? 1 : 4);
    return ret;
}

/* C0, DEL and C1 (U+0080 to U+009F, in UTF-8 C2 80 to C2 9F). */
static bool has_control(la_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7F)
            return true;
        if (c == 0xC2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xA0)
            return true;
    }
    return false;
}

static la_result check_text(const char *what, la_slice text, size_t most, la_slice *ret)
{
    la_slice trimmed = la_slice_trim(text);
    if (!la_slice_is_utf8(trimmed))
        return la_fail(LA_INVALID, "%s is not well-formed UTF-8", what);
    if (has_control(trimmed))
        return la_fail(LA_INVALID, "%s must not have control characters", what);
    if (trimmed.n > most)
        return la_fail(LA_INVALID, "%s has %zu bytes; at most %zu are allowed", what, trimmed.n, most);
    *ret = trimmed;
    return la_ok();
}

la_result la_rule_name(la_slice name, la_slice *ret)
{
    la_slice trimmed;
    LA_TRY(check_text("the name", name, LA_NAME_MAX, &trimmed));
    if (trimmed.n == 0)
        return la_fail(LA_INVALID, "the name is empty; 1 to %d bytes of UTF-8 are expected", LA_NAME_MAX);
    *ret = trimmed;
    return la_ok();
}

la_result la_rule_email(la_slice email, la_slice *ret)
{
    la_slice trimmed, rest, local;
    char shown[LA_RULE_SHOWN_BYTES];
    LA_TRY(check_text("the email", email, LA_EMAIL_MAX, &trimmed));
    rest = trimmed;
    bool good = la_slice_split(&rest, '@', &local) && local.n && rest.n && !memchr(rest.p, '@', rest.n);
    for (size_t i = 0; good && i < trimmed.n; i++)
        good = !strchr(" \"<>(),;:\\", trimmed.p[i]);
    if (!good || rest.p[0] == '.' || rest.p[rest.n - 1] == '.')
        return la_fail(LA_INVALID, "email \"%s\" is not valid: an address like name@example.com is expected",
                       la_rule_show(trimmed, shown));
    *ret = trimmed;
    return la_ok();
}

bool la_rule_has_admin_scope(la_slice scopes)
{
    la_slice name;
    while (la_slice_split(&scopes, ' ', &name))
        if (la_slice_starts(name, LA_SLICE("admin:")))
            return true;
    return false;
}

la_result la_rule_app_user_id(la_slice app_user_id, la_slice *ret)
{
    return check_text("the app_user_id", app_user_id, LA_NAME_MAX, ret);
}

static void list_scopes(const la_environment_config *e, char *ret, size_t bytes)
{
    int at = snprintf(ret, bytes, "api, customer");
    for (unsigned i = 0; i < e->n_scopes && at > 0 && (size_t)at < bytes; i++) {
        int n = snprintf(ret + at, bytes - (size_t)at, ", %.*s", LA_FMT(e->scopes[i].name));
        if (n < 0)
            break;
        at += n;
    }
}

static la_result unknown_scope(const la_environment_config *e, la_slice name)
{
    char shown[LA_RULE_SHOWN_BYTES], list[LIST_BYTES];
    list_scopes(e, list, sizeof list);
    if (la_slice_starts(name, LA_CUSTOMER_SCOPE_PREFIX))
        return la_fail(
            LA_INVALID,
            "scope \"%s\": an application is given \"customer\", which stands for every customer.<customer_id>",
            la_rule_show(name, shown));
    return la_fail(LA_INVALID, "scope \"%s\" does not exist in environment %.*s; it has: %s", la_rule_show(name, shown),
                   LA_FMT(e->name), list);
}

la_result la_rule_scopes(const la_environment_config *e, la_slice scopes, char ret[LA_SCOPES_MAX + 1])
{
    la_slice rest = la_slice_trim(scopes);
    if (rest.n == 0)
        rest = LA_SLICE("api customer");
    char text[LA_SCOPES_MAX + 1];
    la_buffer b;
    la_buffer_init_fixed(&b, text, LA_SCOPES_MAX);
    la_slice name;
    while (la_slice_split(&rest, ' ', &name)) {
        if (name.n == 0 || la_scope_list_has(la_buffer_slice(&b), name))
            continue;
        if (!la_environment_scope(e, name))
            return unknown_scope(e, name);
        if (b.n)
            la_buffer_add_char(&b, ' ');
        la_buffer_add(&b, name);
    }
    if (!la_buffer_ok(&b))
        return la_fail(LA_INVALID, "the list of scopes is longer than %d bytes", LA_SCOPES_MAX);
    memcpy(ret, text, b.n);
    ret[b.n] = 0;
    return la_ok();
}

la_result la_rule_client_id(la_slice client_id)
{
    char shown[LA_RULE_SHOWN_BYTES];
    if (client_id.n > LA_CLIENT_ID_MAX || !la_is_vschar(client_id))
        return la_fail(LA_INVALID, "client_id \"%s\" is not valid: 1 to %d printable ASCII characters are expected",
                       la_rule_show(client_id, shown), LA_CLIENT_ID_MAX);
    return la_ok();
}

/* Its value never appears in a detail. */
la_result la_rule_client_secret(la_slice client_secret)
{
    if (client_secret.n > LA_CLIENT_SECRET_MAX || !la_is_vschar(client_secret))
        return la_fail(LA_INVALID, "the client_secret is not valid: 1 to %d printable ASCII characters are expected",
                       LA_CLIENT_SECRET_MAX);
    return la_ok();
}

la_result la_rule_slow_hash(la_slice hash)
{
    if (hash.n > LA_SLOW_HASH_MAX || !la_is_vschar(hash) || !la_slow_hash_supported(hash))
        return la_fail(
            LA_INVALID,
            "the secret_hash is of no supported kind or cost; expected is bcrypt ($2a$, $2b$, $2y$), $5$, $6$, "
            "$y$ or $argon2id$, also behind {bcrypt} or {argon2}");
    return la_ok();
}

la_result la_rule_auth_method(la_slice name, la_auth_method *ret)
{
    char shown[LA_RULE_SHOWN_BYTES];
    if (!la_auth_method_parse(name, ret))
        return la_fail(LA_INVALID,
                       "authentication method \"%s\" is unknown; expected is client_secret, client_secret_basic, "
                       "client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth or "
                       "self_signed_tls_client_auth",
                       la_rule_show(name, shown));
    return la_ok();
}

la_result la_rule_customer_id(const la_environment_config *e, la_slice customer_id)
{
    static const char *const expected[] = {
        [LA_CUSTOMER_ID_UUID] = "a UUID in lower case",
        [LA_CUSTOMER_ID_DIGITS] = "1 to 20 digits",
        [LA_CUSTOMER_ID_OPAQUE] = "1 to 64 of A-Z a-z 0-9 _ -",
    };
    char shown[LA_RULE_SHOWN_BYTES];
    if (!la_customer_id_is_valid(e->customer_id_format, customer_id))
        return la_fail(LA_INVALID, "customer_id \"%s\" is not valid: environment %.*s expects %s",
                       la_rule_show(customer_id, shown), LA_FMT(e->name), expected[e->customer_id_format]);
    return la_ok();
}

la_result la_rule_expiry(int64_t expires_in_s, int64_t now_s, int64_t *ret_expires_at_s)
{
    if (expires_in_s < 0 || expires_in_s > EXPIRES_IN_MAX_S)
        return la_fail(LA_INVALID, "a secret must expire in the future, within 100 years");
    *ret_expires_at_s = expires_in_s ? now_s + expires_in_s : 0;
    return la_ok();
}

static const char *list_environments(const la_config *config, char ret[LIST_BYTES])
{
    la_buffer b;
    la_buffer_init_fixed(&b, ret, LIST_BYTES - 1);
    for (unsigned i = 0; i < config->n_environments; i++) {
        if (i)
            la_buffer_add(&b, LA_SLICE(", "));
        la_buffer_add(&b, config->environments[i].name);
    }
    ret[b.n] = 0;
    return ret;
}

la_result la_rule_environment(const la_config *config, la_slice name, unsigned *ret_index)
{
    for (unsigned i = 0; i < config->n_environments; i++) {
        if (la_slice_equal(config->environments[i].name, name)) {
            *ret_index = i;
            return la_ok();
        }
    }
    char shown[LA_RULE_SHOWN_BYTES], list[LIST_BYTES];
    return la_fail(LA_NOT_FOUND, "environment \"%s\" is not in the configuration; it has: %s",
                   la_rule_show(name, shown), list_environments(config, list));
}
