/* leanauth usage: tokens issued and refused. */
#include "admin/usage.h"
#include "admin/rules.h"
#include "cli/shared.h"

#define DEFAULT_SPAN_S 86400
#define TOP 20

typedef struct usage {
    la_cli *cli;
    la_session session;
    la_slice environment;
    la_usage_query query;
    la_application_row application; /* of --client-id */
    la_json_writer w;
    la_table table;
} usage;

/* ---- what is asked ---- */

static la_result read_query(usage *u)
{
    la_cli *cli = u->cli;
    la_slice step = la_cli_slice(cli, "step");
    int64_t now_s = la_clock_now_s();
    u->query.step = LA_USAGE_HOUR;
    LA_TRY(la_cli_require(cli, "environment", &u->environment));
    if (step.p && !la_usage_step_parse(step, &u->query.step))
        return la_fail(LA_USAGE, "--step must be minute, hour or day");
    LA_TRY(la_cli_time(cli, "to", now_s, now_s + 1, &u->query.to_s));
    return la_cli_time(cli, "from", now_s, u->query.to_s - DEFAULT_SPAN_S, &u->query.from_s);
}

static la_result find_query(usage *u)
{
    unsigned index;
    la_slice client_id = la_cli_slice(u->cli, "client-id");
    LA_TRY(la_rule_environment(u->session.config, u->environment, &index));
    LA_TRY(la_rule_usage_span(u->query.from_s, u->query.to_s, u->query.step));
    u->query.environment_id = u->session.commands.environment_ids[index];
    u->query.any_application = !client_id.p;
    if (client_id.p)
        LA_TRY(la_command_find_application(&u->session.commands, u->environment, client_id, &u->application));
    u->query.application_id = u->application.application_id;
    return la_ok();
}

/* ---- what comes out ---- */

static void open_list(usage *u, const char *member, unsigned n, const char *const *titles)
{
    if (u->cli->json)
        la_json_open(&u->w, member, '[');
    else
        la_table_init(&u->table, n, titles);
}

static void close_list(usage *u, bool last)
{
    if (u->cli->json) {
        la_json_close(&u->w, ']');
        return;
    }
    la_table_done(&u->table, &u->cli->out);
    if (!last)
        la_buffer_add_char(&u->cli->out, '\n');
}

static la_result add_point(void *self, const la_usage_point *p)
{
    usage *u = self;
    if (u->cli->json) {
        la_json_open(&u->w, NULL, '{');
        la_json_time(&u->w, "at", p->at_s);
        la_json_u64(&u->w, "issued", p->issued);
        la_json_u64(&u->w, "refused", p->refused);
        la_json_close(&u->w, '}');
        return la_ok();
    }
    la_table_add_time(&u->table, p->at_s, "-");
    la_table_add_u64(&u->table, p->issued);
    la_table_add_u64(&u->table, p->refused);
    return la_ok();
}

static la_result add_reason(void *self, la_slice reason, uint64_t count)
{
    usage *u = self;
    if (u->cli->json) {
        la_json_open(&u->w, NULL, '{');
        la_json_text(&u->w, "reason", reason);
        la_json_u64(&u->w, "count", count);
        la_json_close(&u->w, '}');
        return la_ok();
    }
    la_table_add(&u->table, reason);
    la_table_add_u64(&u->table, count);
    return la_ok();
}

static la_result add_application(void *self, const la_usage_application *a)
{
    usage *u = self;
    if (u->cli->json) {
        la_json_open(&u->w, NULL, '{');
        la_json_text_or_null(&u->w, "client_id", a->client_id);
        la_json_text_or_null(&u->w, "name", a->name);
        la_json_u64(&u->w, "issued", a->issued);
        la_json_u64(&u->w, "refused", a->refused);
        la_json_close(&u->w, '}');
        return la_ok();
    }
    la_table_add(&u->table, a->client_id.n ? a->client_id : LA_SLICE("-"));
    la_table_add_u64(&u->table, a->issued);
    la_table_add_u64(&u->table, a->refused);
    la_table_add(&u->table, a->name.n ? a->name : LA_SLICE("unknown clients"));
    return la_ok();
}

