/*
 * Private keys that are in use: unwrapped once each, shared by snapshots and threads, wiped when the last one lets go.
 * Knows the master key and the registry's key records; no schedule.
 */
#ifndef LA_SERVER_SIGNING_KEYS_H
#define LA_SERVER_SIGNING_KEYS_H

#include "jose/key.h"
#include "jose/wrap.h"

/* A counted reference to an immutable key. */
typedef struct la_shared_key la_shared_key;

const la_key *la_shared_key_get(const la_shared_key *k);
la_shared_key *la_shared_key_hold(la_shared_key *k); /* takes NULL */
void la_shared_key_release(la_shared_key *k);        /* any thread; takes NULL */

/* Unwraps and imports a private key. CRYPTO where the master key does not fit, INVALID, with a detail. */
la_result la_shared_key_load(const la_master_key *master_key, const la_key_record *record, la_shared_key **ret);

#endif
