#include "api/openapi.h"

#include "api/reply.h"
#include "base/secret.h"

la_result la_api_openapi_show(la_api_call *c)
{
    uint8_t digest[LA_SHA256_BYTES];
    uint64_t tag;
    la_sha256(la_api_document, la_api_document_bytes, digest);
    memcpy(&tag, digest, sizeof tag);
    LA_TRY(la_api_add_header(c, "ETag", "\"%016llx\"", (unsigned long long)tag));
    la_buffer_add(&c->response->body, (la_slice){(const char *)la_api_document, la_api_document_bytes});
    c->response->status = 200;
    c->response->content_type = "application/yaml; charset=utf-8"; /* RFC 9512 */
    return la_ok();
}
