/*
 * Secret memory: locked, left out of core dumps, wiped on free; and the one comparison and the one
 * wipe that secrets go through. libsodium does the work.
 */
#ifndef LA_BASE_SECRET_H
#define LA_BASE_SECRET_H

#include "base/result.h"
#include "base/slice.h"

#include <stdint.h>

/* Once at start, before anything else here: libsodium, OpenSSL's secure heap, no core dumps. */
la_result la_secret_setup(void);

/* Guarded, locked memory; NULL where there is none. */
void *la_secret_alloc(size_t bytes);
void *la_secret_free(void *p); /* wipes; takes NULL; returns NULL */

void la_wipe(void *p, size_t bytes);

/* Compares in a time that depends on `bytes` alone. */
bool la_equal_ct(const void *a, const void *b, size_t bytes);

/* SHA-256 (FIPS 180-4); for names and checksums, not for secrets (jose/hasher.h). */
#define LA_SHA256_BYTES 32
void la_sha256(const void *p, size_t bytes, uint8_t ret[LA_SHA256_BYTES]);

/* Random bytes of the operating system's generator. Ends the process where that fails (it cannot, after boot). */
void la_random_bytes(void *ret, size_t bytes);

/* The same generator, drawn 4 KiB at a time so that a token costs no system call; one a thread. */
typedef struct la_random {
    size_t left;
    uint8_t pool[4096];
} la_random;

/* `bytes` <= 256. What was handed out is wiped from the pool at once. */
void la_random_take(la_random *r, void *ret, size_t bytes);

#endif
