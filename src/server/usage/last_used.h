/*
 * When each secret and each client certificate was last used: noted by the token loops, written by the housekeeping thread. A loop has a book with
 * two tables: it notes in one and hands that over in intervals, while the other is being written. Bounded: what does not
 * fit in an interval is counted as dropped and seen in a later one. Knows no store and no loop.
 */
#ifndef LA_SERVER_LAST_USED_H
#define LA_SERVER_LAST_USED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LA_LAST_USED_BITS 16    /* of a token loop's book: 65536 secrets per table */
#define LA_LAST_USED_BATCH 5000 /* secrets per transaction */

/* In place of a secret_id: the certificate of that number. Marked ones come behind all secrets. */
#define LA_LAST_USED_CERTIFICATE (UINT64_C(1) << 63)

typedef struct la_last_used la_last_used; /* store/store.h, which the loops need not know */
typedef struct la_last_used_book la_last_used_book;

/* Room for 2^bits secrets per table. NULL: no memory. */
la_last_used_book *la_last_used_book_new(unsigned bits);
la_last_used_book *la_last_used_book_free(la_last_used_book *b);

/* ---- the loop's side ---- */
/* False where the table is full and the use was dropped. secret_id 0 is passed over. */
bool la_last_used_note(la_last_used_book *b, uint64_t secret_id, int64_t at_s);
bool la_last_used_is_empty(const la_last_used_book *b);
/* Gives the noted uses to the writer; false where the last ones are still being written: try again later. */
bool la_last_used_hand_over(la_last_used_book *b);

/* ---- the writer's side ---- */
/*
 * Up to LA_LAST_USED_BATCH uses that were handed over, ordered by secret_id, each secret once; none: *ret_n is 0. They stay
 * the next ones until la_last_used_written(), so a batch that could not be written comes again.
 */
const la_last_used *la_last_used_next(la_last_used_book *b, size_t *ret_n);
void la_last_used_written(la_last_used_book *b, size_t n);

#endif
