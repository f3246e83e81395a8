/*
 * The dashboard's files, made by web/build.mjs at build time and linked in. None of them where it was built without npm.
 */
#ifndef LA_SERVER_ASSET_H
#define LA_SERVER_ASSET_H

#include <stdbool.h>
#include <stddef.h>

typedef struct la_asset {
    const char *path; /* "/index.html", "/assets/app-5f2c….js" */
    const char *content_type;
    const char *etag; /* with its quotes; the same for all encodings but for a suffix that the server adds */
    bool immutable;   /* its name has a hash of its content */
    const unsigned char *identity, *gzip, *brotli; /* gzip, brotli: NULL where they would not be smaller */
    size_t identity_bytes, gzip_bytes, brotli_bytes;
} la_asset;

extern const la_asset la_assets[];
extern const unsigned la_assets_count;

#endif
