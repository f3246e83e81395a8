/* leanauth app create | list | show | set | enable | disable | delete. */
#include "admin/rules.h"
#include "base/secret.h"
#include "cli/registration.h"
#include "model/registration.h"

static void write_application(la_json_writer *w, const la_application_row *a)
{
    la_json_text(w, "client_id", la_slice_of(a->client_id));
    la_json_text(w, "environment", la_slice_of(a->environment));
    la_json_text(w, "name", la_slice_of(a->name));
    la_json_words(w, "scopes", la_slice_of(a->scopes));
    la_json_text(w, "auth_method", la_slice_of(la_auth_method_name(a->auth_method)));
    la_json_bool(w, "enabled", a->enabled);
    la_json_time(w, "created_at", a->created_at_s);
    la_json_members(w, la_slice_of(a->registration));
}

/* ---- create ---- */

static void print_created(la_cli *cli, const la_created_application *a)
{
    la_json_writer w = {&cli->out, false};
    if (cli->json) {
        la_json_open(&w, NULL, '{');
        la_json_text(&w, "client_id", la_slice_of(a->row.client_id));
        la_json_text_or_null(&w, "client_secret", la_slice_of(a->client_secret));
        la_json_text(&w, "environment", la_slice_of(a->row.environment));
        la_json_text(&w, "name", la_slice_of(a->row.name));
        la_json_words(&w, "scopes", la_slice_of(a->row.scopes));
        la_json_text(&w, "auth_method", la_slice_of(la_auth_method_name(a->row.auth_method)));
        la_json_members(&w, la_slice_of(a->row.registration));
        la_json_end(&w);
        return;
    }
    la_buffer_add_format(&cli->out, "client_id      %s\n", a->row.client_id);
    if (a->client_secret[0])
        la_buffer_add_format(&cli->out, "client_secret  %s\n", a->client_secret);
    la_buffer_add_format(&cli->out, "environment    %s\nname           %s\nscopes         %s\n", a->row.environment,
                         a->row.name, a->row.scopes);
    if (a->client_secret[0])
        la_buffer_add_text(&cli->out, "\nKeep the secret now: it is not shown again.\n");
    else
        la_buffer_add_format(&cli->out, "auth method    %s\n", la_auth_method_name(a->row.auth_method));
}

/* All --scope values, joined by spaces. */
static la_slice join_scopes(const la_cli *cli, la_buffer *b)
{
    for (unsigned i = 0; i < cli->n_values; i++) {
        if (strcmp(cli->values[i].option->name, "scope") != 0)
            continue;
        if (b->n)
            la_buffer_add_char(b, ' ');
        la_buffer_add_text(b, cli->values[i].value);
    }
    return la_buffer_slice(b);
}

static la_result create(la_cli *cli, la_created_application *ret)
{
    la_slice method_name = la_cli_slice(cli, "auth-method");
    la_application_plan plan = {.auth_method = LA_AUTH_CLIENT_SECRET};
    json_t *registration;
    char memory[LA_SCOPES_MAX];
    la_buffer scopes;
    la_buffer_init_fixed(&scopes, memory, sizeof memory);
    LA_TRY(la_cli_require(cli, "environment", &plan.environment));
    LA_TRY(la_cli_require(cli, "name", &plan.name));
    if (method_name.p && !la_auth_method_parse(method_name, &plan.auth_method))
        return la_fail(LA_USAGE, "--auth-method must be " LA_CLI_AUTH_METHODS);
    plan.scopes = join_scopes(cli, &scopes);
    if (!la_buffer_ok(&scopes))
        return la_fail(LA_USAGE, "the scopes are longer than %d bytes", LA_SCOPES_MAX);
    LA_TRY(la_cli_read_registration(cli, &registration));
    la_session s;
    plan.registration = registration;
    la_result r = la_session_open(cli, &s);
    if (la_is_ok(r)) {
        r = la_command_create_application(&s.commands, &plan, ret);
        la_session_close(&s);
    }
    json_decref(registration);
    return r;
}

static la_result run_create(la_cli *cli)
{
    la_created_application created;
    la_result r = create(cli, &created);
    if (la_is_ok(r))
        print_created(cli, &created);
    la_wipe(&created, sizeof created);
    return r;
}

/* ---- list ---- */

typedef struct app_list {
    la_cli_list rows;
    uint64_t n, last_id;
} app_list;

