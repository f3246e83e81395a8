/* The endpoint as a whole: order of the stages, the tokens, the documents. */
#include "fixture.h"

#include "jose/verify.h"
#include "oauth/issuer.h"

#define ONE "client_id=svc+one&client_secret=p%2Bw%3Ad%3D%2F%25&"
#define GRANT "grant_type=client_credentials&"

static json_t *parse(const char *text)
{
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(j);
    return j;
}

/* The claims of the token in fixture_body, verified against the JWKS as it would be published. */
static la_jws verified(fixture *f, json_t *response)
{
    la_buffer jwk, set;
    la_buffer_init(&jwk, 4096);
    la_buffer_init(&set, 8192);
    la_key_write_jwk(f->key, &jwk);
    la_slice one = la_buffer_slice(&jwk);
    la_oauth_write_jwks(&one, 1, &set);
    json_t *jwks = parse(la_buffer_text(&set));
    la_jws jws;
    assert_ok(la_jws_verify(la_slice_of(json_string_value(json_object_get(response, "access_token"))), jwks, &jws));
    json_decref(jwks);
    la_buffer_done(&jwk);
    la_buffer_done(&set);
    return jws;
}

static const char *text_of(json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "(none)";
}

static void check_token(const char *algorithm, la_token_profile profile, const char *scope, const char *audience)
{
    fixture *f = fixture_new(algorithm, profile);
    char body[512];
    snprintf(body, sizeof body, "%sscope=%s", GRANT ONE, scope);
    la_token_outcome o = fixture_post(f, body, NULL);
    assert_int_equal(o.result.code, LA_OK);
    assert_int_equal(o.secret_id, 101);
    json_t *response = parse(fixture_body);
    assert_string_equal(text_of(response, "token_type"), "bearer");
    assert_string_equal(text_of(response, "scope"), scope);
    json_int_t lifetime = json_integer_value(json_object_get(response, "expires_in"));
    la_jws jws = verified(f, response);
    assert_string_equal(text_of(jws.header, "alg"), algorithm);
    assert_string_equal(text_of(jws.header, "kid"), la_key_id(f->key));
    assert_string_equal(text_of(jws.payload, "iss"), "https://issuer.example");
    assert_string_equal(text_of(jws.payload, "sub"), "svc one");
    assert_int_equal(json_integer_value(json_object_get(jws.payload, "iat")), NOW_S);
    assert_int_equal(json_integer_value(json_object_get(jws.payload, "exp")), NOW_S + lifetime);
    if (profile == LA_PROFILE_RFC9068) {
        assert_string_equal(text_of(jws.header, "typ"), "at+jwt");
        assert_string_equal(text_of(jws.payload, "aud"), audience);
        assert_string_equal(text_of(jws.payload, "client_id"), "svc one");
        assert_string_equal(text_of(jws.payload, "scope"), scope);
        assert_string_equal(text_of(jws.payload, "customer_id"), o.is_customer ? CUSTOMER : "(none)");
        assert_int_equal(strlen(text_of(jws.payload, "jti")), 27);
    } else {
        assert_string_equal(text_of(jws.payload, "aud"), "svc one");
        assert_int_equal(json_integer_value(json_object_get(jws.payload, "nbf")), NOW_S);
        assert_string_equal(json_string_value(json_array_get(json_object_get(jws.payload, "scope"), 0)), scope);
        assert_int_equal(strlen(text_of(jws.payload, "jti")), 36);
    }
    json_decref(jws.header);
    json_decref(jws.payload);
    json_decref(response);
    fixture_free(f);
}

static void every_algorithm_and_profile(void **state)
{
    static const char *const algorithms[] = {"ES256", "ES384", "RS256", "PS256", "EdDSA"};
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        check_token(algorithms[i], LA_PROFILE_RFC9068, "api", "https://api.example");
        check_token(algorithms[i], LA_PROFILE_SPRING, "api", NULL);
        check_token(algorithms[i], LA_PROFILE_RFC9068, "customer." CUSTOMER, "https://sdk.example");
    }
}

