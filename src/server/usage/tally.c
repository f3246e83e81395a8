#include "server/usage/tally.h"

enum { FEW_BITS = 6 };

la_result la_tally_open(la_counters *counters, la_tally_size size, la_tally *ret)
{
    bool is_loop = size == LA_TALLY_OF_LOOP;

    ret->counters = counters;
    ret->last_used = la_last_used_book_new(is_loop ? LA_LAST_USED_BITS : FEW_BITS);
    ret->usage = la_usage_book_new(is_loop ? LA_USAGE_BITS : FEW_BITS);
    return ret->last_used && ret->usage ? la_ok() : la_fail(LA_NO_MEMORY, "out of memory");
}

void la_tally_close(la_tally *t)
{
    t->last_used = la_last_used_book_free(t->last_used);
    t->usage = la_usage_book_free(t->usage);
}
