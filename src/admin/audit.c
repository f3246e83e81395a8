/*
 * Writing the audit log. Knows what an event's hash and the head's MAC cover; verification is in audit_verify.c, the events' JSON
 * in audit_json.c.
 */
#include "admin/audit_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define KEY_PURPOSE "audit-key"
#define KEY_NAME LA_SLICE("audit-key")
#define WRAPPED_KEY_MAX 256

/* No text of an event is longer, whatever a request brought: what is cut is for people. */
#define TEXT_MAX 256

struct la_audit_log {
    la_hasher *key; /* HMAC-SHA-256 */
};

/* ---- hashes ---- */

static bool hash_number(EVP_MD_CTX *digest, uint64_t v)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(v >> (56 - 8 * i));
    return EVP_DigestUpdate(digest, bytes, sizeof bytes) == 1;
}

/* With its length, so that no two events read alike. */
static bool hash_text(EVP_MD_CTX *digest, la_slice text)
{
    return hash_number(digest, text.n) && (text.n == 0 || EVP_DigestUpdate(digest, text.p, text.n) == 1);
}

static bool hash_row(EVP_MD_CTX *digest, const la_audit_row *row)
{
    const la_slice texts[] = {
        row->actor_kind, row->actor_id, row->actor_name,  row->address,   row->request_id,  row->environment,
        row->action,     row->outcome,  row->target_kind, row->target_id, row->target_name, row->detail,
    };
    bool good = hash_text(digest, LA_SLICE("leanauth audit 1")) &&
                EVP_DigestUpdate(digest, row->previous_hash, sizeof row->previous_hash) == 1 &&
                hash_number(digest, row->sequence) && hash_number(digest, (uint64_t)row->at_ms);
    for (size_t i = 0; good && i < sizeof texts / sizeof *texts; i++)
        good = hash_text(digest, texts[i]);
    return good;
}

la_result la_audit_hash(const la_audit_row *row, uint8_t ret[LA_AUDIT_HASH_BYTES])
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (!digest)
        return la_fail(LA_NO_MEMORY, "there is no memory for the hash of an audit event");
    bool good = EVP_DigestInit_ex2(digest, EVP_sha256(), NULL) == 1 && hash_row(digest, row) &&
                EVP_DigestFinal_ex(digest, ret, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return good ? la_ok() : la_fail(LA_CRYPTO, "SHA-256 failed");
}

static void make_mac(const la_audit_log *l, uint64_t sequence, const uint8_t hash[LA_AUDIT_HASH_BYTES], uint8_t ret[32])
{
    char memory[64];
    la_buffer b;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_buffer_add_text(&b, "leanauth audit head ");
    for (unsigned i = 0; i < 8; i++)
        la_buffer_add_char(&b, (char)(sequence >> (56 - 8 * i)));
    la_buffer_add(&b, (la_slice){(const char *)hash, LA_AUDIT_HASH_BYTES});
    la_hasher_digest(l->key, la_buffer_slice(&b), ret);
}

bool la_audit_head_is_genuine(const la_audit_log *l, const la_audit_head *head)
{
    uint8_t mac[32];
    make_mac(l, head->sequence, head->hash, mac);
    return head->sequence != 0 && la_equal_ct(mac, head->mac, sizeof mac);
}

/* ---- adding ---- */

static const char *const actor_kinds[] = {
    [LA_ACTOR_SYSTEM] = "system",           [LA_ACTOR_COMMAND_LINE] = "command_line", [LA_ACTOR_OPERATOR] = "operator",
    [LA_ACTOR_APPLICATION] = "application", [LA_ACTOR_ANONYMOUS] = "anonymous",
};

/* The texts of one event, each in a place of its own. */
typedef struct texts {
    unsigned n;
    char memory[12][TEXT_MAX];
} texts;

/* What came from outside must fit the JSON of an export: UTF-8, no control characters, not too long. */
static la_slice clean(texts *t, la_slice text)
{
    la_buffer b;
    la_buffer_init_fixed(&b, t->memory[t->n++], TEXT_MAX);
    la_buffer_add_shown(&b, text);
    return la_buffer_slice(&b);
}

static void fill_row(const la_actor *actor, const la_audit_event *e, texts *t, la_audit_row *row)
{
    row->at_ms = la_clock_now_us() / 1000;
    row->actor_kind = la_slice_of(actor_kinds[actor->kind]);
    row->actor_id = clean(t, actor->id);
    row->actor_name = clean(t, actor->name);
    row->address = clean(t, actor->address);
    row->request_id = clean(t, actor->request_id);
    row->environment = clean(t, e->environment);
    row->action = la_slice_of(e->action);
    row->outcome = e->refused ? LA_SLICE("refused") : LA_SLICE("done");
    row->target_kind = la_slice_of(e->target_kind ? e->target_kind : "");
    row->target_id = clean(t, e->target_id);
    row->target_name = clean(t, e->target_name);
}

