/* leanauth cert issue | register | list | revoke | chain. */
#include "admin/certificates.h"
#include "admin/registration_form.h"
#include "base/base64url.h"
#include "cli/files.h"
#include "cli/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX 65536

static la_result read_input(const char *path, la_buffer *ret)
{
    la_buffer_init(ret, INPUT_MAX);
    return la_file_read(path, ret);
}

/* ---- issue ---- */

static la_result path_of(const char *prefix, const char *ending, char ret[PATH_MAX])
{
    if (snprintf(ret, PATH_MAX, "%s%s", prefix, ending) >= PATH_MAX)
        return la_fail(LA_USAGE, "--output is too long");
    return la_ok();
}

static const char *const endings[] = {".key", ".crt", ".chain.crt"};

/* Before anything is issued: a certificate whose key could not be written is of no use, and a key that is in use must not be lost. */
static la_result check_files(const char *prefix, bool with_key)
{
    char path[PATH_MAX], folder[PATH_MAX];
    for (size_t i = with_key ? 0 : 1; i < sizeof endings / sizeof endings[0]; i++) {
        LA_TRY(path_of(prefix, endings[i], path));
        if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return la_fail(LA_EXISTS, "%s is there already, and is not replaced: choose another --output", path);
    }
    la_file_folder_of(path, folder);
    if (access(folder, W_OK) != 0)
        return la_fail(LA_IO, "cannot write to the folder %s: %s", folder, strerror(errno));
    return la_ok();
}

/* The key first: a certificate without it is of no use. */
static la_result write_files(const char *prefix, const la_issued_certificate *i)
{
    const la_buffer *contents[] = {&i->key, &i->certificate, &i->chain};
    for (size_t n = 0; n < sizeof endings / sizeof endings[0]; n++) {
        char path[PATH_MAX];
        LA_TRY(path_of(prefix, endings[n], path));
        if (contents[n]->n)
            LA_TRY(la_file_write(path, la_buffer_slice(contents[n])));
    }
    return la_ok();
}

/* What nobody can have is revoked, so that it does not stand in the way of the next. */
static la_result give_up(la_commands *c, const la_application_row *a, const la_issued_certificate *i, la_result why)
{
    char detail[512];
    snprintf(detail, sizeof detail, "%s", la_detail());
    bool revoked = la_is_ok(la_command_revoke_certificate(c, a, i->row.certificate_id));
    return la_fail(why.code, "%s; certificate %llu was issued and is %s", detail,
                   (unsigned long long)i->row.certificate_id, revoked ? "revoked again" : "of no use: revoke it");
}

static void print_issued_json(la_cli *cli, const la_application_row *a, const la_issued_certificate *i,
                              const char *prefix)
{
    la_json_writer w = {&cli->out, false};
    la_cli_open_application_json(&w, a);
    la_json_u64(&w, "certificate_id", i->row.certificate_id);
    la_json_text(&w, "serial", la_slice_of(i->row.serial));
    la_json_text(&w, "subject", la_slice_of(i->row.subject));
    la_json_time(&w, "expires_at", i->row.not_after_s);
    if (!prefix) {
        la_json_text(&w, "certificate", la_buffer_slice(&i->certificate));
        la_json_text_or_null(&w, "private_key", la_buffer_slice(&i->key));
        la_json_text(&w, "chain", la_buffer_slice(&i->chain));
    }
    la_json_end(&w);
}

static void print_issued(la_cli *cli, const la_application_row *a, const la_issued_certificate *i, const char *prefix)
{
    char expires[LA_CLOCK_RFC3339_BYTES];
    if (cli->json) {
        print_issued_json(cli, a, i, prefix);
        return;
    }
    la_clock_format_rfc3339(i->row.not_after_s, expires);
    la_cli_note(cli, "certificate %llu of application %s, %s, until %s", (unsigned long long)i->row.certificate_id,
                a->client_id, i->row.subject, expires);
    if (prefix) {
        if (i->key.n)
            la_buffer_add_format(&cli->out, "%s.key\n", prefix);
        la_buffer_add_format(&cli->out, "%s.crt\n%s.chain.crt\n", prefix, prefix);
        return;
    }
    la_buffer_add(&cli->out, la_buffer_slice(&i->key));
    la_buffer_add(&cli->out, la_buffer_slice(&i->certificate));
    la_buffer_add(&cli->out, la_buffer_slice(&i->chain));
}

