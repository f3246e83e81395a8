/* What operators do for themselves: password, second factor, recovery codes. */
#include "admin/operators_internal.h"

#include "admin/password.h"
#include "base/clock.h"
#include "base/secret.h"

#define TOTP_PURPOSE "operator-totp"

/* ---- password ---- */

la_result la_command_check_password(la_commands *c, const la_operator_row *o, la_slice password)
{
    char id[LA_OPERATOR_ID_BYTES];
    if (la_password_verify(o->password_hash, password))
        return la_ok();
    la_operator_id(o->operator_id, id);
    /* Somebody at a screen that was left open: worth a line in the log. */
    la_audit_event event = {
        .action = "session.login_failed",
        .refused = true,
        .target_kind = "operator",
        .target_id = la_slice_of(id),
        .target_name = la_slice_of(o->email),
        .detail = json_pack("{s:s}", "reason", "wrong password within a session"),
    };
    LA_TRY(la_audit_note(c, &event));
    return la_fail(LA_FORBIDDEN, "the current password is wrong");
}

/* The change and the end of the other sessions are one: nobody stays behind an old password after a crash. */
la_result la_command_change_password(la_commands *c, const la_operator_row *o, const la_session_row *s,
                                     la_slice current, la_slice wanted, la_session_row *ret,
                                     char ret_cookie[LA_COOKIE_BYTES])
{
    char hash[LA_PASSWORD_HASH_MAX + 1];
    la_change change;
    la_operator_row row = *o;
    LA_TRY(la_command_check_password(c, o, current));
    LA_TRY(la_rule_password(wanted, la_slice_of(o->email)));
    if (la_slice_equal(current, wanted))
        return la_fail(LA_INVALID, "the new password is the current one");
    LA_TRY(la_password_hash(wanted, hash));
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_operator_read(c, o->operator_id, &row);
    if (la_is_ok(r) && strcmp(row.password_hash, o->password_hash) != 0)
        r = la_fail(LA_CONFLICT, "the password has been changed in the meantime");
    if (la_is_ok(r)) {
        memcpy(row.password_hash, hash, sizeof row.password_hash);
        row.must_change_password = false;
        r = la_store_update_operator(c->store, &row);
    }
    if (la_is_ok(r) && s)
        r = la_command_renew_session(c, s, ret, ret_cookie);
    return la_operator_end(c, &change, r, "operator.password_change", &row, NULL);
}

/* ---- second factor ---- */

/*
 * What is wrapped: the secret in force, where there is one, and behind it one that waits for its confirmation. So a new telephone can
 * take over from the old one without a moment without second factor.
 */
typedef struct secrets {
    unsigned n;
    uint8_t bytes[2][LA_TOTP_BYTES];
} secrets;

static la_result unwrap(la_commands *c, const la_operator_row *o, secrets *ret)
{
    char id[LA_OPERATOR_ID_BYTES], memory[LA_TOTP_WRAPPED_MAX];
    la_buffer plain;
    ret->n = 0;
    if (o->totp_wrapped_n == 0)
        return la_ok();
    la_operator_id(o->operator_id, id);
    la_buffer_init_fixed(&plain, memory, sizeof memory);
    LA_TRY(la_unwrap(c->master_key, TOTP_PURPOSE, la_slice_of(id),
                     (la_slice){(const char *)o->totp_wrapped, o->totp_wrapped_n}, &plain));
    la_result r = plain.n == LA_TOTP_BYTES || plain.n == sizeof ret->bytes
                      ? la_ok()
                      : la_fail(LA_CORRUPT, "the stored second factor of operator %s is damaged", id);
    if (la_is_ok(r)) {
        memcpy(ret->bytes, memory, plain.n);
        ret->n = (unsigned)(plain.n / LA_TOTP_BYTES);
    }
    la_wipe(memory, sizeof memory);
    return r;
}

