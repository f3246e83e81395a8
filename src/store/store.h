/*
 * The store: the durable truth, behind operations that are named by intent. SQLite lives in store/ and
 * nowhere else, and no SQL shows here. A handle belongs to one thread at a time.
 *
 * Every operation is one transaction: done and durable, or nothing. Every change that the registry
 * must see adds to the change feed in that same transaction, under the write lock, so no number of the feed is
 * skipped. Times are seconds UTC. All calls can fail with UNAVAILABLE, FULL, CORRUPT, IO, NO_MEMORY and a detail.
 */
#ifndef LA_STORE_STORE_H
#define LA_STORE_STORE_H

#include "base/result.h"
#include "model/model.h"

typedef struct la_store la_store;

typedef enum la_store_mode {
    LA_STORE_CREATE,  /* creates the database where absent, migrates an older one */
    LA_STORE_MIGRATE, /* must exist (NOT_FOUND); migrates an older one */
} la_store_mode;

/* CORRUPT for what is no database of ours, NEWER (file untouched) for a later schema version. */
la_result la_store_open(const char *path, la_store_mode mode, la_store **ret);
la_store *la_store_close(la_store *s); /* takes NULL; returns NULL */

/* False once a file that was opened, the database, its write-ahead log or the index of that, is no longer the one at its path (moved away,
 * removed, replaced), or the database cannot be read. Then close it: what begins to write is refused, and this process cannot open it anew
 * before. */
bool la_store_is_present(la_store *s);

/* Changes whenever another connection has committed; cheap enough to ask every 50 ms. */
la_result la_store_change_mark(la_store *s, uint64_t *ret);

/*
 * ---- groups ----
 * Several operations as one transaction: begin takes the write lock, what is called in between is part of it, commit makes all of
 * it durable at once. An operation that fails within a group undoes itself alone, so the caller may go on (and say in the audit log
 * that it failed) or roll back. Where it could not be undone alone (no room, no memory), all of the group is undone: whatever is called
 * then fails with the same code, commit too. Groups do not nest (CONFLICT). An import is a group of its own: it may be inside none, and
 * what is called between its begin and its end is part of it. Reads within a group see it; the feed cannot be read then (CONFLICT).
 * Nothing begins or ends within the callback of a listing.
 */
la_result la_store_begin(la_store *s);
la_result la_store_commit(la_store *s); /* on failure everything is rolled back; CONFLICT where no group is open */
void la_store_rollback(la_store *s);    /* nothing where none is open */

/* ---- the feed ---- */
typedef la_result (*la_feed_fn)(void *self, const la_feed_item *item);

/* Gives everything, as of one moment, and the position of that moment. */
la_result la_store_read_all(la_store *s, la_feed_fn each, void *self, la_feed_position *ret);

/* Gives what changed after *position (at most about `most` items, whole changes only) and moves *position.
 * CONFLICT where the position is not of this database or not of its past: then read_all. */
la_result la_store_read_changes(la_store *s, la_feed_position *position, unsigned most, la_feed_fn each, void *self,
                                unsigned *ret_items);

/* ---- meta ---- */
/* Gives each named environment an id, creating rows as needed. */
la_result la_store_ensure_environment(la_store *s, la_slice name, uint16_t *ret_id);
la_result la_store_find_environment(la_store *s, la_slice name, uint16_t *ret_id); /* NOT_FOUND */
/* Sets the wrapped pepper unless there is one (EXISTS); gets it into `ret` (NOT_FOUND). */
la_result la_store_put_pepper(la_store *s, la_slice wrapped);
la_result la_store_get_pepper(la_store *s, uint8_t *ret, size_t max, size_t *ret_n);

/* ---- applications ---- */
typedef struct la_new_secret {
    la_secret_kind kind;
    uint8_t digest[LA_DIGEST_BYTES];
    la_slice slow_hash;
    la_slice wrapped;     /* LA_SECRET_WRAPPED: beside the digest */
    la_slice hint;        /* for people: "las_live_aB3…x9Zk" */
    int64_t expires_at_s; /* 0: never */
} la_new_secret;

