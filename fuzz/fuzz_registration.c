/*
 * What somebody registers: the first byte is the method, the second what environment it is for and whether the method changes, then the
 * stored form before (a line) and the change as JSON. Includes the parser directly.
 */
#include "admin/registration.c"

#include "base/secret.h"
#include "store/registration.h"

#include <sodium.h> /* not la_secret_setup(): what only OpenSSL's secure heap points to looks like a leak */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static la_result check_into(const la_registration_wish *wish, char memory[LA_REGISTRATION_MAX], la_slice *ret)
{
    la_buffer b;
    la_buffer_init_fixed(&b, memory, LA_REGISTRATION_MAX);
    LA_TRY(la_registration_check(wish, &b));
    *ret = la_buffer_slice(&b);
    return la_buffer_ok(&b) ? la_ok() : la_error(LA_INVALID);
}

/* What may be stored is read by the feed, may be stored again as it is, and has its details for people. */
static void use(const la_registration_wish *wish, la_slice stored)
{
    static char memory[LA_REGISTRATION_MEMORY], again_memory[LA_REGISTRATION_MAX];
    la_registration g;
    la_slice again;
    size_t least;
    if (!la_slice_is_utf8(stored) || memchr(stored.p, 0, stored.n) ||
        !la_is_ok(la_registration_read(stored, memory, &g)))
        abort();
    if (g.dpop_bound && g.certificate_bound)
        abort();
    if ((g.jwks.p && g.jwks_uri.p) || (g.subject_kind && wish->method != LA_AUTH_TLS_CLIENT))
        abort();
    la_registration_wish same = *wish;
    same.method_changes = false;
    same.before = stored;
    same.change = NULL;
    if (!la_is_ok(check_into(&same, again_memory, &again)) || !la_slice_equal(again, stored) ||
        !la_is_ok(la_registration_secret_least(wish->method, stored, &least)) || least == 0)
        abort();
    json_t *brief = la_registration_brief(stored), *whole = la_registration_whole(stored);
    if (!json_is_object(brief) || !json_is_object(whole))
        abort();
    json_decref(brief);
    json_decref(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char memory[LA_REGISTRATION_MAX];
    la_slice text, before = LA_NO_SLICE, stored;
    if (n < 2 || sodium_init() < 0)
        return 0;
    la_environment_config e = {.name = LA_SLICE("production"), .fapi = data[1] & 1, .mtls.own_authority = data[1] & 2};
    text = (la_slice){(const char *)data + 2, n - 2};
    if (!la_slice_split(&text, '\n', &before) || before.n > LA_REGISTRATION_MAX)
        return 0;
    json_t *change = text.n ? json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    la_registration_wish wish = {&e,     (la_auth_method)(data[0] % LA_AUTH_METHOD_COUNT), data[1] & 4,
                                 before, json_is_object(change) ? change : NULL,           NULL,
                                 NULL};
    la_result r = check_into(&wish, memory, &stored);
    if (la_is_ok(r))
        use(&wish, stored);
    else if (r.code != LA_INVALID && r.code != LA_CORRUPT && r.code != LA_TOO_LARGE)
        abort();
    json_decref(change);
    return 0;
}
