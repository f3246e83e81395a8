/* leanauth audit list | verify | export. */
#include "admin/audit.h"
#include "base/hex.h"
#include "cli/shared.h"

#include <stdio.h>
#include <unistd.h>

#define WRITE_AT_BYTES (64 * 1024)
#define EVENT_MAX_BYTES (256 * 1024)
#define PAGE_EVENTS 500

static int add_bytes(const char *p, size_t n, void *self)
{
    la_buffer_add(self, (la_slice){p, n});
    return 0;
}

static la_result add_event(const la_audit_row *row, la_buffer *out)
{
    json_t *event = la_audit_to_json(row);
    bool good = event && json_dump_callback(event, add_bytes, out, JSON_COMPACT) == 0 && la_buffer_ok(out);
    json_decref(event);
    return good ? la_ok() : la_fail(LA_NO_MEMORY, "there is no memory for an event");
}

/* ---- list ---- */

typedef struct event_list {
    la_cli *cli;
    la_table table;
    uint64_t n, last;
} event_list;

static void add_party(la_table *t, la_slice kind, la_slice id, la_slice name)
{
    char memory[600];
    la_buffer b;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_buffer_add(&b, kind);
    if (name.n || id.n) {
        la_buffer_add_char(&b, ' ');
        la_buffer_add(&b, name.n ? name : id);
    }
    if (name.n && id.n && !la_slice_equal(name, id))
        la_buffer_add_format(&b, " (%.*s)", LA_FMT(id));
    la_table_add(t, la_buffer_slice(&b));
}

static la_result list_one(void *self, const la_audit_row *row)
{
    event_list *l = self;
    l->last = row->sequence;
    if (l->cli->json) {
        if (l->n++)
            la_buffer_add_char(&l->cli->out, ',');
        return add_event(row, &l->cli->out);
    }
    l->n++;
    la_table_add_u64(&l->table, row->sequence);
    la_table_add_time(&l->table, row->at_ms / 1000, "-");
    la_table_add(&l->table, row->action);
    la_table_add(&l->table, row->outcome);
    la_table_add(&l->table, row->environment.n ? row->environment : LA_SLICE("-"));
    add_party(&l->table, row->actor_kind, row->actor_id, row->actor_name);
    la_table_add(&l->table, row->address.n ? row->address : LA_SLICE("-"));
    add_party(&l->table, row->target_kind, row->target_id, row->target_name);
    return la_ok();
}

static la_result read_filter(const la_cli *cli, la_audit_filter *ret, unsigned long long *ret_limit)
{
    unsigned long long before;
    int64_t now_s = la_clock_now_s(), from_s, to_s;
    LA_TRY(la_cli_number(cli, "limit", 1, 10000, 50, ret_limit));
    LA_TRY(la_cli_number(cli, "before", 1, INT64_MAX, 0, &before));
    LA_TRY(la_cli_time(cli, "from", now_s, 0, &from_s));
    LA_TRY(la_cli_time(cli, "to", now_s, 0, &to_s));
    *ret = (la_audit_filter){
        .before_sequence = before,
        .environment = la_cli_slice(cli, "environment"),
        .actor_id = la_cli_slice(cli, "actor"),
        .action = la_cli_slice(cli, "action"),
        .target_id = la_cli_slice(cli, "target"),
        .outcome = la_cli_slice(cli, "outcome"),
        .from_ms = from_s * 1000,
        .to_ms = to_s * 1000,
    };
    if (ret->outcome.p && !la_slice_is(ret->outcome, "done") && !la_slice_is(ret->outcome, "refused"))
        return la_fail(LA_USAGE, "--outcome must be done or refused");
    return la_ok();
}

static void end_list(event_list *l, bool more)
{
    la_cli *cli = l->cli;
    if (!cli->json) {
        la_table_done(&l->table, &cli->out);
        if (more)
            la_cli_note(cli, "there may be older ones: --before %llu", (unsigned long long)l->last);
        return;
    }
    la_buffer_add_text(&cli->out, "],\"next\":");
    if (more)
        la_buffer_add_u64(&cli->out, l->last);
    else
        la_buffer_add_text(&cli->out, "null");
    la_buffer_add_text(&cli->out, "}\n");
}

