/*
 * Comma-separated values (RFC 4180), read record by record. Strict: a quote stands only at the start of a field or
 * doubled in a quoted one, nothing follows a closing quote but a comma or the end of the line. LF and CRLF both end a record.
 */
#ifndef LA_ADMIN_CSV_H
#define LA_ADMIN_CSV_H

#include "admin/source.h"

#define LA_CSV_FIELDS_MAX 32

typedef struct la_csv {
    la_source *source;
    uint64_t line;        /* of the next byte, from 1 */
    uint64_t record_line; /* on which the last record began */
    unsigned n_fields;
    la_slice fields[LA_CSV_FIELDS_MAX]; /* valid until the next record */
    size_t used;
    char text[LA_SOURCE_RECORD_MAX];
} la_csv;

/* In place, because it is large. */
void la_csv_init(la_csv *csv, la_source *source);

/*
 * Reads the next record; empty lines are passed over. *ret_end where there is none. INVALID (with a detail) for what is
 * no CSV or no UTF-8, TOO_LARGE past LA_SOURCE_RECORD_MAX or LA_CSV_FIELDS_MAX, IO.
 */
la_result la_csv_next(la_csv *csv, bool *ret_end);

#endif