static la_result list_one(void *self, const la_application_row *a)
{
    app_list *l = self;
    l->n++;
    l->last_id = a->application_id;
    if (l->rows.cli->json) {
        la_json_open(&l->rows.w, NULL, '{');
        write_application(&l->rows.w, a);
        la_json_close(&l->rows.w, '}');
        return la_ok();
    }
    la_table_add(&l->rows.table, la_slice_of(a->client_id));
    la_table_add(&l->rows.table, la_slice_of(a->environment));
    la_table_add(&l->rows.table, la_slice_of(a->enabled ? "enabled" : "disabled"));
    la_table_add(&l->rows.table, la_slice_of(a->scopes));
    la_table_add(&l->rows.table, la_slice_of(a->name));
    return la_ok();
}

static void list_end(la_cli *cli, app_list *l, unsigned long long limit)
{
    bool more = l->n == limit;
    la_cli_list_end_rows(&l->rows);
    if (!cli->json) {
        if (more)
            la_cli_note(cli, "there may be more: --after %llu", (unsigned long long)l->last_id);
        return;
    }
    if (more)
        la_json_u64(&l->rows.w, "next", l->last_id);
    else
        la_json_text_or_null(&l->rows.w, "next", LA_NO_SLICE);
    la_json_end(&l->rows.w);
}

static la_result run_list(la_cli *cli)
{
    static const char *const titles[] = {"CLIENT_ID", "ENVIRONMENT", "STATE", "SCOPES", "NAME"};
    unsigned long long limit, after;
    LA_TRY(la_cli_number(cli, "limit", 1, 10000, 1000, &limit));
    LA_TRY(la_cli_number(cli, "after", 0, INT64_MAX, 0, &after));
    la_session s;
    LA_TRY(la_session_open(cli, &s));
    app_list l = {.rows = la_cli_list_begin(cli, NULL, "applications", 5, titles)};
    la_application_filter filter = {.after_id = after};
    la_result r = la_command_list_applications(&s.commands, la_cli_slice(cli, "environment"), &filter, (unsigned)limit,
                                               list_one, &l);
    list_end(cli, &l, limit);
    la_session_close(&s);
    return r;
}

/* ---- show ---- */

static void show_begin(la_cli *cli, const la_application_row *a, la_json_writer *w)
{
    if (cli->json) {
        la_json_open(w, NULL, '{');
        write_application(w, a);
        return;
    }
    char created[LA_CLOCK_RFC3339_BYTES];
    la_clock_format_rfc3339(a->created_at_s, created);
    la_buffer_add_format(
        &cli->out,
        "client_id    %s\nenvironment  %s\nname         %s\nscopes       %s\nauth method  %s\nstate        %s\n"
        "created      %s\n\n",
        a->client_id, a->environment, a->name, a->scopes, la_auth_method_name(a->auth_method),
        a->enabled ? "enabled" : "disabled", created);
    la_cli_print_registration(cli, a);
}

static la_result run_show(la_cli *cli)
{
    la_session s;
    la_application_row a;
    LA_TRY(la_session_open_application(cli, &s, &a));
    la_json_writer w = {&cli->out, false};
    show_begin(cli, &a, &w);
    la_result r = la_cli_print_secrets(cli, &s, &a, &w);
    if (cli->json) {
        la_json_end(&w);
    }
    la_session_close(&s);
    return r;
}

/* ---- enable, disable ---- */

static la_result set_enabled(la_cli *cli, bool enabled)
{
    la_session s;
    la_application_row a;
    LA_TRY(la_session_open_application(cli, &s, &a));
    la_application_edit edit = {.enabled = &enabled};
    la_result r = la_command_update_application(&s.commands, &a, &edit, &a);
    la_session_close(&s);
    LA_TRY(r);
    la_json_writer w = {&cli->out, false};
    if (cli->json) {
        la_cli_open_application_json(&w, &a);
        la_json_bool(&w, "enabled", enabled);
        la_json_end(&w);
    } else {
        la_buffer_add_format(&cli->out, "Application %s in %s is %s.\n", a.client_id, a.environment,
                             enabled ? "enabled" : "disabled");
    }
    return r;
}

static la_result run_enable(la_cli *cli)
{
    return set_enabled(cli, true);
}

static la_result run_disable(la_cli *cli)
{
    return set_enabled(cli, false);
}

/* ---- set ---- */

