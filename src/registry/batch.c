/* Writing the registry: feed items and the position that they lead to, in one LMDB transaction. */
#include "registry/internal.h"

#include <stdlib.h>

struct la_registry_batch {
    la_registry *registry;
    MDB_txn *txn;
    uint64_t applications; /* counted along, so that nobody has to walk the file */
    la_buffer key, value;
    char key_memory[LA_RECORD_KEY_MAX];
    char value_memory[LA_RECORD_VALUE_MAX];
};

static la_result begin(la_registry_batch *b, bool from_scratch)
{
    int e = mdb_txn_begin(b->registry->env, NULL, 0, &b->txn);
    if (!e && from_scratch)
        e = mdb_drop(b->txn, b->registry->dbi, 0);
    if (e)
        return la_registry_lmdb_result(e, "the registry cannot be written");
    la_slice value;
    if (la_is_ok(la_registry_get(b->txn, b->registry->dbi, LA_RECORD_META, 0, LA_META_APPLICATIONS, &value)))
        return la_record_read_u64(value, &b->applications);
    return la_ok();
}

la_result la_registry_batch_begin(la_registry *r, bool from_scratch, la_registry_batch **ret)
{
    la_registry_batch *b = calloc(1, sizeof *b);
    if (!b)
        return la_fail(LA_NO_MEMORY, "out of memory");
    b->registry = r;
    la_buffer_init_fixed(&b->key, b->key_memory, sizeof b->key_memory);
    la_buffer_init_fixed(&b->value, b->value_memory, sizeof b->value_memory);
    la_result result = begin(b, from_scratch);
    if (!la_is_ok(result)) {
        la_registry_batch_abort(b);
        return result;
    }
    *ret = b;
    return la_ok();
}

la_registry_batch *la_registry_batch_abort(la_registry_batch *b)
{
    if (b) {
        if (b->txn)
            mdb_txn_abort(b->txn);
        free(b);
    }
    return NULL;
}

static la_result set_key(la_registry_batch *b, la_record_kind kind, uint16_t environment_id, la_slice name)
{
    la_buffer_clear(&b->key);
    la_buffer_clear(&b->value);
    if (!la_is_ok(la_record_write_key(kind, environment_id, name, &b->key)))
        return la_fail(LA_INVALID, "a name of %zu bytes does not fit the registry", name.n);
    return la_ok();
}

/* Puts the value buffer under the key buffer. */
static la_result put(la_registry_batch *b, bool *ret_is_new)
{
    if (!la_buffer_ok(&b->value))
        return la_fail(LA_TOO_LARGE, "a record does not fit the registry");
    MDB_val key = {b->key.n, b->key.p}, value = {b->value.n, b->value.p}, old;
    *ret_is_new = mdb_get(b->txn, b->registry->dbi, &key, &old) == MDB_NOTFOUND;
    int e = mdb_put(b->txn, b->registry->dbi, &key, &value, 0);
    return e ? la_registry_lmdb_result(e, "the registry cannot be written") : la_ok();
}

static la_result delete (la_registry_batch *b, bool *ret_was_there)
{
    MDB_val key = {b->key.n, b->key.p};
    int e = mdb_del(b->txn, b->registry->dbi, &key, NULL);
    *ret_was_there = e == 0;
    return e && e != MDB_NOTFOUND ? la_registry_lmdb_result(e, "the registry cannot be written") : la_ok();
}

static la_result put_application(la_registry_batch *b, const la_application_record *a)
{
    bool is_new;
    LA_TRY(set_key(b, LA_RECORD_APPLICATION, a->environment_id, a->client_id));
    la_record_write_application(a, &b->value);
    LA_TRY(put(b, &is_new));
    b->applications += is_new;
    return la_ok();
}

static la_result delete_application(la_registry_batch *b, const la_application_record *a)
{
    bool was_there;
    LA_TRY(set_key(b, LA_RECORD_APPLICATION, a->environment_id, a->client_id));
    LA_TRY(delete (b, &was_there));
    b->applications -= was_there;
    return la_ok();
}

static la_result put_u64(la_registry_batch *b, la_record_kind kind, uint16_t environment_id, la_slice name, uint64_t v)
{
    bool is_new;
    LA_TRY(set_key(b, kind, environment_id, name));
    la_record_write_u64(v, &b->value);
    return put(b, &is_new);
}

static la_result put_pepper(la_registry_batch *b, la_slice wrapped)
{
    bool is_new;
    LA_TRY(set_key(b, LA_RECORD_META, 0, LA_META_PEPPER));
    la_buffer_add(&b->value, wrapped);
    return put(b, &is_new);
}

static la_result put_key_record(la_registry_batch *b, const la_key_record *k)
{
    bool is_new;
    LA_TRY(set_key(b, LA_RECORD_KEY, k->environment_id, k->kid));
    la_record_write_key_record(k, &b->value);
    return put(b, &is_new);
}

static la_result delete_named(la_registry_batch *b, la_record_kind kind, uint16_t environment_id, la_slice name)
{
    bool was_there;
    LA_TRY(set_key(b, kind, environment_id, name));
    return delete (b, &was_there);
}

