/* leanauth secret add | list | revoke. */
#include "base/secret.h"
#include "cli/shared.h"

const la_cli_option la_cli_application_options[] = {
    {"environment", "NAME", "Its environment, where several have the client_id.", false},
    {0},
};

typedef struct secret_list {
    bool json;
    la_json_writer *w;
    la_table table;
    int64_t now_s;
} secret_list;

static la_result list_one(void *self, const la_secret_row *s)
{
    secret_list *l = self;
    const char *state = la_secret_state(s, l->now_s);
    if (l->json) {
        la_json_open(l->w, NULL, '{');
        la_json_u64(l->w, "secret_id", s->secret_id);
        la_json_text(l->w, "hint", la_slice_of(s->hint));
        la_json_text(l->w, "state", la_slice_of(state));
        la_json_time(l->w, "created_at", s->created_at_s);
        la_json_time(l->w, "expires_at", s->expires_at_s);
        la_json_time(l->w, "revoked_at", s->revoked_at_s);
        la_json_time(l->w, "last_used_at", s->last_used_at_s);
        la_json_close(l->w, '}');
        return la_ok();
    }
    la_table_add_u64(&l->table, s->secret_id);
    la_table_add(&l->table, la_slice_of(s->hint));
    la_table_add(&l->table, la_slice_of(state));
    la_table_add_time(&l->table, s->created_at_s, "-");
    la_table_add_time(&l->table, s->expires_at_s, "never");
    la_table_add_time(&l->table, s->last_used_at_s, "never");
    la_table_add_time(&l->table, s->revoked_at_s, "-");
    return la_ok();
}

la_result la_cli_print_secrets(la_cli *cli, la_session *s, const la_application_row *a, la_json_writer *w)
{
    static const char *const titles[] = {"SECRET", "HINT", "STATE", "CREATED", "EXPIRES", "LAST USED", "REVOKED"};
    secret_list l = {.json = cli->json, .w = w, .now_s = la_clock_now_s()};
    if (cli->json)
        la_json_open(w, "secrets", '[');
    else
        la_table_init(&l.table, 7, titles);
    la_result r = la_command_list_secrets(&s->commands, a, list_one, &l);
    if (cli->json)
        la_json_close(w, ']');
    else
        la_table_done(&l.table, &cli->out);
    return r;
}

static la_result run_list(la_cli *cli)
{
    la_session s;
    la_application_row a;
    LA_TRY(la_session_open_application(cli, &s, &a));
    la_json_writer w = {&cli->out, false};
    if (cli->json) {
        la_cli_open_application_json(&w, &a);
    }
    la_result r = la_cli_print_secrets(cli, &s, &a, &w);
    if (cli->json) {
        la_json_end(&w);
    }
    la_session_close(&s);
    return r;
}

static void print_added(la_cli *cli, const la_application_row *a, uint64_t secret_id, const char *secret,
                        int64_t expires_at_s)
{
    la_json_writer w = {&cli->out, false};
    if (cli->json) {
        la_cli_open_application_json(&w, a);
        la_json_u64(&w, "secret_id", secret_id);
        la_json_text(&w, "client_secret", la_slice_of(secret));
        la_json_time(&w, "expires_at", expires_at_s);
        la_json_end(&w);
        return;
    }
    char expires[LA_CLOCK_RFC3339_BYTES];
    la_clock_format_rfc3339(expires_at_s, expires);
    la_buffer_add_format(&cli->out, "client_id      %s\nsecret         %llu\nclient_secret  %s\nexpires        %s\n",
                         a->client_id, (unsigned long long)secret_id, secret, expires_at_s ? expires : "never");
    la_buffer_add_text(&cli->out, "\nKeep the secret now: it is not shown again.\n");
}

static la_result run_add(la_cli *cli)
{
    int64_t expires_in_s = 0;
    if (la_cli_has(cli, "expires-in"))
        LA_TRY(la_cli_duration(cli, "expires-in", &expires_in_s));
    la_session s;
    la_application_row a;
    LA_TRY(la_session_open_application(cli, &s, &a));
    char secret[LA_CLIENT_SECRET_MAX + 1];
    uint64_t secret_id;
    int64_t now_s = la_clock_now_s();
    la_result r = la_command_add_secret(&s.commands, &a, expires_in_s, &secret_id, secret);
    if (la_is_ok(r))
        print_added(cli, &a, secret_id, secret, expires_in_s ? now_s + expires_in_s : 0);
    if (r.code == LA_CONFLICT)
        la_cli_set_hint(cli, "Revoke one of them first: leanauth secret list %s", a.client_id);
    la_wipe(secret, sizeof secret);
    la_session_close(&s);
    return r;
}

static la_result run_revoke(la_cli *cli)
{
    unsigned long long secret_id;
    if (!la_slice_to_u64(la_slice_of(cli->arguments[1]), INT64_MAX, &secret_id))
        return la_fail(LA_USAGE, "SECRET_ID must be a number: see leanauth secret list");
    la_session s;
    la_application_row a;
    LA_TRY(la_session_open_application(cli, &s, &a));
    la_result r = la_command_revoke_secret(&s.commands, &a, secret_id);
    la_session_close(&s);
    LA_TRY(r);
    la_json_writer w = {&cli->out, false};
    if (cli->json) {
        la_cli_open_application_json(&w, &a);
        la_json_u64(&w, "secret_id", secret_id);
        la_json_bool(&w, "revoked", true);
        la_json_end(&w);
    } else {
        la_buffer_add_format(&cli->out, "Secret %llu of application %s in %s is revoked.\n", secret_id, a.client_id,
                             a.environment);
    }
    return r;
}

static const la_cli_option add_options[] = {
    {"environment", "NAME", "Its environment, where several have the client_id.", false},
    {"expires-in", "TIME", "Until it stops working: seconds, or a number with s, m, h, d or w. Without it: never.",
     false},
    {0},
};

const la_cli_command la_cli_secret_commands[] = {
    {"secret add", "CLIENT_ID", 1, 1, "Adds a further secret to an application.",
     "Adds a secret next to those that the application has, and prints it: the only time that it is shown. Two live at "
     "once by default, "
     "so that a secret can be replaced without an outage: add one, use it, revoke the other.",
     "  leanauth secret add 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c --expires-in 90d\n", add_options, run_add},
    {"secret list", "CLIENT_ID", 1, 1, "Lists an application's secrets.",
     "Lists the secrets of an application, by their hints, with the time of their last use.",
     "  leanauth secret list 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c\n", la_cli_application_options, run_list},
    {"secret revoke", "CLIENT_ID SECRET_ID", 2, 2, "Revokes a secret.",
     "Revokes a secret by its number: within 250 ms a running server refuses it. The tokens that it got hold until "
     "they "
     "expire: where it is in the wrong hands, leanauth token revoke takes them back, too. Revoking it again changes "
     "nothing.",
     "  leanauth secret revoke 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c 7\n", la_cli_application_options, run_revoke},
    {0},
};
