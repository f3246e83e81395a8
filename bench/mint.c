/*
 * Minting in process against the bare signature, in interleaved rounds on one core: what the protocol costs
 * beyond the cryptography. No HTTP, no socket; a real registry, real secrets, a real request.
 *
 *   bench_mint ALGORITHM ROUNDS MILLISECONDS CORE [bare|keys]
 *
 * prints one JSON object with the microseconds of CPU per operation of each round. With `bare` only the signature, and the verification of an
 * ES256 signature over an input of the same length. With `keys` also
 * tokens that an ES256 proof binds (RFC 9449), and tokens for an ES256 assertion (private_key_jwt), each proof and assertion used once,
 * against that signature and one bare verification.
 */
#include "base/arena.h"
#include "base/base64url.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "config/config.h"
#include "jose/hasher.h"
#include "jose/key.h"
#include "oauth/token.h"
#include "registry/registry.h"
#include "server/tables/replay.h"

#include <ftw.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define APPLICATIONS 10
#define BODY_MAX 512
#define ROUNDS_MAX 100
#define ENVIRONMENT_ID 1

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench_mint: %s: %s\n", what, la_detail());
    exit(1);
}

static void must(la_result r, const char *what)
{
    if (!la_is_ok(r))
        die(what);
}

/* ---- the bare signature, prepared as well as the library allows ---- */

typedef struct bare {
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *context;
    EVP_MD *md;
    unsigned char ed25519[crypto_sign_SECRETKEYBYTES];
    char input[2048];
    size_t input_n;
} bare;

static void bare_init(bare *b, const la_algorithm *a, const la_key *key)
{
    la_buffer private_key;
    la_buffer_init(&private_key, 65536);
    must(la_key_export_private(key, &private_key), "export");
    if (!a->digest) {
        unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
        if (crypto_sign_seed_keypair(public_key, b->ed25519, (const unsigned char *)private_key.p) != 0)
            die("ed25519");
    } else {
        const unsigned char *der = (const unsigned char *)private_key.p;
        b->pkey = d2i_AutoPrivateKey(NULL, &der, (long)private_key.n);
        b->context = b->pkey ? EVP_PKEY_CTX_new(b->pkey, NULL) : NULL;
        b->md = EVP_MD_fetch(NULL, a->digest, NULL);
        if (!b->context || !b->md || EVP_PKEY_sign_init(b->context) != 1)
            die("openssl");
        if (EVP_PKEY_get_base_id(b->pkey) == EVP_PKEY_RSA) {
            if (EVP_PKEY_CTX_set_rsa_padding(b->context, a->pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) != 1)
                die("padding");
            if (a->pss && EVP_PKEY_CTX_set_rsa_pss_saltlen(b->context, RSA_PSS_SALTLEN_DIGEST) != 1)
                die("salt");
        }
        if (EVP_PKEY_CTX_set_signature_md(b->context, b->md) != 1)
            die("digest");
    }
    la_wipe(private_key.p, private_key.n);
    la_buffer_done(&private_key);
}

