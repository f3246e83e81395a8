/* See document.h. */
#include "config/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_BYTES 512
#define FIRST_BYTES 16384

la_result la_config_document_fail(const la_config_document *d, unsigned line, const char *path, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return la_fail(LA_INVALID, "%s:%u: %s%s%s", d->file, line, path, *path ? ": " : "", message);
}

/* ---- reading ---- */

/* Makes room for one byte more than is there, up to one more than the maximum, so that a larger file is noticed. */
static la_result grow(la_config_document *d, size_t *capacity)
{
    size_t wanted = *capacity ? *capacity * 2 : FIRST_BYTES;
    if (wanted > LA_CONFIG_DOCUMENT_MAX_BYTES + 1)
        wanted = LA_CONFIG_DOCUMENT_MAX_BYTES + 1;
    char *larger = realloc(d->text, wanted);
    if (!larger)
        return la_fail(LA_NO_MEMORY, "%s: out of memory", d->file);
    d->text = larger;
    *capacity = wanted;
    return la_ok();
}

static la_result read_all(la_config_document *d, int fd)
{
    size_t capacity = 0;
    for (;;) {
        if (d->text_bytes > LA_CONFIG_DOCUMENT_MAX_BYTES)
            return la_config_document_fail(d, 1, "", "expected a file of at most 1 MiB");
        if (d->text_bytes == capacity)
            LA_TRY(grow(d, &capacity));
        ssize_t n = read(fd, d->text + d->text_bytes, capacity - d->text_bytes);
        if (n == 0)
            return la_ok();
        if (n > 0)
            d->text_bytes += (size_t)n;
        else if (errno != EINTR)
            return la_fail(LA_IO, "cannot read %s: %s", d->file, strerror(errno));
    }
}

static la_result read_file(la_config_document *d)
{
    int fd = open(d->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return la_fail(LA_IO, "cannot open %s: %s", d->file, strerror(errno));
    la_result r = read_all(d, fd);
    close(fd);
    return r;
}

/* ---- parsing ---- */

/* libyaml gives an offset instead of a line where the bytes are no text. */
static unsigned line_at(const la_config_document *d, size_t offset)
{
    unsigned line = 1;
    for (size_t i = 0; i < offset && i < d->text_bytes; i++)
        line += d->text[i] == '\n';
    return line;
}

static la_result parser_failure(const la_config_document *d, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR)
        return la_fail(LA_NO_MEMORY, "%s: out of memory", d->file);
    if (parser->error == YAML_READER_ERROR)
        return la_config_document_fail(d, line_at(d, parser->problem_offset), "", "expected text in UTF-8: %s",
                                       parser->problem);
    return la_config_document_fail(d, (unsigned)parser->problem_mark.line + 1, "", "expected YAML: %s%s%s",
                                   parser->context ? parser->context : "", parser->context ? ", " : "",
                                   parser->problem);
}

static la_result start(const la_config_document *d, yaml_parser_t *parser)
{
    if (!yaml_parser_initialize(parser))
        return la_fail(LA_NO_MEMORY, "%s: out of memory", d->file);
    yaml_parser_set_input_string(parser, (const unsigned char *)d->text, d->text_bytes);
    return la_ok();
}

typedef struct guard {
    unsigned depth;
    unsigned documents;
    bool end;
} guard;

static la_result guard_event(const la_config_document *d, const yaml_event_t *event, guard *g)
{
    unsigned line = (unsigned)event->start_mark.line + 1;
    const unsigned char *tag = NULL;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (g->documents++)
            return la_config_document_fail(d, line, "", "expected one YAML document; found a second one");
        break;
    case YAML_ALIAS_EVENT:
        return la_config_document_fail(d, line, "", "expected no alias (*%s): write the value out",
                                       (const char *)event->data.alias.anchor);
    case YAML_MAPPING_START_EVENT:
        tag = event->data.mapping_start.tag;
        g->depth++;
        break;
    case YAML_SEQUENCE_START_EVENT:
        tag = event->data.sequence_start.tag;
        g->depth++;
        break;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        g->depth--;
        break;
    case YAML_SCALAR_EVENT:
        tag = event->data.scalar.tag;
        break;
    case YAML_STREAM_END_EVENT:
        g->end = true;
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    if (tag)
        return la_config_document_fail(d, line, "", "expected a value without a tag (!…)");
    if (g->depth > LA_CONFIG_DOCUMENT_MAX_DEPTH)
        return la_config_document_fail(d, line, "", "expected at most %d levels of mappings and lists",
                                       LA_CONFIG_DOCUMENT_MAX_DEPTH);
    return la_ok();
}

