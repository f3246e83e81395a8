/* What the files of the command line share with each other. */
#ifndef LA_CLI_SHARED_H
#define LA_CLI_SHARED_H

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "cli/writer.h"

/* --environment alone: where a client_id is ambiguous. */
extern const la_cli_option la_cli_application_options[];

/* Opens the object of an answer about one application: its client_id and environment. */
void la_cli_open_application_json(la_json_writer *w, const la_application_row *a);

/* A list as an answer: an array in an object, or a table. A row is written to `w` where cli->json, else to `table`. */
typedef struct la_cli_list {
    la_cli *cli;
    la_json_writer w;
    la_table table;
} la_cli_list;

/* Begins an answer that is a list, of an application (NULL: of none). `member` is the array's name. */
la_cli_list la_cli_list_begin(la_cli *cli, const la_application_row *a, const char *member, unsigned n_columns,
                              const char *const *titles);
void la_cli_list_end_rows(la_cli_list *l); /* the object may have further members */
void la_cli_list_end(la_cli_list *l);

/* Asks on the terminal before something goes for good, unless --yes is there. USAGE where nobody can be asked, CONFLICT where the
 * answer is not yes. */
la_result la_cli_confirm(const la_cli *cli, const char *question, ...) __attribute__((format(printf, 2, 3)));

/* The secrets of an application, as a table or as the member "secrets" (cli/secret.c). */
la_result la_cli_print_secrets(la_cli *cli, la_session *s, const la_application_row *a, la_json_writer *w);

/* cli/import.c */
extern const la_cli_option la_cli_import_options[];
la_result la_cli_run_import(la_cli *cli);

#endif
