/* leanauth app import: progress on the terminal, and the file that the new credentials go to. */
#include "admin/rows.h"
#include "base/secret.h"
#include "cli/files.h"
#include "cli/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define FLUSH_AT_BYTES (64 * 1024)
#define DRAW_EVERY_US 100000
#define BAR_CHARS 40
#define STEP_PERCENT 10

/* Where the credentials go. */
typedef struct sink {
    int fd;           /* -1: nowhere */
    const char *path; /* NULL: standard output */
    la_rows_form form;
    la_buffer gathered;
    sigset_t signals_before;
    bool signals_blocked;
} sink;

typedef struct progress {
    bool bar, lines;
    int64_t drawn_at_us;
    unsigned told_percent;
} progress;

typedef struct import_run {
    la_cli *cli;
    sink sink;
    progress progress;
} import_run;

/* ---- credentials ---- */

/* A run that is interrupted has imported nothing, so what it wrote is worth nothing: the handler removes it. */
static const char *volatile unfinished;

static void remove_unfinished(int signal_number)
{
    if (unfinished)
        unlink(unfinished);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};

static void watch_signals(void)
{
    for (size_t i = 0; i < sizeof ending_signals / sizeof *ending_signals; i++)
        signal(ending_signals[i], remove_unfinished);
}

/* From the last row until the end nothing interrupts: the file and the store agree. */
static void hold_signals(sink *s)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof ending_signals / sizeof *ending_signals; i++)
        sigaddset(&set, ending_signals[i]);
    s->signals_blocked = sigprocmask(SIG_BLOCK, &set, &s->signals_before) == 0;
}

static la_result open_sink(la_cli *cli, sink *s)
{
    const char *path = la_cli_value(cli, "output");
    la_buffer_init(&s->gathered, 4 * FLUSH_AT_BYTES);
    s->fd = -1;
    if (!path && cli->json) {
        s->fd = STDOUT_FILENO;
        s->form = LA_ROWS_JSONL;
        return la_ok();
    }
    if (!path)
        return la_ok();
    s->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (s->fd < 0 && errno == EEXIST)
        return la_fail(LA_EXISTS, "%s exists already: name another file for the credentials", path);
    if (s->fd < 0)
        return la_fail(LA_IO, "cannot write %s: %s", path, strerror(errno));
    s->path = path;
    unfinished = path;
    watch_signals();
    if (s->form == LA_ROWS_CSV)
        la_buffer_add_text(&s->gathered, "environment,client_id,client_secret,name\r\n");
    return la_ok();
}

static la_result flush_sink(sink *s)
{
    if (!la_buffer_ok(&s->gathered))
        return la_fail(LA_NO_MEMORY, "there is no memory for the credentials");
    la_result r = la_cli_write(s->fd, la_buffer_slice(&s->gathered));
    la_wipe(s->gathered.p, s->gathered.n);
    la_buffer_clear(&s->gathered);
    return r;
}

/* RFC 4180 2: quoted where it has a comma, a quote or a line's end; a quote is doubled. */
static void add_csv_field(la_buffer *b, la_slice field, const char *end)
{
    bool quoted = false;
    for (size_t i = 0; i < field.n; i++)
        quoted |= strchr(",\"\r\n", field.p[i]) != NULL;
    if (quoted)
        la_buffer_add_char(b, '"');
    for (size_t i = 0; i < field.n; i++) {
        if (field.p[i] == '"')
            la_buffer_add_char(b, '"');
        la_buffer_add_char(b, field.p[i]);
    }
    if (quoted)
        la_buffer_add_char(b, '"');
    la_buffer_add_text(b, end);
}

static void add_credentials(sink *s, la_slice environment, la_slice client_id, la_slice client_secret, la_slice name)
{
    la_buffer *b = &s->gathered;
    if (s->form == LA_ROWS_CSV) {
        add_csv_field(b, environment, ",");
        add_csv_field(b, client_id, ",");
        add_csv_field(b, client_secret, ",");
        add_csv_field(b, name, "\r\n");
        return;
    }
    la_json_writer w = {b, false};
    la_json_open(&w, NULL, '{');
    la_json_text(&w, "environment", environment);
    la_json_text(&w, "client_id", client_id);
    la_json_text_or_null(&w, "client_secret", client_secret);
    la_json_text(&w, "name", name);
    la_json_end(&w);
}

static la_result take_created(void *self, la_slice environment, la_slice client_id, la_slice client_secret,
                              la_slice name)
{
    sink *s = &((import_run *)self)->sink;
    if (s->fd < 0 && client_secret.p)
        return la_fail(LA_USAGE,
                       "the row brings no secret of its own: --output FILE is needed for the one that is made");
    if (s->fd < 0)
        return la_ok();
    add_credentials(s, environment, client_id, client_secret, name);
    return s->gathered.n >= FLUSH_AT_BYTES ? flush_sink(s) : la_ok();
}

