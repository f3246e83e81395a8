/* Finds the command, runs it, and turns what came of it into output and an exit status. */
#include "cli/cli.h"

#include "base/log.h"
#include "base/secret.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* The longest output: a list of as many applications as one call gives. */
#define OUT_MAX_BYTES (64u << 20)

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

const la_cli_option la_cli_common_options[] = {
    {"config", "FILE", "The configuration file.", false},
    {"json", NULL, "Prints one JSON document; a failure is one on standard error.", false},
    {"help", NULL, "Prints this help.", false},
    {0},
};

const la_cli_command *const la_cli_groups[] = {
    la_cli_init_commands,   la_cli_server_commands,   la_cli_app_commands,   la_cli_secret_commands,
    la_cli_cert_commands,   la_cli_customer_commands, la_cli_key_commands,   la_cli_operator_commands,
    la_cli_audit_commands,  la_cli_usage_commands,    la_cli_token_commands, la_cli_token_revoke_commands,
    la_cli_verify_commands, la_cli_version_commands,  la_cli_help_commands,  NULL,
};

/* "app create" against the words "app" and "create"; `second` may be NULL. */
static bool is_command(const char *words, const char *first, const char *second)
{
    size_t n = strlen(first);
    if (strncmp(words, first, n) != 0)
        return false;
    return second ? words[n] == ' ' && strcmp(words + n + 1, second) == 0 : words[n] == 0;
}

const la_cli_command *la_cli_find(const char *first, const char *second)
{
    for (size_t g = 0; la_cli_groups[g]; g++)
        for (const la_cli_command *c = la_cli_groups[g]; c->words; c++)
            if (is_command(c->words, first, second))
                return c;
    return NULL;
}

static bool is_group(const char *word)
{
    size_t n = strlen(word);
    for (size_t g = 0; la_cli_groups[g]; g++)
        for (const la_cli_command *c = la_cli_groups[g]; c->words; c++)
            if (strncmp(c->words, word, n) == 0 && c->words[n] == ' ')
                return true;
    return false;
}

static bool is_help(const char *word)
{
    return word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0);
}

static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

static int print(la_buffer *out, int fd, int status, bool json)
{
    la_result r = la_buffer_ok(out) ? la_cli_write(fd, la_buffer_slice(out))
                                    : la_fail(LA_TOO_LARGE, "the output is too large");
    la_buffer_done(out);
    if (la_is_ok(r))
        return status;
    la_cli_report(r, "", json);
    return EXIT_FAILED;
}

/* No command, or none that exists. */
static int explain(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : NULL, *second = argc > 2 ? argv[2] : NULL;
    la_buffer out;
    la_buffer_init(&out, OUT_MAX_BYTES);
    bool asked = is_help(first) || (first && is_group(first) && is_help(second));
    bool group = first && is_group(first);
    if (asked || !first || (group && !second)) {
        if (group)
            la_cli_help_group(la_slice_of(first), &out);
        else
            la_cli_help_all(&out);
        return print(&out, asked ? STDOUT_FILENO : STDERR_FILENO, asked ? EXIT_DONE : EXIT_USAGE, false);
    }
    la_result r = la_fail(LA_USAGE, "there is no command \"%s%s%s\"", first, group ? " " : "", group ? second : "");
    la_cli_report(r, group ? "Those that there are: leanauth help" : "The list of commands: leanauth --help",
                  wants_json(argc, argv));
    if (!wants_json(argc, argv)) {
        if (group)
            la_cli_help_group(la_slice_of(first), &out);
        else
            la_buffer_add_text(&out, "Usage: leanauth COMMAND [OPTION]... [ARGUMENT]...\n");
    }
    return print(&out, STDERR_FILENO, EXIT_USAGE, false);
}

static int report_usage(const la_cli *cli, la_result r, bool json)
{
    la_cli_report(r, cli->hint, json);
    if (json)
        return EXIT_USAGE;
    char memory[512];
    la_buffer usage;
    la_buffer_init_fixed(&usage, memory, sizeof memory);
    la_cli_usage(cli->command, &usage);
    la_buffer_add_format(&usage, "More: leanauth %s --help\n", cli->command->words);
    LA_IGNORE(la_cli_write(STDERR_FILENO, la_buffer_slice(&usage)));
    return EXIT_USAGE;
}

static int run(la_cli *cli, int argc, char **argv, bool json)
{
    la_result r = la_cli_parse(argc, argv, cli);
    if (la_is_ok(r) && la_cli_has(cli, "help"))
        la_cli_help_command(cli->command, &cli->out);
    else if (la_is_ok(r))
        r = cli->command->run(cli);
    if (la_is_ok(r))
        return print(&cli->out, STDOUT_FILENO, EXIT_DONE, json);
    if (r.code == LA_USAGE)
        return report_usage(cli, r, json);
    if (!cli->silent)
        la_cli_report(r, cli->hint, json);
    return EXIT_FAILED;
}

/* jansson holds secrets for a while (imports, answers of a server): what it frees is wiped. The size stands before each block. */
#define JSON_HEAD_BYTES 16

static void *json_take(size_t bytes)
{
    size_t *p = malloc(bytes + JSON_HEAD_BYTES);
    if (!p)
        return NULL;
    *p = bytes;
    return (char *)p + JSON_HEAD_BYTES;
}

static void json_give(void *p)
{
    if (!p)
        return;
    size_t *head = (size_t *)(void *)((char *)p - JSON_HEAD_BYTES);
    la_wipe(head, *head + JSON_HEAD_BYTES);
    free(head);
}

int la_cli_main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of the write */
    la_log_set_plain(true);
    json_set_alloc_funcs(json_take, json_give);
    bool json = wants_json(argc, argv);
    la_result r = la_secret_setup();
    if (!la_is_ok(r)) {
        la_cli_report(r, "", json);
        return EXIT_FAILED;
    }
    const char *first = argc > 1 ? argv[1] : "", *second = argc > 2 ? argv[2] : NULL;
    la_cli cli = {0};
    int words = 2;
    cli.command = second ? la_cli_find(first, second) : NULL;
    if (!cli.command) {
        words = 1;
        cli.command = la_cli_find(strcmp(first, "--version") == 0 ? "version" : first, NULL);
    }
    if (!cli.command)
        return explain(argc, argv);
    la_buffer_init(&cli.out, OUT_MAX_BYTES);
    int status = run(&cli, argc - 1 - words, argv + 1 + words, json);
    la_buffer_done(&cli.out);
    return status;
}
