/*
 * An audit event as JSON, as API, command line and export show it, and back: an export can be verified without the database. The
 * detail is stored in one form (members sorted, no blanks), so an object gives the bytes again that were hashed.
 */
#include "admin/audit_internal.h"

#include "admin/source.h"
#include "base/clock.h"
#include "base/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TIME_BYTES 40

/* ---- writing ---- */

/* Text of a database that somebody has written to may be no UTF-8. */
static json_t *text_value(la_slice s)
{
    json_t *value = json_stringn(s.p ? s.p : "", s.n);
    if (value)
        return value;
    char shown[512];
    la_buffer b;
    la_buffer_init_fixed(&b, shown, sizeof shown);
    while (s.n && la_buffer_ok(&b)) {
        size_t n = la_utf8_sequence(s);
        la_buffer_add(&b, n ? (la_slice){s.p, n} : LA_SLICE("?"));
        s.p += n ? n : 1;
        s.n -= n ? n : 1;
    }
    return json_stringn(b.p, b.n);
}

static json_t *hash_value(const uint8_t hash[LA_AUDIT_HASH_BYTES])
{
    char text[2 * LA_AUDIT_HASH_BYTES + 1];
    la_hex_encode(hash, LA_AUDIT_HASH_BYTES, text);
    return json_string(text);
}

static json_t *time_value(int64_t at_ms)
{
    char seconds[LA_CLOCK_RFC3339_BYTES], text[TIME_BYTES];
    int64_t ms = at_ms % 1000;
    la_clock_format_rfc3339((at_ms - ms) / 1000, seconds);
    size_t n = strlen(seconds);
    snprintf(text, sizeof text, "%.*s.%03" PRId64 "Z", (int)(n ? n - 1 : 0), seconds, ms < 0 ? -ms : ms);
    return json_string(text);
}

static json_t *detail_value(la_slice detail)
{
    json_t *value = json_loadb(detail.p ? detail.p : "", detail.n, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(value))
        return value;
    json_decref(value);
    return json_pack("{s:b}", "unreadable", 1);
}

json_t *la_audit_to_json(const la_audit_row *row)
{
    return json_pack("{s:I, s:o, s:{s:o, s:o, s:o}, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}, s:o, s:o, s:o}",
                     "sequence", (json_int_t)row->sequence, "at", time_value(row->at_ms), "actor", "kind",
                     text_value(row->actor_kind), "id", text_value(row->actor_id), "name", text_value(row->actor_name),
                     "address", text_value(row->address), "request_id", text_value(row->request_id), "environment",
                     row->environment.n ? text_value(row->environment) : json_null(), "action", text_value(row->action),
                     "outcome", text_value(row->outcome), "target", "kind", text_value(row->target_kind), "id",
                     text_value(row->target_id), "name", text_value(row->target_name), "detail",
                     detail_value(row->detail), "previous_hash", hash_value(row->previous_hash), "hash",
                     hash_value(row->hash));
}

/* ---- reading ---- */

static bool read_text(const json_t *object, const char *name, la_slice *ret)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value))
        return false;
    *ret = (la_slice){json_string_value(value), json_string_length(value)};
    return true;
}

bool la_audit_hash_parse(la_slice text, uint8_t ret[LA_AUDIT_HASH_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    if (text.n != 2 * LA_AUDIT_HASH_BYTES)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        const char *digit = text.p[i] ? strchr(digits, text.p[i]) : NULL;
        if (!digit)
            return false;
        ret[i / 2] = (uint8_t)(ret[i / 2] << 4 | (digit - digits));
    }
    return true;
}

static bool read_hash(const json_t *object, const char *name, uint8_t ret[LA_AUDIT_HASH_BYTES])
{
    la_slice text;
    return read_text(object, name, &text) && la_audit_hash_parse(text, ret);
}

