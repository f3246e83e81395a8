/* Files that are no configuration at all: absent, empty, several, huge, nested without end, not text. */
#include "rig.h"

#include "config/document.h"

static void absent_and_unreadable_files_say_why(void **state)
{
    la_config *c = NULL;
    assert_code(la_config_load("/nonexistent/leanauth.yaml", &c), LA_IO);
    assert_string_equal(la_detail(), "cannot open /nonexistent/leanauth.yaml: No such file or directory");
    assert_code(la_config_load("/tmp", &c), LA_IO);
    assert_string_equal(la_detail(), "cannot read /tmp: Is a directory");
    assert_null(c);
}

static void empty_files_are_refused(void **state)
{
    static const char *const texts[] = {"", "\n\n", "# only a comment\n", "\xEF\xBB\xBF"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        rig_refused(texts[i], "1: expected a configuration with at least one environment; found an empty file");
    rig_refused("---\n", "");
    rig_refused("---\n...\n", "");
}

static void one_document_a_file(void **state)
{
    rig_refused(ENVIRONMENT "---\n" ENVIRONMENT, "6: expected one YAML document; found a second one");
    rig_refused(ENVIRONMENT "---\n", "6: expected one YAML document; found a second one");
    la_config_free(rig_load("---\n" ENVIRONMENT "...\n"));
    la_config_free(rig_load("\xEF\xBB\xBF" ENVIRONMENT));
}

static void aliases_and_tags_are_refused(void **state)
{
    rig_refused("listen: &a {port: 9000}\nadmin: *a\n" ENVIRONMENT, "2: expected no alias (*a): write the value out");
    rig_refused("workers: !!int 3\n" ENVIRONMENT, "1: expected a value without a tag");
    rig_refused("workers: !include x\n" ENVIRONMENT, "1: expected a value without a tag");
    rig_refused("log: !!map {}\n" ENVIRONMENT, "1: expected a value without a tag");
    rig_refused(ENVIRONMENT "    hosts: !!seq [a]\n", "6: expected a value without a tag");
    /* Nine levels of nine aliases: a thousand million texts for whoever follows them. */
    char bomb[4000] = "a: &a [x,x,x,x,x,x,x,x,x]\n";
    for (char c = 'b'; c <= 'i'; c++) {
        char line[64];
        snprintf(line, sizeof line, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c - 1, c - 1, c - 1, c - 1,
                 c - 1, c - 1, c - 1, c - 1, c - 1);
        strcat(bomb, line);
    }
    strcat(bomb, ENVIRONMENT);
    rig_refused(bomb, "2: expected no alias (*a): write the value out");
    rig_refused("environments: &e [*e]\n", "1: expected no alias (*e)");
}

static void large_files_are_refused(void **state)
{
    size_t n = LA_CONFIG_DOCUMENT_MAX_BYTES + 1;
    char *text = malloc(n);
    assert_non_null(text);
    memset(text, '\n', n);
    memcpy(text, ENVIRONMENT, strlen(ENVIRONMENT));
    rig_refused_bytes(text, n, "1: expected a file of at most 1 MiB");
    la_config *c = NULL;
    assert_ok(rig_load_bytes(text, n - 1, &c));
    la_config_free(c);
    free(text);
}

/* Each of these takes libyaml's own loader minutes at this size. */
static void deep_nesting_is_refused_at_once(void **state)
{
    static const char *const pieces[] = {"[", "{a: ", "- ", "? "};
    size_t n = LA_CONFIG_DOCUMENT_MAX_BYTES - 8;
    char *text = malloc(n + 1);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t length = strlen(pieces[i]);
        for (size_t at = 0; at + length <= n; at += length)
            memcpy(text + at, pieces[i], length);
        rig_refused_bytes(text, n - n % length, "1: expected at most 16 levels of mappings and lists");
    }
    free(text);
}

