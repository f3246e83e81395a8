#include "base/secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Room for the private parts of the keys of all environments and of every thread's contexts. */
#define SECURE_HEAP_BYTES (1u << 20)
#define SECURE_HEAP_LEAST_BYTES 16

la_result la_secret_setup(void)
{
    if (sodium_init() < 0)
        return la_fail(LA_CRYPTO, "libsodium cannot be initialised: the system gives no random numbers");
    /* Memory that is read from a core dump or a debugger is memory that is lost. */
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
        return la_fail(LA_IO, "core dumps cannot be switched off: %s", strerror(errno));
    /* Where the memory lock limit is too small OpenSSL goes on with its ordinary heap: no reason to fail. */
    if (!CRYPTO_secure_malloc_initialized())
        (void)CRYPTO_secure_malloc_init(SECURE_HEAP_BYTES, SECURE_HEAP_LEAST_BYTES);
    return la_ok();
}

void *la_secret_alloc(size_t bytes)
{
    return sodium_malloc(bytes);
}

void *la_secret_free(void *p)
{
    sodium_free(p);
    return NULL;
}

void la_wipe(void *p, size_t bytes)
{
    if (p && bytes)
        sodium_memzero(p, bytes);
}

bool la_equal_ct(const void *a, const void *b, size_t bytes)
{
    return sodium_memcmp(a, b, bytes) == 0;
}

void la_sha256(const void *p, size_t bytes, uint8_t ret[LA_SHA256_BYTES])
{
    crypto_hash_sha256(ret, p, bytes);
}

void la_random_bytes(void *ret, size_t bytes)
{
    randombytes_buf(ret, bytes);
}

void la_random_take(la_random *r, void *ret, size_t bytes)
{
    if (bytes > r->left) {
        randombytes_buf(r->pool, sizeof r->pool);
        r->left = sizeof r->pool;
    }
    uint8_t *from = r->pool + r->left - bytes;
    memcpy(ret, from, bytes);
    la_wipe(from, bytes);
    r->left -= bytes;
}
