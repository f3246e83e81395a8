/* Files that the command line writes: whole or not at all, and for their owner only. */
#ifndef LA_CLI_FILES_H
#define LA_CLI_FILES_H

#include "base/buffer.h"

/* Replaces the file atomically, mode 0600: a reader sees the old or the new one, also after a crash. IO, FULL. */
la_result la_file_write(const char *path, la_slice content);

/* Appends the file's bytes. NOT_FOUND, IO, TOO_LARGE past the buffer's maximum. */
la_result la_file_read(const char *path, la_buffer *ret);

/* Makes the folder and those above it, mode 0700, as far as they are absent. IO. */
la_result la_file_make_folder(const char *path);

/* Everything before the last slash; "." where there is none. `ret` has as many bytes as `path` needs, at least 2. */
void la_file_folder_of(const char *path, char *ret);

#endif
