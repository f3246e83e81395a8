/*
 * What an application registers of itself beyond its method and scopes (RFC 7591 2, RFC 8705, RFC 9449), by the names of those: checked
 * for what its method, its environment and the FAPI 2.0 Security Profile allow, and written in one form. The one place of these rules,
 * for the command line, the admin API and the import.
 */
#ifndef LA_ADMIN_REGISTRATION_H
#define LA_ADMIN_REGISTRATION_H

#include "admin/registration_form.h"
#include "config/config.h"

typedef struct la_registration_wish {
    const la_environment_config *environment;
    la_auth_method method;
    bool method_changes; /* what only the former method used goes, unless `change` names it */
    la_slice before;     /* as it is stored; absent or empty: nothing */
    json_t *change; /* an object: null takes a member away, what is not named stays; NULL: nothing changes. Only read */
    /* Told of each member that is wrong, with this thread's detail; NULL: the first ends it. */
    void (*blame)(void *self, const char *member);
    void *self;
} la_registration_wish;

/* Appends what is to be stored: nothing where all is default. One of jwks and jwks_uri takes the place of the other, one certificate
 * subject that of another. INVALID where a member is wrong, NO_MEMORY. */
la_result la_registration_check(const la_registration_wish *wish, la_buffer *ret);

/* Shortest client_secret, in octets, of an application with that method and registration: what the hash of its assertions needs
 * (RFC 7518 3.2). 1 but for client_secret_jwt. CORRUPT, NO_MEMORY. */
la_result la_registration_secret_least(la_auth_method method, la_slice registration, size_t *ret);

#endif
