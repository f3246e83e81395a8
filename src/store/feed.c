/*
 * The change feed: both how writers add to it and how a registry reads it.
 *
 * A change names an entity; the reader looks up what is there at the moment of reading and says PUT or DELETE. So a
 * change may show a state later than itself, and a later change shows it again: whoever has read to the end has
 * exactly what is there. How an application is put together for it is in feed_application.c.
 */
#include "store/feed_reader.h"
#include "store/sqlite_internal.h"

#include <string.h>

#define TRIM_EVERY 1024

/* ---- writing ---- */

static la_result trim(la_store *s)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "DELETE FROM change WHERE sequence <= (SELECT max(sequence) FROM change) - ?", &q));
    la_sql_int(&q, LA_FEED_KEPT);
    return la_sql_run(&q);
}

static la_result added(la_store *s)
{
    return sqlite3_last_insert_rowid(s->db) % TRIM_EVERY == 0 ? trim(s) : la_ok();
}

la_result la_feed_add(la_store *s, la_change_kind kind, uint16_t environment_id, la_slice key)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "INSERT INTO change (tag, kind, environment_id, key) VALUES (random(), ?, ?, ?)", &q));
    la_sql_int(&q, kind);
    la_sql_int(&q, environment_id);
    la_sql_text(&q, key);
    LA_TRY(la_sql_run(&q));
    return added(s);
}

la_result la_feed_add_range(la_store *s, uint64_t first_application_id, uint64_t last_application_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "INSERT INTO change (tag, kind, first_id, last_id) VALUES (random(), ?, ?, ?)", &q));
    la_sql_int(&q, LA_CHANGE_APPLICATIONS);
    la_sql_id(&q, first_application_id);
    la_sql_id(&q, last_application_id);
    LA_TRY(la_sql_run(&q));
    return added(s);
}

la_result la_feed_add_customers(la_store *s, uint64_t application_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO change (tag, kind, environment_id, key)"
                        " SELECT random(), ?, environment_id, customer_id FROM customer WHERE application_id = ?",
                        &q));
    la_sql_int(&q, LA_CHANGE_CUSTOMER);
    la_sql_id(&q, application_id);
    LA_TRY(la_sql_run(&q));
    return sqlite3_changes64(s->db) > 0 ? trim(s) : la_ok();
}

la_result la_feed_add_application(la_store *s, uint64_t application_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO change (tag, kind, environment_id, key)"
                        " SELECT random(), ?, environment_id, client_id FROM application WHERE application_id = ?",
                        &q));
    la_sql_int(&q, LA_CHANGE_APPLICATION);
    la_sql_id(&q, application_id);
    LA_TRY(la_sql_run(&q));
    if (sqlite3_changes64(s->db) == 0)
        return la_fail(LA_NOT_FOUND, "there is no such application");
    return added(s);
}

/* ---- giving out ---- */

la_result la_feed_give(la_feed_reader *f, const la_feed_item *item)
{
    f->items++;
    return f->each(f->self, item);
}

/* Steps through a statement each of whose rows is one item. */
static la_result give_rows(la_feed_reader *f, la_sql *q, void (*read)(la_sql *q, la_feed_item *ret))
{
    la_result r = la_ok();
    while (la_sql_next(q, &r)) {
        la_feed_item item = {0};
        read(q, &item);
        r = la_feed_give(f, &item);
    }
    return r;
}

static void read_environment(la_sql *q, la_feed_item *ret)
{
    ret->kind = LA_FEED_PUT_ENVIRONMENT;
    ret->environment.environment_id = (uint16_t)la_sql_get_int(q, 0);
    ret->environment.name = la_sql_get_slice(q, 1);
}

static void read_pepper(la_sql *q, la_feed_item *ret)
{
    ret->kind = LA_FEED_PUT_PEPPER;
    ret->pepper = la_sql_get_slice(q, 0);
}

static void read_customer(la_sql *q, la_feed_item *ret)
{
    ret->kind = LA_FEED_PUT_CUSTOMER;
    ret->customer.environment_id = (uint16_t)la_sql_get_int(q, 0);
    ret->customer.customer_id = la_sql_get_slice(q, 1);
    ret->customer.application_id = (uint64_t)la_sql_get_int(q, 2);
}

static void read_key(la_sql *q, la_feed_item *ret)
{
    ret->kind = LA_FEED_PUT_KEY;
    la_sql_get_key(q, &ret->key);
}

static void read_revocation(la_sql *q, la_feed_item *ret)
{
    ret->kind = LA_FEED_PUT_REVOCATION;
    la_sql_get_revocation(q, &ret->revocation);
}

static void read_authority(la_sql *q, la_feed_item *ret)
{
    ret->kind = LA_FEED_PUT_AUTHORITY;
    ret->authority.environment_id = (uint16_t)la_sql_get_int(q, 0);
    ret->authority.certificate = la_sql_get_slice(q, 1);
    ret->authority.crl = la_sql_get_slice(q, 2);
}

/* ---- changes ---- */

