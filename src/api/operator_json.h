/* Operators as the API shows them, and how one is found. */
#ifndef LA_API_OPERATOR_JSON_H
#define LA_API_OPERATOR_JSON_H

#include "api/call.h"

json_t *la_api_operator_json(const la_operator_row *o); /* NULL: no memory */

/* By operator_id alone; NOT_FOUND. */
la_result la_api_find_operator(la_api_call *c, la_slice operator_id, la_operator_row *ret);

#endif
