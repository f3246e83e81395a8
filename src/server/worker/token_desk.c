#include "server/worker/token_desk.h"

#include "base/clock.h"
#include "oauth/status.h"
#include "server/metrics/request_log.h"

#define KEY_CACHE_ENTRIES 1024 /* clients whose keys stay prepared, a thread */

la_result la_token_desk_open(la_daemon *d, unsigned tally_index, la_token_desk *ret)
{
    ret->daemon = d;
    ret->tally = &d->tallies[tally_index];
    ret->key_cache = la_key_cache_new(KEY_CACHE_ENTRIES);
    ret->status = la_status_desk_new();
    if (!ret->key_cache || !ret->status)
        return la_fail(LA_NO_MEMORY, "out of memory");
    return la_registry_view_new(d->registry, &ret->view);
}

void la_token_desk_close(la_token_desk *d)
{
    if (d->view)
        la_registry_view_free(d->view);
    la_key_cache_free(d->key_cache);
    la_status_desk_free(d->status);
    la_wipe(d, sizeof *d);
}

static la_throttle_limits throttle_limits(const la_token_case *c)
{
    const la_limits_config *limits = &c->serving->snapshot->config->config.limits;

    return (la_throttle_limits){limits->failed_auth_per_minute, limits->failed_auth_per_address_per_minute};
}

static bool is_blocked(void *self, la_slice client_id)
{
    la_token_case *c = self;

    return la_throttle_is_blocked(c->desk->daemon->throttle, throttle_limits(c), c->client_address, client_id,
                                  c->started_us, &c->retry_after_s);
}

static la_result use_once(void *self, la_replay_kind kind, uint16_t environment_id, la_slice client_id, la_slice issuer,
                          la_slice jti, int64_t expires_at_s, int64_t now_s)
{
    la_replay_key key = {
        .environment_id = environment_id, .kind = (uint8_t)kind, .client_id = client_id, .issuer = issuer, .jti = jti};

    switch (la_replay_take(self, &key, expires_at_s, now_s)) {
    case LA_REPLAY_FIRST:
        return la_ok();
    case LA_REPLAY_USED:
        return la_error(LA_REPLAYED);
    case LA_REPLAY_FULL:
    default:
        return la_error(LA_OVERLOADED);
    }
}

static la_result find_keys(void *self, la_slice uri, bool unknown_kid, la_slice *ret)
{
    la_token_case *c = self;

    return la_jwks_fetch_find(c->desk->daemon->jwks_fetch, uri, unknown_kid, c->arena, la_clock_monotonic_us(), ret);
}

static bool take_request(void *self, uint64_t application_id, uint32_t per_minute, uint32_t burst, la_limit_state *ret)
{
    la_token_case *c = self;
    la_rate_answer answer = la_rate_limit_take(c->desk->daemon->rate_limit, application_id,
                                               (la_rate){per_minute, burst}, c->started_us);

    ret->remaining = answer.remaining;
    ret->reset_s = answer.reset_s;
    ret->retry_after_s = c->retry_after_s = answer.retry_after_s;
    return answer.allowed;
}

static bool find_reused(void *self, const uint8_t key[LA_REUSE_KEY_BYTES], int64_t now_s, la_arena *arena,
                        la_slice *ret_token, int64_t *ret_issued_s, int64_t *ret_expires_s)
{
    la_token_case *c = self;
    la_reused_token token;

    if (!la_token_reuse_find(c->desk->daemon->token_reuse, key, now_s, arena, &token))
        return false;
    *ret_token = token.token;
    *ret_issued_s = token.issued_at_s;
    *ret_expires_s = token.expires_at_s;
    return true;
}

static void put_reused(void *self, const uint8_t key[LA_REUSE_KEY_BYTES], la_slice token, int64_t issued_s,
                       int64_t expires_s, uint32_t reuse_s)
{
    la_token_case *c = self;
    la_reused_token kept = {token, issued_s, expires_s};

    la_token_reuse_put(c->desk->daemon->token_reuse, key, &kept, reuse_s, c->now_s);
}

la_result la_token_case_open(la_token_case *c, la_arena *arena, la_token_context *ret)
{
    c->arena = arena;
    *ret = (la_token_context){
        .issuer = c->serving->environments[c->environment].issuer,
        .view = c->desk->view,
        .hasher = la_snapshot_hasher(c->serving->snapshot),
        .master_key = c->desk->daemon->master_key,
        .random = &c->desk->random,
        .verifier = c->serving->snapshot->environments[c->environment].verifier,
        .trust = c->serving->snapshot->environments[c->environment].trust->trust,
        .verdicts = c->serving->environments[c->environment].verdicts,
        .arena = arena,
        .throttle = {is_blocked, c},
        .key_cache = c->desk->key_cache,
        .replay = {use_once, c->desk->daemon->replay},
        .limit = {take_request, c},
        .keys = {find_keys, c},
        .reuse = {find_reused, put_reused, c},
        .status = c->desk->status,
        .environment_ids = c->serving->snapshot->environment_ids,
        .n_environment_ids = c->serving->snapshot->n_environments,
        .now_s = c->now_s = la_clock_now_s(),
    };
    return la_registry_view_refresh(c->desk->view);
}

