/*
 * The table of audit events and the head of their chain. Rows are only ever added. What a hash covers, and whether a chain is whole,
 * is not known here: reading gives what is in the table, however odd, so that verification sees it.
 */
#include "store/audit.h"
#include "store/sqlite_internal.h"

#include <string.h>

/* ---- the key ---- */

la_result la_store_put_audit_key(la_store *s, la_slice wrapped)
{
    if (!wrapped.p || wrapped.n == 0)
        return la_fail(LA_INVALID, "the wrapped key of the audit log is empty");
    LA_TRY(la_write_begin(s));
    return la_write_end(s, la_meta_put(s, "audit-key", "a key of the audit log", wrapped));
}

la_result la_store_get_audit_key(la_store *s, uint8_t *ret, size_t max, size_t *ret_n)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, la_meta_get(s, "audit-key", "key of the audit log", ret, max, ret_n));
}

/* ---- the head ---- */

/* 0xFF throughout where the length is another: nobody made such a value, and it must neither pass for one that begins alike nor for the
 * zero bytes before the first event. */
static void read_hash(la_sql *q, int column, uint8_t ret[LA_AUDIT_HASH_BYTES])
{
    la_slice bytes = la_sql_get_slice(q, column);
    memset(ret, 0xFF, LA_AUDIT_HASH_BYTES);
    if (bytes.n == LA_AUDIT_HASH_BYTES)
        memcpy(ret, bytes.p, bytes.n);
}

static la_result read_head_row(la_store *s, la_audit_head *ret)
{
    la_sql q;
    bool row;
    LA_TRY(la_sql_begin(s, "SELECT sequence, hash, mac FROM audit_head", &q));
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return la_ok();
    ret->sequence = (uint64_t)la_sql_get_int(&q, 0);
    read_hash(&q, 1, ret->hash);
    read_hash(&q, 2, ret->mac);
    la_sql_done(&q);
    return la_ok();
}

/* The first free number behind `from`. */
static la_result find_free(la_store *s, int64_t from, int64_t *ret)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "SELECT coalesce((SELECT e.sequence + 1 FROM audit_event AS e WHERE e.sequence >= max(?1, 1)"
                        " AND e.sequence < 9223372036854775807 AND NOT EXISTS (SELECT 1 FROM audit_event AS n WHERE"
                        " n.sequence = e.sequence + 1) ORDER BY e.sequence LIMIT 1), 1)",
                        &q));
    la_sql_int(&q, from);
    return la_sql_run_int(&q, ret);
}

/*
 * Behind head and table alike, whichever goes further: a head that was removed or set back must not stop the work, nor may an event be
 * written over. Only somebody from outside makes numbers behind which there is no room; then a gap is good enough.
 */
static la_result find_next(la_store *s, la_audit_head *head)
{
    la_sql q;
    int64_t end = 0, next;
    LA_TRY(la_sql_begin(s, "SELECT max(coalesce(max(sequence), 0), 0) FROM audit_event", &q));
    LA_TRY(la_sql_run_int(&q, &end));
    bool head_has_room = head->sequence < (uint64_t)INT64_MAX;
    if (head_has_room && end < INT64_MAX) {
        next = (end > (int64_t)head->sequence ? end : (int64_t)head->sequence) + 1;
    } else {
        LA_TRY(find_free(s, head_has_room ? (int64_t)head->sequence : 0, &next));
    }
    head->end = (uint64_t)end;
    head->next = (uint64_t)next;
    return la_ok();
}

static la_result read_head(la_store *s, la_audit_head *ret)
{
    *ret = (la_audit_head){0};
    LA_TRY(read_head_row(s, ret));
    return find_next(s, ret);
}

la_result la_store_read_audit_head(la_store *s, la_audit_head *ret)
{
    la_audit_head head;
    LA_TRY(la_read_begin(s));
    LA_TRY(la_read_end(s, read_head(s, &head)));
    *ret = head;
    return la_ok();
}

/* ---- adding ---- */

static la_result check_event(const la_audit_row *e)
{
    const la_slice texts[] = {e->actor_kind, e->actor_id, e->actor_name,  e->address,   e->request_id, e->environment,
                              e->action,     e->outcome,  e->target_kind, e->target_id, e->target_name};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!texts[i].p)
            return la_fail(LA_INVALID, "an audit event lacks one of its texts");
        if (texts[i].n > LA_AUDIT_TEXT_MAX)
            return la_fail(LA_INVALID, "a text of an audit event is longer than %d bytes", LA_AUDIT_TEXT_MAX);
    }
    if (!e->detail.p || e->detail.n > LA_AUDIT_DETAIL_MAX)
        return la_fail(LA_INVALID, "the detail of an audit event is missing, or longer than %d bytes",
                       LA_AUDIT_DETAIL_MAX);
    return la_ok();
}

