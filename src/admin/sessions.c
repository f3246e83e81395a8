/*
 * Logins and sessions. A login goes by steps, and the cookie changes with each of them; what a session may do in which state is decided
 * by whoever asks for it. Nothing here tells an unknown email from a wrong password.
 */
#include "admin/operators_internal.h"

#include "admin/password.h"
#include "admin/rules.h"
#include "base/base64url.h"
#include "base/clock.h"
#include "base/secret.h"

#include <stdio.h>

#define COOKIE_RANDOM_BYTES 32
#define SECOND_FACTOR_WITHIN_S 600 /* a login whose password was right waits no longer for its code */
#define WRONG_CODES_MAX 5
#define WRONG_CODES_A_DAY 20 /* of an operator: with three right ones among a million, 1 in 16,000 a day */
#define DAY_MS INT64_C(86400000)
#define SESSIONS_MOST 50 /* of an operator; the oldest make room */
#define WAITING_MOST 20  /* of those, apart: without their second factor */
#define SEEN_EVERY_S 60
#define EXPIRE_MOST 500

/* ---- cookies ---- */

static void make_cookie(char ret[LA_COOKIE_BYTES], uint8_t ret_digest[LA_SESSION_DIGEST_BYTES])
{
    uint8_t random[COOKIE_RANDOM_BYTES];
    la_random_bytes(random, sizeof random);
    la_base64url_encode(random, sizeof random, ret);
    ret[LA_COOKIE_BYTES - 1] = 0;
    la_sha256(random, sizeof random, ret_digest);
    la_wipe(random, sizeof random);
}

static bool digest_cookie(la_slice cookie, uint8_t ret[LA_SESSION_DIGEST_BYTES])
{
    uint8_t random[COOKIE_RANDOM_BYTES];
    size_t n = 0;
    bool good = la_is_ok(la_base64url_decode(cookie, random, sizeof random, &n)) && n == sizeof random;
    if (good)
        la_sha256(random, sizeof random, ret);
    la_wipe(random, sizeof random);
    return good;
}

/* ---- events ---- */

static la_result end_with_event(la_commands *c, const la_change *change, la_result r, const la_operator_row *o,
                                la_audit_event *event)
{
    char id[LA_OPERATOR_ID_BYTES];
    la_actor before = c->actor;
    la_operator_id(o->operator_id, id);
    event->target_kind = "operator";
    event->target_id = la_slice_of(id);
    event->target_name = la_slice_of(o->email);
    /* Whoever logs in is nobody until then. */
    c->actor.kind = LA_ACTOR_OPERATOR;
    c->actor.id = event->target_id;
    c->actor.name = event->target_name;
    r = la_change_end(c, change, r, event);
    c->actor = before;
    return r;
}

/* Of an email that nobody has, only what looks like one is kept: people type passwords into that field. */
static la_result refuse_login(la_commands *c, const la_operator_row *o, la_slice email, const char *reason)
{
    char id[LA_OPERATOR_ID_BYTES] = "";
    la_slice name = LA_NO_SLICE;
    uint64_t unwritten = 0;
    const la_login_ration *ration = &c->login_ration;
    if (ration->may_note && !ration->may_note(ration->self, &c->actor, &unwritten))
        return la_fail(LA_UNAUTHENTICATED, "email or password is wrong");
    if (o)
        la_operator_id(o->operator_id, id);
    if (!la_is_ok(la_rule_email(email, &name)))
        name = LA_NO_SLICE;
    la_audit_event event = {
        .action = "session.login_failed",
        .refused = true,
        .target_kind = "operator",
        .target_id = la_slice_of(id),
        .target_name = o ? la_slice_of(o->email) : name,
        .detail = unwritten ? json_pack("{s:s, s:I}", "reason", reason, "unwritten_before", (json_int_t)unwritten)
                            : json_pack("{s:s}", "reason", reason),
    };
    LA_TRY(la_audit_note(c, &event));
    return la_fail(LA_UNAUTHENTICATED, "email or password is wrong");
}

