/* Knows the form of CSV; not what its columns mean. */
#include "admin/csv.h"

typedef enum step {
    FIELD_BEGIN, /* nothing of the field was read yet */
    PLAIN,
    QUOTED,
    QUOTE_SEEN, /* a quote within a quoted field: its end, or the first of two */
    CR_SEEN,    /* LF has to follow */
    RECORD_END,
} step;

void la_csv_init(la_csv *csv, la_source *source)
{
    csv->source = source;
    csv->line = 1;
    csv->record_line = 1;
    csv->n_fields = 0;
    csv->used = 0;
}

static la_result put(la_csv *csv, int c)
{
    if (csv->used == sizeof csv->text)
        return la_fail(LA_TOO_LARGE, "the record is longer than %d bytes", LA_SOURCE_RECORD_MAX);
    csv->text[csv->used++] = (char)c;
    csv->fields[csv->n_fields - 1].n++;
    return la_ok();
}

static la_result begin_field(la_csv *csv)
{
    if (csv->n_fields == LA_CSV_FIELDS_MAX)
        return la_fail(LA_TOO_LARGE, "the record has more than %d fields", LA_CSV_FIELDS_MAX);
    csv->fields[csv->n_fields++] = (la_slice){csv->text + csv->used, 0};
    return la_ok();
}

/* What ends a field that is not, or no longer, quoted. */
static la_result end_field(la_csv *csv, int c, step *state)
{
    if (c == ',') {
        *state = FIELD_BEGIN;
        return begin_field(csv);
    }
    *state = c == '\r' ? CR_SEEN : RECORD_END;
    return la_ok();
}

static bool is_end(int c)
{
    return c == ',' || c == '\r' || c == '\n' || c == LA_SOURCE_END;
}

static la_result take_plain(la_csv *csv, int c, step *state)
{
    if (is_end(c))
        return end_field(csv, c, state);
    if (c == '"' && *state == FIELD_BEGIN) {
        *state = QUOTED;
        return la_ok();
    }
    if (c == '"')
        return la_fail(LA_INVALID, "a quote within a field: quote the whole field and double the quotes in it");
    *state = PLAIN;
    return put(csv, c);
}

static la_result take(la_csv *csv, int c, step *state)
{
    switch (*state) {
    case FIELD_BEGIN:
    case PLAIN:
        return take_plain(csv, c, state);
    case QUOTED:
        if (c == LA_SOURCE_END)
            return la_fail(LA_INVALID, "a quoted field that begins in this record never ends");
        if (c == '"')
            *state = QUOTE_SEEN;
        return c == '"' ? la_ok() : put(csv, c);
    case QUOTE_SEEN:
        if (is_end(c))
            return end_field(csv, c, state);
        if (c != '"')
            return la_fail(LA_INVALID, "after a closing quote a comma or the end of the line is expected");
        *state = QUOTED;
        return put(csv, c);
    case CR_SEEN:
        if (c != '\n' && c != LA_SOURCE_END)
            return la_fail(LA_INVALID, "a carriage return without a line feed");
        *state = RECORD_END;
        return la_ok();
    case RECORD_END:
        break;
    }
    return la_ok();
}

/* *ret_end where the source was at its end before the record began. */
static la_result read_record(la_csv *csv, bool *ret_end)
{
    step state = FIELD_BEGIN;
    csv->used = 0;
    csv->n_fields = 0;
    csv->record_line = csv->line;
    LA_TRY(begin_field(csv));
    int c = la_source_next(csv->source);
    *ret_end = c == LA_SOURCE_END;
    for (;;) {
        if (c == LA_SOURCE_FAILED)
            return la_source_failure(csv->source);
        LA_TRY(take(csv, c, &state));
        if (c == '\n')
            csv->line++;
        if (state == RECORD_END)
            return la_ok();
        c = la_source_next(csv->source);
    }
}

la_result la_csv_next(la_csv *csv, bool *ret_end)
{
    do
        LA_TRY(read_record(csv, ret_end));
    while (!*ret_end && csv->n_fields == 1 && csv->fields[0].n == 0);
    for (unsigned i = 0; i < csv->n_fields; i++)
        if (!la_slice_is_utf8(csv->fields[i]))
            return la_fail(LA_INVALID, "field %u is not well-formed UTF-8", i + 1);
    return la_ok();
}
