/* Knows how requests are written; nothing of what they ask for. */
#include "api/request.h"

#include "api/percent.h"

#include <stdarg.h>
#include <stdio.h>

#define QUERY_BYTES_MAX 8192
#define BODY_BYTES_MAX 32768 /* the largest that makes sense is a list of scopes */
#define BLAMED_MAX 32        /* fields that one answer names */

/* ---- blame ---- */

void la_api_blame(la_api_call *c, const char *field, const char *format, ...)
{
    char detail[400];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    if (!c->errors)
        c->errors = json_array();
    if (json_array_size(c->errors) >= BLAMED_MAX)
        return;
    /* A detail that was cut within a character is no text: then the field alone is named. */
    json_t *text = json_string(detail);
    json_t *error = json_pack("{s:s, s:o}", "field", field, "detail", text ? text : json_string("is not valid"));
    if (error)
        json_array_append_new(c->errors, error);
}

bool la_api_blame_result(la_api_call *c, const char *field, la_result r)
{
    if (r.code == LA_INVALID)
        la_api_blame(c, field, "%s", la_detail());
    return la_is_ok(r);
}

la_result la_api_check(const la_api_call *c)
{
    if (!c->errors)
        return la_ok();
    const json_t *first = json_array_get(c->errors, 0);
    return la_fail(LA_INVALID, "\"%s\": %s", first ? json_string_value(json_object_get(first, "field")) : "the request",
                   first ? json_string_value(json_object_get(first, "detail")) : "is not valid");
}

/* ---- query ---- */

/* Whether a space-separated list of a route has this name. */
static bool is_listed(la_slice list, la_slice name)
{
    return name.n && !memchr(name.p, ' ', name.n) && la_scope_list_has(list, name);
}

static la_result take_parameter(la_api_call *c, la_slice pair)
{
    la_api_query *q = &c->query;
    la_slice rest = pair, name, value;
    if (q->n == LA_API_QUERY_MAX)
        return la_fail(LA_INVALID, "the query has more than %d parameters", LA_API_QUERY_MAX);
    if (!la_slice_split(&rest, '=', &name) || !rest.p)
        return la_fail(LA_INVALID, "a query parameter is written name=value");
    if (!la_is_ok(la_api_percent_decode(name, true, c->arena, &name)) ||
        !la_is_ok(la_api_percent_decode(rest, true, c->arena, &value)))
        return la_fail_context(la_error(LA_INVALID), "the query is not valid: ");
    if (!is_listed(c->route->query, name))
        return la_fail(LA_INVALID, "a query parameter is unknown; this path takes %.*s",
                       LA_FMT(c->route->query.n ? c->route->query : LA_SLICE("none")));
    for (unsigned i = 0; i < q->n; i++)
        if (la_slice_equal(q->names[i], name))
            return la_fail(LA_INVALID, "the query parameter %.*s is given twice", LA_FMT(name));
    q->names[q->n] = name;
    q->values[q->n++] = value;
    return la_ok();
}

static la_result read_query(la_api_call *c)
{
    la_slice rest = c->request->query, pair;
    if (rest.n > QUERY_BYTES_MAX)
        return la_fail(LA_TOO_LARGE, "the query is longer than %d bytes", QUERY_BYTES_MAX);
    while (la_slice_split(&rest, '&', &pair))
        if (pair.n)
            LA_TRY(take_parameter(c, pair));
    return la_ok();
}

la_slice la_api_query_text(const la_api_call *c, const char *name)
{
    for (unsigned i = 0; i < c->query.n; i++)
        if (la_slice_is(c->query.names[i], name))
            return c->query.values[i];
    return LA_NO_SLICE;
}

uint64_t la_api_query_number(la_api_call *c, const char *name, uint64_t least, uint64_t most, uint64_t otherwise)
{
    la_slice text = la_api_query_text(c, name);
    unsigned long long number;
    if (!text.p)
        return otherwise;
    if (la_slice_to_u64(text, most, &number) && number >= least)
        return number;
    la_api_blame(c, name, "a number from %llu to %llu is expected", (unsigned long long)least,
                 (unsigned long long)most);
    return otherwise;
}

int la_api_query_flag(la_api_call *c, const char *name)
{
    la_slice text = la_api_query_text(c, name);
    if (la_slice_is(text, "true"))
        return 1;
    if (la_slice_is(text, "false"))
        return -1;
    if (text.p)
        la_api_blame(c, name, "true or false is expected");
    return 0;
}

