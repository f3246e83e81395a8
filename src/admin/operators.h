/*
 * Operators: who may use the dashboard. Passwords are Argon2id (libsodium), the second factor is TOTP (RFC 6238, liboath) with
 * recovery codes, a session is a random value of 256 bits of which the store knows the SHA-256.
 */
#ifndef LA_ADMIN_OPERATORS_H
#define LA_ADMIN_OPERATORS_H

#include "admin/commands.h"
#include "store/operators.h"

#define LA_PASSWORD_MIN 12  /* characters */
#define LA_PASSWORD_MAX 256 /* bytes */
#define LA_GENERATED_PASSWORD_BYTES 32
#define LA_RECOVERY_CODE_BYTES 16 /* "k7fd-92mq-x4tw" and its zero byte */
#define LA_TOTP_SECRET_BYTES 40   /* 160 bits in Base32, and a zero byte */
#define LA_TOTP_URI_BYTES 512
#define LA_COOKIE_BYTES 44 /* 256 bits in base64url, and a zero byte */

const char *la_role_name(la_role r); /* "admin", "developer", "auditor" */
bool la_role_parse(la_slice name, la_role *ret);

/* ---- operators (admin/operators.c) ---- */
typedef struct la_new_operator {
    la_slice email, name; /* name "": the part before the @ */
    la_role role;
    bool all_environments;
    const la_slice *environments;
    unsigned n_environments;
    la_slice password; /* absent: one is made, and has to be changed at the first login */
} la_new_operator;
la_result la_command_add_operator(la_commands *c, const la_new_operator *o, la_operator_row *ret,
                                  char ret_password[LA_GENERATED_PASSWORD_BYTES]); /* "" where one was given */
/* By operator_id in decimal, or email. NOT_FOUND. */
la_result la_command_find_operator(la_commands *c, la_slice who, la_operator_row *ret);

typedef struct la_operator_edit {
    la_slice name; /* absent: stays */
    const la_role *role;
    const bool *enabled;
    bool set_environments, all_environments;
    const la_slice *environments;
    unsigned n_environments;
} la_operator_edit;
/* STALE as for applications. CONFLICT where it would leave no enabled admin, or where an operator takes away their own access. A
 * change of role or environments, and disabling, end the sessions of that operator. */
la_result la_command_update_operator(la_commands *c, const la_operator_row *o, const la_operator_edit *edit,
                                     la_operator_row *ret);
la_result la_command_delete_operator(la_commands *c, const la_operator_row *o);
/* A new password, to be changed at the next login; ends the sessions. */
la_result la_command_reset_password(la_commands *c, const la_operator_row *o,
                                    char ret_password[LA_GENERATED_PASSWORD_BYTES]);
la_result la_command_reset_totp(la_commands *c, const la_operator_row *o);

/* ---- own password and second factor (admin/profile.c) ---- */
/* FORBIDDEN where the current password is wrong. INVALID for a password that is too short, too common, or the email. */
la_result la_command_check_password(la_commands *c, const la_operator_row *o, la_slice password);
/* Renews the session, where there is one, and ends the others (la_command_renew_session). Not within a group: it hashes, and notes a wrong password. */
la_result la_command_change_password(la_commands *c, const la_operator_row *o, const la_session_row *s,
                                     la_slice current, la_slice wanted, la_session_row *ret,
                                     char ret_cookie[LA_COOKIE_BYTES]);

typedef struct la_totp_offer {
    char secret[LA_TOTP_SECRET_BYTES];
    char uri[LA_TOTP_URI_BYTES]; /* otpauth://totp/… */
} la_totp_offer;
la_result la_command_begin_totp(la_commands *c, const la_operator_row *o, la_totp_offer *ret);
typedef struct la_recovery_codes {
    char codes[LA_RECOVERY_CODES][LA_RECOVERY_CODE_BYTES];
} la_recovery_codes;
/* FORBIDDEN where the code is wrong, CONFLICT where none was begun. */
la_result la_command_confirm_totp(la_commands *c, const la_operator_row *o, la_slice code, la_recovery_codes *ret);
la_result la_command_new_recovery_codes(la_commands *c, const la_operator_row *o, la_recovery_codes *ret);
la_result la_command_remove_totp(la_commands *c, const la_operator_row *o);

/* A QR code of a text: SVG (black modules on white, no script, no style), or half blocks for a terminal. */
la_result la_qr_svg(la_slice text, la_buffer *ret);
la_result la_qr_terminal(la_slice text, la_buffer *ret);

/* ---- login and sessions (admin/sessions.c) ---- */
const char *la_session_state_name(la_session_state s); /* "totp_required", …, "complete" */

/* UNAUTHENTICATED alike, and after the same work, for an unknown email, a wrong password and a disabled operator. Gives the session and the
 * cookie's value. Writes session.login or session.login_failed. */
la_result la_command_login(la_commands *c, la_slice email, la_slice password, la_slice user_agent, la_session_row *ret,
                           la_operator_row *ret_operator, char ret_cookie[LA_COOKIE_BYTES]);
/* The second factor, one of both given. UNAUTHENTICATED where it is wrong or used; five wrong ones end the session, and after 20 within a
 * day, over all sessions of the operator, no code is taken any more but a recovery code (THROTTLED). The cookie becomes another one. */
la_result la_command_login_totp(la_commands *c, const la_session_row *s, la_slice code, la_slice recovery_code,
                                la_session_row *ret, char ret_cookie[LA_COOKIE_BYTES]);
/* Who a cookie belongs to: UNAUTHENTICATED past idle or absolute timeout, or where the operator is disabled. Notes that it was seen (at
 * most once a minute). */
la_result la_command_find_session(la_commands *c, la_slice cookie, la_session_row *ret, la_operator_row *ret_operator);
/* After a change of password or second factor: another cookie, and the state that holds now; the operator's other sessions end. */
la_result la_command_renew_session(la_commands *c, const la_session_row *s, la_session_row *ret,
                                   char ret_cookie[LA_COOKIE_BYTES]);
la_result la_command_logout(la_commands *c, const la_session_row *s);
la_result la_command_revoke_session(la_commands *c, const la_operator_row *o, uint64_t session_id);

/* How long the first answer of a creation with an Idempotency-Key is given again. */
#define LA_IDEMPOTENCY_KEPT_S 3600

/* The daemon's: sessions and kept answers that are past their time, a little at a time. */
la_result la_command_expire_sessions(la_commands *c, int64_t now_s);

#endif
