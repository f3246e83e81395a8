/*
 * A request as its proxy describes it: whose certificate and whose address it is. Only the word of a configured proxy counts; from
 * anybody else the fields are as good as absent.
 */
#ifndef LA_SERVER_FORWARDED_H
#define LA_SERVER_FORWARDED_H

#include "base/arena.h"
#include "base/result.h"
#include "config/config.h"
#include "server/message/request.h"

/*
 * `section` is the request's header section, scanned and parsed. Changes client_certificate, client_chain,
 * client_address and has_forged_certificate of the request. OK; HTTP_CLIENT_CERTIFICATE or HTTP_CLIENT_CERTIFICATE_CHAIN where a
 * proxy's field is malformed or repeated; NO_MEMORY.
 */
la_code la_forwarded_apply(const la_proxies_config *proxies, bool from_proxy, la_slice section, la_arena *arena,
                           la_http_request *request);

/* The values of a field, `name` in lower case: how many there are, the first `most` of them in ret. */
size_t la_forwarded_fields(la_slice section, la_slice name, la_slice *ret, size_t most);

#endif
