/* Knows the text of generated configurations; config/ knows what it means. */
#include "cli/template.h"

#include <stdio.h>

#define FIRST_LINE_CHARS 200

static void write_demo_environment(la_buffer *out, const char *name, const char *site, uint16_t port, bool fallback,
                                   bool test)
{
    la_buffer_add_format(out, "  - name: %s\n    issuer: http://%s.localhost:%u\n", name, name, port);
    if (fallback)
        la_buffer_add_text(out, "    default: true    # answers for any other host name as well\n");
    if (test)
        la_buffer_add_text(out, "    test: true       # secrets begin with las_test_\n");
    la_buffer_add_format(out, "    api: {audience: \"https://api.%s\"}\n    customer: {audience: \"https://sdk.%s\"}\n",
                         site, site);
}

static void write_demo(la_buffer *out, const la_template *t)
{
    la_buffer_add_format(out,
                         "# Written by \"leanauth init --demo\" for the ports %u and %u.\n"
                         "# As long as it is not edited, \"leanauth init\" with other ports writes it anew.\n"
                         "listen: {address: 127.0.0.1, port: %u}\n"
                         "admin:\n"
                         "  address: 127.0.0.1\n"
                         "  port: %u\n"
                         "  environment: production   # its applications may be given admin:read and admin:write\n"
                         "  require_totp: false       # for trying out; elsewhere every operator needs a second "
                         "factor\n"
                         "environments:\n",
                         t->port, t->admin_port, t->port, t->admin_port);
    write_demo_environment(out, "production", "leantech.me", t->port, false, false);
    write_demo_environment(out, "sandbox-uae", "sandbox.ae.leantech.me", t->port, true, true);
    write_demo_environment(out, "sandbox-ksa", "sandbox.sa.leantech.me", t->port, false, true);
}

static const char production[] =
    "# Further options of admin: origin (https://…: where browsers find the dashboard, behind a TLS proxy), "
    "environment\n"
    "# (its applications may be given admin:read and admin:write), audience, token_lifetime_s, require_totp: true,\n"
    "# session_idle_s: 1800, session_max_s: 43200\n"
    "\n"
    "# Relative paths begin at the folder of this file.\n"
    "# store: {sqlite: leanauth.db, last_used_flush_s: 30}\n"
    "# registry: {path: registry, ready_max_stale_s: 0}\n"
    "# master_key: master.key\n"
    "# workers: 0                    # event loops; 0: one a core\n"
    "# log: {level: info, requests: all}   # requests: all | refused | none\n"
    "# usage: {flush_s: 10, keep_minutes_s: 172800, keep_hours_s: 7776000, keep_days_s: 94608000}\n"
    "# limits:\n"
    "#   header_bytes: 16384\n"
    "#   body_bytes: 65536\n"
    "#   connections: 10000\n"
    "#   connections_per_address: 1000\n"
    "#   request_timeout_s: 10\n"
    "#   idle_timeout_s: 75\n"
    "#   drain_timeout_s: 10\n"
    "#   failed_auth_per_minute: 60                # per address and client_id; 0: no limit\n"
    "#   failed_auth_per_address_per_minute: 600   # 0: no limit\n"
    "\n"
    "environments:\n"
    "  - name: production\n"
    "    # What tokens say as iss, and where clients reach the server through its TLS proxy.\n"
    "    issuer: https://auth.example.com\n"
    "    # hosts: [auth.example.com]   # unless said: the host of the issuer\n"
    "    # default: false              # answers for any other host name as well\n"
    "    # test: false                 # true: secrets begin with las_test_ instead of las_live_\n"
    "    # algorithm: ES256            # ES256 | RS256 | PS256 | ES384 | EdDSA | ML-DSA-44 | ML-DSA-65 | ML-DSA-87\n"
    "    # profile: rfc9068            # rfc9068 | spring\n"
    "    # Tokens for scope api, and for customer.<customer_id>: who is to accept them, and for how long they live.\n"
    "    api: {audience: \"https://api.example.com\", lifetime_s: 3600}\n"
    "    customer: {audience: \"https://sdk.example.com\", lifetime_s: 3600, policy: any, id_format: uuid}\n"
    "    # policy: registered issues customer tokens only for customers of \"leanauth customer add\".\n"
    "    # scopes: [{name: payments, audience: \"https://api.example.com\", lifetime_s: 600}]\n"
    "    # allow_origin: false         # true: answers requests of browsers as well\n"
    "    # secrets_per_application: 2\n"
    "    # jwks_max_age_s: 900\n"
    "    # keys: {rotate_every_s: 7776000, publish_margin_s: 300}\n";

static void write_production(la_buffer *out, const la_template *t)
{
    la_buffer_add_format(out,
                         "# Written by \"leanauth init\" for the ports %u and %u.\n"
                         "# Edit it, then run \"leanauth check-config\" and \"leanauth init\" again. What is commented "
                         "out shows the defaults.\n"
                         "listen: {address: 127.0.0.1, port: %u}   # the token endpoint\n"
                         "admin: {address: 127.0.0.1, port: %u}    # dashboard, admin API, /metrics /livez /readyz\n",
                         t->port, t->admin_port, t->port, t->admin_port);
    la_buffer_add_text(out, production);
}

void la_template_write(const la_template *t, la_buffer *out)
{
    if (t->demo)
        write_demo(out, t);
    else
        write_production(out, t);
}

static bool read_first_line(la_slice file, la_template *ret)
{
    char line[FIRST_LINE_CHARS];
    la_slice first;
    unsigned port, admin_port;
    if (!la_slice_split(&file, '\n', &first) || first.n >= sizeof line)
        return false;
    snprintf(line, sizeof line, "%.*s", LA_FMT(first));
    ret->demo = sscanf(line, "# Written by \"leanauth init --demo\" for the ports %5u and %5u.", &port, &admin_port) ==
                2;
    if (!ret->demo &&
        sscanf(line, "# Written by \"leanauth init\" for the ports %5u and %5u.", &port, &admin_port) != 2)
        return false;
    if (port > UINT16_MAX || admin_port > UINT16_MAX)
        return false;
    ret->port = (uint16_t)port;
    ret->admin_port = (uint16_t)admin_port;
    return true;
}

bool la_template_recognise(la_slice file, la_template *ret)
{
    la_template recorded;
    if (!read_first_line(file, &recorded))
        return false;
    la_buffer expected;
    la_buffer_init(&expected, LA_TEMPLATE_MAX_BYTES);
    la_template_write(&recorded, &expected);
    bool same = la_buffer_ok(&expected) && la_slice_equal(la_buffer_slice(&expected), file);
    la_buffer_done(&expected);
    if (same)
        *ret = recorded;
    return same;
}
