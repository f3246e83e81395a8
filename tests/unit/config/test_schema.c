/*
 * libcyaml behind the shape check: what it refuses by itself is one line with file and line too, and what the shape
 * check lets through it reads.
 */
#include "rig.h"

#include "config/schema.h"

static void refused_by_libcyaml(const char *text, unsigned line, const char *word)
{
    raw_root *raw = NULL;
    char prefix[32];
    assert_code(la_schema_load("f.yaml", la_slice_of(text), &raw), LA_INVALID);
    assert_null(raw);
    snprintf(prefix, sizeof prefix, "f.yaml:%u: ", line);
    if (strncmp(la_detail(), prefix, strlen(prefix)) != 0 || !strstr(la_detail(), word) || strchr(la_detail(), '\n'))
        fail_msg("said: %s\nexpected: %s…%s", la_detail(), prefix, word);
}

static void its_errors_are_one_line(void **state)
{
    refused_by_libcyaml(ENVIRONMENT "    unknown: 1\n", 5, "unknown"); /* where the option before it is */
    refused_by_libcyaml("listen:\n  port: eighty\n" ENVIRONMENT, 2, "eighty");
    refused_by_libcyaml("environments:\n  - name: a\n", 2, "issuer");
    refused_by_libcyaml("log: {level: loud}\n" ENVIRONMENT, 1, "loud");
    refused_by_libcyaml("", 1, "found an empty file");
}

/* Each mapping has as many rules as options, and they are of the same kind. */
static void check_rules(const la_mapping *m, unsigned depth)
{
    assert_true(depth < 8);
    for (unsigned i = 0; i < m->n; i++) {
        const cyaml_schema_field_t *field = &m->value->mapping.fields[i];
        const la_rule *rule = &m->rules[i];
        assert_non_null(field->key);
        switch ((int)field->value.type) {
        case CYAML_UINT:
            assert_true(rule->most > rule->least);
            break;
        case CYAML_ENUM:
            assert_non_null(rule->choices);
            assert_ptr_equal(rule->choices->names, field->value.enumeration.strings);
            break;
        case CYAML_STRING:
            assert_int_not_equal(rule->text, LA_TEXT_NONE);
            break;
        case CYAML_MAPPING:
            assert_ptr_equal(rule->of->value->mapping.fields, field->value.mapping.fields);
            check_rules(rule->of, depth + 1);
            break;
        case CYAML_SEQUENCE:
            assert_int_equal(rule->most, field->value.sequence.max);
            if (rule->of)
                check_rules(rule->of, depth + 1);
            break;
        default:
            assert_int_equal(field->value.type, CYAML_BOOL);
        }
    }
    assert_null(m->value->mapping.fields[m->n].key);
}

static void rules_stand_beside_their_options(void **state)
{
    check_rules(la_schema_root(), 0);
}

static void choices_have_values(void **state)
{
    assert_int_equal(la_choices_value(&la_choices_algorithms, "EdDSA"), 4);
    assert_int_equal(la_choices_value(&la_choices_algorithms, "ML-DSA-87"), 7);
    assert_int_equal(la_choices_value(&la_choices_profiles, "spring"), LA_PROFILE_SPRING);
    assert_int_equal(la_choices_value(&la_choices_profiles, "none"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_errors_are_one_line),
        cmocka_unit_test(rules_stand_beside_their_options),
        cmocka_unit_test(choices_have_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
