/* The rows of an import file, whichever of its two forms it has: CSV with a header line, or JSON Lines. */
#ifndef LA_ADMIN_ROWS_H
#define LA_ADMIN_ROWS_H

#include "base/result.h"
#include "base/slice.h"

#include <jansson.h>
#include <stdint.h>

typedef enum la_column {
    LA_COLUMN_NAME,
    LA_COLUMN_ENVIRONMENT,
    LA_COLUMN_SCOPES,
    LA_COLUMN_CLIENT_ID,
    LA_COLUMN_CLIENT_SECRET,
    LA_COLUMN_SECRET_HASH,
    LA_COLUMN_AUTH_METHOD,
    LA_COLUMN_ENABLED, /* "true" or "false" */
    LA_COLUMN_COUNT
} la_column;

typedef struct la_row {
    la_slice values[LA_COLUMN_COUNT]; /* empty where not given; valid until the next row */
    json_t *registration;             /* the members of one that were given (admin/registration.h); NULL: none */
} la_row;

typedef enum la_rows_form { LA_ROWS_CSV, LA_ROWS_JSONL } la_rows_form;

typedef struct la_rows la_rows;

/* By the name's ending; INVALID for another one. */
la_result la_rows_form_of(const char *path, la_rows_form *ret);

/* Opens the file and, of CSV, reads and checks the header line. IO, INVALID, NO_MEMORY. */
la_result la_rows_open(const char *path, la_rows **ret);
/* The same over memory that outlives it. */
la_result la_rows_open_memory(la_slice bytes, la_rows_form form, la_rows **ret);
la_rows *la_rows_free(la_rows *r); /* takes NULL; returns NULL */

/* INVALID, TOO_LARGE, IO with a detail; la_rows_line then says where. */
la_result la_rows_next(la_rows *r, la_row *ret, bool *ret_end);

/* The line on which the row that was read last begins, from 1. */
uint64_t la_rows_line(const la_rows *r);

uint64_t la_rows_bytes_done(const la_rows *r);
uint64_t la_rows_bytes_total(const la_rows *r);

#endif
