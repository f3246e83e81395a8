#include "admin/totp.h"

#include "base/secret.h"

#include <liboath/oath.h>
#include <pthread.h>
#include <stdlib.h>

#define STEP_S 30
#define DIGITS 6

static void init_once(void)
{
    (void)oath_init();
}

static void init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, init_once);
}

la_result la_totp_base32(const uint8_t secret[LA_TOTP_BYTES], char ret[LA_TOTP_SECRET_BYTES])
{
    char *text = NULL;
    size_t n = 0;
    init();
    if (oath_base32_encode((const char *)secret, LA_TOTP_BYTES, &text, &n) != OATH_OK || n >= LA_TOTP_SECRET_BYTES) {
        free(text);
        return la_fail(LA_NO_MEMORY, "there is no memory for a TOTP secret");
    }
    memcpy(ret, text, n);
    ret[n] = 0;
    la_wipe(text, n);
    free(text);
    return la_ok();
}

void la_totp_uri(const char *base32, la_slice issuer, la_slice account, char ret[LA_TOTP_URI_BYTES])
{
    la_buffer b;
    la_buffer_init_fixed(&b, ret, LA_TOTP_URI_BYTES);
    la_buffer_add_text(&b, "otpauth://totp/");
    la_buffer_add_percent(&b, issuer);
    la_buffer_add_char(&b, ':');
    la_buffer_add_percent(&b, account);
    la_buffer_add_format(&b, "?secret=%s&issuer=", base32);
    la_buffer_add_percent(&b, issuer);
    la_buffer_add_format(&b, "&algorithm=SHA1&digits=%d&period=%d", DIGITS, STEP_S);
    (void)la_buffer_text(&b);
    if (!la_buffer_ok(&b)) /* a name that does not fit is left out */
        la_totp_uri(base32, LA_SLICE("leanauth"), LA_SLICE("operator"), ret);
}

static bool take_digits(la_slice code, char ret[DIGITS + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < code.n; i++) {
        if (code.p[i] == ' ')
            continue;
        if (code.p[i] < '0' || code.p[i] > '9' || n == DIGITS)
            return false;
        ret[n++] = code.p[i];
    }
    ret[n] = 0;
    return n == DIGITS;
}

/* All three are made and compared, whichever fits. */
bool la_totp_check(const uint8_t secret[LA_TOTP_BYTES], la_slice code, int64_t now_s, int64_t *ret_step)
{
    char given[DIGITS + 1], expected[DIGITS + 1];
    bool found = false;
    init();
    if (!take_digits(code, given))
        return false;
    for (int64_t step = now_s / STEP_S - 1; step <= now_s / STEP_S + 1; step++) {
        if (step < 0 || oath_totp_generate((const char *)secret, LA_TOTP_BYTES, (time_t)(step * STEP_S), STEP_S, 0,
                                           DIGITS, expected) != OATH_OK)
            continue;
        if (la_equal_ct(given, expected, DIGITS)) {
            *ret_step = step;
            found = true;
        }
    }
    la_wipe(expected, sizeof expected);
    return found;
}
