/* The options of an application's registration, and how it is shown. */
#ifndef LA_CLI_REGISTRATION_H
#define LA_CLI_REGISTRATION_H

#include "cli/shared.h"

#include <jansson.h>

#define LA_CLI_AUTH_METHODS                                                                    \
    "client_secret (either way), client_secret_basic, client_secret_post, client_secret_jwt, " \
    "private_key_jwt, tls_client_auth or self_signed_tls_client_auth."

/* Rows of the options' table of a command. An empty value takes a member away. */
#define LA_CLI_REGISTRATION_OPTIONS                                                                                   \
    {"jwks", "FILE", "Its public keys, a JWK set: for private_key_jwt, and for self_signed_tls_client_auth.", false}, \
        {"jwks-uri", "URL", "Where its public keys are, instead.", false},                                            \
        {"tls-client-auth-subject-dn", "DN", "Subject of its certificates for tls_client_auth (RFC 4514).", false},   \
        {"tls-client-auth-san-dns", "NAME", "Or a DNS name that its certificates have.", false},                      \
        {"tls-client-auth-san-uri", "URI", "Or a URI.", false},                                                       \
        {"tls-client-auth-san-ip", "IP", "Or an IP address.", false},                                                 \
        {"tls-client-auth-san-email", "ADDRESS", "Or an email address.", false},                                      \
        {"signing-alg", "ALG", "The one algorithm of its assertions; without it, any that fits its method.", false},  \
        {"dpop-bound", "BOOL", "true: it gets tokens with a DPoP proof only.", false},                                \
        {"certificate-bound", "BOOL", "true: it gets tokens with a client certificate only.", false},                 \
        {"fapi", "BOOL", "true: it follows the FAPI 2.0 Security Profile, whatever its environment does.", false},    \
        {"allow-token-endpoint-audience", "BOOL",                                                                     \
         "true: its assertions may have the token endpoint's URL as their audience.", false},                         \
        {"grant-type", "GRANT",                                                                                       \
         "A grant that it may use; may be repeated. client_credentials is always one; "                               \
         "urn:ietf:params:oauth:grant-type:token-exchange is the other.",                                             \
         true},                                                                                                       \
        {"introspection-audience", "AUDIENCE",                                                                        \
         "An audience whose tokens it may ask about; may be repeated. Those that are not named are taken away.",      \
         true},                                                                                                       \
    {                                                                                                                 \
        "requests-per-minute", "N", "Token requests; past it 429. 0: as its environment has it.", false               \
    }

/* The members that the options say, into a new object; NULL where there are none. USAGE, INVALID, IO, NOT_FOUND. */
la_result la_cli_read_registration(const la_cli *cli, json_t **ret);

/* One line a member. */
void la_cli_print_registration(la_cli *cli, const la_application_row *a);

#endif