/* ---- login ---- */

static la_session_state state_of(const la_commands *c, const la_operator_row *o)
{
    if (o->must_change_password)
        return LA_SESSION_PASSWORD_CHANGE_REQUIRED;
    if (c->config->admin_require_totp && !o->totp_enabled)
        return LA_SESSION_TOTP_ENROLLMENT_REQUIRED;
    return LA_SESSION_COMPLETE;
}

const char *la_session_state_name(la_session_state s)
{
    static const char *const names[] = {
        [LA_SESSION_TOTP_REQUIRED] = "totp_required",
        [LA_SESSION_PASSWORD_CHANGE_REQUIRED] = "password_change_required",
        [LA_SESSION_TOTP_ENROLLMENT_REQUIRED] = "totp_enrollment_required",
        [LA_SESSION_COMPLETE] = "complete",
    };
    return names[s];
}

/* Of the client's User-Agent as much as fits, without half a character. */
static void copy_shown(la_slice text, char *ret, size_t bytes)
{
    la_buffer b;
    la_buffer_init_fixed(&b, ret, bytes - 1);
    la_buffer_add_shown(&b, text);
    ret[b.n] = 0;
}

/* The oldest sessions of an operator beyond what there may be. Those that wait for a code have a room of their own, so that a stolen
 * password pushes nobody out. */
typedef struct surplus {
    unsigned waiting, others, n;
    uint64_t ids[8]; /* a login adds one, so a few at a time keep up */
} surplus;

static la_result take_surplus(void *self, const la_session_row *s)
{
    surplus *p = self;
    bool waits = s->state == LA_SESSION_TOTP_REQUIRED;
    bool fits = waits ? p->waiting++ < WAITING_MOST : p->others++ < SESSIONS_MOST;
    if (!fits && p->n < sizeof p->ids / sizeof p->ids[0])
        p->ids[p->n++] = s->session_id;
    return la_ok();
}

static la_result end_surplus(la_commands *c, uint64_t operator_id)
{
    surplus p = {0};
    LA_TRY(la_store_list_sessions(c->store, operator_id, take_surplus, &p));
    for (unsigned i = 0; i < p.n; i++)
        LA_TRY(la_store_delete_session(c->store, operator_id, p.ids[i]));
    return la_ok();
}

static la_result add_session(la_commands *c, const la_operator_row *o, la_slice user_agent, la_session_row *row,
                             char cookie[LA_COOKIE_BYTES])
{
    uint8_t digest[LA_SESSION_DIGEST_BYTES];
    int64_t now_s = la_clock_now_s();
    *row = (la_session_row){
        .operator_id = o->operator_id,
        .state = o->totp_enabled ? LA_SESSION_TOTP_REQUIRED : state_of(c, o),
        .created_at_s = now_s,
        .last_seen_at_s = now_s,
        .expires_at_s = now_s + c->config->admin_session_max_s,
    };
    copy_shown(c->actor.address, row->address, sizeof row->address);
    copy_shown(user_agent, row->user_agent, sizeof row->user_agent);
    make_cookie(cookie, digest);
    LA_TRY(la_store_add_session(c->store, row, digest, &row->session_id));
    LA_TRY(end_surplus(c, o->operator_id));
    return o->totp_enabled ? la_ok() : la_store_note_login(c->store, o->operator_id, now_s);
}

/* Libsodium's limits may have risen since the hash was made; only now is the password there to make another. */
static la_result renew_hash(la_commands *c, la_slice password, la_operator_row *o)
{
    if (!la_password_is_outdated(o->password_hash))
        return la_ok();
    LA_TRY(la_password_hash(password, o->password_hash));
    LA_TRY(la_store_update_operator(c->store, o));
    return la_operator_read(c, o->operator_id, o);
}

