/*
 * Password hashes that were imported with their applications. Knows their text forms and bounds their cost, so that no import
 * can stall the server; crypt(3) and libsodium compute them. Must not know who asks.
 */
#include "jose/hasher.h"

#include "base/secret.h"

#include <crypt.h>
#include <sodium.h>

#define BCRYPT_COST_LEAST 4
#define BCRYPT_COST_MAX 14
#define SHA_ROUNDS_LEAST 1000 /* crypt(5) */
#define SHA_ROUNDS_MAX 1000000
#define SHA_SALT_MAX 16
#define YESCRYPT_PARAMETERS "j9T$" /* the default of crypt_gensalt(3) and of Debian; no other is taken */
#define YESCRYPT_SALT_MAX 86
#define ARGON2_MEMORY_MAX_KIB (256 * 1024)
#define ARGON2_PASSES_MAX 10
#define ARGON2_LANES_MAX 16

typedef enum kind { UNSUPPORTED, CRYPT, ARGON2 } kind;

static bool take_text(la_slice *from, la_slice prefix)
{
    if (!la_slice_starts(*from, prefix))
        return false;
    from->p += prefix.n;
    from->n -= prefix.n;
    return true;
}

/* A decimal number without leading zeros, then `end`. */
static bool take_number(la_slice *from, char end, unsigned long long least, unsigned long long max)
{
    la_slice digits;
    unsigned long long value;
    return memchr(from->p, end, from->n) && la_slice_split(from, end, &digits) && digits.n && digits.p[0] != '0' &&
           la_slice_to_u64(digits, max, &value) && value >= least;
}

static bool is_from(la_slice s, const char *extra)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr(extra, c))))
            return false;
    }
    return true;
}

static bool is_crypt64(la_slice s)
{
    return is_from(s, "./");
}

/* $2b$12$ and 53 characters (salt and hash). */
static bool is_bcrypt(la_slice s)
{
    unsigned long long cost;
    if (s.n != 60 || s.p[0] != '$' || s.p[1] != '2' || !strchr("aby", s.p[2]) || !s.p[2] || s.p[3] != '$' ||
        s.p[6] != '$')
        return false;
    return la_slice_to_u64((la_slice){s.p + 4, 2}, BCRYPT_COST_MAX, &cost) && cost >= BCRYPT_COST_LEAST &&
           is_crypt64((la_slice){s.p + 7, 53});
}

/* What follows the prefix: salt$hash. */
static bool is_salt_and_hash(la_slice s, size_t salt_max, size_t hash_n)
{
    la_slice salt;
    return memchr(s.p, '$', s.n) && la_slice_split(&s, '$', &salt) && salt.n >= 1 && salt.n <= salt_max &&
           is_crypt64(salt) && s.n == hash_n && is_crypt64(s);
}

static bool is_sha_crypt(la_slice s)
{
    size_t hash_n = 43;
    if (!take_text(&s, LA_SLICE("$5$"))) {
        if (!take_text(&s, LA_SLICE("$6$")))
            return false;
        hash_n = 86;
    }
    if (take_text(&s, LA_SLICE("rounds=")) && !take_number(&s, '$', SHA_ROUNDS_LEAST, SHA_ROUNDS_MAX))
        return false;
    return is_salt_and_hash(s, SHA_SALT_MAX, hash_n);
}

/* $argon2id$v=19$m=65536,t=3,p=1$salt$hash; the last two are left to libsodium. */
static bool is_argon2(la_slice s)
{
    return take_text(&s, LA_SLICE("$argon2id$v=19$m=")) && take_number(&s, ',', 8, ARGON2_MEMORY_MAX_KIB) &&
           take_text(&s, LA_SLICE("t=")) && take_number(&s, ',', 1, ARGON2_PASSES_MAX) &&
           take_text(&s, LA_SLICE("p=")) && take_number(&s, '$', 1, ARGON2_LANES_MAX) && is_from(s, "+/$") &&
           memchr(s.p, '$', s.n);
}

/* Takes Spring's prefix off `hash`; both sides of it must agree. */
static kind classify(la_slice *hash)
{
    if (!hash->p || hash->n > LA_SLOW_HASH_MAX)
        return UNSUPPORTED;
    if (take_text(hash, LA_SLICE("{bcrypt}")))
        return is_bcrypt(*hash) ? CRYPT : UNSUPPORTED;
    if (take_text(hash, LA_SLICE("{argon2}")) || take_text(hash, LA_SLICE("{argon2@SpringSecurity_v5_8}")))
        return is_argon2(*hash) ? ARGON2 : UNSUPPORTED;
    if (is_argon2(*hash))
        return ARGON2;
    la_slice rest = *hash;
    bool yescrypt = take_text(&rest, LA_SLICE("$y$" YESCRYPT_PARAMETERS)) &&
                    is_salt_and_hash(rest, YESCRYPT_SALT_MAX, 43);
    return yescrypt || is_bcrypt(*hash) || is_sha_crypt(*hash) ? CRYPT : UNSUPPORTED;
}

bool la_slow_hash_supported(la_slice hash)
{
    return classify(&hash) != UNSUPPORTED;
}

/* What both libraries want as C strings, and crypt(3)'s 32 KiB of working memory, which holds the secret too. */
typedef struct workplace {
    char hash[LA_SLOW_HASH_MAX + 1];
    char secret[LA_CLIENT_SECRET_MAX + 1];
    struct crypt_data crypt;
} workplace;

static bool matches_crypt(workplace *w, size_t hash_n)
{
    /* Not crypt_r: this one fails with NULL, never with an error text in the place of a hash. And the sanitizers' runtimes do
     * not put themselves before it, which makes the linker think that libcrypt is not needed. */
    const char *made = crypt_rn(w->secret, w->hash, &w->crypt, (int)sizeof w->crypt);
    return made && strlen(made) == hash_n && la_equal_ct(made, w->hash, hash_n);
}

bool la_slow_hash_verify(la_slice hash, la_slice secret)
{
    kind k = classify(&hash);
    if (k == UNSUPPORTED || !secret.p || secret.n > LA_CLIENT_SECRET_MAX || memchr(secret.p, 0, secret.n))
        return false;
    workplace *w = la_secret_alloc(sizeof *w);
    if (!w)
        return false;
    memset(w, 0, sizeof *w);
    memcpy(w->hash, hash.p, hash.n);
    memcpy(w->secret, secret.p, secret.n);
    bool match = k == CRYPT ? matches_crypt(w, hash.n)
                            : crypto_pwhash_argon2id_str_verify(w->hash, w->secret, secret.n) == 0;
    la_secret_free(w);
    return match;
}
