/*
 * The counts of all loops together, waiting for the store; the housekeeping thread's. What is to be written next is set apart, so that
 * counts which come meanwhile are not mixed up with it. Bounded: with the store away for long the older part is dropped and counted.
 * What is added may wait until it is due: an application that comes back meanwhile is one row more often, and not one more row. Knows no store.
 */
#ifndef LA_SERVER_USAGE_LEDGER_H
#define LA_SERVER_USAGE_LEDGER_H

#include "server/usage/usage_book.h"

#define LA_USAGE_LEDGER_BITS 18 /* 262144 counts in each part */
#define LA_USAGE_BATCH 1000     /* counts per transaction */

typedef struct la_usage_ledger la_usage_ledger;

/* Room for 2^bits counts in each of its two parts. NULL: no memory. */
la_usage_ledger *la_usage_ledger_new(unsigned bits);
la_usage_ledger *la_usage_ledger_free(la_usage_ledger *l); /* takes NULL; returns NULL */

void la_usage_ledger_add(la_usage_ledger *l, const la_usage_entry *entries, size_t n);
/* All that was added until now is to be written. */
void la_usage_ledger_make_due(la_usage_ledger *l);

/*
 * The counts to be written next, at most LA_USAGE_BATCH; none, or none due while there is room for more: 0. They stay the next ones until la_usage_ledger_written, so that
 * a batch that could not be written comes again. Ordered by minute, environment and outcome.
 */
size_t la_usage_ledger_next(la_usage_ledger *l, const la_usage_entry **ret);
void la_usage_ledger_written(la_usage_ledger *l);

size_t la_usage_ledger_waiting(const la_usage_ledger *l);   /* entries */
uint64_t la_usage_ledger_dropped(const la_usage_ledger *l); /* answers that are in no count, ever */

#endif
