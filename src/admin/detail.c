#include "admin/detail.h"

#include "admin/registration.h"
#include "base/clock.h"

static void drop_equal(json_t *before, json_t *after)
{
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(before, next, name, value)
    {
        if (!json_equal(value, json_object_get(after, name)))
            continue;
        json_object_del(after, name);
        json_object_del(before, name); /* frees `name` */
    }
}

json_t *la_detail_of(json_t *before, json_t *after)
{
    if (before && after)
        drop_equal(before, after);
    return json_pack("{s:o*, s:o*}", "before", before, "after", after);
}

json_t *la_detail_text(la_slice text)
{
    return json_stringn(text.p ? text.p : "", text.n);
}

json_t *la_detail_time(int64_t time_s)
{
    char text[LA_CLOCK_RFC3339_BYTES];
    if (time_s == 0)
        return json_null();
    la_clock_format_rfc3339(time_s, text);
    return json_string(text);
}

json_t *la_detail_application(const la_application_row *a)
{
    json_t *detail = json_pack("{s:s, s:s, s:s, s:b}", "name", a->name, "scopes", a->scopes, "auth_method",
                               la_auth_method_name(a->auth_method), "enabled", a->enabled);
    if (a->registration[0] && detail)
        json_object_update_new(detail, la_registration_brief(la_slice_of(a->registration)));
    return detail;
}
