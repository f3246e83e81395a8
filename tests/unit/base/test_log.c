#include "unit.h"

#include "base/log.h"

#include <fcntl.h>

/* Runs `write` with standard error going to a file and gives the file's text. */
static char *captured(void (*write_log)(void))
{
    static char text[65536];
    FILE *f = tmpfile();
    int saved = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(fileno(f), STDERR_FILENO);
    write_log();
    la_log_flush();
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = 0;
    fclose(f);
    return text;
}

static void write_hostile(void)
{
    la_log_begin(LA_LOG_INFO, "token");
    la_log_text("client_id", LA_SLICE("a\r\n{\"level\":\"error\"}\x1b[31m\xFF"));
    la_log_int("n", -5);
    la_log_end();
}

static void one_event_is_one_line(void **state)
{
    char *text = captured(write_hostile);
    char *end = strchr(text, '\n');
    assert_non_null(end);
    assert_int_equal(end[1], 0);
    assert_null(strchr(text, '\r'));
    assert_null(strchr(text, '\x1b'));
    assert_non_null(strstr(text, "\"event\":\"token\",\"client_id\":\"a\\u000d\\n{\\\"level\\\":"));
    assert_non_null(strstr(text, ",\"n\":-5}\n"));
}

static void write_long(void)
{
    static char big[10000];
    memset(big, 'x', sizeof big);
    la_log_begin(LA_LOG_WARN, "big");
    la_log_int("first", 1);
    la_log_text("lost", (la_slice){big, sizeof big});
    la_log_int("after", 2);
    la_log_end();
}

static void too_long_a_field_is_left_out_whole(void **state)
{
    char *text = captured(write_long);
    assert_non_null(strstr(text, "\"event\":\"big\",\"first\":1,\"after\":2}\n"));
}

static void write_debug(void)
{
    la_log(LA_LOG_DEBUG, "quiet", "not to be seen");
    la_log_int("stray", 1); /* outside a line: nothing happens */
    la_log_end();
}

static void below_the_level_nothing_is_written(void **state)
{
    assert_string_equal(captured(write_debug), "");
}

static void write_plain(void)
{
    la_log_set_plain(true);
    la_log(LA_LOG_ERROR, "failed", "cannot open \"x\"");
    la_log_set_plain(false);
}

static void plain_lines(void **state)
{
    assert_string_equal(captured(write_plain), "leanauth: cannot open \\\"x\\\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_event_is_one_line), cmocka_unit_test(too_long_a_field_is_left_out_whole),
        cmocka_unit_test(below_the_level_nothing_is_written), cmocka_unit_test(plain_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
