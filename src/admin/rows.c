/* Knows the columns' names and the two forms; not which values are right. */
#include "admin/rows.h"

#include "admin/csv.h"
#include "admin/registration.h"
#include "admin/rules.h"
#include "base/secret.h"

#include <jansson.h>
#include <stdlib.h>

static const char *const column_names[LA_COLUMN_COUNT] = {
    [LA_COLUMN_NAME] = "name",
    [LA_COLUMN_ENVIRONMENT] = "environment",
    [LA_COLUMN_SCOPES] = "scopes",
    [LA_COLUMN_CLIENT_ID] = "client_id",
    [LA_COLUMN_CLIENT_SECRET] = "client_secret",
    [LA_COLUMN_SECRET_HASH] = "secret_hash",
    [LA_COLUMN_AUTH_METHOD] = "auth_method",
    [LA_COLUMN_ENABLED] = "enabled",
};
#define COLUMN_LIST                                                                                                 \
    "name, environment, scopes, client_id, client_secret, secret_hash, auth_method, enabled, and the members of a " \
    "registration"

struct la_rows {
    la_rows_form form;
    la_source source;
    uint64_t line; /* JSON Lines: of the last row */
    json_t *object;
    json_t *registration;       /* of the last row; NULL: it has none */
    char scopes[LA_SCOPES_MAX]; /* JSON: an array of them, joined */
    unsigned n_columns;         /* CSV: what stands where */
    struct {
        la_column column;        /* LA_COLUMN_COUNT: a member of a registration */
        const la_member *member; /* NULL: none */
    } columns[LA_CSV_FIELDS_MAX];
    la_csv csv; /* its text is also the line of JSON Lines */
};

static bool find_column(la_slice name, la_column *ret)
{
    for (unsigned i = 0; i < LA_COLUMN_COUNT; i++) {
        if (la_slice_is(name, column_names[i])) {
            *ret = (la_column)i;
            return true;
        }
    }
    return false;
}

static la_result unknown_member(la_slice name)
{
    char shown[LA_RULE_SHOWN_BYTES];
    return la_fail(LA_INVALID, "unknown member \"%s\"; known are: " COLUMN_LIST, la_rule_show(name, shown));
}

/* Without its text: where the header line is missing this is a value, and may be a secret. */
static la_result unknown_column(unsigned i)
{
    return la_fail(LA_INVALID, "column %u of the header line has no known name; known are: " COLUMN_LIST, i + 1);
}

la_result la_rows_form_of(const char *path, la_rows_form *ret)
{
    la_slice name = la_slice_of(path);
    static const struct {
        const char *ending;
        la_rows_form form;
    } endings[] = {{".csv", LA_ROWS_CSV}, {".jsonl", LA_ROWS_JSONL}, {".ndjson", LA_ROWS_JSONL}};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        la_slice ending = la_slice_of(endings[i].ending);
        if (name.n > ending.n && la_slice_equal_nocase((la_slice){name.p + name.n - ending.n, ending.n}, ending)) {
            *ret = endings[i].form;
            return la_ok();
        }
    }
    return la_fail(LA_INVALID, "%s: the file's name must end in .csv or .jsonl", path);
}

/* Made when a row has a member for it: most have not. */
static json_t *registration_of(la_rows *r)
{
    if (!r->registration)
        r->registration = json_object();
    return r->registration;
}

/* ---- CSV ---- */

static la_result twice(const char *column)
{
    return la_fail(LA_INVALID, "column \"%s\" stands twice in the header line", column);
}

static la_result read_header(la_rows *r)
{
    bool end, seen[LA_COLUMN_COUNT] = {false};
    LA_TRY(la_csv_next(&r->csv, &end));
    if (end)
        return la_fail(LA_INVALID, "the file is empty; a header line with the columns is expected");
    for (unsigned i = 0; i < r->csv.n_fields; i++) {
        r->columns[i].member = la_registration_find_member(r->csv.fields[i]);
        for (unsigned before = 0; r->columns[i].member && before < i; before++)
            if (r->columns[before].member == r->columns[i].member)
                return twice(r->columns[i].member->name);
        if (r->columns[i].member)
            continue;
        if (!find_column(r->csv.fields[i], &r->columns[i].column))
            return unknown_column(i);
        if (seen[r->columns[i].column])
            return twice(column_names[r->columns[i].column]);
        seen[r->columns[i].column] = true;
    }
    r->n_columns = r->csv.n_fields;
    if (!seen[LA_COLUMN_NAME])
        return la_fail(LA_INVALID, "the header line has no column \"name\"");
    return la_ok();
}

static la_result next_csv(la_rows *r, la_row *ret, bool *ret_end)
{
    LA_TRY(la_csv_next(&r->csv, ret_end));
    if (*ret_end)
        return la_ok();
    if (r->csv.n_fields != r->n_columns)
        return la_fail(LA_INVALID, "the row has %u fields, the header line %u", r->csv.n_fields, r->n_columns);
    *ret = (la_row){0};
    for (unsigned i = 0; i < r->n_columns; i++) {
        if (!r->columns[i].member)
            ret->values[r->columns[i].column] = r->csv.fields[i];
        else if (r->csv.fields[i].n)
            LA_TRY(la_registration_set(registration_of(r), r->columns[i].member, r->csv.fields[i]));
    }
    ret->registration = r->registration;
    return la_ok();
}

/* ---- JSON Lines ---- */