static la_result insert_event(la_store *s, const la_audit_row *e)
{
    la_sql q;
    LA_TRY(
        la_sql_begin(s,
                     "INSERT INTO audit_event (sequence, at_ms, actor_kind, actor_id, actor_name, address, request_id,"
                     " environment, action, outcome, target_kind, target_id, target_name, detail, previous_hash, hash)"
                     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                     &q));
    la_sql_id(&q, e->sequence);
    la_sql_int(&q, e->at_ms);
    la_sql_text(&q, e->actor_kind);
    la_sql_text(&q, e->actor_id);
    la_sql_text(&q, e->actor_name);
    la_sql_text(&q, e->address);
    la_sql_text(&q, e->request_id);
    la_sql_text(&q, e->environment);
    la_sql_text(&q, e->action);
    la_sql_text(&q, e->outcome);
    la_sql_text(&q, e->target_kind);
    la_sql_text(&q, e->target_id);
    la_sql_text(&q, e->target_name);
    la_sql_text(&q, e->detail);
    la_sql_blob(&q, la_slice_of_digest(e->previous_hash));
    la_sql_blob(&q, la_slice_of_digest(e->hash));
    return la_sql_run(&q);
}

static la_result replace_head(la_store *s, const la_audit_row *e, const uint8_t mac[32])
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "INSERT OR REPLACE INTO audit_head (one, sequence, hash, mac) VALUES (1, ?, ?, ?)", &q));
    la_sql_id(&q, e->sequence);
    la_sql_blob(&q, la_slice_of_digest(e->hash));
    la_sql_blob(&q, la_slice_of_digest(mac));
    return la_sql_run(&q);
}

static la_result add_audit(la_store *s, const la_audit_row *e, const uint8_t mac[32])
{
    la_audit_head head;
    LA_TRY(read_head(s, &head));
    if (e->sequence != head.next || memcmp(e->previous_hash, head.hash, sizeof head.hash) != 0)
        return la_fail(LA_CONFLICT, "another process has added to the audit log meanwhile");
    LA_TRY(insert_event(s, e));
    return replace_head(s, e, mac);
}

la_result la_store_add_audit(la_store *s, const la_audit_row *row, const uint8_t mac[32])
{
    LA_TRY(check_event(row));
    LA_TRY(la_write_begin(s));
    return la_write_end(s, add_audit(s, row, mac));
}

/* ---- reading ---- */

#define SELECT_EVENTS                                                                                              \
    "SELECT sequence, at_ms, actor_kind, actor_id, actor_name, address, request_id, environment, action, outcome," \
    " target_kind, target_id, target_name, detail, previous_hash, hash FROM audit_event"

static void read_event(la_sql *q, la_audit_row *ret)
{
    *ret = (la_audit_row){
        .sequence = (uint64_t)la_sql_get_int(q, 0),
        .at_ms = la_sql_get_int(q, 1),
        .actor_kind = la_sql_get_slice(q, 2),
        .actor_id = la_sql_get_slice(q, 3),
        .actor_name = la_sql_get_slice(q, 4),
        .address = la_sql_get_slice(q, 5),
        .request_id = la_sql_get_slice(q, 6),
        .environment = la_sql_get_slice(q, 7),
        .action = la_sql_get_slice(q, 8),
        .outcome = la_sql_get_slice(q, 9),
        .target_kind = la_sql_get_slice(q, 10),
        .target_id = la_sql_get_slice(q, 11),
        .target_name = la_sql_get_slice(q, 12),
        .detail = la_sql_get_slice(q, 13),
    };
    read_hash(q, 14, ret->previous_hash);
    read_hash(q, 15, ret->hash);
}

static la_result read_audit(la_store *s, uint64_t from_sequence, unsigned limit, la_audit_fn each, void *self)
{
    la_sql q;
    la_audit_row event;
    la_result r = la_ok();
    LA_TRY(la_sql_begin(s, SELECT_EVENTS " WHERE sequence >= ? ORDER BY sequence LIMIT ?", &q));
    if (from_sequence == 0) /* also what nobody of us would have numbered so */
        la_sql_int(&q, INT64_MIN);
    else
        la_sql_id(&q, from_sequence);
    la_sql_int(&q, limit);
    while (la_sql_next(&q, &r)) {
        read_event(&q, &event);
        r = each(self, &event);
    }
    return r;
}

la_result la_store_read_audit(la_store *s, uint64_t from_sequence, unsigned limit, la_audit_fn each, void *self)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, read_audit(s, from_sequence, limit, each, self));
}

/* ---- the filtered list ---- */

/* The part of an action up to its first dot, with it: what audit_by_area holds. */
static la_slice area_of(la_slice action)
{
    const char *dot = memchr(action.p, '.', action.n);
    return (la_slice){action.p, (size_t)(dot - action.p) + 1};
}

/* "key.*" and the like. */
static bool is_pattern(la_slice action)
{
    return action.n >= 2 && action.p[action.n - 1] == '*' && action.p[action.n - 2] == '.';
}

static bool is_any_or(la_slice wanted, la_slice value)
{
    return !wanted.p || la_slice_equal(wanted, value);
}

