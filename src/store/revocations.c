/*
 * Revocations: single tokens, and moments up to which everything of a credential, of an application, or of one customer of it is revoked. A change of the feed
 * names one by all that the registry needs to take it away again, because its row is gone by then.
 */
#include "store/sqlite_internal.h"

#include "base/base64url.h"

#include <stdio.h>

/* Kind, application, tag, jti or customer_id, list, index, with blanks in between; absent ones are "-", which may be a customer's, too. */
#define KEY_MAX (3 + 21 + 11 + LA_JTI_MAX + 1 + LA_BASE64URL_CHARS(LA_STATUS_LIST_ID_BYTES) + 1 + 11)

_Static_assert(LA_CUSTOMER_ID_MAX <= LA_JTI_MAX, "one takes the place of the other");

/* A jti or a customer_id: without a blank, which parts them from what else there is. */
static bool is_name(la_slice name, size_t max)
{
    if (name.n == 0 || name.n > max)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~')
            return false;
    return true;
}

static la_result check(const la_revocation_record *r)
{
    if (r->kind < LA_REVOKED_TOKEN || r->kind > LA_REVOKED_CUSTOMER)
        return la_fail(LA_INVALID, "the kind of revocation is unknown");
    if ((r->kind == LA_REVOKED_TOKEN) != (r->jti.p != NULL) || (r->jti.p && !is_name(r->jti, LA_JTI_MAX)))
        return la_fail(LA_INVALID, "the jti is absent, or has other characters than a jti, or more than %d",
                       LA_JTI_MAX);
    if ((r->kind == LA_REVOKED_CUSTOMER) != (r->customer_id.p != NULL) ||
        (r->customer_id.p && !is_name(r->customer_id, LA_CUSTOMER_ID_MAX)))
        return la_fail(LA_INVALID, "the customer_id is absent, or has other characters than one, or more than %d",
                       LA_CUSTOMER_ID_MAX);
    if (r->kind != LA_REVOKED_CREDENTIAL && r->credential_tag != 0)
        return la_fail(LA_INVALID, "only what is revoked of a credential has its tag");
    if (r->list.p && (r->kind != LA_REVOKED_TOKEN || r->list.n != LA_STATUS_LIST_ID_BYTES))
        return la_fail(LA_INVALID, "the status list is not one of a token");
    if (r->application_id > INT64_MAX || r->before_s < 0 || r->expires_at_s < 0)
        return la_fail(LA_INVALID, "the application or a time is out of range");
    return la_ok();
}

static la_slice name_of(const la_revocation_record *r, la_slice none)
{
    if (r->kind == LA_REVOKED_CUSTOMER)
        return r->customer_id;
    return r->jti.p ? r->jti : none;
}

/* ---- the feed ---- */

static la_slice write_key(const la_revocation_record *r, char memory[KEY_MAX])
{
    char list[LA_BASE64URL_CHARS(LA_STATUS_LIST_ID_BYTES)] = "-";
    int list_chars = 1;
    if (r->list.p) {
        la_base64url_encode(r->list.p, LA_STATUS_LIST_ID_BYTES, list);
        list_chars = (int)sizeof list;
    }
    la_slice name = name_of(r, LA_SLICE("-"));
    int n = snprintf(memory, KEY_MAX, "%d %llu %u %.*s %.*s %u", (int)r->kind, (unsigned long long)r->application_id,
                     r->credential_tag, LA_FMT(name), list_chars, list, r->list_index);
    return (la_slice){memory, (size_t)n};
}

static bool read_number(la_slice *rest, unsigned long long max, unsigned long long *ret)
{
    la_slice part;
    return la_slice_split(rest, ' ', &part) && la_slice_to_u64(part, max, ret);
}

la_result la_revocation_read_key(la_store *s, uint16_t environment_id, la_slice key,
                                 uint8_t list[LA_STATUS_LIST_ID_BYTES], la_revocation_record *ret)
{
    unsigned long long kind, application_id, tag, list_index;
    la_slice name, list_text;
    size_t n = 0;
    bool ok = read_number(&key, LA_REVOKED_CUSTOMER, &kind) && read_number(&key, INT64_MAX, &application_id) &&
              read_number(&key, UINT32_MAX, &tag) && la_slice_split(&key, ' ', &name) &&
              la_slice_split(&key, ' ', &list_text) && read_number(&key, UINT32_MAX, &list_index);
    bool has_list = ok && !la_slice_is(list_text, "-");
    if (has_list)
        ok = la_is_ok(la_base64url_decode(list_text, list, LA_STATUS_LIST_ID_BYTES, &n)) &&
             n == LA_STATUS_LIST_ID_BYTES;
    la_revocation_record r = {
        .environment_id = environment_id,
        .kind = ok ? (la_revocation_kind)kind : 0,
        .application_id = ok ? application_id : 0,
        .credential_tag = ok ? (uint32_t)tag : 0,
        .jti = ok && kind == LA_REVOKED_TOKEN ? name : LA_NO_SLICE,
        .customer_id = ok && kind == LA_REVOKED_CUSTOMER ? name : LA_NO_SLICE,
        .list = has_list ? (la_slice){(const char *)list, LA_STATUS_LIST_ID_BYTES} : LA_NO_SLICE,
        .list_index = ok ? (uint32_t)list_index : 0,
    };
    if (!ok || !la_is_ok(check(&r)))
        return la_fail(LA_CORRUPT, "%s: the database is damaged (change of a revocation); restore it from a backup",
                       s->path);
    *ret = r;
    return la_ok();
}