static la_result read_edit(const la_cli *cli, la_buffer *scopes, json_t **ret_registration, la_application_edit *ret)
{
    *ret = (la_application_edit){
        .name = la_cli_slice(cli, "name"),
        .scopes = la_cli_has(cli, "scope") ? join_scopes(cli, scopes) : LA_NO_SLICE,
        .auth_method = la_cli_slice(cli, "auth-method"),
    };
    if (!la_buffer_ok(scopes))
        return la_fail(LA_USAGE, "the scopes are longer than %d bytes", LA_SCOPES_MAX);
    LA_TRY(la_cli_read_registration(cli, ret_registration));
    ret->registration = *ret_registration;
    if (!ret->name.p && !ret->scopes.p && !ret->auth_method.p && !ret->registration)
        return la_fail(LA_USAGE, "nothing is to be set: an option that says what is expected");
    return la_ok();
}

/* Secrets that are there were kept as digests; what was wrapped is gone with the method that needs it. */
static void note_new_method(const la_cli *cli, const la_application_row *a, la_auth_method before)
{
    if (a->auth_method == before)
        return;
    if (a->auth_method == LA_AUTH_CLIENT_SECRET_JWT)
        la_cli_note(cli, "Its secrets cannot be used for client_secret_jwt: add one with leanauth secret add %s",
                    a->client_id);
    else if (!la_auth_method_has_secrets(a->auth_method) && a->live_secrets)
        la_cli_note(cli, "Its secrets cannot be used any more; revoke them: leanauth secret list %s", a->client_id);
    else if (la_auth_method_has_secrets(a->auth_method) && !a->live_secrets)
        la_cli_note(cli, "It has no secret yet: leanauth secret add %s", a->client_id);
}

static la_result run_set(la_cli *cli)
{
    la_session s;
    la_application_row a;
    la_application_edit edit;
    la_auth_method before = LA_AUTH_CLIENT_SECRET;
    json_t *registration;
    char memory[LA_SCOPES_MAX];
    la_buffer scopes;
    la_buffer_init_fixed(&scopes, memory, sizeof memory);
    LA_TRY(read_edit(cli, &scopes, &registration, &edit));
    la_result r = la_session_open_application(cli, &s, &a);
    if (la_is_ok(r)) {
        before = a.auth_method;
        r = la_command_update_application(&s.commands, &a, &edit, &a);
        la_session_close(&s);
    }
    json_decref(registration);
    LA_TRY(r);
    note_new_method(cli, &a, before);
    la_json_writer w = {&cli->out, false};
    if (cli->json) {
        la_json_open(&w, NULL, '{');
        write_application(&w, &a);
        la_json_end(&w);
    } else {
        la_buffer_add_format(&cli->out, "name         %s\nscopes       %s\nauth method  %s\n", a.name, a.scopes,
                             la_auth_method_name(a.auth_method));
        la_buffer_add_text(&cli->out, a.registration[0] ? "\n" : "");
        la_cli_print_registration(cli, &a);
    }
    return r;
}

/* ---- delete ---- */

static la_result run_delete(la_cli *cli)
{
    la_session s;
    la_application_row a;
    LA_TRY(la_session_open_application(cli, &s, &a));
    la_result r = la_cli_confirm(cli, "Delete application %s (%s) of environment %s with its secrets and customers?",
                                 a.client_id, a.name, a.environment);
    if (la_is_ok(r))
        r = la_command_delete_application(&s.commands, &a);
    la_session_close(&s);
    LA_TRY(r);
    la_json_writer w = {&cli->out, false};
    if (cli->json) {
        la_cli_open_application_json(&w, &a);
        la_json_bool(&w, "deleted", true);
        la_json_end(&w);
    } else {
        la_buffer_add_format(&cli->out, "Application %s in %s is deleted.\n", a.client_id, a.environment);
    }
    return r;
}

static const la_cli_option create_options[] = {
    {"environment", "NAME", "The environment that it belongs to; needed.", false},
    {"name", "NAME", "What people call it: 1 to 200 bytes; needed.", false},
    {"scope", "SCOPE",
     "A scope that it may ask for; may be repeated. \"customer\" stands for every customer.<customer_id>. Without any: "
     "api customer.",
     true},
    {"auth-method", "METHOD", "How it authenticates; client_secret where not said: " LA_CLI_AUTH_METHODS, false},
    LA_CLI_REGISTRATION_OPTIONS,
    {0},
};

