/*
 * What the housekeeping thread does at the store besides following it, each in its time: keys and CRLs, what is over, certificates that
 * end soon, and what the token loops left to be written. What fails is logged now and then, and comes again.
 */
#ifndef LA_SERVER_CHORES_H
#define LA_SERVER_CHORES_H

#include "server/daemon/daemon.h"
#include "server/follower/expiry_watch.h"
#include "server/usage/usage_keeper.h"

typedef struct la_chores {
    la_daemon *daemon;
    la_usage_keeper *usage;
    la_expiry_watch expiry_watch;
    int64_t next_us, next_write_us, next_complaint_us;
} la_chores;

bool la_chores_init(la_chores *chores, la_daemon *d); /* false: no memory */
void la_chores_done(la_chores *chores);

/* Takes the counts that the threads have handed over; the store may be away. */
void la_chores_collect(la_chores *chores);

/* What is due. Sets *ret_look where the feed may have moved. */
void la_chores_do(la_chores *chores, la_commands *c, int64_t now_us, bool *ret_look);
void la_chores_write_what_loops_left(la_chores *chores, la_commands *c, int64_t now_us, bool *ret_look);

/* At the end, when the loops are gone: writes all that they still had. `c` NULL: the store cannot be reached, and what is lost is logged. */
void la_chores_finish(la_chores *chores, la_commands *c);

/* A write that failed is tried again; whoever holds the write lock for long (an import) is no fault. */
void la_chores_complain(la_chores *chores, int64_t now_us, const char *what);

/* Whether it is time for another complaint of any kind; then the next one has to wait. */
bool la_chores_may_complain(la_chores *chores, int64_t now_us);

#endif