static la_result join_scopes(la_rows *r, const json_t *array, la_slice *ret)
{
    la_buffer b;
    la_buffer_init_fixed(&b, r->scopes, sizeof r->scopes);
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *scope = json_array_get(array, i);
        if (!json_is_string(scope))
            return la_fail(LA_INVALID, "\"scopes\" must be a string or an array of strings");
        if (i)
            la_buffer_add_char(&b, ' ');
        la_buffer_add(&b, (la_slice){json_string_value(scope), json_string_length(scope)});
    }
    if (!la_buffer_ok(&b))
        return la_fail(LA_INVALID, "the list of scopes is longer than %d bytes", LA_SCOPES_MAX);
    *ret = la_buffer_slice(&b);
    return la_ok();
}

static la_result take_member(la_rows *r, la_column column, const json_t *value, la_row *row)
{
    if (json_is_null(value))
        return la_ok();
    if (column == LA_COLUMN_ENABLED) {
        if (!json_is_boolean(value))
            return la_fail(LA_INVALID, "\"enabled\" must be true or false");
        row->values[column] = json_is_true(value) ? LA_SLICE("true") : LA_SLICE("false");
        return la_ok();
    }
    if (column == LA_COLUMN_SCOPES && json_is_array(value))
        return join_scopes(r, value, &row->values[column]);
    if (!json_is_string(value))
        return la_fail(LA_INVALID, "\"%s\" must be a string", column_names[column]);
    row->values[column] = (la_slice){json_string_value(value), json_string_length(value)};
    return la_ok();
}

static la_result parse_object(la_rows *r, la_slice line, la_row *ret)
{
    json_error_t error;
    json_decref(r->object);
    r->object = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &error);
    /* The text of the error may quote the line, which may hold a secret: only the place is told. */
    if (!r->object)
        return la_fail(LA_INVALID, "not a JSON object (column %d)", error.column);
    if (!json_is_object(r->object))
        return la_fail(LA_INVALID, "not a JSON object");
    *ret = (la_row){0};
    const char *key;
    json_t *value;
    json_object_foreach(r->object, key, value)
    {
        la_column column;
        if (find_column(la_slice_of(key), &column))
            LA_TRY(take_member(r, column, value, ret));
        else if (!la_registration_find_member(la_slice_of(key)))
            return unknown_member(la_slice_of(key));
        else if (!json_is_null(value) && json_object_set(registration_of(r), key, value) != 0)
            return la_fail(LA_NO_MEMORY, "there is no memory for a registration");
    }
    ret->registration = r->registration;
    return la_ok();
}

static la_result next_jsonl(la_rows *r, la_row *ret, bool *ret_end)
{
    la_slice line;
    do {
        size_t n;
        r->line++;
        LA_TRY(la_source_line(&r->source, r->csv.text, &n, ret_end));
        if (*ret_end)
            return la_ok();
        line = la_slice_trim((la_slice){r->csv.text, n});
    } while (line.n == 0);
    return parse_object(r, line, ret);
}

/* ---- both ---- */

static la_result start(la_rows *r)
{
    la_source_skip_mark(&r->source);
    la_csv_init(&r->csv, &r->source);
    return r->form == LA_ROWS_CSV ? read_header(r) : la_ok();
}

static la_rows *new_rows(la_rows_form form)
{
    la_rows *r = malloc(sizeof *r);
    if (!r)
        return NULL;
    memset(r, 0, offsetof(la_rows, csv));
    r->source.fd = -1;
    r->form = form;
    return r;
}

la_result la_rows_open(const char *path, la_rows **ret)
{
    la_rows_form form;
    LA_TRY(la_rows_form_of(path, &form));
    la_rows *r = new_rows(form);
    if (!r)
        return la_fail(LA_NO_MEMORY, "there is no memory to read %s", path);
    la_result result = la_source_open(path, &r->source);
    if (la_is_ok(result)) {
        result = start(r);
        if (!la_is_ok(result))
            result = la_fail_context(result, "%s:%llu: ", path, (unsigned long long)la_rows_line(r));
    }
    if (!la_is_ok(result)) {
        la_rows_free(r);
        return result;
    }
    *ret = r;
    return result;
}

la_result la_rows_open_memory(la_slice bytes, la_rows_form form, la_rows **ret)
{
    la_rows *r = new_rows(form);
    if (!r)
        return la_fail(LA_NO_MEMORY, "there is no memory to read rows");
    la_source_memory(bytes, &r->source);
    la_result result = start(r);
    if (!la_is_ok(result)) {
        la_rows_free(r);
        return result;
    }
    *ret = r;
    return result;
}

la_rows *la_rows_free(la_rows *r)
{
    if (!r)
        return NULL;
    json_decref(r->object);
    json_decref(r->registration);
    la_source_done(&r->source);
    la_wipe(r, sizeof *r);
    free(r);
    return NULL;
}

la_result la_rows_next(la_rows *r, la_row *ret, bool *ret_end)
{
    json_decref(r->registration);
    r->registration = NULL;
    return r->form == LA_ROWS_CSV ? next_csv(r, ret, ret_end) : next_jsonl(r, ret, ret_end);
}

uint64_t la_rows_line(const la_rows *r)
{
    return r->form == LA_ROWS_CSV ? r->csv.record_line : r->line;
}

uint64_t la_rows_bytes_done(const la_rows *r)
{
    return r->source.bytes_done;
}

uint64_t la_rows_bytes_total(const la_rows *r)
{
    return r->source.bytes_total;
}