static void bare_sign(void *self)
{
    bare *b = self;
    unsigned char signature[LA_SIGNATURE_MAX];
    if (!b->context) {
        crypto_sign_detached(signature, NULL, (const unsigned char *)b->input, b->input_n, b->ed25519);
        return;
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_n = 0;
    size_t signature_n = sizeof signature;
    if (EVP_Digest(b->input, b->input_n, digest, &digest_n, b->md, NULL) != 1 ||
        EVP_PKEY_sign(b->context, signature, &signature_n, digest, digest_n) != 1)
        die("sign");
}

static void bare_done(bare *b)
{
    EVP_MD_free(b->md);
    EVP_PKEY_CTX_free(b->context);
    EVP_PKEY_free(b->pkey);
    la_wipe(b->ed25519, sizeof b->ed25519);
}

/* ---- the bare verification of a proof ---- */

typedef struct bare_check {
    EVP_PKEY_CTX *context;
    EVP_MD *md;
    unsigned char signature[EVP_MAX_MD_SIZE * 2 + 16]; /* DER */
    size_t signature_n;
    char input[2048];
    size_t input_n;
} bare_check;

static void bare_check_init(bare_check *b, size_t input_n)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    EVP_MD_CTX *sign = EVP_MD_CTX_new();
    b->input_n = input_n;
    memset(b->input, 'x', input_n);
    b->signature_n = sizeof b->signature;
    b->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!pkey || !sign || !b->md || EVP_DigestSignInit_ex(sign, NULL, "SHA256", NULL, NULL, pkey, NULL) != 1 ||
        EVP_DigestSign(sign, b->signature, &b->signature_n, (unsigned char *)b->input, b->input_n) != 1)
        die("openssl");
    b->context = EVP_PKEY_CTX_new(pkey, NULL);
    if (!b->context || EVP_PKEY_verify_init(b->context) != 1)
        die("openssl");
    EVP_MD_CTX_free(sign);
    EVP_PKEY_free(pkey);
}

static void bare_verify(void *self)
{
    bare_check *b = self;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_n = 0;
    if (EVP_Digest(b->input, b->input_n, digest, &digest_n, b->md, NULL) != 1 ||
        EVP_PKEY_verify(b->context, b->signature, b->signature_n, digest, digest_n) != 1)
        die("verify");
}

static void bare_check_done(bare_check *b)
{
    EVP_PKEY_CTX_free(b->context);
    EVP_MD_free(b->md);
}

/* ---- minting ---- */

#define PROOFS 2560 /* a round of them; then the table of used ones is a new one */
#define PROOF_MAX 1024

typedef struct mint {
    la_environment_config config;
    la_slice host;
    la_key *key;
    la_signer *signer;
    la_hasher *hasher;
    la_registry *registry;
    la_registry_view *view;
    la_issuer *issuer;
    la_arena *arena;
    la_random random;
    la_token_context context;
    la_buffer response;
    char response_memory[LA_TOKEN_RESPONSE_MAX];
    char bodies[APPLICATIONS][BODY_MAX];
    unsigned next;
    la_code expected;
    char (*proofs)[PROOF_MAX]; /* DPoP proofs, or bodies with assertions. NULL: neither is sent */
    bool by_assertion;
    unsigned next_proof;
    la_replay *replay;
} mint;

#define ID_BYTES (LA_UUID_CHARS + 1)
#define SECRET_BYTES 64

static void application_name(unsigned i, char id[ID_BYTES], char secret[SECRET_BYTES])
{
    snprintf(id, ID_BYTES, "%08x-0000-4000-8000-%012x", i * 2654435761U, i);
    snprintf(secret, SECRET_BYTES, "bench-%08x-abcdefghijklmnopqrstuvwxyz0123456789", i * 40503U);
}

static void fill_registry(mint *m)
{
    la_registry_batch *batch = NULL;
    must(la_registry_batch_begin(m->registry, true, &batch), "batch");
    la_feed_item item = {.kind = LA_FEED_PUT_ENVIRONMENT,
                         .environment = {.environment_id = ENVIRONMENT_ID, .name = LA_SLICE("bench")}};
    must(la_registry_batch_apply(batch, &item), "environment");
    for (unsigned i = 0; i < APPLICATIONS; i++) {
        char id[ID_BYTES];
        char secret[SECRET_BYTES];
        application_name(i, id, secret);
        item = (la_feed_item){.kind = LA_FEED_PUT_APPLICATION,
                              .application = {.application_id = i + 1,
                                              .environment_id = ENVIRONMENT_ID,
                                              .client_id = la_slice_of(id),
                                              .enabled = true,
                                              .scopes = LA_SLICE("api customer"),
                                              .n_secrets = 1}};
        item.application.secrets[0].secret_id = i + 1;
        la_hasher_digest(m->hasher, la_slice_of(secret), item.application.secrets[0].digest);
        must(la_registry_batch_apply(batch, &item), "application");
    }
    la_feed_position position = {.sequence = 1, .tag = 1};
    must(la_registry_batch_commit(batch, &position), "commit");
}