static la_result wrap(la_commands *c, const secrets *s, la_operator_row *o)
{
    char id[LA_OPERATOR_ID_BYTES];
    la_buffer wrapped;
    la_operator_id(o->operator_id, id);
    la_buffer_init_fixed(&wrapped, o->totp_wrapped, sizeof o->totp_wrapped);
    LA_TRY(la_wrap(c->master_key, TOTP_PURPOSE, la_slice_of(id),
                   (la_slice){(const char *)s->bytes, s->n * (size_t)LA_TOTP_BYTES}, &wrapped));
    o->totp_wrapped_n = wrapped.n;
    return la_ok();
}

la_result la_operator_totp(la_commands *c, const la_operator_row *o, bool pending, uint8_t ret[LA_TOTP_BYTES])
{
    secrets s = {0};
    la_result r = unwrap(c, o, &s);
    unsigned index = pending && o->totp_enabled;
    if (la_is_ok(r) && (index >= s.n || (!pending && !o->totp_enabled)))
        r = la_error(LA_NOT_FOUND);
    if (la_is_ok(r))
        memcpy(ret, s.bytes[index], LA_TOTP_BYTES);
    la_wipe(&s, sizeof s);
    return r;
}

/* The app shows where a code belongs to: the dashboard's host name. */
static la_result write_offer(const la_commands *c, const la_operator_row *o, const uint8_t secret[LA_TOTP_BYTES],
                             la_totp_offer *ret)
{
    char issuer[280];
    la_buffer b;
    la_buffer_init_fixed(&b, issuer, sizeof issuer);
    la_buffer_add_text(&b, "leanauth");
    const char *host = c->config->admin_origin ? strstr(c->config->admin_origin, "://") : NULL;
    if (host)
        la_buffer_add_format(&b, " %s", host + 3);
    LA_TRY(la_totp_base32(secret, ret->secret));
    la_totp_uri(ret->secret, la_buffer_slice(&b), la_slice_of(o->email), ret->uri);
    return la_ok();
}

static la_result put_pending(la_commands *c, la_operator_row *row, la_totp_offer *ret)
{
    secrets s = {0};
    la_result r = row->totp_enabled ? unwrap(c, row, &s) : la_ok();
    if (la_is_ok(r)) {
        s.n = row->totp_enabled ? 2 : 1;
        la_random_bytes(s.bytes[s.n - 1], LA_TOTP_BYTES);
        r = wrap(c, &s, row);
    }
    if (la_is_ok(r))
        r = write_offer(c, row, s.bytes[s.n - 1], ret);
    la_wipe(&s, sizeof s);
    return la_is_ok(r) ? la_store_update_operator(c->store, row) : r;
}

/* No event: nothing is in force yet. */
la_result la_command_begin_totp(la_commands *c, const la_operator_row *o, la_totp_offer *ret)
{
    la_change change;
    la_operator_row row;
    la_totp_offer offer = {0};
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_operator_read(c, o->operator_id, &row);
    if (la_is_ok(r))
        r = put_pending(c, &row, &offer);
    r = la_change_end(c, &change, r, NULL);
    if (la_is_ok(r))
        *ret = offer;
    la_wipe(&offer, sizeof offer);
    return r;
}

/* ---- recovery codes ---- */

#define RECOVERY_GROUPS 3

bool la_recovery_code_digest(const la_commands *c, la_slice code, uint8_t ret[LA_DIGEST_BYTES])
{
    char plain[4 * RECOVERY_GROUPS];
    size_t n = 0;
    for (size_t i = 0; i < code.n; i++) {
        char letter = code.p[i];
        if (letter == '-' || letter == ' ')
            continue;
        if (n == sizeof plain)
            return false;
        plain[n++] = (char)(letter >= 'A' && letter <= 'Z' ? letter | 0x20 : letter);
    }
    if (n != sizeof plain)
        return false;
    la_hasher_digest(c->hasher, (la_slice){plain, n}, ret);
    la_wipe(plain, sizeof plain);
    return true;
}

