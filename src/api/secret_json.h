/* Secrets as the API shows them: everything but themselves. */
#ifndef LA_API_SECRET_JSON_H
#define LA_API_SECRET_JSON_H

#include "api/call.h"

json_t *la_api_secret_json(const la_secret_row *s, int64_t now_s); /* NULL: no memory */

/* The application's newest one, which the caller owns. */
la_result la_api_newest_secret(la_api_call *c, const la_application_row *a, json_t **ret);

#endif