void la_token_case_judge(la_token_case *c, const la_token_request *request, la_arena *arena, la_buffer *ret_body,
                         la_token_outcome *ret_outcome)
{
    la_token_context context;
    la_result r = la_token_case_open(c, arena, &context);

    if (la_is_ok(r)) {
        la_token_issue(&context, request, ret_body, ret_outcome);
        return;
    }
    *ret_outcome = (la_token_outcome){.result = r};
    la_oauth_write_error(LA_SERVER_ERROR, ret_body);
}

static void count(la_tally *tally, uint64_t application_id, uint64_t what, unsigned answers)
{
    if (!la_usage_note(tally->usage, application_id, what))
        la_count(&tally->counters->usage_dropped, answers);
}

static void note_usage(const la_token_case *c, const la_token_outcome *outcome, unsigned bucket)
{
    la_tally *tally = c->desk->tally;
    uint16_t environment_id = c->serving->snapshot->environments[c->environment].environment_id;
    int64_t minute = c->now_s / 60;
    la_code code = outcome->result.code;

    count(tally, outcome->application_id, la_usage_what(environment_id, minute, code), 1);
    count(tally, 0, la_usage_what(environment_id, minute, LA_USAGE_LATENCY + bucket), 0);
}

void la_token_case_note_client(const la_token_case *c, const la_token_outcome *outcome)
{
    la_daemon *d = c->desk->daemon;
    la_tally *tally = c->desk->tally;
    uint16_t environment_id = c->serving->snapshot->environments[c->environment].environment_id;
    la_code code = outcome->result.code;

    /* A client_id that is no application's could be anything: it is not worth an entry of its own in the audit log. */
    if (code == LA_BROWSER || code == LA_CLIENT_OTHER_ENVIRONMENT)
        la_usage_note_refusal(tally->usage, environment_id, code,
                              outcome->application_id || code == LA_CLIENT_OTHER_ENVIRONMENT ? outcome->client_id
                                                                                             : LA_NO_SLICE,
                              c->client_address, c->now_s);
    /* By the name that was tried: where only names that exist were counted, a 429 would tell which do. */
    if (outcome->failed_authentication)
        la_throttle_note_failure(d->throttle, throttle_limits(c), c->client_address, outcome->attempted_client_id,
                                 la_clock_monotonic_us());
    if (outcome->secret_id && !la_last_used_note(tally->last_used, outcome->secret_id, c->now_s))
        la_count(&tally->counters->last_used_dropped, 1);
    if (outcome->certificate_id &&
        !la_last_used_note(tally->last_used, outcome->certificate_id | LA_LAST_USED_CERTIFICATE, c->now_s))
        la_count(&tally->counters->last_used_dropped, 1);
    if (outcome->upgrade_secret && outcome->secret_id)
        la_upgrades_add(d->upgrades, outcome->secret_id, outcome->digest);
}

bool la_token_case_note(const la_token_case *c, const la_token_outcome *outcome)
{
    la_tally *tally = c->desk->tally;
    const la_snapshot_environment *e = &c->serving->snapshot->environments[c->environment];
    la_request_log_entry entry = {
        .request_id = c->request_id,
        .environment = e->config->name,
        .address = c->client_address,
        .thumbprint = c->client_thumbprint,
        .outcome = outcome,
        .duration_us = la_clock_monotonic_us() - c->started_us,
    };

    note_usage(c, outcome, la_counters_note_duration(tally->counters, entry.duration_us));
    if (outcome->result.code == LA_OK)
        la_count(&tally->counters->issued[e->metrics_slot][la_token_class_of(outcome)], 1);
    else
        la_count(&tally->counters->refused[e->metrics_slot][outcome->result.code], 1);
    la_token_case_note_client(c, outcome);
    return la_request_log_token(c->serving->snapshot->config->config.log_requests, &entry);
}

int la_token_status(la_code code)
{
    const la_result_info *info = la_result_info_of(code);

    if (code != LA_OK && !info->wire)
        info = la_result_info_of(LA_SERVER_ERROR); /* as the body says */
    return info->http_status;
}
