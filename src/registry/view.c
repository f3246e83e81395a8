/* Reading the registry: one LMDB read transaction a thread, reset and renewed instead of made anew. */
#include "registry/internal.h"

#include <stdlib.h>

struct la_registry_view {
    la_registry *registry;
    MDB_txn *txn;
    bool awake;
};

la_result la_registry_view_new(la_registry *r, la_registry_view **ret)
{
    la_registry_view *v = calloc(1, sizeof *v);
    if (!v)
        return la_fail(LA_NO_MEMORY, "out of memory");
    v->registry = r;
    int e = mdb_txn_begin(r->env, NULL, MDB_RDONLY, &v->txn);
    if (e) {
        free(v);
        return la_registry_lmdb_result(e, "the registry takes no more readers");
    }
    mdb_txn_reset(v->txn);
    *ret = v;
    return la_ok();
}

la_registry_view *la_registry_view_free(la_registry_view *v)
{
    if (v) {
        mdb_txn_abort(v->txn);
        free(v);
    }
    return NULL;
}

la_result la_registry_view_refresh(la_registry_view *v)
{
    la_registry_view_rest(v);
    int e = mdb_txn_renew(v->txn);
    if (e)
        return la_registry_lmdb_result(e, "the registry cannot be read");
    v->awake = true;
    return la_ok();
}

void la_registry_view_rest(la_registry_view *v)
{
    if (v->awake)
        mdb_txn_reset(v->txn);
    v->awake = false;
}

static la_result get(la_registry_view *v, la_record_kind kind, uint16_t environment_id, la_slice name, la_slice *ret)
{
    if (!v->awake)
        return la_fail(LA_CONFLICT, "the registry view is at rest");
    return la_registry_get(v->txn, v->registry->dbi, kind, environment_id, name, ret);
}

la_result la_registry_find_application(la_registry_view *v, uint16_t environment_id, la_slice client_id,
                                       la_application_record *ret)
{
    la_slice value;
    LA_TRY(get(v, LA_RECORD_APPLICATION, environment_id, client_id, &value));
    LA_TRY(la_record_read_application(value, ret));
    ret->client_id = client_id;
    return la_ok();
}

la_result la_registry_find_customer(la_registry_view *v, uint16_t environment_id, la_slice customer_id,
                                    uint64_t *ret_application_id)
{
    la_slice value;
    LA_TRY(get(v, LA_RECORD_CUSTOMER, environment_id, customer_id, &value));
    return la_record_read_u64(value, ret_application_id);
}

la_result la_registry_find_environment(la_registry_view *v, la_slice name, uint16_t *ret_id)
{
    la_slice value;
    uint64_t id;
    LA_TRY(get(v, LA_RECORD_ENVIRONMENT, 0, name, &value));
    LA_TRY(la_record_read_u64(value, &id));
    *ret_id = (uint16_t)id;
    return la_ok();
}

la_result la_registry_find_pepper(la_registry_view *v, la_slice *ret_wrapped)
{
    return get(v, LA_RECORD_META, 0, LA_META_PEPPER, ret_wrapped);
}

static la_result each_key(MDB_cursor *cursor, la_slice prefix, la_registry_key_fn each, void *self)
{
    MDB_val key = {prefix.n, (void *)(uintptr_t)prefix.p}, value;
    int e = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!e && la_slice_starts((la_slice){key.mv_data, key.mv_size}, prefix)) {
        la_key_record record;
        LA_TRY(la_record_read_key_record((la_slice){value.mv_data, value.mv_size}, &record));
        LA_TRY(each(self, &record));
        e = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    return e && e != MDB_NOTFOUND ? la_registry_lmdb_result(e, "the registry cannot be read") : la_ok();
}

la_result la_registry_each_key(la_registry_view *v, uint16_t environment_id, la_registry_key_fn each, void *self)
{
    if (!v->awake)
        return la_fail(LA_CONFLICT, "the registry view is at rest");
    MDB_cursor *cursor = NULL;
    int e = mdb_cursor_open(v->txn, v->registry->dbi, &cursor);
    if (e)
        return la_registry_lmdb_result(e, "the registry cannot be read");
    char prefix[3] = {LA_RECORD_KEY, (char)(environment_id >> 8), (char)(environment_id & 0xFF)};
    la_result r = each_key(cursor, (la_slice){prefix, sizeof prefix}, each, self);
    mdb_cursor_close(cursor);
    return r;
}

