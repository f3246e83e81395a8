/* leanauth init: makes what a server needs, as far as it is not there. */
#include "admin/operators.h"
#include "cli/demo.h"
#include "cli/files.h"
#include "cli/shared.h"
#include "cli/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PORT 8080
#define ADMIN_PORT 8081

typedef struct init {
    la_cli *cli;
    la_template wanted;
    bool has_port, has_admin_port;
    char config_path[PATH_MAX];
    bool made_config, made_master_key, made_database;
} init;

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static la_result find_config_path(init *in)
{
    const char *home = la_cli_value(in->cli, "home");
    if (!home)
        return la_cli_config_path(in->cli, in->config_path);
    if (la_cli_has(in->cli, "config"))
        return la_fail(LA_USAGE, "--home and --config exclude each other");
    int n = snprintf(in->config_path, sizeof in->config_path, "%s/leanauth.yaml", home);
    if (!*home || n < 0 || (size_t)n >= sizeof in->config_path)
        return la_fail(LA_USAGE, "--home is empty or too long");
    return la_ok();
}

static la_result read_ports(init *in)
{
    unsigned long long port, admin_port;
    LA_TRY(la_cli_number(in->cli, "port", 1, 65535, PORT, &port));
    LA_TRY(la_cli_number(in->cli, "admin-port", 1, 65535, ADMIN_PORT, &admin_port));
    if (port == admin_port)
        return la_fail(LA_USAGE, "--port and --admin-port must differ");
    in->has_port = la_cli_has(in->cli, "port");
    in->has_admin_port = la_cli_has(in->cli, "admin-port");
    in->wanted = (la_template){la_cli_has(in->cli, "demo"), (uint16_t)port, (uint16_t)admin_port};
    return la_ok();
}

static la_result write_config(init *in)
{
    la_buffer text;
    la_buffer_init(&text, LA_TEMPLATE_MAX_BYTES);
    la_template_write(&in->wanted, &text);
    la_result r = la_buffer_ok(&text) ? la_file_write(in->config_path, la_buffer_slice(&text)) : la_error(LA_NO_MEMORY);
    la_buffer_done(&text);
    if (la_is_ok(r))
        in->made_config = true;
    return r;
}

/* A generated file that nobody edited follows the options; ports that are not given stay. */
static la_result renew_config(init *in, la_slice file)
{
    la_template recorded;
    if (!la_template_recognise(file, &recorded))
        return la_ok();
    if (!in->has_port)
        in->wanted.port = recorded.port;
    if (!in->has_admin_port)
        in->wanted.admin_port = recorded.admin_port;
    in->wanted.demo |= recorded.demo;
    bool same = recorded.demo == in->wanted.demo && recorded.port == in->wanted.port &&
                recorded.admin_port == in->wanted.admin_port;
    return same ? la_ok() : write_config(in);
}

static la_result prepare_config(init *in)
{
    char folder[PATH_MAX];
    la_file_folder_of(in->config_path, folder);
    LA_TRY(la_file_make_folder(folder));
    la_buffer file;
    la_buffer_init(&file, 1u << 20);
    la_result r = la_file_read(in->config_path, &file);
    if (la_is_ok(r))
        r = renew_config(in, la_buffer_slice(&file));
    else if (r.code == LA_NOT_FOUND)
        r = write_config(in);
    la_buffer_done(&file);
    return r;
}

static void note_kept_ports(const init *in, const la_config *config)
{
    bool differ = (in->has_port && config->listen.port != in->wanted.port) ||
                  (in->has_admin_port && config->admin.port != in->wanted.admin_port);
    if (differ)
        la_cli_note(in->cli, "%s has been edited, so it is kept; its ports are %u and %u", in->config_path,
                    config->listen.port, config->admin.port);
}

static bool has_credential(void)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char path[PATH_MAX];
    if (!folder)
        return false;
    int n = snprintf(path, sizeof path, "%s/leanauth.master.key", folder);
    return n > 0 && (size_t)n < sizeof path && exists(path);
}

/* A new key would not open what an old one has wrapped: with a database there, the old one is missed, not wanted anew. */
static la_result prepare_master_key(init *in, const la_config *config)
{
    const char *path = config->master_key_path;
    if (has_credential() || exists(path))
        return la_ok();
    if (exists(config->sqlite_path) && !exists(path))
        return la_fail(LA_NOT_FOUND, "the database %s is there, but not its master key %s: restore it from your backup",
                       config->sqlite_path, path);
    la_result r = la_master_key_create(path);
    in->made_master_key = la_is_ok(r);
    return r.code == LA_EXISTS ? la_ok() : r;
}

static la_result found_operator(void *self, const la_operator_row *o)
{
    *(bool *)self = true;
    return la_ok();
}

