/* See shape.h. Recursion follows the schema, so its depth is that of options.def. */
#include "config/shape.h"

#include "base/buffer.h"
#include "config/schema.h"

#include <string.h>

#define PATH_BYTES 256
#define LIST_BYTES 320
#define FOUND_BYTES 64
#define MOST_OPTIONS 32 /* of one mapping */

typedef struct shape {
    const la_config_document *document;
    char path[PATH_BYTES]; /* of what is looked at, zero-terminated */
} shape;

static la_result check_value(shape *s, const yaml_node_t *node, const cyaml_schema_value_t *value, const la_rule *rule);

/* ---- saying what is wrong ---- */

/* What the file has, short and printable: it goes to terminals and logs. */
static const char *describe(const yaml_node_t *node, char ret[FOUND_BYTES])
{
    la_buffer b;
    if (node->type == YAML_MAPPING_NODE)
        return "a mapping";
    if (node->type == YAML_SEQUENCE_NODE)
        return "a list";
    la_slice text = la_node_text(node);
    bool quoted = node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (text.n == 0)
        return quoted ? "an empty text" : "nothing";
    la_buffer_init_fixed(&b, ret, FOUND_BYTES);
    if (quoted)
        la_buffer_add_char(&b, '"');
    for (size_t i = 0; i < text.n && i < 40; i++)
        la_buffer_add_char(&b, text.p[i] >= 0x20 && text.p[i] < 0x7F ? text.p[i] : '?');
    if (text.n > 40)
        la_buffer_add_text(&b, "...");
    if (quoted)
        la_buffer_add_char(&b, '"');
    return la_buffer_text(&b);
}

static la_result expected(const shape *s, const yaml_node_t *node, const char *what)
{
    char found[FOUND_BYTES];
    return la_config_document_fail(s->document, la_node_line(node), s->path, "expected %s; found %s", what,
                                   describe(node, found));
}

static const char *list_options(const la_mapping *m, char ret[LIST_BYTES])
{
    la_buffer b;
    la_buffer_init_fixed(&b, ret, LIST_BYTES);
    for (unsigned i = 0; i < m->n; i++)
        la_buffer_add_format(&b, "%s%s", i ? ", " : "", m->value->mapping.fields[i].key);
    return la_buffer_text(&b);
}

/* ---- the path ---- */

static size_t push_key(shape *s, const char *key)
{
    size_t before = strlen(s->path);
    snprintf(s->path + before, sizeof s->path - before, "%s%s", before ? "." : "", key);
    return before;
}

static size_t push_index(shape *s, unsigned index)
{
    size_t before = strlen(s->path);
    snprintf(s->path + before, sizeof s->path - before, "[%u]", index);
    return before;
}

static void pop(shape *s, size_t before)
{
    s->path[before] = 0;
}

/* ---- scalars ---- */

