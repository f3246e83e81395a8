/* What the files of the audit log share: the hash of an event, the MAC of the head. Private to admin/. */
#ifndef LA_ADMIN_AUDIT_INTERNAL_H
#define LA_ADMIN_AUDIT_INTERNAL_H

#include "admin/audit.h"

/* Of everything in the row but its hash. NO_MEMORY, CRYPTO. */
la_result la_audit_hash(const la_audit_row *row, uint8_t ret[LA_AUDIT_HASH_BYTES]);

/* In the one form that is hashed: members sorted, no blanks. */
void la_audit_write_detail(const json_t *detail, la_buffer *ret);

/* True where the head's MAC was made with the key of this log. */
bool la_audit_head_is_genuine(const la_audit_log *l, const la_audit_head *head);

/*
 * The chain, event by event in order. `next` is the sequence that has to come and `hash` that of the one before; with
 * `any_start` whatever comes first is taken as the beginning, as in a part of an export.
 */
typedef struct la_audit_chain {
    uint64_t next;
    uint8_t hash[LA_AUDIT_HASH_BYTES];
    bool any_start;
    const la_audit_mark *expected; /* NULL: none */
    la_audit_verdict *verdict;     /* first_bad and reason are set where the chain breaks */
} la_audit_chain;

void la_audit_chain_begin(la_audit_chain *chain, const la_audit_mark *expected, la_audit_verdict *verdict);
/* False where the row does not continue the chain: the verdict says why. */
la_result la_audit_chain_add(la_audit_chain *chain, const la_audit_row *row, bool *ret_whole);
/* After the last one: whether what was noted elsewhere is in it. */
void la_audit_chain_end(la_audit_chain *chain);
void la_audit_chain_break(la_audit_chain *chain, uint64_t sequence, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
