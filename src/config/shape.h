/*
 * The document against the schema: unknown, missing and repeated options, wrong types and wrong values, each with its line.
 * libcyaml 1.3 refuses most of these too, but knows no ranges, reads 0x10 and 010 as numbers and wraps -1, and cannot say what
 * it expected. Private to config/.
 */
#ifndef LA_CONFIG_SHAPE_H
#define LA_CONFIG_SHAPE_H

#include "config/document.h"

/* INVALID with "FILE:LINE: PATH: expected …; found …" for the first thing that is wrong. */
la_result la_shape_check(const la_config_document *d);

#endif
