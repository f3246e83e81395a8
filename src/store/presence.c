/*
 * Whether the files of an open handle still are those at its path. Whoever moves, removes or replaces the write-ahead log of a running server
 * leaves SQLite with a log that has no name: what it writes there nobody else sees, and what others write it does not.
 */
#include "store/sqlite_internal.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the files of one handle ---- */

static bool look_at(const char *path, la_file file, la_file_id *ret)
{
    static const char *const ends[LA_FILES] = {"", "-wal", "-shm"};
    char name[PATH_MAX];
    struct stat st;
    if (snprintf(name, sizeof name, "%s%s", path, ends[file]) >= (int)sizeof name || stat(name, &st) != 0)
        return false;
    *ret = (la_file_id){st.st_dev, st.st_ino};
    return true;
}

static bool is_same(la_file_id a, la_file_id b)
{
    return a.device == b.device && a.inode == b.inode;
}

/* Those that SQLite has not opened yet are not missing. */
static bool are_there(const la_store *s)
{
    la_file_id id;
    for (la_file file = LA_FILE_DATABASE; file < LA_FILES; file++)
        if (s->files[file].inode != 0 && !(look_at(s->path, file, &id) && is_same(id, s->files[file])))
            return false;
    return true;
}

bool la_files_are_foreign(const la_store *s)
{
    la_file_id id;
    for (la_file file = LA_FILE_DATABASE; file < LA_FILES; file++)
        if (look_at(s->path, file, &id) && !is_same(id, s->files[file]))
            return true;
    return false;
}

bool la_store_is_present(la_store *s)
{
    return are_there(s) && access(s->path, R_OK) == 0;
}

/* ---- the handles of this process ---- */

/* SQLite shares the index of the log, and POSIX the locks of a file, between all handles of a process: a new one would read the new log by the
 * index of the former, and lose its locks when that one is closed. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static la_store *handles; /* with the `files` of each */

static bool has_one_at(const la_store *s, const char *path)
{
    la_file_id id;
    for (la_file file = LA_FILE_DATABASE; file < LA_FILES; file++)
        if (look_at(path, file, &id) && is_same(id, s->files[file]))
            return true;
    return false;
}

static la_result check(const char *path)
{
    for (const la_store *s = handles; s; s = s->next)
        if (has_one_at(s, path) && !are_there(s))
            return la_fail(LA_UNAVAILABLE, "%s: this process has not let go of its former files yet; try again", path);
    return la_ok();
}

la_result la_handles_check(const char *path)
{
    pthread_mutex_lock(&lock);
    la_result r = check(path);
    pthread_mutex_unlock(&lock);
    return r;
}

static void remember_companions(la_store *s)
{
    for (la_file file = LA_FILE_LOG; file < LA_FILES; file++)
        if (s->files[file].inode == 0)
            (void)look_at(s->path, file, &s->files[file]);
}

la_result la_handles_add(la_store *s)
{
    pthread_mutex_lock(&lock);
    la_result r = check(s->path); /* again: it may have become so while this one was being opened */
    remember_companions(s);
    s->next = handles;
    handles = s;
    pthread_mutex_unlock(&lock);
    return r;
}

void la_handles_remember(la_store *s)
{
    pthread_mutex_lock(&lock);
    remember_companions(s);
    pthread_mutex_unlock(&lock);
}

void la_handles_remove(la_store *s)
{
    pthread_mutex_lock(&lock);
    la_store **at = &handles;
    while (*at && *at != s)
        at = &(*at)->next;
    if (*at)
        *at = s->next;
    pthread_mutex_unlock(&lock);
}
