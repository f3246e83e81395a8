/*
 * The command line: a table of subcommands, one file a group. It turns words and options into calls of admin/commands.h
 * and their outcome into text, JSON and an exit status; no rule of the product is written here.
 */
#ifndef LA_CLI_CLI_H
#define LA_CLI_CLI_H

#include "base/buffer.h"
#include "base/result.h"

/* Exit statuses: 0 done, 1 failed, 2 called wrongly. */
int la_cli_main(int argc, char **argv);

typedef struct la_cli la_cli;

typedef struct la_cli_option {
    const char *name;  /* "environment" for --environment */
    const char *value; /* what stands for its value in the help; NULL: it has none */
    const char *help;
    bool repeats;
} la_cli_option;

typedef struct la_cli_command {
    const char *words;     /* "app create" */
    const char *arguments; /* "CLIENT_ID SECRET_ID", or "" */
    unsigned least, most;  /* of them */
    const char *summary;
    const char *description;
    const char *example;
    const la_cli_option *options; /* ended by a name of NULL; NULL: only those that every command has */
    la_result (*run)(la_cli *cli);
} la_cli_command;

/* The groups, each ended by words of NULL. */
extern const la_cli_command la_cli_init_commands[];
extern const la_cli_command la_cli_server_commands[];
extern const la_cli_command la_cli_app_commands[];
extern const la_cli_command la_cli_secret_commands[];
extern const la_cli_command la_cli_cert_commands[];
extern const la_cli_command la_cli_customer_commands[];
extern const la_cli_command la_cli_key_commands[];
extern const la_cli_command la_cli_operator_commands[];
extern const la_cli_command la_cli_audit_commands[];
extern const la_cli_command la_cli_usage_commands[];
extern const la_cli_command la_cli_token_commands[];
extern const la_cli_command la_cli_token_revoke_commands[];
extern const la_cli_command la_cli_verify_commands[];
extern const la_cli_command la_cli_version_commands[];
extern const la_cli_command la_cli_help_commands[];

#define LA_CLI_VALUES_MAX 64
#define LA_CLI_ARGUMENTS_MAX 4
#define LA_CLI_HINT_BYTES 512

/* One call of one command. */
struct la_cli {
    const la_cli_command *command;
    unsigned n_values;
    struct {
        const la_cli_option *option;
        const char *value;
    } values[LA_CLI_VALUES_MAX];
    unsigned n_arguments;
    const char *arguments[LA_CLI_ARGUMENTS_MAX];
    bool json;
    bool silent;                  /* whoever failed has told so already */
    la_buffer out;                /* written to standard output once the command is done; secrets may be in it */
    char hint[LA_CLI_HINT_BYTES]; /* what to do about a failure; "" mostly */
};

/* ---- what the command was given (cli/arguments.c) ---- */
/* The last value of an option; NULL where it was not given. The slice is absent then. */
const char *la_cli_value(const la_cli *cli, const char *option);
la_slice la_cli_slice(const la_cli *cli, const char *option);
bool la_cli_has(const la_cli *cli, const char *option);

/* USAGE where the option was not given. */
la_result la_cli_require(const la_cli *cli, const char *option, la_slice *ret);

/* A number within bounds; `otherwise` where it was not given. USAGE. */
la_result la_cli_number(const la_cli *cli, const char *option, unsigned long long least, unsigned long long most,
                        unsigned long long otherwise, unsigned long long *ret);

/* "90", "90s", "15m", "12h", "30d" or "2w" in seconds, at least 1. USAGE. */
la_result la_cli_duration(const la_cli *cli, const char *option, int64_t *ret_s);

/* A moment: "2026-08-07T10:11:12Z", "2026-08-07" (its beginning, UTC), or so long ago: "12h". `otherwise` where it was not given. USAGE. */
la_result la_cli_time(const la_cli *cli, const char *option, int64_t now_s, int64_t otherwise_s, int64_t *ret_s);

/* All values of an option; at most `most`. USAGE. */
la_result la_cli_values(const la_cli *cli, const char *option, unsigned most, la_slice *ret, unsigned *ret_n);

/* Fills `ret` from the command's own words on. USAGE with a detail. */
la_result la_cli_parse(int argc, char **argv, la_cli *ret);

/* ---- the options that every command has ---- */
extern const la_cli_option la_cli_common_options[];
extern const la_cli_command *const la_cli_groups[]; /* ended by NULL */

/* ---- help (cli/help.c) ---- */
void la_cli_help_all(la_buffer *out);
void la_cli_help_group(la_slice word, la_buffer *out); /* the commands that begin with the word */
void la_cli_help_command(const la_cli_command *command, la_buffer *out);
void la_cli_help_markdown(la_buffer *out);
void la_cli_usage(const la_cli_command *command, la_buffer *out); /* one line */

/* The command of one or two words; NULL. */
const la_cli_command *la_cli_find(const char *first, const char *second);

/* ---- output (cli/output.c) ---- */
/* Writes all of it. IO with a detail. */
la_result la_cli_write(int fd, la_slice bytes);

/* A failure on standard error: "leanauth: detail", then the hint; or, with json, {"error":…}. */
void la_cli_report(la_result r, const char *hint, bool json);

/* A remark on standard error; nothing with --json. */
void la_cli_note(const la_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

void la_cli_set_hint(la_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
