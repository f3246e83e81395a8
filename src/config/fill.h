/* From what the file says to the configuration that everybody reads: defaults, copies, resolved paths. Private to config/. */
#ifndef LA_CONFIG_FILL_H
#define LA_CONFIG_FILL_H

#include "config/config.h"
#include "config/schema.h"

/* Fills an empty *ret, whose file and directory are set. It borrows the texts of `raw` for its slices, and owns the rest (la_fill_done).
 * NO_MEMORY, or IO where the number of processors cannot be told. */
la_result la_fill(const raw_root *raw, la_config *ret);
void la_fill_done(la_config *c);

#endif
