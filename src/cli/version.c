/* leanauth version: this build and the libraries that it runs with. */
#include "cli/shared.h"

#include <curl/curl.h>
#include <jansson.h>
#include <liboath/oath.h>
#include <lmdb.h>
#include <openssl/crypto.h>
#include <qrencode.h>
#include <sodium.h>
#include <sqlite3.h>
#include <uv.h>
#include <zlib.h>

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

typedef struct part {
    const char *name, *version;
} part;

static const char *build_kind(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return "sanitized";
#else
    return "plain";
#endif
}

static la_result run_version(la_cli *cli)
{
    int major, minor, patch;
    char lmdb[32];
    mdb_version(&major, &minor, &patch);
    la_buffer b;
    la_buffer_init_fixed(&b, lmdb, sizeof lmdb);
    la_buffer_add_format(&b, "%d.%d.%d", major, minor, patch);
    const part parts[] = {
        {"version", LA_VERSION},
        {"compiler", COMPILER},
        {"build", build_kind()},
        {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
        {"libsodium", sodium_version_string()},
        {"sqlite", sqlite3_libversion()},
        {"lmdb", la_buffer_text(&b)},
        {"libuv", uv_version_string()},
        {"libcurl", curl_version_info(CURLVERSION_NOW)->version},
        {"jansson", jansson_version_str()},
        {"liboath", oath_check_version(NULL)},
        {"libqrencode", QRcode_APIVersionString()},
        {"zlib", zlibVersion()},
    };
    size_t n = sizeof parts / sizeof *parts;
    la_json_writer w = {&cli->out, false};
    if (!cli->json) {
        la_buffer_add_text(&cli->out, "leanauth " LA_VERSION "\n");
        for (size_t i = 1; i < n; i++)
            la_buffer_add_format(&cli->out, "%-11s %s\n", parts[i].name, parts[i].version);
        return la_ok();
    }
    la_json_open(&w, NULL, '{');
    for (size_t i = 0; i < n; i++)
        la_json_text(&w, parts[i].name, la_slice_of(parts[i].version));
    la_json_end(&w);
    return la_ok();
}

const la_cli_command la_cli_version_commands[] = {
    {"version", "", 0, 0, "Prints the version.",
     "Prints the version of leanauth and of the libraries that it runs with.", "  leanauth version --json\n", NULL,
     run_version},
    {0},
};