static void mint_init(mint *m, const la_algorithm *a, const char *directory)
{
    memset(m, 0, sizeof *m);
    m->host = LA_SLICE("bench.localhost");
    m->config = (la_environment_config){
        .name = LA_SLICE("bench"),
        .issuer = LA_SLICE("https://bench.localhost"),
        .path = LA_SLICE(""),
        .n_hosts = 1,
        .hosts = &m->host,
        .algorithm = la_slice_of(a->name),
        .profile = LA_PROFILE_RFC9068,
        .api = {LA_SLICE("api"), LA_SLICE("https://api.bench.localhost"), 3600},
        .customer = {LA_SLICE("customer"), LA_SLICE("https://sdk.bench.localhost"), 3600},
        .customer_policy = LA_CUSTOMERS_ANY,
        .customer_id_format = LA_CUSTOMER_ID_UUID,
        .secrets_per_application = 2,
        .jwks_max_age_s = 900,
        .key_rotate_every_s = 7776000,
        .key_publish_margin_s = 300,
    };
    must(la_key_generate(a, &m->key), "key");
    must(la_signer_new(m->key, &m->signer), "signer");
    uint8_t pepper[LA_PEPPER_BYTES];
    la_random_bytes(pepper, sizeof pepper);
    m->hasher = la_hasher_new(pepper);
    must(la_registry_open(directory, &m->registry), "registry");
    fill_registry(m);
    must(la_registry_view_new(m->registry, &m->view), "view");
    m->issuer = la_issuer_new(&m->config, ENVIRONMENT_ID, m->signer);
    m->arena = la_arena_new(16384, 1 << 20);
    if (!m->hasher || !m->issuer || !m->arena)
        die("memory");
    m->context = (la_token_context){.issuer = m->issuer,
                                    .view = m->view,
                                    .hasher = m->hasher,
                                    .random = &m->random,
                                    .arena = m->arena,
                                    .now_s = time(NULL)};
    la_buffer_init_fixed(&m->response, m->response_memory, sizeof m->response_memory);
}

static void mint_done(mint *m)
{
    la_issuer_free(m->issuer);
    la_registry_view_free(m->view);
    la_registry_free(m->registry);
    la_signer_free(m->signer);
    la_key_free(m->key);
    la_hasher_free(m->hasher);
    la_arena_free(m->arena);
}

static void mint_prepare(mint *m, const char *scope, const char *secret_suffix, la_code expected)
{
    for (unsigned i = 0; i < APPLICATIONS; i++) {
        char id[ID_BYTES];
        char secret[SECRET_BYTES];
        application_name(i, id, secret);
        snprintf(m->bodies[i], BODY_MAX, "grant_type=client_credentials&scope=%s&client_id=%s&client_secret=%s%s",
                 scope, id, secret, secret_suffix);
    }
    m->expected = expected;
}

static la_result use_once(void *self, la_replay_kind kind, uint16_t environment_id, la_slice client_id, la_slice issuer,
                          la_slice jti, int64_t expires_at_s, int64_t now_s)
{
    mint *m = self;
    la_replay_key key = {environment_id, (uint8_t)kind, client_id, issuer, jti};
    return la_replay_take(m->replay, &key, expires_at_s, now_s) == LA_REPLAY_FIRST ? la_ok() : la_error(LA_REPLAYED);
}

