/* How files looked: a change is seen without reading them. */
#ifndef LA_SERVER_FILE_STAMP_H
#define LA_SERVER_FILE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: of no file. */
typedef struct la_file_stamp {
    uint8_t digest[32];
} la_file_stamp;

/* Adds a file, there or not; NULL adds nothing. */
void la_file_stamp_add(la_file_stamp *s, const char *path);
bool la_file_stamp_equal(const la_file_stamp *a, const la_file_stamp *b);

#endif