static la_result give_authority(la_feed_reader *f, uint16_t environment_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(
        f->store, "SELECT environment_id, certificate, crl FROM authority WHERE ?1 = 0 OR environment_id = ?1", &q));
    la_sql_int(&q, environment_id);
    return give_rows(f, &q, read_authority);
}

static la_result give_environment(la_feed_reader *f, uint16_t environment_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(f->store, "SELECT environment_id, name FROM environment WHERE environment_id = ?", &q));
    la_sql_int(&q, environment_id);
    return give_rows(f, &q, read_environment);
}

static la_result give_pepper(la_feed_reader *f)
{
    la_sql q;
    LA_TRY(la_sql_begin(f->store, "SELECT value FROM meta WHERE name = 'pepper'", &q));
    return give_rows(f, &q, read_pepper);
}

static la_result give_one_application(la_feed_reader *f, uint16_t environment_id, la_slice client_id)
{
    la_sql q;
    unsigned before = f->items;
    LA_TRY(la_sql_begin(
        f->store, LA_SELECT_APPLICATIONS " WHERE a.client_id = ? AND a.environment_id = ? ORDER BY s.number", &q));
    la_sql_text(&q, client_id);
    la_sql_int(&q, environment_id);
    LA_TRY(la_feed_give_applications(f, &q));
    if (f->items > before)
        return la_ok();
    la_feed_item gone = {.kind = LA_FEED_DELETE_APPLICATION};
    gone.application.environment_id = environment_id;
    gone.application.client_id = client_id;
    return la_feed_give(f, &gone);
}

static la_result give_range(la_feed_reader *f, int64_t first_id, int64_t last_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(
        f->store, LA_SELECT_APPLICATIONS " WHERE a.application_id BETWEEN ? AND ? ORDER BY a.application_id, s.number",
        &q));
    la_sql_int(&q, first_id);
    la_sql_int(&q, last_id);
    return la_feed_give_applications(f, &q);
}

static la_result give_customer(la_feed_reader *f, uint16_t environment_id, la_slice customer_id)
{
    la_sql q;
    unsigned before = f->items;
    LA_TRY(la_sql_begin(f->store,
                        "SELECT environment_id, customer_id, application_id FROM customer"
                        " WHERE environment_id = ? AND customer_id = ?",
                        &q));
    la_sql_int(&q, environment_id);
    la_sql_text(&q, customer_id);
    LA_TRY(give_rows(f, &q, read_customer));
    if (f->items > before)
        return la_ok();
    la_feed_item gone = {.kind = LA_FEED_DELETE_CUSTOMER};
    gone.customer.environment_id = environment_id;
    gone.customer.customer_id = customer_id;
    return la_feed_give(f, &gone);
}

static la_result give_key(la_feed_reader *f, uint16_t environment_id, la_slice kid)
{
    la_sql q;
    unsigned before = f->items;
    LA_TRY(la_sql_begin(f->store, LA_SELECT_KEYS " WHERE environment_id = ? AND kid = ?", &q));
    la_sql_int(&q, environment_id);
    la_sql_text(&q, kid);
    LA_TRY(give_rows(f, &q, read_key));
    if (f->items > before)
        return la_ok();
    la_feed_item gone = {.kind = LA_FEED_DELETE_KEY};
    gone.key.environment_id = environment_id;
    gone.key.kid = kid;
    return la_feed_give(f, &gone);
}

static la_result give_revocation(la_feed_reader *f, uint16_t environment_id, la_slice key)
{
    la_sql q;
    unsigned before = f->items;
    uint8_t list[LA_STATUS_LIST_ID_BYTES];
    la_feed_item gone = {.kind = LA_FEED_DELETE_REVOCATION};
    LA_TRY(la_revocation_read_key(f->store, environment_id, key, list, &gone.revocation));
    LA_TRY(la_revocation_select(f->store, &gone.revocation, &q));
    LA_TRY(give_rows(f, &q, read_revocation));
    return f->items > before ? la_ok() : la_feed_give(f, &gone);
}

enum { C_SEQUENCE, C_TAG, C_KIND, C_ENVIRONMENT, C_KEY, C_FIRST_ID, C_LAST_ID };

static la_result give_change(la_feed_reader *f, la_sql *q)
{
    uint16_t environment_id = (uint16_t)la_sql_get_int(q, C_ENVIRONMENT);
    la_slice key = la_sql_get_slice(q, C_KEY);
    switch (la_sql_get_int(q, C_KIND)) {
    case LA_CHANGE_ENVIRONMENT:
        return give_environment(f, environment_id);
    case LA_CHANGE_PEPPER:
        return give_pepper(f);
    case LA_CHANGE_APPLICATION:
        return give_one_application(f, environment_id, key);
    case LA_CHANGE_APPLICATIONS:
        return give_range(f, la_sql_get_int(q, C_FIRST_ID), la_sql_get_int(q, C_LAST_ID));
    case LA_CHANGE_CUSTOMER:
        return give_customer(f, environment_id, key);
    case LA_CHANGE_KEY:
        return give_key(f, environment_id, key);
    case LA_CHANGE_REVOCATION:
        return give_revocation(f, environment_id, key);
    case LA_CHANGE_AUTHORITY:
        return give_authority(f, environment_id);
    default:
        return la_fail(LA_CORRUPT, "%s: the database is damaged (change of kind %lld); restore it from a backup",
                       f->store->path, (long long)la_sql_get_int(q, C_KIND));
    }
}

