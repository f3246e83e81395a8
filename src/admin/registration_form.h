/*
 * The members of an application's registration (RFC 7591 2, RFC 8705, RFC 9449) as they come, as they are stored and as people see them: one
 * JSON object, in one order and without what is default. What may be in it is registration.h's business.
 */
#ifndef LA_ADMIN_REGISTRATION_FORM_H
#define LA_ADMIN_REGISTRATION_FORM_H

#include "base/buffer.h"
#include "base/result.h"
#include "model/registration.h"

#include <jansson.h>

#define LA_GRANT_CLIENT_CREDENTIALS "client_credentials"

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

/* Whether a value is of its member's kind. INVALID. */
la_result la_registration_check_kind(const la_member *member, const json_t *value);

/* What is stored, as an object, {} where there is nothing; the caller's. CORRUPT, NO_MEMORY. */
la_result la_registration_load(la_slice text, json_t **ret);

/* Appends its stored form: what means the same is the same text, and nothing where all is default. INVALID where it is too long, NO_MEMORY. */
la_result la_registration_write(const json_t *registration, la_buffer *ret);

/* Members that only an administrator may set over the admin API, and change where they are: the right to ask about tokens of others,
 * and a limit of one's own. False where all of `change` may be anybody's. */
bool la_registration_is_privileged(const json_t *change);

/* Whether it has the right to ask about tokens. */
bool la_registration_introspects(la_slice registration);

/* Whether it has a key set, or says where one is. */
bool la_registration_has_keys(la_slice registration);

/* Its members for people and the audit log: an object, {} where there are none. The keys of jwks are counted, and the first of them
 * named by thumbprint. NULL without memory. */
json_t *la_registration_brief(la_slice registration);

/* Every member there is, with its default where it was not registered: null for texts and objects. NULL without memory. */
json_t *la_registration_whole(la_slice registration);

#endif
