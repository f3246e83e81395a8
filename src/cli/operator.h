/* What the two files of `leanauth operator` share: showing an operator. */
#ifndef LA_CLI_OPERATOR_H
#define LA_CLI_OPERATOR_H

#include "admin/operators.h"
#include "cli/shared.h"

/* Opens the session and finds the operator of the first argument: an email or an id. On failure nothing is open. */
la_result la_cli_open_operator(la_cli *cli, la_session *ret, la_operator_row *ret_operator);

/* Everything about one operator, as text or JSON; `password` (NULL: none) is shown this once. */
void la_cli_print_operator(la_cli *cli, const la_config *config, const la_operator_row *o, const char *password);

/* The dashboard's address, as the configuration has it. */
void la_cli_dashboard_url(const la_config *config, la_buffer *ret);

/* cli/operator_edit.c */
la_result la_cli_run_operator_add(la_cli *cli);
la_result la_cli_run_operator_set(la_cli *cli);
extern const la_cli_option la_cli_operator_add_options[];
extern const la_cli_option la_cli_operator_set_options[];

#endif
