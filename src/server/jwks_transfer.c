#include "server/jwks_transfer.h"

#include "jose/key_set.h"
#include "server/public_address.h"

#include <string.h>
#include <unistd.h>

#define USUAL_MAX_AGE_S 300 /* where the answer does not say */
#define MAX_AGE_MAX_S 3600  /* a key that its owner took out does not verify for longer */

static size_t take(char *bytes, size_t size, size_t n, void *self)
{
    la_jwks_transfer *t = self;

    la_buffer_add(&t->body, (la_slice){bytes, size * n});
    return la_buffer_ok(&t->body) ? size * n : 0;
}

static curl_socket_t open_socket(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
    la_jwks_transfer *t = self;

    if (purpose != CURLSOCKTYPE_IPCXN ||
        !la_address_is_allowed(&address->addr, t->config->allowed, t->config->n_allowed)) {
        t->is_forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void set_options(la_jwks_transfer *t, const char *uri, void *private)
{
    CURL *curl = t->curl;

    curl_easy_setopt(curl, CURLOPT_URL, uri);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, private);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY,
                     ""); /* also none of the process's environment: the check of addresses would see the proxy's */
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L); /* each with a check of its own */
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(curl, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)t->config->timeout_s * 1000);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (t->config->trust_anchors)
        curl_easy_setopt(curl, CURLOPT_CAINFO, t->config->trust_anchors);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "leanauth/" LA_VERSION);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)t->config->max_bytes);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
}

la_result la_jwks_transfer_init(la_jwks_transfer *t, const la_jwks_fetch_config *config, const char *uri, void *private)
{
    memset(t, 0, sizeof *t);
    t->config = config;
    t->curl = curl_easy_init();
    if (!t->curl)
        return la_error(LA_NO_MEMORY);
    la_buffer_init(&t->body, config->max_bytes);
    set_options(t, uri, private);
    return la_ok();
}

void la_jwks_transfer_done(la_jwks_transfer *t)
{
    if (!t->curl)
        return;
    curl_easy_cleanup(t->curl);
    la_buffer_done(&t->body);
}

/* Cache-Control (RFC 9111 5.2): no-store and no-cache mean none at all. */
static uint32_t max_age_of(la_slice directives)
{
    uint32_t max_age_s = USUAL_MAX_AGE_S;
    la_slice one;

    while (la_slice_split(&directives, ',', &one)) {
        la_slice value = la_slice_trim(one), name;
        unsigned long long n;

        la_slice_split(&value, '=', &name);
        if (la_slice_equal_nocase(name, LA_SLICE("no-store")) || la_slice_equal_nocase(name, LA_SLICE("no-cache")))
            return 0;
        if (la_slice_equal_nocase(name, LA_SLICE("max-age")) && value.p)
            max_age_s = la_slice_to_u64(value, MAX_AGE_MAX_S, &n) ? (uint32_t)n : MAX_AGE_MAX_S;
    }
    return max_age_s;
}

static uint32_t read_max_age(CURL *curl)
{
    struct curl_header *header;

    if (curl_easy_header(curl, "Cache-Control", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return USUAL_MAX_AGE_S;
    return max_age_of(la_slice_of(header->value));
}

la_result la_jwks_transfer_judge(la_jwks_transfer *t, CURLcode code, uint32_t *ret_max_age_s)
{
    long status = 0;
    la_key_set *set;

    if (t->is_forbidden)
        return la_fail(LA_INVALID,
                       "its host has an address that is not public, and that jwks_fetch.allow_addresses does not have");
    if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED)
        return la_fail(LA_INVALID, "it has more than %u bytes", t->config->max_bytes);
    if (code != CURLE_OK)
        return la_fail(LA_INVALID, "%s", t->error[0] ? t->error : curl_easy_strerror(code));
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return la_fail(LA_INVALID, "the answer has the status %ld, not 200; redirects are not followed", status);
    LA_TRY(la_key_set_parse(la_buffer_slice(&t->body), LA_KEY_SET_FETCHED, &set));
    la_key_set_free(set);
    *ret_max_age_s = read_max_age(t->curl);
    return la_ok();
}
