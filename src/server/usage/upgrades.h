/*
 * Imported secrets that turned out right and are to be kept as a keyed digest from now on: handed from the token loops to
 * the housekeeping thread. Bounded; one that does not fit is offered again at its next use.
 */
#ifndef LA_SERVER_UPGRADES_H
#define LA_SERVER_UPGRADES_H

#include "model/model.h"

#include <stdint.h>

#define LA_UPGRADES_MAX 256

typedef struct la_upgrade {
    uint64_t secret_id;
    uint8_t digest[LA_DIGEST_BYTES];
} la_upgrade;

typedef struct la_upgrades la_upgrades;

la_upgrades *la_upgrades_new(void); /* NULL: no memory */
la_upgrades *la_upgrades_free(la_upgrades *u);

/* Any thread. A secret that waits already is not added twice. */
void la_upgrades_add(la_upgrades *u, uint64_t secret_id, const uint8_t digest[LA_DIGEST_BYTES]);

/* One thread. Gives the oldest without removing it; false where there is none. */
bool la_upgrades_peek(la_upgrades *u, la_upgrade *ret);
/* Removes it, once it was stored or cannot be. */
void la_upgrades_drop(la_upgrades *u);

#endif
