/* The part of the store that the administration needs about people: operators, their second factor, their sessions. See store.h for
 * what holds for every operation. None of it reaches the change feed. */
#ifndef LA_STORE_OPERATORS_H
#define LA_STORE_OPERATORS_H

#include "store/store.h"

#define LA_EMAIL_MAX 254         /* bytes (RFC 5321 4.5.3.1.3) */
#define LA_PASSWORD_HASH_MAX 128 /* crypto_pwhash_STRBYTES */
#define LA_TOTP_WRAPPED_MAX 128  /* la_wrap output */
#define LA_RECOVERY_CODES 10
#define LA_SESSION_DIGEST_BYTES 32
#define LA_USER_AGENT_MAX 200

typedef enum la_role { LA_ROLE_ADMIN = 1, LA_ROLE_DEVELOPER, LA_ROLE_AUDITOR } la_role;

typedef struct la_operator_row {
    uint64_t operator_id;
    char email[LA_EMAIL_MAX + 1]; /* as given; unique without regard to ASCII case */
    char name[LA_NAME_MAX + 1];
    la_role role;
    bool all_environments;
    unsigned n_environments; /* only where not all; names, so that one which is configured later counts */
    char environments[LA_ENVIRONMENTS_MAX][LA_ENVIRONMENT_NAME_MAX + 1];
    bool enabled;
    bool must_change_password;
    bool totp_enabled;
    unsigned recovery_codes_left;
    int64_t created_at_s, last_login_at_s; /* 0: never */
    uint64_t version;
    /* secret; for the login alone */
    char password_hash[LA_PASSWORD_HASH_MAX + 1];
    uint8_t totp_wrapped[LA_TOTP_WRAPPED_MAX]; /* in force where totp_enabled, else waiting for its confirmation */
    size_t totp_wrapped_n;
    int64_t totp_last_step; /* a code of this step or an earlier one is not taken again (RFC 6238 5.2) */
} la_operator_row;

/* EXISTS where the email is taken. `row` gives email, name, role, environments, must_change_password and password_hash; the operator
 * is enabled. */
la_result la_store_add_operator(la_store *s, const la_operator_row *row, int64_t now_s, uint64_t *ret_operator_id);
la_result la_store_find_operator(la_store *s, uint64_t operator_id, la_operator_row *ret);    /* NOT_FOUND */
la_result la_store_find_operator_by_email(la_store *s, la_slice email, la_operator_row *ret); /* NOT_FOUND */
typedef la_result (*la_operator_fn)(void *self, const la_operator_row *row);
la_result la_store_list_operators(la_store *s, uint64_t after_id, unsigned limit, la_operator_fn each, void *self);
la_result la_store_count_admins(la_store *s, unsigned *ret); /* enabled ones with the role admin */

/* Writes name, role, environments, enabled, must_change_password, password_hash, totp_*, last_login_at_s of the row, and counts its
 * version up. STALE where the stored version is not row->version (0: whatever it is). The email never changes. last_login_at_s never
 * goes back, nor does totp_last_step while totp_wrapped stays as it is: the row may be older than a login. NOT_FOUND. */
la_result la_store_update_operator(la_store *s, const la_operator_row *row);
la_result la_store_delete_operator(la_store *s, uint64_t operator_id); /* with sessions and codes; NOT_FOUND */

/* Login and second factor, each without touching the version. NOT_FOUND where there is no such operator. */
la_result la_store_note_login(la_store *s, uint64_t operator_id, int64_t now_s);
/* Moves totp_last_step forward; CONFLICT where `step` is not later than it: the code was used. */
la_result la_store_use_totp_step(la_store *s, uint64_t operator_id, int64_t step);
/* Replaces all codes by these digests (n may be 0). */
la_result la_store_set_recovery_codes(la_store *s, uint64_t operator_id, const uint8_t (*digests)[LA_DIGEST_BYTES],
                                      unsigned n);
la_result la_store_use_recovery_code(la_store *s, uint64_t operator_id,
                                     const uint8_t digest[LA_DIGEST_BYTES]); /* NOT_FOUND */

/* ---- sessions ---- */
typedef enum la_session_state {
    LA_SESSION_TOTP_REQUIRED = 1,
    LA_SESSION_PASSWORD_CHANGE_REQUIRED,
    LA_SESSION_TOTP_ENROLLMENT_REQUIRED,
    LA_SESSION_COMPLETE,
} la_session_state;

typedef struct la_session_row {
    uint64_t session_id; /* for people; knowing it gives nothing */
    uint64_t operator_id;
    la_session_state state;
    unsigned failures; /* wrong codes of the second factor since the last step of the login */
    int64_t created_at_s, last_seen_at_s, expires_at_s;
    char address[64];
    char user_agent[LA_USER_AGENT_MAX + 1];
} la_session_row;

/* `digest`: SHA-256 of the cookie's random value. */
la_result la_store_add_session(la_store *s, const la_session_row *row, const uint8_t digest[LA_SESSION_DIGEST_BYTES],
                               uint64_t *ret_session_id);
la_result la_store_find_session(la_store *s, const uint8_t digest[LA_SESSION_DIGEST_BYTES],
                                la_session_row *ret); /* NOT_FOUND */
la_result la_store_list_sessions(la_store *s, uint64_t operator_id,
                                 la_result (*each)(void *self, const la_session_row *row),
                                 void *self); /* newest first */
/* Another cookie value and state for the same session, and no failures: after each step of a login. NOT_FOUND, and so for the next
 * two. */
la_result la_store_rotate_session(la_store *s, uint64_t session_id, const uint8_t digest[LA_SESSION_DIGEST_BYTES],
                                  la_session_state state, int64_t now_s);
la_result la_store_touch_session(la_store *s, uint64_t session_id, int64_t now_s);
/* One more wrong code; gives how many there are now. Nothing ends the session here. */
la_result la_store_count_session_failure(la_store *s, uint64_t session_id, unsigned *ret_failures);
la_result la_store_delete_session(la_store *s, uint64_t operator_id, uint64_t session_id); /* NOT_FOUND */
/* All of an operator but `except_session_id` (0: none is spared). */
la_result la_store_delete_sessions(la_store *s, uint64_t operator_id, uint64_t except_session_id);

/* Removes sessions past expires_at_s or last seen before idle_before_s, and idempotency keys made before keys_before_s; at most about
 * `most` rows of each, so that the write lock is short. */
la_result la_store_expire_sessions(la_store *s, int64_t now_s, int64_t idle_before_s, int64_t keys_before_s,
                                   unsigned most);

/* ---- repeated creations (Idempotency-Key) ---- */
typedef struct la_idempotent_row {
    uint8_t request_digest[LA_DIGEST_BYTES]; /* of method, path and body */
    int64_t at_s;
    size_t answer_n;
    uint8_t answer[LA_REGISTRATION_MAX + 4096]; /* wrapped: the answer to a creation with all that can be registered */
} la_idempotent_row;
/* `key_digest`: of actor and key. */
la_result la_store_find_idempotent(la_store *s, const uint8_t key_digest[LA_DIGEST_BYTES],
                                   la_idempotent_row *ret); /* NOT_FOUND */
la_result la_store_add_idempotent(la_store *s, const uint8_t key_digest[LA_DIGEST_BYTES],
                                  const la_idempotent_row *row); /* EXISTS */

#endif
