#include "api/who.h"

#include "admin/registration.h"
#include "admin/rules.h"
#include "api/token.h"

#include <stdio.h>

/* ---- cookie and Origin ---- */

la_result la_api_cookie_find(la_slice field, la_slice *ret)
{
    la_slice rest = field, pair, name, found = LA_NO_SLICE;
    while (la_slice_split(&rest, ';', &pair)) {
        pair = la_slice_trim(pair);
        if (!la_slice_split(&pair, '=', &name) || !pair.p || !la_slice_is(name, LA_API_COOKIE))
            continue;
        if (found.p)
            return la_fail(LA_INVALID, "the session cookie is there twice");
        found = pair;
    }
    *ret = found;
    return la_ok();
}

/* A host without its port. */
static la_slice name_of(la_slice authority)
{
    const char *end = authority.p + authority.n;
    for (const char *p = end; p > authority.p && p[-1] != ']'; p--)
        if (p[-1] == ':')
            end = p - 1;
    return (la_slice){authority.p, (size_t)(end - authority.p)};
}

/* Whether the configured origin is this host's, by https. */
static bool is_by_https(la_slice configured, la_slice host)
{
    static const la_slice scheme = LA_SLICE_INIT("https://");
    if (!la_slice_starts(configured, scheme))
        return false;
    la_slice ours = {configured.p + scheme.n, configured.n - scheme.n};
    return la_slice_equal_nocase(name_of(ours), name_of(host));
}

bool la_api_origin_is_ours(la_slice configured, bool is_tls, la_slice host, la_slice origin)
{
    la_slice scheme = is_tls ? LA_SLICE("https://") : LA_SLICE("http://");
    if (configured.n && la_slice_equal(configured, origin))
        return true;
    /* A page by http under that name is of whoever sits on the line. */
    if (!is_tls && is_by_https(configured, host))
        return false;
    return host.n && origin.n == scheme.n + host.n && la_slice_starts(origin, scheme) &&
           la_slice_equal((la_slice){origin.p + scheme.n, host.n}, host);
}

/* With a cookie every change needs it; without one it is no harm where it is absent, and telling where it is there. */
static la_result check_origin(const la_api_call *c, la_slice cookie)
{
    const la_api_request *request = c->request;
    if (request->method == LA_API_GET || request->method == LA_API_HEAD)
        return la_ok();
    if (!request->origin.p && !cookie.p)
        return la_ok();
    if (!request->origin.p)
        return la_fail(LA_FORBIDDEN,
                       "a change with a session needs the Origin of this server; a program uses an access token");
    if (!la_api_origin_is_ours(la_slice_of(c->api->config->admin_origin), request->is_tls, request->host,
                               request->origin))
        return la_fail(LA_FORBIDDEN, "the request comes from a page of another origin");
    return la_ok();
}

/* ---- who ---- */

static la_result find_bearer(la_api_call *c, la_slice *ret)
{
    la_slice rest = c->request->authorization, scheme;
    *ret = LA_NO_SLICE;
    if (!rest.p)
        return la_ok();
    if (c->request->n_authorization > 1)
        return la_fail(LA_INVALID, "send exactly one Authorization header");
    c->with_token = true;
    if (!la_slice_split(&rest, ' ', &scheme) || !la_slice_equal_nocase(scheme, LA_SLICE("Bearer")))
        return la_fail(LA_UNAUTHENTICATED, "authenticate by Authorization: Bearer and an access token of this server");
    *ret = rest.p ? la_slice_trim(rest) : LA_SLICE("");
    return la_ok();
}

static la_result find_operator(la_api_call *c, la_slice cookie)
{
    la_result r = la_command_find_session(c->commands, cookie, &c->who.session, &c->who.operator_row);
    if (r.code == LA_UNAUTHENTICATED || r.code == LA_NOT_FOUND || r.code == LA_INVALID)
        return la_fail(LA_UNAUTHENTICATED, "the session has ended: log in again");
    LA_TRY(r);
    c->who.kind = LA_API_OPERATOR;
    c->who.role = c->who.operator_row.role;
    snprintf(c->who.id, sizeof c->who.id, "%llu", (unsigned long long)c->who.operator_row.operator_id);
    return la_ok();
}

static void become_actor(la_api_call *c)
{
    la_actor *actor = &c->commands->actor;
    if (c->who.kind == LA_API_OPERATOR) {
        actor->kind = LA_ACTOR_OPERATOR;
        actor->id = la_slice_of(c->who.id);
        actor->name = la_slice_of(c->who.operator_row.email);
    } else if (c->who.kind == LA_API_APPLICATION) {
        actor->kind = LA_ACTOR_APPLICATION;
        actor->id = la_slice_of(c->who.application.client_id);
        actor->name = la_slice_of(c->who.application.name);
    }
}