static void add_jwt(la_buffer *b, la_signer *signer, const char *header, const char *claims)
{
    uint8_t signature[LA_SIGNATURE_MAX];
    size_t at = b->n;
    la_buffer_add_base64url(b, header, strlen(header));
    la_buffer_add_char(b, '.');
    la_buffer_add_base64url(b, claims, strlen(claims));
    must(la_signer_sign(signer, (la_slice){b->p + at, b->n - at}, signature), "signing");
    la_buffer_add_char(b, '.');
    la_buffer_add_base64url(b, signature, la_signer_signature_bytes(signer));
    la_buffer_text(b);
    if (!la_buffer_ok(b))
        die("a JWT is too long");
}

static void make_assertion(mint *m, la_signer *signer, unsigned application, unsigned i)
{
    char claims[512], id[ID_BYTES], secret[SECRET_BYTES];
    la_buffer b;
    application_name(APPLICATIONS + application, id, secret);
    snprintf(claims, sizeof claims,
             "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"https://"
             "bench.localhost\",\"jti\":\"%08x-0000-4000-8000-000000000000\","
             "\"iat\":%lld,\"exp\":%lld}",
             id, id, i, (long long)m->context.now_s, (long long)m->context.now_s + 60);
    la_buffer_init_fixed(&b, m->proofs[i], PROOF_MAX);
    la_buffer_add_text(&b, "grant_type=client_credentials&scope=api&client_assertion_type="
                           "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=");
    add_jwt(&b, signer, "{\"alg\":\"ES256\"}", claims);
}

static void make_proof(mint *m, la_signer *signer, const char *jwk, unsigned i)
{
    char header[512], claims[512];
    la_buffer b;
    snprintf(header, sizeof header, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s}", jwk);
    snprintf(claims, sizeof claims,
             "{\"jti\":\"%08x-0000-4000-8000-000000000000\",\"htm\":\"POST\","
             "\"htu\":\"https://bench.localhost/oauth2/token\",\"iat\":%lld}",
             i, (long long)m->context.now_s);
    la_buffer_init_fixed(&b, m->proofs[i], PROOF_MAX);
    add_jwt(&b, signer, header, claims);
}

/* A further application, which authenticates with this key. */
static void put_client_with_key(mint *m, unsigned application, const char *jwk)
{
    char id[ID_BYTES], secret[SECRET_BYTES], set[LA_JWK_MAX + 16];
    la_registry_batch *batch = NULL;
    la_feed_position position = {.sequence = 2 + application, .tag = 1};
    la_feed_item item = {.kind = LA_FEED_PUT_APPLICATION,
                         .application = {.application_id = APPLICATIONS + application + 1,
                                         .environment_id = ENVIRONMENT_ID,
                                         .enabled = true,
                                         .auth_method = LA_AUTH_PRIVATE_KEY_JWT,
                                         .scopes = LA_SLICE("api customer"),
                                         .version = 1}};
    application_name(APPLICATIONS + application, id, secret);
    snprintf(set, sizeof set, "{\"keys\":[%s]}", jwk);
    item.application.client_id = la_slice_of(id);
    item.application.registration.jwks = la_slice_of(set);
    must(la_registry_batch_begin(m->registry, false, &batch), "batch");
    must(la_registry_batch_apply(batch, &item), "application");
    must(la_registry_batch_commit(batch, &position), "commit");
}

/* Each application has a key of its own, and proves it again and again. */
static void make_proofs(mint *m, bool by_assertion)
{
    m->by_assertion = by_assertion;
    m->next_proof = 0;
    m->config.assertion_lifetime_max_s = 600;
    m->proofs = calloc(PROOFS, sizeof *m->proofs);
    m->config.dpop = (la_dpop_config){.proof_lifetime_s = 60};
    m->context.key_cache = la_key_cache_new(64);
    m->context.replay = (la_replay_query){use_once, m};
    m->next = 0;
    if (!m->proofs || !m->context.key_cache)
        die("memory");
    for (unsigned a = 0; a < APPLICATIONS; a++) {
        la_key *key;
        la_signer *signer;
        la_buffer jwk;
        la_buffer_init(&jwk, LA_JWK_MAX);
        must(la_key_generate(la_algorithm_find(LA_SLICE("ES256")), &key), "key");
        must(la_signer_new(key, &signer), "signer");
        la_key_write_jwk(key, &jwk);
        if (by_assertion)
            put_client_with_key(m, a, la_buffer_text(&jwk));
        for (unsigned i = a; i < PROOFS; i += APPLICATIONS)
            if (by_assertion)
                make_assertion(m, signer, a, i);
            else
                make_proof(m, signer, la_buffer_text(&jwk), i);
        la_buffer_done(&jwk);
        la_signer_free(signer);
        la_key_free(key);
    }
}

