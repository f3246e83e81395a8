/* What the files about operators share. Private to admin/. */
#ifndef LA_ADMIN_OPERATORS_INTERNAL_H
#define LA_ADMIN_OPERATORS_INTERNAL_H

#include "admin/audit.h"
#include "admin/operators.h"
#include "admin/totp.h"

#define LA_OPERATOR_ID_BYTES 24
void la_operator_id(uint64_t operator_id, char ret[LA_OPERATOR_ID_BYTES]); /* decimal */

/* The row as it is now, within the change that goes on. NOT_FOUND with a detail. */
la_result la_operator_read(la_commands *c, uint64_t operator_id, la_operator_row *ret);

/* Ends a change of an operator; takes the detail. */
la_result la_operator_end(la_commands *c, const la_change *change, la_result r, const char *action,
                          const la_operator_row *o, json_t *detail);

/* The secret of the second factor: in force, or (`pending`) waiting for its confirmation. NOT_FOUND where there is none. Wipe it. */
la_result la_operator_totp(la_commands *c, const la_operator_row *o, bool pending, uint8_t ret[LA_TOTP_BYTES]);

/* The digest under which a recovery code is kept. False where the text cannot be one. */
bool la_recovery_code_digest(const la_commands *c, la_slice code, uint8_t ret[LA_DIGEST_BYTES]);

#endif
