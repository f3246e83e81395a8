#include "server/snapshot/signing_keys.h"

#include "base/secret.h"

#include <stdatomic.h>
#include <stdlib.h>

#define WRAP_PURPOSE "signing-key" /* with the kid as name: see jose/wrap.h */
#define PRIVATE_KEY_MAX 8192       /* bytes of PKCS #8 */

struct la_shared_key {
    atomic_uint references;
    la_key *key;
};

const la_key *la_shared_key_get(const la_shared_key *k)
{
    return k->key;
}

la_shared_key *la_shared_key_hold(la_shared_key *k)
{
    if (k)
        atomic_fetch_add_explicit(&k->references, 1, memory_order_relaxed);
    return k;
}

void la_shared_key_release(la_shared_key *k)
{
    if (!k || atomic_fetch_sub_explicit(&k->references, 1, memory_order_acq_rel) != 1)
        return;
    la_key_free(k->key);
    free(k);
}

static la_result import(const la_master_key *master_key, const la_key_record *record, la_buffer *plain, la_key **ret)
{
    const la_algorithm *algorithm = la_algorithm_find(record->algorithm);

    if (la_algorithm_is_missing(record->algorithm, LA_ALGORITHMS_SIGNING))
        return la_fail(LA_INVALID, "its algorithm %.*s needs OpenSSL 3.5 or later", LA_FMT(record->algorithm));
    if (!algorithm)
        return la_fail(LA_INVALID, "its algorithm %.*s is not known", LA_FMT(record->algorithm));
    LA_TRY(la_unwrap(master_key, WRAP_PURPOSE, record->kid, record->wrapped_private, plain));
    LA_TRY(la_key_import_private(algorithm, la_buffer_slice(plain), ret));
    if (la_slice_is(record->kid, la_key_id(*ret)))
        return la_ok();
    *ret = la_key_free(*ret);
    return la_fail(LA_CORRUPT, "its thumbprint is another one");
}

la_result la_shared_key_load(const la_master_key *master_key, const la_key_record *record, la_shared_key **ret)
{
    la_shared_key *k = calloc(1, sizeof *k);
    void *memory = la_secret_alloc(PRIVATE_KEY_MAX);
    la_result r = la_error(LA_NO_MEMORY);
    la_buffer plain;

    if (!k || !memory)
        goto done;
    la_buffer_init_fixed(&plain, memory, PRIVATE_KEY_MAX);
    r = la_fail_context(import(master_key, record, &plain, &k->key), "signing key %.*s: ", LA_FMT(record->kid));
    if (!la_is_ok(r))
        goto done;
    atomic_init(&k->references, 1);
    *ret = k;
    k = NULL;
done:
    la_secret_free(memory);
    free(k);
    return r;
}
