/*
 * What one thread that issues tokens counts and leaves for the housekeeping thread. Only that thread writes to it; the other
 * side of each book is the housekeeping thread's.
 */
#ifndef LA_SERVER_TALLY_H
#define LA_SERVER_TALLY_H

#include "server/metrics/metrics.h"
#include "server/usage/last_used.h"
#include "server/usage/usage_book.h"

typedef struct la_tally {
    la_counters *counters;
    la_last_used_book *last_used;
    la_usage_book *usage;
} la_tally;

/* How much a tally holds between two looks of the housekeeping thread. */
typedef enum la_tally_size { LA_TALLY_OF_LOOP, LA_TALLY_OF_ADMINISTRATION } la_tally_size;

/* NO_MEMORY. */
la_result la_tally_open(la_counters *counters, la_tally_size size, la_tally *ret);
void la_tally_close(la_tally *t); /* also one that was never opened */

#endif
