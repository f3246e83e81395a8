/* Import files, as `leanauth app import` reads them: CSV and JSON Lines from anywhere. */
#include "admin/rows.c"

static void read_all(la_slice bytes, la_rows_form form)
{
    la_rows *rows;
    la_row row;
    bool end = false;
    uint64_t line = 0;
    if (!la_is_ok(la_rows_open_memory(bytes, form, &rows)))
        return;
    while (la_is_ok(la_rows_next(rows, &row, &end)) && !end) {
        if (la_rows_line(rows) <= line)
            abort();
        line = la_rows_line(rows);
        for (unsigned i = 0; i < LA_COLUMN_COUNT; i++)
            if (!la_slice_is_utf8(row.values[i]))
                abort();
    }
    la_rows_free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    la_slice bytes = {(const char *)data, size};
    read_all(bytes, LA_ROWS_CSV);
    read_all(bytes, LA_ROWS_JSONL);
    return 0;
}
