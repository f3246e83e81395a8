/* The id of a status list in a URL, as anybody sends it. What is read was made here, by the one key: made again from what it says, and with the same
 * random part, it is the same. */
#include "oauth/status.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static la_hasher *hasher_of_zeroes(void)
{
    static const uint8_t pepper[LA_PEPPER_BYTES];
    static la_hasher *hasher;
    if (!hasher && (!la_is_ok(la_secret_setup()) || !(hasher = la_hasher_new(pepper))))
        abort();
    return hasher;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    uint8_t id[LA_STATUS_LIST_ID_BYTES], mac[LA_DIGEST_BYTES];
    char text[LA_STATUS_ID_CHARS];
    la_status_list list;
    if (la_is_ok(la_status_read_id(hasher_of_zeroes(), 1, (la_slice){(const char *)data, n}, id, &list))) {
        la_base64url_encode(id, sizeof id, text);
        if (n != sizeof text || memcmp(text, data, n) != 0 || list.started_at_s < 0)
            abort();
        mac_of(hasher_of_zeroes(), 1, id, mac);
        if (memcmp(mac, id + AT_MAC, MAC_BYTES) != 0)
            abort();
    }
    /* with a MAC that is right, so that the fuzzer gets past it */
    if (n >= AT_MAC) {
        memcpy(id, data, AT_MAC);
        mac_of(hasher_of_zeroes(), 1, id, mac);
        memcpy(id + AT_MAC, mac, MAC_BYTES);
        la_base64url_encode(id, sizeof id, text);
        if (!la_is_ok(la_status_read_id(hasher_of_zeroes(), 1, (la_slice){text, sizeof text}, id, &list)))
            abort();
    }
    return 0;
}
