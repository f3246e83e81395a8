/* Applications that authenticate by assertions, and requests of theirs. See assertion_kit.h. */
#include "assertion_kit.h"

#include "jose/wrap.h"

assertion_kit kit;
static la_master_key *master_key;
static char sets[6][2 * LA_JWK_MAX];

/* ---- a client with a jwks_uri: what its set is, and what the fetcher says ---- */

static la_result find_set(void *self, la_slice uri, bool unknown_kid, la_slice *ret)
{
    assert_slice(uri, URI);
    kit.source.asked++;
    kit.source.asked_for_unknown += unknown_kid;
    if (kit.source.is_gone)
        return la_error(LA_UNAVAILABLE);
    if (kit.source.is_pending)
        return la_error(LA_PENDING);
    *ret = unknown_kid && kit.source.newer.p ? kit.source.newer : kit.source.text;
    return la_ok();
}

/* ---- the applications ---- */

la_slice kit_set_of(unsigned i, const prover *a, const prover *b)
{
    int n = snprintf(sets[i], sizeof sets[i], "{\"keys\":[%s%s%s]}", a->jwk, b ? "," : "", b ? b->jwk : "");
    assert_true(n > 0 && (size_t)n < sizeof sets[i]);
    return la_slice_of(sets[i]);
}

static la_feed_item application(uint64_t id, const char *client_id, la_auth_method method, la_slice jwks)
{
    return (la_feed_item){.kind = LA_FEED_PUT_APPLICATION,
                          .application = {.application_id = id,
                                          .environment_id = HERE,
                                          .client_id = la_slice_of(client_id),
                                          .enabled = true,
                                          .auth_method = method,
                                          .scopes = LA_SLICE("api"),
                                          .registration.jwks = jwks,
                                          .version = id}};
}

static void wrap(const char *client_id, const char *secret, int64_t expires_at_s, la_secret_record *ret, char *memory)
{
    la_buffer b;
    la_buffer_init_fixed(&b, memory, LA_WRAPPED_SECRET_MAX);
    assert_ok(la_wrap(master_key, "client-secret", la_slice_of(client_id), la_slice_of(secret), &b));
    *ret = (la_secret_record){
        .secret_id = 7, .kind = LA_SECRET_WRAPPED, .wrapped = la_buffer_slice(&b), .expires_at_s = expires_at_s};
}

static void put_applications(void)
{
    static char wrapped[6][LA_WRAPPED_SECRET_MAX];
    la_feed_item items[] = {
        application(21, "ec", LA_AUTH_PRIVATE_KEY_JWT, kit_set_of(0, &kit.ec, NULL)),
        application(22, "rsa", LA_AUTH_PRIVATE_KEY_JWT, kit_set_of(1, &kit.rsa, NULL)),
        application(23, "both", LA_AUTH_PRIVATE_KEY_JWT, kit_set_of(2, &kit.okp, &kit.ec)),
        application(24, "legacy", LA_AUTH_PRIVATE_KEY_JWT, kit_set_of(0, &kit.ec, NULL)),
        application(25, "fapi", LA_AUTH_PRIVATE_KEY_JWT, kit_set_of(2, &kit.okp, &kit.ec)),
        application(26, "pinned", LA_AUTH_PRIVATE_KEY_JWT, kit_set_of(2, &kit.okp, &kit.ec)),
        application(27, "off", LA_AUTH_PRIVATE_KEY_JWT, kit_set_of(0, &kit.ec, NULL)),
        application(28, "fetched", LA_AUTH_PRIVATE_KEY_JWT, LA_NO_SLICE),
        application(29, "keyless", LA_AUTH_PRIVATE_KEY_JWT, LA_NO_SLICE),
        application(30, "mac", LA_AUTH_CLIENT_SECRET_JWT, LA_NO_SLICE),
        application(31, "short", LA_AUTH_CLIENT_SECRET_JWT, LA_NO_SLICE),
        application(32, "lapsed", LA_AUTH_CLIENT_SECRET_JWT, LA_NO_SLICE),
        application(33, "moved", LA_AUTH_CLIENT_SECRET_JWT, LA_NO_SLICE),
        application(34, "away", LA_AUTH_PRIVATE_KEY_JWT, kit_set_of(0, &kit.ec, NULL)),
        application(35, "weird", LA_AUTH_PRIVATE_KEY_JWT, LA_SLICE("{\"keys\":[]}")),
        application(36, "fapi-secret", LA_AUTH_CLIENT_SECRET, LA_NO_SLICE),
    };
    items[3].application.registration.token_endpoint_audience = true;
    items[4].application.registration.fapi = true;
    items[4].application.registration.token_endpoint_audience = true; /* FAPI is the stronger of the two */
    items[5].application.registration.signing_alg = LA_SLICE("EdDSA");
    items[6].application.enabled = false;
    items[7].application.registration.jwks_uri = LA_SLICE(URI);
    items[9].application.n_secrets = 2;
    wrap("mac", "another-secret-that-is-also-alive-and-long-enough", 0, &items[9].application.secrets[0], wrapped[0]);
    wrap("mac", SECRET, 0, &items[9].application.secrets[1], wrapped[1]);
    items[9].application.secrets[1].secret_id = 8;
    items[10].application.n_secrets = 1;
    wrap("short", "0123456789012345678901234567890", 0, &items[10].application.secrets[0], wrapped[2]); /* 31 */
    items[11].application.n_secrets = 1;
    wrap("lapsed", SECRET, NOW_S, &items[11].application.secrets[0], wrapped[3]);
    items[12].application.n_secrets = 1;
    wrap("mac", SECRET, 0, &items[12].application.secrets[0], wrapped[4]); /* another client's row */
    items[13].application.environment_id = ELSEWHERE;
    items[15].application.registration.fapi = true;
    items[15].application.n_secrets = 1;
    items[15].application.secrets[0].secret_id = 9;
    la_hasher_digest(kit.f->hasher, LA_SLICE("right"), items[15].application.secrets[0].digest);

    la_registry_batch *batch;
    la_feed_position position = {.sequence = 2};
    assert_ok(la_registry_batch_begin(kit.f->registry, false, &batch));
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        assert_ok(la_registry_batch_apply(batch, &items[i]));
    assert_ok(la_registry_batch_commit(batch, &position));
    assert_ok(la_registry_view_refresh(kit.f->view));
}