static void drop_proofs(mint *m)
{
    free(m->proofs);
    m->proofs = NULL;
    m->context.key_cache = la_key_cache_free(m->context.key_cache);
    m->replay = la_replay_free(m->replay);
}

static void take_proof(mint *m, la_token_request *request)
{
    if (!m->replay || m->next_proof == PROOFS) {
        m->next_proof = 0;
        la_replay_free(m->replay);
        m->replay = la_replay_new(1000000);
        if (!m->replay)
            die("memory");
    }
    la_slice proof = la_slice_of(m->proofs[m->next_proof++]);
    request->n_dpop = !m->by_assertion;
    if (m->by_assertion)
        request->body = proof;
    else
        request->dpop = proof;
}

/* One request from its body to the body of the response, as a connection of the server does it. */
static void mint_one(void *self)
{
    mint *m = self;
    la_token_request request = {.body = la_slice_of(m->bodies[m->next]),
                                .content_type = LA_SLICE("application/x-www-form-urlencoded")};
    m->next = (m->next + 1) % APPLICATIONS;
    if (m->proofs)
        take_proof(m, &request);
    la_token_outcome outcome;
    must(la_registry_view_refresh(m->view), "refresh");
    la_buffer_clear(&m->response);
    la_token_issue(&m->context, &request, &m->response, &outcome);
    if (outcome.result.code != m->expected)
        die(la_result_info_of(outcome.result.code)->name);
    la_arena_reset(m->arena);
    la_registry_view_rest(m->view);
}

/* The signing input of a real token, for the bare loop. */
static void take_signing_input(mint *m, bare *b)
{
    static const char member[] = "\"access_token\":\"";
    mint_prepare(m, "api", "", LA_OK);
    mint_one(m);
    const char *text = la_buffer_text(&m->response);
    const char *token = strstr(text, member);
    const char *end = token ? strrchr(token, '.') : NULL;
    if (!end)
        die("no token in the response");
    token += sizeof member - 1;
    b->input_n = (size_t)(end - token);
    if (b->input_n > sizeof b->input)
        die("signing input too long");
    memcpy(b->input, token, b->input_n);
}

/* ---- measuring ---- */

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Microseconds of CPU per call, over about `seconds`. */
static double measure(void (*call)(void *self), void *self, double seconds)
{
    uint64_t calls = 0;
    double start = cpu_s();
    double now = start;
    while (now - start < seconds) {
        for (int i = 0; i < 64; i++)
            call(self);
        calls += 64;
        now = cpu_s();
    }
    return (now - start) * 1e6 / (double)calls;
}

