/* Operators: who they are, what they may, and what an administrator does for them. Their own password and second factor: profile.c. */
#include "admin/operators_internal.h"

#include "admin/detail.h"
#include "admin/password.h"
#include "admin/rules.h"
#include "base/clock.h"
#include "base/secret.h"

#include <stdio.h>

/* ---- roles ---- */

static const char *const role_names[] = {
    [LA_ROLE_ADMIN] = "admin",
    [LA_ROLE_DEVELOPER] = "developer",
    [LA_ROLE_AUDITOR] = "auditor",
};

const char *la_role_name(la_role r)
{
    return r >= LA_ROLE_ADMIN && r <= LA_ROLE_AUDITOR ? role_names[r] : "unknown";
}

bool la_role_parse(la_slice name, la_role *ret)
{
    for (la_role r = LA_ROLE_ADMIN; r <= LA_ROLE_AUDITOR; r++) {
        if (la_slice_is(name, role_names[r])) {
            *ret = r;
            return true;
        }
    }
    return false;
}

/* ---- shared ---- */

void la_operator_id(uint64_t operator_id, char ret[LA_OPERATOR_ID_BYTES])
{
    snprintf(ret, LA_OPERATOR_ID_BYTES, "%llu", (unsigned long long)operator_id);
}

la_result la_operator_read(la_commands *c, uint64_t operator_id, la_operator_row *ret)
{
    la_result r = la_store_find_operator(c->store, operator_id, ret);
    return r.code == LA_NOT_FOUND ? la_fail(LA_NOT_FOUND, "there is no operator %llu", (unsigned long long)operator_id)
                                  : r;
}

la_result la_operator_end(la_commands *c, const la_change *change, la_result r, const char *action,
                          const la_operator_row *o, json_t *detail)
{
    char id[LA_OPERATOR_ID_BYTES];
    la_operator_id(o->operator_id, id);
    la_audit_event event = {
        .action = action,
        .target_kind = "operator",
        .target_id = la_slice_of(id),
        .target_name = la_slice_of(o->email),
        .detail = detail,
    };
    return la_change_end(c, change, r, &event);
}

/* What the log keeps: everything that decides about rights, nothing that is secret. */
static json_t *facts(const la_operator_row *o)
{
    json_t *environments = o->all_environments ? json_null() : json_array();
    for (unsigned i = 0; !o->all_environments && i < o->n_environments; i++)
        json_array_append_new(environments, json_string(o->environments[i]));
    return json_pack("{s:s, s:s, s:s, s:o, s:b}", "email", o->email, "name", o->name, "role", la_role_name(o->role),
                     "environments", environments, "enabled", o->enabled);
}

/* ---- environments ---- */

static bool has_environment(const la_operator_row *o, la_slice name)
{
    for (unsigned i = 0; i < o->n_environments; i++)
        if (la_slice_is(name, o->environments[i]))
            return true;
    return false;
}

/* A name that is no longer configured may stay, but not come anew. */
static la_result set_environments(const la_commands *c, const la_slice *names, unsigned n, la_operator_row *o)
{
    const la_operator_row before = *o;
    o->all_environments = false;
    o->n_environments = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned index;
        if (before.all_environments || !has_environment(&before, names[i]))
            LA_TRY(la_rule_environment(c->config, names[i], &index));
        if (has_environment(o, names[i]))
            continue;
        if (o->n_environments == LA_ENVIRONMENTS_MAX)
            return la_fail(LA_INVALID, "more than %d environments", LA_ENVIRONMENTS_MAX);
        memset(o->environments[o->n_environments], 0, sizeof o->environments[0]);
        memcpy(o->environments[o->n_environments++], names[i].p, names[i].n);
    }
    return la_ok();
}

static void set_all_environments(la_operator_row *o)
{
    o->all_environments = true;
    o->n_environments = 0;
}

static la_result fit_role(la_operator_row *o, bool limited)
{
    if (o->role != LA_ROLE_ADMIN)
        return la_ok();
    if (limited)
        return la_fail(LA_INVALID, "the role admin has all environments: name none, or give the role developer");
    set_all_environments(o);
    return la_ok();
}

/* ---- add, find ---- */

static void copy_text(la_slice from, char *ret, size_t bytes)
{
    size_t n = from.n < bytes ? from.n : bytes - 1;
    memset(ret, 0, bytes);
    memcpy(ret, from.p, n);
}

