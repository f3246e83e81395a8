/* What an application registers, from options to members and from members to lines. The rules are in admin/registration.c. */
#include "cli/registration.h"

#include "admin/registration.h"
#include "cli/files.h"

#include <stdio.h>

#define JWKS_FILE_MAX 65536
#define WORDS_MAX 4096

static const struct {
    const char *option;
    const char *member;
} options[] = {
    {"jwks-uri", LA_MEMBER_JWKS_URI},
    {"tls-client-auth-subject-dn", "tls_client_auth_subject_dn"},
    {"tls-client-auth-san-dns", "tls_client_auth_san_dns"},
    {"tls-client-auth-san-uri", "tls_client_auth_san_uri"},
    {"tls-client-auth-san-ip", "tls_client_auth_san_ip"},
    {"tls-client-auth-san-email", "tls_client_auth_san_email"},
    {"signing-alg", LA_MEMBER_SIGNING_ALG},
    {"dpop-bound", LA_MEMBER_DPOP_BOUND},
    {"certificate-bound", LA_MEMBER_CERTIFICATE_BOUND},
    {"fapi", LA_MEMBER_FAPI},
    {"allow-token-endpoint-audience", LA_MEMBER_TOKEN_ENDPOINT_AUDIENCE},
    {"grant-type", LA_MEMBER_GRANT_TYPES},
    {"introspection-audience", LA_MEMBER_INTROSPECTION_AUDIENCES},
    {"requests-per-minute", LA_MEMBER_REQUESTS_PER_MINUTE},
};

/* All values of an option, with a blank between two; client_credentials need not be said. */
static la_slice join(const la_cli *cli, const char *option, la_buffer *b)
{
    if (strcmp(option, "grant-type") == 0)
        la_buffer_add_text(b, "client_credentials");
    for (unsigned i = 0; i < cli->n_values; i++) {
        if (strcmp(cli->values[i].option->name, option) != 0 || strcmp(cli->values[i].value, "client_credentials") == 0)
            continue;
        if (b->n)
            la_buffer_add_char(b, ' ');
        la_buffer_add_text(b, cli->values[i].value);
    }
    return la_buffer_slice(b);
}

static la_result read_option(const la_cli *cli, size_t i, json_t *change)
{
    char memory[WORDS_MAX];
    la_buffer b;
    const la_member *member = la_registration_find_member(la_slice_of(options[i].member));
    la_slice text = la_cli_slice(cli, options[i].option);
    if (member->kind == LA_MEMBER_IS_FLAG && text.n && !la_slice_is(text, "true") && !la_slice_is(text, "false"))
        return la_fail(LA_USAGE, "--%s must be true or false", options[i].option);
    la_buffer_init_fixed(&b, memory, sizeof memory);
    if (member->kind == LA_MEMBER_IS_LIST)
        text = join(cli, options[i].option, &b);
    if (!la_buffer_ok(&b))
        return la_fail(LA_USAGE, "the values of --%s are longer than %d bytes", options[i].option, WORDS_MAX);
    return la_registration_set(change, member, text);
}

static la_result read_jwks(const la_cli *cli, json_t *change)
{
    la_buffer b;
    const la_member *member = la_registration_find_member(LA_SLICE(LA_MEMBER_JWKS));
    const char *path = la_cli_value(cli, "jwks");
    if (!path)
        return la_ok();
    la_buffer_init(&b, JWKS_FILE_MAX);
    la_result r = path[0] ? la_file_read(path, &b) : la_ok();
    if (la_is_ok(r) && path[0] && b.n == 0)
        r = la_fail(LA_INVALID, "the file is empty; a JWK set is expected");
    if (la_is_ok(r))
        r = la_registration_set(change, member, la_slice_trim(la_buffer_slice(&b)));
    if (r.code == LA_INVALID)
        r = la_fail_context(r, "%s: ", path);
    la_buffer_done(&b);
    return r;
}

la_result la_cli_read_registration(const la_cli *cli, json_t **ret)
{
    json_t *change = json_object();
    if (!change)
        return la_fail(LA_NO_MEMORY, "there is no memory for a registration");
    la_result r = read_jwks(cli, change);
    for (size_t i = 0; la_is_ok(r) && i < sizeof options / sizeof *options; i++)
        if (la_cli_has(cli, options[i].option))
            r = read_option(cli, i, change);
    bool none = json_object_size(change) == 0;
    *ret = none ? NULL : change;
    if (!la_is_ok(r) || none) {
        json_decref(change);
        *ret = NULL;
    }
    return r;
}

/* ---- out ---- */

static void print_value(la_buffer *out, const json_t *value)
{
    size_t i;
    const json_t *one;
    char number[24];
    if (json_is_string(value))
        la_buffer_add_text(out, json_string_value(value));
    else if (json_is_integer(value) &&
             snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value)) > 0)
        la_buffer_add_text(out, number);
    else if (json_is_true(value))
        la_buffer_add_text(out, "true");
    json_array_foreach(value, i, one)
    {
        la_buffer_add_text(out, i ? " " : "");
        la_buffer_add_text(out, json_string_value(one));
    }
}

static void print_keys(la_buffer *out, const json_t *jwks)
{
    json_int_t n = json_integer_value(json_object_get(jwks, "keys"));
    la_buffer_add_format(out, "%lld %s: ", (long long)n, n == 1 ? "key" : "keys");
    print_value(out, json_object_get(jwks, "thumbprints"));
}

void la_cli_print_registration(la_cli *cli, const la_application_row *a)
{
    const la_member *member;
    json_t *o = a->registration[0] ? la_registration_brief(la_slice_of(a->registration)) : NULL;
    int width = 0;
    for (size_t i = 0; (member = la_registration_member(i)); i++)
        if (json_object_get(o, member->name) && (int)strlen(member->name) > width)
            width = (int)strlen(member->name);
    for (size_t i = 0; (member = la_registration_member(i)); i++) {
        const json_t *value = json_object_get(o, member->name);
        if (!value)
            continue;
        la_buffer_add_format(&cli->out, "%-*s  ", width, member->name);
        if (member->kind == LA_MEMBER_IS_OBJECT)
            print_keys(&cli->out, value);
        else
            print_value(&cli->out, value);
        la_buffer_add_char(&cli->out, '\n');
    }
    if (o)
        la_buffer_add_char(&cli->out, '\n');
    json_decref(o);
}
