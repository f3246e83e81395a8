/*
 * From what the file says to the la_config that everybody reads: defaults, paths, derived values. Private to config/.
 */
#ifndef LA_CONFIG_FILL_H
#define LA_CONFIG_FILL_H

#include "base/arena.h"
#include "config/config.h"
#include "config/schema.h"

/* `raw` has passed la_shape_check. What *ret points to lives in the arena. NO_MEMORY. */
la_result la_config_fill(const char *file, const raw_root *raw, la_arena *arena, la_config *ret);

#endif
