/*
 * Keys that were prepared lately, so that a request does not prepare them again. One a thread, no lock; bounded: the key that was not
 * asked for the longest makes room. What is found is the caller's to keep as long as it likes (a reference).
 */
#ifndef LA_JOSE_KEY_CACHE_H
#define LA_JOSE_KEY_CACHE_H

#include "jose/jwt.h"
#include "jose/key_set.h"

typedef struct la_key_cache la_key_cache;

/* Room for about so many keys or sets (a multiple of four, at most). NULL: no memory. */
la_key_cache *la_key_cache_new(size_t entries);
la_key_cache *la_key_cache_free(la_key_cache *c); /* takes NULL; returns NULL */

/* The set that this version of an application registered; `text` is read where it is not known, or is not the one that was known: after
 * a backup was restored, a number may stand for something else. As la_key_set_parse with LA_KEY_SET_FETCHED (what was registered was
 * checked then). The caller gives *ret back with la_key_set_free. */
la_result la_key_cache_registered(la_key_cache *c, uint64_t application_id, uint64_t version, la_slice text,
                                  la_key_set **ret);

/* The set with exactly this text, wherever it came from. */
la_result la_key_cache_text(la_key_cache *c, la_slice text, la_key_set **ret);

/* The embedded key of a DPoP proof (la_jwt_embedded_key). A client's proofs have the same header each time. */
la_result la_key_cache_embedded(la_key_cache *c, const la_jwt *t, la_public_key **ret);

#endif
