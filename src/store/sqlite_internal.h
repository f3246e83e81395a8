/*
 * What the files of the SQLite store share: the handle, statements, transactions, the writing side of the feed.
 * Nothing outside src/store/ includes this.
 *
 * The shape of an operation: la_read_begin or la_write_begin, the work in a static function, and its result handed to
 * la_read_end or la_write_end, which commits or rolls back.
 */
#ifndef LA_STORE_SQLITE_INTERNAL_H
#define LA_STORE_SQLITE_INTERNAL_H

#include "store/store.h"

#include <sqlite3.h>
#include <sys/types.h>

#define LA_STORE_STATEMENTS_MAX 192
#define LA_STORE_APPLICATION_ID 0x6c6e6175 /* "lnau": PRAGMA application_id of our databases */
#define LA_STORE_ID_BYTES 16
#define LA_SECRET_NUMBER_BITS 16 /* secret_id = application_id << 16 | number */
#define LA_SECRET_HINT_MAX 39
#define LA_FEED_KEPT 100000 /* newest changes that are kept; a registry further behind reads everything */

typedef struct la_statement {
    const char *sql; /* found by its address: a literal */
    sqlite3_stmt *st;
} la_statement;

/* The database and what SQLite keeps beside it. They are one database, of which the newest part is in the log. */
typedef enum la_file { LA_FILE_DATABASE, LA_FILE_LOG, LA_FILE_INDEX, LA_FILES } la_file;

typedef struct la_file_id {
    dev_t device;
    ino_t inode; /* 0: not known */
} la_file_id;

struct la_store {
    sqlite3 *db;
    la_store *next; /* of those that are open in this process */
    char *path;     /* absolute */
    la_file_id files[LA_FILES];
    uint8_t id[LA_STORE_ID_BYTES];
    unsigned readers;      /* nested reads within one transaction */
    bool writing;          /* this handle has the write lock */
    bool in_group;         /* operations that write are savepoints of the transaction around them */
    la_code group_failure; /* of the last operation in it that failed */
    bool importing;
    bool import_failed;
    uint64_t import_first_id;
    uint64_t import_last_id;
    unsigned n_statements;
    la_statement statements[LA_STORE_STATEMENTS_MAX];
};

/* ---- presence.c ---- */

/* Whether another file has the name of one of ours: it is not ours to write to, or to remove. */
bool la_files_are_foreign(const la_store *s);

/* UNAVAILABLE while a handle of this process has a file at `path` open, and others of its files are not in their place. */
la_result la_handles_check(const char *path);
/* Right after SQLite has opened the log and its index, which are remembered: SQLite keeps no name by which they could be asked for later. Checks
 * once more, and adds the handle in any case. */
la_result la_handles_add(la_store *s);
/* Once more, for a log that SQLite did not have yet. */
void la_handles_remember(la_store *s);
/* Once SQLite has let go. Takes one that was not added. */
void la_handles_remove(la_store *s);

/* ---- sqlite.c: errors ---- */

/* Turns an extended SQLite result code into ours, with a detail that names the file and what to do. */
la_result la_sql_fail(sqlite3 *db, const char *path, int rc);

/* ---- sqlite.c: statements ---- */

/* One use of a cached statement. Values are bound in the order of its question marks and must live until
 * la_sql_done; a failed bind is remembered and returned by the next step. */
typedef struct la_sql {
    la_store *store;
    sqlite3_stmt *st;
    int bound;
    int rc;
} la_sql;

/* `sql` is a string literal. CONFLICT where that statement is being stepped through by a caller further up. */
la_result la_sql_begin(la_store *s, const char *sql, la_sql *ret);
void la_sql_null(la_sql *q);
void la_sql_int(la_sql *q, int64_t v);
void la_sql_id(la_sql *q, uint64_t v);   /* what exceeds 63 bits finds nothing */
void la_sql_text(la_sql *q, la_slice v); /* absent: NULL */
void la_sql_blob(la_sql *q, la_slice v);
/* Two values: a text that begins with `prefix` is >= the first and < the second, which is made in `memory` of prefix.n bytes. */
void la_sql_prefix(la_sql *q, la_slice prefix, char *memory);

/* Moves to the next row; after the last one, or a failure, the statement is done. */
la_result la_sql_step(la_sql *q, bool *ret_row);
void la_sql_done(la_sql *q);

/* For a loop over rows. `*r` is OK at first, and then what became of the row before: true where there is another one, else the statement is
 * done. */
bool la_sql_next(la_sql *q, la_result *r);

/* All of a statement that gives no row. */
la_result la_sql_run(la_sql *q);

/* The only row, which must be there, as an integer (NULL is 0). */
la_result la_sql_run_int(la_sql *q, int64_t *ret);

/* Columns of the present row. Slices live until the next step. */
int64_t la_sql_get_int(la_sql *q, int column);
la_slice la_sql_get_slice(la_sql *q, int column); /* absent for NULL */
/* Copies text with its zero byte; CORRUPT where it is longer than max. */
la_result la_sql_get_text(la_sql *q, int column, char *ret, size_t max);
la_result la_sql_get_blob(la_sql *q, int column, uint8_t *ret, size_t max, size_t *ret_n);
la_result la_sql_get_digest(la_sql *q, int column, uint8_t ret[LA_DIGEST_BYTES]);

