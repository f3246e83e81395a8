/*
 * Creations that are asked for again. The answer of a creation with an Idempotency-Key is kept, wrapped under the master key, in the
 * same transaction as what was created: after a crash both are there, or neither.
 */
#ifndef LA_API_IDEMPOTENCY_H
#define LA_API_IDEMPOTENCY_H

#include "api/call.h"

/* Whether the key of the request is one: INVALID otherwise. */
la_result la_api_idempotency_need(const la_api_call *c);

/* Runs the route's handler, or gives the answer of the first time. KEY_REUSED where that was another request. */
la_result la_api_idempotency_run(la_api_call *c);

#endif