/* Looks at the file event by event first, because the loaders of libyaml and libcyaml take quadratic time or unbounded memory
 * for deep nesting and for aliases of aliases. */
static la_result guard_file(const la_config_document *d)
{
    yaml_parser_t parser;
    guard g = {.depth = 0};
    LA_TRY(start(d, &parser));
    la_result r = la_ok();
    while (la_is_ok(r) && !g.end) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            r = parser_failure(d, &parser);
            break;
        }
        r = guard_event(d, &event, &g);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return r;
}

static la_result load_yaml(la_config_document *d)
{
    yaml_parser_t parser;
    LA_TRY(start(d, &parser));
    d->has_yaml = yaml_parser_load(&parser, &d->yaml);
    la_result r = d->has_yaml ? la_ok() : parser_failure(d, &parser);
    yaml_parser_delete(&parser);
    return r;
}

static bool is_utf16(const la_config_document *d)
{
    return d->text_bytes >= 2 && (memcmp(d->text, "\xFF\xFE", 2) == 0 || memcmp(d->text, "\xFE\xFF", 2) == 0);
}

la_result la_config_document_read(const char *file, la_config_document *ret)
{
    *ret = (la_config_document){.file = file};
    LA_TRY(read_file(ret));
    if (is_utf16(ret))
        return la_config_document_fail(ret, 1, "", "expected text in UTF-8; found UTF-16");
    LA_TRY(guard_file(ret));
    LA_TRY(load_yaml(ret));
    if (!la_config_document_root(ret))
        return la_config_document_fail(ret, 1, "",
                                       "expected a configuration with at least one environment; found an empty file");
    return la_ok();
}

void la_config_document_done(la_config_document *d)
{
    if (d->has_yaml)
        yaml_document_delete(&d->yaml);
    free(d->text);
    *d = (la_config_document){.file = NULL};
}

/* ---- finding ---- */

const yaml_node_t *la_config_document_node(const la_config_document *d, int node)
{
    const yaml_node_t *start_of = d->yaml.nodes.start;
    return node > 0 && node <= d->yaml.nodes.top - start_of ? start_of + node - 1 : NULL;
}

const yaml_node_t *la_config_document_root(const la_config_document *d)
{
    return la_config_document_node(d, 1);
}

static const yaml_node_t *member(const la_config_document *d, const yaml_node_t *mapping, la_slice key)
{
    if (mapping->type != YAML_MAPPING_NODE)
        return NULL;
    for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top; p++) {
        const yaml_node_t *name = la_config_document_node(d, p->key);
        if (name && name->type == YAML_SCALAR_NODE && la_slice_equal(la_node_text(name), key))
            return la_config_document_node(d, p->value);
    }
    return NULL;
}

static const yaml_node_t *item(const la_config_document *d, const yaml_node_t *list, unsigned long index)
{
    if (list->type != YAML_SEQUENCE_NODE ||
        index >= (unsigned long)(list->data.sequence.items.top - list->data.sequence.items.start))
        return NULL;
    return la_config_document_node(d, list->data.sequence.items.start[index]);
}

/* The node at the path, or NULL; *ret_last is the last one on the way that is there. */
static const yaml_node_t *find(const la_config_document *d, const char *path, const yaml_node_t **ret_last)
{
    const yaml_node_t *at = la_config_document_root(d);
    *ret_last = at;
    while (at && *path) {
        if (*path == '[') {
            char *end;
            at = item(d, at, strtoul(path + 1, &end, 10));
            path = end + 1; /* behind the ] */
        } else {
            path += *path == '.';
            size_t n = strcspn(path, ".[");
            at = member(d, at, (la_slice){path, n});
            path += n;
        }
        if (at)
            *ret_last = at;
    }
    return at;
}

unsigned la_config_document_line(const la_config_document *d, const char *path)
{
    const yaml_node_t *last;
    (void)find(d, path, &last);
    return last ? la_node_line(last) : 1;
}

bool la_config_document_has(const la_config_document *d, const char *path)
{
    const yaml_node_t *last;
    return find(d, path, &last) != NULL;
}
