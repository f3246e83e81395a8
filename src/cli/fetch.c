#include "cli/fetch.h"

#include <curl/curl.h>

#define CONNECT_TIMEOUT_MS 5000L
#define TIMEOUT_MS 10000L

void la_fetch_add_parameter(la_buffer *form, const char *name, la_slice value)
{
    static const char hex[] = "0123456789ABCDEF";
    if (form->n)
        la_buffer_add_char(form, '&');
    la_buffer_add_text(form, name);
    la_buffer_add_char(form, '=');
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                     c == '.' || c == '_';
        char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
        la_buffer_add(form, plain ? (la_slice){value.p + i, 1} : (la_slice){escaped, sizeof escaped});
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* The hosts that plain http may go to: what is sent there does not leave the machine. */
static bool is_this_machine(const char *host)
{
    if (strspn(host, "0123456789.") == strlen(host))
        return strncmp(host, "127.", 4) == 0;
    return strcmp(host, "localhost") == 0 || ends_with(host, ".localhost") || strcmp(host, "[::1]") == 0;
}

static la_result check_url(const char *url)
{
    char *scheme = NULL, *host = NULL, *user = NULL;
    CURLU *u = curl_url();
    if (!u)
        return la_fail(LA_NO_MEMORY, "out of memory");
    la_result r = la_ok();
    if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        r = la_fail(LA_INVALID, "%s is not a URL: expected https://host/…", url);
    else if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK)
        r = la_fail(LA_INVALID, "the URL must not hold a user name");
    else if (strcmp(scheme, "https") != 0 && !(strcmp(scheme, "http") == 0 && is_this_machine(host)))
        r = la_fail(LA_INVALID, "%s: expected https (http goes to localhost only)", url);
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_url_cleanup(u);
    return r;
}

static size_t take(char *bytes, size_t size, size_t n, void *self)
{
    la_buffer *body = self;
    la_buffer_add(body, (la_slice){bytes, size * n});
    return la_buffer_ok(body) ? size * n : 0;
}

static la_result perform(CURL *curl, const char *url, la_slice form, la_buffer *body, long *ret_status)
{
    char error[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "leanauth/" LA_VERSION);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (form.p) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)form.n);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form.p);
    }
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        return la_fail(LA_IO, "%s: %s", url, error[0] ? error : curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    return la_ok();
}

la_result la_fetch(const char *url, la_slice form, la_buffer *ret_body, long *ret_status)
{
    LA_TRY(check_url(url));
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return la_fail(LA_NO_MEMORY, "libcurl cannot be initialised");
    CURL *curl = curl_easy_init();
    la_result r = curl ? perform(curl, url, form, ret_body, ret_status) : la_fail(LA_NO_MEMORY, "out of memory");
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return r;
}
