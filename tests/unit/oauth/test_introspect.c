/* What introspection and revocation decide, without a server: the largest answers, what is asked for while memory is short, and whose business it is. */
#include "fixture.h"

#include "oauth/introspect.h"
#include "oauth/revoke.h"

#define CREDENTIALS "client_id=svc+one&client_secret=p%2Bw%3Ad%3D%2F%25"

typedef struct desk {
    fixture *f;
    la_verifier *verifier;
    char token[LA_TOKEN_RESPONSE_MAX];
    char body[LA_INTROSPECTION_MAX + 1];
    la_token_outcome outcome;
    la_introspection answer;
    la_revocation_record record;
} desk;

static void may_introspect(fixture *f, const char *audiences)
{
    la_registry_batch *batch;
    la_feed_position position = {.sequence = 2};
    la_feed_item item = {.kind = LA_FEED_PUT_APPLICATION};
    item.application = (la_application_record){.application_id = 50,
                                               .environment_id = HERE,
                                               .client_id = LA_SLICE("rs"),
                                               .enabled = true,
                                               .scopes = LA_SLICE("api"),
                                               .n_secrets = 1};
    item.application.secrets[0].secret_id = 500;
    item.application.registration.introspection_audiences = la_slice_of(audiences);
    la_hasher_digest(f->hasher, LA_SLICE("right"), item.application.secrets[0].digest);
    assert_ok(la_registry_batch_begin(f->registry, false, &batch));
    assert_ok(la_registry_batch_apply(batch, &item));
    assert_ok(la_registry_batch_commit(batch, &position));
    assert_ok(la_registry_view_refresh(f->view));
}

static desk *desk_new(la_token_profile profile)
{
    desk *d = calloc(1, sizeof *d);
    la_buffer jwk;
    d->f = fixture_new("RS256", profile);
    la_buffer_init(&jwk, 4096);
    la_key_write_jwk(d->f->key, &jwk);
    la_slice one = la_buffer_slice(&jwk);
    assert_ok(la_verifier_new(&one, 1, &d->verifier));
    la_buffer_done(&jwk);
    may_introspect(d->f, "https://api.example urn:other");
    fixture_post(d->f, "grant_type=client_credentials&scope=api&" CREDENTIALS, NULL);
    assert_int_equal(sscanf(fixture_body, "{\"access_token\":\"%[^\"]", d->token), 1);
    return d;
}

static void desk_free(desk *d)
{
    la_verifier_free(d->verifier);
    fixture_free(d->f);
    free(d);
}

static la_token_request request_of(const char *form)
{
    return (la_token_request){.body = la_slice_of(form), .content_type = LA_SLICE("application/x-www-form-urlencoded")};
}

static la_code introspect(desk *d, const char *credentials, const char *accept)
{
    char form[LA_TOKEN_RESPONSE_MAX + 200];
    la_buffer out;
    snprintf(form, sizeof form, "%s&token=%s", credentials, d->token);
    la_token_request request = request_of(form);
    la_buffer_init_fixed(&out, d->body, LA_INTROSPECTION_MAX);
    la_arena_reset(d->f->arena);
    la_introspect(&d->f->context, d->verifier, &request, la_slice_of(accept), &out, &d->outcome, &d->answer);
    d->body[out.n] = 0;
    return d->outcome.result.code;
}

static la_code revoke_token(desk *d, const char *credentials)
{
    char form[LA_TOKEN_RESPONSE_MAX + 200];
    la_buffer out;
    snprintf(form, sizeof form, "%s&token=%s", credentials, d->token);
    la_token_request request = request_of(form);
    la_buffer_init_fixed(&out, d->body, LA_INTROSPECTION_MAX);
    la_arena_reset(d->f->arena);
    la_revoke_decide(&d->f->context, d->verifier, &request, &out, &d->outcome, &d->record);
    d->body[out.n] = 0;
    return d->outcome.result.code;
}

static void both_profiles_are_active_and_then_over(void **state)
{
    static const la_token_profile profiles[] = {LA_PROFILE_RFC9068, LA_PROFILE_SPRING};
    for (size_t i = 0; i < 2; i++) {
        desk *d = desk_new(profiles[i]);
        assert_int_equal(introspect(d, "client_id=rs&client_secret=right", NULL), LA_OK);
        assert_true(d->answer.is_active);
        assert_non_null(strstr(d->body, "\"scope\":\"api\""));
        assert_non_null(strstr(d->body, "\"client_id\":\"svc one\""));
        d->f->context.now_s += 3600; /* exp is the first moment at which it does not hold */
        assert_int_equal(introspect(d, "client_id=rs&client_secret=right", NULL), LA_OK);
        assert_string_equal(d->body, "{\"active\":false}");
        d->f->context.now_s = NOW_S - 61; /* of the future, by more than clocks differ */
        assert_int_equal(introspect(d, "client_id=rs&client_secret=right", NULL), LA_OK);
        assert_string_equal(d->body, "{\"active\":false}");
        desk_free(d);
    }
}

