/* The detail of an audit event: what was, and what is. */
#ifndef LA_ADMIN_DETAIL_H
#define LA_ADMIN_DETAIL_H

#include "model/model.h"
#include "store/store.h"

#include <jansson.h>

/* {"before":…,"after":…}. Takes both; either may be NULL (created, deleted). Of two, only the members that differ stay. */
json_t *la_detail_of(json_t *before, json_t *after);

json_t *la_detail_text(la_slice text);  /* a string value */
json_t *la_detail_time(int64_t time_s); /* RFC 3339; null where 0 */

/* What the log keeps of an application. */
json_t *la_detail_application(const la_application_row *a);

#endif
