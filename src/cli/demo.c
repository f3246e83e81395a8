#include "cli/demo.h"

#include "base/clock.h"
#include "base/secret.h"
#include "cli/demo_operator.h"
#include "cli/files.h"
#include "cli/writer.h"

#include <jansson.h>
#include <stdlib.h>

#define DEMO_NAME LA_SLICE("Demo application")
#define DEMO_FILE_MAX_BYTES (1u << 20)

static const char *const demo_customers[] = {
    [LA_CUSTOMER_ID_UUID] = "5f0c7a1e-3b52-4d8a-9c64-e1d2b3a4f596",
    [LA_CUSTOMER_ID_DIGITS] = "4711",
    [LA_CUSTOMER_ID_OPAQUE] = "demo-customer",
};

/* ---- what demo.json says ---- */

static void copy_member(const json_t *object, const char *name, char *ret, size_t bytes)
{
    const json_t *value = json_object_get(object, name);
    size_t n = json_string_length(value);
    ret[0] = 0;
    if (json_is_string(value) && n < bytes)
        memcpy(ret, json_string_value(value), n + 1);
}

/* A file that is lost, damaged or of something else says nothing: then new credentials are made. */
static void read_entry(const json_t *file, la_demo_entry *e)
{
    const json_t *list = json_object_get(file, "environments");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        char name[LA_ENVIRONMENT_NAME_MAX + 1];
        copy_member(entry, "name", name, sizeof name);
        if (!la_slice_is(e->environment->name, name))
            continue;
        copy_member(entry, "client_id", e->client_id, sizeof e->client_id);
        copy_member(entry, "client_secret", e->client_secret, sizeof e->client_secret);
    }
}

static json_t *parse_file(const char *path, la_buffer *ret_text)
{
    if (!la_is_ok(la_file_read(path, ret_text)))
        return NULL;
    return json_loadb(ret_text->p, ret_text->n, 0, NULL);
}

/* ---- the application behind an entry ---- */

typedef struct secret_search {
    char hint[LA_SECRET_HINT_BYTES];
    int64_t now_s;
    bool is_live;       /* one with that hint is */
    uint64_t oldest_id; /* of the live ones; 0: none */
} secret_search;

static la_result look_at_secret(void *self, const la_secret_row *s)
{
    secret_search *search = self;
    if (s->revoked_at_s || (s->expires_at_s && s->expires_at_s <= search->now_s))
        return la_ok();
    if (!search->oldest_id || s->secret_id < search->oldest_id)
        search->oldest_id = s->secret_id;
    if (strcmp(s->hint, search->hint) == 0)
        search->is_live = true;
    return la_ok();
}

typedef struct name_search {
    bool found;
    la_application_row *ret;
} name_search;

static la_result look_at_name(void *self, const la_application_row *a)
{
    name_search *search = self;
    if (search->found || !la_slice_equal(la_slice_of(a->name), DEMO_NAME))
        return la_ok();
    search->found = true;
    *search->ret = *a;
    return la_error(LA_EXISTS); /* ends the list */
}

static la_result find_by_name(la_commands *c, la_slice environment, la_application_row *ret)
{
    name_search search = {.ret = ret};
    la_application_filter filter = {.search = DEMO_NAME};
    la_result r = la_command_list_applications(c, environment, &filter, UINT32_MAX >> 1, look_at_name, &search);
    if (search.found)
        return la_ok();
    LA_TRY(r);
    return la_error(LA_NOT_FOUND);
}

static la_result create(la_commands *c, la_demo_entry *e)
{
    la_created_application created;
    la_application_plan plan = {.environment = e->environment->name, .name = DEMO_NAME};
    la_result r = la_command_create_application(c, &plan, &created);
    if (la_is_ok(r)) {
        memcpy(e->client_id, created.row.client_id, sizeof e->client_id);
        memcpy(e->client_secret, created.client_secret, sizeof e->client_secret);
    }
    la_wipe(&created, sizeof created);
    return r;
}

/* The secret of an application that is there is not known any more: another one, in the place of the oldest if need be. */
static la_result renew_secret(la_commands *c, la_demo_entry *e, const la_application_row *a, uint64_t oldest_id)
{
    uint64_t secret_id;
    la_result r = la_command_add_secret(c, a, 0, &secret_id, e->client_secret);
    if (r.code == LA_CONFLICT && oldest_id) {
        LA_TRY(la_command_revoke_secret(c, a, oldest_id));
        r = la_command_add_secret(c, a, 0, &secret_id, e->client_secret);
    }
    LA_TRY(r);
    memcpy(e->client_id, a->client_id, sizeof e->client_id);
    return r;
}

static la_result register_customer(la_commands *c, const la_demo_entry *e, const la_application_row *a)
{
    int64_t wait_s;
    if (e->environment->customer_policy == LA_CUSTOMERS_ANY)
        return la_ok();
    la_result r = la_command_add_customer(c, a, la_slice_of(e->customer_id), LA_SLICE(""), &wait_s);
    return r.code == LA_EXISTS ? la_ok() : r;
}

