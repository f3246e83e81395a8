/* leanauth operator list | show | sessions | reset-password | reset-totp | remove. Adding and changing one: operator_edit.c. */
#include "cli/operator.h"

#include "base/secret.h"

#define LIST_MAX 10000

/* ---- showing ---- */

la_result la_cli_open_operator(la_cli *cli, la_session *ret, la_operator_row *ret_operator)
{
    LA_TRY(la_session_open(cli, ret));
    la_result r = la_command_find_operator(&ret->commands, la_slice_of(cli->arguments[0]), ret_operator);
    if (r.code == LA_NOT_FOUND)
        la_cli_set_hint(cli, "Those that there are: leanauth operator list");
    if (!la_is_ok(r))
        la_session_close(ret);
    return r;
}

static void write_environments(la_json_writer *w, const la_operator_row *o)
{
    if (o->all_environments) {
        la_json_text_or_null(w, "environments", LA_NO_SLICE);
        return;
    }
    la_json_open(w, "environments", '[');
    for (unsigned i = 0; i < o->n_environments; i++)
        la_json_text(w, NULL, la_slice_of(o->environments[i]));
    la_json_close(w, ']');
}

static void write_operator(la_json_writer *w, const la_operator_row *o)
{
    la_json_u64(w, "operator_id", o->operator_id);
    la_json_text(w, "email", la_slice_of(o->email));
    la_json_text(w, "name", la_slice_of(o->name));
    la_json_text(w, "role", la_slice_of(la_role_name(o->role)));
    write_environments(w, o);
    la_json_bool(w, "enabled", o->enabled);
    la_json_bool(w, "totp", o->totp_enabled);
    la_json_u64(w, "recovery_codes_left", o->recovery_codes_left);
    la_json_bool(w, "must_change_password", o->must_change_password);
    la_json_time(w, "created_at", o->created_at_s);
    la_json_time(w, "last_login_at", o->last_login_at_s);
}

/* "all", or their names. */
static void add_environments(const la_operator_row *o, la_buffer *out)
{
    if (o->all_environments)
        la_buffer_add_text(out, "all");
    else if (o->n_environments == 0)
        la_buffer_add_text(out, "none");
    for (unsigned i = 0; !o->all_environments && i < o->n_environments; i++)
        la_buffer_add_format(out, "%s%s", i ? " " : "", o->environments[i]);
}

static const char *second_factor(const la_operator_row *o)
{
    return o->totp_enabled ? "TOTP" : "none";
}

void la_cli_dashboard_url(const la_config *config, la_buffer *ret)
{
    const char *address = config->admin.address;
    bool any = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0 || strcmp(address, "127.0.0.1") == 0 ||
               strcmp(address, "::1") == 0;
    if (config->admin_origin)
        la_buffer_add_format(ret, "%s/", config->admin_origin);
    else if (any) /* a browser keeps a Secure cookie for localhost */
        la_buffer_add_format(ret, "http://localhost:%u/", config->admin.port);
    else
        la_buffer_add_format(ret, strchr(address, ':') ? "http://[%s]:%u/" : "http://%s:%u/", address,
                             config->admin.port);
}

static void print_text(la_cli *cli, const la_config *config, const la_operator_row *o, const char *password)
{
    char created[LA_CLOCK_RFC3339_BYTES], login[LA_CLOCK_RFC3339_BYTES];
    la_clock_format_rfc3339(o->created_at_s, created);
    la_clock_format_rfc3339(o->last_login_at_s, login);
    la_buffer_add_format(&cli->out, "operator       %llu\nemail          %s\nname           %s\nrole           %s\n",
                         (unsigned long long)o->operator_id, o->email, o->name, la_role_name(o->role));
    la_buffer_add_text(&cli->out, "environments   ");
    add_environments(o, &cli->out);
    if (password) {
        la_buffer_add_format(&cli->out, "\npassword       %s\ndashboard      ", password);
        la_cli_dashboard_url(config, &cli->out);
        la_buffer_add_text(&cli->out, "\n\nHand the password over now: it is not shown again, and has to be changed at "
                                      "the first login.\n");
        return;
    }
    la_buffer_add_format(
        &cli->out,
        "\nstate          %s%s\nsecond factor  %s\nrecovery codes %u\ncreated        %s\nlast login     "
        "%s\n",
        o->enabled ? "enabled" : "disabled", o->must_change_password ? ", must change the password" : "",
        second_factor(o), o->recovery_codes_left, created, o->last_login_at_s ? login : "never");
}

void la_cli_print_operator(la_cli *cli, const la_config *config, const la_operator_row *o, const char *password)
{
    if (!cli->json) {
        print_text(cli, config, o, password);
        return;
    }
    la_json_writer w = {&cli->out, false};
    char memory[512];
    la_buffer url;
    la_buffer_init_fixed(&url, memory, sizeof memory);
    la_cli_dashboard_url(config, &url);
    la_json_open(&w, NULL, '{');
    write_operator(&w, o);
    if (password) {
        la_json_text(&w, "password", la_slice_of(password));
        la_json_text(&w, "dashboard", la_buffer_slice(&url));
    }
    la_json_end(&w);
}