static const la_cli_option set_options[] = {
    {"environment", "NAME", "Its environment, where several have the client_id.", false},
    {"name", "NAME", "What people call it from now on: 1 to 200 bytes.", false},
    {"scope", "SCOPE", "A scope that it may ask for; may be repeated. Those that are not named are taken away.", true},
    {"auth-method", "METHOD",
     "How it authenticates from now on: " LA_CLI_AUTH_METHODS
     " What only the former method used goes; a new method with secrets may need a new one.",
     false},
    LA_CLI_REGISTRATION_OPTIONS,
    {0},
};

static const la_cli_option list_options[] = {
    {"environment", "NAME", "Only those of this environment.", false},
    {"limit", "N", "At most so many: 1 to 10000, 1000 unless said.", false},
    {"after", "N", "Goes on where an earlier list ended: its \"next\".", false},
    {0},
};

static const la_cli_option delete_options[] = {
    {"environment", "NAME", "Its environment, where several have the client_id.", false},
    {"yes", NULL, "Does not ask.", false},
    {0},
};

const la_cli_command la_cli_app_commands[] = {
    {"app create", "", 0, 0, "Creates an application and its first secret.",
     "Creates an application in an environment and prints its client_id and client_secret. This is the only time that "
     "the secret is "
     "shown: the store keeps a keyed hash of it, and for client_secret_jwt the secret itself, wrapped under the master "
     "key. An application that authenticates by a key or a certificate gets no secret.",
     "  leanauth app create --environment sandbox-uae --name \"Billing backend\" --scope api --scope customer\n",
     create_options, run_create},
    {"app list", "", 0, 0, "Lists applications.", "Lists applications in the order in which they were made.",
     "  leanauth app list --environment production --limit 50\n", list_options, run_list},
    {"app show", "CLIENT_ID", 1, 1, "Shows an application and its secrets.",
     "Shows an application and, of each of its secrets, a hint, when it was made, expires, was revoked and was last "
     "used.",
     "  leanauth app show 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c\n", la_cli_application_options, run_show},
    {"app set", "CLIENT_ID", 1, 1, "Changes the name, scopes, method or registration of an application.",
     "Changes what is named and leaves the rest. An empty value takes what was registered away; one of --jwks and "
     "--jwks-uri, and one certificate subject, takes the place of another. A running server follows within 250 ms; "
     "tokens that were issued "
     "before "
     "keep their scopes until they expire.",
     "  leanauth app set 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c --name \"Billing backend 2\" --scope api\n", set_options,
     run_set},
    {"app enable", "CLIENT_ID", 1, 1, "Lets an application get tokens again.", "Undoes \"app disable\".",
     "  leanauth app enable 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c\n", la_cli_application_options, run_enable},
    {"app disable", "CLIENT_ID", 1, 1, "Refuses an application further tokens.",
     "Refuses an application further tokens, within 250 ms on a running server. Tokens that it has stay valid until "
     "they expire.",
     "  leanauth app disable 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c\n", la_cli_application_options, run_disable},
    {"app delete", "CLIENT_ID", 1, 1, "Deletes an application for good.",
     "Deletes an application with its secrets and customers. Asks first on a terminal; elsewhere --yes is needed.",
     "  leanauth app delete 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c --yes\n", delete_options, run_delete},
    {"app import", "FILE", 1, 1, "Creates applications in bulk.",
     "Creates an application for each row of a CSV file (.csv, with a header line) or a JSON Lines file (.jsonl): all "
     "of them, or none.\n"
     "Columns or members: name (needed), environment, scopes (space-separated), client_id, client_secret, secret_hash, "
     "auth_method, "
     "enabled, and what an application registers by its names: jwks (a JSON object), jwks_uri, "
     "tls_client_auth_subject_dn "
     "and its relatives, token_endpoint_auth_signing_alg, dpop_bound_access_tokens, "
     "tls_client_certificate_bound_access_tokens, fapi, allow_token_endpoint_audience, grant_types and "
     "introspection_audiences (space-separated), requests_per_minute. "
     "Without client_id one is made. Without client_secret and secret_hash a secret is made, where the method has any; "
     "those are "
     "written, with the "
     "client_id of every row, to the file of --output in the form of the input, readable by its owner only. With "
     "--json and no --output "
     "they go to standard output as JSON Lines; they count only if the exit status is 0.",
     "  leanauth app import partners.csv --environment production --output credentials.csv\n", la_cli_import_options,
     la_cli_run_import},
    {0},
};