static void the_right_is_another_audience(void **state)
{
    desk *d = desk_new(LA_PROFILE_RFC9068);
    may_introspect(d->f, "https://sdk.example https://api.exampl https://api.example/");
    assert_int_equal(introspect(d, "client_id=rs&client_secret=right", NULL), LA_OK);
    assert_false(d->answer.is_active);
    may_introspect(d->f, "");
    assert_int_equal(introspect(d, "client_id=rs&client_secret=right", NULL), LA_INTROSPECTION_NOT_ALLOWED);
    assert_int_equal(introspect(d, CREDENTIALS, NULL), LA_INTROSPECTION_NOT_ALLOWED);
    assert_int_equal(introspect(d, "client_id=rs&client_secret=wrong", NULL), LA_CLIENT_SECRET_WRONG);
    assert_true(d->outcome.failed_authentication);
    desk_free(d);
}

static void a_signed_answer_is_one(void **state)
{
    desk *d = desk_new(LA_PROFILE_RFC9068);
    assert_int_equal(introspect(d, "client_id=rs&client_secret=right", "application/token-introspection+jwt"), LA_OK);
    assert_true(d->answer.is_signed);
    la_jwt *t;
    assert_code(la_verifier_check(d->verifier, la_slice_of(d->body), false, &t), LA_INVALID); /* no access token */
    assert_ok(la_jwt_read(la_slice_of(d->body), LA_ALGORITHMS_SIGNING, &t));
    assert_true(la_jwt_has_type(t, "token-introspection+jwt"));
    la_jwt_free(t);
    desk_free(d);
}

static void a_client_revokes_its_own(void **state)
{
    desk *d = desk_new(LA_PROFILE_RFC9068);
    assert_int_equal(revoke_token(d, "client_id=rs&client_secret=right"), LA_TOKEN_OF_ANOTHER);
    assert_int_equal(d->record.kind, 0);
    assert_int_equal(revoke_token(d, CREDENTIALS), LA_OK);
    assert_int_equal(d->record.kind, LA_REVOKED_TOKEN);
    assert_int_equal(d->record.application_id, 1);
    assert_int_equal(d->record.expires_at_s, NOW_S + 3600);
    assert_int_equal(d->record.jti.n, 27);
    assert_string_equal(d->body, "");
    d->f->context.now_s += 3600;
    assert_int_equal(revoke_token(d, CREDENTIALS), LA_OK); /* expired: nothing to do */
    assert_int_equal(d->record.kind, 0);
    snprintf(d->token, sizeof d->token, "junk");
    assert_int_equal(revoke_token(d, CREDENTIALS), LA_OK);
    assert_int_equal(d->record.kind, 0);
    desk_free(d);
}

/* The arena gives nothing any more: an error that says so, and no half of an answer. */
static void without_memory_there_is_an_error(void **state)
{
    desk *d = desk_new(LA_PROFILE_RFC9068);
    la_arena *roomy = d->f->context.arena, *small = la_arena_new(64, 64);
    d->f->context.arena = small;
    char form[LA_TOKEN_RESPONSE_MAX + 200];
    snprintf(form, sizeof form, "client_id=rs&client_secret=right&token=%s", d->token);
    la_token_request request = request_of(form);
    la_buffer out;
    la_buffer_init_fixed(&out, d->body, LA_INTROSPECTION_MAX);
    la_introspect(&d->f->context, d->verifier, &request, LA_SLICE("application/token-introspection+jwt"), &out,
                  &d->outcome, &d->answer);
    assert_int_equal(d->outcome.result.code, LA_NO_MEMORY);
    assert_false(d->answer.is_signed);
    d->body[out.n] = 0;
    assert_non_null(strstr(d->body, "temporarily_unavailable"));
    d->f->context.arena = roomy;
    la_arena_free(small);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_profiles_are_active_and_then_over),
        cmocka_unit_test(the_right_is_another_audience),
        cmocka_unit_test(a_signed_answer_is_one),
        cmocka_unit_test(a_client_revokes_its_own),
        cmocka_unit_test(without_memory_there_is_an_error),
    };
    return cmocka_run_group_tests_name("oauth introspect", tests, NULL, NULL);
}