/* The credentials are safe before the applications exist: never the other way round. */
static la_result finish_sink(void *self)
{
    sink *s = &((import_run *)self)->sink;
    if (s->fd < 0)
        return la_ok();
    hold_signals(s);
    LA_TRY(flush_sink(s));
    if (s->path && fsync(s->fd) != 0)
        return la_fail(errno == ENOSPC ? LA_FULL : LA_IO, "cannot write %s: %s", s->path, strerror(errno));
    return la_ok();
}

static void close_sink(sink *s, bool imported)
{
    if (s->path) {
        close(s->fd);
        if (!imported)
            unlink(s->path);
    }
    unfinished = NULL;
    if (s->signals_blocked)
        sigprocmask(SIG_SETMASK, &s->signals_before, NULL);
    la_buffer_done(&s->gathered);
}

/* ---- progress ---- */

static unsigned percent_of(const la_import_progress *p)
{
    return p->bytes_total ? (unsigned)(p->bytes_done * 100 / p->bytes_total) : 0;
}

static void draw_bar(unsigned percent, uint64_t applications)
{
    char bar[BAR_CHARS + 1];
    for (unsigned i = 0; i < BAR_CHARS; i++)
        bar[i] = i < percent * BAR_CHARS / 100 ? '#' : '.';
    bar[BAR_CHARS] = 0;
    fprintf(stderr, "\r[%s] %3u %%  %llu applications", bar, percent, (unsigned long long)applications);
    fflush(stderr);
}

static void show_progress(void *self, const la_import_progress *p)
{
    import_run *run = self;
    progress *shown = &run->progress;
    unsigned percent = percent_of(p);
    int64_t now_us = la_clock_monotonic_us();
    if (shown->bar && now_us - shown->drawn_at_us >= DRAW_EVERY_US) {
        shown->drawn_at_us = now_us;
        draw_bar(percent, p->applications);
    }
    if (shown->lines && percent >= shown->told_percent + STEP_PERCENT) {
        shown->told_percent = percent - percent % STEP_PERCENT;
        la_cli_note(run->cli, "%u %%, %llu applications", shown->told_percent, (unsigned long long)p->applications);
    }
}

static void end_progress(const progress *shown, bool imported, uint64_t count)
{
    if (!shown->bar || !shown->drawn_at_us)
        return;
    if (imported)
        draw_bar(100, count);
    fputc('\n', stderr);
}

/* ---- the command ---- */

static void print_imported(la_cli *cli, uint64_t count)
{
    const char *output = la_cli_value(cli, "output");
    la_json_writer w = {&cli->out, false};
    if (cli->json && output) {
        la_json_open(&w, NULL, '{');
        la_json_u64(&w, "imported", count);
        la_json_text(&w, "file", la_slice_of(cli->arguments[0]));
        la_json_text(&w, "output", la_slice_of(output));
        la_json_end(&w);
    } else if (!cli->json) {
        la_buffer_add_format(&cli->out, "%llu applications are imported from %s.\n", (unsigned long long)count,
                             cli->arguments[0]);
        if (output)
            la_buffer_add_format(&cli->out, "Their credentials are in %s.\n", output);
    }
}

la_result la_cli_run_import(la_cli *cli)
{
    import_run run = {.cli = cli, .sink.fd = -1};
    bool told = !cli->json && !la_cli_has(cli, "quiet");
    run.progress.bar = told && isatty(STDERR_FILENO);
    run.progress.lines = told && !run.progress.bar;
    LA_TRY(la_rows_form_of(cli->arguments[0], &run.sink.form));
    la_session s;
    LA_TRY(la_session_open(cli, &s));
    la_import_hooks hooks = {&run, show_progress, take_created, finish_sink};
    uint64_t count = 0;
    la_result r = open_sink(cli, &run.sink);
    if (la_is_ok(r))
        r = la_command_import(&s.commands, cli->arguments[0], la_cli_slice(cli, "environment"), &hooks, &count);
    end_progress(&run.progress, la_is_ok(r), count);
    close_sink(&run.sink, la_is_ok(r));
    la_session_close(&s);
    if (la_is_ok(r))
        print_imported(cli, count);
    else
        la_cli_set_hint(cli, "Nothing was imported.");
    return r;
}

const la_cli_option la_cli_import_options[] = {
    {"environment", "NAME", "The environment of every row; without it each row names its own.", false},
    {"output", "FILE",
     "A new file for the credentials, mode 0600, in the form of the input. Needed unless every row brings its secret.",
     false},
    {"quiet", NULL, "Shows no progress.", false},
    {0},
};
