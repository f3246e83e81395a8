#include "cli/files.h"

#include "base/secret.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static la_result fail(const char *what, const char *path)
{
    int error = errno;
    return la_fail(error == ENOSPC || error == EDQUOT ? LA_FULL : LA_IO, "cannot %s %s: %s", what, path,
                   strerror(error));
}

void la_file_folder_of(const char *path, char *ret)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (!slash)
        memcpy(ret, ".", 2);
    else if (n == 0)
        memcpy(ret, "/", 2);
    else
        snprintf(ret, n + 1, "%s", path);
}

/* So that the new name survives a crash as well. */
static la_result sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    la_file_folder_of(path, folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail("open", folder);
    la_result r = fsync(fd) == 0 ? la_ok() : fail("write", folder);
    close(fd);
    return r;
}

static la_result write_and_sync(int fd, const char *path, la_slice content)
{
    la_result r = la_cli_write(fd, content);
    if (!la_is_ok(r))
        return la_fail_context(r, "%s: ", path);
    return fsync(fd) == 0 ? la_ok() : fail("write", path);
}

la_result la_file_write(const char *path, la_slice content)
{
    char temporary[PATH_MAX];
    int n = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof temporary)
        return la_fail(LA_INVALID, "the path %.100s... is too long", path);
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return fail("write", path);
    la_result r = write_and_sync(fd, path, content);
    if (close(fd) != 0 && la_is_ok(r))
        r = fail("write", path);
    if (la_is_ok(r) && rename(temporary, path) != 0)
        r = fail("write", path);
    if (!la_is_ok(r)) {
        unlink(temporary);
        return r;
    }
    return sync_folder_of(path);
}

la_result la_file_read(const char *path, la_buffer *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return la_fail(LA_NOT_FOUND, "there is no file %s", path);
    if (fd < 0)
        return fail("read", path);
    la_result r = la_ok();
    for (;;) {
        char chunk[4096];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            r = fail("read", path);
        if (n <= 0)
            break;
        la_buffer_add(ret, (la_slice){chunk, (size_t)n});
        la_wipe(chunk, sizeof chunk);
    }
    close(fd);
    if (la_is_ok(r) && !la_buffer_ok(ret))
        r = la_fail(LA_TOO_LARGE, "%s is larger than %zu bytes", path, ret->max_bytes);
    return r;
}

la_result la_file_make_folder(const char *path)
{
    char part[PATH_MAX];
    int n = snprintf(part, sizeof part, "%s", path);
    if (n <= 0 || (size_t)n >= sizeof part)
        return la_fail(LA_INVALID, "the path of the folder is empty or too long");
    for (char *p = part + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return fail("make the folder", part);
        *p = '/';
    }
    struct stat st;
    if (mkdir(part, 0700) != 0 && errno != EEXIST)
        return fail("make the folder", part);
    if (stat(part, &st) != 0)
        return fail("make the folder", part);
    return S_ISDIR(st.st_mode) ? la_ok() : la_fail(LA_IO, "%s is no folder", part);
}