/* Without quotes, or no scalar at all. */
static bool is_plain(const yaml_node_t *node)
{
    return node->type != YAML_SCALAR_NODE || node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* Plain decimal digits. Not 010, which is eight to libcyaml, and not "8080" in quotes, which is a text in YAML. */
static la_result check_number(const shape *s, const yaml_node_t *node, const la_rule *rule)
{
    la_slice text = la_node_text(node);
    unsigned long long v = 0;
    bool decimal = la_slice_to_u64(text, rule->most, &v) && (text.n == 1 || text.p[0] != '0');
    if (decimal && v >= rule->least && is_plain(node))
        return la_ok();
    char what[80];
    snprintf(what, sizeof what, "a whole number from %u to %u%s", rule->least, rule->most,
             is_plain(node) ? "" : ", without quotes");
    return expected(s, node, what);
}

static la_result check_flag(const shape *s, const yaml_node_t *node)
{
    la_slice text = la_node_text(node);
    if (!is_plain(node))
        return expected(s, node, "true or false, without quotes");
    if (!la_slice_is(text, "true") && !la_slice_is(text, "false"))
        return expected(s, node, "true or false");
    return la_ok();
}

static la_result check_choice(const shape *s, const yaml_node_t *node, const la_choices *choices)
{
    char what[LIST_BYTES];
    la_buffer b;
    la_buffer_init_fixed(&b, what, sizeof what);
    la_buffer_add_text(&b, "one of ");
    for (uint32_t i = 0; i < choices->n; i++) {
        if (la_slice_is(la_node_text(node), choices->names[i].str))
            return la_ok();
        la_buffer_add_format(&b, "%s%s", i ? ", " : "", choices->names[i].str);
    }
    return expected(s, node, la_buffer_text(&b));
}

/* YAML's null; libcyaml would make the word "null" of it. */
static bool is_null(const yaml_node_t *node)
{
    static const char *const nulls[] = {"~", "null", "Null", "NULL"};
    la_slice text = la_node_text(node);
    for (unsigned i = 0; is_plain(node) && i < sizeof nulls / sizeof *nulls; i++)
        if (la_slice_is(text, nulls[i]))
            return true;
    return false;
}

static la_result check_text(const shape *s, const yaml_node_t *node, la_text_kind kind)
{
    const char *what = la_text_expected(kind, la_node_text(node));
    if (!what && is_null(node))
        what = "a text";
    return what ? expected(s, node, what) : la_ok();
}

/* ---- mappings and lists ---- */

static unsigned find_option(const la_mapping *m, la_slice key)
{
    unsigned i = 0;
    while (i < m->n && !la_slice_is(key, m->value->mapping.fields[i].key))
        i++;
    return i;
}

static la_result check_needed(const shape *s, const yaml_node_t *node, const la_mapping *m, const unsigned *lines)
{
    for (unsigned i = 0; i < m->n; i++) {
        const cyaml_schema_field_t *field = &m->value->mapping.fields[i];
        if (!lines[i] && la_schema_is_needed(field))
            return la_config_document_fail(s->document, la_node_line(node), s->path,
                                           "expected the option %s here: it has no default", field->key);
    }
    return la_ok();
}

static la_result check_pair(shape *s, const yaml_node_pair_t *pair, const la_mapping *m, unsigned *lines)
{
    char options[LIST_BYTES], what[LIST_BYTES + 32];
    const yaml_node_t *key = la_config_document_node(s->document, pair->key);
    const yaml_node_t *value = la_config_document_node(s->document, pair->value);
    if (!key || !value || key->type != YAML_SCALAR_NODE)
        return la_config_document_fail(s->document, key ? la_node_line(key) : 1, s->path,
                                       "expected the name of an option");
    unsigned i = find_option(m, la_node_text(key));
    if (i == m->n) {
        snprintf(what, sizeof what, "one of the options %s", list_options(m, options));
        return expected(s, key, what);
    }
    const cyaml_schema_field_t *field = &m->value->mapping.fields[i];
    size_t before = push_key(s, field->key);
    if (lines[i])
        return la_config_document_fail(s->document, la_node_line(key), s->path,
                                       "expected it once; found it in line %u too", lines[i]);
    lines[i] = la_node_line(key);
    LA_TRY(check_value(s, value, &field->value, &m->rules[i]));
    pop(s, before);
    return la_ok();
}

static la_result check_mapping(shape *s, const yaml_node_t *node, const la_mapping *m)
{
    unsigned lines[MOST_OPTIONS] = {0}; /* of each option's key; 0: not there */
    for (const yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++)
        LA_TRY(check_pair(s, p, m, lines));
    return check_needed(s, node, m, lines);
}

static la_result check_list(shape *s, const yaml_node_t *node, const cyaml_schema_value_t *value, const la_rule *rule)
{
    const yaml_node_item_t *items = node->data.sequence.items.start;
    size_t n = (size_t)(node->data.sequence.items.top - items);
    if (n < rule->least || n > rule->most)
        return la_config_document_fail(s->document, la_node_line(node), s->path,
                                       "expected a list of %u to %u entries; found %zu", rule->least, rule->most, n);
    for (unsigned i = 0; i < n; i++) {
        const yaml_node_t *entry = la_config_document_node(s->document, items[i]);
        size_t before = push_index(s, i);
        if (entry)
            LA_TRY(check_value(s, entry, value->sequence.entry, rule));
        pop(s, before);
    }
    return la_ok();
}

static la_result check_scalar(const shape *s, const yaml_node_t *node, const cyaml_schema_value_t *value,
                              const la_rule *rule)
{
    if (value->type == CYAML_UINT)
        return check_number(s, node, rule);
    if (value->type == CYAML_BOOL)
        return check_flag(s, node);
    if (value->type == CYAML_ENUM)
        return check_choice(s, node, rule->choices);
    return check_text(s, node, rule->text);
}

static la_result check_value(shape *s, const yaml_node_t *node, const cyaml_schema_value_t *value, const la_rule *rule)
{
    if (value->type == CYAML_MAPPING) {
        char what[LIST_BYTES + 32], options[LIST_BYTES];
        if (node->type == YAML_MAPPING_NODE)
            return check_mapping(s, node, rule->of);
        snprintf(what, sizeof what, "a mapping with %s", list_options(rule->of, options));
        return expected(s, node, what);
    }
    if (value->type == CYAML_SEQUENCE)
        return node->type == YAML_SEQUENCE_NODE ? check_list(s, node, value, rule) : expected(s, node, "a list");
    return check_scalar(s, node, value, rule);
}

la_result la_shape_check(const la_config_document *d)
{
    shape s = {.document = d};
    const la_rule rule = {.of = la_schema_root()};
    return check_value(&s, la_config_document_root(d), rule.of->value, &rule);
}
