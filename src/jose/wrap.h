/*
 * Wrapping of secrets at rest: AES-256-GCM under a key derived (HKDF-SHA-256) from the master key for
 * one purpose, the purpose and the name of the wrapped thing authenticated with it, so that one wrapped
 * value cannot be put in the place of another.
 */
#ifndef LA_JOSE_WRAP_H
#define LA_JOSE_WRAP_H

#include "base/buffer.h"

#define LA_MASTER_KEY_BYTES 32

typedef struct la_master_key la_master_key; /* locked memory */

#define LA_WRAP_OVERHEAD 29     /* bytes that wrapping adds */
#define LA_WRAP_PLAIN_MAX 16384 /* bytes of a value to be wrapped */
#define LA_WRAP_NAME_MAX 256    /* bytes of a purpose, of a name */

/* The file has exactly 64 hexadecimal digits and a newline; it is a regular file of ours or root's that only its owner may
 * read (INVALID, IO, NOT_FOUND otherwise). With $CREDENTIALS_DIRECTORY/leanauth.master.key present (a systemd credential)
 * that is read instead. */
la_result la_master_key_load(const char *path, la_master_key **ret);

/* Makes a new one and writes it, mode 0600, durable and all or nothing, never over an existing file (EXISTS). IO, FULL. */
la_result la_master_key_create(const char *path);
la_master_key *la_master_key_free(la_master_key *m);

/* Appends version(1) | nonce(12) | ciphertext | tag(16). `purpose` like "signing-key", `name` like the kid. CRYPTO,
 * TOO_LARGE, NO_MEMORY. */
la_result la_wrap(const la_master_key *m, const char *purpose, la_slice name, la_slice plain, la_buffer *ret);

/* Appends the plain value. CRYPTO where the master key is another one, or the value was changed or moved; nothing is appended
 * then. The result is secret: wipe it (la_buffer_done does). */
la_result la_unwrap(const la_master_key *m, const char *purpose, la_slice name, la_slice wrapped, la_buffer *ret);

#endif
