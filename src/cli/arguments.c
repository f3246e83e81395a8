/* From words to options and arguments. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

const char *la_cli_value(const la_cli *cli, const char *option)
{
    for (unsigned i = cli->n_values; i-- > 0;)
        if (strcmp(cli->values[i].option->name, option) == 0)
            return cli->values[i].value;
    return NULL;
}

la_slice la_cli_slice(const la_cli *cli, const char *option)
{
    const char *value = la_cli_value(cli, option);
    return value ? la_slice_of(value) : LA_NO_SLICE;
}

bool la_cli_has(const la_cli *cli, const char *option)
{
    return la_cli_value(cli, option) != NULL;
}

la_result la_cli_require(const la_cli *cli, const char *option, la_slice *ret)
{
    *ret = la_cli_slice(cli, option);
    return ret->p ? la_ok() : la_fail(LA_USAGE, "--%s is missing", option);
}

la_result la_cli_number(const la_cli *cli, const char *option, unsigned long long least, unsigned long long most,
                        unsigned long long otherwise, unsigned long long *ret)
{
    la_slice text = la_cli_slice(cli, option);
    unsigned long long v = otherwise;
    if (text.p && (!la_slice_to_u64(text, most, &v) || v < least))
        return la_fail(LA_USAGE, "--%s must be a number from %llu to %llu", option, least, most);
    *ret = v;
    return la_ok();
}

/* A number, and the letter of its unit behind it. */
static bool parse_duration(la_slice text, int64_t *ret_s)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
    int64_t unit_s = 1;
    for (size_t i = 0; text.n && i < sizeof units / sizeof *units; i++) {
        if (text.p[text.n - 1] == units[i].letter) {
            unit_s = units[i].seconds;
            text.n--;
            break;
        }
    }
    unsigned long long v;
    if (!la_slice_to_u64(text, 9999999999ULL, &v) || v == 0)
        return false;
    *ret_s = (int64_t)v * unit_s;
    return true;
}

la_result la_cli_duration(const la_cli *cli, const char *option, int64_t *ret_s)
{
    if (parse_duration(la_cli_slice(cli, option), ret_s))
        return la_ok();
    return la_fail(LA_USAGE, "--%s must be a length of time in the future, like 3600, 12h or 30d", option);
}

static bool parse_moment(const char *text, int64_t *ret_s)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tm tm = {0};
        const char *end = strptime(text, forms[i], &tm);
        if (end && *end == 0) {
            *ret_s = timegm(&tm);
            return true;
        }
    }
    return false;
}

la_result la_cli_time(const la_cli *cli, const char *option, int64_t now_s, int64_t otherwise_s, int64_t *ret_s)
{
    const char *text = la_cli_value(cli, option);
    int64_t v = otherwise_s;
    if (text && parse_duration(la_slice_of(text), &v))
        v = now_s - v;
    else if (text && !parse_moment(text, &v))
        return la_fail(LA_USAGE, "--%s must be a time like 2026-08-07T10:11:12Z or 2026-08-07, or how long ago: 12h",
                       option);
    *ret_s = v < 0 ? 0 : v;
    return la_ok();
}

la_result la_cli_values(const la_cli *cli, const char *option, unsigned most, la_slice *ret, unsigned *ret_n)
{
    *ret_n = 0;
    for (unsigned i = 0; i < cli->n_values; i++) {
        if (strcmp(cli->values[i].option->name, option) != 0)
            continue;
        if (*ret_n == most)
            return la_fail(LA_USAGE, "--%s is given more than %u times", option, most);
        ret[(*ret_n)++] = la_slice_of(cli->values[i].value);
    }
    return la_ok();
}

static const la_cli_option *find_in(const la_cli_option *options, la_slice name)
{
    for (; options && options->name; options++)
        if (la_slice_is(name, options->name))
            return options;
    return NULL;
}

static const la_cli_option *find_option(const la_cli_command *command, la_slice name)
{
    const la_cli_option *hit = find_in(command->options, name);
    return hit ? hit : find_in(la_cli_common_options, name);
}

/* argv[*at] begins with "--"; moves *at past a value that is a word of its own. */
static la_result take_option(int argc, char **argv, int *at, la_cli *cli)
{
    la_slice rest = la_slice_of(argv[*at] + 2), name;
    const char *word = argv[*at];
    bool has_value = strchr(word, '=') != NULL;
    if (!la_slice_split(&rest, '=', &name))
        name = rest;
    const la_cli_option *option = find_option(cli->command, name);
    if (!option)
        return la_fail(LA_USAGE, "unknown option --%.*s", LA_FMT(name));
    const char *value = "";
    if (option->value && has_value)
        value = strchr(word, '=') + 1;
    else if (option->value && ++*at < argc)
        value = argv[*at];
    else if (option->value)
        return la_fail(LA_USAGE, "--%s needs a value: %s", option->name, option->value);
    else if (has_value)
        return la_fail(LA_USAGE, "--%s takes no value", option->name);
    if (!option->repeats && la_cli_has(cli, option->name))
        return la_fail(LA_USAGE, "--%s is given twice", option->name);
    if (cli->n_values == LA_CLI_VALUES_MAX)
        return la_fail(LA_USAGE, "more than %d options", LA_CLI_VALUES_MAX);
    cli->values[cli->n_values].option = option;
    cli->values[cli->n_values++].value = value;
    return la_ok();
}

static la_result take_argument(const char *word, la_cli *cli)
{
    if (cli->n_arguments == cli->command->most)
        return la_fail(LA_USAGE, "too many arguments: \"%s\"", word);
    cli->arguments[cli->n_arguments++] = word;
    return la_ok();
}

la_result la_cli_parse(int argc, char **argv, la_cli *ret)
{
    bool only_arguments = false;
    for (int at = 0; at < argc; at++) {
        const char *word = argv[at];
        if (only_arguments || word[0] != '-' || strcmp(word, "-") == 0)
            LA_TRY(take_argument(word, ret));
        else if (strcmp(word, "--") == 0)
            only_arguments = true;
        else if (word[1] == '-')
            LA_TRY(take_option(argc, argv, &at, ret));
        else
            return la_fail(LA_USAGE, "unknown option %s", word);
    }
    ret->json = la_cli_has(ret, "json");
    if (ret->n_arguments < ret->command->least && !la_cli_has(ret, "help"))
        return la_fail(LA_USAGE, "too few arguments: %s expected", ret->command->arguments);
    return la_ok();
}
