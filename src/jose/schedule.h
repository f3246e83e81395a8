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

typedef struct la_schedule_policy {
    uint32_t rotate_every_s; /* 0: only by hand */
    uint32_t jwks_max_age_s;
    uint32_t margin_s;           /* for nodes that hear of a key later, and clocks that differ */
    uint32_t longest_lifetime_s; /* of any token that this environment may issue until the predecessor retires */
    bool by_hand;                /* a new key is wanted now */
} la_schedule_policy;

typedef struct la_schedule_plan {
    bool wanted;                      /* a new key has to be made now, with these times: */
    int64_t activates_at_s;           /* now_s where it is the first */
    uint64_t newest_key_id;           /* the highest, whose successor it is; 0: none yet */
    int64_t predecessor_retires_at_s; /* what that key's times are from then on; its present ones where they stay */
    int64_t predecessor_removed_at_s;
} la_schedule_plan;

/* `algorithm`: that of the environment's config; a key of another one is succeeded at once (in the same safe way).
 * CONFLICT where by_hand and a successor is published already. */
la_result la_schedule_plan_next(const la_key_record *keys, size_t n, const la_schedule_policy *policy,
                                la_slice algorithm, int64_t now_s, la_schedule_plan *ret);

#endif