typedef struct la_new_application {
    uint16_t environment_id;
    la_slice client_id;
    la_slice name;
    la_slice scopes;
    la_auth_method auth_method;
    bool enabled;
    la_slice registration;       /* JSON (model/registration.h); absent or empty: nothing */
    const la_new_secret *secret; /* NULL: none yet */
} la_new_application;

typedef struct la_application_row {
    uint64_t application_id;
    uint16_t environment_id;
    char environment[LA_ENVIRONMENT_NAME_MAX + 1];
    char client_id[LA_CLIENT_ID_MAX + 1];
    char name[LA_NAME_MAX + 1];
    char scopes[LA_SCOPES_MAX + 1];
    la_auth_method auth_method;
    bool enabled;
    char registration[LA_REGISTRATION_MAX + 1]; /* JSON; "" where nothing was registered */
    int64_t created_at_s;
    int64_t updated_at_s;   /* of the row itself; its secrets do not count */
    uint64_t version;       /* from 1; grows with each change of the row: the ETag of the admin API */
    unsigned live_secrets;  /* neither revoked nor expired at the moment of reading */
    int64_t last_used_at_s; /* the latest of its secrets; 0: never */
} la_application_row;

/* EXISTS where the environment has that client_id. */
la_result la_store_create_application(la_store *s, const la_new_application *a, int64_t now_s);

/* Bulk creation, all or nothing: begin, add each, then commit or abort. One feed entry for all of it. The write
 * lock is held in between. EXISTS from add names the client_id in the detail. */
la_result la_store_import_begin(la_store *s);
la_result la_store_import_add(la_store *s, const la_new_application *a, int64_t now_s);
la_result la_store_import_commit(la_store *s);
void la_store_import_abort(la_store *s);

/* By client_id; environment_id 0 means any, and CONFLICT where several environments have it. NOT_FOUND. */
la_result la_store_find_application(la_store *s, uint16_t environment_id, la_slice client_id, la_application_row *ret);

/* Which applications a listing gives. All zero: every one of every environment. */
typedef struct la_application_filter {
    uint16_t environment_id; /* 0: all */
    uint64_t after_id;       /* those with a greater application_id */
    la_slice search; /* part of the name without regard to case, or beginning of the client_id; absent or empty: all */
    int enabled;     /* 1: enabled ones; -1: disabled ones; 0: both */
} la_application_filter;

/* In order of application_id, at most `limit`. A search that begins a UUID (8 characters or more) and an existing client_id finds
 * client_ids only. INVALID where it is longer than LA_NAME_MAX or holds a zero byte. */
typedef la_result (*la_application_fn)(void *self, const la_application_row *row);
la_result la_store_list_applications(la_store *s, const la_application_filter *filter, unsigned limit,
                                     la_application_fn each, void *self);
la_result la_store_count_applications(la_store *s, uint16_t environment_id, uint64_t *ret); /* environment_id 0: all */

/* Sets what is given (absent slices and a NULL pointer stay as they are). STALE where the row's version is another than
 * `expected_version` (0: whatever it is). NOT_FOUND. */
typedef struct la_application_change {
    la_slice name;
    la_slice scopes;
    const la_auth_method *auth_method; /* any but client_secret_jwt: what is wrapped of its secrets is dropped */
    const bool *enabled;
    la_slice registration;
} la_application_change;
la_result la_store_update_application(la_store *s, uint64_t application_id, uint64_t expected_version,
                                      const la_application_change *change, int64_t now_s);
la_result la_store_delete_application(la_store *s, uint64_t application_id); /* with secrets and customers */

/* ---- secrets ---- */
typedef struct la_secret_row {
    uint64_t secret_id;
    char hint[40];
    la_secret_kind kind;
    int64_t created_at_s;
    int64_t expires_at_s;   /* 0: never */
    int64_t revoked_at_s;   /* 0: not */
    int64_t last_used_at_s; /* 0: never */
} la_secret_row;

/* CONFLICT where `most` secrets are live (neither revoked nor expired) already. */
la_result la_store_add_secret(la_store *s, uint64_t application_id, const la_new_secret *secret, unsigned most,
                              int64_t now_s, uint64_t *ret_secret_id);