static la_result add_to_feed(la_store *s, const la_revocation_record *r)
{
    char memory[KEY_MAX];
    return la_feed_add(s, LA_CHANGE_REVOCATION, r->environment_id, write_key(r, memory));
}

/* ---- reading ---- */

enum { R_ID, R_ENVIRONMENT, R_KIND, R_APPLICATION, R_TAG, R_NAME, R_BEFORE, R_EXPIRES, R_LIST, R_LIST_INDEX };

void la_sql_get_revocation(la_sql *q, la_revocation_record *ret)
{
    *ret = (la_revocation_record){
        .environment_id = (uint16_t)la_sql_get_int(q, R_ENVIRONMENT),
        .kind = (la_revocation_kind)la_sql_get_int(q, R_KIND),
        .application_id = (uint64_t)la_sql_get_int(q, R_APPLICATION),
        .credential_tag = (uint32_t)la_sql_get_int(q, R_TAG),
        .before_s = la_sql_get_int(q, R_BEFORE),
        .expires_at_s = la_sql_get_int(q, R_EXPIRES),
        .list = la_sql_get_slice(q, R_LIST),
        .list_index = (uint32_t)la_sql_get_int(q, R_LIST_INDEX),
    };
    la_slice name = la_sql_get_slice(q, R_NAME);
    if (ret->kind == LA_REVOKED_TOKEN)
        ret->jti = name;
    if (ret->kind == LA_REVOKED_APPLICATION && name.n) {
        ret->kind = LA_REVOKED_CUSTOMER;
        ret->customer_id = name;
    }
}

#define THAT_ONE " WHERE environment_id = ? AND kind = ? AND application_id = ? AND credential_tag = ? AND name = ?"

static void bind_name(la_sql *q, const la_revocation_record *r)
{
    la_sql_int(q, r->environment_id);
    la_sql_int(q, r->kind == LA_REVOKED_CUSTOMER ? LA_REVOKED_APPLICATION : r->kind); /* with a name */
    la_sql_id(q, r->application_id);
    la_sql_int(q, r->credential_tag);
    la_sql_text(q, name_of(r, LA_SLICE("")));
}

la_result la_revocation_select(la_store *s, const la_revocation_record *r, la_sql *ret)
{
    LA_TRY(la_sql_begin(s, LA_SELECT_REVOCATIONS THAT_ONE, ret));
    bind_name(ret, r);
    return la_ok();
}

static la_result find(la_store *s, la_revocation_record *r)
{
    la_sql q;
    bool row;
    LA_TRY(la_revocation_select(s, r, &q));
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return la_error(LA_NOT_FOUND);
    r->before_s = la_sql_get_int(&q, R_BEFORE);
    r->expires_at_s = la_sql_get_int(&q, R_EXPIRES);
    la_sql_done(&q);
    return la_ok();
}

la_result la_store_find_revocation(la_store *s, la_revocation_record *r)
{
    LA_TRY(check(r));
    LA_TRY(la_read_begin(s));
    return la_read_end(s, find(s, r));
}

static la_result list(la_store *s, uint64_t application_id, uint64_t before_id, unsigned limit, la_revocation_fn each,
                      void *self)
{
    la_sql q;
    la_result result = la_ok();
    LA_TRY(la_sql_begin(s,
                        LA_SELECT_REVOCATIONS " WHERE application_id = ? AND revocation_id < ?"
                                              " ORDER BY revocation_id DESC LIMIT ?",
                        &q));
    la_sql_id(&q, application_id);
    la_sql_int(&q, before_id == 0 || before_id > INT64_MAX ? INT64_MAX : (int64_t)before_id);
    la_sql_int(&q, limit);
    while (la_sql_next(&q, &result)) {
        la_revocation_record r;
        la_sql_get_revocation(&q, &r);
        result = each(self, (uint64_t)la_sql_get_int(&q, R_ID), &r);
    }
    return result;
}