static void two_equal_requests_give_two_tokens(void **state)
{
    fixture *f = fixture_new("EdDSA", LA_PROFILE_RFC9068); /* deterministic: only jti tells them apart */
    char first[LA_TOKEN_RESPONSE_MAX + 1];
    assert_int_equal(fixture_post(f, GRANT ONE "scope=api", NULL).result.code, LA_OK);
    strcpy(first, fixture_body);
    assert_int_equal(fixture_post(f, GRANT ONE "scope=api", NULL).result.code, LA_OK);
    assert_string_not_equal(first, fixture_body);
    fixture_free(f);
}

static void stages_in_order(void **state)
{
    static const struct {
        const char *body;
        la_code code;
    } rows[] = {
        {"", LA_GRANT_TYPE_MISSING},
        {"grant_type=&client_id=x", LA_GRANT_TYPE_MISSING},
        {"grant_type=x", LA_CLIENT_MISSING},
        {"grant_type=x&scope=a&scope=b", LA_FORM_REPEATED},
        {"grant_type=x&client_id=a&client_secret=b&scope=%22", LA_CLIENT_UNKNOWN},
        {"grant_type=password&" ONE "scope=%22", LA_GRANT_TYPE_UNSUPPORTED},
        {"grant_type=Client_Credentials&" ONE "scope=api", LA_GRANT_TYPE_UNSUPPORTED},
        {GRANT ONE "scope=%22", LA_SCOPE_SYNTAX},
        {GRANT ONE, LA_SCOPE_MISSING},
        {GRANT ONE "scope=", LA_SCOPE_MISSING},
    };
    fixture *f = fixture_new("ES256", LA_PROFILE_RFC9068);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        la_token_outcome o = fixture_post(f, rows[i].body, NULL);
        if (o.result.code != rows[i].code)
            fail_msg("row %zu: %s, expected %s", i, la_result_info_of(o.result.code)->name,
                     la_result_info_of(rows[i].code)->name);
    }
    fixture_free(f);
}

static la_token_outcome post_from_browser(fixture *f, const char *body, const char *authorization)
{
    la_token_request request = {.body = la_slice_of(body),
                                .content_type = LA_SLICE("application/x-www-form-urlencoded"),
                                .authorization = la_slice_of(authorization),
                                .n_authorization = authorization ? 1 : 0,
                                .has_origin = true};
    la_token_outcome o;
    la_buffer out;
    la_buffer_init_fixed(&out, fixture_body, LA_TOKEN_RESPONSE_MAX);
    la_token_issue(&f->context, &request, &out, &o);
    assert_int_equal(o.result.code, LA_BROWSER);
    assert_false(o.failed_authentication);
    assert_int_equal(o.secret_id, 0);
    return o;
}

/* Whose secret a browser has is noted, as far as the request says it. */
static void a_browsers_application_is_named(void **state)
{
    fixture *f = fixture_new("ES256", LA_PROFILE_RFC9068);
    la_token_outcome o = post_from_browser(f, GRANT ONE "scope=api", NULL);
    assert_int_equal(o.application_id, 1);
    assert_slice(o.client_id, "svc one");
    o = post_from_browser(f, GRANT "scope=api", "Basic c3ZjK29uZTpwJTJCdyUzQWQlM0QlMkYlMjU=");
    assert_int_equal(o.application_id, 1);
    o = post_from_browser(f, GRANT "client_id=nobody&client_secret=x", NULL);
    assert_int_equal(o.application_id, 0);
    assert_null(o.client_id.p); /* it could be a secret in the wrong field */
    o = post_from_browser(f, GRANT "client_id=0b8c4d6e-1f2a-4b3c-8d4e-5f6a7b8c9d0e&client_secret=x", NULL);
    assert_int_equal(o.application_id, 0);
    assert_int_equal(o.client_id.n, 36);
    assert_null(post_from_browser(f, "", NULL).client_id.p);
    assert_null(post_from_browser(f, "%", NULL).client_id.p);
    assert_null(post_from_browser(f, GRANT, "Bearer x").client_id.p);
    assert_null(post_from_browser(f, GRANT, "Basic !").client_id.p);
    fixture_free(f);
}

