/* The registry's file: opening, ownership, damage. See registry.h. */
#include "registry/registry.h"

#include "registry/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Address space, not memory or disk: the file is as large as its content. */
#define MAP_BYTES ((size_t)16 << 30)
#define READERS_MAX 512
#define LOCK_FILE_BYTES (READERS_MAX * 64 + 4096) /* a cache line a reader, and the header */

la_result la_registry_lmdb_result(int code, const char *what)
{
    la_code mapped = LA_IO;
    if (code == MDB_MAP_FULL || code == ENOSPC || code == EDQUOT || code == EFBIG)
        mapped = LA_FULL;
    else if (code == ENOMEM)
        mapped = LA_NO_MEMORY;
    else if (code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_INVALID || code == MDB_VERSION_MISMATCH)
        mapped = LA_CORRUPT;
    return la_fail(mapped, "%s: %s", what, mdb_strerror(code));
}

la_result la_registry_get(MDB_txn *txn, MDB_dbi dbi, la_record_kind kind, uint16_t environment_id, la_slice name,
                          la_slice *ret)
{
    char memory[LA_RECORD_KEY_MAX];
    la_buffer key;
    la_buffer_init_fixed(&key, memory, sizeof memory);
    if (!la_is_ok(la_record_write_key(kind, environment_id, name, &key)))
        return la_error(LA_NOT_FOUND); /* nothing that cannot be stored is there */
    MDB_val k = {key.n, key.p}, v;
    int e = mdb_get(txn, dbi, &k, &v);
    if (e == MDB_NOTFOUND)
        return la_error(LA_NOT_FOUND);
    if (e)
        return la_registry_lmdb_result(e, "the registry cannot be read");
    *ret = (la_slice){v.mv_data, v.mv_size};
    return la_ok();
}

static la_result own_directory(const char *directory, int *ret_fd)
{
    char path[4096];
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return la_fail(LA_IO, "cannot create the registry folder %s: %s", directory, strerror(errno));
    if (snprintf(path, sizeof path, "%s/owner.lock", directory) >= (int)sizeof path)
        return la_fail(LA_INVALID, "the path of the registry is too long: %s", directory);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return la_fail(errno == ENOSPC ? LA_FULL : LA_IO, "cannot open %s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return la_fail(LA_CONFLICT, "another server is running on the registry %s", directory);
    }
    *ret_fd = fd;
    return la_ok();
}

/* A file that is shorter than its own page count would end the process with SIGBUS at the first look-up. */
static la_result check_length(MDB_env *env)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;
    mdb_filehandle_t fd;
    if (mdb_env_info(env, &info) || mdb_env_stat(env, &stat) || mdb_env_get_fd(env, &fd) || fstat(fd, &file) != 0)
        return la_fail(LA_IO, "the registry cannot be examined");
    /* A new environment has its two meta pages and nothing else. */
    uint64_t pages = (uint64_t)info.me_last_pgno + 1;
    if (info.me_last_pgno > 1 && (uint64_t)file.st_size < pages * stat.ms_psize)
        return la_fail(LA_CORRUPT, "the registry file is shorter than its content");
    return la_ok();
}

static la_result open_env(const char *directory, MDB_env **ret)
{
    MDB_env *env = NULL;
    int e = mdb_env_create(&env);
    if (e)
        return la_registry_lmdb_result(e, "cannot open the registry");
    mdb_env_set_mapsize(env, MAP_BYTES);
    mdb_env_set_maxreaders(env, READERS_MAX);
    /* NOTLS: a reader belongs to its view, not to its thread. NORDAHEAD: look-ups are random. */
    e = mdb_env_open(env, directory, MDB_NOTLS | MDB_NORDAHEAD, 0600);
    la_result r = e ? la_registry_lmdb_result(e, "cannot open the registry") : check_length(env);
    if (!la_is_ok(r)) {
        mdb_env_close(env);
        return la_fail_context(r, "%s: ", directory);
    }
    *ret = env;
    return la_ok();
}