unsigned la_api_query_choice(la_api_call *c, const char *name, const char *const *names, unsigned otherwise)
{
    la_slice text = la_api_query_text(c, name);
    char list[200];
    size_t n = 0;
    if (!text.p)
        return otherwise;
    for (unsigned i = 0; names[i]; i++) {
        if (la_slice_is(text, names[i]))
            return i;
        int more = snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", names[i]);
        n += more > 0 && (size_t)more < sizeof list - n ? (size_t)more : 0;
    }
    la_api_blame(c, name, "one of %s is expected", list);
    return otherwise;
}

int64_t la_api_query_time_ms(la_api_call *c, const char *name, int64_t otherwise)
{
    la_slice text = la_api_query_text(c, name);
    int64_t ms;
    if (!text.p)
        return otherwise;
    if (la_api_parse_time(text, &ms))
        return ms;
    la_api_blame(c, name, "a time like 2026-11-24T03:09:47Z (RFC 3339) is expected");
    return otherwise;
}

/* ---- body ---- */

static la_result check_media_type(la_slice content_type)
{
    la_slice rest = content_type, type = LA_NO_SLICE;
    if (la_slice_split(&rest, ';', &type) && la_slice_equal_nocase(la_slice_trim(type), LA_SLICE("application/json")))
        return la_ok();
    return la_fail(LA_MEDIA_TYPE, "send the body with Content-Type: application/json");
}

static void blame_unknown_members(la_api_call *c)
{
    const char *name;
    json_t *value;
    json_object_foreach(c->body, name, value)
    {
        la_slice key = la_slice_of(name);
        if (is_listed(c->route->body, key))
            continue;
        /* A name may be as long as the body. */
        la_api_blame(c, key.n <= 64 ? name : "(a long name)", "is unknown; the members of this body are: %.*s",
                     LA_FMT(c->route->body.n ? c->route->body : LA_SLICE("none")));
    }
}

static la_result read_body(la_api_call *c)
{
    la_slice body = c->request->body;
    json_error_t error;
    if (!c->route->body.p)
        return body.n ? la_fail(LA_INVALID, "this request takes no body") : la_ok();
    if (body.n > BODY_BYTES_MAX)
        return la_fail(LA_TOO_LARGE, "the body is larger than %d bytes", BODY_BYTES_MAX);
    if (body.n == 0) {
        c->body = json_object();
        return c->body ? la_ok() : la_error(LA_NO_MEMORY);
    }
    LA_TRY(check_media_type(c->request->content_type));
    c->body = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, &error);
    if (!c->body) {
        /* The parser's own words may quote the body, which may hold a secret. */
        if (json_error_code(&error) == json_error_duplicate_key)
            return la_fail(LA_INVALID, "the body has a member twice");
        return la_fail(LA_INVALID, "the body is not valid JSON (line %d, column %d)", error.line, error.column);
    }
    if (!json_is_object(c->body))
        return la_fail(LA_INVALID, "the body must be a JSON object");
    blame_unknown_members(c);
    return la_api_check(c);
}

la_result la_api_request_read(la_api_call *c)
{
    LA_TRY(read_query(c));
    return read_body(c);
}

static json_t *member(la_api_call *c, const char *name, la_api_need need)
{
    json_t *value = json_object_get(c->body, name);
    if (!value && need == LA_API_REQUIRED)
        la_api_blame(c, name, "is missing");
    return value;
}

la_slice la_api_body_text(la_api_call *c, const char *name, la_api_need need)
{
    const json_t *value = member(c, name, need);
    if (!value)
        return LA_NO_SLICE;
    if (json_is_string(value))
        return (la_slice){json_string_value(value), json_string_length(value)};
    la_api_blame(c, name, "a string is expected");
    return LA_NO_SLICE;
}

bool la_api_body_flag(la_api_call *c, const char *name, const bool **ret, bool *memory)
{
    const json_t *value = member(c, name, LA_API_OPTIONAL);
    *ret = NULL;
    if (!value)
        return false;
    if (!json_is_boolean(value)) {
        la_api_blame(c, name, "true or false is expected");
        return false;
    }
    *memory = json_is_true(value);
    *ret = memory;
    return true;
}

