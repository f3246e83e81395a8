/* Knows JSON's commas and a table's columns. */
#include "cli/writer.h"

#include "base/clock.h"

#define TABLE_MAX_BYTES (64u << 20)
#define COLUMN_GAP 2

static void begin(la_json_writer *w, const char *name)
{
    if (w->needs_comma)
        la_buffer_add_char(w->out, ',');
    w->needs_comma = true;
    if (name) {
        la_buffer_add_json(w->out, la_slice_of(name));
        la_buffer_add_char(w->out, ':');
    }
}

void la_json_open(la_json_writer *w, const char *name, char bracket)
{
    begin(w, name);
    la_buffer_add_char(w->out, bracket);
    w->needs_comma = false;
}

void la_json_close(la_json_writer *w, char bracket)
{
    la_buffer_add_char(w->out, bracket);
    w->needs_comma = true;
}

void la_json_text(la_json_writer *w, const char *name, la_slice value)
{
    begin(w, name);
    la_buffer_add_json(w->out, value);
}

void la_json_text_or_null(la_json_writer *w, const char *name, la_slice value)
{
    begin(w, name);
    if (value.n)
        la_buffer_add_json(w->out, value);
    else
        la_buffer_add_text(w->out, "null");
}

void la_json_u64(la_json_writer *w, const char *name, uint64_t value)
{
    begin(w, name);
    la_buffer_add_u64(w->out, value);
}

void la_json_bool(la_json_writer *w, const char *name, bool value)
{
    begin(w, name);
    la_buffer_add_text(w->out, value ? "true" : "false");
}

void la_json_time(la_json_writer *w, const char *name, int64_t time_s)
{
    char text[LA_CLOCK_RFC3339_BYTES] = "";
    if (time_s)
        la_clock_format_rfc3339(time_s, text);
    la_json_text_or_null(w, name, la_slice_of(text));
}

void la_json_words(la_json_writer *w, const char *name, la_slice words)
{
    la_slice word;
    la_json_open(w, name, '[');
    while (la_slice_split(&words, ' ', &word))
        if (word.n)
            la_json_text(w, NULL, word);
    la_json_close(w, ']');
}

void la_json_members(la_json_writer *w, la_slice object)
{
    if (object.n <= 2)
        return;
    begin(w, NULL);
    la_buffer_add(w->out, (la_slice){object.p + 1, object.n - 2});
}

void la_json_end(la_json_writer *w)
{
    la_buffer_add_text(w->out, "}\n");
}

void la_table_init(la_table *t, unsigned n_columns, const char *const *titles)
{
    *t = (la_table){.n_columns = n_columns};
    la_buffer_init(&t->cells, TABLE_MAX_BYTES);
    for (unsigned i = 0; i < n_columns; i++)
        la_table_add(t, la_slice_of(titles[i]));
}

/* Characters, not bytes: every byte of UTF-8 that does not continue one. */
static unsigned width_of(la_slice s)
{
    unsigned n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

void la_table_add(la_table *t, la_slice cell)
{
    unsigned column = (unsigned)(t->n_cells++ % t->n_columns), width = width_of(cell);
    if (width > t->widths[column])
        t->widths[column] = width;
    la_buffer_add(&t->cells, cell);
    la_buffer_add_char(&t->cells, 0);
}

void la_table_add_u64(la_table *t, uint64_t value)
{
    char digits[24];
    la_buffer b;
    la_buffer_init_fixed(&b, digits, sizeof digits);
    la_buffer_add_u64(&b, value);
    la_table_add(t, la_buffer_slice(&b));
}

void la_table_add_time(la_table *t, int64_t time_s, const char *otherwise)
{
    char text[LA_CLOCK_RFC3339_BYTES];
    la_clock_format_rfc3339(time_s, text);
    la_table_add(t, la_slice_of(time_s ? text : otherwise));
}

void la_table_done(la_table *t, la_buffer *out)
{
    const char *cell = t->cells.p;
    if (!la_buffer_ok(&t->cells))
        out->failed = true;
    for (size_t i = 0; la_buffer_ok(out) && i < t->n_cells; i++) {
        la_slice text = la_slice_of(cell);
        bool last = i % t->n_columns == t->n_columns - 1;
        la_buffer_add(out, text);
        for (unsigned n = width_of(text); !last && n < t->widths[i % t->n_columns] + COLUMN_GAP; n++)
            la_buffer_add_char(out, ' ');
        if (last)
            la_buffer_add_char(out, '\n');
        cell += text.n + 1;
    }
    la_buffer_done(&t->cells);
}
