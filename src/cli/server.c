/* leanauth serve | check-config. */
#include "base/log.h"
#include "cli/shared.h"
#include "server/serve.h"

/* A customer token is made right before the LinkSDK opens, and that takes its user so long. */
#define CUSTOMER_LIFETIME_LEAST_S 600
#define WARNINGS_MAX_BYTES (64 * 1024)

static la_result run_serve(la_cli *cli)
{
    char path[PATH_MAX];
    LA_TRY(la_cli_config_path(cli, path));
    la_log_set_plain(false);
    if (la_serve(path) == 0)
        return la_ok();
    cli->silent = true;
    return la_error(LA_IO);
}

typedef struct warnings {
    la_cli *cli;
    la_json_writer w;
    const char *file;
} warnings;

static void warn(warnings *to, const la_environment_config *e, const char *sentence)
{
    char memory[512];
    la_buffer b;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_buffer_add_format(&b, "environment %.*s: %s", LA_FMT(e->name), sentence);
    if (to->cli->json)
        la_json_text(&to->w, NULL, la_buffer_slice(&b));
    else
        la_cli_note(to->cli, "%s: warning: %s", to->file, la_buffer_text(&b));
}

static void check_environment(warnings *to, const la_environment_config *e)
{
    if (e->customer.lifetime_s < CUSTOMER_LIFETIME_LEAST_S)
        warn(to, e, "customer.lifetime_s is less than 600: a token may expire while the LinkSDK is open");
    if (!e->test && la_slice_starts(e->issuer, LA_SLICE("http://")))
        warn(to, e, "the issuer is http: fit for trying out on this machine only");
    if (e->key_rotate_every_s == 0)
        warn(to, e, "keys.rotate_every_s is 0: keys rotate by hand only");
    if (e->allow_origin)
        warn(to, e, "allow_origin is true: secrets may be used, and seen, in browsers");
}

static la_result run_check(la_cli *cli)
{
    char path[PATH_MAX];
    la_config *config;
    LA_TRY(la_cli_config_path(cli, path));
    LA_TRY(la_config_load(path, &config));
    warnings to = {cli, {&cli->out, false}, path};
    if (cli->json) {
        la_json_open(&to.w, NULL, '{');
        la_json_text(&to.w, "file", la_slice_of(path));
        la_json_bool(&to.w, "ok", true);
        la_json_open(&to.w, "warnings", '[');
    } else {
        la_buffer_add_format(&cli->out, "%s: OK\n", path);
    }
    for (unsigned i = 0; i < config->n_environments; i++)
        check_environment(&to, &config->environments[i]);
    if (cli->json) {
        la_json_close(&to.w, ']');
        la_json_end(&to.w);
    }
    la_config_free(config);
    return la_ok();
}

const la_cli_command la_cli_server_commands[] = {
    {"check-config", "", 0, 0, "Checks the configuration file.",
     "Reads the configuration as the server would. Prints \"FILE: OK\" and warnings, or file, line and what was "
     "expected.",
     "  leanauth check-config --config /etc/leanauth/leanauth.yaml\n", NULL, run_check},
    {"serve", "", 0, 0, "Runs the server.",
     "Runs the server in the foreground until SIGTERM or SIGINT, then finishes the requests under way. SIGHUP reads "
     "the configuration "
     "again. Logs are JSON lines on standard error.",
     "  leanauth serve --config /etc/leanauth/leanauth.yaml\n", NULL, run_serve},
    {0},
};
