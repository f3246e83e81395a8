/* Knows files; not what is in them. */
#include "admin/source.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

la_result la_source_open(const char *path, la_source *ret)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        int error = fd < 0 || !S_ISDIR(st.st_mode) ? errno : EISDIR;
        if (fd >= 0)
            close(fd);
        return la_fail(LA_IO, "cannot read %s: %s", path, strerror(error));
    }
    unsigned char *owned = malloc(LA_SOURCE_BUFFER_BYTES);
    if (!owned) {
        close(fd);
        return la_fail(LA_NO_MEMORY, "there is no memory to read %s", path);
    }
    *ret = (la_source){
        .fd = fd, .p = owned, .owned = owned, .bytes_total = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0};
    return la_ok();
}

void la_source_memory(la_slice bytes, la_source *ret)
{
    *ret = (la_source){.fd = -1, .p = (const unsigned char *)bytes.p, .n = bytes.n, .bytes_total = bytes.n};
}

void la_source_done(la_source *s)
{
    if (s->owned) {
        la_wipe(s->owned, LA_SOURCE_BUFFER_BYTES);
        free(s->owned);
        close(s->fd);
    }
    *s = (la_source){.fd = -1};
}

int la_source_fill(la_source *s)
{
    if (s->fd < 0)
        return LA_SOURCE_END;
    ssize_t n;
    do
        n = read(s->fd, s->owned, LA_SOURCE_BUFFER_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        s->error = errno;
        return LA_SOURCE_FAILED;
    }
    if (n == 0)
        return LA_SOURCE_END;
    s->n = (size_t)n;
    s->at = 1;
    s->bytes_done += (uint64_t)n;
    return s->p[0];
}

void la_source_skip_mark(la_source *s)
{
    if (s->at == s->n) {
        if (la_source_fill(s) < 0)
            return;
        s->at = 0;
    }
    if (s->n - s->at >= 3 && memcmp(s->p + s->at, "\xEF\xBB\xBF", 3) == 0)
        s->at += 3;
}

la_result la_source_failure(const la_source *s)
{
    return la_fail(LA_IO, "it cannot be read: %s", strerror(s->error));
}

la_result la_source_line(la_source *s, char *text, size_t *ret_n, bool *ret_end)
{
    size_t n = 0;
    int c = la_source_next(s);
    *ret_end = c == LA_SOURCE_END;
    while (c != '\n' && c != LA_SOURCE_END) {
        if (c == LA_SOURCE_FAILED)
            return la_source_failure(s);
        if (n == LA_SOURCE_RECORD_MAX)
            return la_fail(LA_TOO_LARGE, "the line is longer than %d bytes", LA_SOURCE_RECORD_MAX);
        text[n++] = (char)c;
        c = la_source_next(s);
    }
    if (n && text[n - 1] == '\r')
        n--;
    *ret_n = n;
    return la_ok();
}