/* What was not measured is not there. */
static void print_rounds(const char *name, const double *us, unsigned n)
{
    if (us[0] == 0)
        return;
    printf(",\"%s\":[", name);
    for (unsigned i = 0; i < n; i++)
        printf("%s%.4f", i ? "," : "", us[i]);
    printf("]");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

typedef struct rounds {
    double bare[ROUNDS_MAX], mint[ROUNDS_MAX], bad_secret[ROUNDS_MAX], bad_scope[ROUNDS_MAX];
    double bare_verify[ROUNDS_MAX], dpop[ROUNDS_MAX], assertion[ROUNDS_MAX];
} rounds;

static void run_bare(bare *b, unsigned n, double seconds, rounds *ret)
{
    bare_check check = {0};
    bare_check_init(&check, b->input_n);
    measure(bare_sign, b, seconds / 4); /* warm */
    for (unsigned i = 0; i < n; i++) {
        ret->bare[i] = measure(bare_sign, b, seconds);
        ret->bare_verify[i] = measure(bare_verify, &check, seconds);
    }
    bare_check_done(&check);
}

static void run(mint *m, bare *b, unsigned n, double seconds, rounds *ret)
{
    measure(bare_sign, b, seconds / 4); /* warm */
    for (unsigned i = 0; i < n; i++) {
        ret->bare[i] = measure(bare_sign, b, seconds);
        mint_prepare(m, "api", "", LA_OK);
        ret->mint[i] = measure(mint_one, m, seconds);
        mint_prepare(m, "api", "x", LA_CLIENT_SECRET_WRONG);
        ret->bad_secret[i] = measure(mint_one, m, seconds / 4);
        mint_prepare(m, "no-such-scope", "", LA_SCOPE_UNKNOWN);
        ret->bad_scope[i] = measure(mint_one, m, seconds / 4);
    }
}

static void run_keys(mint *m, unsigned n, double seconds, bool by_assertion, rounds *ret)
{
    bare_check check = {0};
    make_proofs(m, by_assertion);
    bare_check_init(&check, strlen(m->proofs[0]) - LA_BASE64URL_CHARS(64) - 1);
    mint_prepare(m, "api", "", LA_OK);
    measure(mint_one, m, seconds / 4); /* warm */
    for (unsigned i = 0; i < n; i++) {
        ret->bare_verify[i] = measure(bare_verify, &check, seconds);
        (by_assertion ? ret->assertion : ret->dpop)[i] = measure(mint_one, m, seconds);
    }
    drop_proofs(m);
    bare_check_done(&check);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: bench_mint ALGORITHM ROUNDS MILLISECONDS CORE [bare|keys]\n");
        return 2;
    }
    unsigned n = (unsigned)strtoul(argv[2], NULL, 10);
    double seconds = (double)strtoul(argv[3], NULL, 10) / 1000;
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET((size_t)strtoul(argv[4], NULL, 10), &cores);
    bool only_bare = argc > 5 && strcmp(argv[5], "bare") == 0, with_keys = argc > 5 && strcmp(argv[5], "keys") == 0;
    if (n == 0 || n > ROUNDS_MAX || sched_setaffinity(0, sizeof cores, &cores) != 0)
        die("rounds or core");
    must(la_secret_setup(), "setup");
    const la_algorithm *a = la_algorithm_find(la_slice_of(argv[1]));
    char directory[] = "/tmp/leanauth-bench-XXXXXX";
    if (!a || !mkdtemp(directory))
        die("algorithm or directory");

    static mint m;
    static bare b;
    static rounds r;
    mint_init(&m, a, directory);
    bare_init(&b, a, m.key);
    take_signing_input(&m, &b);
    if (only_bare)
        run_bare(&b, n, seconds, &r);
    else
        run(&m, &b, n, seconds, &r);
    if (with_keys) {
        run_keys(&m, n, seconds, true, &r);
        run_keys(&m, n, seconds, false, &r);
    }

    printf("{\"algorithm\":\"%s\",\"signing_input_bytes\":%zu,\"openssl\":\"%s\",\"libsodium\":\"%s\"", a->name,
           b.input_n, OpenSSL_version(OPENSSL_VERSION_STRING), sodium_version_string());
    print_rounds("bare_us", r.bare, n);
    print_rounds("bare_verify_us", r.bare_verify, n);
    print_rounds("mint_us", r.mint, n);
    print_rounds("bad_secret_us", r.bad_secret, n);
    print_rounds("bad_scope_us", r.bad_scope, n);
    print_rounds("assertion_us", r.assertion, n);
    print_rounds("dpop_us", r.dpop, n);
    puts("}");
    bare_done(&b);
    mint_done(&m);
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
