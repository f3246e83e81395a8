/*
 * Tokens that may be given again: the same client that asks for the same within a few seconds gets the token that it has, while at
 * least half of its lifetime is left. Shared by all threads; bounded in entries and bytes; a token is wiped when it is dropped. What
 * is here is an optimisation: a miss, a full table and a failed allocation all mean that a new token is signed.
 *
 * What "the same" is the caller says, by a digest. It must cover everything that decides what is in a token and who may have it:
 * environment, application and its version, the credential that proved it (its tag), granted scope, audience, binding, and the kid that signs; else a
 * client is given what it was not granted.
 *
 * Revocation. A token must not be given once it is revoked, and this table does not hear of that:
 *  - the application was changed, disabled or lost a credential: its version is in the digest, so no key finds the token any more;
 *  - application or credential revoked as of a time: the caller has to refuse what was issued up to then (`issued_at_s`, compared as the
 *    introspection does), and signs anew;
 *  - the token alone was revoked: the caller has to ask for its jti as the introspection does, and signs anew; la_token_reuse_put
 *    then takes the place of the revoked one.
 * All three are look-ups in the registry view that the request has anyway, so the answer is as quick as that of introspection.
 */
#ifndef LA_SERVER_TOKEN_REUSE_H
#define LA_SERVER_TOKEN_REUSE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

#define LA_TOKEN_REUSE_KEY_BYTES 32
#define LA_TOKEN_REUSE_ENTRIES 16384
#define LA_TOKEN_REUSE_BYTES (16u << 20) /* of tokens, all together */
#define LA_TOKEN_REUSE_TOKEN_MAX 16384   /* LA_TOKEN_RESPONSE_MAX */

typedef struct la_token_reuse la_token_reuse;

typedef struct la_reused_token {
    la_slice token;
    int64_t issued_at_s, expires_at_s; /* of its claims; expires_in is what is left */
} la_reused_token;

/* NULL: no memory. */
la_token_reuse *la_token_reuse_new(void);
la_token_reuse *la_token_reuse_free(la_token_reuse *r); /* takes NULL; returns NULL */

/* Any thread. A copy in the arena; false where there is none that may be given again. */
bool la_token_reuse_find(la_token_reuse *r, const uint8_t key[LA_TOKEN_REUSE_KEY_BYTES], int64_t now_s, la_arena *arena,
                         la_reused_token *ret);

/* Any thread. Keeps a copy for `reuse_s` seconds from its issue, in place of an earlier one of the same key. */
void la_token_reuse_put(la_token_reuse *r, const uint8_t key[LA_TOKEN_REUSE_KEY_BYTES], const la_reused_token *token,
                        uint32_t reuse_s, int64_t now_s);

/* Entries that have a token, for tests and metrics. */
uint32_t la_token_reuse_entries(const la_token_reuse *r);

#endif