/* ---- list, show ---- */

static la_result list_one(void *self, const la_operator_row *o)
{
    la_cli_list *l = self;
    char memory[LA_ENVIRONMENTS_MAX * (LA_ENVIRONMENT_NAME_MAX + 1)];
    la_buffer environments;
    if (l->cli->json) {
        la_json_open(&l->w, NULL, '{');
        write_operator(&l->w, o);
        la_json_close(&l->w, '}');
        return la_ok();
    }
    la_buffer_init_fixed(&environments, memory, sizeof memory);
    add_environments(o, &environments);
    la_table_add_u64(&l->table, o->operator_id);
    la_table_add(&l->table, la_slice_of(o->email));
    la_table_add(&l->table, la_slice_of(o->name));
    la_table_add(&l->table, la_slice_of(la_role_name(o->role)));
    la_table_add(&l->table, la_slice_of(o->enabled ? "enabled" : "disabled"));
    la_table_add(&l->table, la_slice_of(second_factor(o)));
    la_table_add_time(&l->table, o->last_login_at_s, "never");
    la_table_add(&l->table, la_buffer_slice(&environments));
    return la_ok();
}

static la_result run_list(la_cli *cli)
{
    static const char *const titles[] = {"ID",    "EMAIL",         "NAME",       "ROLE",
                                         "STATE", "SECOND FACTOR", "LAST LOGIN", "ENVIRONMENTS"};
    la_session s;
    LA_TRY(la_session_open(cli, &s));
    la_cli_list l = la_cli_list_begin(cli, NULL, "operators", 8, titles);
    la_result r = la_store_list_operators(s.commands.store, 0, LIST_MAX, list_one, &l);
    la_cli_list_end(&l);
    la_session_close(&s);
    return r;
}

static la_result run_show(la_cli *cli)
{
    la_session s;
    la_operator_row o;
    LA_TRY(la_cli_open_operator(cli, &s, &o));
    la_cli_print_operator(cli, s.config, &o, NULL);
    la_session_close(&s);
    return la_ok();
}

/* ---- sessions ---- */

static la_result session_one(void *self, const la_session_row *row)
{
    la_cli_list *l = self;
    if (l->cli->json) {
        la_json_open(&l->w, NULL, '{');
        la_json_u64(&l->w, "session_id", row->session_id);
        la_json_text(&l->w, "state", la_slice_of(la_session_state_name(row->state)));
        la_json_time(&l->w, "created_at", row->created_at_s);
        la_json_time(&l->w, "last_seen_at", row->last_seen_at_s);
        la_json_time(&l->w, "expires_at", row->expires_at_s);
        la_json_text(&l->w, "address", la_slice_of(row->address));
        la_json_text(&l->w, "user_agent", la_slice_of(row->user_agent));
        la_json_close(&l->w, '}');
        return la_ok();
    }
    la_table_add_u64(&l->table, row->session_id);
    la_table_add(&l->table, la_slice_of(la_session_state_name(row->state)));
    la_table_add_time(&l->table, row->created_at_s, "-");
    la_table_add_time(&l->table, row->last_seen_at_s, "-");
    la_table_add_time(&l->table, row->expires_at_s, "-");
    la_table_add(&l->table, la_slice_of(row->address));
    la_table_add(&l->table, la_slice_of(row->user_agent));
    return la_ok();
}

static la_result print_sessions(la_cli *cli, la_session *s, const la_operator_row *o)
{
    static const char *const titles[] = {"SESSION", "STATE",   "CREATED",   "LAST SEEN",
                                         "EXPIRES", "ADDRESS", "USER AGENT"};
    la_cli_list l = {.cli = cli, .w = {&cli->out, false}};
    if (cli->json) {
        la_json_open(&l.w, NULL, '{');
        la_json_text(&l.w, "email", la_slice_of(o->email));
        la_json_open(&l.w, "sessions", '[');
    } else {
        la_table_init(&l.table, 7, titles);
    }
    la_result r = la_store_list_sessions(s->commands.store, o->operator_id, session_one, &l);
    la_cli_list_end(&l);
    return r;
}

static la_result run_sessions(la_cli *cli)
{
    la_session s;
    la_operator_row o;
    unsigned long long revoke;
    LA_TRY(la_cli_number(cli, "revoke", 1, INT64_MAX, 0, &revoke));
    LA_TRY(la_cli_open_operator(cli, &s, &o));
    la_result r = revoke ? la_command_revoke_session(&s.commands, &o, revoke) : la_ok();
    if (la_is_ok(r))
        r = print_sessions(cli, &s, &o);
    la_session_close(&s);
    return r;
}

