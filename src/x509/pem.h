/* PEM (RFC 7468): blocks of a text, one after the other. For the files of this folder. */
#ifndef LA_X509_PEM_H
#define LA_X509_PEM_H

#include "base/buffer.h"

/* Is given each block, with the label of its BEGIN line; what it fails with ends la_pem_each(). */
typedef la_result (*la_pem_take)(void *self, const char *label, la_slice der);

/* Goes through all blocks; other text around them is passed over. INVALID where a block is damaged or has header lines (encrypted keys
 * do), or what `take` returned. No block at all is well. The bytes are wiped behind it: they may be a key. */
la_result la_pem_each(la_slice pem, la_pem_take take, void *self);

/* Appends a block. */
void la_pem_write(const char *label, la_slice der, la_buffer *ret);

#endif