int64_t la_api_body_number(la_api_call *c, const char *name, int64_t least, int64_t most, int64_t otherwise)
{
    const json_t *value = member(c, name, LA_API_OPTIONAL);
    if (!value)
        return otherwise;
    if (json_is_integer(value) && json_integer_value(value) >= least && json_integer_value(value) <= most)
        return json_integer_value(value);
    la_api_blame(c, name, "a whole number from %lld to %lld is expected", (long long)least, (long long)most);
    return otherwise;
}

bool la_api_body_texts(la_api_call *c, const char *name, la_slice *ret, unsigned most, unsigned *ret_n)
{
    const json_t *list = member(c, name, LA_API_OPTIONAL);
    const json_t *value;
    size_t i;
    *ret_n = 0;
    if (!list)
        return false;
    if (!json_is_array(list) || json_array_size(list) > most) {
        la_api_blame(c, name, "a list of at most %u strings is expected", most);
        return false;
    }
    json_array_foreach(list, i, value)
    {
        if (!json_is_string(value)) {
            la_api_blame(c, name, "a list of strings is expected");
            return false;
        }
        ret[(*ret_n)++] = (la_slice){json_string_value(value), json_string_length(value)};
    }
    return true;
}

bool la_api_body_has(const la_api_call *c, const char *name)
{
    return json_object_get(c->body, name) != NULL;
}

bool la_api_body_is_null(const la_api_call *c, const char *name)
{
    return json_is_null(json_object_get(c->body, name));
}

/* ---- path ---- */

la_result la_api_path_number(const la_api_call *c, unsigned index, const char *what, uint64_t *ret)
{
    unsigned long long number;
    /* One name a thing: no leading zeros. */
    if (!la_slice_to_u64(c->parameters[index], INT64_MAX, &number) || c->parameters[index].p[0] == '0')
        return la_fail(LA_NOT_FOUND, "there is no such %s", what);
    *ret = number;
    return la_ok();
}

/* ---- times ---- */

static bool digits(la_slice *s, unsigned n, int *ret)
{
    unsigned long long number;
    if (s->n < n || !la_slice_to_u64((la_slice){s->p, n}, 9999, &number))
        return false;
    *ret = (int)number;
    s->p += n;
    s->n -= n;
    return true;
}

static bool one_of(la_slice *s, const char *wanted, char *ret)
{
    if (s->n == 0 || !strchr(wanted, s->p[0]) || s->p[0] == 0)
        return false;
    *ret = s->p[0];
    s->p++;
    s->n--;
    return true;
}

/* Days since 1970 of a proleptic Gregorian date: years begin in March, so that the leap day is the last. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t in_era = y - era * 400;
    int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool parse_offset(la_slice *s, int *ret_minutes)
{
    char sign;
    int hours, minutes;
    if (one_of(s, "Zz", &sign)) {
        *ret_minutes = 0;
        return true;
    }
    if (!one_of(s, "+-", &sign) || !digits(s, 2, &hours) || !one_of(s, ":", &(char){0}) || !digits(s, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *ret_minutes = (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

/* "…:47.123": milliseconds; further digits are let go. */
static bool parse_fraction(la_slice *s, int *ret_ms)
{
    int ms = 0, scale = 100;
    unsigned n = 0;
    for (; s->n && s->p[0] >= '0' && s->p[0] <= '9'; n++, scale /= 10, s->p++, s->n--)
        ms += (s->p[0] - '0') * scale;
    *ret_ms = ms;
    return n > 0;
}

bool la_api_parse_time(la_slice s, int64_t *ret_ms)
{
    int year, month, day, hour, minute, second, ms = 0, offset;
    char c;
    if (!digits(&s, 4, &year) || !one_of(&s, "-", &c) || !digits(&s, 2, &month) || !one_of(&s, "-", &c) ||
        !digits(&s, 2, &day) || !one_of(&s, "Tt ", &c) || !digits(&s, 2, &hour) || !one_of(&s, ":", &c) ||
        !digits(&s, 2, &minute) || !one_of(&s, ":", &c) || !digits(&s, 2, &second))
        return false;
    if (s.n && s.p[0] == '.') {
        s.p++;
        s.n--;
        if (!parse_fraction(&s, &ms))
            return false;
    }
    if (!parse_offset(&s, &offset) || s.n)
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    int64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset * 60;
    *ret_ms = seconds * 1000 + ms;
    return seconds >= 0;
}
