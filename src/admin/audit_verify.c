/* Verification of the audit log, event by event. Knows the chain; not how an event is written. */
#include "admin/audit_internal.h"

#include <stdarg.h>
#include <stdio.h>

#define PAGE_EVENTS 500

void la_audit_chain_begin(la_audit_chain *chain, const la_audit_mark *expected, la_audit_verdict *verdict)
{
    *verdict = (la_audit_verdict){.whole = true};
    *chain = (la_audit_chain){.next = 1, .expected = expected, .verdict = verdict};
}

void la_audit_chain_break(la_audit_chain *chain, uint64_t sequence, const char *format, ...)
{
    la_audit_verdict *v = chain->verdict;
    va_list args;
    va_start(args, format);
    vsnprintf(v->reason, sizeof v->reason, format, args);
    va_end(args);
    v->whole = false;
    v->first_bad = sequence;
}

static bool has_hash(const uint8_t a[LA_AUDIT_HASH_BYTES], const uint8_t b[LA_AUDIT_HASH_BYTES])
{
    return memcmp(a, b, LA_AUDIT_HASH_BYTES) == 0;
}

/* What an event says of its place. */
static bool is_in_place(la_audit_chain *chain, const la_audit_row *row)
{
    if (row->sequence > INT64_MAX) { /* below zero in the table */
        la_audit_chain_break(chain, chain->next, "an event stands before the first one: it was added from outside");
        return false;
    }
    if (row->sequence > chain->next) {
        la_audit_chain_break(chain, chain->next, "event %llu is missing; the next one there is %llu",
                             (unsigned long long)chain->next, (unsigned long long)row->sequence);
        return false;
    }
    if (row->sequence < chain->next) {
        la_audit_chain_break(chain, chain->next, "event %llu stands where %llu belongs",
                             (unsigned long long)row->sequence, (unsigned long long)chain->next);
        return false;
    }
    if (!has_hash(row->previous_hash, chain->hash)) {
        la_audit_chain_break(chain, row->sequence, "its previous_hash is not the hash of the event before");
        return false;
    }
    return true;
}

la_result la_audit_chain_add(la_audit_chain *chain, const la_audit_row *row, bool *ret_whole)
{
    uint8_t hash[LA_AUDIT_HASH_BYTES];
    const la_audit_mark *m = chain->expected;
    *ret_whole = false;
    if (chain->any_start) {
        chain->any_start = false;
        chain->next = row->sequence;
        memcpy(chain->hash, row->previous_hash, sizeof chain->hash);
    }
    if (!is_in_place(chain, row))
        return la_ok();
    LA_TRY(la_audit_hash(row, hash));
    if (!has_hash(hash, row->hash)) {
        la_audit_chain_break(chain, row->sequence, "its fields do not give its hash: it was altered");
        return la_ok();
    }
    if (m && m->sequence == row->sequence && !has_hash(m->hash, hash)) {
        la_audit_chain_break(chain, row->sequence, "its hash is not the one that was noted: it was made anew");
        return la_ok();
    }
    memcpy(chain->hash, hash, sizeof hash);
    chain->next++;
    chain->verdict->events++;
    chain->verdict->head_sequence = row->sequence;
    memcpy(chain->verdict->head_hash, hash, sizeof hash);
    *ret_whole = true;
    return la_ok();
}

void la_audit_chain_end(la_audit_chain *chain)
{
    const la_audit_mark *m = chain->expected;
    if (m && m->sequence >= chain->next)
        la_audit_chain_break(chain, chain->next, "event %llu was noted, but the log ends before it",
                             (unsigned long long)m->sequence);
}

/* ---- the log in the store ---- */

typedef struct walk {
    la_audit_chain chain;
    uint64_t until; /* the head that was read before */
    la_result failure;
} walk;

/* Ends the page where the chain breaks. */
static la_result take_row(void *self, const la_audit_row *row)
{
    walk *w = self;
    bool whole;
    if (row->sequence > w->until && row->sequence <= INT64_MAX)
        return la_error(LA_PENDING);
    w->failure = la_audit_chain_add(&w->chain, row, &whole);
    return la_is_ok(w->failure) && whole ? la_ok() : la_error(LA_PENDING);
}

static la_result read_page(la_store *s, walk *w)
{
    uint64_t from = w->chain.next == 1 ? 0 : w->chain.next; /* 0: also what has no place before the first */
    la_result r = la_store_read_audit(s, from, PAGE_EVENTS, take_row, w);
    LA_TRY(w->failure);
    return r.code == LA_PENDING ? la_ok() : r;
}

/* Up to and with the head; what is beyond it is looked at later. */
static la_result walk_to_head(la_commands *c, const la_audit_head *head, walk *w)
{
    const la_audit_verdict *v = w->chain.verdict;
    w->until = head->sequence;
    while (v->whole && w->chain.next <= head->sequence) {
        uint64_t before = w->chain.next;
        LA_TRY(read_page(c->store, w));
        if (v->whole && w->chain.next == before)
            la_audit_chain_break(&w->chain, before, "event %llu is missing: the end of the log was cut off",
                                 (unsigned long long)before);
    }
    if (!v->whole)
        return la_ok();
    if (head->sequence == 0)
        la_audit_chain_break(&w->chain, 1, "the log was emptied: it has no head");
    else if (!has_hash(head->hash, w->chain.hash))
        la_audit_chain_break(&w->chain, head->sequence, "the head has another hash than the last event");
    else if (!la_audit_head_is_genuine(c->audit, head))
        la_audit_chain_break(&w->chain, head->sequence,
                             "the head's MAC was not made with the key of the log: events up to here may be made anew");
    return la_ok();
}

static la_result found_one(void *self, const la_audit_row *row)
{
    *(bool *)self = true;
    return la_ok();
}

/* Events that came while the walk was going on moved the head too; one that did not was put in from outside. */
static la_result look_beyond(la_commands *c, walk *w, la_audit_head *head, bool *ret_more)
{
    la_audit_head now;
    bool found = false;
    *ret_more = false;
    LA_TRY(la_store_read_audit(c->store, w->chain.next, 1, found_one, &found));
    if (!found)
        return la_ok();
    LA_TRY(la_store_read_audit_head(c->store, &now));
    *ret_more = now.sequence > head->sequence;
    if (*ret_more)
        *head = now;
    else
        la_audit_chain_break(&w->chain, w->chain.next, "it stands behind the head: it was added from outside");
    return la_ok();
}

la_result la_audit_verify(la_commands *c, const la_audit_mark *expected, la_audit_verdict *ret)
{
    la_audit_verdict verdict;
    walk w = {.failure = la_ok()};
    la_audit_head head;
    bool more = true;
    la_audit_chain_begin(&w.chain, expected, &verdict);
    LA_TRY(la_store_read_audit_head(c->store, &head));
    while (verdict.whole && more) {
        LA_TRY(walk_to_head(c, &head, &w));
        if (verdict.whole)
            LA_TRY(look_beyond(c, &w, &head, &more));
    }
    if (verdict.whole)
        la_audit_chain_end(&w.chain);
    *ret = verdict;
    return la_ok();
}
