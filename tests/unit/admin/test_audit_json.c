/* Exports, which are verified without a database. */
#include "rig.h"

typedef struct lines {
    unsigned n;
    char *texts[32];
} lines;

static la_result keep_line(void *self, const la_audit_row *row)
{
    lines *l = self;
    json_t *event = la_audit_to_json(row);
    assert_non_null(event);
    l->texts[l->n++] = json_dumps(event, JSON_COMPACT);
    json_decref(event);
    return la_ok();
}

static lines read_lines(rig *r)
{
    lines l = {0};
    assert_ok(la_store_read_audit(r->commands.store, 1, 32, keep_line, &l));
    return l;
}

static void free_lines(lines *l)
{
    for (unsigned i = 0; i < l->n; i++)
        free(l->texts[i]);
}

static la_audit_verdict verify_lines(rig *r, const lines *l, unsigned from, unsigned to, const la_audit_mark *mark)
{
    char path[320];
    la_audit_verdict v;
    snprintf(path, sizeof path, "%s/export.jsonl", r->folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (unsigned i = from; i < to; i++)
        fprintf(f, "%s\n", l->texts[i]);
    fclose(f);
    assert_ok(la_audit_verify_file(path, mark, &v));
    return v;
}

static void test_export(void **state)
{
    rig *r = *state;
    fill_log(r, 3);
    lines l = read_lines(r);
    la_audit_verdict v = verify_lines(r, &l, 0, l.n, NULL);
    assert_string_equal(v.reason, "");
    assert_true(v.whole);
    assert_int_equal(v.events, 6);
    v = verify_lines(r, &l, 2, 5, NULL); /* a part */
    assert_true(v.whole);
    assert_int_equal(v.head_sequence, 5);
    la_audit_mark mark = {6, {0}};
    memcpy(mark.hash, v.head_hash, sizeof mark.hash);
    v = verify_lines(r, &l, 0, 5, &mark);
    assert_false(v.whole);
    assert_int_equal(v.first_bad, 6);
    char *swapped = l.texts[3];
    l.texts[3] = l.texts[4];
    l.texts[4] = swapped;
    v = verify_lines(r, &l, 0, l.n, NULL);
    assert_int_equal(v.first_bad, 4);
    free_lines(&l);
}

/* Every character of an event's line, changed to another one: never whole, unless the line means the same. */
static void test_export_every_character(void **state)
{
    rig *r = *state;
    fill_log(r, 1);
    lines l = read_lines(r);
    char *line = l.texts[3];
    size_t n = strlen(line);
    for (size_t i = 0; i < n; i++) {
        char before = line[i];
        line[i] = before == '0' ? '1' : '0';
        la_audit_verdict v = verify_lines(r, &l, 2, 4, NULL);
        if (v.whole)
            fail_msg("character %zu (%c) of %s", i, before, line);
        assert_int_equal(v.first_bad, 4);
        line[i] = before;
    }
    assert_true(verify_lines(r, &l, 2, 4, NULL).whole);
    free_lines(&l);
}

static void test_no_export(void **state)
{
    rig *r = *state;
    la_audit_verdict v;
    char text[] = "nonsense";
    lines l = {.n = 1, .texts = {text}};
    v = verify_lines(r, &l, 0, 1, NULL);
    assert_false(v.whole);
    assert_int_equal(v.first_bad, 1);
    assert_code(la_audit_verify_file("/nonexistent/file", NULL, &v), LA_IO);
    v = verify_lines(r, &l, 0, 0, NULL);
    assert_true(v.whole);
    assert_int_equal(v.events, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_export),
        TEST(test_export_every_character),
        TEST(test_no_export),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
