/*
 * The commands that change or list what the store keeps: the one place where their rules are written. The command
 * line calls them, and so does every other administration. They know the config, the store and the keys; no
 * socket, no argument vector, no output format.
 *
 * Inputs are checked here (INVALID with a detail that says what was expected, NOT_FOUND, EXISTS, CONFLICT). Each change is
 * one transaction together with its audit event, which names c->actor: both are there, or neither. A command that is called within
 * la_store_begin … commit joins that transaction.
 */
#ifndef LA_ADMIN_COMMANDS_H
#define LA_ADMIN_COMMANDS_H

#include "base/result.h"
#include "config/config.h"
#include "jose/client_secret.h"
#include "jose/hasher.h"
#include "jose/wrap.h"
#include "store/store.h"

/* Who gives a command: what the audit log says of it. The texts outlive the command. */
typedef enum la_actor_kind {
    LA_ACTOR_SYSTEM, /* the server by itself: key rotation, upgraded secrets */
    LA_ACTOR_COMMAND_LINE,
    LA_ACTOR_OPERATOR,
    LA_ACTOR_APPLICATION, /* by an access token */
    LA_ACTOR_ANONYMOUS,
} la_actor_kind;

typedef struct la_actor {
    la_actor_kind kind;
    la_slice id;         /* operator_id, client_id, name of the system's user; "" where there is none */
    la_slice name;       /* email, name of the application */
    la_slice address;    /* numeric text; "" */
    la_slice request_id; /* "" */
} la_actor;

/* Whether one more refused login of this actor is worth an event, and how many were not since the last that was. Anybody can have a
 * login refused, and the log keeps every event for ever. `may_note` NULL: each one. */
typedef struct la_login_ration {
    void *self;
    bool (*may_note)(void *self, const la_actor *actor, uint64_t *ret_unwritten);
} la_login_ration;

/* What every command needs. Opened for one command, or kept by a daemon's housekeeping thread. */
typedef struct la_commands {
    const la_config *config;
    la_master_key *master_key;
    la_store *store;
    la_hasher *hasher;
    la_actor actor;
    struct la_audit_log *audit; /* admin/audit.h */
    la_login_ration login_ration;
    uint16_t environment_ids[LA_ENVIRONMENTS_MAX]; /* by index of config->environments */
} la_commands;

/* Opens store and keys; makes sure of the pepper, and of an id and a first signing key for each environment. */
la_result la_commands_open(const la_config *config, la_store_mode mode, la_commands *ret);
void la_commands_close(la_commands *c);

/* The pepper is wrapped with the purpose "pepper" and the name "pepper", a signing key with the purpose "signing-key" and
 * its kid as the name. This undoes the former: what store and registry hold as the pepper becomes its bytes, which the caller
 * wipes. CRYPTO where the master key is another one, CORRUPT where the length is wrong. */
la_result la_pepper_unwrap(const la_master_key *m, la_slice wrapped, uint8_t ret[LA_PEPPER_BYTES]);

/* ---- applications (admin/applications.c) ---- */
typedef struct la_created_application {
    la_application_row row;
    char client_secret[LA_CLIENT_SECRET_MAX +
                       1]; /* the only time that it is there: wipe it; "" where its method has none */
} la_created_application;

typedef struct la_application_plan {
    la_slice environment, name;
    la_slice scopes; /* space-separated, empty or absent for "api customer"; each must exist in the environment */
    la_auth_method auth_method;
    struct json_t *registration; /* its members (admin/registration.h); NULL: none. Only read */
} la_application_plan;
la_result la_command_create_application(la_commands *c, const la_application_plan *plan, la_created_application *ret);

/* client_id in the environment, or, where `environment` is absent, in the only one that has it. */
la_result la_command_find_application(la_commands *c, la_slice environment, la_slice client_id,
                                      la_application_row *ret);
/* `environment` absent: all. The filter's environment_id is set here. */
la_result la_command_list_applications(la_commands *c, la_slice environment, const la_application_filter *filter,
                                       unsigned limit, la_application_fn each, void *self);
/* What is wanted anew; what is absent stays. `scopes` as for creation. With another method, what only the former one used of the
 * registration goes; to client_secret_jwt, secrets there are cannot be used (they are digests): add new ones. */
