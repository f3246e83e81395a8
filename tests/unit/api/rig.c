#include "rig.h"

#include "base/base64url.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "jose/key.h"

#include <stdarg.h>

static const char config_text[] =
    "listen: {address: 127.0.0.1, port: 8080}\n"
    "admin: {address: 127.0.0.1, port: 8081, environment: production, require_totp: false}\n"
    "environments:\n"
    "  - name: production\n"
    "    issuer: https://auth.example\n"
    "    api: {audience: https://api.example}\n"
    "    customer: {audience: https://sdk.example}\n"
    "  - name: sandbox\n"
    "    issuer: https://sandbox.example\n"
    "    test: true\n"
    "    api: {audience: https://api.example}\n"
    "    customer: {audience: https://sdk.example}\n"
    "    scopes: [{name: payments, audience: https://api.example}]\n";

static bool is_throttled(void *self, la_slice address, la_slice who, uint32_t *ret_retry_after_s)
{
    *ret_retry_after_s = 7;
    return ((rig *)self)->throttled;
}

static void note_failed_login(void *self, la_slice address, la_slice who)
{
    ((rig *)self)->failed_logins++;
}

static int issue_token(void *self, la_slice environment, la_slice form, la_slice client_address, la_buffer *ret_body)
{
    rig *r = self;
    snprintf(r->trial_form, sizeof r->trial_form, "%.*s", LA_FMT(form));
    la_buffer_add_text(ret_body, r->trial_body);
    return r->trial_status;
}

static void add_operator(rig *r, rig_user user, const char *email, la_role role, const char *environment)
{
    la_slice environments[] = {la_slice_of(environment)};
    char password[LA_GENERATED_PASSWORD_BYTES], body[256];
    la_operator_row row;
    la_new_operator o = {
        .email = la_slice_of(email),
        .name = LA_SLICE(""),
        .role = role,
        .all_environments = !environment,
        .environments = environments,
        .n_environments = environment ? 1 : 0,
        .password = LA_SLICE(RIG_PASSWORD),
    };
    assert_ok(la_command_add_operator(&r->commands, &o, &row, password));
    snprintf(body, sizeof body, "{\"email\":\"%s\",\"password\":\"%s\"}", email, RIG_PASSWORD);
    answer a = rig_ask(r, -1, &(ask){.method = "POST", .path = "/admin/v1/session", .body = body});
    assert_int_equal(a.status, 200);
    const char *cookie = strstr(a.headers, "Set-Cookie: ");
    assert_non_null(cookie);
    cookie += strlen("Set-Cookie: ");
    snprintf(r->cookies[user], sizeof r->cookies[user], "%.*s", (int)strcspn(cookie, ";"), cookie);
    rig_forget(&a);
}

static void write_config(const char *path)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(config_text, f);
    fclose(f);
}

int rig_set_up(void **state)
{
    rig *r = calloc(1, sizeof *r);
    char path[4200];
    assert_ok(la_secret_setup());
    la_log_set_level(LA_LOG_ERROR);
    r->folder = unit_mkdir();
    r->trial_status = 200;
    snprintf(path, sizeof path, "%s/leanauth.yaml", r->folder);
    write_config(path);
    assert_ok(la_config_load(path, &r->config));
    assert_ok(la_master_key_create(r->config->master_key_path));
    assert_ok(la_master_key_load(r->config->master_key_path, &r->master_key));
    assert_ok(la_commands_open(r->config, LA_STORE_CREATE, &r->commands));
    r->commands.actor = (la_actor){LA_ACTOR_COMMAND_LINE, LA_SLICE("1"), LA_SLICE("test"), LA_SLICE(""), LA_SLICE("")};
    la_api_hooks hooks = {r, is_throttled, note_failed_login, issue_token};
    assert_ok(la_api_new(r->config, r->master_key, &hooks, &r->api));
    add_operator(r, RIG_ADMIN, "admin@example.com", LA_ROLE_ADMIN, NULL);
    add_operator(r, RIG_DEVELOPER, "developer@example.com", LA_ROLE_DEVELOPER, "sandbox");
    add_operator(r, RIG_STRANGER, "stranger@example.com", LA_ROLE_DEVELOPER, "production");
    add_operator(r, RIG_AUDITOR, "auditor@example.com", LA_ROLE_AUDITOR, NULL);
    *state = r;
    return 0;
}

int rig_tear_down(void **state)
{
    rig *r = *state;
    la_api_free(r->api);
    la_commands_close(&r->commands);
    la_master_key_free(r->master_key);
    la_config_free(r->config);
    unit_rmdir(r->folder);
    free(r);
    return 0;
}

static la_api_method method_of(const char *name)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PATCH", "DELETE", NULL};
    unsigned i = 0;
    while (names[i] && strcmp(names[i], name) != 0)
        i++;
    return (la_api_method)i;
}

static void check_problem(const answer *a)
{
    if (a->status < 400 || !a->json)
        return;
    assert_string_equal(a->type, "application/problem+json");
    assert_int_equal(json_integer_value(json_object_get(a->json, "status")), a->status);
    assert_true(strncmp(rig_text(a, "type"), "urn:leanauth:problem:", 21) == 0);
    assert_true(*rig_text(a, "title") && *rig_text(a, "detail"));
    assert_string_equal(rig_text(a, "instance"), "request-1");
}

