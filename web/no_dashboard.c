/* Takes the place of the bundled dashboard where the server is built without it. */
#include "server/routes/asset.h"

const la_asset la_assets[1] = {{0}};
const unsigned la_assets_count = 0;
