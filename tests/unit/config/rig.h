/* Configurations as text: loaded from a real file, and compared with what la_config_load says of them. */
#ifndef LA_TESTS_CONFIG_RIG_H
#define LA_TESTS_CONFIG_RIG_H

#include "unit.h"

#include "config/config.h"

#include <string.h>

/* The least that an environment needs: five lines, the last of a file. */
#define ENVIRONMENT                                  \
    "environments:\n"                                \
    "  - name: production\n"                         \
    "    issuer: https://auth.example.com\n"         \
    "    api: {audience: https://api.example.com}\n" \
    "    customer: {audience: https://sdk.example.com}\n"

/* What follows ENVIRONMENT as a second one. */
#define SECOND(name, issuer)                         \
    "  - name: " name "\n"                           \
    "    issuer: " issuer "\n"                       \
    "    api: {audience: https://api.example.org}\n" \
    "    customer: {audience: https://sdk.example.org}\n"

static inline void rig_write(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline la_result rig_load_bytes(const void *bytes, size_t n, la_config **ret)
{
    char *folder = unit_mkdir(), path[300];
    snprintf(path, sizeof path, "%s/leanauth.yaml", folder);
    rig_write(path, bytes, n);
    la_result r = la_config_load(path, ret);
    unit_rmdir(folder);
    return r;
}

static inline la_config *rig_load(const char *text)
{
    la_config *c = NULL;
    assert_ok(rig_load_bytes(text, strlen(text), &c));
    assert_non_null(c);
    return c;
}

/* What the detail says behind the path of the file: "3: listen.port: expected …". */
static inline const char *rig_said(void)
{
    const char *name = "/leanauth.yaml:", *at = strstr(la_detail(), name);
    if (!at)
        fail_msg("no file and line in: %s", la_detail());
    return at + strlen(name);
}

/* The text is refused, and what is said begins so. */
static inline void rig_refused_bytes(const void *bytes, size_t n, const char *said)
{
    la_config *c = NULL;
    la_result r = rig_load_bytes(bytes, n, &c);
    if (la_is_ok(r))
        fail_msg("accepted, but expected: %s\n%.*s", said, (int)(n < 400 ? n : 400), (const char *)bytes);
    assert_code(r, LA_INVALID);
    assert_null(c);
    if (strncmp(rig_said(), said, strlen(said)) != 0)
        fail_msg("said:     %s\nexpected: %s", rig_said(), said);
    assert_null(strchr(la_detail(), '\n'));
}

static inline void rig_refused(const char *text, const char *said)
{
    rig_refused_bytes(text, strlen(text), said);
}

#endif