static la_result put_recovery_codes(la_commands *c, uint64_t operator_id, la_recovery_codes *ret)
{
    uint8_t digests[LA_RECOVERY_CODES][LA_DIGEST_BYTES];
    for (unsigned i = 0; i < LA_RECOVERY_CODES; i++) {
        la_readable_random(RECOVERY_GROUPS, ret->codes[i]);
        (void)la_recovery_code_digest(c, la_slice_of(ret->codes[i]), digests[i]); /* ours always has a digest */
    }
    return la_store_set_recovery_codes(c->store, operator_id, digests, LA_RECOVERY_CODES);
}

la_result la_command_new_recovery_codes(la_commands *c, const la_operator_row *o, la_recovery_codes *ret)
{
    la_change change;
    la_operator_row row = *o;
    la_recovery_codes codes = {0};
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_operator_read(c, o->operator_id, &row);
    if (la_is_ok(r) && !row.totp_enabled)
        r = la_fail(LA_CONFLICT, "there is no second factor: recovery codes stand in for one");
    if (la_is_ok(r))
        r = put_recovery_codes(c, row.operator_id, &codes);
    r = la_operator_end(c, &change, r, "operator.recovery_codes", &row, NULL);
    if (la_is_ok(r))
        *ret = codes;
    la_wipe(&codes, sizeof codes);
    return r;
}

/* ---- confirm, remove ---- */

static la_result enable(la_commands *c, const uint8_t secret[LA_TOTP_BYTES], int64_t step, la_operator_row *row,
                        la_recovery_codes *codes)
{
    secrets s = {.n = 1};
    memcpy(s.bytes[0], secret, LA_TOTP_BYTES);
    la_result r = wrap(c, &s, row);
    la_wipe(&s, sizeof s);
    LA_TRY(r);
    row->totp_enabled = true;
    row->totp_last_step = step; /* the code that confirmed is used */
    LA_TRY(la_store_update_operator(c->store, row));
    return put_recovery_codes(c, row->operator_id, codes);
}

static la_result confirm(la_commands *c, la_slice code, la_operator_row *row, la_recovery_codes *codes)
{
    uint8_t secret[LA_TOTP_BYTES];
    int64_t step = 0;
    la_result r = la_operator_totp(c, row, true, secret);
    if (r.code == LA_NOT_FOUND)
        return la_fail(LA_CONFLICT, "no second factor waits for its confirmation: begin again");
    LA_TRY(r);
    r = la_totp_check(secret, code, la_clock_now_s(), &step)
            ? enable(c, secret, step, row, codes)
            : la_fail(LA_FORBIDDEN, "the code is wrong; if the app shows another one each time, check its clock");
    la_wipe(secret, sizeof secret);
    return r;
}

la_result la_command_confirm_totp(la_commands *c, const la_operator_row *o, la_slice code, la_recovery_codes *ret)
{
    la_change change;
    la_operator_row row = *o;
    la_recovery_codes codes = {0};
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_operator_read(c, o->operator_id, &row);
    if (la_is_ok(r))
        r = confirm(c, code, &row, &codes);
    r = la_operator_end(c, &change, r, "operator.totp_enable", &row, NULL);
    if (la_is_ok(r))
        *ret = codes;
    la_wipe(&codes, sizeof codes);
    return r;
}

la_result la_command_remove_totp(la_commands *c, const la_operator_row *o)
{
    la_change change;
    la_operator_row row = *o;
    if (c->config->admin_require_totp)
        return la_fail(LA_FORBIDDEN,
                       "the configuration requires a second factor (admin.require_totp); a new one can take "
                       "the place of the old one");
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_operator_read(c, o->operator_id, &row);
    if (!la_is_ok(r) || !row.totp_enabled)
        return la_change_end(c, &change, r, NULL);
    row.totp_enabled = false;
    row.totp_wrapped_n = 0;
    r = la_store_update_operator(c->store, &row);
    if (la_is_ok(r))
        r = la_store_set_recovery_codes(c->store, row.operator_id, NULL, 0);
    return la_operator_end(c, &change, r, "operator.totp_disable", &row, NULL);
}
