/* Audit events and usage counts in the store. See store.h for what holds for every operation. None of it reaches the change feed. */
#ifndef LA_STORE_AUDIT_H
#define LA_STORE_AUDIT_H

#include "store/store.h"

#define LA_AUDIT_HASH_BYTES 32
#define LA_AUDIT_TEXT_MAX 512    /* bytes of each text of an event */
#define LA_AUDIT_DETAIL_MAX 8192 /* bytes of JSON */

/* The texts live until the callback returns. What an event's hash covers is decided in admin/audit.c, not here. */
typedef struct la_audit_row {
    uint64_t sequence; /* from 1, without gaps */
    int64_t at_ms;
    la_slice actor_kind, actor_id, actor_name;
    la_slice address, request_id; /* "" where there is none */
    la_slice environment;         /* name; "" where it concerns none */
    la_slice action, outcome;
    la_slice target_kind, target_id, target_name;
    la_slice detail; /* a JSON object */
    uint8_t previous_hash[LA_AUDIT_HASH_BYTES], hash[LA_AUDIT_HASH_BYTES];
} la_audit_row;

/* What vouches for the end of the chain: a MAC over the newest event, made with a key that is not in the database. */
typedef struct la_audit_head {
    uint64_t sequence; /* 0: no event yet */
    uint64_t end;      /* the largest number in the table: the same, unless somebody from outside was there */
    uint64_t next;     /* what the next event is numbered */
    uint8_t hash[LA_AUDIT_HASH_BYTES];
    uint8_t mac[32];
} la_audit_head;

la_result la_store_read_audit_head(la_store *s,
                                   la_audit_head *ret); /* `next` 1, all else zero where there is none yet */
/* Adds the event and replaces the head: the event's number must be the head's `next`, and its previous hash the head's (CONFLICT).
 * INVALID where a text is absent or too long. Joins a group. */
la_result la_store_add_audit(la_store *s, const la_audit_row *row, const uint8_t mac[32]);

typedef struct la_audit_filter {
    uint64_t before_sequence;                                   /* newest first, those below; 0: from the newest */
    la_slice environment, actor_id, action, target_id, outcome; /* absent: any; "" is a value. action may end in ".*" */
    const la_slice *environments;                               /* n: only these; NULL: any */
    unsigned n_environments;
    int64_t from_ms, to_ms; /* 0: open; to is exclusive */
} la_audit_filter;
typedef la_result (*la_audit_fn)(void *self, const la_audit_row *row);
la_result la_store_list_audit(la_store *s, const la_audit_filter *filter, unsigned limit, la_audit_fn each, void *self);
/* Oldest first, from a sequence on (0: from the very first, whatever its number): for verification and export. Exactly what the table
 * holds, gaps and all; a hash of another length reads as 0xFF throughout. */
la_result la_store_read_audit(la_store *s, uint64_t from_sequence, unsigned limit, la_audit_fn each, void *self);

/* The wrapped key of the head's MAC: set unless there is one (EXISTS), get (NOT_FOUND). */
la_result la_store_put_audit_key(la_store *s, la_slice wrapped);
la_result la_store_get_audit_key(la_store *s, uint8_t *ret, size_t max, size_t *ret_n);

/*
 * ---- usage ----
 * Each count is kept by minute, by hour and by day (of UTC), and all three are added to in one transaction: there is nothing to
 * roll up later, so nothing can be rolled up twice, and counts that come late land where they belong. An application that is deleted
 * keeps its numbers, under its id, which is never used again.
 */
typedef enum la_usage_step { LA_USAGE_MINUTE, LA_USAGE_HOUR, LA_USAGE_DAY, LA_USAGE_STEPS } la_usage_step;

#define LA_USAGE_ISSUED "issued"
#define LA_USAGE_OUTCOME_MAX 47
typedef struct la_usage_count {
    uint16_t environment_id;
    uint64_t application_id; /* 0: a client that is not known */
    int64_t minute;          /* seconds since 1970 / 60 */
    char outcome[LA_USAGE_OUTCOME_MAX +
                 1]; /* LA_USAGE_ISSUED, or the name of a refusal's result code ("client_secret_wrong") */
    uint64_t count;
} la_usage_count;

#define LA_USAGE_BUCKETS 15
typedef struct la_usage_latency {
    uint16_t environment_id;
    int64_t minute;
    uint64_t buckets[LA_USAGE_BUCKETS]; /* as those of server/metrics/metrics.h */
} la_usage_latency;

/* Adds to what is there, all in one transaction. INVALID where a minute is before 1970 or an outcome empty. */
la_result la_store_add_usage(la_store *s, const la_usage_count *counts, size_t n, const la_usage_latency *latencies,
                             size_t n_latencies);

/* INVALID where the span has more than LA_USAGE_POINTS_MAX steps, so that no query takes long. */
#define LA_USAGE_POINTS_MAX 1500
typedef struct la_usage_query {
    uint16_t environment_id;
    uint64_t application_id; /* 0: unknown clients */
    bool any_application;    /* all of them, whatever application_id is */
    int64_t from_s, to_s;    /* from the beginning of the step that from_s is in; to is exclusive */
    la_usage_step step;
} la_usage_query;
typedef struct la_usage_point {
    int64_t at_s; /* beginning of the step */
    uint64_t issued, refused;
} la_usage_point;
/* In order of time, only steps in which something was counted. */
la_result la_store_usage_points(la_store *s, const la_usage_query *q,
                                la_result (*each)(void *self, const la_usage_point *p), void *self);
/* Why tokens were refused, most first. */
la_result la_store_usage_reasons(la_store *s, const la_usage_query *q, unsigned limit,
                                 la_result (*each)(void *self, la_slice reason, uint64_t count), void *self);
/* Of the environment, whatever the application; in order of time. */
la_result la_store_usage_latencies(la_store *s, const la_usage_query *q,
                                   la_result (*each)(void *self, int64_t at_s,
                                                     const uint64_t buckets[LA_USAGE_BUCKETS]),
                                   void *self);
typedef struct la_usage_application {
    uint64_t application_id; /* 0: unknown clients */
    la_slice client_id,
        name; /* absent for unknown clients; of one that was deleted: client_id absent, name "deleted" */
    uint64_t issued, refused;
} la_usage_application;
/* Of the environment, whatever the application; most first. */
la_result la_store_usage_applications(la_store *s, const la_usage_query *q, unsigned limit,
                                      la_result (*each)(void *self, const la_usage_application *a), void *self);

/* Removes what is older than its time. A little at a time; *ret_more where there is more to do. */
typedef struct la_usage_retention {
    int64_t minutes_s, hours_s, days_s; /* 0: for ever */
} la_usage_retention;
la_result la_store_roll_usage(la_store *s, int64_t now_s, const la_usage_retention *keep, bool *ret_more);

#endif
