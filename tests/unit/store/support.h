/* A store in a folder of its own, short ways to fill it, and a mirror that follows the feed as a registry does. */
#ifndef LA_TESTS_UNIT_STORE_SUPPORT_H
#define LA_TESTS_UNIT_STORE_SUPPORT_H

#include "unit.h"

#include "store/store.h"

#define NOW_S 1800000000

typedef struct fixture {
    char *dir;
    char path[300];
    la_store *store;
    uint16_t production; /* two environments */
    uint16_t sandbox;
} fixture;

/* cmocka set-up and tear-down: *state is a fixture with an open store that has two environments. */
int set_up_store(void **state);
int tear_down_store(void **state);

/* Runs SQL on the file by a connection of its own; the only row's first column, or 0. */
int64_t run_sql(const char *path, const char *sql);

la_new_secret keyed_secret(uint8_t fill);
la_new_application new_application(uint16_t environment_id, const char *client_id, const la_new_secret *secret);

/* Creates one and gives its application_id. */
uint64_t add_application(fixture *f, uint16_t environment_id, const char *client_id, const la_new_secret *secret);

la_result set_enabled(la_store *s, uint64_t application_id, bool enabled);

/* la_store_list_applications without a search. */
la_result list_from(la_store *s, uint16_t environment_id, uint64_t after_id, unsigned limit, la_application_fn each,
                    void *self);

/* Text that is equal where the content of the whole file is. */
void hash_file(const char *path, char ret[65]);

/* What a registry would hold: one line of text for each entity, by a key. */
typedef struct mirror {
    struct mirror_entry {
        char *key;
        char *value;
    } * entries;
    size_t n;
    size_t applied; /* items */
} mirror;

la_result mirror_apply(void *self, const la_feed_item *item);
void mirror_done(mirror *m);
const char *mirror_get(mirror *m, const char *key); /* NULL where it is not there */

/* Fails the test where the two differ. */
void assert_mirrors_equal(mirror *a, mirror *b);

/* Fails the test where `m`, brought up to date from *position by steps of `most`, is not what read_all gives. */
void assert_mirror_follows(la_store *s, mirror *m, la_feed_position *position, unsigned most);

#endif
