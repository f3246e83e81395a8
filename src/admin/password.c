#include "admin/password.h"

#include "base/secret.h"

#include <sodium.h>
#include <stdio.h>

_Static_assert(LA_PASSWORD_HASH_MAX >= crypto_pwhash_STRBYTES, "a hash fits");

#define OPSLIMIT crypto_pwhash_OPSLIMIT_INTERACTIVE
#define MEMLIMIT crypto_pwhash_MEMLIMIT_INTERACTIVE

/* Made from common_passwords.txt: lower case, ended by NULL. */
extern const char *const la_common_passwords[];

/* ---- the rule ---- */

static size_t count_characters(la_slice s)
{
    size_t count = 0;
    while (s.n) {
        size_t n = la_utf8_sequence(s);
        s.p += n ? n : 1;
        s.n -= n ? n : 1;
        count++;
    }
    return count;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* What is left of "Leanauth2024!" is the word that it was made from. */
static la_slice stem_of(la_slice s)
{
    while (s.n && !is_letter(s.p[s.n - 1]))
        s.n--;
    return s;
}

static bool is_common(la_slice password)
{
    la_slice stem = stem_of(password);
    for (const char *const *word = la_common_passwords; *word; word++) {
        la_slice common = la_slice_of(*word);
        if (la_slice_equal_nocase(password, common) || (stem.n && la_slice_equal_nocase(stem, common)))
            return true;
    }
    return false;
}

/* "aaaaaaaaaaaa", "abcabcabcabc": the same few bytes again and again. */
static bool repeats_itself(la_slice s)
{
    for (size_t period = 1; period <= 4 && period < s.n; period++) {
        size_t i = period;
        while (i < s.n && s.p[i] == s.p[i - period])
            i++;
        if (i == s.n)
            return true;
    }
    return false;
}

/* "123456789012", "abcdefghijkl", "zyxwvutsrqpo". */
static bool counts(la_slice s)
{
    for (int step = -1; step <= 1; step += 2) {
        size_t i = 1;
        while (i < s.n && (s.p[i] == s.p[i - 1] + step || (s.p[i - 1] == '9' && s.p[i] == '0') ||
                           (s.p[i - 1] == '0' && s.p[i] == '9')))
            i++;
        if (i == s.n)
            return true;
    }
    return false;
}

static bool is_of_owner(la_slice password, la_slice email)
{
    la_slice rest = email, local = LA_NO_SLICE, stem = stem_of(password);
    if (!la_slice_split(&rest, '@', &local) || local.n == 0)
        return false;
    return la_slice_equal_nocase(password, email) || la_slice_equal_nocase(password, local) ||
           (stem.n && la_slice_equal_nocase(stem, local));
}

la_result la_rule_password(la_slice password, la_slice email)
{
    if (password.n > LA_PASSWORD_MAX)
        return la_fail(LA_INVALID, "the password is longer than %d bytes", LA_PASSWORD_MAX);
    if (!la_slice_is_utf8(password) || (password.n && memchr(password.p, 0, password.n)))
        return la_fail(LA_INVALID, "the password is not well-formed UTF-8");
    if (count_characters(password) < LA_PASSWORD_MIN)
        return la_fail(LA_INVALID, "the password is too short: at least %d characters are expected", LA_PASSWORD_MIN);
    if (is_of_owner(password, email))
        return la_fail(LA_INVALID, "the password must not be made from the email address");
    if (is_common(password) || repeats_itself(password) || counts(password))
        return la_fail(LA_INVALID,
                       "the password is one of those that are tried first; take a longer sentence, or let a "
                       "password manager make one");
    return la_ok();
}

/* ---- hashes ---- */

la_result la_password_hash(la_slice password, char ret[LA_PASSWORD_HASH_MAX + 1])
{
    memset(ret, 0, LA_PASSWORD_HASH_MAX + 1);
    if (crypto_pwhash_str(ret, password.p, password.n, OPSLIMIT, MEMLIMIT) != 0)
        return la_fail(LA_NO_MEMORY, "there is no memory to hash a password");
    return la_ok();
}

bool la_password_verify(const char *hash, la_slice password)
{
    /* No password has this hash (all of salt and tag are zero), but checking one costs what a real check does. */
    static const char zeros[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    char nobody[crypto_pwhash_STRBYTES];
    snprintf(nobody, sizeof nobody, "$argon2id$v=19$m=%llu,t=%llu,p=1$%.22s$%.43s", (unsigned long long)MEMLIMIT / 1024,
             (unsigned long long)OPSLIMIT, zeros, zeros);
    bool exists = hash[0] != 0;
    if (password.n > LA_PASSWORD_MAX)
        password.n = 0;
    return crypto_pwhash_str_verify(exists ? hash : nobody, password.p ? password.p : "", password.n) == 0 && exists;
}

bool la_password_is_outdated(const char *hash)
{
    return crypto_pwhash_str_needs_rehash(hash, OPSLIMIT, MEMLIMIT) != 0;
}

/* ---- made here ---- */

void la_readable_random(unsigned groups, char *ret)
{
    static const char letters[] = "23456789abcdefghijkmnpqrstuvwxyz"; /* 32 of them: 5 bits each */
    uint8_t bits[64];
    unsigned n = groups * 4;
    la_random_bytes(bits, sizeof bits);
    for (unsigned i = 0; i < n && i < sizeof bits; i++) {
        *ret++ = letters[bits[i] & 31];
        *ret++ = '-';
        ret -= i % 4 != 3;
    }
    ret[-1] = 0; /* in the place of the last '-' */
    la_wipe(bits, sizeof bits);
}

void la_password_generate(char ret[LA_GENERATED_PASSWORD_BYTES])
{
    la_readable_random(5, ret);
}
