/*
 * The schema of leanauth.yaml, generated from options.def: the structs that libcyaml fills, its tables, and beside each of
 * its fields the rule that libcyaml has no word for (a range, what a text must look like). Private to config/.
 */
#ifndef LA_CONFIG_SCHEMA_H
#define LA_CONFIG_SCHEMA_H

#include "base/result.h"
#include "base/slice.h"
#include "config/value.h"

#include <cyaml/cyaml.h>
#include <stdint.h>

/* raw_listen, raw_environment, …: what the file says. A pointer that is NULL is an option that the file does not have. */
#define MAPPING(mapping) typedef struct raw_##mapping {
#define NUMBER(mapping, option, fallback, least, most) uint32_t *o_##option;
#define NEEDED_NUMBER(mapping, option, least, most) uint32_t *o_##option;
#define FLAG(mapping, option, fallback) bool *o_##option;
#define CHOICE(mapping, option, fallback, choices) int *o_##option;
#define TEXT(mapping, option, fallback, kind) char *o_##option;
#define NEEDED_TEXT(mapping, option, kind) char *o_##option;
#define OPTIONAL_TEXT(mapping, option, kind) char *o_##option;
#define TEXTS(mapping, option, kind, least, most) \
    char **o_##option;                            \
    uint32_t n_##option;
#define MAP(mapping, option, of) raw_##of o_##option;
#define NEEDED_MAP(mapping, option, of) raw_##of o_##option;
#define MAPS(mapping, option, of, most) \
    raw_##of *o_##option;               \
    uint32_t n_##option;
#define NEEDED_MAPS(mapping, option, of, most) \
    raw_##of *o_##option;                      \
    uint32_t n_##option;
#define END(mapping) \
    }                \
    raw_##mapping;
#include "config/options.def"

typedef struct la_choices {
    const cyaml_strval_t *names;
    uint32_t n;
} la_choices;

#define LA_CHOICES(name) extern const la_choices la_choices_##name
LA_CHOICES(levels);
LA_CHOICES(request_logs);
LA_CHOICES(algorithms); /* value: index in the list */
LA_CHOICES(profiles);
LA_CHOICES(customer_policies);
LA_CHOICES(customer_id_formats);
LA_CHOICES(tls_versions);
LA_CHOICES(proxy_certificates);
LA_CHOICES(dpop_nonces);

/* The value that a name of the list stands for; -1 where there is none of that name. */
int la_choices_value(const la_choices *choices, const char *name);

typedef struct la_mapping la_mapping;

/* Stands beside a field of libcyaml, at the same index. */
typedef struct la_rule {
    uint32_t least, most;      /* of a number, or of the length of a list */
    la_text_kind text;         /* of a text, or of each text of a list */
    const la_choices *choices; /* NULL: none */
    const la_mapping *of;      /* of a mapping, or of each mapping of a list; NULL: none */
} la_rule;

struct la_mapping {
    const cyaml_schema_value_t *value; /* value->mapping.fields are its options */
    const la_rule *rules;
    unsigned n;
};

/* The mapping that is the whole file. */
const la_mapping *la_schema_root(void);

static inline bool la_schema_is_needed(const cyaml_schema_field_t *field)
{
    return !(field->value.flags & CYAML_FLAG_OPTIONAL);
}

/*
 * Has libcyaml read the text of a whole file. INVALID with "FILE:LINE: …" in its words (la_shape_check has better ones
 * and comes first), or NO_MEMORY. The caller frees *ret with la_schema_free.
 */
la_result la_schema_load(const char *file, la_slice text, raw_root **ret);
raw_root *la_schema_free(raw_root *raw); /* takes NULL; returns NULL */

#endif