typedef la_result (*la_secret_fn)(void *self, const la_secret_row *row);
la_result la_store_list_secrets(la_store *s, uint64_t application_id, la_secret_fn each, void *self);
la_result la_store_find_secret(la_store *s, uint64_t application_id, uint64_t secret_id,
                               la_secret_row *ret); /* NOT_FOUND */
/* NOT_FOUND where the application has no such secret; revoking twice is no error and keeps the first time. */
la_result la_store_revoke_secret(la_store *s, uint64_t application_id, uint64_t secret_id, int64_t now_s);
/* An imported secret was right: from now on it is checked by its keyed digest. */
la_result la_store_upgrade_secret(la_store *s, uint64_t secret_id, const uint8_t digest[LA_DIGEST_BYTES]);

typedef struct la_last_used {
    uint64_t secret_id;
    int64_t at_s;
} la_last_used;
/* Never moves a time backwards; unknown ids are passed over. Adds nothing to the feed. */
la_result la_store_put_last_used(la_store *s, const la_last_used *uses, size_t n);

/* ---- customers ---- */
typedef struct la_customer_row {
    char customer_id[LA_CUSTOMER_ID_MAX + 1];
    char app_user_id[LA_NAME_MAX + 1]; /* "" where not given */
    int64_t created_at_s;
} la_customer_row;

/* EXISTS where the environment has that customer, whoever owns it. */
la_result la_store_add_customer(la_store *s, uint64_t application_id, la_slice customer_id, la_slice app_user_id,
                                int64_t now_s);
typedef la_result (*la_customer_fn)(void *self, const la_customer_row *row);
/* In order of customer_id, those that begin with `prefix` (empty: all) and come after `after` (empty: from the start), at most
 * `limit`. */
la_result la_store_list_customers(la_store *s, uint64_t application_id, la_slice prefix, la_slice after, unsigned limit,
                                  la_customer_fn each, void *self);
la_result la_store_remove_customer(la_store *s, uint64_t application_id, la_slice customer_id); /* NOT_FOUND */

/* ---- signing keys ---- */
/* The slices of a record that is handed to `each` live until it returns. Order: published_at, key_id. */
typedef la_result (*la_key_fn)(void *self, const la_key_record *key);
la_result la_store_list_keys(la_store *s, uint16_t environment_id, la_key_fn each, void *self);

/*
 * Adds a key and, in the same transaction, sets retires_at and removed_at of those that it succeeds (`retired`, by
 * key_id). CONFLICT where the environment's newest key is not `expected_newest_key_id` (0: there must be none):
 * another node was faster.
 */
typedef struct la_key_retirement {
    uint64_t key_id;
    int64_t retires_at_s;
    int64_t removed_at_s;
} la_key_retirement;
la_result la_store_add_key(la_store *s, const la_key_record *key, uint64_t expected_newest_key_id,
                           const la_key_retirement *retired, size_t n_retired);

/* Deletes the environment's keys with removed_at_s != 0 and <= now_s. */
la_result la_store_delete_removed_keys(la_store *s, uint16_t environment_id, int64_t now_s);

/* ---- revocations ---- */

/* Durable once it returns. *ret_changed is false where all of it was revoked already: a token twice, or a credential or an application up
 * to a later moment. INVALID where the record is none; NOT_FOUND for its environment. */
la_result la_store_revoke(la_store *s, const la_revocation_record *r, bool *ret_changed);

/* `r` says what is asked for (environment, kind, application and what goes with it) and gets the times. NOT_FOUND, without a detail,
 * where it is not revoked. */
la_result la_store_find_revocation(la_store *s, la_revocation_record *r);

/* Of an application, the newest first, those with a smaller revocation_id than `before_id` (0: all), at most `limit`. Slices of the record
 * live until `each` returns. */
typedef la_result (*la_revocation_fn)(void *self, uint64_t revocation_id, const la_revocation_record *r);
la_result la_store_list_revocations(la_store *s, uint64_t application_id, uint64_t before_id, unsigned limit,
                                    la_revocation_fn each, void *self);

/* Deletes those with expires_at_s <= now_s, at most `most`; takes no write lock where there is none. */
la_result la_store_expire_revocations(la_store *s, int64_t now_s, unsigned most, unsigned *ret_n);

#endif
