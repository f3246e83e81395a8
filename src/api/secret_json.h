/* What a creation says of the secret that it made. */
#ifndef LA_API_SECRET_JSON_H
#define LA_API_SECRET_JSON_H

#include "api/call.h"

/* The application's newest one, which the caller owns. */
la_result la_api_newest_secret(la_api_call *c, const la_application_row *a, json_t **ret);

#endif