/*
 * Replaces the head. One that was not vouched for, or is not the end of the table, is never vouched for again: otherwise the next honest
 * event would lend its MAC to a chain that somebody made anew. Work goes on nevertheless, behind all that is there, since a secret must be
 * revocable above all after a break-in.
 */
static la_result add_row(const la_audit_log *l, la_store *s, const la_audit_head *head, bool first, la_audit_row *row)
{
    uint8_t mac[32] = {0};
    bool vouched = head->end == head->sequence && (first ? head->sequence == 0 : la_audit_head_is_genuine(l, head));
    row->sequence = head->next;
    memcpy(row->previous_hash, head->hash, sizeof row->previous_hash);
    LA_TRY(la_audit_hash(row, row->hash));
    if (vouched)
        make_mac(l, row->sequence, row->hash, mac);
    else
        la_log(LA_LOG_ERROR, "audit_broken", "the audit log was changed from outside: run leanauth audit verify");
    return la_store_add_audit(s, row, mac);
}

static int add_bytes(const char *p, size_t n, void *self)
{
    la_buffer_add(self, (la_slice){p, n});
    return 0;
}

void la_audit_write_detail(const json_t *detail, la_buffer *ret)
{
    if (json_dump_callback(detail, add_bytes, ret, JSON_COMPACT | JSON_SORT_KEYS) != 0)
        ret->failed = true;
}

/* Within a group. `detail` is not taken. */
static la_result append(const la_audit_log *l, la_store *s, const la_actor *actor, const la_audit_event *e, bool first)
{
    la_audit_head head;
    la_audit_row row = {0};
    texts t = {0};
    LA_TRY(la_store_read_audit_head(s, &head));
    fill_row(actor, e, &t, &row);
    char memory[LA_AUDIT_DETAIL_MAX];
    la_buffer detail;
    la_buffer_init_fixed(&detail, memory, sizeof memory);
    if (e->detail)
        la_audit_write_detail(e->detail, &detail);
    else
        la_buffer_add_text(&detail, "{}");
    row.detail = la_buffer_ok(&detail) ? la_buffer_slice(&detail) : LA_SLICE("{\"too_large\":true}");
    return add_row(l, s, &head, first, &row);
}

la_result la_change_begin(la_commands *c, la_change *ret)
{
    la_result r = la_store_begin(c->store);
    ret->own_group = la_is_ok(r);
    return r.code == LA_CONFLICT ? la_ok() : r; /* the caller's group */
}

la_result la_change_end(la_commands *c, const la_change *change, la_result r, const la_audit_event *event)
{
    if (la_is_ok(r) && event)
        r = append(c->audit, c->store, &c->actor, event, false);
    if (event)
        json_decref(event->detail);
    if (!change->own_group)
        return r;
    if (la_is_ok(r))
        return la_store_commit(c->store);
    la_store_rollback(c->store);
    return r;
}

la_result la_change_end_application(la_commands *c, const la_change *change, la_result r, const char *action,
                                    const la_application_row *a, json_t *detail)
{
    la_audit_event event = {
        .environment = la_slice_of(a->environment),
        .action = action,
        .target_kind = "application",
        .target_id = la_slice_of(a->client_id),
        .target_name = la_slice_of(a->name),
        .detail = detail,
    };
    return la_change_end(c, change, r, &event);
}

la_result la_audit_note(la_commands *c, const la_audit_event *event)
{
    la_change change;
    la_result r = la_change_begin(c, &change);
    if (la_is_ok(r))
        return la_change_end(c, &change, r, event);
    json_decref(event->detail);
    return r;
}

/* ---- refusals at the token endpoint ---- */

