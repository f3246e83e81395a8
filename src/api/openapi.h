/* The description of this API, as the build found it in api/admin.yaml. */
#ifndef LA_API_OPENAPI_H
#define LA_API_OPENAPI_H

#include <stddef.h>

extern const unsigned char la_api_document[];
extern const size_t la_api_document_bytes;

#endif
