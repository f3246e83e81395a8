/*
 * A client assertion as the whole of client authentication sees it: as it comes, or, behind an S, its header and its claims as JSON with a
 * newline between them, to be signed here with the client's key, so that what is judged after the signature is reached, too. Nobody
 * gets in without that key, a jti is used up once for whoever gets in and for nobody else, and whatever is refused is refused with an
 * OAuth error.
 */
#include "oauth/client_assertion.c"

#include "base/base64url.h"
#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>

#define NOW_S 1800000000

typedef struct world {
    la_registry *registry;
    la_registry_view *view;
    la_signer *signer;
    la_issuer *issuer;
    la_arena *arena;
    la_hasher *hasher;
    la_key_cache *key_cache;
    char set[LA_JWK_MAX + 16];
} world;

static const la_environment_config environment = {.issuer = LA_SLICE_INIT("https://issuer.example"),
                                                  .assertion_lifetime_max_s = 600};
static unsigned n_used;

static la_result use(void *self, la_replay_kind kind, uint16_t environment_id, la_slice client_id, la_slice issuer,
                     la_slice jti, int64_t expires_at_s, int64_t now_s)
{
    (void)self;
    if (kind != LA_REPLAY_ASSERTION || environment_id != 1 || !la_slice_is(issuer, "client") ||
        !la_slice_equal(client_id, issuer) || jti.n == 0 || jti.n > JTI_BYTES_MAX || expires_at_s <= now_s ||
        expires_at_s > now_s + 600 + AHEAD_S + BEHIND_S)
        abort();
    n_used++;
    return la_ok();
}

static void must(la_result r)
{
    if (!la_is_ok(r))
        abort();
}

static void put_client(world *w)
{
    la_registry_batch *batch;
    la_feed_position position = {.sequence = 1};
    la_feed_item item = {.kind = LA_FEED_PUT_APPLICATION,
                         .application = {.application_id = 1,
                                         .environment_id = 1,
                                         .client_id = LA_SLICE("client"),
                                         .enabled = true,
                                         .auth_method = LA_AUTH_PRIVATE_KEY_JWT,
                                         .registration.jwks = la_slice_of(w->set),
                                         .version = 1}};
    must(la_registry_batch_begin(w->registry, true, &batch));
    must(la_registry_batch_apply(batch, &item));
    must(la_registry_batch_commit(batch, &position));
}

static void build(world *w)
{
    static const uint8_t pepper[LA_PEPPER_BYTES] = {1};
    char dir[] = "/tmp/leanauth-fuzz-XXXXXX", command[64];
    la_key *key;
    la_buffer jwk;
    must(la_secret_setup());
    must(la_key_generate(la_algorithm_find(LA_SLICE("ES256")), &key));
    must(la_signer_new(key, &w->signer));
    la_buffer_init_fixed(&jwk, w->set, sizeof w->set);
    la_buffer_add_text(&jwk, "{\"keys\":[");
    la_key_write_jwk(key, &jwk);
    la_buffer_add_text(&jwk, "]}");
    la_buffer_text(&jwk);
    if (!mkdtemp(dir))
        abort();
    must(la_registry_open(dir, &w->registry));
    put_client(w);
    must(la_registry_view_new(w->registry, &w->view));
    must(la_registry_view_refresh(w->view));
    w->hasher = la_hasher_new(pepper);
    w->issuer = la_issuer_new(&environment, 1, NULL);
    w->key_cache = la_key_cache_new(8);
    w->arena = la_arena_new(65536, 1 << 20);
    if (!w->hasher || !w->issuer || !w->key_cache || !w->arena)
        abort();
    /* It is mapped; its files need not stay. */
    snprintf(command, sizeof command, "rm -rf %s", dir);
    if (system(command) != 0)
        abort();
}

static la_slice sign(world *w, la_slice text)
{
    la_slice rest = text, header = LA_NO_SLICE;
    uint8_t signature[LA_SIGNATURE_MAX];
    size_t room = text.n * 2 + 200;
    char *memory = la_arena_take(w->arena, room);
    la_buffer b;
    if (!memory || !la_slice_split(&rest, '\n', &header))
        return LA_SLICE("");
    la_buffer_init_fixed(&b, memory, room);
    la_buffer_add_base64url(&b, header.p, header.n);
    la_buffer_add_char(&b, '.');
    la_buffer_add_base64url(&b, rest.p ? rest.p : "", rest.n);
    must(la_signer_sign(w->signer, la_buffer_slice(&b), signature));
    la_buffer_add_char(&b, '.');
    la_buffer_add_base64url(&b, signature, la_signer_signature_bytes(w->signer));
    return la_buffer_slice(&b);
}

static void check(world *w, la_slice assertion, bool is_signed)
{
    la_token_context context = {.issuer = w->issuer,
                                .view = w->view,
                                .hasher = w->hasher,
                                .arena = w->arena,
                                .key_cache = w->key_cache,
                                .replay = {use, NULL},
                                .now_s = NOW_S};
    la_token_request request = {0};
    la_token_outcome outcome = {0};
    la_application_record application;
    la_form form = {
        .values = {
            [LA_PARAM_CLIENT_ASSERTION] = assertion, [LA_PARAM_CLIENT_ASSERTION_TYPE] = LA_SLICE(ASSERTION_TYPE)}};
    n_used = 0;
    la_result r = la_client_authenticate(&context, &request, &form, &outcome, &application);
    if (n_used != (la_is_ok(r) ? 1 : 0) || (la_is_ok(r) && !is_signed))
        abort();
    if (la_is_ok(r) && (outcome.application_id != 1 || !la_slice_is(outcome.attempted_client_id, "client") ||
                        outcome.credential_tag >> 28 != LA_CREDENTIAL_KEY))
        abort();
    if (!la_is_ok(r) && (!la_result_info_of(r.code)->wire || outcome.credential_tag))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static world *w;
    la_slice text = {(const char *)data, n};
    bool is_signed = n > 0 && data[0] == 'S';
    if (!w) {
        w = calloc(1, sizeof *w);
        if (!w)
            abort();
        build(w);
    }
    if (n == 0)
        return 0;
    check(w, is_signed ? sign(w, (la_slice){text.p + 1, text.n - 1}) : text, is_signed);
    la_arena_reset(w->arena);
    return 0;
}
