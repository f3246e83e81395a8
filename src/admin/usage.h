/* What the usage counts mean for people: applications that fetch far more tokens than they need. */
#ifndef LA_ADMIN_USAGE_H
#define LA_ADMIN_USAGE_H

#include "admin/commands.h"
#include "store/audit.h"

const char *la_usage_step_name(la_usage_step step); /* "minute", "hour", "day" */
bool la_usage_step_parse(la_slice name, la_usage_step *ret);
int64_t la_usage_step_s(la_usage_step step);

/* INVALID for a span that is empty or has more than LA_USAGE_POINTS_MAX steps, with the step to take instead. */
la_result la_rule_usage_span(int64_t from_s, int64_t to_s, la_usage_step step);

typedef struct la_usage_advice {
    la_slice client_id, name;
    uint64_t tokens; /* got within the span */
    uint64_t needed; /* would have done: one a lifetime */
    uint32_t lifetime_s;
} la_usage_advice;

/*
 * Each application that got more than 100 tokens and more than ten times what it needs: it asks again and again instead of keeping a
 * token until it expires. It needs, for each audience among its scopes, one token a lifetime (the shortest of them). How many customers
 * it serves is not known here, so with the scope customer this is a hint and no more. Most tokens first, of the `most` applications with the
 * most; the texts live until the callback returns.
 */
la_result la_command_usage_advice(la_commands *c, la_slice environment, int64_t from_s, int64_t to_s,
                                  la_usage_step step, unsigned most,
                                  la_result (*each)(void *self, const la_usage_advice *a), void *self);

#endif