static la_result log_in(la_commands *c, la_slice password, la_slice user_agent, la_operator_row *o, la_session_row *row,
                        char cookie[LA_COOKIE_BYTES])
{
    la_change change;
    char hash[LA_PASSWORD_HASH_MAX + 1];
    memcpy(hash, o->password_hash, sizeof hash);
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_operator_read(c, o->operator_id, o);
    /* Checking took a while: what was checked must still hold. */
    if (la_is_ok(r) && (!o->enabled || strcmp(hash, o->password_hash) != 0))
        r = la_fail(LA_UNAUTHENTICATED, "email or password is wrong");
    if (la_is_ok(r))
        r = renew_hash(c, password, o);
    if (la_is_ok(r))
        r = add_session(c, o, user_agent, row, cookie);
    la_audit_event event = {.action = "session.login"};
    if (la_is_ok(r))
        event.detail = json_pack("{s:s}", "state", la_session_state_name(row->state));
    return end_with_event(c, &change, r, o, &event);
}

la_result la_command_login(la_commands *c, la_slice email, la_slice password, la_slice user_agent, la_session_row *ret,
                           la_operator_row *ret_operator, char ret_cookie[LA_COOKIE_BYTES])
{
    la_operator_row o = {0};
    la_session_row row;
    char cookie[LA_COOKIE_BYTES];
    la_slice trimmed = la_slice_trim(email);
    la_result r = la_store_find_operator_by_email(c->store, trimmed, &o);
    bool known = la_is_ok(r);
    if (!known && r.code != LA_NOT_FOUND)
        return r;
    bool right = la_password_verify(known ? o.password_hash : "", password);
    if (!known)
        return refuse_login(c, NULL, trimmed, "there is no such operator");
    if (!right)
        return refuse_login(c, &o, trimmed, "wrong password");
    if (!o.enabled)
        return refuse_login(c, &o, trimmed, "the operator is disabled");
    LA_TRY(log_in(c, password, user_agent, &o, &row, cookie));
    *ret = row;
    *ret_operator = o;
    memcpy(ret_cookie, cookie, sizeof cookie);
    la_wipe(cookie, sizeof cookie);
    return la_ok();
}

/* ---- second factor ---- */

/* The store counts them, so a restart of the server grants no further attempts. */
static la_result end_after_wrong_codes(la_commands *c, const la_session_row *s)
{
    unsigned wrong;
    la_result r = la_store_count_session_failure(c->store, s->session_id, &wrong);
    if (la_is_ok(r) && wrong >= WRONG_CODES_MAX)
        r = la_store_delete_session(c->store, s->operator_id, s->session_id);
    return r.code == LA_NOT_FOUND ? la_ok() : r;
}

static la_result refuse_code(la_commands *c, const la_session_row *s, const char *factor, bool used)
{
    char id[LA_OPERATOR_ID_BYTES], own_id[LA_OPERATOR_ID_BYTES];
    la_operator_row o = {0};
    la_change change;
    la_actor before = c->actor;
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_operator_read(c, s->operator_id, &o);
    la_operator_id(s->session_id, id);
    la_audit_event event = {
        .action = "session.totp_failed",
        .refused = true,
        .target_kind = "session",
        .target_id = la_slice_of(id),
        .target_name = la_slice_of(o.email),
        .detail = json_pack("{s:s, s:s}", "second_factor", factor, "reason", used ? "used before" : "wrong"),
    };
    /* Under this name they are counted. */
    la_operator_id(s->operator_id, own_id);
    c->actor.kind = LA_ACTOR_OPERATOR;
    c->actor.id = la_slice_of(own_id);
    c->actor.name = event.target_name;
    if (la_is_ok(r))
        r = la_audit_note(c, &event);
    else
        json_decref(event.detail);
    c->actor = before;
    if (la_is_ok(r))
        r = end_after_wrong_codes(c, s);
    LA_TRY(la_change_end(c, &change, r, NULL));
    return la_fail(LA_UNAUTHENTICATED, "the code is wrong, or was used before");
}

static la_result count_one(void *self, const la_audit_row *row)
{
    ++*(unsigned *)self;
    return la_ok();
}

/*
 * Whoever has the password must not get to try code after code, from whatever address and over however many sessions. The log has
 * counted them, so a restart of the server grants none either. A recovery code is too long to be guessed, and stays a way in.
 */
