/* Who asks, and whether they may: session or access token, Origin, role, environment. */
#ifndef LA_API_WHO_H
#define LA_API_WHO_H

#include "api/call.h"

#define LA_API_COOKIE "__Host-leanauth-session"

/* Finds who asks, into c->who, and makes them the actor of commands. UNAUTHENTICATED, INVALID (both ways at once), and what the store says.
 * A route for anybody is given to nobody. */
la_result la_api_who_find(la_api_call *c);

/* FORBIDDEN by Origin, state of the session, kind of credentials or role. */
la_result la_api_who_check(la_api_call *c);

/* The cookie's value in a Cookie field; absent where there is none. INVALID where it is there twice. */
la_result la_api_cookie_find(la_slice field, la_slice *ret);

/* Whether a browser's Origin is the one that it used to reach us (`host`, which the server has checked to be its own) or the
 * configured one. */
bool la_api_origin_is_ours(la_slice configured, bool is_tls, la_slice host, la_slice origin);

bool la_api_may_see(const la_api_call *c, la_slice environment);
bool la_api_sees_all(const la_api_call *c);

/* The environment of the path into c->environment, where the route has one. NOT_FOUND, alike for what does not exist and what is not
 * theirs. */
la_result la_api_find_environment(la_api_call *c);
const la_environment_config *la_api_environment(const la_api_call *c);
/* An application of that environment. NOT_FOUND. */
la_result la_api_find_application(la_api_call *c, la_slice client_id, la_application_row *ret);

/* Whoever is given a scope of the administration is an administrator, so only an administrator may give it, or touch an application
 * that has it. `scopes`: space-separated. FORBIDDEN. */
la_result la_api_guard_scopes(const la_api_call *c, la_slice scopes);
/* The same for an application as it is: it may also have the right to ask about the tokens of others. Before any change of it, or of what it
 * authenticates by. */
la_result la_api_guard_application(const la_api_call *c, const la_application_row *a);
/* The same for members of a registration that are to be set (admin/registration.h). */
la_result la_api_guard_registration(const la_api_call *c, const json_t *change);

#endif
