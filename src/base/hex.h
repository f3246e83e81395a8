/* Hexadecimal digits (RFC 4648 8). */
#ifndef LA_BASE_HEX_H
#define LA_BASE_HEX_H

#include <stddef.h>

/* What a digit of either case stands for; -1 where it is none. */
int la_hex_value(char digit);

/* Writes two digits a byte, in lower case, and a zero byte. */
void la_hex_encode(const void *from, size_t n, char *ret);

#endif
