/*
 * The registry: everything that the token path looks up, in one memory-mapped file (LMDB) that this
 * node alone writes. Readers never wait. It follows the store by the change feed and can be deleted at
 * any time: it is rebuilt. Knows LMDB; must know no SQL and no socket.
 */
#ifndef LA_REGISTRY_REGISTRY_H
#define LA_REGISTRY_REGISTRY_H

#include "base/result.h"
#include "model/model.h"

typedef struct la_registry la_registry;
typedef struct la_registry_view la_registry_view;
typedef struct la_registry_batch la_registry_batch;

/* Opens the directory, creating it (0700) where absent. One process at a time: CONFLICT where another one has it
 * open. A damaged or foreign file is moved aside and begun anew. IO, FULL, NO_MEMORY. */
la_result la_registry_open(const char *directory, la_registry **ret);
la_registry *la_registry_free(la_registry *r); /* after all its views; takes NULL */

/* False before the first complete feed: nothing can be served from it. */
bool la_registry_is_filled(la_registry *r);

/* A reader of one thread. */
la_result la_registry_view_new(la_registry *r, la_registry_view **ret);
la_registry_view *la_registry_view_free(la_registry_view *v);

/* From here until rest (or the next refresh) all look-ups see one and the same, newest state, and what they give
 * out stays valid. A view must not stay awake while its thread sleeps: old pages could not be reused. */
la_result la_registry_view_refresh(la_registry_view *v);
void la_registry_view_rest(la_registry_view *v);

/* NOT_FOUND, without a detail, where there is none. The record's slices point into the map. */
la_result la_registry_find_application(la_registry_view *v, uint16_t environment_id, la_slice client_id,
                                       la_application_record *ret);
la_result la_registry_find_customer(la_registry_view *v, uint16_t environment_id, la_slice customer_id,
                                    uint64_t *ret_application_id);
la_result la_registry_find_environment(la_registry_view *v, la_slice name, uint16_t *ret_id);
la_result la_registry_find_pepper(la_registry_view *v, la_slice *ret_wrapped);

/* Calls `each` for every signing key of the environment, by kid; stops and returns the first failure. */
typedef la_result (*la_registry_key_fn)(void *self, const la_key_record *key);
la_result la_registry_each_key(la_registry_view *v, uint16_t environment_id, la_registry_key_fn each, void *self);

/* What is revoked. `revocation` says what is asked for (environment, kind and what goes with it) and gets the times. NOT_FOUND
 * where it is not. */
la_result la_registry_find_revocation(la_registry_view *v, la_revocation_record *revocation);

/* The same of a customer of whom the digest alone is known: *ret_before_s is the latest moment. */
la_result la_registry_find_revoked_customer(la_registry_view *v, uint16_t environment_id, uint64_t application_id,
                                            const uint8_t digest[LA_CUSTOMER_DIGEST_BYTES], int64_t *ret_before_s);

/* Calls `each` for every revoked token of a status list, in order of its index. */
typedef void (*la_registry_listed_fn)(void *self, uint32_t index);
la_result la_registry_each_listed(la_registry_view *v, uint16_t environment_id, la_slice list,
                                  la_registry_listed_fn each, void *self);

/* The environment's own certificate authority; NOT_FOUND where it has none. Slices point into the map. */
la_result la_registry_find_authority(la_registry_view *v, uint16_t environment_id, la_authority_record *ret);

/* Applications of all environments, for metrics. */
uint64_t la_registry_count_applications(la_registry_view *v);

/* Where the registry stands; NOT_FOUND where it was never filled. */
la_result la_registry_position(la_registry *r, la_feed_position *ret);

/*
 * Writing, by one thread. Items are applied in order; the batch becomes visible, durable and positioned at
 * once by commit. With `from_scratch`, all that was there before is gone with that same commit.
 */
la_result la_registry_batch_begin(la_registry *r, bool from_scratch, la_registry_batch **ret);
la_result la_registry_batch_apply(la_registry_batch *b, const la_feed_item *item);
la_result la_registry_batch_commit(la_registry_batch *b,
                                   const la_feed_position *position); /* frees b, also on failure */
la_registry_batch *la_registry_batch_abort(la_registry_batch *b);     /* takes NULL */

#endif
