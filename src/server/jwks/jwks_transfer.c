#include "server/jwks/jwks_transfer.h"

#include "base/clock.h"
#include "jose/key_set.h"
#include "server/jwks/public_address.h"

#include <string.h>
#include <unistd.h>

#define USUAL_MAX_AGE_S 300 /* where the answer does not say */
#define MAX_AGE_MAX_S 3600  /* a key that its owner took out does not verify for longer */
#define HEADER_MAX 32768    /* bytes of an answer's header section */

static size_t take(char *bytes, size_t size, size_t n, void *self)
{
    la_jwks_transfer *t = self;

    la_buffer_add(&t->body, (la_slice){bytes, size * n});
    return la_buffer_ok(&t->body) ? size * n : 0;
}

static size_t take_field(char *bytes, size_t size, size_t n, void *self)
{
    la_jwks_transfer *t = self;
    la_slice line = {bytes, size * n};

    t->has_long_header = line.n > HEADER_MAX - t->header_bytes;
    if (t->has_long_header)
        return 0;
    t->header_bytes += line.n;
    if (la_slice_starts(line, LA_SLICE("HTTP/"))) /* what an interim answer said does not count */
        la_freshness_init(&t->freshness);
    la_freshness_note(&t->freshness, line);
    return line.n;
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

/* Where it may go, and for how long. */
static void set_bounds(la_jwks_transfer *t)
{
    CURL *curl = t->curl;

    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY,
                     ""); /* also none of the process's environment: the check of addresses would see the proxy's */
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L); /* each with a check of its own */
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(curl, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)t->config->timeout_s * 1000);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* else the thread waits for a resolver that hangs past its time */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)t->config->max_bytes);
}

static void set_tls(la_jwks_transfer *t)
{
    CURL *curl = t->curl;

    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!t->config->trust_anchors)
        return;
    curl_easy_setopt(curl, CURLOPT_CAINFO, t->config->trust_anchors);
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL); /* in place of the system's, not besides */
}

static void set_options(la_jwks_transfer *t, const char *uri, void *private)
{
    CURL *curl = t->curl;

    curl_easy_setopt(curl, CURLOPT_URL, uri);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, private);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, t->fields);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "leanauth/" LA_VERSION);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_field);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    set_bounds(t);
    set_tls(t);
}

la_result la_jwks_transfer_init(la_jwks_transfer *t, const la_jwks_fetch_config *config, const char *uri, void *private)
{
    memset(t, 0, sizeof *t);
    t->config = config;
    t->curl = curl_easy_init();
    if (!t->curl)
        return la_error(LA_NO_MEMORY);
    la_buffer_init(&t->body, config->max_bytes);
    la_freshness_init(&t->freshness);
    t->fields = curl_slist_append(NULL, "Accept: application/jwk-set+json, application/json");
    if (!t->fields)
        return la_error(LA_NO_MEMORY); /* done frees the rest */
    set_options(t, uri, private);
    return la_ok();
}

void la_jwks_transfer_done(la_jwks_transfer *t)
{
    if (!t->curl)
        return;
    curl_easy_cleanup(t->curl);
    curl_slist_free_all(t->fields);
    la_buffer_done(&t->body);
}

void la_jwks_uri_show(const char *uri, la_buffer *ret)
{
    static const CURLUPart hidden[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY,
                                       CURLUPART_FRAGMENT};
    CURLU *u = curl_url();
    char *shown = NULL;

    if (u && curl_url_set(u, CURLUPART_URL, uri, 0) == CURLUE_OK) {
        for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
            (void)curl_url_set(u, hidden[i], NULL, 0);
        (void)curl_url_get(u, CURLUPART_URL, &shown, 0);
    }
    la_buffer_add_text(ret, shown ? shown : "(no URL)");
    curl_free(shown);
    curl_url_cleanup(u);
}

static uint32_t read_max_age(const la_jwks_transfer *t)
{
    int64_t lifetime_s = la_freshness_lifetime_s(&t->freshness, USUAL_MAX_AGE_S, la_clock_now_s());

    return lifetime_s < MAX_AGE_MAX_S ? (uint32_t)lifetime_s : MAX_AGE_MAX_S;
}

la_result la_jwks_transfer_judge(la_jwks_transfer *t, CURLcode code, uint32_t *ret_max_age_s)
{
    long status = 0;
    la_key_set *set;

    /* A name that has other addresses too may still have led to an answer of one of those. */
    if (t->is_forbidden && code == CURLE_COULDNT_CONNECT)
        return la_fail(LA_INVALID,
                       "its host has an address that is not public, and that jwks_fetch.allow_addresses does not have");
    if (t->has_long_header)
        return la_fail(LA_INVALID, "its header section has more than %d bytes", HEADER_MAX);
    if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED)
        return la_fail(LA_INVALID, "it has more than %u bytes", t->config->max_bytes);
    if (code != CURLE_OK)
        return la_fail(LA_INVALID, "%s", t->error[0] ? t->error : curl_easy_strerror(code));
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return la_fail(LA_INVALID, "the answer has the status %ld, not 200; redirects are not followed", status);
    LA_TRY(la_key_set_parse(la_buffer_slice(&t->body), LA_KEY_SET_FETCHED, &set));
    la_key_set_free(set);
    *ret_max_age_s = read_max_age(t);
    return la_ok();
}