static la_result issue(la_cli *cli, la_slice request, int64_t lifetime_s)
{
    la_session s;
    la_application_row a;
    la_issued_certificate issued;
    const char *prefix = la_cli_value(cli, "output");
    if (prefix)
        LA_TRY(check_files(prefix, !request.p));
    LA_TRY(la_session_open_application(cli, &s, &a));
    la_result r = la_command_issue_certificate(&s.commands, &a, request, lifetime_s, &issued);
    if (la_is_ok(r) && prefix) {
        r = write_files(prefix, &issued);
        if (!la_is_ok(r))
            r = give_up(&s.commands, &a, &issued, r);
    }
    if (la_is_ok(r))
        print_issued(cli, &a, &issued, prefix);
    if (r.code == LA_CONFLICT)
        la_cli_set_hint(cli, "See leanauth cert list %s", a.client_id);
    if (la_is_ok(r) && a.auth_method != LA_AUTH_TLS_CLIENT)
        la_cli_note(cli,
                    "the application authenticates by %s: the certificate binds its tokens. To authenticate with it: "
                    "leanauth app set %s --auth-method tls_client_auth",
                    la_auth_method_name(a.auth_method), a.client_id);
    la_issued_certificate_done(&issued);
    la_session_close(&s);
    return r;
}

static la_result run_issue(la_cli *cli)
{
    int64_t lifetime_s = 0;
    la_buffer request;
    const char *path = la_cli_value(cli, "csr");
    if (la_cli_has(cli, "expires-in"))
        LA_TRY(la_cli_duration(cli, "expires-in", &lifetime_s));
    if (!path)
        return issue(cli, LA_NO_SLICE, lifetime_s);
    la_result r = read_input(path, &request);
    if (la_is_ok(r))
        r = issue(cli, la_buffer_slice(&request), lifetime_s);
    la_buffer_done(&request);
    return r;
}

/* ---- register ---- */

static la_result run_register(la_cli *cli)
{
    la_session s;
    la_application_row a;
    la_certificate_row row = {0};
    la_buffer pem;
    la_result r = read_input(cli->arguments[1], &pem);
    if (la_is_ok(r))
        r = la_session_open_application(cli, &s, &a);
    if (!la_is_ok(r)) {
        la_buffer_done(&pem);
        return r;
    }
    r = la_command_register_certificate(&s.commands, &a, la_buffer_slice(&pem), &row);
    la_buffer_done(&pem);
    la_session_close(&s);
    LA_TRY(r);
    la_json_writer w = {&cli->out, false};
    if (cli->json) {
        la_cli_open_application_json(&w, &a);
        la_json_u64(&w, "certificate_id", row.certificate_id);
        la_json_text(&w, "subject", la_slice_of(row.subject));
        la_json_time(&w, "expires_at", row.not_after_s);
        la_json_end(&w);
    } else {
        la_buffer_add_format(&cli->out, "Certificate %llu (%s) of application %s is registered.\n",
                             (unsigned long long)row.certificate_id, row.subject, a.client_id);
    }
    return la_ok();
}

/* ---- list ---- */

typedef struct certificate_list {
    la_cli_list rows;
    int64_t now_s;
} certificate_list;

static void add_json(certificate_list *l, const la_certificate_row *c)
{
    la_json_writer *w = &l->rows.w;
    char thumbprint[64];
    la_buffer text;
    la_buffer_init_fixed(&text, thumbprint, sizeof thumbprint);
    la_buffer_add_base64url(&text, c->thumbprint, sizeof c->thumbprint);
    la_json_open(w, NULL, '{');
    la_json_u64(w, "certificate_id", c->certificate_id);
    la_json_bool(w, "issued", c->issued);
    la_json_text(w, "state", la_slice_of(la_certificate_state(c, l->now_s)));
    la_json_text(w, "subject", la_slice_of(c->subject));
    la_json_text(w, "serial", la_slice_of(c->serial));
    la_json_text(w, "thumbprint", la_buffer_slice(&text));
    la_json_time(w, "created_at", c->created_at_s);
    la_json_time(w, "expires_at", c->not_after_s);
    la_json_time(w, "revoked_at", c->revoked_at_s);
    la_json_time(w, "last_used_at", c->last_used_at_s);
    la_json_close(w, '}');
}

static la_result list_one(void *self, const la_certificate_row *c)
{
    certificate_list *l = self;
    if (l->rows.cli->json) {
        add_json(l, c);
        return la_ok();
    }
    la_table_add_u64(&l->rows.table, c->certificate_id);
    la_table_add(&l->rows.table, c->issued ? LA_SLICE("issued") : LA_SLICE("registered"));
    la_table_add(&l->rows.table, la_slice_of(la_certificate_state(c, l->now_s)));
    la_table_add(&l->rows.table, la_slice_of(c->subject));
    la_table_add_time(&l->rows.table, c->not_after_s, "-");
    la_table_add_time(&l->rows.table, c->last_used_at_s, "never");
    la_table_add_time(&l->rows.table, c->revoked_at_s, "-");
    return la_ok();
}

static la_result run_list(la_cli *cli)
{
    static const char *const titles[] = {"CERTIFICATE", "ORIGIN",    "STATE",  "SUBJECT",
                                         "EXPIRES",     "LAST USED", "REVOKED"};
    la_session s;
    la_application_row a;
    LA_TRY(la_session_open_application(cli, &s, &a));
    certificate_list l = {la_cli_list_begin(cli, &a, "certificates", 7, titles), la_clock_now_s()};
    la_result r = la_command_list_certificates(&s.commands, &a, list_one, &l);
    la_cli_list_end(&l.rows);
    la_session_close(&s);
    return r;
}

