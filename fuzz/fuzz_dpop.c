/*
 * A DPoP proof: as it comes, or, behind a J, its header and its claims as JSON with a newline between them, to be encoded here, so that the
 * fuzzer does not have to find out about base64url. Nothing is taken but the proof that RFC 9449 4.1 has signed, nothing is used up
 * by anything else, and whatever is refused is refused with an error of its own.
 */
#include "oauth/dpop.c"

#include "base/base64url.h"
#include "base/secret.h"

#include <stdlib.h>

#define SIGNED                                                                                                    \
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0"  \
    "RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAt"  \
    "MjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3" \
    "Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ."

static bool was_used;

static la_result use(void *self, la_replay_kind kind, uint16_t environment_id, la_slice client_id, la_slice issuer,
                     la_slice jti, int64_t expires_at_s, int64_t now_s)
{
    (void)self, (void)client_id;
    if (kind != LA_REPLAY_DPOP || environment_id != 1 || issuer.n != LA_THUMBPRINT_BYTES || jti.n == 0 ||
        expires_at_s <= now_s)
        abort();
    was_used = true;
    return la_ok();
}

static la_slice encode(la_slice text, la_arena *arena)
{
    la_slice rest = {text.p + 1, text.n - 1}, header = LA_NO_SLICE, claims = LA_NO_SLICE;
    size_t room = text.n * 2 + 200;
    char *memory = la_arena_take(arena, room);
    static const uint8_t signature[64] = {1};
    la_buffer b;
    if (!memory || !la_slice_split(&rest, '\n', &header))
        return LA_SLICE("");
    claims = rest.p ? rest : LA_SLICE("");
    la_buffer_init_fixed(&b, memory, room);
    la_buffer_add_base64url(&b, header.p, header.n);
    la_buffer_add_char(&b, '.');
    la_buffer_add_base64url(&b, claims.p, claims.n);
    la_buffer_add_char(&b, '.');
    la_buffer_add_base64url(&b, signature, sizeof signature);
    return la_buffer_slice(&b);
}

static void check(const la_token_context *context, la_slice proof, bool nonce_required)
{
    uint8_t jkt[LA_THUMBPRINT_BYTES];
    la_slice nonce = LA_NO_SLICE;
    la_dpop_demand demand = {.method = LA_SLICE("POST"),
                             .n_targets = 1,
                             .targets = {LA_SLICE("https://server.example.com/token")},
                             .nonce_required = nonce_required};
    was_used = false;
    la_result r = la_dpop_check(context, proof, 1, &demand, jkt, &nonce);
    bool was_signed = la_slice_starts(proof, LA_SLICE(SIGNED));
    const char *wire = la_result_info_of(r.code)->wire;
    if ((la_is_ok(r) || was_used) && (!was_signed || nonce_required))
        abort();
    if (la_is_ok(r) != was_used || (r.code == LA_DPOP_NONCE) != (nonce.p != NULL))
        abort();
    if (!la_is_ok(r) && (!wire || (strcmp(wire, "invalid_dpop_proof") != 0 && r.code != LA_DPOP_NONCE)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static la_arena *arena;
    static la_hasher *hasher;
    static la_issuer *issuer;
    static const la_environment_config environment = {.issuer = LA_SLICE_INIT("https://server.example.com"),
                                                      .dpop = {.nonce_lifetime_s = 60, .proof_lifetime_s = 60}};
    if (!arena) {
        static const uint8_t pepper[LA_PEPPER_BYTES] = {1};
        if (!la_is_ok(la_secret_setup()))
            abort();
        arena = la_arena_new(16384, 1 << 20);
        hasher = la_hasher_new(pepper);
        issuer = la_issuer_new(&environment, 1, NULL);
    }
    la_token_context context = {
        .issuer = issuer, .hasher = hasher, .arena = arena, .replay = {use, NULL}, .now_s = 1562262616};
    la_slice proof = {(const char *)data, n};
    if (n > 0 && data[0] == 'J')
        proof = encode(proof, arena);
    check(&context, proof, false);
    check(&context, proof, true);
    la_arena_reset(arena);
    return 0;
}
