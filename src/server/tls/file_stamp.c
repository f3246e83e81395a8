#include "server/tls/file_stamp.h"

#include "base/secret.h"

#include <sys/stat.h>

void la_file_stamp_add(la_file_stamp *s, const char *path)
{
    struct stat st;
    struct {
        uint8_t before[32];
        uint64_t device, inode, size, time_s, time_ns;
    } seen = {0};

    if (!path)
        return;
    memcpy(seen.before, s->digest, sizeof seen.before);
    if (stat(path, &st) == 0) {
        seen.device = st.st_dev;
        seen.inode = st.st_ino;
        seen.size = (uint64_t)st.st_size;
        seen.time_s = (uint64_t)st.st_mtim.tv_sec;
        seen.time_ns = (uint64_t)st.st_mtim.tv_nsec;
    }
    la_sha256(&seen, sizeof seen, s->digest);
}

bool la_file_stamp_equal(const la_file_stamp *a, const la_file_stamp *b)
{
    return memcmp(a->digest, b->digest, sizeof a->digest) == 0;
}