/* ---- revoke, chain ---- */

static la_result run_revoke(la_cli *cli)
{
    unsigned long long id;
    la_session s;
    la_application_row a;
    if (!la_slice_to_u64(la_slice_of(cli->arguments[1]), INT64_MAX, &id))
        return la_fail(LA_USAGE, "CERTIFICATE_ID must be a number: see leanauth cert list");
    LA_TRY(la_session_open_application(cli, &s, &a));
    la_result r = la_command_revoke_certificate(&s.commands, &a, id);
    la_session_close(&s);
    LA_TRY(r);
    la_json_writer w = {&cli->out, false};
    if (cli->json) {
        la_cli_open_application_json(&w, &a);
        la_json_u64(&w, "certificate_id", id);
        la_json_bool(&w, "revoked", true);
        la_json_end(&w);
    } else {
        la_buffer_add_format(&cli->out, "Certificate %llu of application %s in %s is revoked.\n", id, a.client_id,
                             a.environment);
    }
    if (a.auth_method == LA_AUTH_SELF_SIGNED_TLS && la_registration_has_keys(la_slice_of(a.registration)))
        la_cli_note(cli,
                    "the application has a key set, too: where that has this certificate or its key, it still lets "
                    "it in. See leanauth app show %s",
                    a.client_id);
    return la_ok();
}

static la_result run_chain(la_cli *cli)
{
    la_session s;
    la_slice environment;
    la_buffer pem;
    LA_TRY(la_cli_require(cli, "environment", &environment));
    LA_TRY(la_session_open(cli, &s));
    la_buffer_init(&pem, INPUT_MAX);
    la_result r = la_command_read_authority(&s.commands, environment, &pem);
    if (r.code == LA_NOT_FOUND)
        la_cli_set_hint(cli, "It is made with the first certificate: leanauth cert issue CLIENT_ID");
    la_json_writer w = {&cli->out, false};
    if (la_is_ok(r) && cli->json) {
        la_json_open(&w, NULL, '{');
        la_json_text(&w, "environment", environment);
        la_json_text(&w, "chain", la_buffer_slice(&pem));
        la_json_end(&w);
    } else if (la_is_ok(r)) {
        la_buffer_add(&cli->out, la_buffer_slice(&pem));
    }
    la_buffer_done(&pem);
    la_session_close(&s);
    return r;
}

static const la_cli_option issue_options[] = {
    {"environment", "NAME", "Its environment, where several have the client_id.", false},
    {"csr", "FILE", "A certificate request (PKCS #10, PEM) that brings the key. Without it a key is made.", false},
    {"expires-in", "TIME",
     "How long it lives: seconds, or a number with s, m, h, d or w. Without it: as the environment says.", false},
    {"output", "PREFIX",
     "Writes PREFIX.key, PREFIX.crt and PREFIX.chain.crt, for their owner only, instead of printing them.", false},
    {0},
};

static const la_cli_option chain_options[] = {
    {"environment", "NAME", "The environment whose authority it is.", false},
    {0},
};

const la_cli_command la_cli_cert_commands[] = {
    {"cert chain", "", 0, 0, "Prints the certificate of an environment's authority.",
     "Prints the certificate of the authority that issues client certificates in an environment, for proxies and "
     "resource "
     "servers that check them.",
     "  leanauth cert chain --environment production > leanauth-ca.crt\n", chain_options, run_chain},
    {"cert issue", "CLIENT_ID", 1, 1, "Issues a client certificate to an application.",
     "Issues a certificate by the environment's own authority, which is made with the first one, and gives it out with "
     "its "
     "private key: the only time that the key is shown. With --csr the key stays where it was made. Two live at once "
     "by "
     "default, so that one can be replaced without an outage: issue one, use it, revoke the other.",
     "  leanauth cert issue 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c --output payments\n", issue_options, run_issue},
    {"cert list", "CLIENT_ID", 1, 1, "Lists an application's certificates.",
     "Lists the client certificates of an application, with their ends and the time of their last use.",
     "  leanauth cert list 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c\n", la_cli_application_options, run_list},
    {"cert register", "CLIENT_ID FILE", 2, 2, "Registers a certificate that the application made itself.",
     "Registers a certificate (PEM) for an application that authenticates by self_signed_tls_client_auth: this "
     "certificate "
     "lets it in, and no other of the same name.",
     "  leanauth cert register 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c client.crt\n", la_cli_application_options,
     run_register},
    {"cert revoke", "CLIENT_ID CERTIFICATE_ID", 2, 2, "Revokes a certificate.",
     "Revokes a certificate by its number: within 250 ms a running server refuses it, and the next CRL lists it. "
     "The tokens that it got hold until they expire: where its key is in the wrong hands, leanauth token revoke takes "
     "them back, too. "
     "Revoking it "
     "again changes nothing.",
     "  leanauth cert revoke 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c 3\n", la_cli_application_options, run_revoke},
    {0},
};
