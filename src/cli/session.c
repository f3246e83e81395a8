/* Where the configuration is, and opening what it names. */
#include "cli/session.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *given(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

la_result la_cli_config_path(const la_cli *cli, char ret[PATH_MAX])
{
    const char *file = la_cli_value(cli, "config"), *home = given("LEANAUTH_HOME");
    int n;
    if (!file)
        file = given("LEANAUTH_CONFIG");
    if (file)
        n = snprintf(ret, PATH_MAX, "%s", file);
    else if (home)
        n = snprintf(ret, PATH_MAX, "%s/leanauth.yaml", home);
    else
        n = snprintf(ret, PATH_MAX, "/etc/leanauth/leanauth.yaml");
    return n > 0 && n < PATH_MAX ? la_ok() : la_fail(LA_USAGE, "the path of the configuration is too long or empty");
}

static la_result open_store(la_cli *cli, la_session *s)
{
    la_result r = la_commands_open(s->config, LA_STORE_MIGRATE, &s->commands);
    /* The master key may be what is missing: then init makes none, since only the old one fits. */
    if (r.code == LA_NOT_FOUND && access(s->config->sqlite_path, F_OK) != 0)
        la_cli_set_hint(cli, "The database is made by: leanauth init --config %s", s->config->file);
    return r;
}

void la_cli_user_name(char *ret, size_t bytes)
{
    const struct passwd *user = getpwuid(getuid());
    if (user && *user->pw_name)
        snprintf(ret, bytes, "%s", user->pw_name);
    else
        snprintf(ret, bytes, "uid %u", (unsigned)getuid());
}

/* The texts of the actor are in the session, which therefore stays where it is. */
static void set_actor(la_session *s)
{
    la_cli_user_name(s->user, sizeof s->user);
    s->commands.actor = (la_actor){
        .kind = LA_ACTOR_COMMAND_LINE,
        .id = la_slice_of(s->user),
        .name = la_slice_of(s->user),
    };
}

la_result la_session_open(la_cli *cli, la_session *ret)
{
    char path[PATH_MAX];
    la_session s = {0};
    LA_TRY(la_cli_config_path(cli, path));
    if (access(path, F_OK) != 0)
        la_cli_set_hint(cli,
                        "Name the configuration by --config or LEANAUTH_HOME, or make one: leanauth init --home DIR");
    LA_TRY(la_config_load(path, &s.config));
    la_result r = open_store(cli, &s);
    if (!la_is_ok(r)) {
        la_config_free(s.config);
        return r;
    }
    *ret = s;
    ret->commands.config = ret->config;
    set_actor(ret);
    return r;
}

void la_session_close(la_session *s)
{
    la_commands_close(&s->commands);
    s->config = la_config_free(s->config);
}

la_result la_session_open_application(la_cli *cli, la_session *ret, la_application_row *ret_application)
{
    LA_TRY(la_session_open(cli, ret));
    la_result r = la_command_find_application(&ret->commands, la_cli_slice(cli, "environment"),
                                              la_slice_of(cli->arguments[0]), ret_application);
    if (r.code == LA_CONFLICT)
        la_cli_set_hint(cli, "Add --environment NAME.");
    if (!la_is_ok(r))
        la_session_close(ret);
    return r;
}
