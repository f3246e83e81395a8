/* The demo's operator, so that a newcomer is in the dashboard within seconds. */
#ifndef LA_CLI_DEMO_OPERATOR_H
#define LA_CLI_DEMO_OPERATOR_H

#include "admin/operators.h"
#include "cli/cli.h"
#include "cli/writer.h"

#define LA_DEMO_EMAIL "admin@localhost"

typedef struct la_demo_operator {
    bool exists;                                /* one with that email, made now or earlier */
    char password[LA_GENERATED_PASSWORD_BYTES]; /* "" unless made now: it is kept nowhere. Wipe it. */
} la_demo_operator;

/* Adds the operator where there is none at all. */
la_result la_demo_operator_ensure(la_commands *c, la_demo_operator *ret);

/* Where the dashboard is and who may log in. */
void la_demo_operator_print(const la_commands *c, const la_demo_operator *o, la_buffer *out);
void la_demo_operator_write(const la_commands *c, const la_demo_operator *o,
                            la_json_writer *w); /* member "dashboard" */

#endif
