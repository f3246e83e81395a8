/*
 * Files in $XDG_CACHE_HOME/leanauth (or ~/.cache/leanauth), files 0600, named after a hash of what was asked, so that neither client
 * nor secret can be read from the name. The folder is the user's alone (0700), or is not used.
 */
#include "cli/token_cache.h"

#include "base/hex.h"
#include "base/secret.h"
#include "cli/files.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRY_MAX_BYTES (64 * 1024)
#define EARLY_MOST_S 60
#define KEPT_MOST_S 86400 /* whatever lifetime a server claims */

static void add_part(la_buffer *b, la_slice part)
{
    la_buffer_add_u64(b, part.n); /* so that two parts cannot be read as other two */
    la_buffer_add_char(b, ':');
    la_buffer_add(b, part);
}

static bool name_of(const la_token_ask *ask, char ret[2 * LA_SHA256_BYTES + 1])
{
    uint8_t hash[LA_SHA256_BYTES];
    la_buffer b;
    la_buffer_init(&b, ENTRY_MAX_BYTES);
    add_part(&b, ask->url);
    add_part(&b, ask->client_id);
    add_part(&b, ask->client_secret);
    add_part(&b, ask->scope);
    bool ok = la_buffer_ok(&b);
    la_sha256(b.p, b.n, hash);
    la_buffer_done(&b);
    la_hex_encode(hash, sizeof hash, ret);
    return ok;
}

/* False where this user has no place for a cache. */
static bool path_of(const la_token_ask *ask, char folder[PATH_MAX], char file[PATH_MAX])
{
    char name[2 * LA_SHA256_BYTES + 1];
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = -1;
    if (cache && cache[0] == '/')
        n = snprintf(folder, PATH_MAX, "%s/leanauth", cache);
    else if (home && home[0] == '/')
        n = snprintf(folder, PATH_MAX, "%s/.cache/leanauth", home);
    if (n < 0 || n > PATH_MAX - 80 || !name_of(ask, name))
        return false;
    return snprintf(file, PATH_MAX, "%s/%s.json", folder, name) < PATH_MAX;
}

/* In a folder such as /tmp another user may have made ours: what he puts there is no token of this user. */
static bool is_private(const char *folder)
{
    struct stat st;
    return lstat(folder, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077);
}

json_t *la_token_cache_find(const la_token_ask *ask, int64_t now_s)
{
    char folder[PATH_MAX], file[PATH_MAX];
    if (!path_of(ask, folder, file) || !is_private(folder))
        return NULL;
    la_buffer text;
    la_buffer_init(&text, ENTRY_MAX_BYTES);
    json_t *entry = la_is_ok(la_file_read(file, &text)) ? json_loadb(text.p, text.n, 0, NULL) : NULL;
    la_buffer_done(&text);
    json_int_t from = json_integer_value(json_object_get(entry, "from")),
               until = json_integer_value(json_object_get(entry, "until"));
    json_t *response = json_object_get(entry, "response");
    bool usable = from <= now_s && now_s < until && /* a clock that went back makes it unusable, too */
                  json_is_string(json_object_get(response, "access_token"));
    response = usable ? json_incref(response) : NULL;
    json_decref(entry);
    return response;
}

void la_token_cache_put(const la_token_ask *ask, const json_t *response, int64_t now_s)
{
    char folder[PATH_MAX], file[PATH_MAX];
    int64_t lifetime_s = json_integer_value(json_object_get(response, "expires_in"));
    if (lifetime_s > KEPT_MOST_S)
        lifetime_s = KEPT_MOST_S;
    int64_t early_s = lifetime_s / 10 < EARLY_MOST_S ? lifetime_s / 10 : EARLY_MOST_S;
    if (lifetime_s <= early_s || !path_of(ask, folder, file) || !la_is_ok(la_file_make_folder(folder)) ||
        !is_private(folder))
        return;
    json_t *entry = json_pack("{s:I,s:I,s:O}", "from", (json_int_t)now_s, "until",
                              (json_int_t)(now_s + lifetime_s - early_s), "response", response);
    char *text = entry ? json_dumps(entry, JSON_COMPACT) : NULL;
    if (text)
        LA_IGNORE(la_file_write(file, la_slice_of(text)));
    json_decref(entry);
    json_free_t give; /* jansson's own, which wipes here (cli.c) */
    json_get_alloc_funcs(NULL, &give);
    give(text);
}
