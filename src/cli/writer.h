/* The two shapes of an output: a JSON document, or an aligned table. */
#ifndef LA_CLI_WRITER_H
#define LA_CLI_WRITER_H

#include "base/buffer.h"

/* JSON, written straight into a buffer. `name` is NULL in an array and at the top. */
typedef struct la_json_writer {
    la_buffer *out;
    bool needs_comma;
} la_json_writer;

void la_json_open(la_json_writer *w, const char *name, char bracket); /* '{' or '[' */
void la_json_close(la_json_writer *w, char bracket);                  /* '}' or ']' */
void la_json_text(la_json_writer *w, const char *name, la_slice value);
void la_json_text_or_null(la_json_writer *w, const char *name, la_slice value); /* null where it is empty */
void la_json_u64(la_json_writer *w, const char *name, uint64_t value);
void la_json_bool(la_json_writer *w, const char *name, bool value);
void la_json_time(la_json_writer *w, const char *name, int64_t time_s); /* RFC 3339; null where 0 */
void la_json_members(la_json_writer *w,
                     la_slice object); /* those of an object that is written already; nothing where it is empty */
void la_json_words(la_json_writer *w, const char *name, la_slice words); /* space-separated, as an array */
void la_json_end(la_json_writer *w);                                     /* the last '}' and the line's end */

/* A table: cells row by row, aligned when it is done. */
#define LA_TABLE_COLUMNS_MAX 8
typedef struct la_table {
    unsigned n_columns;
    unsigned widths[LA_TABLE_COLUMNS_MAX];
    size_t n_cells;
    la_buffer cells; /* each ended by a zero byte */
} la_table;

void la_table_init(la_table *t, unsigned n_columns, const char *const *titles);
void la_table_add(la_table *t, la_slice cell);
void la_table_add_u64(la_table *t, uint64_t value);
void la_table_add_time(la_table *t, int64_t time_s, const char *otherwise);
void la_table_done(la_table *t, la_buffer *out); /* writes it and frees it */

#endif