/* What is left to do: nobody can use the dashboard yet, perhaps, and there is no application. */
static la_result print_next(init *in, la_commands *c)
{
    const la_config *config = c->config;
    bool any = false;
    LA_TRY(la_store_list_operators(c->store, 0, 1, found_operator, &any));
    la_buffer_add_format(&in->cli->out,
                         "\nNext: %s%s%sleanauth app create --config %s --environment %.*s --name NAME\n"
                         "      leanauth serve --config %s\n",
                         any ? "" : "leanauth operator add --config ", any ? "" : in->config_path,
                         any ? "" : " EMAIL\n      ", in->config_path, LA_FMT(config->environments[0].name),
                         in->config_path);
    return la_ok();
}

static void print_plain(init *in, const la_config *config)
{
    la_buffer *out = &in->cli->out;
    la_buffer_add_format(out, "configuration  %s%s\n", in->config_path, in->made_config ? " (written)" : "");
    la_buffer_add_format(out, "master key     %s%s\n", config->master_key_path,
                         in->made_master_key ? " (made; keep a copy of it apart)" : "");
    la_buffer_add_format(out, "database       %s%s\n", config->sqlite_path, in->made_database ? " (made)" : "");
    if (in->wanted.demo)
        la_buffer_add_char(out, '\n');
}

static void print_json(init *in, const la_config *config)
{
    la_json_writer w = {&in->cli->out, false};
    la_json_open(&w, NULL, '{');
    la_json_text(&w, "config", la_slice_of(in->config_path));
    la_json_text(&w, "master_key", la_slice_of(config->master_key_path));
    la_json_text(&w, "database", la_slice_of(config->sqlite_path));
    la_json_open(&w, "made", '[');
    if (in->made_config)
        la_json_text(&w, NULL, LA_SLICE("config"));
    if (in->made_master_key)
        la_json_text(&w, NULL, LA_SLICE("master_key"));
    if (in->made_database)
        la_json_text(&w, NULL, LA_SLICE("database"));
    la_json_close(&w, ']');
    la_json_open(&w, "environments", '[');
    for (unsigned i = 0; i < config->n_environments; i++)
        la_json_text(&w, NULL, config->environments[i].name);
    la_json_close(&w, ']');
    la_json_end(&w);
}

static la_result run_demo(init *in, la_commands *c)
{
    char folder[PATH_MAX], path[PATH_MAX + 16];
    la_file_folder_of(in->config_path, folder);
    snprintf(path, sizeof path, "%s/demo.json", folder);
    return la_demo_ensure(in->cli, c, path);
}

static la_result prepare(init *in, const la_config *config)
{
    la_commands c;
    note_kept_ports(in, config);
    LA_TRY(prepare_master_key(in, config));
    in->made_database = !exists(config->sqlite_path);
    LA_TRY(la_commands_open(config, LA_STORE_CREATE, &c));
    char user[64];
    la_cli_user_name(user, sizeof user);
    c.actor = (la_actor){.kind = LA_ACTOR_COMMAND_LINE, .id = la_slice_of(user), .name = la_slice_of(user)};
    bool demo = la_cli_has(in->cli, "demo");
    in->wanted.demo = demo;
    if (!in->cli->json)
        print_plain(in, config);
    else if (!demo)
        print_json(in, config);
    la_result r = demo ? run_demo(in, &c) : in->cli->json ? la_ok() : print_next(in, &c);
    la_commands_close(&c);
    return r;
}

static la_result run_init(la_cli *cli)
{
    init in = {.cli = cli};
    LA_TRY(read_ports(&in));
    LA_TRY(find_config_path(&in));
    la_result r = prepare_config(&in);
    if (!la_is_ok(r)) {
        la_cli_set_hint(cli, "Another place is chosen by --home DIR or --config FILE.");
        return r;
    }
    la_config *config;
    LA_TRY(la_config_load(in.config_path, &config));
    r = prepare(&in, config);
    la_config_free(config);
    return r;
}

static const la_cli_option init_options[] = {
    {"home", "DIR", "The folder of leanauth.yaml, master.key, leanauth.db and demo.json; made if absent.", false},
    {"demo", NULL,
     "The three environments of the demo, an application in each with curl lines to try it, and an operator for the "
     "dashboard.",
     false},
    {"port", "PORT", "The port of the token endpoint in a configuration that is written: 8080 unless said.", false},
    {"admin-port", "PORT", "The port of the dashboard, /metrics, /livez and /readyz: 8081 unless said.", false},
    {0},
};

const la_cli_command la_cli_init_commands[] = {
    {"init", "", 0, 0, "Makes configuration, master key and database.",
     "Makes what is absent of: the folder, leanauth.yaml, master.key, leanauth.db, and a first signing key for each "
     "environment. What is "
     "there is kept, so it can be run again at any time.\n"
     "With --demo, each environment has an application named \"Demo application\"; demo.json (mode 0600) keeps the "
     "credentials, and "
     "they are printed with curl lines. Where there is no operator yet, admin@localhost is made and its password "
     "printed, "
     "this once. A generated configuration that nobody has edited is written anew when other "
     "ports are given; an "
     "edited one is kept.",
     "  leanauth init --demo --home ./.leanauth --port 8080 --admin-port 8081\n", init_options, run_init},
    {0},
};