/* A position fits where the change that it names is the one that is here. */
static la_result check_position(la_store *s, const la_feed_position *p)
{
    la_sql q;
    int64_t fits;
    if (memcmp(p->store, s->id, sizeof s->id) != 0)
        return la_fail(LA_CONFLICT, "the feed position is of another database");
    if (p->sequence == 0) { /* before the first change, which must still be there */
        LA_TRY(la_sql_begin(s, "SELECT coalesce(min(sequence), 1) = 1 FROM change", &q));
    } else {
        LA_TRY(la_sql_begin(s, "SELECT count(*) FROM change WHERE sequence = ? AND tag = ?", &q));
        la_sql_id(&q, p->sequence);
        la_sql_int(&q, (int64_t)p->tag);
    }
    LA_TRY(la_sql_run_int(&q, &fits));
    return fits ? la_ok() : la_fail(LA_CONFLICT, "the feed position is not of this database's past, or too old");
}

static la_result read_changes(la_feed_reader *f, la_feed_position *position, unsigned most)
{
    la_sql q;
    bool row;
    LA_TRY(check_position(f->store, position));
    LA_TRY(la_feed_find_certificates(f));
    LA_TRY(la_sql_begin(f->store,
                        "SELECT sequence, tag, kind, environment_id, key, first_id, last_id FROM change"
                        " WHERE sequence > ? ORDER BY sequence",
                        &q));
    la_sql_id(&q, position->sequence);
    do {
        LA_TRY(la_sql_step(&q, &row));
        if (!row)
            return la_ok();
        la_result r = give_change(f, &q);
        if (!la_is_ok(r)) {
            la_sql_done(&q);
            return r;
        }
        position->sequence = (uint64_t)la_sql_get_int(&q, C_SEQUENCE);
        position->tag = (uint64_t)la_sql_get_int(&q, C_TAG);
    } while (f->items < most);
    la_sql_done(&q);
    return la_ok();
}

la_result la_store_read_changes(la_store *s, la_feed_position *position, unsigned most, la_feed_fn each, void *self,
                                unsigned *ret_items)
{
    la_feed_reader f = {.store = s, .each = each, .self = self};
    la_feed_position p = *position;
    if (s->writing)
        return la_fail(LA_CONFLICT, "the store is in the middle of a group or an import");
    LA_TRY(la_read_begin(s));
    LA_TRY(la_read_end(s, read_changes(&f, &p, most)));
    *position = p;
    *ret_items = f.items;
    return la_ok();
}

/* ---- everything ---- */

static la_result newest_position(la_store *s, la_feed_position *ret)
{
    la_sql q;
    bool row;
    la_feed_position p = {0};
    memcpy(p.store, s->id, sizeof p.store);
    LA_TRY(la_sql_begin(s, "SELECT sequence, tag FROM change ORDER BY sequence DESC LIMIT 1", &q));
    LA_TRY(la_sql_step(&q, &row));
    if (row) {
        p.sequence = (uint64_t)la_sql_get_int(&q, C_SEQUENCE);
        p.tag = (uint64_t)la_sql_get_int(&q, C_TAG);
        la_sql_done(&q);
    }
    *ret = p;
    return la_ok();
}

static la_result read_all(la_feed_reader *f, la_feed_position *ret)
{
    la_sql q;
    LA_TRY(la_feed_find_certificates(f));
    LA_TRY(la_sql_begin(f->store, "SELECT environment_id, name FROM environment", &q));
    LA_TRY(give_rows(f, &q, read_environment));
    LA_TRY(give_pepper(f));
    LA_TRY(la_sql_begin(f->store, LA_SELECT_KEYS " ORDER BY key_id", &q));
    LA_TRY(give_rows(f, &q, read_key));
    LA_TRY(la_sql_begin(f->store, LA_SELECT_APPLICATIONS " ORDER BY a.application_id, s.number", &q));
    LA_TRY(la_feed_give_applications(f, &q));
    LA_TRY(la_sql_begin(f->store,
                        "SELECT environment_id, customer_id, application_id FROM customer"
                        " ORDER BY environment_id, customer_id",
                        &q));
    LA_TRY(give_rows(f, &q, read_customer));
    LA_TRY(la_sql_begin(f->store, LA_SELECT_REVOCATIONS " ORDER BY revocation_id", &q));
    LA_TRY(give_rows(f, &q, read_revocation));
    LA_TRY(give_authority(f, 0));
    return newest_position(f->store, ret);
}

la_result la_store_read_all(la_store *s, la_feed_fn each, void *self, la_feed_position *ret)
{
    la_feed_reader f = {.store = s, .each = each, .self = self};
    la_feed_position p;
    if (s->writing)
        return la_fail(LA_CONFLICT, "the store is in the middle of a group or an import");
    LA_TRY(la_read_begin(s));
    LA_TRY(la_read_end(s, read_all(&f, &p)));
    *ret = p;
    return la_ok();
}
