/*
 * What an application registers of itself beyond its method and scopes (RFC 7591 2, RFC 8705, RFC 9449), by the names of those: checked
 * for what its method, its environment and the FAPI 2.0 Security Profile allow, and written in one form. The one place of these rules,
 * for the command line, the admin API and the import.
 */
#ifndef LA_ADMIN_REGISTRATION_H
#define LA_ADMIN_REGISTRATION_H

#include "base/buffer.h"
#include "base/result.h"
#include "config/config.h"
#include "model/registration.h"

#include <jansson.h>

typedef enum la_member_kind {
    LA_MEMBER_IS_TEXT,
    LA_MEMBER_IS_FLAG,
    LA_MEMBER_IS_NUMBER,
    LA_MEMBER_IS_LIST, /* of texts */
    LA_MEMBER_IS_OBJECT,
} la_member_kind;

typedef struct la_member {
    const char *name;
    la_member_kind kind;
} la_member;

/* The members that there are, in the order in which they are stored; NULL past the end. */
const la_member *la_registration_member(size_t i);
const la_member *la_registration_find_member(la_slice name); /* NULL */

/* Sets a member of `change` from text, as a command line or a CSV file has it: true or false, digits, a list by blanks, an object as
 * JSON; empty text takes the member away. INVALID, NO_MEMORY. */
la_result la_registration_set(json_t *change, const la_member *member, la_slice text);

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

/* Members that only an administrator may set over the admin API, and change where they are: the right to ask about tokens of others,
 * and a limit of one's own. False where all of `change` may be anybody's. */
bool la_registration_is_privileged(const json_t *change);

/* Whether it has the right to ask about tokens. */
bool la_registration_introspects(la_slice registration);

/* Its members for people and the audit log: an object, {} where there are none. The keys of jwks are counted, and the first of them
 * named by thumbprint. NULL without memory. */
json_t *la_registration_brief(la_slice registration);

/* Every member there is, with its default where it was not registered: null for texts and objects. NULL without memory. */
json_t *la_registration_whole(la_slice registration);

#endif
