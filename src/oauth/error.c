/* The error response (RFC 6749 5.2). What it says comes from the one table, never from the request. */
#include "oauth/token.h"

void la_oauth_write_error(la_code code, la_buffer *ret_body)
{
    const la_result_info *info = la_result_info_of(code);
    if (!info->wire)
        info = la_result_info_of(LA_SERVER_ERROR);
    la_buffer_add(ret_body, LA_SLICE("{\"error\":"));
    la_buffer_add_json(ret_body, la_slice_of(info->wire));
    la_buffer_add(ret_body, LA_SLICE(",\"error_description\":"));
    la_buffer_add_json(ret_body, la_slice_of(info->sentence));
    la_buffer_add_char(ret_body, '}');
}