typedef struct la_application_edit {
    la_slice name, scopes, auth_method;
    const bool *enabled;
    struct json_t *registration; /* the members that change; null takes one away. Only read */
} la_application_edit;
/* STALE where a->version is no longer the stored one; then and otherwise *ret is the row as it is now. Changes nothing, and
 * writes no event, where all is as wanted already. */
la_result la_command_update_application(la_commands *c, const la_application_row *a, const la_application_edit *edit,
                                        la_application_row *ret);
la_result la_command_delete_application(la_commands *c, const la_application_row *a);

/* ---- import (admin/import.c) ---- */
/* CSV with a header line (RFC 4180) or JSON Lines. Columns / members: name (needed), environment, scopes (space-separated),
 * client_id, client_secret, secret_hash, auth_method, enabled, and those of a registration. Without client_id one is made; without client_secret and secret_hash a secret
 * is made and given out by `each`, unless the method has none. All or nothing for the whole file; a failure names the line. */
typedef struct la_import_progress {
    uint64_t bytes_done, bytes_total, applications;
} la_import_progress;
typedef struct la_import_hooks {
    void *self;
    void (*progress)(void *self, const la_import_progress *p); /* NULL: none */
    la_result (*created)(void *self, la_slice environment, la_slice client_id, la_slice client_secret,
                         la_slice name);    /* client_secret
                          absent where it was imported; NULL: none */
    la_result (*before_commit)(void *self); /* all rows are in: a failure here undoes them. NULL: none */
} la_import_hooks;
/* `environment` absent: each row must name one. */
la_result la_command_import(la_commands *c, const char *path, la_slice environment, const la_import_hooks *hooks,
                            uint64_t *ret_count);

/* ---- secrets (admin/secrets.c) ---- */
/* The secret of a client_secret_jwt application is kept wrapped, too, and long enough for HS512. Purpose "client-secret", name its
 * client_id. */
la_result la_command_wrap_secret(la_commands *c, la_slice client_id, la_slice client_secret, la_buffer *ret);
/* expires_in_s 0: never. CONFLICT at the environment's secrets_per_application, and where the method has no secrets. */
la_result la_command_add_secret(la_commands *c, const la_application_row *a, int64_t expires_in_s,
                                uint64_t *ret_secret_id, char ret_secret[LA_CLIENT_SECRET_MAX + 1]);
la_result la_command_list_secrets(la_commands *c, const la_application_row *a, la_secret_fn each, void *self);
const char *la_secret_state(const la_secret_row *s, int64_t now_s); /* "live", "expired", "revoked" */
la_result la_command_revoke_secret(la_commands *c, const la_application_row *a, uint64_t secret_id);
/* An imported secret was right: it is kept by its keyed digest from now on. NOT_FOUND where it is gone. */
la_result la_command_upgrade_secret(la_commands *c, uint64_t secret_id, const uint8_t digest[LA_DIGEST_BYTES]);

/* ---- customers (admin/customers.c) ---- */
/* Of one that was removed within the last two seconds: CONFLICT, and *ret_wait_s (else 0) until it can be; tokens that it gets are good at once then. */
la_result la_command_add_customer(la_commands *c, const la_application_row *a, la_slice customer_id,
                                  la_slice app_user_id, int64_t *ret_wait_s);
la_result la_command_list_customers(la_commands *c, const la_application_row *a, la_slice prefix, la_slice after,
                                    unsigned limit, la_customer_fn each, void *self);
/* Revokes the tokens that the application got for it, in the same transaction. */
la_result la_command_remove_customer(la_commands *c, const la_application_row *a, la_slice customer_id);

/* ---- signing keys (admin/keys.c) ---- */
/* What is due at now_s in every environment: a first key, a rotation by age or change of algorithm, removal of what is gone.
 * Cheap where nothing is. */
la_result la_command_keep_keys(la_commands *c, int64_t now_s);
/* Starts a rotation by hand. CONFLICT where one is under way. */
la_result la_command_rotate_key(la_commands *c, la_slice environment, int64_t now_s);
la_result la_command_list_keys(la_commands *c, la_slice environment, la_key_fn each, void *self);

#endif
