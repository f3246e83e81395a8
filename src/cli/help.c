/* The help texts, from the table of commands: on the terminal, and as docs/command-line.md. */
#include "cli/cli.h"

#include <stdio.h>

#define OPTION_COLUMN 30
#define COMMAND_COLUMN 20
#define HELP_WIDTH 96

static void pad(la_buffer *out, size_t from, size_t to)
{
    do
        la_buffer_add_char(out, ' ');
    while (++from < to);
}

/* Breaks `text` at blanks so that lines end before HELP_WIDTH; further lines begin at `indent`. The cursor stands there. */
static void add_wrapped(la_buffer *out, const char *text, size_t indent)
{
    la_slice rest = la_slice_of(text), word;
    size_t at = indent;
    while (la_slice_split(&rest, ' ', &word)) {
        if (at > indent && at + 1 + word.n > HELP_WIDTH) {
            la_buffer_add_char(out, '\n');
            pad(out, 0, indent);
            at = indent;
        } else if (at > indent) {
            la_buffer_add_char(out, ' ');
            at++;
        }
        la_buffer_add(out, word);
        at += word.n;
    }
    la_buffer_add_char(out, '\n');
}

static void add_summary(la_buffer *out, const la_cli_command *c)
{
    la_buffer_add_text(out, "  ");
    la_buffer_add_text(out, c->words);
    pad(out, 2 + strlen(c->words), COMMAND_COLUMN);
    la_buffer_add_text(out, c->summary);
    la_buffer_add_char(out, '\n');
}

static const char *const files_text = "The configuration is the FILE of --config, else of LEANAUTH_CONFIG, else "
                                      "leanauth.yaml in the folder LEANAUTH_HOME,\n"
                                      "else /etc/leanauth/leanauth.yaml.\n";

void la_cli_help_all(la_buffer *out)
{
    la_buffer_add_text(
        out, "leanauth: an OAuth 2.0 token server for machines\n\nUsage: leanauth COMMAND [OPTION]... [ARGUMENT]...\n\n"
             "Commands:\n");
    for (size_t g = 0; la_cli_groups[g]; g++)
        for (const la_cli_command *c = la_cli_groups[g]; c->words; c++)
            add_summary(out, c);
    la_buffer_add_text(
        out, "\n\"leanauth COMMAND --help\" says more about one of them. Each takes --config FILE and --json.\n");
    la_buffer_add_text(out, files_text);
    la_buffer_add_text(out, "Exit status: 0 done, 1 failed, 2 called wrongly.\n");
}

static bool begins_with_word(const char *words, la_slice word)
{
    return strncmp(words, word.p, word.n) == 0 && words[word.n] == ' ';
}

void la_cli_help_group(la_slice word, la_buffer *out)
{
    la_buffer_add_format(out, "Usage: leanauth %.*s COMMAND [OPTION]... [ARGUMENT]...\n\nCommands:\n", LA_FMT(word));
    for (size_t g = 0; la_cli_groups[g]; g++)
        for (const la_cli_command *c = la_cli_groups[g]; c->words; c++)
            if (begins_with_word(c->words, word))
                add_summary(out, c);
    la_buffer_add_format(out, "\n\"leanauth %.*s COMMAND --help\" says more about one of them.\n", LA_FMT(word));
}

void la_cli_usage(const la_cli_command *c, la_buffer *out)
{
    la_buffer_add_format(out, "Usage: leanauth %s [OPTION]...%s%s\n", c->words, *c->arguments ? " " : "", c->arguments);
}

static void add_options(la_buffer *out, const la_cli_option *o)
{
    for (; o && o->name; o++) {
        size_t before = out->n;
        la_buffer_add_format(out, "  --%s%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "",
                             o->repeats ? "..." : "");
        size_t width = out->n - before;
        if (width >= OPTION_COLUMN) {
            la_buffer_add_char(out, '\n');
            width = 0;
        }
        pad(out, width, OPTION_COLUMN);
        add_wrapped(out, o->help, OPTION_COLUMN);
    }
}

void la_cli_help_command(const la_cli_command *c, la_buffer *out)
{
    la_cli_usage(c, out);
    la_buffer_add_char(out, '\n');
    la_slice rest = la_slice_of(c->description), paragraph;
    while (la_slice_split(&rest, '\n', &paragraph)) {
        char text[2048];
        snprintf(text, sizeof text, "%.*s", LA_FMT(paragraph));
        add_wrapped(out, text, 0);
    }
    la_buffer_add_text(out, "\nOptions:\n");
    add_options(out, c->options);
    add_options(out, la_cli_common_options);
    la_buffer_add_format(out, "\nExample:\n%s", c->example);
}

static void add_markdown(la_buffer *out, const la_cli_command *c)
{
    la_buffer_add_format(out, "\n## leanauth %s\n\n```\n", c->words);
    la_cli_help_command(c, out);
    la_buffer_add_text(out, "```\n");
}

void la_cli_help_markdown(la_buffer *out)
{
    la_buffer_add_text(out, "# The command line\n\nThis page is what `leanauth help --markdown` prints.\n\n```\n");
    la_cli_help_all(out);
    la_buffer_add_text(out, "```\n");
    for (size_t g = 0; la_cli_groups[g]; g++)
        for (const la_cli_command *c = la_cli_groups[g]; c->words; c++)
            add_markdown(out, c);
}

static la_result run_help(la_cli *cli)
{
    if (la_cli_has(cli, "markdown")) {
        la_cli_help_markdown(&cli->out);
        return la_ok();
    }
    if (cli->n_arguments == 0) {
        la_cli_help_all(&cli->out);
        return la_ok();
    }
    const la_cli_command *c = la_cli_find(cli->arguments[0], cli->n_arguments > 1 ? cli->arguments[1] : NULL);
    if (!c)
        return la_fail(LA_USAGE, "there is no command \"%s%s%s\"", cli->arguments[0], cli->n_arguments > 1 ? " " : "",
                       cli->n_arguments > 1 ? cli->arguments[1] : "");
    la_cli_help_command(c, &cli->out);
    return la_ok();
}

static const la_cli_option help_options[] = {
    {"markdown", NULL, "Prints the help of all commands as the page docs/command-line.md.", false},
    {0},
};

const la_cli_command la_cli_help_commands[] = {
    {"help", "[COMMAND]", 0, 2, "Explains a command.",
     "Prints the list of commands, or, with the words of a command, what it does, its options and an example.",
     "  leanauth help app create\n", help_options, run_help},
    {0},
};
