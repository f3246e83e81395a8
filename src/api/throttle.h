/* Guesses of passwords and codes: who made too many waits. */
#ifndef LA_API_THROTTLE_H
#define LA_API_THROTTLE_H

#include "api/call.h"

/* THROTTLED for an address, or an email, with too many failures; noted in the audit log once for some minutes. */
la_result la_api_throttle_check(la_api_call *c, la_slice email);
void la_api_throttle_note(la_api_call *c, la_slice email);

/* The caller's own password, for what needs it again: FORBIDDEN where it is wrong. */
la_result la_api_check_own_password(la_api_call *c, la_slice password);

#endif
