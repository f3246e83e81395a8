/* Logging in and out, and the sessions that there are. */
#include "api/cookie.h"
#include "api/operator_json.h"
#include "api/page.h"
#include "api/reply.h"
#include "api/request.h"
#include "api/throttle.h"
#include "api/who.h"
#include "base/secret.h"

#define CODES_RETRY_AFTER_S 3600 /* the wrong ones of a day count */

static la_result reply_session(la_api_call *c, const la_session_row *s, const la_operator_row *o)
{
    int64_t idle_s = s->last_seen_at_s + (int64_t)c->api->config->admin_session_idle_s;
    return la_api_reply(c, 200,
                        json_pack("{s:s, s:o, s:o, s:o, s:o, s:s}", "state", la_session_state_name(s->state),
                                  "operator", la_api_operator_json(o), "created_at", la_api_json_time(s->created_at_s),
                                  "expires_at", la_api_json_time(s->expires_at_s), "idle_expires_at",
                                  la_api_json_time(idle_s < s->expires_at_s ? idle_s : s->expires_at_s), "version",
                                  LA_VERSION));
}

la_result la_api_session_show(la_api_call *c)
{
    return reply_session(c, &c->who.session, &c->who.operator_row);
}

la_result la_api_session_login(la_api_call *c)
{
    la_slice email = la_api_body_text(c, "email", LA_API_REQUIRED);
    la_slice password = la_api_body_text(c, "password", LA_API_REQUIRED);
    char cookie[LA_COOKIE_BYTES];
    la_session_row session;
    la_operator_row o;
    LA_TRY(la_api_check(c));
    LA_TRY(la_api_throttle_check(c, email));
    la_result r = la_command_login(c->commands, email, password, c->request->user_agent, &session, &o, cookie);
    if (r.code == LA_UNAUTHENTICATED) {
        la_api_throttle_note(c, email);
        return la_fail(LA_UNAUTHENTICATED, "the email or the password is wrong");
    }
    LA_TRY(r);
    /* The session that this browser had is over: nobody is left logged in behind another. */
    if (c->who.kind == LA_API_OPERATOR && c->who.session.session_id != session.session_id)
        LA_IGNORE(la_command_logout(c->commands, &c->who.session));
    r = la_api_cookie_set(c, cookie);
    la_wipe(cookie, sizeof cookie);
    if (la_is_ok(r))
        r = reply_session(c, &session, &o);
    la_wipe(&o, sizeof o);
    return r;
}

la_result la_api_session_totp(la_api_call *c)
{
    la_slice code = la_api_body_text(c, "code", LA_API_OPTIONAL);
    la_slice recovery_code = la_api_body_text(c, "recovery_code", LA_API_OPTIONAL);
    la_slice email = la_slice_of(c->who.operator_row.email);
    char cookie[LA_COOKIE_BYTES];
    la_session_row session;
    if (!c->errors && !code.p == !recovery_code.p)
        la_api_blame(c, "code", "either a code or a recovery_code is expected");
    LA_TRY(la_api_check(c));
    if (c->who.session.state != LA_SESSION_TOTP_REQUIRED)
        return la_fail(LA_CONFLICT, "this session asks for no second factor");
    LA_TRY(la_api_throttle_check(c, email));
    la_result r = la_command_login_totp(c->commands, &c->who.session, code, recovery_code, &session, cookie);
    if (r.code == LA_UNAUTHENTICATED) {
        la_api_throttle_note(c, email);
        return la_fail(LA_UNAUTHENTICATED, "the code is wrong, or was used before");
    }
    if (r.code == LA_THROTTLED)
        c->retry_after_s = CODES_RETRY_AFTER_S;
    LA_TRY(r);
    r = la_api_cookie_set(c, cookie);
    la_wipe(cookie, sizeof cookie);
    LA_TRY(r);
    la_operator_row o; /* with what the login has changed */
    LA_TRY(la_command_find_operator(c->commands, la_slice_of(c->who.id), &o));
    r = reply_session(c, &session, &o);
    la_wipe(&o, sizeof o);
    return r;
}

la_result la_api_session_logout(la_api_call *c)
{
    LA_TRY(la_command_logout(c->commands, &c->who.session));
    LA_TRY(la_api_cookie_clear(c));
    return la_api_reply_nothing(c);
}

/* ---- those there are ---- */

/* Whose sessions: one's own, or for an administrator those of an operator. */
static la_result find_whose(la_api_call *c, la_operator_row *ret)
{
    la_slice id = la_api_query_text(c, "operator_id");
    *ret = c->who.operator_row;
    if (!id.p || la_slice_is(id, c->who.id))
        return la_ok();
    if (c->who.role != LA_ROLE_ADMIN)
        return la_fail(LA_FORBIDDEN, "only an administrator may see the sessions of others");
    return la_api_find_operator(c, id, ret);
}

typedef struct list {
    json_t *items;
    uint64_t current;
} list;

static la_result add_session(void *self, const la_session_row *s)
{
    list *l = self;
    json_t *item = json_pack("{s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "session_id", la_api_json_id(s->session_id),
                             "current", s->session_id == l->current, "created_at", la_api_json_time(s->created_at_s),
                             "last_seen_at", la_api_json_time(s->last_seen_at_s), "expires_at",
                             la_api_json_time(s->expires_at_s), "address", la_api_json_text(la_slice_of(s->address)),
                             "user_agent", la_api_json_text(la_slice_of(s->user_agent)));
    return json_array_append_new(l->items, item) == 0 ? la_ok()
                                                      : la_fail(LA_NO_MEMORY, "there is no memory for the list");
}

la_result la_api_sessions_list(la_api_call *c)
{
    la_operator_row o;
    LA_TRY(find_whose(c, &o));
    list l = {json_array(), c->who.session.session_id};
    la_result r = la_store_list_sessions(c->commands->store, o.operator_id, add_session, &l);
    la_wipe(&o, sizeof o);
    if (la_is_ok(r))
        return la_api_reply_list(c, l.items);
    json_decref(l.items);
    return r;
}

la_result la_api_sessions_revoke(la_api_call *c)
{
    uint64_t session_id;
    la_operator_row o;
    LA_TRY(la_api_path_number(c, 0, "session", &session_id));
    LA_TRY(find_whose(c, &o));
    la_result r = la_command_revoke_session(c->commands, &o, session_id);
    la_wipe(&o, sizeof o);
    if (r.code == LA_NOT_FOUND)
        return la_fail(LA_NOT_FOUND, "there is no such session; it may have ended");
    LA_TRY(r);
    if (session_id == c->who.session.session_id)
        LA_TRY(la_api_cookie_clear(c));
    return la_api_reply_nothing(c);
}