static la_result limit_codes(la_commands *c, const la_operator_row *o)
{
    char id[LA_OPERATOR_ID_BYTES];
    unsigned wrong = 0;
    la_operator_id(o->operator_id, id);
    la_audit_filter filter = {
        .actor_id = la_slice_of(id),
        .action = LA_SLICE("session.totp_failed"),
        .from_ms = la_clock_now_us() / 1000 - DAY_MS,
    };
    LA_TRY(la_store_list_audit(c->store, &filter, WRONG_CODES_A_DAY, count_one, &wrong));
    return wrong < WRONG_CODES_A_DAY
               ? la_ok()
               : la_fail(LA_THROTTLED, "there were too many wrong codes within a day: take a recovery code");
}

/* UNAUTHENTICATED where the code is wrong, CONFLICT where it was used. */
static la_result use_code(la_commands *c, const la_operator_row *o, la_slice code)
{
    uint8_t secret[LA_TOTP_BYTES];
    int64_t step;
    LA_TRY(limit_codes(c, o));
    la_result r = la_operator_totp(c, o, false, secret);
    if (r.code == LA_NOT_FOUND)
        return la_error(LA_UNAUTHENTICATED);
    LA_TRY(r);
    bool right = la_totp_check(secret, code, la_clock_now_s(), &step);
    la_wipe(secret, sizeof secret);
    return right ? la_store_use_totp_step(c->store, o->operator_id, step) : la_error(LA_UNAUTHENTICATED);
}

static la_result use_recovery_code(la_commands *c, const la_operator_row *o, la_slice code)
{
    uint8_t digest[LA_DIGEST_BYTES];
    if (!la_recovery_code_digest(c, code, digest))
        return la_error(LA_UNAUTHENTICATED);
    la_result r = la_store_use_recovery_code(c->store, o->operator_id, digest);
    return r.code == LA_NOT_FOUND ? la_error(LA_UNAUTHENTICATED) : r;
}

static la_result rotate(la_commands *c, const la_session_row *s, la_session_state state, la_session_row *ret,
                        char cookie[LA_COOKIE_BYTES])
{
    uint8_t digest[LA_SESSION_DIGEST_BYTES];
    make_cookie(cookie, digest);
    LA_TRY(la_store_rotate_session(c->store, s->session_id, digest, state, la_clock_now_s()));
    return la_store_find_session(c->store, digest, ret);
}

static la_result finish_login(la_commands *c, const la_session_row *s, const la_operator_row *o, la_session_row *row,
                              char cookie[LA_COOKIE_BYTES])
{
    LA_TRY(la_store_note_login(c->store, o->operator_id, la_clock_now_s()));
    return rotate(c, s, state_of(c, o), row, cookie);
}

la_result la_command_login_totp(la_commands *c, const la_session_row *s, la_slice code, la_slice recovery_code,
                                la_session_row *ret, char ret_cookie[LA_COOKIE_BYTES])
{
    la_change change;
    la_operator_row o = {0};
    la_session_row row;
    char cookie[LA_COOKIE_BYTES];
    const char *factor = recovery_code.p ? "recovery_code" : "totp";
    if (s->state != LA_SESSION_TOTP_REQUIRED)
        return la_fail(LA_CONFLICT, "this session waits for no second factor");
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_operator_read(c, s->operator_id, &o);
    if (la_is_ok(r))
        r = recovery_code.p ? use_recovery_code(c, &o, recovery_code) : use_code(c, &o, code);
    bool wrong = r.code == LA_UNAUTHENTICATED, used = r.code == LA_CONFLICT;
    if (la_is_ok(r))
        r = finish_login(c, s, &o, &row, cookie);
    la_audit_event event = {.action = "session.login"};
    if (la_is_ok(r))
        event.detail = json_pack("{s:s, s:s}", "state", la_session_state_name(row.state), "second_factor", factor);
    r = end_with_event(c, &change, r, &o, &event);
    if (wrong || used)
        return refuse_code(c, s, factor, used);
    LA_TRY(r);
    *ret = row;
    memcpy(ret_cookie, cookie, sizeof cookie);
    la_wipe(cookie, sizeof cookie);
    return la_ok();
}

