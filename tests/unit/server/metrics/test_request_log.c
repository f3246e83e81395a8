#include "captured_log.h"

#include "server/metrics/request_log.h"

static la_token_outcome outcome;
static la_request_log mode;

static void write_entry(void *self)
{
    la_request_log_entry entry = {
        .request_id = LA_SLICE("0123456789abcdef"),
        .environment = LA_SLICE("production"),
        .address = LA_SLICE("192.0.2.1"),
        .outcome = &outcome,
        .duration_us = 42,
    };

    (void)self;
    (void)la_request_log_token(mode, &entry);
}

static void says_what_happened(void **state)
{
    mode = LA_REQUEST_LOG_ALL;
    outcome = (la_token_outcome){
        .result = la_ok(), .client_id = LA_SLICE("app"), .scope = LA_SLICE("customer.7"), .is_customer = true};
    assert_non_null(strstr(captured_log(write_entry, NULL),
                           "\"event\":\"token\",\"request_id\":\"0123456789abcdef\",\"environment\":\"production\","
                           "\"client_id\":\"app\",\"outcome\":\"ok\",\"scope\":\"customer\",\"address\":\"192.0.2.1\","
                           "\"duration_us\":42}\n"));
    outcome = (la_token_outcome){.result = la_error(LA_CLIENT_MISSING)};
    assert_non_null(strstr(captured_log(write_entry, NULL),
                           "\"environment\":\"production\",\"outcome\":\"client_missing\",\"address\""));
}

static void a_hostile_client_id_stays_one_short_line(void **state)
{
    static char hostile[5000];
    char *text;

    memset(hostile, 'x', sizeof hostile);
    memcpy(hostile, "a\r\n{\"event\":\"token\"}\x1b[2J", 25);
    mode = LA_REQUEST_LOG_ALL;
    outcome = (la_token_outcome){.result = la_error(LA_CLIENT_UNKNOWN), .client_id = {hostile, sizeof hostile}};
    text = captured_log(write_entry, NULL);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_null(strpbrk(text, "\r\x1b"));
    assert_in_range(strlen(text), 100, 1000);
}

static void the_mode_decides(void **state)
{
    mode = LA_REQUEST_LOG_REFUSED;
    outcome = (la_token_outcome){.result = la_ok(), .scope = LA_SLICE("api")};
    assert_string_equal(captured_log(write_entry, NULL), "");
    outcome.result = la_error(LA_SCOPE_MISSING);
    assert_non_null(strstr(captured_log(write_entry, NULL), "scope_missing"));
    mode = LA_REQUEST_LOG_NONE;
    assert_string_equal(captured_log(write_entry, NULL), "");
    mode = LA_REQUEST_LOG_ALL;
    la_log_set_level(LA_LOG_WARN);
    assert_string_equal(captured_log(write_entry, NULL), "");
    la_log_set_level(LA_LOG_INFO);
}

static void classes(void **state)
{
    la_token_outcome o = {.result = la_ok(), .scope = LA_SLICE("api")};

    assert_int_equal(la_token_class_of(&o), LA_CLASS_API);
    o.scope = LA_SLICE("payments");
    assert_int_equal(la_token_class_of(&o), LA_CLASS_OTHER);
    o.is_customer = true;
    assert_int_equal(la_token_class_of(&o), LA_CLASS_CUSTOMER);
    o.result = la_error(LA_SERVER_ERROR);
    assert_int_equal(la_token_class_of(&o), LA_CLASS_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_happened),
        cmocka_unit_test(a_hostile_client_id_stays_one_short_line),
        cmocka_unit_test(the_mode_decides),
        cmocka_unit_test(classes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
