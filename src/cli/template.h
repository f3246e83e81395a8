/* The configuration files that `leanauth init` writes. */
#ifndef LA_CLI_TEMPLATE_H
#define LA_CLI_TEMPLATE_H

#include "base/buffer.h"

#include <stdint.h>

#define LA_TEMPLATE_MAX_BYTES 16384

/* What a generated file was generated for; its first line records it. */
typedef struct la_template {
    bool demo;
    uint16_t port, admin_port;
} la_template;

void la_template_write(const la_template *t, la_buffer *out);

/* True where `file` is, byte for byte, what la_template_write made: nobody has edited it. */
bool la_template_recognise(la_slice file, la_template *ret);

#endif