static void browsers_are_refused(void **state)
{
    fixture *f = fixture_new("ES256", LA_PROFILE_RFC9068);
    la_token_request request = {.body = LA_SLICE(GRANT ONE "scope=api"),
                                .content_type = LA_SLICE("application/x-www-form-urlencoded"),
                                .has_origin = true};
    la_token_outcome o;
    la_buffer out;
    la_buffer_init_fixed(&out, fixture_body, LA_TOKEN_RESPONSE_MAX);
    la_token_issue(&f->context, &request, &out, &o);
    assert_int_equal(o.result.code, LA_BROWSER);
    f->environment.allow_origin = true;
    la_buffer_clear(&out);
    la_token_issue(&f->context, &request, &out, &o);
    assert_int_equal(o.result.code, LA_OK);
    fixture_free(f);
}

static void without_a_key_there_is_no_token(void **state)
{
    fixture *f = fixture_new("ES256", LA_PROFILE_RFC9068);
    la_issuer *keyless = la_issuer_new(&f->environment, HERE, NULL);
    f->context.issuer = keyless;
    assert_int_equal(fixture_post(f, GRANT ONE "scope=api", NULL).result.code, LA_NO_SIGNING_KEY);
    la_issuer_free(keyless);
    fixture_free(f);
}

static void no_room_and_no_memory(void **state)
{
    fixture *f = fixture_new("ES256", LA_PROFILE_RFC9068);
    la_token_request request = {.body = LA_SLICE(GRANT ONE "scope=api"),
                                .content_type = LA_SLICE("application/x-www-form-urlencoded")};
    la_token_outcome o;
    assert_int_equal(fixture_post(f, GRANT ONE "scope=api", NULL).result.code, LA_OK);
    size_t needed = strlen(fixture_body);
    for (size_t room = 0; room < needed; room++) {
        la_buffer out;
        la_buffer_init_fixed(&out, fixture_body, room);
        la_arena_reset(f->arena);
        la_token_issue(&f->context, &request, &out, &o);
        assert_int_equal(o.result.code, LA_SERVER_ERROR);
        fixture_body[out.n] = 0;
        assert_null(strstr(fixture_body, "access_token"));
    }
    la_arena *none = la_arena_new(0, 0);
    f->context.arena = none;
    la_buffer out;
    la_buffer_init_fixed(&out, fixture_body, LA_TOKEN_RESPONSE_MAX);
    la_token_issue(&f->context, &request, &out, &o);
    assert_int_equal(o.result.code, LA_NO_MEMORY);
    la_arena_free(none);
    fixture_free(f);
}

/* RFC 6749 5.2: the characters that error and error_description may hold; and every row with a wire error is a sentence. */
static void every_error_is_well_formed(void **state)
{
    for (int code = 0; code < LA_CODE_COUNT; code++) {
        const la_result_info *info = la_result_info_of((la_code)code);
        char memory[2048];
        la_buffer out;
        la_buffer_init_fixed(&out, memory, sizeof memory - 1);
        la_oauth_write_error((la_code)code, &out);
        assert_true(la_buffer_ok(&out));
        memory[out.n] = 0;
        json_t *error = parse(memory);
        assert_int_equal(json_object_size(error), 2);
        for (const char *c = info->sentence; *c; c++)
            assert_true(*c >= 0x20 && *c <= 0x7E && *c != '"' && *c != '\\');
        if (info->wire) {
            assert_string_equal(text_of(error, "error"), info->wire);
            assert_string_equal(text_of(error, "error_description"), info->sentence);
            assert_int_equal(info->sentence[strlen(info->sentence) - 1], '.');
        } else {
            assert_string_equal(text_of(error, "error"), la_result_info_of(LA_SERVER_ERROR)->wire);
        }
        json_decref(error);
    }
}

