/* All signing keys of one environment at once, as copies: what jose/schedule.h decides about. */
#ifndef LA_ADMIN_KEY_LIST_H
#define LA_ADMIN_KEY_LIST_H

#include "admin/commands.h"

typedef struct la_key_list_texts {
    char algorithm[LA_ALG_MAX + 1];
    char kid[LA_KID_CHARS + 1];
} la_key_list_texts;

typedef struct la_key_list {
    la_key_record *records; /* n of them, without public_jwk and wrapped_private */
    la_key_list_texts *texts;
    size_t n, capacity;
} la_key_list;

/* Reads those of config->environments[index] into an empty ({0}) list. The caller calls la_key_list_done, also after a failure. */
la_result la_key_list_read(la_commands *c, unsigned index, la_key_list *ret);
void la_key_list_done(la_key_list *l);

#endif
