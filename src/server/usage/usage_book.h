/*
 * What the token endpoint answered, counted by environment, application, outcome and minute: noted by the loops, taken by the
 * housekeeping thread. Built like last_used.h: a loop notes in one table while the other one is on its way. Bounded: the loop hands
 * over early where its table is full, and drops and counts where the other one is not back yet. Knows no store and no loop.
 */
#ifndef LA_SERVER_USAGE_BOOK_H
#define LA_SERVER_USAGE_BOOK_H

#include "base/result.h"
#include "model/model.h"

#include <stdint.h>

#define LA_USAGE_BITS 15 /* of a token loop's book: 32768 entries per table */

/* One count. What it counts is packed, so that two of them are compared as two numbers. */
typedef struct la_usage_entry {
    uint64_t application_id; /* 0: a client that is not known, or a latency */
    uint64_t what;           /* la_usage_what */
    uint64_t count;
} la_usage_entry;

#define LA_USAGE_LATENCY 0x8000u /* in place of an outcome: + the index of a latency bucket */

/* `outcome`: a la_code, or LA_USAGE_LATENCY + bucket. `minute`: seconds since 1970 / 60. */
static inline uint64_t la_usage_what(uint16_t environment_id, int64_t minute, unsigned outcome)
{
    return (uint64_t)minute << 32 | (uint64_t)environment_id << 16 | outcome;
}

static inline int64_t la_usage_minute(uint64_t what)
{
    return (int64_t)(what >> 32);
}

static inline uint16_t la_usage_environment(uint64_t what)
{
    return (uint16_t)(what >> 16);
}

static inline unsigned la_usage_outcome(uint64_t what)
{
    return (unsigned)(what & 0xffff);
}

/* A refusal that belongs in the audit log, with how often it came. */
typedef struct la_usage_refusal {
    uint16_t environment_id;
    la_code code;
    uint64_t count;
    int64_t first_at_s, last_at_s;
    char client_id[LA_CLIENT_ID_MAX + 1]; /* "": of no known application, or of too many to tell apart */
    char address[46];                     /* the last one */
} la_usage_refusal;

#define LA_USAGE_REFUSALS_MAX 64 /* per table; the last quarter is for those without a name */

typedef struct la_usage_book la_usage_book;

/* Room for 2^bits entries per table. NULL: no memory. */
la_usage_book *la_usage_book_new(unsigned bits);
la_usage_book *la_usage_book_free(la_usage_book *b); /* takes NULL; returns NULL */

/* ---- the loop's side ---- */
/* Adds one; false where it was dropped. */
bool la_usage_note(la_usage_book *b, uint64_t application_id, uint64_t what);
/* The same refusal of the same client is one with a count. What does not fit is left out: usage has counted it. */
void la_usage_note_refusal(la_usage_book *b, uint16_t environment_id, la_code code, la_slice client_id,
                           la_slice address, int64_t at_s);
bool la_usage_is_empty(const la_usage_book *b);
/* Gives what was noted to the other side; false where it has not given back the last table: try again later. */
bool la_usage_hand_over(la_usage_book *b);

/* ---- the housekeeping thread's side ---- */
typedef struct la_usage_noted {
    const la_usage_entry *entries;
    size_t n;
    const la_usage_refusal *refusals;
    size_t n_refusals;
    bool is_early; /* before its time, because the table was full: the same thread hands over again before long */
} la_usage_noted;

/* What was handed over, until la_usage_give_back; false where there is nothing. */
bool la_usage_take(la_usage_book *b, la_usage_noted *ret);
void la_usage_give_back(la_usage_book *b);

#endif