la_result la_api_who_find(la_api_call *c)
{
    la_slice cookie, token;
    LA_TRY(la_api_cookie_find(c->request->cookie, &cookie));
    LA_TRY(find_bearer(c, &token));
    if (cookie.p && c->with_token)
        return la_fail(LA_INVALID, "send the session cookie or an access token, not both");
    la_result r = la_ok();
    if (cookie.p)
        r = find_operator(c, cookie);
    else if (token.p)
        r = la_api_token_find(c, token);
    else if (!(c->route->roles & LA_API_ANYBODY))
        r = la_fail(LA_UNAUTHENTICATED, "log in, or send an access token of this server");
    if (r.code == LA_UNAUTHENTICATED && c->route->roles & LA_API_ANYBODY)
        r = la_ok(); /* an old cookie keeps nobody from logging in */
    LA_TRY(r);
    become_actor(c);
    return check_origin(c, cookie);
}

/* ---- may they ---- */

static la_result check_state(const la_api_call *c)
{
    static const char *const todo[] = {
        [LA_SESSION_TOTP_REQUIRED] = "the login is not complete: send the second factor to /session/totp",
        [LA_SESSION_PASSWORD_CHANGE_REQUIRED] = "the login is not complete: set a new password first",
        [LA_SESSION_TOTP_ENROLLMENT_REQUIRED] = "the login is not complete: set up the second factor first",
    };
    la_session_state state = c->who.session.state;
    if (state == LA_SESSION_COMPLETE || c->route->states == LA_API_LOGGING_IN)
        return la_ok();
    if (state != LA_SESSION_TOTP_REQUIRED && c->route->states == LA_API_SETTING_UP)
        return la_ok();
    return la_fail(LA_FORBIDDEN, "%s",
                   state >= LA_SESSION_TOTP_REQUIRED && state < LA_SESSION_COMPLETE ? todo[state]
                                                                                    : "the login is not complete");
}

static la_result check_role(la_api_call *c)
{
    if (c->route->roles & LA_API_ROLE(c->who.role))
        return la_ok();
    if (c->who.kind == LA_API_APPLICATION) {
        c->challenge = LA_BEARER_SCOPE;
        return la_fail(LA_FORBIDDEN, "the access token needs the scope admin:write");
    }
    return la_fail(LA_FORBIDDEN, "the role %s does not allow this", la_role_name(c->who.role));
}

la_result la_api_who_check(la_api_call *c)
{
    if (c->with_token && !c->route->bearer)
        return la_fail(LA_FORBIDDEN, "this is for operators who are logged in, not for access tokens");
    if (c->who.kind == LA_API_NOBODY)
        return la_ok(); /* la_api_who_find let nobody in */
    if (c->who.kind == LA_API_OPERATOR)
        LA_TRY(check_state(c));
    return c->route->roles & LA_API_ANYBODY ? la_ok() : check_role(c);
}

bool la_api_sees_all(const la_api_call *c)
{
    return c->who.kind == LA_API_APPLICATION || c->who.role == LA_ROLE_ADMIN || c->who.operator_row.all_environments;
}

bool la_api_may_see(const la_api_call *c, la_slice environment)
{
    if (la_api_sees_all(c))
        return true;
    for (unsigned i = 0; i < c->who.operator_row.n_environments; i++)
        if (la_slice_is(environment, c->who.operator_row.environments[i]))
            return true;
    return false;
}

la_result la_api_find_environment(la_api_call *c)
{
    const la_config *config = c->api->config;
    la_slice name = c->parameters[0];
    if (!la_slice_starts(c->route->path, LA_SLICE("/environments/{environment}")))
        return la_ok();
    for (unsigned i = 0; i < config->n_environments; i++) {
        if (la_slice_equal(config->environments[i].name, name) && la_api_may_see(c, name)) {
            c->environment = i;
            return la_ok();
        }
    }
    return la_fail(LA_NOT_FOUND, "there is no such environment; /admin/v1/environments lists those there are");
}

const la_environment_config *la_api_environment(const la_api_call *c)
{
    return &c->api->config->environments[c->environment];
}

la_result la_api_find_application(la_api_call *c, la_slice client_id, la_application_row *ret)
{
    la_result r = la_command_find_application(c->commands, la_api_environment(c)->name, client_id, ret);
    if (r.code == LA_NOT_FOUND || r.code == LA_INVALID)
        return la_fail(LA_NOT_FOUND, "the environment has no application with this client_id");
    return r;
}

la_result la_api_guard_scopes(const la_api_call *c, la_slice scopes)
{
    if (c->who.role == LA_ROLE_ADMIN || !la_rule_has_admin_scope(scopes))
        return la_ok();
    return la_fail(LA_FORBIDDEN,
                   "only an administrator may give a scope that begins with admin:, or change an application that "
                   "has one");
}

la_result la_api_guard_application(const la_api_call *c, const la_application_row *a)
{
    LA_TRY(la_api_guard_scopes(c, la_slice_of(a->scopes)));
    if (c->who.role == LA_ROLE_ADMIN || !la_registration_introspects(la_slice_of(a->registration)))
        return la_ok();
    return la_fail(LA_FORBIDDEN, "only an administrator may change an application that has introspection_audiences");
}

la_result la_api_guard_registration(const la_api_call *c, const json_t *change)
{
    if (c->who.role == LA_ROLE_ADMIN || !la_registration_is_privileged(change))
        return la_ok();
    return la_fail(LA_FORBIDDEN, "only an administrator may set introspection_audiences and requests_per_minute");
}
