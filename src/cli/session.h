/* The configuration of a call, and the store behind it. */
#ifndef LA_CLI_SESSION_H
#define LA_CLI_SESSION_H

#include "admin/commands.h"
#include "cli/cli.h"

#include <limits.h>

typedef struct la_session {
    la_config *config;
    la_commands commands;
    char user[64]; /* who gives the command, for the audit log: the login name of the process's user */
} la_session;

/* --config, else LEANAUTH_CONFIG, else LEANAUTH_HOME/leanauth.yaml, else /etc/leanauth/leanauth.yaml. USAGE where the path is too long. */
la_result la_cli_config_path(const la_cli *cli, char ret[PATH_MAX]);

/* The login name of the process's user, or "uid 1000" where that has none. */
void la_cli_user_name(char *ret, size_t bytes);

/* Opens both; sets hints where something is not there yet. */
la_result la_session_open(la_cli *cli, la_session *ret);
void la_session_close(la_session *s);

/* Opens both and finds the application of the first argument (and of --environment). On failure nothing is open. */
la_result la_session_open_application(la_cli *cli, la_session *ret, la_application_row *ret_application);

#endif
