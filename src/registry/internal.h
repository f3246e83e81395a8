/* What registry.c (the file), view.c (reading) and batch.c (writing) share. */
#ifndef LA_REGISTRY_INTERNAL_H
#define LA_REGISTRY_INTERNAL_H

#include "registry/record.h"
#include "registry/registry.h"

#include <lmdb.h>
#include <stdatomic.h>

struct la_registry {
    MDB_env *env;
    MDB_dbi dbi;
    int lock_fd;
    _Atomic bool filled;
};

/* Names of the META records. */
#define LA_META_FORMAT LA_SLICE("format")
#define LA_META_POSITION LA_SLICE("position")
#define LA_META_PEPPER LA_SLICE("pepper")
#define LA_META_APPLICATIONS LA_SLICE("applications")

/* Names of the AUTHORITY records of an environment. */
#define LA_AUTHORITY_CERTIFICATE LA_SLICE("certificate")
#define LA_AUTHORITY_CRL LA_SLICE("crl")

/* Of the records' form: a file of another one is rebuilt. */
#define LA_REGISTRY_FORMAT 3

/* An LMDB or errno code as a result with a detail that begins with `what`. */
la_result la_registry_lmdb_result(int code, const char *what);

/* NOT_FOUND without a detail where there is no such record. */
la_result la_registry_get(MDB_txn *txn, MDB_dbi dbi, la_record_kind kind, uint16_t environment_id, la_slice name,
                          la_slice *ret);

#endif
