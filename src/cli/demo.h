/* The demo's applications and their credentials, which demo.json keeps so that a second run shows the same. */
#ifndef LA_CLI_DEMO_H
#define LA_CLI_DEMO_H

#include "admin/commands.h"
#include "cli/cli.h"

typedef struct la_demo_entry {
    const la_environment_config *environment;
    char client_id[LA_CLIENT_ID_MAX + 1];
    char client_secret[LA_CLIENT_SECRET_MAX + 1];
    const char *customer_id;
} la_demo_entry;

/* For each environment of the config: an application with working credentials, which are read from `path` or made, and
 * kept there (mode 0600). Then prints them. */
la_result la_demo_ensure(la_cli *cli, la_commands *c, const char *path);

#endif
