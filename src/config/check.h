/* What the options must be to each other: unique, different, in order. Private to config/. */
#ifndef LA_CONFIG_CHECK_H
#define LA_CONFIG_CHECK_H

#include "config/config.h"
#include "config/document.h"

/* INVALID with "FILE:LINE: PATH: expected …" for the first thing that is wrong. */
la_result la_config_check(const la_config_document *d, const la_config *c);

#endif