static la_result check_new(la_commands *c, const la_new_operator *o, la_operator_row *row)
{
    la_slice email, name, rest;
    LA_TRY(la_rule_email(o->email, &email));
    rest = email;
    if (o->name.n == 0)
        (void)la_slice_split(&rest, '@', &name);
    else
        name = o->name;
    LA_TRY(la_rule_name(name, &name));
    copy_text(email, row->email, sizeof row->email);
    copy_text(name, row->name, sizeof row->name);
    row->role = o->role;
    row->enabled = true;
    if (o->all_environments)
        set_all_environments(row);
    else
        LA_TRY(set_environments(c, o->environments, o->n_environments, row));
    LA_TRY(fit_role(row, !o->all_environments && o->n_environments > 0));
    return o->password.p ? la_rule_password(o->password, email) : la_ok();
}

static la_result store_new(la_commands *c, la_operator_row *row)
{
    uint64_t id = 0;
    la_result r = la_store_add_operator(c->store, row, la_clock_now_s(), &id);
    if (r.code == LA_EXISTS)
        return la_fail(LA_EXISTS, "there is an operator with the email %s already", row->email);
    LA_TRY(r);
    return la_store_find_operator(c->store, id, row);
}

la_result la_command_add_operator(la_commands *c, const la_new_operator *o, la_operator_row *ret,
                                  char ret_password[LA_GENERATED_PASSWORD_BYTES])
{
    la_operator_row row = {0};
    char made[LA_GENERATED_PASSWORD_BYTES] = "";
    la_change change;
    LA_TRY(check_new(c, o, &row));
    if (!o->password.p) {
        la_password_generate(made);
        row.must_change_password = true;
    }
    la_result r = la_password_hash(o->password.p ? o->password : la_slice_of(made), row.password_hash);
    if (la_is_ok(r))
        r = la_change_begin(c, &change);
    if (la_is_ok(r)) {
        r = store_new(c, &row);
        r = la_operator_end(c, &change, r, "operator.create", &row, la_detail_of(NULL, facts(&row)));
    }
    if (la_is_ok(r)) {
        *ret = row;
        memcpy(ret_password, made, sizeof made);
    }
    la_wipe(made, sizeof made);
    return r;
}

la_result la_command_find_operator(la_commands *c, la_slice who, la_operator_row *ret)
{
    char shown[LA_RULE_SHOWN_BYTES];
    unsigned long long id;
    la_result r = la_slice_to_u64(who, INT64_MAX, &id) ? la_store_find_operator(c->store, id, ret)
                                                       : la_store_find_operator_by_email(c->store, who, ret);
    return r.code == LA_NOT_FOUND ? la_fail(LA_NOT_FOUND, "there is no operator \"%s\"", la_rule_show(who, shown)) : r;
}

/* ---- update, delete ---- */

static bool is_own(const la_commands *c, const la_operator_row *o)
{
    char id[LA_OPERATOR_ID_BYTES];
    la_operator_id(o->operator_id, id);
    return c->actor.kind == LA_ACTOR_OPERATOR && la_slice_is(c->actor.id, id);
}

/* Somebody must be left who can let others in. `after` NULL: it goes. Within a group, so nobody is faster. */
static la_result keep_admin(la_commands *c, const la_operator_row *before, const la_operator_row *after)
{
    unsigned n;
    bool was = before->enabled && before->role == LA_ROLE_ADMIN;
    bool stays = after && after->enabled && after->role == LA_ROLE_ADMIN;
    if (!was || stays)
        return la_ok();
    if (is_own(c, before))
        return la_fail(LA_CONFLICT, "nobody takes away their own access: another admin can");
    LA_TRY(la_store_count_admins(c->store, &n));
    return n > 1 ? la_ok()
                 : la_fail(LA_CONFLICT, "%s is the last enabled admin: make another one first", before->email);
}

static la_result apply_edit(la_commands *c, const la_operator_edit *edit, la_operator_row *row)
{
    if (edit->name.p) {
        la_slice name;
        LA_TRY(la_rule_name(edit->name, &name));
        copy_text(name, row->name, sizeof row->name);
    }
    if (edit->role)
        row->role = *edit->role;
    if (edit->enabled)
        row->enabled = *edit->enabled;
    if (edit->set_environments && edit->all_environments)
        set_all_environments(row);
    else if (edit->set_environments)
        LA_TRY(set_environments(c, edit->environments, edit->n_environments, row));
    return fit_role(row, edit->set_environments && !edit->all_environments && edit->n_environments > 0);
}

static bool same_environments(const la_operator_row *a, const la_operator_row *b)
{
    if (a->all_environments != b->all_environments || a->n_environments != b->n_environments)
        return false;
    for (unsigned i = 0; i < a->n_environments; i++)
        if (!has_environment(b, la_slice_of(a->environments[i])))
            return false;
    return true;
}

