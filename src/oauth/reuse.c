#include "oauth/reuse.h"

#include "base/secret.h"
#include "oauth/access_token.h"
#include "oauth/issuer.h"

#define KEY_TEXT_MAX 4096

/* Each part with its length, so that no two lists of parts read alike. */
static void add(la_buffer *b, la_slice part)
{
    la_buffer_add_u64(b, part.n);
    la_buffer_add_char(b, ':');
    la_buffer_add(b, part);
}

static void add_number(la_buffer *b, uint64_t v)
{
    la_buffer_add_u64(b, v);
    la_buffer_add_char(b, ';');
}

/*
 * Everything that decides what is in the token and who may have it. The credential is in it, too: a token says by its jti which one got
 * it, and must not die with another.
 */
static void make_key(const la_token_context *context, const la_application_record *application, const la_grant *grant,
                     const la_token_outcome *outcome, la_reuse *ret)
{
    char memory[KEY_TEXT_MAX];
    la_buffer text;
    const la_environment_config *environment = la_issuer_environment(context->issuer);
    la_buffer_init_fixed(&text, memory, sizeof memory);
    add_number(&text, la_issuer_environment_id(context->issuer));
    add(&text, environment->issuer); /* it and what follows may be others after a reload */
    add_number(&text, (uint64_t)environment->profile);
    add_number(&text, environment->status_list);
    add_number(&text, application->application_id);
    add_number(&text, application->version);
    add_number(&text, outcome->credential_tag);
    add_number(&text, (uint64_t)outcome->binding.kind);
    add(&text, (la_slice){(const char *)outcome->binding.thumbprint, sizeof outcome->binding.thumbprint});
    add(&text, la_issuer_kid(context->issuer));
    add(&text, outcome->scope);
    /* The spring profile has another audience without one, even where the grant has the same. */
    add_number(&text, grant->has_resource);
    for (unsigned i = 0; i < grant->n_audiences; i++)
        add(&text, grant->audiences[i]);
    add_number(&text, grant->lifetime_s);
    ret->wanted = la_buffer_ok(&text); /* too much of it: a token of its own */
    la_sha256(text.p, text.n, ret->key);
}

void la_reuse_begin(const la_token_context *context, const la_application_record *application, const la_grant *grant,
                    const la_token_outcome *outcome, la_reuse *ret)
{
    ret->wanted = la_issuer_environment(context->issuer)->token_reuse_s > 0 && context->reuse.find &&
                  !grant->is_exchange;
    if (ret->wanted)
        make_key(context, application, grant, outcome, ret);
}

/* What is kept: the jti, a blank, the token. Neither has a blank in it. */
bool la_reuse_find(const la_token_context *context, const la_application_record *application, const la_reuse *reuse,
                   const la_token_outcome *outcome, la_slice customer_id, la_slice *ret_token, uint32_t *ret_left_s)
{
    la_slice kept, jti;
    int64_t issued_s, expires_s;
    if (!reuse->wanted || !context->reuse.find(context->reuse.self, reuse->key, context->now_s, context->arena, &kept,
                                               &issued_s, &expires_s))
        return false;
    if (!la_slice_split(&kept, ' ', &jti) || !kept.n || expires_s <= context->now_s)
        return false;
    bool is_spring = la_issuer_environment(context->issuer)->profile == LA_PROFILE_SPRING;
    if (!la_is_ok(la_revocations_check(context, application->application_id, jti,
                                       is_spring ? NULL : &outcome->credential_tag, customer_id, issued_s)))
        return false;
    *ret_token = kept;
    *ret_left_s = (uint32_t)(expires_s - context->now_s);
    return true;
}

void la_reuse_keep(const la_token_context *context, const la_reuse *reuse, la_slice token, la_slice jti,
                   uint32_t lifetime_s)
{
    la_buffer text;
    char *memory = reuse->wanted ? la_arena_take(context->arena, jti.n + 1 + token.n) : NULL;
    if (!memory)
        return;
    la_buffer_init_fixed(&text, memory, jti.n + 1 + token.n);
    la_buffer_add(&text, jti);
    la_buffer_add_char(&text, ' ');
    la_buffer_add(&text, token);
    context->reuse.put(context->reuse.self, reuse->key, la_buffer_slice(&text), context->now_s,
                       context->now_s + lifetime_s, la_issuer_environment(context->issuer)->token_reuse_s);
}