static la_result run_list(la_cli *cli)
{
    static const char *const titles[] = {"EVENT",       "AT",    "ACTION",  "OUTCOME",
                                         "ENVIRONMENT", "ACTOR", "ADDRESS", "TARGET"};
    la_audit_filter filter;
    unsigned long long limit;
    la_session s;
    LA_TRY(read_filter(cli, &filter, &limit));
    LA_TRY(la_session_open(cli, &s));
    event_list l = {.cli = cli};
    if (cli->json)
        la_buffer_add_text(&cli->out, "{\"events\":[");
    else
        la_table_init(&l.table, 8, titles);
    la_result r = la_store_list_audit(s.commands.store, &filter, (unsigned)limit, list_one, &l);
    end_list(&l, l.n == limit);
    la_session_close(&s);
    return r;
}

/* ---- verify ---- */

/* "SEQUENCE:HASH". */
static la_result read_mark(const la_cli *cli, la_audit_mark *ret)
{
    la_slice rest = la_cli_slice(cli, "head"), number;
    unsigned long long sequence;
    if (!rest.p || !la_slice_split(&rest, ':', &number) || !la_slice_to_u64(number, INT64_MAX, &sequence) ||
        sequence == 0 || !la_audit_hash_parse(rest, ret->hash))
        return la_fail(LA_USAGE, "--head must be SEQUENCE:HASH, as an earlier \"audit verify\" printed it");
    ret->sequence = sequence;
    return la_ok();
}

static void add_hash(la_buffer *b, const uint8_t hash[LA_AUDIT_HASH_BYTES])
{
    char text[2 * LA_AUDIT_HASH_BYTES + 1];
    la_hex_encode(hash, LA_AUDIT_HASH_BYTES, text);
    la_buffer_add_text(b, text);
}

static void print_json(la_cli *cli, const la_audit_verdict *v)
{
    la_json_writer w = {&cli->out, false};
    la_json_open(&w, NULL, '{');
    la_json_bool(&w, "whole", v->whole);
    la_json_u64(&w, "events", v->events);
    if (v->whole) {
        la_buffer_add_format(&cli->out, ",\"head\":{\"sequence\":%llu,\"hash\":\"",
                             (unsigned long long)v->head_sequence);
        add_hash(&cli->out, v->head_hash);
        la_buffer_add_text(&cli->out, "\"}");
    } else {
        la_json_open(&w, "first_bad", '{');
        la_json_u64(&w, "sequence", v->first_bad);
        la_json_text(&w, "reason", la_slice_of(v->reason));
        la_json_close(&w, '}');
    }
    la_json_end(&w);
}

static void print_text(la_cli *cli, const la_audit_verdict *v)
{
    const char *file = la_cli_value(cli, "file");
    if (!v->whole) {
        la_buffer_add_format(&cli->out, "first bad event  %llu\nreason           %s\nwhole before it  %llu events\n",
                             (unsigned long long)v->first_bad, v->reason, (unsigned long long)v->events);
        return;
    }
    la_buffer_add_format(&cli->out, "The %s is whole: %llu events.\nhead  %llu:", file ? "chain" : "audit log",
                         (unsigned long long)v->events, (unsigned long long)v->head_sequence);
    add_hash(&cli->out, v->head_hash);
    la_buffer_add_text(&cli->out,
                       "\n\nNote the head elsewhere: with --head, a later check also finds a database that was "
                       "set back.\n");
}

/* A broken log is an outcome, which is printed, and a failure. */
static la_result print_verdict(la_cli *cli, const la_audit_verdict *v)
{
    if (cli->json)
        print_json(cli, v);
    else
        print_text(cli, v);
    if (v->whole)
        return la_ok();
    LA_TRY(la_cli_write(STDOUT_FILENO, la_buffer_slice(&cli->out)));
    cli->silent = cli->json;
    return la_fail(LA_CORRUPT, "the audit log is not whole: see event %llu", (unsigned long long)v->first_bad);
}

static la_result verify_store(la_cli *cli, const la_audit_mark *mark, la_audit_verdict *ret)
{
    la_session s;
    LA_TRY(la_session_open(cli, &s));
    la_result r = la_audit_verify(&s.commands, mark, ret);
    la_session_close(&s);
    return r;
}

static la_result run_verify(la_cli *cli)
{
    la_audit_mark mark;
    la_audit_verdict verdict;
    bool marked = la_cli_has(cli, "head");
    const char *file = la_cli_value(cli, "file");
    if (marked)
        LA_TRY(read_mark(cli, &mark));
    LA_TRY(file ? la_audit_verify_file(file, marked ? &mark : NULL, &verdict)
                : verify_store(cli, marked ? &mark : NULL, &verdict));
    return print_verdict(cli, &verdict);
}

