/* What operators change of themselves: name, password, second factor. Whoever sits at an open session needs the password again. */
#include "api/cookie.h"
#include "api/etag.h"
#include "api/operator_json.h"
#include "api/reply.h"
#include "api/request.h"
#include "api/throttle.h"
#include "base/secret.h"

la_result la_api_profile_update(la_api_call *c)
{
    const la_operator_row *own = &c->who.operator_row;
    la_operator_edit edit = {.name = la_api_body_text(c, "name", LA_API_REQUIRED)};
    la_operator_row o;
    LA_TRY(la_api_check(c));
    LA_TRY(la_api_etag_check(c, own->version));
    LA_TRY(la_command_update_operator(c->commands, own, &edit, &o));
    la_result r = la_api_etag_add(c, o.version);
    if (la_is_ok(r))
        r = la_api_reply(c, 200, la_api_operator_json(&o));
    la_wipe(&o, sizeof o);
    return r;
}

/* Another cookie for this session; the others end. */
static la_result renew(la_api_call *c)
{
    la_session_row session;
    char cookie[LA_COOKIE_BYTES];
    LA_TRY(la_command_renew_session(c->commands, &c->who.session, &session, cookie));
    la_result r = la_api_cookie_set(c, cookie);
    la_wipe(cookie, sizeof cookie);
    return r;
}

la_result la_api_profile_password(la_api_call *c)
{
    la_slice current = la_api_body_text(c, "current_password", LA_API_REQUIRED);
    la_slice wanted = la_api_body_text(c, "new_password", LA_API_REQUIRED);
    la_slice email = la_slice_of(c->who.operator_row.email);
    LA_TRY(la_api_check(c));
    LA_TRY(la_api_throttle_check(c, email));
    la_session_row session;
    char cookie[LA_COOKIE_BYTES];
    la_result r = la_command_change_password(c->commands, &c->who.operator_row, &c->who.session, current, wanted,
                                             &session, cookie);
    if (r.code == LA_FORBIDDEN) {
        la_api_throttle_note(c, email);
        return la_fail(LA_FORBIDDEN, "the current password is wrong");
    }
    la_api_blame_result(c, "new_password", r);
    LA_TRY(la_api_check(c));
    LA_TRY(r);
    r = la_api_cookie_set(c, cookie);
    la_wipe(cookie, sizeof cookie);
    return la_is_ok(r) ? la_api_reply_nothing(c) : r;
}

static la_result check_password(la_api_call *c)
{
    la_slice password = la_api_body_text(c, "password", LA_API_REQUIRED);
    LA_TRY(la_api_check(c));
    return la_api_check_own_password(c, password);
}

la_result la_api_profile_totp_begin(la_api_call *c)
{
    la_totp_offer offer;
    la_buffer svg;
    LA_TRY(check_password(c));
    LA_TRY(la_command_begin_totp(c->commands, &c->who.operator_row, &offer));
    la_buffer_init(&svg, 262144);
    la_result r = la_qr_svg(la_slice_of(offer.uri), &svg);
    if (la_is_ok(r))
        r = la_api_reply(c, 200,
                         json_pack("{s:s, s:s, s:o}", "secret", offer.secret, "uri", offer.uri, "qr_svg",
                                   la_buffer_ok(&svg) ? la_api_json_text(la_buffer_slice(&svg)) : NULL));
    la_buffer_done(&svg);
    la_wipe(&offer, sizeof offer);
    return r;
}

static la_result reply_codes(la_api_call *c, la_recovery_codes *codes)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < LA_RECOVERY_CODES; i++)
        json_array_append_new(list, json_string(codes->codes[i]));
    la_wipe(codes, sizeof *codes);
    if (json_array_size(list) != LA_RECOVERY_CODES) {
        json_decref(list);
        list = NULL;
    }
    return la_api_reply(c, 200, json_pack("{s:o}", "recovery_codes", list));
}

static la_result confirm_and_renew(la_api_call *c, la_slice code, la_recovery_codes *codes)
{
    la_change group;
    LA_TRY(la_change_begin(c->commands, &group));
    la_result r = la_command_confirm_totp(c->commands, &c->who.operator_row, code, codes);
    if (la_is_ok(r))
        r = renew(c);
    return la_change_end(c->commands, &group, r, NULL);
}

la_result la_api_profile_totp_confirm(la_api_call *c)
{
    la_slice code = la_api_body_text(c, "code", LA_API_REQUIRED);
    la_slice email = la_slice_of(c->who.operator_row.email);
    la_recovery_codes codes = {0};
    LA_TRY(la_api_check(c));
    LA_TRY(la_api_throttle_check(c, email));
    la_result r = confirm_and_renew(c, code, &codes);
    if (la_is_ok(r))
        return reply_codes(c, &codes);
    la_wipe(&codes, sizeof codes);
    if (r.code == LA_FORBIDDEN) {
        la_api_throttle_note(c, email);
        return la_fail(LA_FORBIDDEN, "the code is wrong: check the clock of the device that shows it");
    }
    return r;
}

la_result la_api_profile_recovery_codes(la_api_call *c)
{
    la_recovery_codes codes;
    LA_TRY(check_password(c));
    LA_TRY(la_command_new_recovery_codes(c->commands, &c->who.operator_row, &codes));
    return reply_codes(c, &codes);
}

la_result la_api_profile_totp_remove(la_api_call *c)
{
    LA_TRY(check_password(c));
    LA_TRY(la_command_remove_totp(c->commands, &c->who.operator_row));
    return la_api_reply_nothing(c);
}
