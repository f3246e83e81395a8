/*
 * The file of the master key. Knows files and their rights; must not know what the key wraps.
 */
#include "jose/wrap_internal.h"

#include "base/hex.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS (2 * LA_MASTER_KEY_BYTES)
#define FILE_BYTES (DIGITS + 1) /* and a newline */
#define CREDENTIAL "leanauth.master.key"

static la_result system_fail(const char *doing, const char *path)
{
    int e = errno;
    la_code code = e == EEXIST ? LA_EXISTS : e == ENOENT ? LA_NOT_FOUND : e == ENOSPC || e == EDQUOT ? LA_FULL : LA_IO;
    return la_fail(code, "the master key file %s cannot be %s: %s", path, doing, strerror(e));
}

static bool decode(const char text[FILE_BYTES], uint8_t ret[LA_MASTER_KEY_BYTES])
{
    for (size_t i = 0; i < LA_MASTER_KEY_BYTES; i++) {
        int high = la_hex_value(text[2 * i]), low = la_hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return text[DIGITS] == '\n';
}

/* Of the file that was opened, not of its name: nobody can change it in between. */
static la_result check_rights(int fd, const char *path, mode_t forbidden)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return system_fail("examined", path);
    if (!S_ISREG(st.st_mode))
        return la_fail(LA_INVALID, "the master key %s is not a regular file", path);
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return la_fail(LA_INVALID, "the master key file %s belongs to another user (uid %u)", path,
                       (unsigned)st.st_uid);
    if (st.st_mode & forbidden)
        return la_fail(LA_INVALID, "the master key file %s has mode %03o: others may use it; run chmod 600 on it", path,
                       (unsigned)st.st_mode & 0777);
    return la_ok();
}

/* At most `max` bytes, fewer at the end of the file. */
static la_result read_all(int fd, const char *path, char *ret, size_t max, size_t *ret_n)
{
    size_t n = 0;
    while (n < max) {
        ssize_t got = read(fd, ret + n, max - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return system_fail("read", path);
        if (got == 0)
            break;
        n += (size_t)got;
    }
    *ret_n = n;
    return la_ok();
}

static la_result load(const char *path, mode_t forbidden, la_master_key **ret)
{
    /* O_NONBLOCK: a FIFO must not hold up the start. Symbolic links are followed, since mounted secrets are such. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return system_fail("opened", path);
    char text[FILE_BYTES + 1]; /* one more, to see that there is no more */
    size_t n = 0;
    la_master_key *m = NULL;
    la_result r = check_rights(fd, path, forbidden);
    if (la_is_ok(r))
        r = read_all(fd, path, text, sizeof text, &n);
    close(fd);
    if (!la_is_ok(r))
        goto done;
    m = la_secret_alloc(sizeof *m);
    if (!m)
        r = la_fail(LA_NO_MEMORY, "out of locked memory for the master key");
    else if (n != FILE_BYTES || !decode(text, m->key))
        r = la_fail(LA_INVALID, "the master key file %s does not have exactly %d hexadecimal digits and a newline",
                    path, DIGITS);
done:
    la_wipe(text, sizeof text);
    if (la_is_ok(r))
        *ret = m;
    else
        la_master_key_free(m);
    return r;
}

la_result la_master_key_load(const char *path, la_master_key **ret)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char credential[PATH_MAX];
    if (folder && folder[0] == '/') {
        int n = snprintf(credential, sizeof credential, "%s/%s", folder, CREDENTIAL);
        /* systemd lets the service's user in by an access list, whose mask shows as the group's right to read. */
        if (n > 0 && (size_t)n < sizeof credential && access(credential, F_OK) == 0)
            return load(credential, 037, ret);
    }
    return load(path, 077, ret);
}

static la_result write_text(int fd, const char *path, const char *text, size_t n)
{
    while (n) {
        ssize_t done = write(fd, text, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return system_fail("written", path);
        text += done;
        n -= (size_t)done;
    }
    /* Whatever the umask took away. */
    if (fchmod(fd, 0600) != 0 || fsync(fd) != 0)
        return system_fail("written", path);
    return la_ok();
}

/* The new name is durable only with its folder. */
static la_result sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 1;
    if (n == 0)
        n = 1; /* "/" itself */
    memcpy(folder, slash ? path : ".", n);
    folder[n] = 0;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return system_fail("made durable", path);
    la_result r = fsync(fd) == 0 ? la_ok() : system_fail("made durable", path);
    close(fd);
    return r;
}

static void encode_random(char ret[FILE_BYTES])
{
    uint8_t key[LA_MASTER_KEY_BYTES];
    la_random_bytes(key, sizeof key);
    la_hex_encode(key, sizeof key, ret);
    ret[DIGITS] = '\n';
    la_wipe(key, sizeof key);
}

/* Written under another name and linked to its own when it is complete: after a crash there is a whole key or none, and an
 * existing file is never touched (link(2) refuses). */
la_result la_master_key_create(const char *path)
{
    char temporary[PATH_MAX];
    uint32_t random;
    la_random_bytes(&random, sizeof random);
    int length = snprintf(temporary, sizeof temporary, "%s.%08x.new", path, (unsigned)random);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return la_fail(LA_INVALID, "the path of the master key file is too long");
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return system_fail("created", path);
    char text[FILE_BYTES];
    encode_random(text);
    la_result r = write_text(fd, path, text, sizeof text);
    la_wipe(text, sizeof text);
    if (close(fd) != 0 && la_is_ok(r))
        r = system_fail("written", path);
    if (la_is_ok(r) && link(temporary, path) != 0)
        r = system_fail("created", path);
    unlink(temporary);
    return la_is_ok(r) ? sync_folder(path) : r;
}

la_master_key *la_master_key_free(la_master_key *m)
{
    return la_secret_free(m);
}
