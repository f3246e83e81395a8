/* leanauth operator add | set. */
#include "base/secret.h"
#include "cli/operator.h"

#include <errno.h>
#include <unistd.h>

/* ---- the options of both ---- */

static la_result read_role(const la_cli *cli, la_role *ret)
{
    la_slice name = la_cli_slice(cli, "role");
    if (name.p && !la_role_parse(name, ret))
        return la_fail(LA_USAGE, "--role must be admin, developer or auditor");
    return la_ok();
}

typedef struct environments {
    bool given, all;
    unsigned n;
    la_slice names[LA_ENVIRONMENTS_MAX];
} environments;

static la_result read_environments(const la_cli *cli, environments *ret)
{
    ret->all = la_cli_has(cli, "all-environments");
    LA_TRY(la_cli_values(cli, "environment", LA_ENVIRONMENTS_MAX, ret->names, &ret->n));
    ret->given = ret->all || ret->n;
    return ret->all && ret->n ? la_fail(LA_USAGE, "--environment and --all-environments exclude each other") : la_ok();
}

/* One line, without its end. Nothing of it stays behind but `memory`. */
static la_result read_password(char memory[LA_PASSWORD_MAX + 2], la_slice *ret)
{
    size_t n = 0;
    for (;;) {
        ssize_t got = read(STDIN_FILENO, memory + n, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return la_fail(LA_IO, "the password cannot be read: %s", strerror(errno));
        if (got == 0 || memory[n] == '\n')
            break;
        if (++n > LA_PASSWORD_MAX)
            return la_fail(LA_USAGE, "the password is longer than %d bytes", LA_PASSWORD_MAX);
    }
    if (n && memory[n - 1] == '\r')
        n--;
    if (n == 0)
        return la_fail(LA_USAGE, "--password-stdin: standard input has no password");
    *ret = (la_slice){memory, n};
    return la_ok();
}

/* ---- add ---- */

/* The first one must be able to let others in. */
static la_result choose_role(const la_cli *cli, la_session *s, la_role *ret)
{
    unsigned admins;
    LA_TRY(la_store_count_admins(s->commands.store, &admins));
    *ret = admins ? LA_ROLE_DEVELOPER : LA_ROLE_ADMIN;
    return read_role(cli, ret);
}

static la_result add(la_cli *cli, la_session *s, la_slice password)
{
    environments e = {0};
    la_operator_row row;
    char made[LA_GENERATED_PASSWORD_BYTES];
    la_new_operator o = {
        .email = la_slice_of(cli->arguments[0]), .name = la_cli_slice(cli, "name"), .password = password};
    LA_TRY(read_environments(cli, &e));
    LA_TRY(choose_role(cli, s, &o.role));
    if (o.role == LA_ROLE_DEVELOPER && !e.given)
        return la_fail(LA_USAGE, "a developer needs --environment NAME (as often as wanted) or --all-environments");
    o.all_environments = e.all || e.n == 0;
    o.environments = e.names;
    o.n_environments = e.n;
    LA_TRY(la_command_add_operator(&s->commands, &o, &row, made));
    la_cli_print_operator(cli, s->config, &row, *made ? made : NULL);
    la_wipe(made, sizeof made);
    return la_ok();
}

la_result la_cli_run_operator_add(la_cli *cli)
{
    char memory[LA_PASSWORD_MAX + 2];
    la_slice password = LA_NO_SLICE;
    la_session s;
    la_result r = la_cli_has(cli, "password-stdin") ? read_password(memory, &password) : la_ok();
    if (la_is_ok(r))
        r = la_session_open(cli, &s);
    if (la_is_ok(r)) {
        r = add(cli, &s, password);
        la_session_close(&s);
    }
    la_wipe(memory, sizeof memory);
    return r;
}

/* ---- set ---- */

static la_result read_edit(const la_cli *cli, environments *e, la_role *role, bool *enabled, la_operator_edit *ret)
{
    bool enable = la_cli_has(cli, "enable"), disable = la_cli_has(cli, "disable");
    LA_TRY(read_environments(cli, e));
    LA_TRY(read_role(cli, role));
    if (enable && disable)
        return la_fail(LA_USAGE, "--enable and --disable exclude each other");
    *enabled = enable;
    *ret = (la_operator_edit){
        .name = la_cli_slice(cli, "name"),
        .role = la_cli_has(cli, "role") ? role : NULL,
        .enabled = enable || disable ? enabled : NULL,
        .set_environments = e->given,
        .all_environments = e->all,
        .environments = e->names,
        .n_environments = e->n,
    };
    if (!ret->name.p && !ret->role && !ret->enabled && !e->given)
        return la_fail(LA_USAGE, "nothing is to be set: --name, --role, --environment, --all-environments, --enable or "
                                 "--disable is expected");
    return la_ok();
}

la_result la_cli_run_operator_set(la_cli *cli)
{
    la_session s;
    la_operator_row o;
    la_operator_edit edit;
    environments e = {0};
    la_role role = LA_ROLE_DEVELOPER;
    bool enabled;
    LA_TRY(read_edit(cli, &e, &role, &enabled, &edit));
    LA_TRY(la_cli_open_operator(cli, &s, &o));
    la_result r = la_command_update_operator(&s.commands, &o, &edit, &o);
    if (la_is_ok(r))
        la_cli_print_operator(cli, s.config, &o, NULL);
    la_session_close(&s);
    return r;
}

#define RIGHTS                                                                                                 \
    {"role", "ROLE", "admin, developer or auditor.", false},                                                   \
        {"environment", "NAME", "An environment that a developer or auditor may see; may be repeated.", true}, \
    {                                                                                                          \
        "all-environments", NULL, "All of them, also those that come later.", false                            \
    }

const la_cli_option la_cli_operator_add_options[] = {
    {"name", "NAME", "What people call them; the part of the email before the @ unless said.", false},
    RIGHTS,
    {"password-stdin", NULL, "Takes the password from the first line of standard input; it need not be changed.",
     false},
    {0},
};

const la_cli_option la_cli_operator_set_options[] = {
    {"name", "NAME", "What people call them from now on.", false},
    RIGHTS,
    {"enable", NULL, "Lets them in again.", false},
    {"disable", NULL, "Lets them in no longer, and ends their sessions.", false},
    {0},
};
