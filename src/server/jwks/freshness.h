/*
 * For how long an answer may be used without asking again, by its own header fields (RFC 9111 4.2): Cache-Control, Expires, Date, Age. Reads
 * what a foreign server sends: anything that it cannot read makes the answer stale at once, never fresh for long. Pure.
 */
#ifndef LA_SERVER_FRESHNESS_H
#define LA_SERVER_FRESHNESS_H

#include "base/slice.h"

#include <stdint.h>

typedef struct la_freshness {
    int64_t max_age_s; /* -1 here and below: not said */
    int64_t age_s;
    int64_t expires_at_s; /* 0: said in a way that cannot be read */
    int64_t date_s;
    bool no_cache; /* or no-store */
} la_freshness;

void la_freshness_init(la_freshness *f);

/* One header line, with or without its line end. Others than those four do nothing. */
void la_freshness_note(la_freshness *f, la_slice line);

/* Seconds from now; 0: ask again each time. `otherwise_s` where it is not said. */
int64_t la_freshness_lifetime_s(const la_freshness *f, int64_t otherwise_s, int64_t now_s);

#endif
