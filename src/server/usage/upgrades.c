/* A ring under a lock: it is touched once per imported secret, ever. */
#include "server/usage/upgrades.h"

#include "base/secret.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

struct la_upgrades {
    uv_mutex_t lock;
    atomic_uint n; /* read without the lock by the side that looks every 50 ms */
    unsigned first;
    la_upgrade ring[LA_UPGRADES_MAX];
};

la_upgrades *la_upgrades_new(void)
{
    la_upgrades *u = calloc(1, sizeof *u);

    if (u && uv_mutex_init(&u->lock) != 0) {
        free(u);
        return NULL;
    }
    return u;
}

la_upgrades *la_upgrades_free(la_upgrades *u)
{
    if (!u)
        return NULL;
    uv_mutex_destroy(&u->lock);
    la_wipe(u, sizeof *u);
    free(u);
    return NULL;
}

void la_upgrades_add(la_upgrades *u, uint64_t secret_id, const uint8_t digest[LA_DIGEST_BYTES])
{
    unsigned n;
    bool waits = false;

    uv_mutex_lock(&u->lock);
    n = atomic_load(&u->n);
    for (unsigned i = 0; i < n && !waits; i++)
        waits = u->ring[(u->first + i) % LA_UPGRADES_MAX].secret_id == secret_id;
    if (!waits && n < LA_UPGRADES_MAX) {
        la_upgrade *slot = &u->ring[(u->first + n) % LA_UPGRADES_MAX];

        slot->secret_id = secret_id;
        memcpy(slot->digest, digest, LA_DIGEST_BYTES);
        atomic_store(&u->n, n + 1);
    }
    uv_mutex_unlock(&u->lock);
}

bool la_upgrades_peek(la_upgrades *u, la_upgrade *ret)
{
    bool found;

    if (atomic_load(&u->n) == 0)
        return false;
    uv_mutex_lock(&u->lock);
    found = atomic_load(&u->n) > 0;
    if (found)
        *ret = u->ring[u->first];
    uv_mutex_unlock(&u->lock);
    return found;
}

void la_upgrades_drop(la_upgrades *u)
{
    uv_mutex_lock(&u->lock);
    if (atomic_load(&u->n) > 0) {
        la_wipe(&u->ring[u->first], sizeof u->ring[0]);
        u->first = (u->first + 1) % LA_UPGRADES_MAX;
        atomic_store(&u->n, atomic_load(&u->n) - 1);
    }
    uv_mutex_unlock(&u->lock);
}