/* ---- export ---- */

typedef struct export
{
    la_buffer gathered;
    uint64_t next, n;
}
export;

static la_result export_one(void *self, const la_audit_row *row)
{
    export *e = self;
    LA_TRY(add_event(row, &e->gathered));
    la_buffer_add_char(&e->gathered, '\n');
    e->next = row->sequence + 1;
    e->n++;
    return e->gathered.n < WRITE_AT_BYTES ? la_ok() : la_error(LA_PENDING); /* nothing is written within a listing */
}

static la_result export_page(la_session *s, export *e, bool *ret_more)
{
    uint64_t before = e->n;
    la_result r = la_store_read_audit(s->commands.store, e->next, PAGE_EVENTS, export_one, e);
    *ret_more = e->n > before;
    if (!la_is_ok(r) && r.code != LA_PENDING)
        return r;
    r = la_cli_write(STDOUT_FILENO, la_buffer_slice(&e->gathered));
    la_buffer_clear(&e->gathered);
    return r;
}

/* The export is an event too, the last that it holds. */
static la_result note_export(la_session *s, uint64_t from)
{
    la_audit_event event = {
        .action = "audit.export",
        .target_kind = "audit",
        .detail = json_pack("{s:I}", "from_sequence", (json_int_t)from),
    };
    return la_audit_note(&s->commands, &event);
}

static la_result run_export(la_cli *cli)
{
    unsigned long long from;
    la_session s;
    LA_TRY(la_cli_number(cli, "from", 1, INT64_MAX, 1, &from));
    LA_TRY(la_session_open(cli, &s));
    export e = {.next = from};
    bool more = true;
    la_buffer_init(&e.gathered, WRITE_AT_BYTES + EVENT_MAX_BYTES);
    la_result r = note_export(&s, from);
    while (la_is_ok(r) && more)
        r = export_page(&s, &e, &more);
    la_buffer_done(&e.gathered);
    la_session_close(&s);
    return r;
}

static const la_cli_option list_options[] = {
    {"environment", "NAME", "Only what concerns this environment.", false},
    {"actor", "ID", "Only what this one did: an operator's id, a client_id, the login name of the command line.",
     false},
    {"action", "ACTION", "Only this action, like application.create, or a whole area: \"application.*\".", false},
    {"target", "ID", "Only what was done to this one: a client_id, an operator's id, a kid.", false},
    {"outcome", "OUTCOME", "done or refused.", false},
    {"from", "TIME", "Not what was before: 2026-08-07T10:11:12Z, 2026-08-07, or how long ago, like 12h.", false},
    {"to", "TIME", "Only what was before.", false},
    {"limit", "N", "At most so many: 1 to 10000, 50 unless said.", false},
    {"before", "EVENT", "Goes on where an earlier list ended: its \"next\".", false},
    {0},
};

static const la_cli_option verify_options[] = {
    {"head", "EVENT:HASH", "The end of the log as it was noted earlier, elsewhere: it must still be in the log.",
     false},
    {"file", "FILE", "Checks the chain of an export instead; needs neither configuration nor database.", false},
    {0},
};

static const la_cli_option export_options[] = {
    {"from", "EVENT", "Begins with this event: 1 unless said.", false},
    {0},
};

const la_cli_command la_cli_audit_commands[] = {
    {"audit list", "", 0, 0, "Lists the events of the audit log.",
     "Lists who did what, newest first: every change, every login, and the refusals that matter. With --json each "
     "event "
     "has its detail and its place in the chain.",
     "  leanauth audit list --action \"secret.*\" --from 30d\n", list_options, run_list},
    {"audit verify", "", 0, 0, "Checks that the audit log is whole.",
     "Checks the hash of every event, the order of the chain and the seal of its end. Where an event was altered, "
     "removed, added or moved, names the first one and exits with 1. A database that was set back whole can only be "
     "seen "
     "with --head: note the head that is printed in another place.",
     "  leanauth audit verify\n", verify_options, run_verify},
    {"audit export", "", 0, 0, "Writes the audit log as JSON Lines.",
     "Writes every event as one line of JSON to standard output, oldest first. \"audit verify --file\" checks such a "
     "file "
     "anywhere. The export is itself an event, the last one that it holds.",
     "  leanauth audit export > audit.jsonl\n", export_options, run_export},
    {0},
};