la_result la_registry_find_revocation(la_registry_view *v, la_revocation_record *revocation)
{
    char memory[LA_RECORD_KEY_MAX];
    la_buffer name;
    la_slice value;
    la_buffer_init_fixed(&name, memory, sizeof memory);
    la_record_write_revocation_name(revocation, &name);
    if (!la_buffer_ok(&name))
        return la_error(LA_NOT_FOUND);
    LA_TRY(get(v, LA_RECORD_REVOCATION, revocation->environment_id, la_buffer_slice(&name), &value));
    return la_record_read_revocation(value, revocation);
}

static la_result latest_of(MDB_cursor *cursor, la_slice prefix, int64_t *ret_before_s)
{
    bool any = false;
    la_revocation_record one;
    MDB_val key = {prefix.n, (void *)(uintptr_t)prefix.p}, value;
    int e = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!e && la_slice_starts((la_slice){key.mv_data, key.mv_size}, prefix)) {
        LA_TRY(la_record_read_revocation((la_slice){value.mv_data, value.mv_size}, &one));
        if (!any || one.before_s > *ret_before_s)
            *ret_before_s = one.before_s;
        any = true;
        e = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    if (e && e != MDB_NOTFOUND)
        return la_registry_lmdb_result(e, "the registry cannot be read");
    return any ? la_ok() : la_error(LA_NOT_FOUND);
}

la_result la_registry_find_revoked_customer(la_registry_view *v, uint16_t environment_id, uint64_t application_id,
                                            const uint8_t digest[LA_CUSTOMER_DIGEST_BYTES], int64_t *ret_before_s)
{
    char name_memory[LA_RECORD_KEY_MAX], memory[LA_RECORD_KEY_MAX];
    la_buffer name, prefix;
    MDB_cursor *cursor = NULL;
    if (!v->awake)
        return la_fail(LA_CONFLICT, "the registry view is at rest");
    la_buffer_init_fixed(&name, name_memory, sizeof name_memory);
    la_buffer_init_fixed(&prefix, memory, sizeof memory);
    la_record_write_customer_prefix(application_id, digest, &name);
    LA_TRY(la_record_write_key(LA_RECORD_REVOCATION, environment_id, la_buffer_slice(&name), &prefix));
    int e = mdb_cursor_open(v->txn, v->registry->dbi, &cursor);
    if (e)
        return la_registry_lmdb_result(e, "the registry cannot be read");
    la_result r = latest_of(cursor, la_buffer_slice(&prefix), ret_before_s);
    mdb_cursor_close(cursor);
    return r;
}

static la_result each_listed(MDB_cursor *cursor, la_slice prefix, la_registry_listed_fn each, void *self)
{
    MDB_val key = {prefix.n, (void *)(uintptr_t)prefix.p}, value;
    int e = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!e && la_slice_starts((la_slice){key.mv_data, key.mv_size}, prefix)) {
        uint32_t index;
        if (la_record_read_listed_index((la_slice){key.mv_data, key.mv_size}, &index))
            each(self, index);
        e = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    return e && e != MDB_NOTFOUND ? la_registry_lmdb_result(e, "the registry cannot be read") : la_ok();
}

la_result la_registry_each_listed(la_registry_view *v, uint16_t environment_id, la_slice list,
                                  la_registry_listed_fn each, void *self)
{
    char memory[LA_RECORD_KEY_MAX];
    la_buffer prefix;
    MDB_cursor *cursor = NULL;
    if (!v->awake)
        return la_fail(LA_CONFLICT, "the registry view is at rest");
    la_buffer_init_fixed(&prefix, memory, sizeof memory);
    LA_TRY(la_record_write_key(LA_RECORD_LISTED, environment_id, list, &prefix));
    int e = mdb_cursor_open(v->txn, v->registry->dbi, &cursor);
    if (e)
        return la_registry_lmdb_result(e, "the registry cannot be read");
    la_result r = each_listed(cursor, la_buffer_slice(&prefix), each, self);
    mdb_cursor_close(cursor);
    return r;
}

la_result la_registry_find_authority(la_registry_view *v, uint16_t environment_id, la_authority_record *ret)
{
    la_slice certificate, crl = LA_NO_SLICE;
    LA_TRY(get(v, LA_RECORD_AUTHORITY, environment_id, LA_AUTHORITY_CERTIFICATE, &certificate));
    la_result r = get(v, LA_RECORD_AUTHORITY, environment_id, LA_AUTHORITY_CRL, &crl);
    if (!la_is_ok(r) && r.code != LA_NOT_FOUND)
        return r;
    *ret = (la_authority_record){environment_id, certificate, crl};
    return la_ok();
}

uint64_t la_registry_count_applications(la_registry_view *v)
{
    la_slice value;
    uint64_t n = 0;
    if (!la_is_ok(get(v, LA_RECORD_META, 0, LA_META_APPLICATIONS, &value)) || !la_is_ok(la_record_read_u64(value, &n)))
        return 0;
    return n;
}
