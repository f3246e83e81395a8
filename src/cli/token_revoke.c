/* leanauth token revoke | revocations: takes back tokens that were issued. */
#include "admin/revocations.h"
#include "base/secret.h"
#include "cli/shared.h"

#include <unistd.h>

#define TOKEN_MAX 8192
#define LIST_MAX 1000

static la_result read_token(la_buffer *ret)
{
    char bytes[1024];
    ssize_t n;
    while (la_buffer_ok(ret) && (n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
        la_buffer_add(ret, (la_slice){bytes, (size_t)n});
    la_wipe(bytes, sizeof bytes);
    while (ret->n && (ret->p[ret->n - 1] == '\n' || ret->p[ret->n - 1] == '\r'))
        ret->n--;
    return la_buffer_ok(ret) ? la_ok() : la_fail(LA_TOO_LARGE, "the token is longer than %d bytes", TOKEN_MAX);
}

static void print_token(la_cli *cli, const la_application_row *a, bool changed)
{
    la_json_writer w = {&cli->out, false};
    if (cli->json) {
        la_cli_open_application_json(&w, a);
        la_json_bool(&w, "revoked", true);
        la_json_bool(&w, "was_revoked_before", !changed);
        la_json_end(&w);
        return;
    }
    la_buffer_add_format(&cli->out, "The token of application %s in %s is revoked%s.\n", a->client_id, a->environment,
                         changed ? "" : ", as it was before");
}

static la_result revoke_one(la_cli *cli)
{
    la_session s;
    la_application_row a;
    la_buffer input;
    bool changed = false;
    la_slice token = la_slice_of(cli->arguments[0]);
    la_buffer_init(&input, TOKEN_MAX);
    la_result r = la_ok();
    if (la_slice_is(token, "-")) {
        r = read_token(&input);
        token = la_buffer_slice(&input);
    }
    if (la_is_ok(r))
        r = la_session_open(cli, &s);
    if (la_is_ok(r)) {
        r = la_command_revoke_token(&s.commands, token, &a, &changed);
        la_session_close(&s);
    }
    la_buffer_done(&input);
    LA_TRY(r);
    print_token(cli, &a, changed);
    return la_ok();
}

static la_result read_wish(const la_cli *cli, la_revocation_wish *ret)
{
    static const struct {
        const char *option;
        la_revoked_credential what;
    } kinds[] = {{"secret", LA_REVOKE_OF_SECRET},
                 {"certificate", LA_REVOKE_OF_CERTIFICATE},
                 {"key", LA_REVOKE_OF_KEY},
                 {"customer", LA_REVOKE_OF_CUSTOMER}};
    unsigned long long number;
    *ret = (la_revocation_wish){.what = LA_REVOKE_ALL};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!la_cli_has(cli, kinds[i].option))
            continue;
        if (ret->what != LA_REVOKE_ALL)
            return la_fail(LA_USAGE, "only one of --secret, --certificate, --key and --customer can be given");
        ret->what = kinds[i].what;
        *(ret->what == LA_REVOKE_OF_CUSTOMER ? &ret->customer_id : &ret->thumbprint) = la_cli_slice(cli,
                                                                                                    kinds[i].option);
    }
    if (ret->what != LA_REVOKE_OF_SECRET)
        return la_ok();
    if (!la_slice_to_u64(ret->thumbprint, INT64_MAX, &number))
        return la_fail(LA_USAGE, "--secret must be a number: see leanauth secret list");
    ret->secret_id = number;
    return la_ok();
}

static void print_many(la_cli *cli, const la_application_row *a, const la_revocation_record *r)
{
    const char *about = la_revocation_about(r);
    la_json_writer w = {&cli->out, false};
    char until[LA_CLOCK_RFC3339_BYTES];
    if (cli->json) {
        la_cli_open_application_json(&w, a);
        la_json_text(&w, "about", la_slice_of(about));
        la_json_text_or_null(&w, "customer_id", r->customer_id);
        la_json_time(&w, "issued_until", r->before_s);
        la_json_end(&w);
        return;
    }
    la_clock_format_rfc3339(r->before_s, until);
    if (r->kind == LA_REVOKED_CUSTOMER) {
        la_buffer_add_format(&cli->out,
                             "All tokens for customer %.*s that application %s in %s got until %s are revoked.\n",
                             LA_FMT(r->customer_id), a->client_id, a->environment, until);
        return;
    }
    bool is_all = r->kind == LA_REVOKED_APPLICATION;
    la_buffer_add_format(&cli->out, "All tokens that %s%s%sapplication %s in %s got until %s are revoked.\n",
                         is_all ? "" : "one ", is_all ? "" : about, is_all ? "" : " of ", a->client_id, a->environment,
                         until);
}