static la_result ensure_entry(la_cli *cli, la_commands *c, la_demo_entry *e)
{
    la_slice environment = e->environment->name;
    la_application_row a;
    la_result r = e->client_id[0] ? la_command_find_application(c, environment, la_slice_of(e->client_id), &a)
                                  : la_error(LA_NOT_FOUND);
    if (r.code == LA_NOT_FOUND) {
        e->client_secret[0] = 0;
        r = find_by_name(c, environment, &a);
    }
    if (r.code == LA_NOT_FOUND) {
        LA_TRY(create(c, e));
        r = la_command_find_application(c, environment, la_slice_of(e->client_id), &a);
    }
    LA_TRY(r);
    secret_search search = {.now_s = la_clock_now_s()};
    la_secret_hint(la_slice_of(e->client_secret), search.hint);
    LA_TRY(la_command_list_secrets(c, &a, look_at_secret, &search));
    if (!e->client_secret[0] || !search.is_live)
        LA_TRY(renew_secret(c, e, &a, search.oldest_id));
    if (!a.enabled)
        la_cli_note(cli, "the demo application of %.*s is disabled: leanauth app enable %s", LA_FMT(environment),
                    a.client_id);
    return register_customer(c, e, &a);
}

/* ---- what is written and printed ---- */

/* The issuer is where the demo is reached; a trailing slash would be doubled. */
static la_slice base_url(const la_demo_entry *e)
{
    la_slice url = e->environment->issuer;
    while (url.n && url.p[url.n - 1] == '/')
        url.n--;
    return url;
}

static void write_entries(const la_demo_entry *entries, unsigned n, la_json_writer *w)
{
    la_json_open(w, "environments", '[');
    for (unsigned i = 0; i < n; i++) {
        la_json_open(w, NULL, '{');
        la_json_text(w, "name", entries[i].environment->name);
        la_json_text(w, "issuer", entries[i].environment->issuer);
        la_json_text(w, "base_url", base_url(&entries[i]));
        la_json_text(w, "client_id", la_slice_of(entries[i].client_id));
        la_json_text(w, "client_secret", la_slice_of(entries[i].client_secret));
        la_json_text(w, "customer_id", la_slice_of(entries[i].customer_id));
        la_json_close(w, '}');
    }
    la_json_close(w, ']');
}

/* What demo.json says, and, printed but never kept, `person` (NULL: no word of it). */
static void write_json(const la_commands *c, const la_demo_entry *entries, unsigned n, const la_demo_operator *person,
                       la_buffer *out)
{
    la_json_writer w = {out, false};
    la_json_open(&w, NULL, '{');
    write_entries(entries, n, &w);
    if (person)
        la_demo_operator_write(c, person, &w);
    la_json_end(&w);
}

static void print_curl(la_buffer *out, const la_demo_entry *e, const char *scope, const char *rest)
{
    la_buffer_add_format(out,
                         "  curl -s %.*s/oauth2/token -d grant_type=client_credentials -d client_id=%s -d "
                         "client_secret=%s -d scope=%s%s\n",
                         LA_FMT(base_url(e)), e->client_id, e->client_secret, scope, rest);
}

static void print_entry(la_buffer *out, const la_demo_entry *e)
{
    la_buffer_add_format(out, "%.*s%s\n  base URL       %.*s\n  client_id      %s\n  client_secret  %s\n\n",
                         LA_FMT(e->environment->name),
                         e->environment->is_default ? " (answers for any other host name as well)" : "",
                         LA_FMT(base_url(e)), e->client_id, e->client_secret);
    print_curl(out, e, "api", "");
    print_curl(out, e, "customer.", e->customer_id);
    la_buffer_add_format(out, "  curl -s %.*s/oauth2/jwks\n\n", LA_FMT(base_url(e)));
}

/* Writes the file only where something changed, so that a second run leaves it alone. */
static la_result keep(const char *path, const la_buffer *before, const la_demo_entry *entries, unsigned n,
                      la_buffer *text)
{
    write_json(NULL, entries, n, NULL, text);
    if (!la_buffer_ok(text))
        return la_fail(LA_NO_MEMORY, "there is no memory for %s", path);
    if (la_slice_equal(la_buffer_slice(before), la_buffer_slice(text)))
        return la_ok();
    return la_file_write(path, la_buffer_slice(text));
}

static la_result ensure_all(la_cli *cli, la_commands *c, const json_t *file, la_demo_entry *entries)
{
    for (unsigned i = 0; i < c->config->n_environments; i++) {
        la_demo_entry *e = &entries[i];
        e->environment = &c->config->environments[i];
        e->customer_id = demo_customers[e->environment->customer_id_format];
        read_entry(file, e);
        LA_TRY(ensure_entry(cli, c, e));
    }
    return la_ok();
}

static void print(la_cli *cli, const la_commands *c, const la_demo_entry *entries, unsigned n,
                  const la_demo_operator *person)
{
    if (cli->json) {
        write_json(c, entries, n, person, &cli->out);
        return;
    }
    for (unsigned i = 0; i < n; i++)
        print_entry(&cli->out, &entries[i]);
    la_demo_operator_print(c, person, &cli->out);
}

la_result la_demo_ensure(la_cli *cli, la_commands *c, const char *path)
{
    unsigned n = c->config->n_environments;
    la_demo_operator person = {0};
    la_buffer before, text;
    la_buffer_init(&before, DEMO_FILE_MAX_BYTES);
    la_buffer_init(&text, DEMO_FILE_MAX_BYTES);
    json_t *file = parse_file(path, &before);
    la_demo_entry *entries = calloc(n, sizeof *entries);
    la_result r = entries ? ensure_all(cli, c, file, entries)
                          : la_fail(LA_NO_MEMORY, "there is no memory for the demo");
    if (la_is_ok(r))
        r = keep(path, &before, entries, n, &text);
    if (la_is_ok(r))
        r = la_demo_operator_ensure(c, &person);
    if (la_is_ok(r))
        print(cli, c, entries, n, &person);
    la_wipe(&person, sizeof person);
    la_wipe(entries, entries ? n * sizeof *entries : 0);
    free(entries);
    json_decref(file);
    la_buffer_done(&text);
    la_buffer_done(&before);
    return r;
}