answer rig_ask(rig *r, int user, const ask *a)
{
    bool changes = strcmp(a->method, "GET") != 0 && strcmp(a->method, "HEAD") != 0;
    const char *cookie = a->cookie ? a->cookie : user >= 0 && !a->authorization ? r->cookies[user] : NULL;
    la_api_request request = {
        .method = method_of(a->method),
        .path = la_slice_of(a->path),
        .query = la_slice_of(a->query),
        .host = LA_SLICE("127.0.0.1:8081"),
        .origin = la_slice_of(a->origin                                       ? a->origin
                              : changes && !a->no_origin && !a->authorization ? RIG_ORIGIN
                                                                              : NULL),
        .cookie = la_slice_of(cookie),
        .authorization = la_slice_of(a->authorization),
        .n_authorization = a->authorization ? 1 : 0,
        .content_type = a->body && !a->no_type ? LA_SLICE("application/json; charset=utf-8") : LA_NO_SLICE,
        .if_match = la_slice_of(a->if_match),
        .if_none_match = la_slice_of(a->if_none_match),
        .idempotency_key = la_slice_of(a->key),
        .user_agent = LA_SLICE("rig/1 \xff"),
        .body = la_slice_of(a->body ? a->body : ""),
        .client_address = LA_SLICE("192.0.2.7"),
        .request_id = LA_SLICE("request-1"),
    };
    la_api_response response;
    answer ret = {0};
    la_api_response_init(&response);
    la_api_handle(r->api, &request, &response);
    ret.status = response.status;
    ret.body_n = response.body.n;
    snprintf(ret.type, sizeof ret.type, "%s", response.content_type ? response.content_type : "");
    snprintf(ret.headers, sizeof ret.headers, "%.*s", LA_FMT(la_buffer_slice(&response.headers)));
    if (response.body.n && strstr(ret.type, "json") && !strstr(ret.type, "jsonl"))
        ret.json = json_loadb(response.body.p, response.body.n, 0, NULL);
    la_api_response_done(&response);
    check_problem(&ret);
    return ret;
}

void rig_forget(answer *a)
{
    json_decref(a->json);
    *a = (answer){0};
}

const char *rig_text(const answer *a, const char *path)
{
    const json_t *value = a->json;
    la_slice rest = la_slice_of(path), part;
    while (la_slice_split(&rest, '.', &part)) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", LA_FMT(part));
        value = json_object_get(value, name);
    }
    const char *text = json_string_value(value);
    return text ? text : "";
}

void rig_path(char *ret, size_t n, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int written = vsnprintf(ret, n, format, args);
    va_end(args);
    assert_true(written > 0 && (size_t)written < n);
}

/* ---- tokens ---- */

typedef struct found {
    rig *r;
    la_signer *signer;
} found;

static la_result make_signer(void *self, const la_key_record *record)
{
    found *f = self;
    la_buffer plain;
    la_key *key;
    la_buffer_init(&plain, 16384);
    assert_ok(la_unwrap(f->r->master_key, "signing-key", record->kid, record->wrapped_private, &plain));
    assert_ok(la_key_import_private(la_algorithm_find(record->algorithm), la_buffer_slice(&plain), &key));
    assert_ok(la_signer_new(key, &f->signer));
    la_key_free(key);
    la_buffer_done(&plain);
    return la_ok();
}

char *rig_token(rig *r, const char *client_id, const char *scope, int64_t expires_in_s, const char *audience)
{
    found f = {.r = r};
    char header[256], claims[1024], *text;
    uint8_t signature[LA_SIGNATURE_MAX];
    int64_t now_s = la_clock_now_s();
    la_buffer token;
    assert_ok(la_command_list_keys(&r->commands, LA_SLICE("production"), make_signer, &f));
    snprintf(header, sizeof header, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
             la_key_id(la_signer_key(f.signer)));
    snprintf(claims, sizeof claims,
             "{\"iss\":\"https://"
             "auth.example\",\"sub\":\"%s\",\"aud\":\"%s\",\"exp\":%lld,\"iat\":%lld,\"jti\":"
             "\"AAECAwQFBgcICQoLDA0ODwAAAAE\",\"scope\":\"%s\"}",
             client_id, audience, (long long)(now_s + expires_in_s), (long long)now_s, scope);
    la_buffer_init(&token, 8192);
    la_buffer_add_base64url(&token, header, strlen(header));
    la_buffer_add_char(&token, '.');
    la_buffer_add_base64url(&token, claims, strlen(claims));
    assert_ok(la_signer_sign(f.signer, la_buffer_slice(&token), signature));
    la_buffer_add_char(&token, '.');
    la_buffer_add_base64url(&token, signature, la_signer_signature_bytes(f.signer));
    assert_true(asprintf(&text, "Bearer %.*s", LA_FMT(la_buffer_slice(&token))) > 0);
    la_buffer_done(&token);
    la_signer_free(f.signer);
    return text;
}