/* LMDB maps its table of readers and writes to it; where the disk is full that would be a SIGBUS. So its room is taken beforehand. */
static la_result make_lock_file(const char *path)
{
    unlink(path); /* we own the directory, so readers noted in there are of dead processes */
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int e = fd < 0 ? errno : posix_fallocate(fd, 0, LOCK_FILE_BYTES);
    if (fd >= 0)
        close(fd);
    if (e)
        return la_fail(e == ENOSPC || e == EDQUOT || e == EFBIG ? LA_FULL : LA_IO, "cannot make %s: %s", path,
                       strerror(e));
    return la_ok();
}

static la_result open_or_begin_anew(const char *directory, MDB_env **ret)
{
    char data[4096], lock[4096], aside[4096];
    snprintf(data, sizeof data, "%s/data.mdb", directory);
    snprintf(lock, sizeof lock, "%s/lock.mdb", directory);
    snprintf(aside, sizeof aside, "%s/data.mdb.damaged", directory);
    LA_TRY(make_lock_file(lock));
    la_result r = open_env(directory, ret);
    if (r.code != LA_CORRUPT)
        return r;
    if (rename(data, aside) != 0)
        return la_fail(LA_IO, "cannot move the damaged registry %s aside: %s", data, strerror(errno));
    return open_env(directory, ret);
}

/* A missing or older format is not an error: such a registry counts as not filled and gets rebuilt. */
static la_result look_inside(la_registry *r)
{
    MDB_txn *txn = NULL;
    int e = mdb_txn_begin(r->env, NULL, 0, &txn);
    if (!e)
        e = mdb_dbi_open(txn, NULL, 0, &r->dbi);
    if (e) {
        if (txn)
            mdb_txn_abort(txn);
        return la_registry_lmdb_result(e, "cannot open the registry");
    }
    la_slice value;
    uint64_t format = 0;
    bool known = la_is_ok(la_registry_get(txn, r->dbi, LA_RECORD_META, 0, LA_META_FORMAT, &value)) &&
                 la_is_ok(la_record_read_u64(value, &format)) && format == LA_REGISTRY_FORMAT &&
                 la_is_ok(la_registry_get(txn, r->dbi, LA_RECORD_META, 0, LA_META_POSITION, &value));
    atomic_store(&r->filled, known);
    e = mdb_txn_commit(txn);
    return e ? la_registry_lmdb_result(e, "cannot open the registry") : la_ok();
}

la_result la_registry_open(const char *directory, la_registry **ret)
{
    la_registry *r = calloc(1, sizeof *r);
    if (!r)
        return la_fail(LA_NO_MEMORY, "out of memory");
    r->lock_fd = -1;
    la_result result = own_directory(directory, &r->lock_fd);
    if (la_is_ok(result))
        result = open_or_begin_anew(directory, &r->env);
    if (la_is_ok(result))
        result = look_inside(r);
    if (!la_is_ok(result)) {
        la_registry_free(r);
        return result;
    }
    *ret = r;
    return la_ok();
}

la_registry *la_registry_free(la_registry *r)
{
    if (!r)
        return NULL;
    if (r->env)
        mdb_env_close(r->env);
    if (r->lock_fd >= 0)
        close(r->lock_fd);
    free(r);
    return NULL;
}

bool la_registry_is_filled(la_registry *r)
{
    return atomic_load(&r->filled);
}

la_result la_registry_position(la_registry *r, la_feed_position *ret)
{
    if (!la_registry_is_filled(r))
        return la_error(LA_NOT_FOUND);
    MDB_txn *txn = NULL;
    int e = mdb_txn_begin(r->env, NULL, MDB_RDONLY, &txn);
    if (e)
        return la_registry_lmdb_result(e, "the registry cannot be read");
    la_slice value;
    la_result result = la_registry_get(txn, r->dbi, LA_RECORD_META, 0, LA_META_POSITION, &value);
    if (la_is_ok(result))
        result = la_record_read_position(value, ret);
    mdb_txn_abort(txn);
    return result;
}