static la_result note_refusal(la_commands *c, const la_noted_refusal *n)
{
    char first_at[LA_CLOCK_RFC3339_BYTES], last_at[LA_CLOCK_RFC3339_BYTES];
    la_clock_format_rfc3339(n->first_at_s, first_at);
    la_clock_format_rfc3339(n->last_at_s, last_at);
    la_audit_event event = {
        .action = n->code == LA_BROWSER ? "token.refused_browser" : "token.refused_other_environment",
        .refused = true,
        .target_kind = "application",
        .target_id = n->client_id,
        .detail = json_pack("{s:I, s:s, s:s}", "count", (json_int_t)n->count, "first_at", first_at, "last_at", last_at),
    };
    for (unsigned i = 0; i < c->config->n_environments; i++)
        if (c->environment_ids[i] == n->environment_id)
            event.environment = c->config->environments[i].name;
    la_actor anonymous = {.kind = LA_ACTOR_ANONYMOUS, .address = n->address};
    la_result r = append(c->audit, c->store, &anonymous, &event, false);
    json_decref(event.detail);
    return r;
}

la_result la_command_note_refusals(la_commands *c, const la_noted_refusal *refusals, size_t n)
{
    la_change change;
    if (n == 0)
        return la_ok();
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_ok();
    for (size_t i = 0; la_is_ok(r) && i < n; i++)
        r = note_refusal(c, &refusals[i]);
    return la_change_end(c, &change, r, NULL);
}

/* ---- the key ---- */

static la_result set_key(la_audit_log *l, const uint8_t *key, size_t n)
{
    if (n != LA_PEPPER_BYTES)
        return la_fail(LA_CORRUPT, "the key of the audit log has %zu bytes instead of %d", n, LA_PEPPER_BYTES);
    l->key = la_hasher_new(key);
    return l->key ? la_ok() : la_fail(LA_NO_MEMORY, "there is no locked memory for the key of the audit log");
}

static la_result read_key(const la_master_key *m, la_store *s, la_audit_log *l)
{
    uint8_t wrapped[WRAPPED_KEY_MAX];
    char memory[WRAPPED_KEY_MAX];
    size_t n = 0;
    la_buffer plain;
    LA_TRY(la_store_get_audit_key(s, wrapped, sizeof wrapped, &n));
    la_buffer_init_fixed(&plain, memory, sizeof memory);
    la_result r = la_unwrap(m, KEY_PURPOSE, KEY_NAME, (la_slice){(const char *)wrapped, n}, &plain);
    if (la_is_ok(r))
        r = set_key(l, (const uint8_t *)plain.p, plain.n);
    else
        r = la_fail_context(r, "the key of the audit log: ");
    la_wipe(memory, sizeof memory);
    return r;
}

static la_result put_key(const la_master_key *m, la_store *s, la_audit_log *l)
{
    uint8_t key[LA_PEPPER_BYTES];
    char memory[WRAPPED_KEY_MAX];
    la_buffer wrapped;
    la_random_bytes(key, sizeof key);
    la_buffer_init_fixed(&wrapped, memory, sizeof memory);
    la_result r = la_wrap(m, KEY_PURPOSE, KEY_NAME, (la_slice){(const char *)key, sizeof key}, &wrapped);
    if (la_is_ok(r))
        r = la_store_put_audit_key(s, la_buffer_slice(&wrapped));
    if (la_is_ok(r))
        r = set_key(l, key, sizeof key);
    la_wipe(key, sizeof key);
    return r;
}

/* Key and first event are made together, so a log without events is one that was emptied, and events without a key are those of a log
 * that lost it: with the new key the work goes on, but neither is vouched for again. */
static la_result begin_log(const la_master_key *m, la_store *s, la_audit_log *l)
{
    static const la_actor system = {.kind = LA_ACTOR_SYSTEM};
    static const la_audit_event event = {.action = "audit.begin", .target_kind = "audit"};
    LA_TRY(put_key(m, s, l));
    return append(l, s, &system, &event, true);
}

static la_result make_log(const la_master_key *m, la_store *s, la_audit_log *l)
{
    LA_TRY(la_store_begin(s));
    la_result r = begin_log(m, s, l);
    if (la_is_ok(r))
        return la_store_commit(s);
    la_store_rollback(s);
    return r;
}

la_result la_audit_open(const la_master_key *m, la_store *s, la_audit_log **ret)
{
    la_audit_log *l = calloc(1, sizeof *l);
    if (!l)
        return la_fail(LA_NO_MEMORY, "there is no memory for the audit log");
    la_result r = read_key(m, s, l);
    if (r.code == LA_NOT_FOUND)
        r = make_log(m, s, l);
    if (r.code == LA_EXISTS) /* another process was faster */
        r = read_key(m, s, l);
    if (la_is_ok(r))
        *ret = l;
    else
        la_audit_close(l);
    return r;
}

la_audit_log *la_audit_close(la_audit_log *l)
{
    if (!l)
        return NULL;
    la_hasher_free(l->key);
    free(l);
    return NULL;
}