static bool has_action(la_slice wanted, la_slice action)
{
    if (wanted.p && is_pattern(wanted))
        return la_slice_starts(action, (la_slice){wanted.p, wanted.n - 1});
    return is_any_or(wanted, action);
}

static bool is_among(const la_audit_filter *f, la_slice environment)
{
    for (unsigned i = 0; f->environments && i < f->n_environments; i++)
        if (la_slice_equal(f->environments[i], environment))
            return true;
    return !f->environments;
}

static bool is_wanted(const la_audit_filter *f, const la_audit_row *e)
{
    return (!f->from_ms || e->at_ms >= f->from_ms) && (!f->to_ms || e->at_ms < f->to_ms) &&
           is_any_or(f->environment, e->environment) && is_among(f, e->environment) &&
           is_any_or(f->actor_id, e->actor_id) && has_action(f->action, e->action) &&
           is_any_or(f->target_id, e->target_id) && is_any_or(f->outcome, e->outcome);
}

#define BACKWARDS " sequence BETWEEN ?1 AND ?2 ORDER BY sequence DESC"

/* Begins at the newest event that may be wanted, along the index that should leave the fewest events over (those that were done are by
 * far the most); is_wanted() sees to the rest. */
static la_result begin_list(la_store *s, const la_audit_filter *f, int64_t first, int64_t last, la_sql *ret)
{
    la_slice key = LA_NO_SLICE;
    const char *sql = SELECT_EVENTS " WHERE" BACKWARDS;
    if (f->target_id.p) {
        key = f->target_id;
        sql = SELECT_EVENTS " INDEXED BY audit_by_target WHERE target_id = ?3 AND" BACKWARDS;
    } else if (f->actor_id.p) {
        key = f->actor_id;
        sql = SELECT_EVENTS " INDEXED BY audit_by_actor WHERE actor_id = ?3 AND" BACKWARDS;
    } else if (f->outcome.p && !la_slice_is(f->outcome, "done")) {
        key = f->outcome;
        sql = SELECT_EVENTS " INDEXED BY audit_by_outcome WHERE outcome = ?3 AND" BACKWARDS;
    } else if (f->action.p && is_pattern(f->action)) {
        key = area_of(f->action);
        sql = SELECT_EVENTS " INDEXED BY audit_by_area WHERE substr(action, 1, instr(action, '.')) = ?3 AND" BACKWARDS;
    } else if (f->action.p) {
        key = f->action;
        sql = SELECT_EVENTS " INDEXED BY audit_by_action WHERE action = ?3 AND" BACKWARDS;
    } else if (f->environment.p || (f->environments && f->n_environments == 1)) {
        key = f->environment.p ? f->environment : f->environments[0];
        sql = SELECT_EVENTS " INDEXED BY audit_by_environment WHERE environment = ?3 AND" BACKWARDS;
    }
    LA_TRY(la_sql_begin(s, sql, ret));
    la_sql_int(ret, first);
    la_sql_int(ret, last);
    if (key.p)
        la_sql_text(ret, key);
    return la_ok();
}

/* Clocks may be set back, so a span of time need not be one of sequences; but it lies within one. */
static la_result find_span(la_store *s, const la_audit_filter *f, int64_t *ret_first, int64_t *ret_last)
{
    la_sql q;
    bool row;
    LA_TRY(la_sql_begin(s,
                        "SELECT coalesce(min(sequence), 1), coalesce(max(sequence), 0) FROM audit_event"
                        " INDEXED BY audit_by_time WHERE at_ms >= ? AND at_ms < ?",
                        &q));
    la_sql_int(&q, f->from_ms ? f->from_ms : INT64_MIN);
    la_sql_int(&q, f->to_ms ? f->to_ms : INT64_MAX);
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return la_error(LA_SERVER_ERROR); /* an aggregate always gives one */
    *ret_first = la_sql_get_int(&q, 0);
    *ret_last = la_sql_get_int(&q, 1);
    la_sql_done(&q);
    return la_ok();
}

static la_result list_audit(la_store *s, const la_audit_filter *f, unsigned limit, la_audit_fn each, void *self)
{
    la_sql q;
    la_audit_row event;
    la_result r = la_ok();
    int64_t first = INT64_MIN, last = INT64_MAX;
    if (f->from_ms || f->to_ms)
        LA_TRY(find_span(s, f, &first, &last));
    if (f->before_sequence && f->before_sequence <= (uint64_t)INT64_MAX && (int64_t)f->before_sequence <= last)
        last = (int64_t)f->before_sequence - 1;
    LA_TRY(begin_list(s, f, first, last, &q));
    while (limit > 0 && la_sql_next(&q, &r)) {
        read_event(&q, &event);
        if (!is_wanted(f, &event))
            continue;
        limit--;
        r = each(self, &event);
    }
    la_sql_done(&q);
    return r;
}

la_result la_store_list_audit(la_store *s, const la_audit_filter *filter, unsigned limit, la_audit_fn each, void *self)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, list_audit(s, filter, limit, each, self));
}
