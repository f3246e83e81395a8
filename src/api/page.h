/*
 * Lists a page at a time. A cursor is the position of the last item, wrapped under the master key with the list's path and filters:
 * nobody can make one up, or use that of one list for another.
 */
#ifndef LA_API_PAGE_H
#define LA_API_PAGE_H

#include "api/call.h"

#define LA_API_PAGE_DEFAULT 50
#define LA_API_PAGE_MOST 200
#define LA_API_POSITION_MAX 80 /* bytes */

typedef struct la_api_page {
    unsigned limit;
    char after[LA_API_POSITION_MAX]; /* "" at the beginning */
    size_t after_n;
    json_t *items;
    bool more;
    char last[LA_API_POSITION_MAX];
    size_t last_n;
} la_api_page;

/* Reads limit and cursor; blames them. NO_MEMORY. The caller ends every page that was begun. */
la_result la_api_page_begin(la_api_call *c, la_api_page *ret);

/* What to ask the store for: one more than fits, to know whether there is more. */
static inline unsigned la_api_page_wanted(const la_api_page *p)
{
    return p->limit + 1;
}
la_slice la_api_page_after(const la_api_page *p);
uint64_t la_api_page_after_number(const la_api_page *p); /* 0 at the beginning */

/* Adds an item, which is taken (NULL: no memory), with its position. */
la_result la_api_page_take(la_api_page *p, json_t *item, la_slice position);
la_result la_api_page_take_numbered(la_api_page *p, json_t *item, uint64_t position);

/* {"items":[…],"next":…}, or `r` where that failed. */
la_result la_api_page_end(la_api_call *c, la_api_page *p, la_result r);

/* The same for a list that is given whole; takes `items` (NULL: no memory). */
la_result la_api_reply_list(la_api_call *c, json_t *items);

#endif
