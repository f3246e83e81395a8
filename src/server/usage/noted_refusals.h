/*
 * The refusals of the token endpoint that an operator should see in the audit log, condensed: the first one of a kind at once, what
 * follows at most once a minute with its number. Of one thread; bounded. Knows no store.
 */
#ifndef LA_SERVER_NOTED_REFUSALS_H
#define LA_SERVER_NOTED_REFUSALS_H

#include "server/usage/usage_book.h"

#define LA_NOTED_MAX 256
#define LA_NOTED_EVERY_S 60

typedef struct la_noted_refusals la_noted_refusals;

la_noted_refusals *la_noted_refusals_new(void); /* NULL: no memory */
la_noted_refusals *la_noted_refusals_free(la_noted_refusals *r);

void la_noted_refusals_add(la_noted_refusals *r, const la_usage_refusal *refusals, size_t n);

/* Those that are due: all of them with `at_once` (the server stops). They stay due until la_noted_refusals_written. */
size_t la_noted_refusals_next(la_noted_refusals *r, int64_t now_s, bool at_once,
                              const la_usage_refusal *ret[LA_NOTED_MAX]);
void la_noted_refusals_written(la_noted_refusals *r, int64_t now_s);

#endif
