/*
 * The audit log: every change and every refusal that matters, as a chain. An event's hash is SHA-256 over all of its fields (each
 * with its length, so that no two events read alike) and the hash before it, so anybody who has an export can check it; the newest event
 * is vouched for by a MAC whose key is wrapped by the master key, so the chain cannot be made anew from the database alone.
 * What it cannot see by itself is a database that was set back whole: compare a head that was noted elsewhere (--head).
 */
#ifndef LA_ADMIN_AUDIT_H
#define LA_ADMIN_AUDIT_H

#include "admin/commands.h"
#include "store/audit.h"

#include <jansson.h>

typedef struct la_audit_log la_audit_log;

/* Opens the key of the head, making it where there is none. CRYPTO where the master key is another one. */
la_result la_audit_open(const la_master_key *m, la_store *s, la_audit_log **ret);
la_audit_log *la_audit_close(la_audit_log *l); /* takes NULL; wipes */

typedef struct la_audit_event {
    la_slice environment; /* "" where it concerns none */
    const char *action;   /* "application.create" */
    bool refused;
    const char *target_kind; /* "application", "secret", "operator", … */
    la_slice target_id, target_name;
    json_t *detail; /* taken; NULL: {}. No secret, ever */
} la_audit_event;

/*
 * The frame of a command, and of several that belong together. begin opens a group, unless the caller has one open already; end adds the
 * event (NULL: none) where `r` is OK and commits, or rolls back, and gives what failed first. The event is taken in any case.
 */
typedef struct la_change {
    bool own_group;
} la_change;
la_result la_change_begin(la_commands *c, la_change *ret);
la_result la_change_end(la_commands *c, const la_change *change, la_result r, const la_audit_event *event);

/* The same for a change of an application, its secrets or its customers: the application is the target, so that its whole story is found
 * by its client_id. Takes `detail`. */
la_result la_change_end_application(la_commands *c, const la_change *change, la_result r, const char *action,
                                    const la_application_row *a, json_t *detail);

/* One event by itself: a login, a refusal. */
la_result la_audit_note(la_commands *c, const la_audit_event *event);

/* Refusals at the token endpoint that an operator should see, condensed by whoever counted them. */
typedef struct la_noted_refusal {
    uint16_t environment_id;
    la_code code; /* LA_BROWSER, LA_CLIENT_OTHER_ENVIRONMENT */
    la_slice client_id, address;
    uint64_t count;
    int64_t first_at_s, last_at_s;
} la_noted_refusal;
la_result la_command_note_refusals(la_commands *c, const la_noted_refusal *refusals, size_t n);

typedef struct la_audit_verdict {
    bool whole;
    uint64_t events;
    uint64_t head_sequence;
    uint8_t head_hash[LA_AUDIT_HASH_BYTES];
    uint64_t first_bad; /* sequence of the first event that was altered, removed, added or reordered */
    char reason[160];
} la_audit_verdict;
/* Reads everything. `expected` (NULL: none): sequence and hash noted earlier, elsewhere. */
typedef struct la_audit_mark {
    uint64_t sequence;
    uint8_t hash[LA_AUDIT_HASH_BYTES];
} la_audit_mark;
la_result la_audit_verify(la_commands *c, const la_audit_mark *expected, la_audit_verdict *ret);

/*
 * The same of an export (JSON Lines), without a database: the chain alone, since nothing vouches for where a file ends but a mark. It may
 * begin anywhere. IO, and TOO_LARGE for a line that is no event.
 */
la_result la_audit_verify_file(const char *path, const la_audit_mark *expected, la_audit_verdict *ret);

/* 64 hexadecimal digits in lower case. */
bool la_audit_hash_parse(la_slice text, uint8_t ret[LA_AUDIT_HASH_BYTES]);

/* The JSON object of an event, as API, command line and export show it; the caller owns it. NULL: no memory. */
json_t *la_audit_to_json(const la_audit_row *row);

#endif
