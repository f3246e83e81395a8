/*
 * leanauth.yaml as a YAML document: reading it within limits, and finding the line of an option. Knows libyaml and files; knows
 * no option. Private to config/.
 */
#ifndef LA_CONFIG_DOCUMENT_H
#define LA_CONFIG_DOCUMENT_H

#include "base/result.h"
#include "base/slice.h"

#include <yaml.h>

#define LA_CONFIG_DOCUMENT_MAX_BYTES (1024 * 1024)
#define LA_CONFIG_DOCUMENT_MAX_DEPTH 16 /* of mappings and lists; the schema needs 5 */

typedef struct la_config_document {
    const char *file; /* borrowed; for messages */
    char *text;
    size_t text_bytes;
    yaml_document_t yaml;
    bool has_yaml;
} la_config_document;

/*
 * Reads a file that holds exactly one document of at most LA_CONFIG_DOCUMENT_MAX_BYTES in UTF-8, without aliases and tags.
 * IO, INVALID with "FILE:LINE: …", NO_MEMORY. *ret borrows `file`; done with la_config_document_done, also after a failure.
 */
la_result la_config_document_read(const char *file, la_config_document *ret);
void la_config_document_done(la_config_document *d);

/* The nodes of the document; NULL where there is none of that number (libyaml counts from 1). */
const yaml_node_t *la_config_document_node(const la_config_document *d, int node);
const yaml_node_t *la_config_document_root(const la_config_document *d);

/* The text of a scalar; empty for a mapping or a list. */
static inline la_slice la_node_text(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE)
        return LA_SLICE("");
    return (la_slice){(const char *)node->data.scalar.value, node->data.scalar.length};
}

static inline unsigned la_node_line(const yaml_node_t *node)
{
    return (unsigned)node->start_mark.line + 1;
}

/* The line of the value at a path such as "environments[1].hosts[0]"; of the nearest thing around it where the file does not have it. */
unsigned la_config_document_line(const la_config_document *d, const char *path);

/* Whether the file has something at the path. */
bool la_config_document_has(const la_config_document *d, const char *path);

/* INVALID with "FILE:LINE: PATH: " and the message, without the PATH where that is "". */
la_result la_config_document_fail(const la_config_document *d, unsigned line, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