static la_result revoke_many(la_cli *cli, la_slice client_id)
{
    la_session s;
    la_application_row a;
    la_revocation_wish wish;
    la_revocation_record record;
    LA_TRY(read_wish(cli, &wish));
    LA_TRY(la_session_open(cli, &s));
    la_result r = la_command_find_application(&s.commands, la_cli_slice(cli, "environment"), client_id, &a);
    if (r.code == LA_CONFLICT)
        la_cli_set_hint(cli, "Add --environment NAME.");
    if (la_is_ok(r))
        r = la_command_revoke_tokens(&s.commands, &a, &wish, &record);
    la_session_close(&s);
    LA_TRY(r);
    if (wish.what != LA_REVOKE_ALL && record.kind == LA_REVOKED_APPLICATION)
        la_cli_note(cli, "Tokens of the Spring profile do not say which credential got them: all of the application's "
                         "are revoked.");
    print_many(cli, &a, &record);
    return la_ok();
}

static la_result run_revoke(la_cli *cli)
{
    la_slice client_id = la_cli_slice(cli, "application");
    bool has_part = la_cli_has(cli, "secret") || la_cli_has(cli, "certificate") || la_cli_has(cli, "key") ||
                    la_cli_has(cli, "customer");
    if ((client_id.p != NULL) == (cli->n_arguments > 0))
        return la_fail(LA_USAGE, "expected either a token, - for one on standard input, or --application");
    if (!client_id.p && (has_part || la_cli_has(cli, "environment")))
        return la_fail(LA_USAGE, "--environment, --secret, --certificate, --key and --customer go with --application");
    return client_id.p ? revoke_many(cli, client_id) : revoke_one(cli);
}

static la_result list_one(void *self, uint64_t revocation_id, const la_revocation_record *r)
{
    la_cli_list *l = self;
    la_slice about = la_slice_of(la_revocation_about(r));
    if (l->cli->json) {
        la_json_open(&l->w, NULL, '{');
        la_json_u64(&l->w, "revocation_id", revocation_id);
        la_json_text(&l->w, "about", about);
        la_json_text_or_null(&l->w, "jti", r->jti.p ? r->jti : LA_SLICE(""));
        la_json_text_or_null(&l->w, "customer_id", r->customer_id);
        la_json_time(&l->w, "issued_until", r->before_s);
        la_json_time(&l->w, "kept_until", r->expires_at_s);
        la_json_close(&l->w, '}');
        return la_ok();
    }
    la_table_add_u64(&l->table, revocation_id);
    la_table_add(&l->table, about);
    la_table_add(&l->table, r->jti.p ? r->jti : LA_SLICE("-"));
    la_table_add(&l->table, r->customer_id.p ? r->customer_id : LA_SLICE("-"));
    la_table_add_time(&l->table, r->before_s, "-");
    la_table_add_time(&l->table, r->expires_at_s, "-");
    return la_ok();
}

static la_result run_list(la_cli *cli)
{
    static const char *const titles[] = {"REVOCATION", "ABOUT", "JTI", "CUSTOMER_ID", "REVOKED", "KEPT UNTIL"};
    la_session s;
    la_application_row a;
    LA_TRY(la_session_open_application(cli, &s, &a));
    la_cli_list l = la_cli_list_begin(cli, &a, "revocations", 6, titles);
    la_result r = la_command_list_revocations(&s.commands, &a, 0, LIST_MAX, list_one, &l);
    la_cli_list_end(&l);
    la_session_close(&s);
    return r;
}

static const la_cli_option revoke_options[] = {
    {"application", "CLIENT_ID", "All tokens that this application got, rather than one token.", false},
    {"environment", "NAME", "Its environment, where several have the client_id.", false},
    {"secret", "SECRET_ID", "Of those, the ones that it got by this secret.", false},
    {"certificate", "THUMBPRINT", "Or by this certificate: SHA-256, in hexadecimal or base64url.", false},
    {"key", "THUMBPRINT", "Or by this key: the thumbprint of its JWK (RFC 7638).", false},
    {"customer", "CUSTOMER_ID", "Or the ones that it got for this customer, by whatever credential.", false},
    {0},
};

const la_cli_command la_cli_token_revoke_commands[] = {
    {"token revoke", "[TOKEN]", 0, 1, "Revokes tokens.",
     "Revokes one token (- reads it from standard input, where no list of processes shows it), or all that an "
     "application got until now, by one credential or for one customer where that is said, this second included. "
     "Within 250 ms every server that "
     "follows the "
     "store answers so at the "
     "introspection endpoint; who checks tokens offline learns it from the status list, where the environment has one. "
     "The "
     "application "
     "goes on getting new ones: disable it, revoke its secret, or remove the customer (which revokes these tokens, "
     "too), "
     "where it must not.",
     "  leanauth token revoke - < token.txt\n"
     "  leanauth token revoke --application 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c --secret 7\n"
     "  leanauth token revoke --application 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c --customer 4711\n",
     revoke_options, run_revoke},
    {"token revocations", "CLIENT_ID", 1, 1, "Lists what is revoked of an application.",
     "Lists the revocations of an application, the newest first, at most 1000. Each is kept until no token that it is "
     "about could "
     "be "
     "valid any more.",
     "  leanauth token revocations 6f1d2c3b-8a4e-4f5a-9b6c-7d8e9f0a1b2c\n", la_cli_application_options, run_list},
    {0},
};
