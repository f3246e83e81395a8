/* Commands over a store in a folder of its own, and SQL from outside, as an attacker has it. */
#ifndef LA_TESTS_ADMIN_RIG_H
#define LA_TESTS_ADMIN_RIG_H

#include "unit.h"

#include "admin/audit.h"
#include "admin/operators.h"

typedef struct rig {
    char *folder;
    char database[300];
    la_config *config;
    la_commands commands;
} rig;

/* cmocka set-up and tear-down; *state is a rig with two environments, production and sandbox. The actor is the command line's. */
int set_up(void **state);
int tear_down(void **state);

/* The same with other options in the configuration ("admin: {…}\n"). */
rig *rig_open(const char *options);
void rig_close(rig *r);

/* By a connection of its own, with every constraint off. Gives the first column of the first row, or 0. */
int64_t run_sql(const rig *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same as text; "" where there is none. Valid until the next. */
const char *read_sql(const rig *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How many events there are of an action ("" for all). */
int64_t count_events(const rig *r, const char *action);

la_application_row add_application(rig *r, const char *environment, const char *name);

/* An operator with PASSWORD. */
#define PASSWORD "orchid tractor velvet 7"
la_operator_row add_operator(rig *r, const char *email, la_role role);

/* ---- the audit log ---- */
/* Three events are there from the start: the log's begin, and two signing keys. */
#define BEFORE 3

/* So many events more: new applications. */
void fill_log(rig *r, unsigned n);

la_audit_verdict verify_log(rig *r);
void assert_whole(rig *r, uint64_t events);
void assert_broken(rig *r, const char *what, uint64_t first_bad);

#endif
