/* How the secrets of new applications and further ones are made. Private to admin/. */
#ifndef LA_ADMIN_SECRETS_H
#define LA_ADMIN_SECRETS_H

#include "admin/commands.h"

/* `stored` points into the rest: it is not to be moved. Wipe it. */
typedef struct la_made_secret {
    la_new_secret stored;
    char text[LA_LONG_SECRET_CHARS + 1]; /* "" where the method has no secrets */
    char hint[LA_SECRET_HINT_BYTES];
    uint8_t wrapped[LA_WRAPPED_SECRET_MAX];
} la_made_secret;

/* CRYPTO, NO_MEMORY. */
la_result la_secret_make(la_commands *c, la_auth_method method, bool test, la_slice client_id, la_made_secret *ret);

#endif
