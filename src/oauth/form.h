/* The parameters of a request body, application/x-www-form-urlencoded (RFC 6749 Appendix B). */
#ifndef LA_OAUTH_FORM_H
#define LA_OAUTH_FORM_H

#include "base/arena.h"
#include "base/result.h"

/* The parameters that this server knows. Others are ignored (RFC 6749 3.2). */
typedef enum la_parameter {
    LA_PARAM_GRANT_TYPE,
    LA_PARAM_SCOPE,
    LA_PARAM_CLIENT_ID,
    LA_PARAM_CLIENT_SECRET,
    LA_PARAM_CLIENT_ASSERTION,
    LA_PARAM_CLIENT_ASSERTION_TYPE,
    LA_PARAM_SUBJECT_TOKEN,
    LA_PARAM_SUBJECT_TOKEN_TYPE,
    LA_PARAM_ACTOR_TOKEN,
    LA_PARAM_ACTOR_TOKEN_TYPE,
    LA_PARAM_REQUESTED_TOKEN_TYPE,
    LA_PARAM_TOKEN,
    LA_PARAM_TOKEN_TYPE_HINT,
    LA_PARAM_AUDIENCE,
    LA_PARAM_RESOURCE, /* the one that may come several times (RFC 8707 2); the value here is the first */
    LA_PARAM_COUNT
} la_parameter;

/* Values, decoded; p is NULL for what was absent or empty, which mean the same (RFC 6749 3.2). */
#define LA_RESOURCES_MAX 8
typedef struct la_form {
    la_slice values[LA_PARAM_COUNT];
    unsigned n_resources; /* empty ones are left out */
    la_slice resources[LA_RESOURCES_MAX];
} la_form;

/* CONTENT_TYPE unless the value is the form's media type, parameters aside. */
la_result la_form_check_content_type(la_slice content_type);

/*
 * Parses a body. Values point into the body, or into the arena where something had to be decoded. FORM_ENCODING (percent signs,
 * UTF-8, or a control character in a parameter other than scope, which has a grammar of its own), FORM_REPEATED, FORM_TOO_MANY, NO_MEMORY.
 */
la_result la_form_parse(la_slice body, la_arena *arena, la_form *ret);

/* Decodes one name or value: + is a space, %HH a byte; the result is UTF-8. FORM_ENCODING, NO_MEMORY. */
la_result la_form_decode(la_slice encoded, la_arena *arena, la_slice *ret);

#endif