/* ---- sessions ---- */

static bool is_over(const la_commands *c, const la_session_row *s, int64_t now_s)
{
    return now_s >= s->expires_at_s || now_s - s->last_seen_at_s >= c->config->admin_session_idle_s ||
           now_s - s->created_at_s >= c->config->admin_session_max_s ||
           (s->state == LA_SESSION_TOTP_REQUIRED && now_s - s->created_at_s >= SECOND_FACTOR_WITHIN_S);
}

la_result la_command_find_session(la_commands *c, la_slice cookie, la_session_row *ret, la_operator_row *ret_operator)
{
    uint8_t digest[LA_SESSION_DIGEST_BYTES];
    la_session_row s;
    la_operator_row o;
    int64_t now_s = la_clock_now_s();
    la_result r = digest_cookie(cookie, digest) ? la_store_find_session(c->store, digest, &s) : la_error(LA_NOT_FOUND);
    if (la_is_ok(r))
        r = la_store_find_operator(c->store, s.operator_id, &o);
    if (r.code == LA_NOT_FOUND || (la_is_ok(r) && (!o.enabled || is_over(c, &s, now_s))))
        return la_fail(LA_UNAUTHENTICATED, "the session is over: log in again");
    LA_TRY(r);
    if (now_s - s.last_seen_at_s >= SEEN_EVERY_S) {
        LA_TRY(la_store_touch_session(c->store, s.session_id, now_s));
        s.last_seen_at_s = now_s;
    }
    *ret = s;
    *ret_operator = o;
    return la_ok();
}

la_result la_command_renew_session(la_commands *c, const la_session_row *s, la_session_row *ret,
                                   char ret_cookie[LA_COOKIE_BYTES])
{
    la_change change;
    la_operator_row o;
    la_session_row row;
    char cookie[LA_COOKIE_BYTES];
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_operator_read(c, s->operator_id, &o);
    if (la_is_ok(r))
        r = rotate(c, s, s->state == LA_SESSION_TOTP_REQUIRED ? s->state : state_of(c, &o), &row, cookie);
    if (la_is_ok(r))
        r = la_store_delete_sessions(c->store, s->operator_id, s->session_id);
    LA_TRY(la_change_end(c, &change, r, NULL));
    *ret = row;
    memcpy(ret_cookie, cookie, sizeof cookie);
    la_wipe(cookie, sizeof cookie);
    return la_ok();
}

static la_result end_session(la_commands *c, uint64_t operator_id, uint64_t session_id, const char *action)
{
    char id[LA_OPERATOR_ID_BYTES];
    la_operator_row o = {0};
    la_change change;
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_operator_read(c, operator_id, &o);
    if (la_is_ok(r))
        r = la_store_delete_session(c->store, operator_id, session_id);
    if (r.code == LA_NOT_FOUND)
        r = la_fail(LA_NOT_FOUND, "there is no session %llu of that operator", (unsigned long long)session_id);
    la_operator_id(session_id, id);
    la_audit_event event = {
        .action = action,
        .target_kind = "session",
        .target_id = la_slice_of(id),
        .target_name = la_slice_of(o.email),
    };
    return la_change_end(c, &change, r, &event);
}

la_result la_command_logout(la_commands *c, const la_session_row *s)
{
    return end_session(c, s->operator_id, s->session_id, "session.logout");
}

la_result la_command_revoke_session(la_commands *c, const la_operator_row *o, uint64_t session_id)
{
    return end_session(c, o->operator_id, session_id, "session.revoke");
}

la_result la_command_expire_sessions(la_commands *c, int64_t now_s)
{
    return la_store_expire_sessions(c->store, now_s, now_s - c->config->admin_session_idle_s,
                                    now_s - LA_IDEMPOTENCY_KEPT_S, EXPIRE_MOST);
}
