/*
 * Checks a client secret. An unknown client costs the same work as a wrong secret and is answered alike
 * (RFC 6749 10.10): the code that says which it was goes to the log and the metrics alone.
 */
#include "oauth/client.h"

#include "jose/client_secret.h"

/* Stands in for an application that is not there; no secret has this digest. */
static const la_application_record nobody = {.enabled = true, .n_secrets = 1};

/* The keyed secret that matches; every one is compared, so that the time does not tell which it was. */
static const la_secret_record *match_keyed_ct(const la_application_record *a, const uint8_t digest[LA_DIGEST_BYTES])
{
    const la_secret_record *match = NULL;
    for (unsigned i = 0; i < a->n_secrets; i++) {
        const la_secret_record *s = &a->secrets[i];
        bool equal = la_equal_ct(s->digest, digest, LA_DIGEST_BYTES);
        if (equal && s->kind == LA_SECRET_KEYED)
            match = s;
    }
    return match;
}

static const la_secret_record *find_slow(const la_application_record *a, int64_t now_s)
{
    for (unsigned i = 0; i < a->n_secrets; i++)
        if (a->secrets[i].kind == LA_SECRET_SLOW && la_client_secret_is_live(&a->secrets[i], now_s))
            return &a->secrets[i];
    return NULL;
}

static bool allows_method(la_auth_method registered, la_auth_method used)
{
    return registered == used || registered == LA_AUTH_CLIENT_SECRET;
}

/* What is left to ask once the secret is right. */
static la_result check_standing(const la_application_record *a, const la_secret_record *s, la_auth_method used,
                                int64_t now_s)
{
    if (!la_client_secret_is_live(s, now_s))
        return la_error(LA_CLIENT_SECRET_EXPIRED);
    if (!a->enabled)
        return la_error(LA_CLIENT_DISABLED);
    if (!allows_method(a->auth_method, used))
        return la_error(LA_CLIENT_METHOD_WRONG);
    return la_ok();
}

la_result la_client_check_secret(const la_token_context *context, const la_token_request *request,
                                 const la_credentials *credentials, la_token_outcome *outcome,
                                 la_application_record *ret_application)
{
    uint8_t digest[LA_DIGEST_BYTES];
    la_hasher_digest(context->hasher, credentials->client_secret, digest);
    la_result found = la_client_look_up(context, credentials->client_id, outcome, ret_application);
    if (!la_is_ok(found) && found.code != LA_NOT_FOUND)
        return found;
    const la_application_record *a = la_is_ok(found) ? ret_application : &nobody;
    const la_secret_record *s = match_keyed_ct(a, digest);
    const la_secret_record *slow = s ? NULL : find_slow(a, context->now_s);
    /* Meanwhile the application may have been made anew: what was found out about another hash says nothing of this one. */
    if (slow && (request->slow_verdict == LA_SLOW_NOT_ASKED || request->slow_secret_id != slow->secret_id)) {
        outcome->slow_hash = slow->slow_hash;
        outcome->slow_secret_id = slow->secret_id;
        outcome->slow_secret = credentials->client_secret;
        return la_error(LA_PENDING);
    }
    if (slow && request->slow_verdict == LA_SLOW_RIGHT) {
        s = slow;
        outcome->upgrade_secret = true;
        memcpy(outcome->digest, digest, sizeof digest);
    }
    /* Both questions are asked of known and unknown clients alike: the time of the answer must not tell which it was. */
    bool is_elsewhere = !s && la_client_is_elsewhere(context, credentials->client_id);
    bool is_mistyped = !s && la_secret_is_mistyped(credentials->client_secret);
    if (!la_is_ok(found))
        return la_client_refuse_unknown(is_elsewhere, credentials->client_id, outcome);
    if (!s)
        return la_error(is_mistyped ? LA_CLIENT_SECRET_MISTYPED : LA_CLIENT_SECRET_WRONG);
    LA_TRY(check_standing(a, s, credentials->method, context->now_s));
    outcome->secret_id = s->secret_id;
    outcome->credential_tag = la_credential_tag_of_secret(s->secret_id);
    return la_ok();
}
