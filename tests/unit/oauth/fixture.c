#include "fixture.h"

#include <crypt.h>

char fixture_body[LA_TOKEN_RESPONSE_MAX + 1];

static la_feed_item application(const fixture *f, uint64_t id, const char *client_id, const char *secret)
{
    la_feed_item item = {.kind = LA_FEED_PUT_APPLICATION};
    item.application = (la_application_record){.application_id = id,
                                               .environment_id = HERE,
                                               .client_id = la_slice_of(client_id),
                                               .enabled = true,
                                               .scopes = LA_SLICE("api customer payments"),
                                               .n_secrets = 1};
    item.application.secrets[0].secret_id = 100 + id;
    la_hasher_digest(f->hasher, la_slice_of(secret), item.application.secrets[0].digest);
    return item;
}

static const char *bcrypt_of(const char *secret)
{
    static struct crypt_data data;
    return crypt_rn(secret, "$2b$04$abcdefghijklmnopqrstuu", &data, sizeof data);
}

static void fill(fixture *f)
{
    la_feed_item items[] = {
        application(f, 1, "svc one", "p+w:d=/%"),
        application(f, 2, "basic-only", "right"),
        application(f, 3, "post-only", "right"),
        application(f, 4, "disabled", "right"),
        application(f, 5, "no-scope", "right"),
        application(f, 6, "expired", "right"),
        application(f, 7, "imported", "right"),
        application(f, 8, "other", "right"),
        {.kind = LA_FEED_PUT_CUSTOMER, .customer = {HERE, LA_SLICE(CUSTOMER), 1}},
    };
    items[1].application.auth_method = LA_AUTH_CLIENT_SECRET_BASIC;
    items[2].application.auth_method = LA_AUTH_CLIENT_SECRET_POST;
    items[3].application.enabled = false;
    items[4].application.scopes = LA_SLICE("customer");
    items[5].application.secrets[0].expires_at_s = NOW_S;
    items[6].application.secrets[0].kind = LA_SECRET_SLOW;
    items[6].application.secrets[0].slow_hash = la_slice_of(bcrypt_of("right"));
    items[7].application.environment_id = ELSEWHERE;
    la_registry_batch *batch;
    la_feed_position position = {.sequence = 1};
    assert_ok(la_registry_batch_begin(f->registry, true, &batch));
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        assert_ok(la_registry_batch_apply(batch, &items[i]));
    assert_ok(la_registry_batch_commit(batch, &position));
}

static la_slice public_jwk(const la_key *key)
{
    static char memory[4096];
    la_buffer jwk;
    la_buffer_init_fixed(&jwk, memory, sizeof memory);
    la_key_write_jwk(key, &jwk);
    return la_buffer_slice(&jwk);
}

fixture *fixture_new(const char *algorithm, la_token_profile profile)
{
    static const uint8_t pepper[LA_PEPPER_BYTES] = {1, 2, 3};
    static const uint16_t ids[] = {HERE, ELSEWHERE};
    fixture *f = calloc(1, sizeof *f);
    assert_ok(la_secret_setup());
    f->dir = unit_mkdir();
    f->hasher = la_hasher_new(pepper);
    assert_ok(la_registry_open(f->dir, &f->registry));
    fill(f);
    assert_ok(la_registry_view_new(f->registry, &f->view));
    assert_ok(la_registry_view_refresh(f->view));
    assert_ok(la_key_generate(la_algorithm_find(la_slice_of(algorithm)), &f->key));
    assert_ok(la_signer_new(f->key, &f->signer));
    f->arena = la_arena_new(16384, 1 << 20);
    f->scopes[0] = (la_scope_policy){
        .name = LA_SLICE("payments"), .audience = LA_SLICE("https://api.example"), .lifetime_s = 60};
    f->scopes[1] = (la_scope_policy){
        .name = LA_SLICE("admin"), .audience = LA_SLICE("https://admin.example"), .lifetime_s = 60};
    f->environment = (la_environment_config){
        .name = LA_SLICE("here"),
        .issuer = LA_SLICE("https://issuer.example"),
        .profile = profile,
        .api = {.name = LA_SLICE("api"), .audience = LA_SLICE("https://api.example"), .lifetime_s = 3600},
        .customer = {.name = LA_SLICE("customer"), .audience = LA_SLICE("https://sdk.example"), .lifetime_s = 900},
        .n_scopes = 2,
        .scopes = f->scopes,
    };
    f->issuer = la_issuer_new(&f->environment, HERE, f->signer);
    assert_non_null(f->issuer);
    la_slice jwk = public_jwk(f->key);
    assert_ok(la_verifier_new(&jwk, 1, &f->verifier));
    f->context = (la_token_context){.issuer = f->issuer,
                                    .verifier = f->verifier,
                                    .view = f->view,
                                    .hasher = f->hasher,
                                    .random = &f->random,
                                    .arena = f->arena,
                                    .environment_ids = ids,
                                    .n_environment_ids = 2,
                                    .now_s = NOW_S};
    return f;
}

void fixture_free(fixture *f)
{
    la_verifier_free(f->verifier);
    la_issuer_free(f->issuer);
    la_signer_free(f->signer);
    la_key_free(f->key);
    la_arena_free(f->arena);
    la_registry_view_free(f->view);
    la_registry_free(f->registry);
    la_hasher_free(f->hasher);
    unit_rmdir(f->dir);
    free(f);
}

la_token_outcome fixture_post(fixture *f, const char *body, const char *authorization)
{
    la_token_request request = {
        .body = la_slice_of(body ? body : ""),
        .content_type = LA_SLICE("application/x-www-form-urlencoded"),
        .authorization = la_slice_of(authorization),
        .n_authorization = authorization ? 1 : 0,
    };
    la_token_outcome outcome;
    la_buffer out;
    la_buffer_init_fixed(&out, fixture_body, LA_TOKEN_RESPONSE_MAX);
    la_arena_reset(f->arena);
    la_token_issue(&f->context, &request, &out, &outcome);
    fixture_body[out.n] = 0;
    return outcome;
}
