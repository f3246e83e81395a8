/* Applications of an environment. */
#include "admin/registration.h"
#include "admin/rules.h"
#include "api/etag.h"
#include "api/page.h"
#include "api/reply.h"
#include "api/request.h"
#include "api/secret_json.h"
#include "api/who.h"
#include "base/secret.h"

#define SCOPES_MOST 64

static json_t *application_json(const la_application_row *a)
{
    json_t *o = json_pack("{s:s, s:s, s:o, s:b, s:o, s:s, s:o, s:o, s:I, s:I, s:o}", "environment", a->environment,
                          "client_id", a->client_id, "name", la_api_json_text(la_slice_of(a->name)), "enabled",
                          a->enabled, "scopes", la_api_json_words(la_slice_of(a->scopes)), "auth_method",
                          la_auth_method_name(a->auth_method), "created_at", la_api_json_time(a->created_at_s),
                          "updated_at", la_api_json_time(a->updated_at_s), "version", (json_int_t)a->version,
                          "live_secrets", (json_int_t)a->live_secrets, "last_used_at",
                          la_api_json_time(a->last_used_at_s));
    if (o && json_object_update_new(o, la_registration_whole(la_slice_of(a->registration))) == 0)
        return o;
    json_decref(o);
    return NULL;
}

static la_result reply_application(la_api_call *c, const la_application_row *a)
{
    LA_TRY(la_api_etag_add(c, a->version));
    return la_api_reply(c, 200, application_json(a));
}

static la_result take_application(void *self, const la_application_row *a)
{
    return la_api_page_take_numbered(self, application_json(a), a->application_id);
}

la_result la_api_applications_list(la_api_call *c)
{
    la_api_page page;
    LA_TRY(la_api_page_begin(c, &page));
    la_application_filter filter = {
        .after_id = la_api_page_after_number(&page),
        .search = la_api_query_text(c, "q"),
        .enabled = la_api_query_flag(c, "enabled"),
    };
    la_result r = la_api_check(c);
    if (la_is_ok(r))
        r = la_command_list_applications(c->commands, la_api_environment(c)->name, &filter, la_api_page_wanted(&page),
                                         take_application, &page);
    return la_api_page_end(c, &page, r);
}

la_result la_api_applications_show(la_api_call *c)
{
    la_application_row a;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    return reply_application(c, &a);
}

/* What create and update have in common: members that were sent, checked so that each wrong one is named. */
typedef struct wanted {
    la_slice name, scopes, auth_method;
    la_auth_method method;
    json_t *registration; /* the members that were sent */
    char scope_memory[LA_SCOPES_MAX + 1];
} wanted;

static void blame_member(void *self, const char *member)
{
    la_api_blame_result(self, member, la_error(LA_INVALID));
}

/* `before`: the application as it is; NULL: it is to be created. */
static void read_registration(la_api_call *c, const la_environment_config *e, const la_application_row *before,
                              wanted *ret)
{
    const la_member *member;
    char memory[LA_REGISTRATION_MAX];
    la_buffer checked;
    ret->registration = json_object();
    for (size_t i = 0; (member = la_registration_member(i)); i++)
        if (la_api_body_has(c, member->name))
            json_object_set(ret->registration, member->name, json_object_get(c->body, member->name));
    la_registration_wish wish = {
        .environment = e,
        .method = ret->method,
        .method_changes = before && before->auth_method != ret->method,
        .before = la_slice_of(before ? before->registration : ""),
        .change = ret->registration,
        .blame = blame_member,
        .self = c,
    };
    if (before && !wish.method_changes && json_object_size(ret->registration) == 0)
        return;
    la_buffer_init_fixed(&checked, memory, sizeof memory);
    LA_IGNORE(la_registration_check(&wish, &checked)); /* the command checks it again */
}

static void read_scopes(la_api_call *c, const la_environment_config *e, wanted *ret)
{
    la_slice list[SCOPES_MOST];
    unsigned n;
    la_buffer joined;
    char checked[LA_SCOPES_MAX + 1];
    if (!la_api_body_texts(c, "scopes", list, SCOPES_MOST, &n))
        return;
    if (n == 0) {
        la_api_blame(c, "scopes", "an application has at least one scope");
        return;
    }
    la_buffer_init_fixed(&joined, ret->scope_memory, sizeof ret->scope_memory);
    for (unsigned i = 0; i < n; i++) {
        if (list[i].n == 0 || memchr(list[i].p, ' ', list[i].n)) {
            la_api_blame(c, "scopes", "each string is the name of one scope");
            return;
        }
        la_buffer_add(&joined, i ? LA_SLICE(" ") : LA_SLICE(""));
        la_buffer_add(&joined, list[i]);
    }
    if (!la_buffer_ok(&joined)) {
        la_api_blame(c, "scopes", "the list is longer than %d bytes", LA_SCOPES_MAX);
        return;
    }
    ret->scopes = la_buffer_slice(&joined);
    la_api_blame_result(c, "scopes", la_rule_scopes(e, ret->scopes, checked));
}

