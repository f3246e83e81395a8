#include "cli/demo_operator.h"

#include "admin/password.h"
#include "base/secret.h"
#include "cli/operator.h"

#define URL_BYTES 512

static la_result found_one(void *self, const la_operator_row *o)
{
    *(bool *)self = true;
    return la_ok();
}

static la_result add(la_commands *c, la_demo_operator *ret)
{
    la_operator_row row;
    char none[LA_GENERATED_PASSWORD_BYTES];
    la_password_generate(ret->password);
    /* As one that was chosen: a demo that begins with a change of password is no demo. */
    la_new_operator o = {
        .email = LA_SLICE(LA_DEMO_EMAIL),
        .name = LA_SLICE("Demo admin"),
        .role = LA_ROLE_ADMIN,
        .all_environments = true,
        .password = la_slice_of(ret->password),
    };
    return la_command_add_operator(c, &o, &row, none);
}

la_result la_demo_operator_ensure(la_commands *c, la_demo_operator *ret)
{
    la_operator_row row;
    bool any = false;
    *ret = (la_demo_operator){0};
    LA_TRY(la_store_list_operators(c->store, 0, 1, found_one, &any));
    if (!any)
        LA_TRY(add(c, ret));
    la_result r = la_store_find_operator_by_email(c->store, LA_SLICE(LA_DEMO_EMAIL), &row);
    ret->exists = la_is_ok(r);
    return r.code == LA_NOT_FOUND ? la_ok() : r;
}

void la_demo_operator_print(const la_commands *c, const la_demo_operator *o, la_buffer *out)
{
    la_buffer_add_text(out, "dashboard\n  address        ");
    la_cli_dashboard_url(c->config, out);
    la_buffer_add_char(out, '\n');
    if (!o->exists) {
        la_buffer_add_char(out, '\n');
        return;
    }
    la_buffer_add_format(out, "  email          %s\n", LA_DEMO_EMAIL);
    if (*o->password)
        la_buffer_add_format(out, "  password       %s   (shown this once)\n\n", o->password);
    else
        la_buffer_add_format(out,
                             "  password       was shown when it was made; another one: leanauth operator "
                             "reset-password --config %s %s\n\n",
                             c->config->file, LA_DEMO_EMAIL);
}

void la_demo_operator_write(const la_commands *c, const la_demo_operator *o, la_json_writer *w)
{
    char memory[URL_BYTES];
    la_buffer url;
    la_buffer_init_fixed(&url, memory, sizeof memory);
    la_cli_dashboard_url(c->config, &url);
    la_json_open(w, "dashboard", '{');
    la_json_text(w, "url", la_buffer_slice(&url));
    la_json_text_or_null(w, "email", o->exists ? LA_SLICE(LA_DEMO_EMAIL) : LA_NO_SLICE);
    la_json_text_or_null(w, "password", la_slice_of(o->password));
    la_json_close(w, '}');
}
