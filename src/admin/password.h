/* Passwords of operators: the rule, and Argon2id (libsodium, its interactive limits). Knows no operator. */
#ifndef LA_ADMIN_PASSWORD_H
#define LA_ADMIN_PASSWORD_H

#include "admin/operators.h"

/* INVALID with what was expected: 12 characters at least, no address of its owner, nothing that everybody tries first. */
la_result la_rule_password(la_slice password, la_slice email);

/* Takes tens of milliseconds and 64 MiB. NO_MEMORY. */
la_result la_password_hash(la_slice password, char ret[LA_PASSWORD_HASH_MAX + 1]);

/* As long for an empty `hash` (there is no such operator), which no password fits. */
bool la_password_verify(const char *hash, la_slice password);

/* True where it was made with weaker limits than those of today. */
bool la_password_is_outdated(const char *hash);

/* 100 random bits, easy to copy and to read out: "k7fd-92mq-x4tw-…". */
void la_password_generate(char ret[LA_GENERATED_PASSWORD_BYTES]);

/* Groups of four letters and digits that are not mistaken for each other, joined by '-'; `ret` has 5 * groups bytes. */
void la_readable_random(unsigned groups, char *ret);

#endif