static inline la_slice la_slice_of_digest(const uint8_t digest[LA_DIGEST_BYTES])
{
    return (la_slice){(const char *)digest, LA_DIGEST_BYTES};
}

/* ---- sqlite.c: transactions ---- */

/* A read may start within another one, or within an import: it then sees the same moment. */
la_result la_read_begin(la_store *s);
la_result la_read_end(la_store *s, la_result r);

/* Takes the write lock, or joins the group that has it. UNAVAILABLE where the file was moved away, so nothing is
 * acknowledged that nobody would find. */
la_result la_write_begin(la_store *s);
/* Commits where r is OK, else rolls back; within a group only this operation. Returns what failed first. */
la_result la_write_end(la_store *s, la_result r);
/* Fails where a group has lost its transaction, so that nothing runs outside of one. */
la_result la_group_check(const la_store *s);

/* INVALID where the text is absent, longer than max bytes or holds a zero byte. */
la_result la_store_check_text(const char *what, la_slice text, size_t max);

/* ---- migrations.c ---- */
extern const char *const la_schema_steps[]; /* step i leads from version i to i + 1 */
extern const unsigned la_schema_version;

la_result la_store_read_version(sqlite3 *db, const char *path, unsigned *ret);
/* Brings the database from its version to version n, all steps in one transaction. */
la_result la_store_migrate(sqlite3 *db, const char *path, const char *const *steps, unsigned n);

/* ---- feed.c ---- */
typedef enum la_change_kind {
    LA_CHANGE_ENVIRONMENT = 1,
    LA_CHANGE_PEPPER = 2,
    LA_CHANGE_APPLICATION = 3,
    LA_CHANGE_APPLICATIONS = 4, /* by range of application_id */
    LA_CHANGE_CUSTOMER = 5,
    LA_CHANGE_KEY = 6,
    LA_CHANGE_REVOCATION = 7,
    LA_CHANGE_AUTHORITY = 8,
} la_change_kind;

/* Adds to the feed, within a write transaction. */
la_result la_feed_add(la_store *s, la_change_kind kind, uint16_t environment_id, la_slice key);
la_result la_feed_add_range(la_store *s, uint64_t first_application_id, uint64_t last_application_id);
/* One change for each customer of the application. */
la_result la_feed_add_customers(la_store *s, uint64_t application_id);
la_result la_feed_add_application(la_store *s, uint64_t application_id); /* by id; NOT_FOUND */

/* ---- meta.c ---- */

/* A value under a name that stays: EXISTS and NOT_FOUND say `what`. */
la_result la_meta_put(la_store *s, const char *name, const char *what, la_slice value);
la_result la_meta_get(la_store *s, const char *name, const char *what, uint8_t *ret, size_t max, size_t *ret_n);

/* ---- applications.c, secrets.c: shared with import.c ---- */
la_result la_application_insert(la_store *s, const la_new_application *a, int64_t now_s, uint64_t *ret_id);
la_result la_secret_insert(la_store *s, uint64_t application_id, unsigned number, const la_new_secret *secret,
                           int64_t now_s);
la_result la_secret_check(const la_new_secret *secret);

/* The environment of an application; NOT_FOUND. */
la_result la_application_environment(la_store *s, uint64_t application_id, uint16_t *ret_environment_id);

/* ---- certificates.c: shared with applications.c ---- */
/* What our authority issued to an application (certificate_id 0: all of it) goes on its CRL. */
la_result la_certificates_list_revoked(la_store *s, uint64_t application_id, uint64_t certificate_id, int64_t now_s);

/* ---- idempotent.c: shared with sessions.c ---- */
la_result la_idempotent_expire(la_store *s, int64_t before_s, unsigned most);

/* ---- keys.c: shared with feed.c ---- */
#define LA_SELECT_KEYS                                                                                           \
    "SELECT key_id, environment_id, algorithm, kid, published_at_s, activates_at_s, retires_at_s, removed_at_s," \
    " public_jwk, wrapped_private FROM signing_key"
void la_sql_get_key(la_sql *q, la_key_record *ret); /* slices live until the next step */

/* ---- revocations.c: shared with feed.c ---- */
#define LA_SELECT_REVOCATIONS                                                                                         \
    "SELECT revocation_id, environment_id, kind, application_id, credential_tag, name, before_s, expires_at_s, list," \
    " list_index FROM revocation"
void la_sql_get_revocation(la_sql *q, la_revocation_record *ret); /* slices live until the next step */
/* What a change of the feed names; its slices point into `key` and `list`. CORRUPT. */
la_result la_revocation_read_key(la_store *s, uint16_t environment_id, la_slice key,
                                 uint8_t list[LA_STATUS_LIST_ID_BYTES], la_revocation_record *ret);
/* A LA_SELECT_REVOCATIONS of the one that `r` names. */
la_result la_revocation_select(la_store *s, const la_revocation_record *r, la_sql *ret);

static inline uint64_t la_secret_id(uint64_t application_id, uint64_t number)
{
    return application_id << LA_SECRET_NUMBER_BITS | number;
}

#endif
