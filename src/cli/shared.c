#include "cli/shared.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void la_cli_open_application_json(la_json_writer *w, const la_application_row *a)
{
    la_json_open(w, NULL, '{');
    la_json_text(w, "client_id", la_slice_of(a->client_id));
    la_json_text(w, "environment", la_slice_of(a->environment));
}

la_cli_list la_cli_list_begin(la_cli *cli, const la_application_row *a, const char *member, unsigned n_columns,
                              const char *const *titles)
{
    la_cli_list l = {.cli = cli, .w = {&cli->out, false}};
    if (!cli->json) {
        la_table_init(&l.table, n_columns, titles);
        return l;
    }
    if (a)
        la_cli_open_application_json(&l.w, a);
    else
        la_json_open(&l.w, NULL, '{');
    la_json_open(&l.w, member, '[');
    return l;
}

void la_cli_list_end_rows(la_cli_list *l)
{
    if (l->cli->json)
        la_json_close(&l->w, ']');
    else
        la_table_done(&l->table, &l->cli->out);
}

void la_cli_list_end(la_cli_list *l)
{
    la_cli_list_end_rows(l);
    if (l->cli->json)
        la_json_end(&l->w);
}

la_result la_cli_confirm(const la_cli *cli, const char *question, ...)
{
    char answer[16] = "";
    va_list args;
    if (la_cli_has(cli, "yes"))
        return la_ok();
    if (cli->json || !isatty(STDIN_FILENO))
        return la_fail(LA_USAGE, "--yes is needed where nobody can be asked");
    va_start(args, question);
    vfprintf(stderr, question, args);
    va_end(args);
    fputs(" [y/N] ", stderr);
    if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
        return la_fail(LA_CONFLICT, "nothing was changed");
    return la_ok();
}
