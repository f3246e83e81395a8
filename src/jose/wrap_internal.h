/* What wrap.c and master_key.c share. */
#ifndef LA_JOSE_WRAP_INTERNAL_H
#define LA_JOSE_WRAP_INTERNAL_H

#include "jose/wrap.h"

struct la_master_key {
    uint8_t key[LA_MASTER_KEY_BYTES];
};

#endif
