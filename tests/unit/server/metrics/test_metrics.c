#include "unit.h"

#include "server/metrics/metrics.h"

static char *written(la_metrics *m, const la_metrics_gauges *gauges)
{
    static char text[1 << 20];
    la_buffer b;

    la_buffer_init_fixed(&b, text, sizeof text - 1);
    la_metrics_write(m, gauges, &b);
    assert_true(la_buffer_ok(&b));
    text[b.n] = '\0';
    return text;
}

static void sums_the_loops(void **state)
{
    la_metrics *m = la_metrics_new(2);
    la_health health = {0};
    la_metrics_gauges gauges = {.health = &health, .connections = 3, .now_ms = 1000000};
    la_counters *a = la_metrics_counters(m, 0), *b = la_metrics_counters(m, 1);
    unsigned production = la_metrics_slot(m, LA_SLICE("production"));
    unsigned sandbox = la_metrics_slot(m, LA_SLICE("sandbox"));
    char *text;

    assert_int_equal(la_metrics_slot(m, LA_SLICE("production")), production);
    assert_int_not_equal(sandbox, production);
    la_count(&a->issued[production][LA_CLASS_API], 2);
    la_count(&b->issued[production][LA_CLASS_API], 3);
    la_count(&b->refused[sandbox][LA_SCOPE_MISSING], 1);
    la_count(&a->http_refused[LA_HTTP_HOST], 1);
    la_count(&a->documents_not_modified[LA_DOCUMENT_JWKS], 4);
    health.store_up = true;
    text = written(m, &gauges);
    assert_non_null(strstr(text, "\nleanauth_tokens_issued_total{environment=\"production\",class=\"api\"} 5\n"));
    assert_non_null(strstr(text, "\nleanauth_tokens_issued_total{environment=\"sandbox\",class=\"customer\"} 0\n"));
    assert_non_null(
        strstr(text, "\nleanauth_token_refusals_total{environment=\"sandbox\",reason=\"scope_missing\"} 1\n"));
    assert_null(strstr(text, "reason=\"scope_syntax\""));
    assert_non_null(strstr(text, "\nleanauth_http_refusals_total{reason=\"http_host\"} 1\n"));
    assert_non_null(strstr(text, "\nleanauth_document_responses_total{document=\"jwks\",status=\"304\"} 4\n"));
    assert_non_null(strstr(text, "\nleanauth_connections 3\n"));
    assert_non_null(strstr(text, "\nleanauth_store_up 1\n"));
    assert_non_null(strstr(text, "\nleanauth_registry_stale_seconds NaN\n"));
    assert_non_null(strstr(text, "\nleanauth_build_info{version=\"" LA_VERSION "\"} 1\n"));
    la_metrics_free(m);
}

static void the_histogram_is_cumulative(void **state)
{
    la_metrics *m = la_metrics_new(1);
    la_health health = {0};
    la_metrics_gauges gauges = {.health = &health};
    la_counters *c = la_metrics_counters(m, 0);
    char *text;

    la_counters_note_duration(c, 25);
    la_counters_note_duration(c, 26);
    la_counters_note_duration(c, 5000000);
    text = written(m, &gauges);
    assert_non_null(strstr(text, "_bucket{le=\"0.000025\"} 1\n"));
    assert_non_null(strstr(text, "_bucket{le=\"0.00005\"} 2\n"));
    assert_non_null(strstr(text, "_bucket{le=\"1\"} 2\n"));
    assert_non_null(strstr(text, "_bucket{le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(text, "_sum 5.000051\n"));
    assert_non_null(strstr(text, "_count 3\n"));
    la_metrics_free(m);
}

static void keys_and_staleness_are_shown(void **state)
{
    la_metrics *m = la_metrics_new(1);
    la_health health = {.reached_at_ms = 100000};
    la_metrics_key keys[2] = {
        {LA_SLICE("production"), LA_SLICE("ES256"), LA_SLICE("kid1"), 5000},
        {LA_SLICE("sandbox"), LA_NO_SLICE, LA_NO_SLICE, INT64_MAX},
    };
    la_metrics_gauges gauges = {.health = &health, .keys = keys, .n_keys = 2, .now_ms = 107900};
    char *text = written(m, &gauges);

    assert_non_null(
        strstr(text, "leanauth_signing_key_info{environment=\"production\",algorithm=\"ES256\",kid=\"kid1\"} 1\n"));
    assert_non_null(strstr(text, "leanauth_key_next_rotation_seconds{environment=\"production\"} 4893\n"));
    assert_non_null(strstr(text, "leanauth_key_next_rotation_seconds{environment=\"sandbox\"} +Inf\n"));
    assert_null(strstr(text, "info{environment=\"sandbox\""));
    assert_non_null(strstr(text, "\nleanauth_registry_stale_seconds 7\n"));
    la_metrics_free(m);
}

/* Every line is a comment or `name{labels} value`, and each metric has its HELP and TYPE before it: what a scraper wants. */
static void the_text_is_well_formed(void **state)
{
    la_metrics *m = la_metrics_new(1);
    la_health health = {0};
    la_metrics_gauges gauges = {.health = &health};
    char *line, *rest, type[128] = "";

    la_metrics_slot(m, LA_SLICE("production"));
    rest = written(m, &gauges);
    while ((line = strsep(&rest, "\n")) && *line) {
        if (strncmp(line, "# TYPE ", 7) == 0) {
            snprintf(type, sizeof type, "%.*s", (int)strcspn(line + 7, " "), line + 7);
        } else if (line[0] != '#') {
            assert_memory_equal(line, type, strlen(type));
            assert_non_null(strrchr(line, ' '));
        }
    }
    la_metrics_free(m);
}

static void slots_never_run_out(void **state)
{
    la_metrics *m = la_metrics_new(1);
    char name[16];

    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "e%d", i);
        assert_in_range(la_metrics_slot(m, la_slice_of(name)), 0, LA_METRICS_SLOTS - 1);
    }
    la_metrics_free(m);
}

static void readiness(void **state)
{
    la_health h = {.filled = true, .reached_at_ms = 50000};

    assert_true(la_health_is_ready(&h, 0, 999000));
    assert_true(la_health_is_ready(&h, 10, 60000));
    assert_false(la_health_is_ready(&h, 10, 61000));
    assert_int_equal(la_health_stale_s(&h, 40000), 0); /* a clock that went back */
    h.reached_at_ms = 0;
    assert_int_equal(la_health_stale_s(&h, 40000), -1);
    assert_false(la_health_is_ready(&h, 10, 40000));
    assert_true(la_health_is_ready(&h, 0, 40000));
    h.draining = true;
    assert_false(la_health_is_ready(&h, 0, 40000));
    h.draining = h.filled = false;
    assert_false(la_health_is_ready(&h, 0, 40000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_the_loops),
        cmocka_unit_test(the_histogram_is_cumulative),
        cmocka_unit_test(keys_and_staleness_are_shown),
        cmocka_unit_test(the_text_is_well_formed),
        cmocka_unit_test(slots_never_run_out),
        cmocka_unit_test(readiness),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