static void wide_files_are_refused_by_their_first_wrong_option(void **state)
{
    static char text[LA_CONFIG_DOCUMENT_MAX_BYTES];
    size_t at = 0;
    for (unsigned i = 0; at + 20 < sizeof text; i++)
        at += (size_t)sprintf(text + at, "o%u: 1\n", i);
    rig_refused_bytes(text, at, "1: expected one of the options");
}

static void what_is_no_text_is_refused_with_its_line(void **state)
{
    rig_refused(ENVIRONMENT "    test: \xFF\n", "6: expected text in UTF-8:");
    rig_refused("workers: 1\n\xC0\x80\n" ENVIRONMENT, "2: expected text in UTF-8:");
    rig_refused_bytes("a: 1\nb: \0\n", 10, "2: expected text in UTF-8:");
    rig_refused_bytes("\xFF\xFE"
                      "a\0",
                      4, "1: expected text in UTF-8; found UTF-16");
    rig_refused_bytes("\xFE\xFF"
                      "\0a",
                      4, "1: expected text in UTF-8; found UTF-16");
}

static void what_is_no_yaml_is_refused_with_its_line(void **state)
{
    rig_refused("listen: {port: 1\nadmin: {}\n", "2: expected YAML:");
    rig_refused("listen:\n\tport: 1\n", "2: expected YAML:");
    rig_refused("workers: 1\n\n  store: x\n", "3: expected YAML:");
    rig_refused("log: \"open\n", "2: expected YAML:");
    rig_refused("a: 'b' c\n", "1: expected YAML:");
    rig_refused("%FOO\n", "");
    rig_refused("workers: @x\n", "1: expected YAML:");
}

static void a_path_leads_to_its_line_or_to_what_is_around_it(void **state)
{
    char *folder = unit_mkdir(), path[300];
    const char *text = "listen:\n"
                       "  port: 1\n"
                       "environments:\n"
                       "  - name: a\n"
                       "    hosts:\n"
                       "      - a.example\n"
                       "      - b.example\n"
                       "  - name: b\n";
    la_config_document d;
    snprintf(path, sizeof path, "%s/leanauth.yaml", folder);
    rig_write(path, text, strlen(text));
    assert_ok(la_config_document_read(path, &d));
    assert_int_equal(la_config_document_line(&d, ""), 1);
    assert_int_equal(la_config_document_line(&d, "listen.port"), 2);
    assert_int_equal(la_config_document_line(&d, "listen.address"), 2);
    assert_int_equal(la_config_document_line(&d, "environments[0].hosts[1]"), 7);
    assert_int_equal(la_config_document_line(&d, "environments[0].hosts[2]"), 6);
    assert_int_equal(la_config_document_line(&d, "environments[1].hosts[0]"), 8);
    assert_int_equal(la_config_document_line(&d, "environments[1].name.deeper"), 8);
    assert_int_equal(la_config_document_line(&d, "absent.too"), 1);
    assert_true(la_config_document_has(&d, "environments[0].hosts[1]"));
    assert_false(la_config_document_has(&d, "environments[0].hosts[2]"));
    assert_false(la_config_document_has(&d, "environments[1].hosts"));
    la_config_document_done(&d);
    la_config_document_done(&d);
    unit_rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_and_unreadable_files_say_why),
        cmocka_unit_test(empty_files_are_refused),
        cmocka_unit_test(one_document_a_file),
        cmocka_unit_test(aliases_and_tags_are_refused),
        cmocka_unit_test(large_files_are_refused),
        cmocka_unit_test(deep_nesting_is_refused_at_once),
        cmocka_unit_test(wide_files_are_refused_by_their_first_wrong_option),
        cmocka_unit_test(what_is_no_text_is_refused_with_its_line),
        cmocka_unit_test(what_is_no_yaml_is_refused_with_its_line),
        cmocka_unit_test(a_path_leads_to_its_line_or_to_what_is_around_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