la_result la_store_list_revocations(la_store *s, uint64_t application_id, uint64_t before_id, unsigned limit,
                                    la_revocation_fn each, void *self)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, list(s, application_id, before_id, limit, each, self));
}

/* ---- adding ---- */

/* The later of two moments, and the longer of two lives: what was revoked stays so. */
static la_result insert(la_store *s, const la_revocation_record *r)
{
    la_sql q;
    LA_TRY(la_sql_begin(
        s,
        "INSERT INTO revocation (environment_id, kind, application_id, credential_tag, name, before_s, expires_at_s,"
        " list, list_index) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (environment_id, kind, application_id, credential_tag, name) DO UPDATE"
        " SET before_s = max(before_s, excluded.before_s), expires_at_s = max(expires_at_s, excluded.expires_at_s)"
        " WHERE kind <> 1 AND (excluded.before_s > before_s OR excluded.expires_at_s > expires_at_s)",
        &q));
    bind_name(&q, r);
    la_sql_int(&q, r->before_s);
    la_sql_int(&q, r->expires_at_s);
    if (r->list.p)
        la_sql_blob(&q, r->list);
    else
        la_sql_null(&q);
    la_sql_int(&q, r->list.p ? r->list_index : 0);
    la_result result = la_sql_run(&q);
    return result.code == LA_NOT_FOUND
               ? la_fail(LA_NOT_FOUND, "the store has no environment %u", (unsigned)r->environment_id)
               : result;
}

static la_result revoke(la_store *s, const la_revocation_record *r, bool *ret_changed)
{
    LA_TRY(insert(s, r));
    *ret_changed = sqlite3_changes64(s->db) > 0;
    return *ret_changed ? add_to_feed(s, r) : la_ok();
}

la_result la_store_revoke(la_store *s, const la_revocation_record *r, bool *ret_changed)
{
    bool changed = false;
    LA_TRY(check(r));
    LA_TRY(la_write_begin(s));
    LA_TRY(la_write_end(s, revoke(s, r, &changed)));
    *ret_changed = changed;
    return la_ok();
}

/* ---- the end of them ---- */

static la_result expire_oldest(la_store *s, int64_t now_s, bool *ret_any)
{
    la_sql q;
    char memory[KEY_MAX];
    la_slice key;
    la_revocation_record r;
    LA_TRY(la_sql_begin(s, LA_SELECT_REVOCATIONS " WHERE expires_at_s <= ? ORDER BY expires_at_s LIMIT 1", &q));
    la_sql_int(&q, now_s);
    LA_TRY(la_sql_step(&q, ret_any));
    if (!*ret_any)
        return la_ok();
    la_sql_get_revocation(&q, &r);
    uint64_t id = (uint64_t)la_sql_get_int(&q, R_ID);
    uint16_t environment_id = r.environment_id;
    la_result result = check(&r);
    if (la_is_ok(result))
        key = write_key(&r, memory); /* the row's texts go with the statement */
    la_sql_done(&q);
    if (!la_is_ok(result))
        return la_fail(LA_CORRUPT, "%s: the database is damaged (a revocation); restore it from a backup", s->path);
    LA_TRY(la_sql_begin(s, "DELETE FROM revocation WHERE revocation_id = ?", &q));
    la_sql_id(&q, id);
    LA_TRY(la_sql_run(&q));
    return la_feed_add(s, LA_CHANGE_REVOCATION, environment_id, key);
}

static la_result expire(la_store *s, int64_t now_s, unsigned most, unsigned *ret_n)
{
    bool any = true;
    for (*ret_n = 0; *ret_n < most; ++*ret_n) {
        LA_TRY(expire_oldest(s, now_s, &any));
        if (!any)
            return la_ok();
    }
    return la_ok();
}

static la_result any_expired(la_store *s, int64_t now_s, int64_t *ret)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "SELECT EXISTS (SELECT 1 FROM revocation WHERE expires_at_s <= ?)", &q));
    la_sql_int(&q, now_s);
    return la_sql_run_int(&q, ret);
}

la_result la_store_expire_revocations(la_store *s, int64_t now_s, unsigned most, unsigned *ret_n)
{
    int64_t any = 0;
    unsigned n = 0;
    LA_TRY(la_read_begin(s)); /* nearly always there is nothing, and then nobody's write lock is taken */
    LA_TRY(la_read_end(s, any_expired(s, now_s, &any)));
    if (any) {
        LA_TRY(la_write_begin(s));
        LA_TRY(la_write_end(s, expire(s, now_s, most, &n)));
    }
    *ret_n = n;
    return la_ok();
}