/* Only what time_value writes: another spelling of the same moment is no event of ours. */
static bool read_time(const json_t *object, int64_t *ret_ms)
{
    la_slice text;
    struct tm tm = {0};
    int ms;
    if (!read_text(object, "at", &text) || text.n != strlen("2026-01-01T00:00:00.000Z") ||
        sscanf(text.p, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
               &tm.tm_sec, &ms) != 7)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *ret_ms = (int64_t)timegm(&tm) * 1000 + ms;
    json_t *again = time_value(*ret_ms);
    bool same = again && la_slice_is(text, json_string_value(again));
    json_decref(again);
    return same;
}

static bool read_party(const json_t *event, const char *name, la_slice *kind, la_slice *id, la_slice *text)
{
    const json_t *party = json_object_get(event, name);
    return json_object_size(party) == 3 && read_text(party, "kind", kind) && read_text(party, "id", id) &&
           read_text(party, "name", text);
}

/* A member more or less is an alteration too. */
#define MEMBERS 12

static bool read_members(const json_t *event, la_audit_row *row)
{
    const json_t *sequence = json_object_get(event, "sequence"), *environment = json_object_get(event, "environment");
    if (json_object_size(event) != MEMBERS || !json_is_integer(sequence) || json_integer_value(sequence) < 0)
        return false;
    row->sequence = (uint64_t)json_integer_value(sequence);
    if (!json_is_null(environment) && (!read_text(event, "environment", &row->environment) || !row->environment.n))
        return false;
    return read_time(event, &row->at_ms) &&
           read_party(event, "actor", &row->actor_kind, &row->actor_id, &row->actor_name) &&
           read_party(event, "target", &row->target_kind, &row->target_id, &row->target_name) &&
           read_text(event, "address", &row->address) && read_text(event, "request_id", &row->request_id) &&
           read_text(event, "action", &row->action) && read_text(event, "outcome", &row->outcome) &&
           read_hash(event, "previous_hash", row->previous_hash) && read_hash(event, "hash", row->hash);
}

static la_result add_line(la_audit_chain *chain, la_slice line, la_buffer *detail, bool *ret_whole)
{
    la_audit_row row = {0};
    json_t *event = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
    const json_t *object = json_object_get(event, "detail");
    la_result r = la_ok();
    *ret_whole = false;
    la_buffer_clear(detail);
    if (json_is_object(object))
        la_audit_write_detail(object, detail);
    row.detail = la_buffer_slice(detail);
    if (row.detail.n && la_buffer_ok(detail) && read_members(event, &row))
        r = la_audit_chain_add(chain, &row, ret_whole);
    else
        la_audit_chain_break(chain, chain->any_start ? 1 : chain->next, "its line is no event of an export");
    json_decref(event);
    return r;
}

static la_result verify_lines(la_source *source, char *text, la_buffer *detail, la_audit_chain *chain)
{
    for (;;) {
        size_t n;
        bool end, whole;
        LA_TRY(la_source_line(source, text, &n, &end));
        if (end)
            return la_ok();
        LA_TRY(add_line(chain, (la_slice){text, n}, detail, &whole));
        if (!whole)
            return la_ok();
    }
}

la_result la_audit_verify_file(const char *path, const la_audit_mark *expected, la_audit_verdict *ret)
{
    la_audit_verdict verdict;
    la_audit_chain chain;
    la_source source;
    la_audit_chain_begin(&chain, expected, &verdict);
    chain.any_start = true;
    LA_TRY(la_source_open(path, &source));
    char *text = malloc(LA_SOURCE_RECORD_MAX);
    la_buffer detail;
    la_buffer_init(&detail, LA_SOURCE_RECORD_MAX);
    la_result r = text ? verify_lines(&source, text, &detail, &chain) : la_fail(LA_NO_MEMORY, "there is no memory");
    la_buffer_done(&detail);
    free(text);
    la_source_done(&source);
    LA_TRY(r);
    if (verdict.whole)
        la_audit_chain_end(&chain);
    *ret = verdict;
    return la_ok();
}
