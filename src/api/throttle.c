#include "api/throttle.h"

/* As it counts: without regard to case, and no longer than an email can be. */
static la_slice counted(la_api_call *c, la_slice email)
{
    la_slice trimmed = la_slice_trim(email);
    if (trimmed.n > LA_EMAIL_MAX)
        trimmed.n = LA_EMAIL_MAX;
    char *p = la_arena_take(c->arena, trimmed.n + 1);
    if (!p)
        return LA_SLICE("");
    for (size_t i = 0; i < trimmed.n; i++) {
        char letter = trimmed.p[i];
        p[i] = letter >= 'A' && letter <= 'Z' ? (char)(letter | 0x20) : letter;
    }
    return (la_slice){p, trimmed.n};
}

static void note_throttled(la_api_call *c, la_slice who)
{
    uint64_t unwritten;
    if (!la_api_refusals_is_new(&c->api->logins, c->request->client_address, who, c->now_s) ||
        !la_api_refusals_take(&c->api->logins, LA_SLICE(""), c->now_s, &unwritten))
        return;
    la_audit_event event = {
        .environment = LA_SLICE(""),
        .action = "session.login_failed",
        .refused = true,
        .target_kind = "operator",
        .target_id = LA_SLICE(""),
        .target_name = la_slice_is_utf8(who) ? who : LA_SLICE(""),
        .detail = json_pack("{s:s, s:I}", "reason", "throttled", "unwritten_before", (json_int_t)unwritten),
    };
    LA_IGNORE(la_audit_note(c->commands, &event));
}

la_result la_api_throttle_check(la_api_call *c, la_slice email)
{
    const la_api_hooks *hooks = &c->api->hooks;
    la_slice who = counted(c, email);
    uint32_t retry_after_s = 0;
    if (!hooks->is_throttled || !hooks->is_throttled(hooks->self, c->request->client_address, who, &retry_after_s))
        return la_ok();
    note_throttled(c, who);
    c->retry_after_s = retry_after_s ? retry_after_s : 1;
    return la_fail(LA_THROTTLED, "there were too many failed attempts; wait %u s", c->retry_after_s);
}

void la_api_throttle_note(la_api_call *c, la_slice email)
{
    const la_api_hooks *hooks = &c->api->hooks;
    if (hooks->note_failed_login)
        hooks->note_failed_login(hooks->self, c->request->client_address, counted(c, email));
}

la_result la_api_check_own_password(la_api_call *c, la_slice password)
{
    la_slice email = la_slice_of(c->who.operator_row.email);
    LA_TRY(la_api_throttle_check(c, email));
    la_result r = la_command_check_password(c->commands, &c->who.operator_row, password);
    if (r.code != LA_FORBIDDEN)
        return r;
    la_api_throttle_note(c, email);
    return la_fail(LA_FORBIDDEN, "the password is wrong");
}
