/* The admin API over a real store in a folder of its own, with an operator of each role and somebody who asks. */
#ifndef LA_TESTS_UNIT_API_RIG_H
#define LA_TESTS_UNIT_API_RIG_H

#include "unit.h"

#include "admin/operators.h"
#include "api/api.h"
#include "api/call.h"

#define RIG_PASSWORD "a long sentence of a test"
#define RIG_ORIGIN "http://127.0.0.1:8081"
#define RIG_KEYS LA_SLICE("/admin/v1/environments/production/keys")
#define RIG_APPLICATIONS "/admin/v1/environments/sandbox/applications"

typedef enum rig_user { RIG_ADMIN, RIG_DEVELOPER, RIG_STRANGER, RIG_AUDITOR, RIG_USERS } rig_user;

typedef struct rig {
    char *folder;
    la_config *config;
    la_master_key *master_key;
    la_commands commands; /* beside the API, as another process has them */
    la_api *api;
    char cookies[RIG_USERS][LA_COOKIE_BYTES + 64]; /* "__Host-leanauth-session=…" */
    bool throttled;
    unsigned failed_logins;
    int trial_status;
    const char *trial_body;
    char trial_form[2048];
} rig;

/* cmocka's set-up and tear-down. The developer has sandbox, the stranger (a developer too) production. */
int rig_set_up(void **state);
int rig_tear_down(void **state);

/* A request as a browser of `user` sends it; method -1 of `user`: nobody. */
typedef struct ask {
    const char *method, *path, *query, *body, *key, *if_match, *if_none_match, *authorization, *origin, *cookie;
    bool no_origin, no_type;
} ask;

typedef struct answer {
    int status;
    char type[64];
    char headers[4096];
    json_t *json; /* NULL where the body is none */
    size_t body_n;
} answer;

/* The answer lives until rig_forget. Fails the test where a problem is none by its form. */
answer rig_ask(rig *r, int user, const ask *a);
void rig_forget(answer *a);

/* Asks, and fails the test where the status is another. */
#define assert_status(r, user, expected, ...)                                                            \
    do {                                                                                                 \
        answer assert_status_ = rig_ask(r, user, &(ask){__VA_ARGS__});                                   \
        if (assert_status_.status != (expected))                                                         \
            fail_msg("status %d instead of %d: %s", assert_status_.status, expected,                     \
                     assert_status_.json ? json_dumps(assert_status_.json, JSON_COMPACT) : "(no body)"); \
        rig_forget(&assert_status_);                                                                     \
    } while (0)

const char *rig_text(const answer *a, const char *path); /* "application.client_id" */
void rig_path(char *ret, size_t n, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* An access token of production for that client, as the server would sign it. The caller frees it. */
char *rig_token(rig *r, const char *client_id, const char *scope, int64_t expires_in_s, const char *audience);

#endif
