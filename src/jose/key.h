/*
 * Signing keys, and signers made of them. A la_key is immutable and shared by threads; a la_signer has
 * the prepared contexts of one thread. Signatures are what JWS wants (RFC 7518 3.4: raw R||S, not DER).
 */
#ifndef LA_JOSE_KEY_H
#define LA_JOSE_KEY_H

#include "base/buffer.h"
#include "jose/algorithm.h"
#include "model/model.h"

typedef struct la_key la_key;
typedef struct la_signer la_signer;

/* Bounds of a private key's bytes (PKCS #8 of RSA 4096 has 2375) and of a public JWK's text. */
#define LA_PRIVATE_KEY_MAX 4096
#define LA_JWK_MAX 4096

/* Makes a new random key (RSA: 2048 bits). CRYPTO, NO_MEMORY on failure. */
la_result la_key_generate(const la_algorithm *a, la_key **ret);

/* The private key as bytes to be wrapped (PKCS #8 DER, or the 32-byte seed for Ed25519 and ML-DSA), and back.
 * Export appends to `ret`, which must be growable or have LA_PRIVATE_KEY_MAX bytes left; wipe it afterwards (la_buffer_done
 * does). Import: INVALID where the bytes are no such key, RSA outside 2048 to 4096 bits. CRYPTO, NO_MEMORY, TOO_LARGE. */
la_result la_key_export_private(const la_key *k, la_buffer *ret);
la_result la_key_import_private(const la_algorithm *a, la_slice bytes, la_key **ret);

/* Gives up the caller's reference; the last one, signers included, wipes. Takes NULL; returns NULL. */
la_key *la_key_free(la_key *k);

const la_algorithm *la_key_algorithm(const la_key *k);
const char *la_key_id(const la_key *k); /* kid: RFC 7638 thumbprint, zero-terminated */

/* Appends the public JWK (RFC 7517) with kid, use and alg: public members only, in a fixed order. */
void la_key_write_jwk(const la_key *k, la_buffer *ret);

/* A signer of one thread; it holds a reference to the key, so it may outlive the caller's. CRYPTO, NO_MEMORY. */
la_result la_signer_new(const la_key *k, la_signer **ret);
la_signer *la_signer_free(la_signer *s);
const la_key *la_signer_key(const la_signer *s);

/* Bytes that every signature of this signer has. */
size_t la_signer_signature_bytes(const la_signer *s);

/* Signs `input`; writes exactly la_signer_signature_bytes() bytes. CRYPTO on failure. */
la_result la_signer_sign(la_signer *s, la_slice input, uint8_t *ret);

#endif
