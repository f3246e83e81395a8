/*
 * The tables for libcyaml, and calling it. Knows options.def and libcyaml; knows nothing of what an option is for.
 */
#include "config/schema.h"

#include "base/log.h"
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- choices ---- */

static const cyaml_strval_t level_names[] = {
    {"debug", LA_LOG_DEBUG},
    {"info", LA_LOG_INFO},
    {"warn", LA_LOG_WARN},
    {"error", LA_LOG_ERROR},
};
static const cyaml_strval_t request_log_names[] = {
    {"all", LA_REQUEST_LOG_ALL},
    {"refused", LA_REQUEST_LOG_REFUSED},
    {"none", LA_REQUEST_LOG_NONE},
};
static const cyaml_strval_t algorithm_names[] = {{"ES256", 0}, {"RS256", 1},     {"PS256", 2},     {"ES384", 3},
                                                 {"EdDSA", 4}, {"ML-DSA-44", 5}, {"ML-DSA-65", 6}, {"ML-DSA-87", 7}};
static const cyaml_strval_t profile_names[] = {{"rfc9068", LA_PROFILE_RFC9068}, {"spring", LA_PROFILE_SPRING}};
static const cyaml_strval_t customer_policy_names[] = {{"any", LA_CUSTOMERS_ANY},
                                                       {"registered", LA_CUSTOMERS_REGISTERED}};
static const cyaml_strval_t customer_id_format_names[] = {
    {"uuid", LA_CUSTOMER_ID_UUID},
    {"digits", LA_CUSTOMER_ID_DIGITS},
    {"opaque", LA_CUSTOMER_ID_OPAQUE},
};
static const cyaml_strval_t tls_version_names[] = {{"1.2", LA_TLS_1_2}, {"1.3", LA_TLS_1_3}};
static const cyaml_strval_t proxy_certificate_names[] = {
    {"none", LA_PROXY_CERTIFICATE_NONE},
    {"client-cert", LA_PROXY_CERTIFICATE_CLIENT_CERT},
    {"escaped-pem", LA_PROXY_CERTIFICATE_ESCAPED_PEM},
    {"xfcc", LA_PROXY_CERTIFICATE_XFCC},
};

static const cyaml_strval_t dpop_nonce_names[] = {{"off", LA_DPOP_NONCE_OFF}, {"required", LA_DPOP_NONCE_REQUIRED}};

#define CHOICES_OF(names_)              \
    {                                   \
        names_, CYAML_ARRAY_LEN(names_) \
    }
const la_choices la_choices_levels = CHOICES_OF(level_names);
const la_choices la_choices_request_logs = CHOICES_OF(request_log_names);
const la_choices la_choices_algorithms = CHOICES_OF(algorithm_names);
const la_choices la_choices_profiles = CHOICES_OF(profile_names);
const la_choices la_choices_customer_policies = CHOICES_OF(customer_policy_names);
const la_choices la_choices_customer_id_formats = CHOICES_OF(customer_id_format_names);
const la_choices la_choices_tls_versions = CHOICES_OF(tls_version_names);
const la_choices la_choices_proxy_certificates = CHOICES_OF(proxy_certificate_names);
const la_choices la_choices_dpop_nonces = CHOICES_OF(dpop_nonce_names);

/* As arrays for the initialisers below, which cannot read a la_choices. */
#define NAMES_levels level_names
#define NAMES_request_logs request_log_names
#define NAMES_algorithms algorithm_names
#define NAMES_profiles profile_names
#define NAMES_customer_policies customer_policy_names
#define NAMES_customer_id_formats customer_id_format_names
#define NAMES_tls_versions tls_version_names
#define NAMES_proxy_certificates proxy_certificate_names
#define NAMES_dpop_nonces dpop_nonce_names

int la_choices_value(const la_choices *choices, const char *name)
{
    for (uint32_t i = 0; i < choices->n; i++)
        if (strcmp(choices->names[i].str, name) == 0)
            return (int)choices->names[i].val;
    return -1;
}

/* ---- libcyaml's fields ---- */

#define NEEDED CYAML_FLAG_DEFAULT
#define OPTIONAL CYAML_FLAG_OPTIONAL

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};

#define LIST(mapping, option, flags, entry, least, most)                                                            \
    CYAML_FIELD_SEQUENCE_COUNT(#option, CYAML_FLAG_POINTER | (flags), raw_##mapping, o_##option, n_##option, entry, \
                               least, most),