static void metadata(void **state)
{
    la_environment_config e = {.issuer = LA_SLICE("https://issuer.example/t1/"),
                               .api = {.name = LA_SLICE("api")},
                               .customer = {.name = LA_SLICE("customer")}};
    la_buffer out;
    la_buffer_init(&out, 4096);
    la_oauth_write_metadata(&e, &out);
    json_t *m = parse(la_buffer_text(&out));
    assert_string_equal(text_of(m, "issuer"), "https://issuer.example/t1/");
    assert_string_equal(text_of(m, "token_endpoint"), "https://issuer.example/t1/oauth2/token");
    assert_string_equal(text_of(m, "jwks_uri"), "https://issuer.example/t1/oauth2/jwks");
    assert_int_equal(json_array_size(json_object_get(m, "grant_types_supported")), 2);
    assert_null(json_object_get(m, "mtls_endpoint_aliases"));
    json_decref(m);

    e.mtls_url = LA_SLICE("https://mtls.example:8443/t1");
    la_buffer_clear(&out);
    la_oauth_write_metadata(&e, &out);
    m = parse(la_buffer_text(&out));
    assert_string_equal(text_of(json_object_get(m, "mtls_endpoint_aliases"), "token_endpoint"),
                        "https://mtls.example:8443/t1/oauth2/token");
    json_decref(m);
    la_buffer_done(&out);
}

/* Everything as long as the configuration and the registration let it be: a client must never get a 500 for its name. */
static void the_longest_token(void **state)
{
    (void)state;
    static char issuer[257], client_id[LA_CLIENT_ID_MAX + 1], scope[LA_SCOPE_TOKENS_MAX][64],
        audience[LA_RESOURCES_MAX][257], customer_id[LA_CUSTOMER_ID_MAX + 1];
    fixture *f = fixture_new("RS256", LA_PROFILE_RFC9068);
    la_grant grant = {.n_scopes = LA_SCOPE_TOKENS_MAX, .n_audiences = LA_RESOURCES_MAX, .lifetime_s = 86400};
    la_application_record application = {.application_id = 1, .client_id = {client_id, LA_CLIENT_ID_MAX}};
    la_token_outcome outcome = {.binding = {.kind = LA_BINDING_CERTIFICATE}, .credential_tag = UINT32_MAX};
    la_buffer body;
    memset(issuer, 'i', 256);
    memcpy(issuer, "https://", 8);
    memset(client_id, '"', LA_CLIENT_ID_MAX); /* twice as long in JSON */
    memset(customer_id, 'c', LA_CUSTOMER_ID_MAX);
    for (unsigned i = 0; i < LA_SCOPE_TOKENS_MAX; i++) {
        memset(scope[i], 'a' + (int)i, 63);
        grant.scopes[i] = la_slice_of(scope[i]);
    }
    for (unsigned i = 0; i < LA_RESOURCES_MAX; i++) {
        memset(audience[i], 'a' + (int)i, 256);
        grant.audiences[i] = la_slice_of(audience[i]);
    }
    grant.has_resource = true;
    grant.customer_id = la_slice_of(customer_id);
    f->environment.issuer = la_slice_of(issuer);
    la_issuer_free(f->issuer);
    f->issuer = la_issuer_new(&f->environment, HERE, f->signer);
    f->context.issuer = f->issuer;
    la_buffer_init_fixed(&body, fixture_body, LA_TOKEN_RESPONSE_MAX);
    assert_ok(la_issuer_write_response(&f->context, &application, &grant, &outcome, &body));
    /* With the signature of RSA 4096 it has 341 bytes more. */
    assert_true(body.n + 342 < LA_TOKEN_RESPONSE_MAX);
    fixture_body[body.n] = 0;
    json_t *response = parse(fixture_body);
    la_jws jws = verified(f, response);
    assert_string_equal(text_of(jws.payload, "client_id"), client_id);
    json_decref(jws.header);
    json_decref(jws.payload);
    json_decref(response);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_and_profile),
        cmocka_unit_test(two_equal_requests_give_two_tokens),
        cmocka_unit_test(stages_in_order),
        cmocka_unit_test(browsers_are_refused),
        cmocka_unit_test(a_browsers_application_is_named),
        cmocka_unit_test(without_a_key_there_is_no_token),
        cmocka_unit_test(no_room_and_no_memory),
        cmocka_unit_test(every_error_is_well_formed),
        cmocka_unit_test(metadata),
        cmocka_unit_test(the_longest_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