static void make_master_key(void)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/master.key", kit.f->dir);
    assert_ok(la_master_key_create(path));
    assert_ok(la_master_key_load(path, &master_key));
}

int kit_set_up(void **state)
{
    kit.f = fixture_new("ES256", LA_PROFILE_RFC9068);
    prover_init(&kit.ec, "ES256");
    prover_init(&kit.rsa, "RS256");
    prover_init(&kit.okp, "EdDSA");
    prover_init(&kit.other, "ES256");
    make_master_key();
    put_applications();
    kit.f->environment.mtls_url = LA_SLICE("https://mtls.issuer.example");
    kit.f->environment.assertion_lifetime_max_s = 600;
    kit.f->context.master_key = master_key;
    kit.f->context.key_cache = la_key_cache_new(64);
    kit.f->context.keys = (la_key_source){find_set, NULL};
    return 0;
}

int kit_tear_down(void **state)
{
    la_key_cache_free(kit.f->context.key_cache);
    la_master_key_free(master_key);
    prover_done(&kit.ec);
    prover_done(&kit.rsa);
    prover_done(&kit.okp);
    prover_done(&kit.other);
    fixture_free(kit.f);
    return 0;
}

int kit_forget(void **state)
{
    memset(&kit.source, 0, sizeof kit.source);
    prover_remember(&kit.f->context);
    kit.f->environment.fapi = false;
    kit.f->context.now_s = NOW_S;
    return 0;
}

/* ---- requests ---- */

la_token_outcome kit_post(la_slice assertion, const char *more)
{
    char body[2 * LA_JWT_MAX];
    snprintf(body, sizeof body,
             "grant_type=client_credentials&scope=api&client_assertion_type=" TYPE "&client_assertion=%.*s%s",
             LA_FMT(assertion), more);
    la_token_outcome o = fixture_post(kit.f, body, NULL);
    assert_int_equal(la_is_ok(o.result), strstr(fixture_body, "access_token") != NULL);
    snprintf(kit.last_body, sizeof kit.last_body, "%s", fixture_body);
    return o;
}

const char *kit_header_of(const prover *p, const char *more)
{
    static char header[2048];
    snprintf(header, sizeof header, "{\"alg\":\"%s\"%s}", la_key_algorithm(p->key)->name, more);
    return header;
}

/* iss, sub and jti as they should be, exp in a minute, and these members. */
const char *kit_claims_of(const char *client_id, const char *more)
{
    static char claims[4096];
    static unsigned n;
    snprintf(claims, sizeof claims, "{\"iss\":\"%s\",\"sub\":\"%s\",\"jti\":\"j%u\",\"exp\":%d%s}", client_id,
             client_id, ++n, NOW_S + 60, more);
    return claims;
}

la_code kit_code_of(prover *p, const char *header_more, const char *claims)
{
    return kit_post(prover_sign(p, kit_header_of(p, header_more), claims), "").result.code;
}

void kit_check(size_t i, la_code code, la_code expected)
{
    if (code != expected)
        fail_msg("row %zu: %s, expected %s", i, la_result_info_of(code)->name, la_result_info_of(expected)->name);
}