#define MAPPING(mapping) static const cyaml_schema_field_t fields_##mapping[] = {
#define NUMBER(mapping, option, fallback, least, most) \
    CYAML_FIELD_UINT_PTR(#option, OPTIONAL, raw_##mapping, o_##option),
#define NEEDED_NUMBER(mapping, option, least, most) CYAML_FIELD_UINT_PTR(#option, NEEDED, raw_##mapping, o_##option),
#define FLAG(mapping, option, fallback) CYAML_FIELD_BOOL_PTR(#option, OPTIONAL, raw_##mapping, o_##option),
#define CHOICE(mapping, option, fallback, choices)                                                          \
    CYAML_FIELD_ENUM_PTR(#option, OPTIONAL | CYAML_FLAG_STRICT, raw_##mapping, o_##option, NAMES_##choices, \
                         CYAML_ARRAY_LEN(NAMES_##choices)),
#define TEXT(mapping, option, fallback, kind) \
    CYAML_FIELD_STRING_PTR(#option, OPTIONAL, raw_##mapping, o_##option, 0, CYAML_UNLIMITED),
#define NEEDED_TEXT(mapping, option, kind) \
    CYAML_FIELD_STRING_PTR(#option, NEEDED, raw_##mapping, o_##option, 0, CYAML_UNLIMITED),
#define OPTIONAL_TEXT(mapping, option, kind) TEXT(mapping, option, NULL, kind)
#define TEXTS(mapping, option, kind, least, most) LIST(mapping, option, OPTIONAL, &text_entry, least, most)
#define MAP(mapping, option, of) CYAML_FIELD_MAPPING(#option, OPTIONAL, raw_##mapping, o_##option, fields_##of),
#define NEEDED_MAP(mapping, option, of) CYAML_FIELD_MAPPING(#option, NEEDED, raw_##mapping, o_##option, fields_##of),
#define MAPS(mapping, option, of, most) LIST(mapping, option, OPTIONAL, &entry_##of, 0, most)
#define NEEDED_MAPS(mapping, option, of, most) LIST(mapping, option, NEEDED, &entry_##of, 1, most)
#define END(mapping)                                      \
    CYAML_FIELD_END                                       \
    }                                                     \
    ;                                                     \
    static const cyaml_schema_value_t entry_##mapping = { \
        CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, raw_##mapping, fields_##mapping)};
#include "config/options.def"

static const cyaml_schema_value_t file_value = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, raw_root, fields_root)};

/* ---- the rules beside the fields ---- */

#define MAPPING(mapping) static const la_rule rules_##mapping[] = {
#define NUMBER(mapping, option, fallback, least_, most_) {.least = least_, .most = most_},
#define NEEDED_NUMBER(mapping, option, least_, most_) {.least = least_, .most = most_},
#define FLAG(mapping, option, fallback) {.text = LA_TEXT_NONE},
#define CHOICE(mapping, option, fallback, choices_) {.choices = &la_choices_##choices_},
#define TEXT(mapping, option, fallback, kind) {.text = LA_TEXT_##kind},
#define NEEDED_TEXT(mapping, option, kind) {.text = LA_TEXT_##kind},
#define OPTIONAL_TEXT(mapping, option, kind) {.text = LA_TEXT_##kind},
#define TEXTS(mapping, option, kind, least_, most_) {.text = LA_TEXT_##kind, .least = least_, .most = most_},
#define MAP(mapping, option, of_) {.of = &mapping_##of_},
#define NEEDED_MAP(mapping, option, of_) {.of = &mapping_##of_},
#define MAPS(mapping, option, of_, most_) {.of = &mapping_##of_, .most = most_},
#define NEEDED_MAPS(mapping, option, of_, most_) {.of = &mapping_##of_, .least = 1, .most = most_},
#define END(mapping)                                                                                                   \
    }                                                                                                                  \
    ;                                                                                                                  \
    static const la_mapping mapping_##mapping = {&entry_##mapping, rules_##mapping, CYAML_ARRAY_LEN(rules_##mapping)}; \
    _Static_assert(CYAML_ARRAY_LEN(fields_##mapping) == CYAML_ARRAY_LEN(rules_##mapping) + 1, "one rule a field");
#include "config/options.def"

const la_mapping *la_schema_root(void)
{
    return &mapping_root;
}

/* ---- calling libcyaml ---- */

/* What libcyaml logs, made into one line: its first error, and the first "line: N" of the trace that follows. */
typedef struct capture {
    char error[256];
    unsigned line;
} capture;

static void catch_log(cyaml_log_t level, void *self, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static void catch_log(cyaml_log_t level, void *self, const char *format, va_list args)
{
    capture *c = self;
    char message[256];
    if (level < CYAML_LOG_ERROR)
        return;
    vsnprintf(message, sizeof message, format, args);
    message[strcspn(message, "\n")] = 0;
    if (!c->error[0])
        memcpy(c->error, message, sizeof message);
    const char *line = strstr(message, "line: ");
    if (line && !c->line)
        c->line = (unsigned)strtoul(line + strlen("line: "), NULL, 10);
}

static void *allocate(void *self, void *p, size_t bytes)
{
    if (bytes == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, bytes);
}

static cyaml_config_t settings(capture *c)
{
    return (cyaml_config_t){
        .log_fn = catch_log,
        .log_ctx = c,
        .mem_fn = allocate,
        .log_level = CYAML_LOG_ERROR,
        .flags = CYAML_CFG_NO_ALIAS,
    };
}

la_result la_schema_load(const char *file, la_slice text, raw_root **ret)
{
    capture caught = {.line = 0};
    cyaml_config_t config = settings(&caught);
    raw_root *raw = NULL;
    cyaml_err_t e = cyaml_load_data((const uint8_t *)text.p, text.n, &config, &file_value, (cyaml_data_t **)&raw, NULL);
    if (e == CYAML_ERR_OOM || e == CYAML_ERR_LIBYAML_PARSER_INIT)
        return la_fail(LA_NO_MEMORY, "%s: out of memory", file);
    if (e != CYAML_OK)
        return la_fail(LA_INVALID, "%s:%u: %s", file, caught.line ? caught.line : 1,
                       caught.error[0] ? caught.error : cyaml_strerror(e));
    if (!raw)
        return la_fail(LA_INVALID, "%s:1: expected a configuration; found an empty file", file);
    *ret = raw;
    return la_ok();
}

raw_root *la_schema_free(raw_root *raw)
{
    capture caught = {.line = 0};
    cyaml_config_t config = settings(&caught);
    (void)cyaml_free(&config, &file_value, raw, 0); /* fails for wrong arguments only */
    return NULL;
}