/* ---- reset, remove ---- */

static la_result run_reset_password(la_cli *cli)
{
    la_session s;
    la_operator_row o;
    char password[LA_GENERATED_PASSWORD_BYTES];
    LA_TRY(la_cli_open_operator(cli, &s, &o));
    la_result r = la_command_reset_password(&s.commands, &o, password);
    if (la_is_ok(r))
        r = la_store_find_operator(s.commands.store, o.operator_id, &o);
    if (la_is_ok(r))
        la_cli_print_operator(cli, s.config, &o, password);
    la_wipe(password, sizeof password);
    la_session_close(&s);
    return r;
}

static void print_done(la_cli *cli, const la_operator_row *o, const char *member, const char *sentence)
{
    la_json_writer w = {&cli->out, false};
    if (!cli->json) {
        la_buffer_add_format(&cli->out, "%s %s\n", o->email, sentence);
        return;
    }
    la_json_open(&w, NULL, '{');
    la_json_text(&w, "email", la_slice_of(o->email));
    la_json_bool(&w, member, true);
    la_json_end(&w);
}

static la_result run_reset_totp(la_cli *cli)
{
    la_session s;
    la_operator_row o;
    LA_TRY(la_cli_open_operator(cli, &s, &o));
    la_result r = la_command_reset_totp(&s.commands, &o);
    la_session_close(&s);
    if (la_is_ok(r))
        print_done(cli, &o, "totp_reset", "logs in with the password alone, until a second factor is set up again.");
    return r;
}

static la_result run_remove(la_cli *cli)
{
    la_session s;
    la_operator_row o;
    LA_TRY(la_cli_open_operator(cli, &s, &o));
    la_result r = la_cli_confirm(cli, "Remove operator %s (%s)?", o.email, o.name);
    if (la_is_ok(r))
        r = la_command_delete_operator(&s.commands, &o);
    la_session_close(&s);
    if (la_is_ok(r))
        print_done(cli, &o, "removed", "is removed.");
    return r;
}

static const la_cli_option session_options[] = {
    {"revoke", "SESSION", "Ends this session, then lists those that are left.", false},
    {0},
};

static const la_cli_option remove_options[] = {
    {"yes", NULL, "Does not ask.", false},
    {0},
};

const la_cli_command la_cli_operator_commands[] = {
    {"operator add", "EMAIL", 1, 1, "Lets somebody into the dashboard.",
     "Adds an operator and prints a password that has to be changed at the first login; it is shown this once. The "
     "roles "
     "are admin (everything), developer (applications, their secrets and customers, usage; in the environments that "
     "are "
     "named) and auditor (reads everything, changes nothing). Without --role the first one is an admin and others are "
     "developers.",
     "  leanauth operator add huda@example.com --role developer --environment sandbox-uae\n",
     la_cli_operator_add_options, la_cli_run_operator_add},
    {"operator list", "", 0, 0, "Lists the operators.", "Lists those who may use the dashboard.",
     "  leanauth operator list\n", NULL, run_list},
    {"operator show", "OPERATOR", 1, 1, "Shows an operator.", "Shows an operator, who is named by email or by id.",
     "  leanauth operator show huda@example.com\n", NULL, run_show},
    {"operator set", "OPERATOR", 1, 1, "Changes name, role, environments or access of an operator.",
     "Changes what is named and leaves the rest. Other rights, or none, end the sessions of the operator. The last "
     "enabled admin stays one.",
     "  leanauth operator set huda@example.com --disable\n", la_cli_operator_set_options, la_cli_run_operator_set},
    {"operator reset-password", "OPERATOR", 1, 1, "Makes a new password for an operator.",
     "Makes a new password, prints it once and ends the sessions of the operator. It has to be changed at the next "
     "login.",
     "  leanauth operator reset-password huda@example.com\n", NULL, run_reset_password},
    {"operator reset-totp", "OPERATOR", 1, 1, "Removes the second factor of an operator.",
     "Removes second factor and recovery codes of somebody who has lost them, and ends the sessions. Where the "
     "configuration requires a second factor the next login asks for a new one.",
     "  leanauth operator reset-totp huda@example.com\n", NULL, run_reset_totp},
    {"operator remove", "OPERATOR", 1, 1, "Removes an operator for good.",
     "Removes an operator with sessions and second factor; the audit log keeps what they did. Asks first on a "
     "terminal; "
     "elsewhere --yes is needed.",
     "  leanauth operator remove huda@example.com --yes\n", remove_options, run_remove},
    {"operator sessions", "OPERATOR", 1, 1, "Lists the sessions of an operator.",
     "Lists where an operator is logged in, and ends a session with --revoke.",
     "  leanauth operator sessions huda@example.com --revoke 12\n", session_options, run_sessions},
    {0},
};
