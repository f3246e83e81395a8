#include "api/idempotency.h"

#include "api/reply.h"
#include "base/secret.h"

#define KEY_MAX 255
#define PURPOSE "idempotency"
#define STALE_ROUNDS 16
#define STALE_AT_ONCE 1000

la_result la_api_idempotency_need(const la_api_call *c)
{
    la_slice key = c->request->idempotency_key;
    if (key.p && (key.n > KEY_MAX || !la_is_vschar(key)))
        return la_fail(LA_INVALID, "the Idempotency-Key is not valid: 1 to %d printable ASCII characters are expected",
                       KEY_MAX);
    return la_ok();
}

/* SHA-256 over the SHA-256 of each part: no two lists of parts read alike. */
static void digest_of(const la_slice *parts, size_t n, uint8_t ret[LA_DIGEST_BYTES])
{
    uint8_t digests[4][LA_SHA256_BYTES];
    for (size_t i = 0; i < n && i < 4; i++)
        la_sha256(parts[i].p ? parts[i].p : "", parts[i].n, digests[i]);
    la_sha256(digests, n * sizeof digests[0], ret);
}

static void digest_key(const la_api_call *c, uint8_t ret[LA_DIGEST_BYTES])
{
    const la_actor *actor = &c->commands->actor;
    const la_slice parts[] = {
        actor->kind == LA_ACTOR_OPERATOR ? LA_SLICE("operator") : LA_SLICE("application"),
        actor->id,
        c->request->idempotency_key,
    };
    digest_of(parts, sizeof parts / sizeof parts[0], ret);
}

static void digest_request(const la_api_call *c, uint8_t ret[LA_DIGEST_BYTES])
{
    const la_slice parts[] = {LA_SLICE("POST"), c->request->path, c->request->body};
    digest_of(parts, sizeof parts / sizeof parts[0], ret);
}

/* status, length of the headers, headers, body. */
typedef struct kept_head {
    uint16_t status, headers_n;
} kept_head;

static la_result keep(la_api_call *c, const uint8_t key[LA_DIGEST_BYTES], const uint8_t request[LA_DIGEST_BYTES])
{
    const la_api_response *response = c->response;
    kept_head head = {(uint16_t)response->status, (uint16_t)response->headers.n};
    la_idempotent_row row = {.at_s = c->now_s};
    la_buffer plain, wrapped;
    memcpy(row.request_digest, request, sizeof row.request_digest);
    la_buffer_init(&plain, LA_WRAP_PLAIN_MAX);
    la_buffer_add(&plain, (la_slice){(const char *)&head, sizeof head});
    la_buffer_add(&plain, la_buffer_slice(&response->headers));
    la_buffer_add(&plain, la_buffer_slice(&response->body));
    la_buffer_init_fixed(&wrapped, row.answer, sizeof row.answer);
    la_result r = la_buffer_ok(&plain)
                      ? la_wrap(c->api->master_key, PURPOSE, (la_slice){(const char *)key, LA_DIGEST_BYTES},
                                la_buffer_slice(&plain), &wrapped)
                      : la_fail(LA_NO_MEMORY, "there is no memory to keep the answer");
    la_buffer_done(&plain);
    LA_TRY(r);
    row.answer_n = wrapped.n;
    return la_store_add_idempotent(c->commands->store, key, &row);
}

static la_result replay(la_api_call *c, const uint8_t key[LA_DIGEST_BYTES], const la_idempotent_row *row)
{
    kept_head head;
    la_buffer plain;
    la_buffer_init(&plain, LA_WRAP_PLAIN_MAX);
    la_result r = la_unwrap(c->api->master_key, PURPOSE, (la_slice){(const char *)key, LA_DIGEST_BYTES},
                            (la_slice){(const char *)row->answer, row->answer_n}, &plain);
    if (la_is_ok(r) && plain.n >= sizeof head) {
        memcpy(&head, plain.p, sizeof head);
        la_slice rest = {plain.p + sizeof head, plain.n - sizeof head};
        size_t headers_n = head.headers_n < rest.n ? head.headers_n : rest.n;
        c->response->status = head.status;
        c->response->content_type = "application/json";
        la_buffer_add(&c->response->headers, (la_slice){rest.p, headers_n});
        la_buffer_add(&c->response->body, (la_slice){rest.p + headers_n, rest.n - headers_n});
        r = la_api_add_header(c, "Idempotent-Replayed", "true");
    }
    la_buffer_done(&plain);
    return r;
}

/* One that is past its time counts for nothing; it is removed with others of its age, in this transaction. */
static la_result find(la_api_call *c, const uint8_t key[LA_DIGEST_BYTES], la_idempotent_row *ret, bool *ret_found)
{
    int64_t oldest_s = c->now_s - LA_IDEMPOTENCY_KEPT_S;
    for (unsigned i = 0; i < STALE_ROUNDS; i++) {
        la_result r = la_store_find_idempotent(c->commands->store, key, ret);
        *ret_found = la_is_ok(r);
        if (r.code == LA_NOT_FOUND || (la_is_ok(r) && ret->at_s >= oldest_s))
            return la_ok();
        LA_TRY(r);
        LA_TRY(la_store_expire_sessions(c->commands->store, c->now_s, 0, oldest_s, STALE_AT_ONCE));
    }
    return la_fail(LA_CONFLICT, "the Idempotency-Key was used before: take another one");
}

static la_result run_in_group(la_api_call *c)
{
    uint8_t key[LA_DIGEST_BYTES], request[LA_DIGEST_BYTES];
    la_idempotent_row row;
    bool found;
    digest_key(c, key);
    digest_request(c, request);
    LA_TRY(find(c, key, &row, &found));
    if (!found) {
        LA_TRY(c->route->handle(c));
        return keep(c, key, request);
    }
    if (!la_equal_ct(row.request_digest, request, sizeof request))
        return la_fail(LA_KEY_REUSED,
                       "the Idempotency-Key was used for another path or body: take a new one for each creation");
    return replay(c, key, &row);
}

la_result la_api_idempotency_run(la_api_call *c)
{
    la_change group;
    LA_TRY(la_change_begin(c->commands, &group));
    return la_change_end(c->commands, &group, run_in_group(c), NULL);
}
