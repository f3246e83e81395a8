/* leanauth customer add | list | remove. */
#include "cli/shared.h"

#include <time.h>

#define WAITS_MAX 5

static void print_done(la_cli *cli, const la_application_row *a, const char *customer_id, const char *done)
{
    la_json_writer w = {&cli->out, false};
    if (cli->json) {
        la_cli_open_application_json(&w, a);
        la_json_text(&w, "customer_id", la_slice_of(customer_id));
        la_json_text_or_null(&w, "app_user_id", la_cli_slice(cli, "app-user-id"));
        la_json_bool(&w, done, true);
        la_json_end(&w);
    } else {
        la_buffer_add_format(&cli->out, "Customer %s of application %s in %s is %s.\n", customer_id, a->client_id,
                             a->environment, done);
    }
}

/* Where the customer was removed a moment ago, once what it gets is not revoked with what it had. */
static la_result add_when_possible(la_session *s, const la_application_row *a, la_slice customer_id,
                                   la_slice app_user_id)
{
    for (int i = 0;; i++) {
        int64_t wait_s = 0;
        la_result r = la_command_add_customer(&s->commands, a, customer_id, app_user_id, &wait_s);
        if (r.code != LA_CONFLICT || wait_s <= 0 || wait_s > WAITS_MAX || i == WAITS_MAX)
            return r;
        nanosleep(&(struct timespec){.tv_nsec = 1000 * (1000000 - (long)(la_clock_now_us() % 1000000))}, NULL);
    }
}

static la_result run_add(la_cli *cli)
{
    la_session s;
    la_application_row a;
    LA_TRY(la_session_open_application(cli, &s, &a));
    la_slice app_user_id = la_cli_slice(cli, "app-user-id");
    la_result r = add_when_possible(&s, &a, la_slice_of(cli->arguments[1]), app_user_id.p ? app_user_id : LA_SLICE(""));
    la_session_close(&s);
    if (la_is_ok(r))
        print_done(cli, &a, cli->arguments[1], "added");
    return r;
}

static la_result run_remove(la_cli *cli)
{
    la_session s;
    la_application_row a;
    LA_TRY(la_session_open_application(cli, &s, &a));
    la_result r = la_command_remove_customer(&s.commands, &a, la_slice_of(cli->arguments[1]));
    la_session_close(&s);
    if (la_is_ok(r))
        print_done(cli, &a, cli->arguments[1], "removed");
    return r;
}

typedef struct customer_list {
    bool json;
    la_json_writer w;
    la_table table;
    uint64_t n;
    char last[LA_CUSTOMER_ID_MAX + 1];
} customer_list;

static la_result list_one(void *self, const la_customer_row *c)
{
    customer_list *l = self;
    l->n++;
    memcpy(l->last, c->customer_id, sizeof l->last);
    if (l->json) {
        la_json_open(&l->w, NULL, '{');
        la_json_text(&l->w, "customer_id", la_slice_of(c->customer_id));
        la_json_text_or_null(&l->w, "app_user_id", la_slice_of(c->app_user_id));
        la_json_time(&l->w, "created_at", c->created_at_s);
        la_json_close(&l->w, '}');
        return la_ok();
    }
    la_table_add(&l->table, la_slice_of(c->customer_id));
    la_table_add_time(&l->table, c->created_at_s, "-");
    la_table_add(&l->table, la_slice_of(*c->app_user_id ? c->app_user_id : "-"));
    return la_ok();
}

static la_result print_list(la_cli *cli, la_session *s, const la_application_row *a, unsigned limit)
{
    static const char *const titles[] = {"CUSTOMER_ID", "CREATED", "APP_USER_ID"};
    customer_list l = {.json = cli->json, .w = {&cli->out, false}};
    la_slice after = la_cli_slice(cli, "after");
    if (cli->json) {
        la_cli_open_application_json(&l.w, a);
        la_json_open(&l.w, "customers", '[');
    } else {
        la_table_init(&l.table, 3, titles);
    }
    la_result r = la_command_list_customers(&s->commands, a, LA_NO_SLICE, after.p ? after : LA_SLICE(""), limit,
                                            list_one, &l);
    bool more = l.n == limit;
    if (cli->json) {
        la_json_close(&l.w, ']');
        la_json_text_or_null(&l.w, "next", more ? la_slice_of(l.last) : LA_NO_SLICE);
        la_json_end(&l.w);
    } else {
        la_table_done(&l.table, &cli->out);
        if (more)
            la_cli_note(cli, "there may be more: --after %s", l.last);
    }
    return r;
}

static la_result run_list(la_cli *cli)
{
    unsigned long long limit;
    LA_TRY(la_cli_number(cli, "limit", 1, 10000, 1000, &limit));
    la_session s;
    la_application_row a;
    LA_TRY(la_session_open_application(cli, &s, &a));
    la_result r = print_list(cli, &s, &a, (unsigned)limit);
    la_session_close(&s);
    return r;
}

static const la_cli_option add_options[] = {
    {"environment", "NAME", "Its environment, where several have the client_id.", false},
    {"app-user-id", "ID", "Your own name for the customer, for your own use.", false},
    {0},
};

static const la_cli_option list_options[] = {
    {"environment", "NAME", "Its environment, where several have the client_id.", false},
    {"limit", "N", "At most so many: 1 to 10000, 1000 unless said.", false},
    {"after", "CUSTOMER_ID", "Goes on where an earlier list ended: its \"next\".", false},
    {0},
};

const la_cli_command la_cli_customer_commands[] = {
    {"customer add", "CLIENT_ID CUSTOMER_ID", 2, 2, "Registers a customer as an application's own.",
     "Registers a customer as owned by an application. Where the environment's customer policy is \"registered\", "
     "customer tokens are "
     "issued only for such customers; a customer has one owner in an environment. One that was removed less than two "
     "seconds ago is registered as soon as tokens that it gets are not revoked with those that it had.",
     "  leanauth customer add 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c 0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d --app-user-id "
     "user-42\n",
     add_options, run_add},
    {"customer list", "CLIENT_ID", 1, 1, "Lists the customers that an application owns.",
     "Lists them in the order of their customer_id.",
     "  leanauth customer list 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c --limit 50\n", list_options, run_list},
    {"customer remove", "CLIENT_ID CUSTOMER_ID", 2, 2, "Removes a customer from an application.",
     "Undoes \"customer add\", and revokes the tokens that the application got for this customer until now: within 250 "
     "ms every server that follows the store answers so; who checks tokens offline learns it from the status list, "
     "where "
     "the environment has one.",
     "  leanauth customer remove 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c 0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d\n",
     la_cli_application_options, run_remove},
    {0},
};
