/* The audit log: read, proved, taken out. Whoever sees some environments only sees their events only. */
#include "api/page.h"
#include "api/reply.h"
#include "api/request.h"
#include "api/who.h"
#include "base/hex.h"

#define EXPORT_DEFAULT 1000
#define EXPORT_MOST 10000
#define EXPORT_ROOM (LA_AUDIT_DETAIL_MAX * 6 + 16384) /* of the largest event as JSON */

static la_result take_event(void *self, const la_audit_row *row)
{
    return la_api_page_take_numbered(self, la_audit_to_json(row), row->sequence);
}

/* What the caller may see, and what they ask for. `names`: LA_ENVIRONMENTS_MAX of them. */
static void read_filter(la_api_call *c, la_slice *names, la_audit_filter *ret)
{
    static const char *const outcomes[] = {"done", "refused", NULL};
    ret->environment = la_api_query_text(c, "environment");
    ret->actor_id = la_api_query_text(c, "actor");
    ret->action = la_api_query_text(c, "action");
    ret->target_id = la_api_query_text(c, "target");
    la_api_query_choice(c, "outcome", outcomes, 0);
    ret->outcome = la_api_query_text(c, "outcome");
    ret->from_ms = la_api_query_time_ms(c, "from", 0);
    ret->to_ms = la_api_query_time_ms(c, "to", 0);
    if (la_api_sees_all(c))
        return;
    ret->environments = names;
    for (; ret->n_environments < c->who.operator_row.n_environments; ret->n_environments++)
        names[ret->n_environments] = la_slice_of(c->who.operator_row.environments[ret->n_environments]);
}

la_result la_api_audit_list(la_api_call *c)
{
    la_api_page page;
    la_slice names[LA_ENVIRONMENTS_MAX];
    LA_TRY(la_api_page_begin(c, &page));
    la_audit_filter filter = {.before_sequence = la_api_page_after_number(&page)};
    read_filter(c, names, &filter);
    la_result r = la_api_check(c);
    if (la_is_ok(r))
        r = la_store_list_audit(c->commands->store, &filter, la_api_page_wanted(&page), take_event, &page);
    return la_api_page_end(c, &page, r);
}

typedef struct one {
    const la_api_call *call;
    uint64_t sequence;
    json_t *event;
} one;

static la_result keep_event(void *self, const la_audit_row *row)
{
    one *o = self;
    if (row->sequence != o->sequence || !la_api_may_see(o->call, row->environment))
        return la_ok();
    o->event = la_audit_to_json(row);
    return o->event ? la_ok() : la_fail(LA_NO_MEMORY, "there is no memory for the event");
}

la_result la_api_audit_show(la_api_call *c)
{
    one o = {.call = c};
    LA_TRY(la_api_path_number(c, 0, "event", &o.sequence));
    LA_TRY(la_store_read_audit(c->commands->store, o.sequence, 1, keep_event, &o));
    if (!o.event)
        return la_fail(LA_NOT_FOUND, "there is no such event");
    return la_api_reply(c, 200, o.event);
}

static json_t *hash_json(const uint8_t hash[LA_AUDIT_HASH_BYTES])
{
    char text[2 * LA_AUDIT_HASH_BYTES + 1];
    la_hex_encode(hash, LA_AUDIT_HASH_BYTES, text);
    return json_string(text);
}

la_result la_api_audit_verify(la_api_call *c)
{
    la_audit_verdict v;
    LA_TRY(la_audit_verify(c->commands, NULL, &v));
    if (v.whole)
        return la_api_reply(c, 200,
                            json_pack("{s:b, s:I, s:{s:I, s:o}}", "whole", true, "events", (json_int_t)v.events, "head",
                                      "sequence", (json_int_t)v.head_sequence, "hash", hash_json(v.head_hash)));
    return la_api_reply(c, 200,
                        json_pack("{s:b, s:I, s:{s:I, s:o}}", "whole", false, "events", (json_int_t)v.events,
                                  "first_bad", "sequence", (json_int_t)v.first_bad, "reason",
                                  la_api_json_text(la_slice_of(v.reason))));
}

/* ---- export ---- */

typedef struct export
{
    la_buffer *body;
    uint64_t events, last;
    bool full;
}
export;

/* One event a line; the answer ends before an event that might not fit. */
static la_result write_event(void *self, const la_audit_row *row)
{
    export *e = self;
    if (e->full || e->body->n + EXPORT_ROOM > LA_API_BODY_MAX) {
        e->full = true;
        return la_ok();
    }
    json_t *event = la_audit_to_json(row);
    size_t n = event ? json_dumpb(event, NULL, 0, JSON_COMPACT) : 0;
    char *p = n ? la_buffer_reserve(e->body, n + 1) : NULL;
    if (p) {
        json_dumpb(event, p, n, JSON_COMPACT);
        p[n] = '\n';
        e->body->n += n + 1;
        e->events++;
        e->last = row->sequence;
    }
    json_decref(event);
    return p ? la_ok() : la_fail(LA_NO_MEMORY, "there is no memory for the export");
}

static la_result note_export(la_api_call *c, uint64_t from, const export *e)
{
    la_audit_event event = {
        .environment = LA_SLICE(""),
        .action = "audit.export",
        .target_kind = "audit",
        .target_id = LA_SLICE(""),
        .target_name = LA_SLICE(""),
        .detail = json_pack("{s:I, s:I}", "from_sequence", (json_int_t)from, "events", (json_int_t)e->events),
    };
    return la_audit_note(c->commands, &event);
}

la_result la_api_audit_export(la_api_call *c)
{
    uint64_t from = la_api_query_number(c, "from_sequence", 1, INT64_MAX, 1);
    unsigned limit = (unsigned)la_api_query_number(c, "limit", 1, EXPORT_MOST, EXPORT_DEFAULT);
    export e = {.body = &c->response->body};
    LA_TRY(la_api_check(c));
    /* A chain with gaps proves nothing. */
    if (!la_api_sees_all(c))
        return la_fail(LA_FORBIDDEN, "the log is exported whole, so only by those who see every environment");
    LA_TRY(la_store_read_audit(c->commands->store, from, limit, write_event, &e));
    if (e.full || e.events == limit)
        LA_TRY(la_api_add_header(c, "Link", "</admin/v1/audit/export?from_sequence=%llu&limit=%u>; rel=\"next\"",
                                 (unsigned long long)e.last + 1, limit));
    LA_TRY(note_export(c, from, &e));
    c->response->status = 200;
    c->response->content_type = "application/jsonl";
    return la_ok();
}