static bool same_rights(const la_operator_row *a, const la_operator_row *b)
{
    return a->role == b->role && a->enabled == b->enabled && same_environments(a, b);
}

static la_result update_row(la_commands *c, const la_operator_row *before, la_operator_row *row)
{
    bool rights = !same_rights(before, row);
    if (rights && is_own(c, before))
        return la_fail(LA_CONFLICT, "nobody changes their own role, environments or access: another admin can");
    LA_TRY(keep_admin(c, before, row));
    LA_TRY(la_store_update_operator(c->store, row));
    if (rights)
        LA_TRY(la_store_delete_sessions(c->store, row->operator_id, 0));
    return la_store_find_operator(c->store, row->operator_id, row);
}

la_result la_command_update_operator(la_commands *c, const la_operator_row *o, const la_operator_edit *edit,
                                     la_operator_row *ret)
{
    la_change change;
    la_operator_row before, row = {0};
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_operator_read(c, o->operator_id, &before);
    if (!la_is_ok(r))
        return la_change_end(c, &change, r, NULL);
    bool stale = o->version && before.version != o->version;
    *ret = before; /* may be the same as *o */
    if (stale)
        return la_change_end(c, &change, la_fail(LA_STALE, "operator %s has been changed meanwhile", before.email),
                             NULL);
    row = before;
    r = apply_edit(c, edit, &row);
    if (la_is_ok(r) && same_rights(&before, &row) && strcmp(before.name, row.name) == 0)
        return la_change_end(c, &change, r, NULL);
    if (la_is_ok(r))
        r = update_row(c, &before, &row);
    r = la_operator_end(c, &change, r, "operator.update", &before, la_detail_of(facts(&before), facts(&row)));
    if (la_is_ok(r))
        *ret = row;
    return r;
}

la_result la_command_delete_operator(la_commands *c, const la_operator_row *o)
{
    la_change change;
    la_operator_row row;
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_operator_read(c, o->operator_id, &row);
    if (la_is_ok(r) && is_own(c, &row))
        r = la_fail(LA_CONFLICT, "nobody deletes themselves: another admin can");
    if (la_is_ok(r))
        r = keep_admin(c, &row, NULL);
    if (la_is_ok(r))
        r = la_store_delete_operator(c->store, row.operator_id);
    if (!la_is_ok(r))
        return la_change_end(c, &change, r, NULL);
    return la_operator_end(c, &change, r, "operator.delete", &row, la_detail_of(facts(&row), NULL));
}

/* ---- for those who are locked out ---- */

static la_result put_password(la_commands *c, const char *hash, la_operator_row *row)
{
    memcpy(row->password_hash, hash, sizeof row->password_hash);
    row->must_change_password = true;
    LA_TRY(la_store_update_operator(c->store, row));
    return la_store_delete_sessions(c->store, row->operator_id, 0);
}

la_result la_command_reset_password(la_commands *c, const la_operator_row *o,
                                    char ret_password[LA_GENERATED_PASSWORD_BYTES])
{
    char made[LA_GENERATED_PASSWORD_BYTES], hash[LA_PASSWORD_HASH_MAX + 1];
    la_operator_row row = *o;
    la_change change;
    la_password_generate(made);
    la_result r = la_password_hash(la_slice_of(made), hash);
    if (la_is_ok(r))
        r = la_change_begin(c, &change);
    if (la_is_ok(r)) {
        r = la_operator_read(c, o->operator_id, &row);
        if (la_is_ok(r))
            r = put_password(c, hash, &row);
        r = la_operator_end(c, &change, r, "operator.password_reset", &row, NULL);
    }
    if (la_is_ok(r))
        memcpy(ret_password, made, sizeof made);
    la_wipe(made, sizeof made);
    return r;
}

static la_result drop_totp(la_commands *c, la_operator_row *row)
{
    row->totp_enabled = false;
    row->totp_wrapped_n = 0;
    LA_TRY(la_store_update_operator(c->store, row));
    LA_TRY(la_store_set_recovery_codes(c->store, row->operator_id, NULL, 0));
    return la_store_delete_sessions(c->store, row->operator_id, 0);
}

la_result la_command_reset_totp(la_commands *c, const la_operator_row *o)
{
    la_change change;
    la_operator_row row;
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_operator_read(c, o->operator_id, &row);
    if (!la_is_ok(r) || (!row.totp_enabled && row.totp_wrapped_n == 0 && row.recovery_codes_left == 0))
        return la_change_end(c, &change, r, NULL);
    r = drop_totp(c, &row);
    return la_operator_end(c, &change, r, "operator.totp_reset", &row, NULL);
}
