/* Whether a bound access token comes with the proof that it needs (RFC 9449 7, RFC 8705 3). For leanauth verify. */
#ifndef LA_CLI_VERIFY_BINDING_H
#define LA_CLI_VERIFY_BINDING_H

#include "base/slice.h"
#include "cli/cli.h"

#include <jansson.h>

/* Of the options --dpop, --method, --url and --certificate. INVALID with a detail where one is missing, is of no use, or proves something
 * else. */
la_result la_cli_verify_binding(const la_cli *cli, la_slice token, const json_t *claims);

#endif
