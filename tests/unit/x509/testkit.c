#include "testkit.h"

#include <openssl/pem.h>

#define MUST(expr)   \
    do {             \
        if (!(expr)) \
            abort(); \
    } while (0)

X509_NAME *make_name(const attribute_of_name *attributes, size_t n)
{
    X509_NAME *name = X509_NAME_new();
    for (size_t i = 0; i < n; i++) {
        const attribute_of_name *a = &attributes[i];
        MUST(X509_NAME_add_entry_by_txt(name, a->type, a->kind, (const unsigned char *)a->value,
                                        a->n < 0 ? (int)strlen(a->value) : a->n, -1, a->set));
    }
    return name;
}

EVP_PKEY *make_rsa(unsigned bits)
{
    return EVP_RSA_gen(bits);
}

X509_EXTENSION *make_extension(int nid, const void *der, size_t n)
{
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    MUST(ASN1_OCTET_STRING_set(value, der, (int)n));
    X509_EXTENSION *extension = X509_EXTENSION_create_by_NID(NULL, nid, 0, value);
    ASN1_OCTET_STRING_free(value);
    return extension;
}

static void add(X509 *x, X509V3_CTX *context, int nid, const char *value)
{
    X509_EXTENSION *extension = value ? X509V3_EXT_conf_nid(NULL, context, nid, value) : NULL;
    if (value)
        MUST(extension && X509_add_ext(x, extension, -1));
    X509_EXTENSION_free(extension);
}

static void add_constraints(X509 *x, X509V3_CTX *context, const recipe *r)
{
    char constraints[64] = "critical,CA:TRUE";
    if (!r->is_ca)
        return;
    if (r->path_length)
        snprintf(constraints, sizeof constraints, "critical,CA:TRUE,pathlen:%d", r->path_length - 1);
    add(x, context, NID_basic_constraints, constraints);
    add(x, context, NID_key_usage, "critical,keyCertSign,cRLSign");
}

pair make_pair(const pair *issuer, recipe r)
{
    pair p = {X509_new(), r.key ? r.key : EVP_EC_gen("P-256")};
    X509V3_CTX context;
    X509_NAME *name = r.name;
    if (!name)
        name = MAKE_NAME({"O", V_ASN1_UTF8STRING, "Test", -1, 0},
                         {"CN", V_ASN1_UTF8STRING, r.cn ? r.cn : "client", -1, 0});
    MUST(X509_set_version(p.x, X509_VERSION_3) && X509_set_subject_name(p.x, name) && X509_set_pubkey(p.x, p.key));
    MUST(X509_set_issuer_name(p.x, issuer ? X509_get_subject_name(issuer->x) : name));
    MUST(ASN1_INTEGER_set(X509_get_serialNumber(p.x), r.serial ? r.serial : 1));
    MUST(ASN1_TIME_set(X509_getm_notBefore(p.x), (time_t)(r.from_s ? r.from_s : NOW_S - 10 * DAY_S)));
    MUST(ASN1_TIME_set(X509_getm_notAfter(p.x), (time_t)(r.to_s ? r.to_s : NOW_S + 10 * DAY_S)));
    X509V3_set_ctx(&context, issuer ? issuer->x : p.x, p.x, NULL, NULL, 0);
    add_constraints(p.x, &context, &r);
    add(p.x, &context, NID_subject_key_identifier, "hash");
    if (issuer)
        add(p.x, &context, NID_authority_key_identifier, "keyid");
    add(p.x, &context, NID_ext_key_usage, r.usage);
    add(p.x, &context, NID_subject_alt_name, r.names);
    if (r.extension)
        MUST(X509_add_ext(p.x, r.extension, -1));
    EVP_PKEY *signs = issuer ? issuer->key : p.key;
    const EVP_MD *digest = EVP_PKEY_get_base_id(signs) == EVP_PKEY_ED25519 ? NULL : r.digest ? r.digest : EVP_sha256();
    MUST(X509_sign(p.x, signs, digest));
    X509_NAME_free(name);
    X509_EXTENSION_free(r.extension);
    return p;
}

void free_pair(pair *p)
{
    X509_free(p->x);
    EVP_PKEY_free(p->key);
    *p = (pair){0};
}

static char rooms[16][2 * LA_X509_DER_MAX];

static char *next_room(void)
{
    static unsigned turn;
    return rooms[turn++ % 16];
}

la_slice der_of(const X509 *x)
{
    char *room = next_room();
    unsigned char *p = (unsigned char *)room;
    int n = i2d_X509(x, &p);
    MUST(n > 0);
    return (la_slice){room, (size_t)n};
}

la_slice pem_of(const X509 *x)
{
    char *room = next_room();
    BIO *bio = BIO_new(BIO_s_mem());
    MUST(PEM_write_bio_X509(bio, x));
    int n = BIO_read(bio, room, sizeof rooms[0]);
    BIO_free(bio);
    return (la_slice){room, (size_t)n};
}

la_x509 *parsed(const X509 *x)
{
    la_x509 *c = NULL;
    assert_ok(la_x509_parse(der_of(x), &c));
    return c;
}

char *make_crl(const pair *issuer, int64_t this_s, int64_t next_s, const revoked_one *revoked, size_t n)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *time = ASN1_TIME_new();
    MUST(X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
         X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x)));
    MUST(ASN1_TIME_set(time, (time_t)this_s) && X509_CRL_set1_lastUpdate(crl, time));
    if (next_s)
        MUST(ASN1_TIME_set(time, (time_t)next_s) && X509_CRL_set1_nextUpdate(crl, time));
    for (size_t i = 0; i < n; i++) {
        X509_REVOKED *one = X509_REVOKED_new();
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        MUST(ASN1_INTEGER_set(serial, revoked[i].serial) && X509_REVOKED_set_serialNumber(one, serial));
        MUST(ASN1_TIME_set(time, (time_t)revoked[i].at_s) && X509_REVOKED_set_revocationDate(one, time));
        MUST(X509_CRL_add0_revoked(crl, one));
        ASN1_INTEGER_free(serial);
    }
    MUST(X509_CRL_sort(crl) && X509_CRL_sign(crl, issuer->key, EVP_sha256()));
    BIO *bio = BIO_new(BIO_s_mem());
    MUST(PEM_write_bio_X509_CRL(bio, crl));
    char *text = NULL;
    long length = BIO_get_mem_data(bio, &text);
    char *copy = calloc(1, (size_t)length + 1);
    memcpy(copy, text, (size_t)length);
    BIO_free(bio);
    ASN1_TIME_free(time);
    X509_CRL_free(crl);
    return copy;
}

int set_up_secrets(void **state)
{
    (void)state;
    return la_is_ok(la_secret_setup()) ? 0 : -1;
}

int run_in(const char *folder, const char *format, ...)
{
    char command[1024], whole[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    snprintf(whole, sizeof whole, "cd '%s' && { %s; } >>log 2>&1", folder, command);
    int status = system(whole);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void write_in(const char *folder, const char *name, la_slice content)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    MUST(f && fwrite(content.p, 1, content.n, f) == content.n && fclose(f) == 0);
}