static void read_wanted(la_api_call *c, const la_environment_config *e, const la_application_row *before, wanted *ret)
{
    la_slice trimmed;
    ret->name = la_api_body_text(c, "name", before ? LA_API_OPTIONAL : LA_API_REQUIRED);
    if (ret->name.p)
        la_api_blame_result(c, "name", la_rule_name(ret->name, &trimmed));
    read_scopes(c, e, ret);
    ret->method = before ? before->auth_method : LA_AUTH_CLIENT_SECRET;
    ret->auth_method = la_api_body_text(c, "auth_method", LA_API_OPTIONAL);
    if (!ret->auth_method.p ||
        la_api_blame_result(c, "auth_method", la_rule_auth_method(ret->auth_method, &ret->method)))
        read_registration(c, e, before, ret);
}

static la_result reply_created(la_api_call *c, const la_created_application *created)
{
    const la_slice segments[] = {
        LA_SLICE("environments"),
        la_slice_of(created->row.environment),
        LA_SLICE("applications"),
        la_slice_of(created->row.client_id),
    };
    json_t *secret = NULL;
    bool has_secret = created->client_secret[0] != 0;
    if (has_secret)
        LA_TRY(la_api_newest_secret(c, &created->row, &secret));
    la_result r = la_api_add_location(c, segments, sizeof segments / sizeof segments[0]);
    if (la_is_ok(r))
        r = la_api_etag_add(c, created->row.version);
    if (la_is_ok(r))
        return la_api_reply(c, 201,
                            json_pack("{s:o, s:o?, s:s?}", "application", application_json(&created->row), "secret",
                                      secret, "client_secret", has_secret ? created->client_secret : NULL));
    json_decref(secret);
    return r;
}

static la_result create(la_api_call *c, const la_environment_config *e, const wanted *w, la_created_application *ret)
{
    la_application_plan plan = {e->name, w->name, w->scopes, w->method, w->registration};
    LA_TRY(la_api_check(c));
    LA_TRY(la_api_guard_scopes(c, w->scopes));
    LA_TRY(la_api_guard_registration(c, w->registration));
    return la_command_create_application(c->commands, &plan, ret);
}

la_result la_api_applications_create(la_api_call *c)
{
    wanted w = {0};
    la_created_application created;
    const la_environment_config *e = la_api_environment(c);
    read_wanted(c, e, NULL, &w);
    la_result r = create(c, e, &w, &created);
    json_decref(w.registration);
    LA_TRY(r);
    r = reply_created(c, &created);
    la_wipe(&created, sizeof created);
    return r;
}

static la_result update(la_api_call *c, const wanted *w, const bool *enabled, la_application_row *a)
{
    la_application_edit edit = {
        .name = w->name, .scopes = w->scopes, .auth_method = w->auth_method, .enabled = enabled};
    if (json_object_size(w->registration))
        edit.registration = w->registration;
    LA_TRY(la_api_check(c));
    LA_TRY(la_api_guard_scopes(c, w->scopes));
    LA_TRY(la_api_guard_registration(c, w->registration));
    LA_TRY(la_api_etag_check(c, a->version));
    return la_command_update_application(c->commands, a, &edit, a);
}

la_result la_api_applications_update(la_api_call *c)
{
    la_application_row a;
    wanted w = {0};
    const bool *enabled;
    bool enabled_memory;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    LA_TRY(la_api_guard_application(c, &a));
    read_wanted(c, la_api_environment(c), &a, &w);
    la_api_body_flag(c, "enabled", &enabled, &enabled_memory);
    la_result r = update(c, &w, enabled, &a);
    json_decref(w.registration);
    LA_TRY(r);
    return reply_application(c, &a);
}

la_result la_api_applications_delete(la_api_call *c)
{
    la_application_row a;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    LA_TRY(la_api_guard_application(c, &a));
    LA_TRY(la_api_etag_check(c, a.version));
    LA_TRY(la_command_delete_application(c->commands, &a));
    return la_api_reply_nothing(c);
}