/* The name of a revocation's record, or of its place in a status list. */
#define REVOCATION_NAME_MAX 128

static la_slice revocation_name(const la_revocation_record *v, bool listed, char memory[REVOCATION_NAME_MAX])
{
    la_buffer name;
    la_buffer_init_fixed(&name, memory, REVOCATION_NAME_MAX);
    if (listed)
        la_record_write_listed_name(v->list, v->list_index, &name);
    else
        la_record_write_revocation_name(v, &name);
    return la_buffer_ok(&name) ? la_buffer_slice(&name) : LA_SLICE("");
}

static la_result put_revocation(la_registry_batch *b, const la_revocation_record *v)
{
    bool is_new;
    char memory[REVOCATION_NAME_MAX];
    LA_TRY(set_key(b, LA_RECORD_REVOCATION, v->environment_id, revocation_name(v, false, memory)));
    la_record_write_revocation(v, &b->value);
    LA_TRY(put(b, &is_new));
    if (!v->list.p)
        return la_ok();
    return put_u64(b, LA_RECORD_LISTED, v->environment_id, revocation_name(v, true, memory), (uint64_t)v->expires_at_s);
}

static la_result delete_revocation(la_registry_batch *b, const la_revocation_record *v)
{
    char memory[REVOCATION_NAME_MAX];
    LA_TRY(delete_named(b, LA_RECORD_REVOCATION, v->environment_id, revocation_name(v, false, memory)));
    if (!v->list.p)
        return la_ok();
    return delete_named(b, LA_RECORD_LISTED, v->environment_id, revocation_name(v, true, memory));
}

/* As it is, past the buffer: a CRL may be large. */
static la_result put_blob(la_registry_batch *b, la_record_kind kind, uint16_t environment_id, la_slice name,
                          la_slice blob)
{
    LA_TRY(set_key(b, kind, environment_id, name));
    MDB_val key = {b->key.n, b->key.p}, value = {blob.n, (void *)(uintptr_t)blob.p};
    int e = mdb_put(b->txn, b->registry->dbi, &key, &value, 0);
    return e ? la_registry_lmdb_result(e, "the registry cannot be written") : la_ok();
}

static la_result put_authority(la_registry_batch *b, const la_authority_record *a)
{
    LA_TRY(put_blob(b, LA_RECORD_AUTHORITY, a->environment_id, LA_AUTHORITY_CERTIFICATE, a->certificate));
    return a->crl.p ? put_blob(b, LA_RECORD_AUTHORITY, a->environment_id, LA_AUTHORITY_CRL, a->crl) : la_ok();
}

la_result la_registry_batch_apply(la_registry_batch *b, const la_feed_item *item)
{
    switch (item->kind) {
    case LA_FEED_PUT_ENVIRONMENT:
        return put_u64(b, LA_RECORD_ENVIRONMENT, 0, item->environment.name, item->environment.environment_id);
    case LA_FEED_PUT_PEPPER:
        return put_pepper(b, item->pepper);
    case LA_FEED_PUT_APPLICATION:
        return put_application(b, &item->application);
    case LA_FEED_DELETE_APPLICATION:
        return delete_application(b, &item->application);
    case LA_FEED_PUT_CUSTOMER:
        return put_u64(b, LA_RECORD_CUSTOMER, item->customer.environment_id, item->customer.customer_id,
                       item->customer.application_id);
    case LA_FEED_DELETE_CUSTOMER:
        return delete_named(b, LA_RECORD_CUSTOMER, item->customer.environment_id, item->customer.customer_id);
    case LA_FEED_PUT_KEY:
        return put_key_record(b, &item->key);
    case LA_FEED_DELETE_KEY:
        return delete_named(b, LA_RECORD_KEY, item->key.environment_id, item->key.kid);
    case LA_FEED_PUT_REVOCATION:
        return put_revocation(b, &item->revocation);
    case LA_FEED_DELETE_REVOCATION:
        return delete_revocation(b, &item->revocation);
    case LA_FEED_PUT_AUTHORITY:
        return put_authority(b, &item->authority);
    }
    return la_fail(LA_INVALID, "unknown feed item %d", (int)item->kind);
}

static la_result finish(la_registry_batch *b, const la_feed_position *position)
{
    bool is_new;
    LA_TRY(put_u64(b, LA_RECORD_META, 0, LA_META_FORMAT, LA_REGISTRY_FORMAT));
    LA_TRY(put_u64(b, LA_RECORD_META, 0, LA_META_APPLICATIONS, b->applications));
    LA_TRY(set_key(b, LA_RECORD_META, 0, LA_META_POSITION));
    la_record_write_position(position, &b->value);
    LA_TRY(put(b, &is_new));
    int e = mdb_txn_commit(b->txn);
    b->txn = NULL; /* gone, also where the commit failed */
    return e ? la_registry_lmdb_result(e, "the registry cannot be written") : la_ok();
}

la_result la_registry_batch_commit(la_registry_batch *b, const la_feed_position *position)
{
    la_result r = finish(b, position);
    if (la_is_ok(r))
        atomic_store(&b->registry->filled, true);
    la_registry_batch_abort(b);
    return r;
}
