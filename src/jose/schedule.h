/*
 * When a signing key is published, signs, retires and goes: pure decisions over the keys' times.
 * A new key is in the JWKS for longer than a JWKS may be cached before it signs anything, and an old one stays
 * until its last token has expired (RFC 9068 4; OpenID Connect Core 10.1.1).
 */
#ifndef LA_JOSE_SCHEDULE_H
#define LA_JOSE_SCHEDULE_H

#include "base/result.h"
#include "model/model.h"

/* In the JWKS at now_s: from the moment it exists until removed_at_s. */
bool la_schedule_is_published(const la_key_record *key, int64_t now_s);

/* "published", "active", "retiring" or "removed": what people see of a key. */
const char *la_schedule_state(const la_key_record *keys, size_t n, size_t index, int64_t now_s);

/* Index of the key that signs at now_s; n where there is no key at all. A clock that jumped never leaves an
 * environment without one: then the one signs that resource servers know best. */
size_t la_schedule_signing(const la_key_record *keys, size_t n, int64_t now_s);

/* The next moment after now_s at which one of the answers above changes; INT64_MAX where none will. */
int64_t la_schedule_next_change_s(const la_key_record *keys, size_t n, int64_t now_s);

/* Keys that an environment publishes at most: nodes and resource servers take sets of a bounded size. */
#define LA_SCHEDULE_KEYS_MAX 32

typedef struct la_schedule_policy {
    uint32_t rotate_every_s; /* 0: only by hand */
    uint32_t jwks_max_age_s;
    uint32_t margin_s;           /* for nodes that hear of a key later, and clocks that differ */
    uint32_t longest_lifetime_s; /* of any token that was or will be issued, under whatever configuration */
    bool by_hand;                /* a new key is wanted now */
} la_schedule_policy;

typedef struct la_schedule_plan {
    bool wanted;            /* a new key has to be made now, with these times: */
    int64_t activates_at_s; /* now_s where it is the first */
    uint64_t newest_key_id; /* the highest, whose successor it is; 0: none yet */
    uint64_t left_key_id;   /* about this key and all before it nothing is decided; see la_schedule_succeeds */
    int64_t retires_at_s;   /* of the keys that it succeeds */
    int64_t removed_at_s;
} la_schedule_plan;

/* Whether the planned key takes the place of this one, which then gets the plan's retires_at and removed_at. */
bool la_schedule_succeeds(const la_schedule_plan *plan, const la_key_record *key);

/* `algorithm`: that of the environment's config; a key of another one is succeeded at once (in the same safe way).
 * Not more than LA_SCHEDULE_KEYS_MAX: the rotation waits until one is gone. CONFLICT where by_hand, and that is so or a
 * successor is published already. */
la_result la_schedule_plan_next(const la_key_record *keys, size_t n, const la_schedule_policy *policy,
                                la_slice algorithm, int64_t now_s, la_schedule_plan *ret);

#endif
