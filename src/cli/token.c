/* leanauth token: fetches an access token over HTTP, as any client would. */
#include "base/secret.h"
#include "cli/fetch.h"
#include "cli/files.h"
#include "cli/shared.h"
#include "cli/token_cache.h"

#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define URL_MAX 2048
#define FORM_MAX 8192

/* The secret never comes as an argument: others could read it in the list of processes. */
static la_result read_terminal(la_buffer *ret)
{
    struct termios before, silent;
    bool tty = tcgetattr(STDIN_FILENO, &before) == 0;
    if (tty) {
        silent = before;
        silent.c_lflag &= (tcflag_t)~ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        LA_IGNORE(la_cli_write(STDERR_FILENO, LA_SLICE("client_secret: ")));
    }
    char c;
    while (la_buffer_ok(ret) && read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
        la_buffer_add_char(ret, c);
    if (tty) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        LA_IGNORE(la_cli_write(STDERR_FILENO, LA_SLICE("\n")));
    }
    return la_ok();
}

static la_result read_secret(const la_cli *cli, la_buffer *ret)
{
    const char *file = la_cli_value(cli, "client-secret-file"), *env = getenv("LEANAUTH_CLIENT_SECRET");
    if (file)
        LA_TRY(la_file_read(file, ret));
    else if (env && env[0])
        la_buffer_add_text(ret, env);
    else
        LA_TRY(read_terminal(ret));
    while (ret->n && (ret->p[ret->n - 1] == '\n' || ret->p[ret->n - 1] == '\r'))
        ret->n--;
    if (ret->n == 0 || !la_buffer_ok(ret))
        return la_fail(LA_INVALID, "expected a client_secret of 1 to %d characters", LA_CLIENT_SECRET_MAX);
    return la_ok();
}

static la_result refused(const json_t *answer, long status)
{
    const char *error = json_string_value(json_object_get(answer, "error"));
    const char *description = json_string_value(json_object_get(answer, "error_description"));
    if (!error)
        return la_fail(LA_IO, "the server answered %ld without an OAuth error", status);
    return la_fail(LA_CONFLICT, "%s: %s", error, description ? description : "(no description)");
}

/* RFC 6749 A.12. What is printed goes to a terminal or into a header. */
static bool has_token(const json_t *answer)
{
    return la_is_vschar(la_slice_of(json_string_value(json_object_get(answer, "access_token"))));
}

static la_result request(const la_token_ask *ask, const char *url, json_t **ret)
{
    la_buffer form, body;
    long status = 0;
    la_buffer_init(&form, FORM_MAX);
    la_buffer_init(&body, LA_FETCH_BODY_MAX);
    la_fetch_add_parameter(&form, "grant_type", LA_SLICE("client_credentials"));
    la_fetch_add_parameter(&form, "client_id", ask->client_id);
    la_fetch_add_parameter(&form, "client_secret", ask->client_secret);
    la_fetch_add_parameter(&form, "scope", ask->scope);
    la_result r = la_buffer_ok(&form) ? la_fetch(url, la_buffer_slice(&form), &body, &status)
                                      : la_fail(LA_TOO_LARGE, "the request is too large");
    json_t *answer = la_is_ok(r) ? json_loadb(la_buffer_slice(&body).p, body.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (la_is_ok(r) && (status != 200 || !has_token(answer)))
        r = refused(answer, status);
    la_buffer_done(&form);
    la_buffer_done(&body);
    if (la_is_ok(r))
        *ret = answer;
    else
        json_decref(answer);
    return r;
}

static void print(la_cli *cli, const json_t *response, bool cached)
{
    if (!cli->json) {
        la_buffer_add_text(&cli->out, json_string_value(json_object_get(response, "access_token")));
        la_buffer_add_char(&cli->out, '\n');
        return;
    }
    la_json_writer w = {&cli->out, false};
    la_json_open(&w, NULL, '{');
    la_json_text(&w, "access_token", la_slice_of(json_string_value(json_object_get(response, "access_token"))));
    la_json_text(&w, "token_type", la_slice_of(json_string_value(json_object_get(response, "token_type"))));
    la_json_u64(&w, "expires_in", (uint64_t)json_integer_value(json_object_get(response, "expires_in")));
    la_json_text(&w, "scope", la_slice_of(json_string_value(json_object_get(response, "scope"))));
    la_json_bool(&w, "cached", cached);
    la_json_end(&w);
}

static la_result fetch(la_cli *cli, const la_token_ask *ask, const char *url)
{
    int64_t now_s = la_clock_now_s();
    bool use_cache = !la_cli_has(cli, "no-cache");
    json_t *response = use_cache ? la_token_cache_find(ask, now_s) : NULL;
    bool cached = response != NULL;
    if (!cached)
        LA_TRY(request(ask, url, &response));
    if (!cached && use_cache)
        la_token_cache_put(ask, response, now_s);
    print(cli, response, cached);
    json_decref(response);
    return la_ok();
}

static la_result run_token(la_cli *cli)
{
    la_token_ask ask = {.scope = LA_SLICE("api")};
    la_slice base;
    char url[URL_MAX];
    LA_TRY(la_cli_require(cli, "base-url", &base));
    LA_TRY(la_cli_require(cli, "client-id", &ask.client_id));
    if (la_cli_has(cli, "scope"))
        ask.scope = la_cli_slice(cli, "scope");
    if (base.n && base.p[base.n - 1] == '/')
        base.n--;
    if (snprintf(url, sizeof url, "%.*s/oauth2/token", LA_FMT(base)) >= (int)sizeof url)
        return la_fail(LA_USAGE, "the base URL is too long");
    ask.url = la_slice_of(url);
    la_buffer secret;
    la_buffer_init(&secret, LA_CLIENT_SECRET_MAX + 2);
    la_result r = read_secret(cli, &secret);
    ask.client_secret = la_buffer_slice(&secret);
    if (la_is_ok(r))
        r = fetch(cli, &ask, url);
    la_buffer_done(&secret);
    return r;
}

static const la_cli_option token_options[] = {
    {"base-url", "URL", "Where the environment answers, such as its issuer; needed.", false},
    {"client-id", "ID", "The Application ID; needed.", false},
    {"client-secret-file", "FILE",
     "Reads the client secret from a file. Without it: LEANAUTH_CLIENT_SECRET, else standard input.", false},
    {"scope", "SCOPE", "api (which is the default) or customer.<customer_id>, or several in one argument.", false},
    {"no-cache", NULL, "Always asks the server, and keeps nothing.", false},
    {0},
};

const la_cli_command la_cli_token_commands[] = {
    {"token", "", 0, 0, "Fetches an access token.",
     "Fetches an access token by the client credentials grant and prints it. It is kept in $XDG_CACHE_HOME/leanauth, "
     "readable for you only, "
     "and given again until shortly before it expires.",
     "  LEANAUTH_CLIENT_SECRET=las_test_… leanauth token --base-url https://auth.sandbox.ae.leantech.me \\\n"
     "      --client-id a1b2c3d4-e5f6-7890-abcd-ef0123456789 --scope api\n",
     token_options, run_token},
    {0},
};