static la_result add_advice(void *self, const la_usage_advice *a)
{
    usage *u = self;
    if (u->cli->json) {
        la_json_open(&u->w, NULL, '{');
        la_json_text(&u->w, "client_id", a->client_id);
        la_json_text(&u->w, "name", a->name);
        la_json_u64(&u->w, "tokens", a->tokens);
        la_json_u64(&u->w, "needed", a->needed);
        la_json_u64(&u->w, "lifetime_s", a->lifetime_s);
        la_json_close(&u->w, '}');
        return la_ok();
    }
    la_buffer_add_format(&u->cli->out,
                         "\n%.*s (%.*s) got %llu tokens where %llu would do: a token lives for %u s and can be kept "
                         "until then.\n",
                         LA_FMT(a->name), LA_FMT(a->client_id), (unsigned long long)a->tokens,
                         (unsigned long long)a->needed, a->lifetime_s);
    return la_ok();
}

static la_result print_environment(usage *u)
{
    static const char *const titles[] = {"CLIENT_ID", "ISSUED", "REFUSED", "APPLICATION"};
    la_store *store = u->session.commands.store;
    open_list(u, "applications", 4, titles);
    la_result r = la_store_usage_applications(store, &u->query, TOP, add_application, u);
    close_list(u, true);
    LA_TRY(r);
    if (u->cli->json)
        la_json_open(&u->w, "advice", '[');
    r = la_command_usage_advice(&u->session.commands, u->environment, u->query.from_s, u->query.to_s, u->query.step,
                                200, add_advice, u);
    if (u->cli->json)
        la_json_close(&u->w, ']');
    return r;
}

static la_result print_all(usage *u)
{
    static const char *const points[] = {"AT", "ISSUED", "REFUSED"}, *const reasons[] = {"REASON", "REFUSED"};
    la_store *store = u->session.commands.store;
    open_list(u, "points", 3, points);
    la_result r = la_store_usage_points(store, &u->query, add_point, u);
    close_list(u, false);
    LA_TRY(r);
    open_list(u, "reasons", 2, reasons);
    r = la_store_usage_reasons(store, &u->query, TOP, add_reason, u);
    close_list(u, !u->query.any_application);
    LA_TRY(r);
    return u->query.any_application ? print_environment(u) : la_ok();
}

static void begin(usage *u)
{
    if (!u->cli->json)
        return;
    la_json_open(&u->w, NULL, '{');
    la_json_text(&u->w, "environment", u->environment);
    la_json_time(&u->w, "from", u->query.from_s);
    la_json_time(&u->w, "to", u->query.to_s);
    la_json_text(&u->w, "step", la_slice_of(la_usage_step_name(u->query.step)));
}

static la_result run_usage(la_cli *cli)
{
    usage u = {.cli = cli, .w = {&cli->out, false}};
    LA_TRY(read_query(&u));
    LA_TRY(la_session_open(cli, &u.session));
    la_result r = find_query(&u);
    if (la_is_ok(r)) {
        begin(&u);
        r = print_all(&u);
    }
    if (la_is_ok(r) && cli->json) {
        la_json_end(&u.w);
    }
    la_session_close(&u.session);
    return r;
}

static const la_cli_option options[] = {
    {"environment", "NAME", "The environment; needed.", false},
    {"client-id", "CLIENT_ID", "Only this application.", false},
    {"from", "TIME",
     "From when on: 2026-08-07T10:11:12Z, 2026-08-07, or how long ago; 24 hours before the end unless said.", false},
    {"to", "TIME", "Until when; now unless said.", false},
    {"step", "STEP", "minute, hour (unless said) or day.", false},
    {0},
};

const la_cli_command la_cli_usage_commands[] = {
    {"usage", "", 0, 0, "Shows how many tokens were issued and refused.",
     "Shows, for an environment or one application, the tokens issued and refused by minute, hour or day, why they "
     "were "
     "refused, and who asked for most of them. A running server adds its counts every few seconds (usage.flush_s).",
     "  leanauth usage --environment production --from 7d --step day\n", options, run_usage},
    {0},
};
