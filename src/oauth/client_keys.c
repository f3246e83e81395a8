/* The key sets that clients registered, inline or by their URI: for every method that knows its clients by keys. */
#include "oauth/client.h"

la_result la_client_registered_keys(const la_token_context *context, const la_application_record *a, la_key_set **ret)
{
    la_slice text = a->registration.jwks;
    return context->key_cache ? la_key_cache_registered(context->key_cache, a->application_id, a->version, text, ret)
                              : la_key_set_parse(text, LA_KEY_SET_FETCHED, ret);
}

la_result la_client_fetched_keys(const la_token_context *context, la_slice text, la_key_set **ret)
{
    return context->key_cache ? la_key_cache_text(context->key_cache, text, ret)
                              : la_key_set_parse(text, LA_KEY_SET_FETCHED, ret);
}

la_result la_client_fetch_keys(const la_token_context *context, la_slice uri, bool unknown_key, la_code refusal,
                               la_token_outcome *outcome, la_slice *ret)
{
    la_result r = context->keys.find ? context->keys.find(context->keys.self, uri, unknown_key, ret)
                                     : la_error(LA_UNAVAILABLE);
    if (r.code == LA_PENDING) {
        outcome->wait = LA_WAIT_KEY_SET;
        outcome->key_set_uri = uri;
        return r;
    }
    return la_is_ok(r) || r.code == LA_NO_MEMORY || r.code == LA_OVERLOADED ? r : la_error(refusal);
}
