/* leanauth key list | rotate. */
#include "admin/key_list.h"
#include "admin/rules.h"
#include "cli/shared.h"
#include "jose/schedule.h"

static void add_key(la_cli_list *l, la_slice environment, const la_key_list *keys, size_t i, int64_t now_s)
{
    const la_key_record *k = &keys->records[i];
    const char *state = la_schedule_state(keys->records, keys->n, i, now_s);
    if (l->cli->json) {
        la_json_open(&l->w, NULL, '{');
        la_json_text(&l->w, "environment", environment);
        la_json_text(&l->w, "kid", k->kid);
        la_json_text(&l->w, "algorithm", k->algorithm);
        la_json_text(&l->w, "state", la_slice_of(state));
        la_json_time(&l->w, "published_at", k->published_at_s);
        la_json_time(&l->w, "activates_at", k->activates_at_s);
        la_json_time(&l->w, "retires_at", k->retires_at_s);
        la_json_time(&l->w, "removed_at", k->removed_at_s);
        la_json_close(&l->w, '}');
        return;
    }
    la_table_add(&l->table, environment);
    la_table_add(&l->table, la_slice_of(state));
    la_table_add(&l->table, k->algorithm);
    la_table_add(&l->table, k->kid);
    la_table_add_time(&l->table, k->activates_at_s, "-");
    la_table_add_time(&l->table, k->retires_at_s, "-");
    la_table_add_time(&l->table, k->removed_at_s, "-");
}

static la_result add_environment(la_cli_list *l, la_session *s, unsigned index, int64_t now_s)
{
    la_key_list keys = {0};
    la_result r = la_key_list_read(&s->commands, index, &keys);
    for (size_t i = 0; la_is_ok(r) && i < keys.n; i++)
        add_key(l, s->config->environments[index].name, &keys, i, now_s);
    la_key_list_done(&keys);
    return r;
}

static la_result print_keys(la_cli *cli, la_session *s, unsigned first, unsigned n)
{
    static const char *const titles[] = {"ENVIRONMENT", "STATE",   "ALGORITHM", "KID",
                                         "SIGNS FROM",  "RETIRES", "REMOVED"};
    la_cli_list l = la_cli_list_begin(cli, NULL, "keys", 7, titles);
    int64_t now_s = la_clock_now_s();
    la_result r = la_ok();
    for (unsigned i = first; la_is_ok(r) && i < first + n; i++)
        r = add_environment(&l, s, i, now_s);
    la_cli_list_end(&l);
    return r;
}

static la_result run_list(la_cli *cli)
{
    la_session s;
    LA_TRY(la_session_open(cli, &s));
    la_slice environment = la_cli_slice(cli, "environment");
    unsigned first = 0, n = s.config->n_environments;
    la_result r = la_ok();
    if (environment.p) {
        r = la_rule_environment(s.config, environment, &first);
        n = 1;
    }
    if (la_is_ok(r))
        r = print_keys(cli, &s, first, n);
    la_session_close(&s);
    return r;
}

static la_result rotate(la_cli *cli, la_session *s, la_slice environment)
{
    unsigned index;
    LA_TRY(la_rule_environment(s->config, environment, &index));
    LA_TRY(la_command_rotate_key(&s->commands, environment, la_clock_now_s()));
    return print_keys(cli, s, index, 1);
}

static la_result run_rotate(la_cli *cli)
{
    la_slice environment;
    LA_TRY(la_cli_require(cli, "environment", &environment));
    la_session s;
    LA_TRY(la_session_open(cli, &s));
    la_result r = rotate(cli, &s, environment);
    la_session_close(&s);
    return r;
}

static const la_cli_option list_options[] = {
    {"environment", "NAME", "Only those of this environment.", false},
    {0},
};

static const la_cli_option rotate_options[] = {
    {"environment", "NAME", "The environment whose key is to be replaced; needed.", false},
    {0},
};

const la_cli_command la_cli_key_commands[] = {
    {"key list", "", 0, 0, "Lists the signing keys.",
     "Lists the signing keys of the environments: published (in the JWKS, does not sign yet), active (signs), retiring "
     "(in the JWKS until "
     "its last token has expired) or removed.",
     "  leanauth key list --environment production\n", list_options, run_list},
    {"key rotate", "", 0, 0, "Starts the rotation of a signing key.",
     "Publishes a new signing key. It begins to sign once every cached JWKS has it; the old one stays in the JWKS "
     "until its last token "
     "has expired. Rotations by age need nobody: this is for the time in between. Prints the keys of the environment.",
     "  leanauth key rotate --environment production\n", rotate_options, run_rotate},
    {0},
};
