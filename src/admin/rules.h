/*
 * What the values of a command must look like. Each rule is written here once, for single commands and for the
 * import alike. A value that breaks one is INVALID, with a detail that says what was expected.
 */
#ifndef LA_ADMIN_RULES_H
#define LA_ADMIN_RULES_H

#include "admin/commands.h"

/* How the detail of a failure says what was given: short enough to leave room for the sentence around it. */
#define LA_RULE_SHOWN_BYTES 80
const char *la_rule_show(la_slice value, char ret[LA_RULE_SHOWN_BYTES]);

/* 1 to LA_NAME_MAX bytes of UTF-8 without control characters; gives it without blanks at its ends. */
la_result la_rule_name(la_slice name, la_slice *ret);

/* Something on both sides of one '@', no blank, no control character; gives it without blanks at its ends. */
la_result la_rule_email(la_slice email, la_slice *ret);

/* Like a name, but may be empty. */
la_result la_rule_app_user_id(la_slice app_user_id, la_slice *ret);

/* Scopes that the environment has, separated by blanks, each written once: "api customer" where `scopes` is empty. */
la_result la_rule_scopes(const la_environment_config *e, la_slice scopes, char ret[LA_SCOPES_MAX + 1]);

/* True where one of the scopes begins with "admin:": only an admin may give such a one, or touch an application that has one. */
bool la_rule_has_admin_scope(la_slice scopes);

/* VSCHAR of RFC 6749 A.1 and A.2, at most LA_CLIENT_ID_MAX and LA_CLIENT_SECRET_MAX. */
la_result la_rule_client_id(la_slice client_id);
la_result la_rule_client_secret(la_slice client_secret);

la_result la_rule_slow_hash(la_slice hash);
la_result la_rule_auth_method(la_slice name, la_auth_method *ret);
la_result la_rule_customer_id(const la_environment_config *e, la_slice customer_id);

/* Gives the moment; 0 where expires_in_s is 0 (never). */
la_result la_rule_expiry(int64_t expires_in_s, int64_t now_s, int64_t *ret_expires_at_s);

/* Index in config->environments; NOT_FOUND with a detail that lists those there are. */
la_result la_rule_environment(const la_config *config, la_slice name, unsigned *ret_index);

#endif
