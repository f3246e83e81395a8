/* RFC 4514, RFC 4517 4.2.15, RFC 4518. OpenSSL's canonical form of a name does the preparation of strings. */
#include "x509/dn.h"

#include "base/hex.h"
#include "model/model.h"
#include "x509/strict_der.h"
#include "x509/x509_internal.h"

#include <openssl/err.h>

#define RDN_MAX 32 /* and attributes of a name */

/* The short names of RFC 4514 3, and those that certificates of companies have. Each of these has a matching rule that ignores
 * case (RFC 4519, RFC 5280 A). The first name of an attribute is the one that is written. */
static const struct attribute {
    const char *name;
    int nid;
} attributes[] = {
    {"CN", NID_commonName},
    {"L", NID_localityName},
    {"ST", NID_stateOrProvinceName},
    {"O", NID_organizationName},
    {"OU", NID_organizationalUnitName},
    {"C", NID_countryName},
    {"STREET", NID_streetAddress},
    {"DC", NID_domainComponent},
    {"UID", NID_userId},
    {"SN", NID_surname},
    {"givenName", NID_givenName},
    {"serialNumber", NID_serialNumber},
    {"emailAddress", NID_pkcs9_emailAddress},
    {"title", NID_title},
    {"initials", NID_initials},
    {"generationQualifier", NID_generationQualifier},
    {"dnQualifier", NID_dnQualifier},
    {"pseudonym", NID_pseudonym},
    {"postalCode", NID_postalCode},
    {"description", NID_description},
    {"businessCategory", NID_businessCategory},
    {"organizationIdentifier", NID_organizationIdentifier},
    {"jurisdictionL", NID_jurisdictionLocalityName},
    {"jurisdictionST", NID_jurisdictionStateOrProvinceName},
    {"jurisdictionC", NID_jurisdictionCountryName},
    {"commonName", NID_commonName},
    {"localityName", NID_localityName},
    {"stateOrProvinceName", NID_stateOrProvinceName},
    {"S", NID_stateOrProvinceName},
    {"organizationName", NID_organizationName},
    {"organizationalUnitName", NID_organizationalUnitName},
    {"countryName", NID_countryName},
    {"streetAddress", NID_streetAddress},
    {"domainComponent", NID_domainComponent},
    {"userId", NID_userId},
    {"surname", NID_surname},
    {"GN", NID_givenName},
    {"E", NID_pkcs9_emailAddress},
    {"email", NID_pkcs9_emailAddress},
};
#define ATTRIBUTES (sizeof attributes / sizeof attributes[0])

static const struct attribute *attribute_of(const ASN1_OBJECT *type)
{
    int nid = OBJ_obj2nid(type);
    for (size_t i = 0; nid != NID_undef && i < ATTRIBUTES; i++)
        if (attributes[i].nid == nid)
            return &attributes[i];
    return NULL;
}

/* ---- reading ---- */

typedef struct reader {
    la_slice text;
    size_t at;
    size_t n_value; /* bytes in value */
    unsigned char value[LA_SUBJECT_MAX];
} reader;

static la_result malformed(const reader *r, const char *what)
{
    return la_fail(LA_INVALID, "the distinguished name is malformed at byte %zu: %s", r->at + 1, what);
}

static int peek(const reader *r)
{
    return r->at < r->text.n ? (unsigned char)r->text.p[r->at] : -1;
}

/* The octet that two digits at `at` stand for; -1 where they are none. */
static int hex_pair(const reader *r, size_t at)
{
    if (at + 2 > r->text.n)
        return -1;
    int high = la_hex_value(r->text.p[at]), low = la_hex_value(r->text.p[at + 1]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* numericoid (RFC 4512 1.4), with OpenSSL's limit on the size of an arc. */
static ASN1_OBJECT *oid_of(la_slice type)
{
    char text[128];
    if (type.n >= sizeof text)
        return NULL;
    for (size_t i = 0; i < type.n; i++) {
        bool begins = i == 0 || type.p[i - 1] == '.', ends = i + 1 == type.n || type.p[i + 1] == '.';
        if (type.p[i] == '.' ? begins || ends
                             : type.p[i] < '0' || type.p[i] > '9' || (begins && !ends && type.p[i] == '0'))
            return NULL;
    }
    memcpy(text, type.p, type.n);
    text[type.n] = 0;
    return OBJ_txt2obj(text, 1);
}

static la_result read_type(reader *r, ASN1_OBJECT **ret)
{
    if (peek(r) == ' ')
        return malformed(r, "a blank before an attribute type (RFC 4514 has none around commas and plus signs)");
    size_t from = r->at, n = 0;
    while (from + n < r->text.n && !strchr("=,+; ", r->text.p[from + n]))
        n++;
    la_slice type = {r->text.p + from, n};
    if (n == 0 || from + n == r->text.n || r->text.p[from + n] != '=')
        return malformed(r, "expected TYPE=value, like CN=example");
    ASN1_OBJECT *found = NULL;
    for (size_t i = 0; !found && i < ATTRIBUTES; i++)
        if (la_slice_equal_nocase(type, la_slice_of(attributes[i].name)))
            found = OBJ_nid2obj(attributes[i].nid);
    if (!found)
        found = oid_of(type);
    ERR_clear_error();
    if (!found)
        return malformed(r, "an unknown attribute type; write it as a dotted OID");
    r->at = from + n + 1;
    *ret = found;
    return la_ok();
}

/* What is behind a backslash: a hexadecimal pair, or one of the characters that have a meaning (RFC 4514 3, pair). */
static la_result read_escaped(reader *r, unsigned char *ret)
{
    int pair = hex_pair(r, r->at + 1);
    if (pair == 0)
        return malformed(r, "NUL is not accepted in a value");
    if (pair > 0) {
        *ret = (unsigned char)pair;
        r->at += 3;
        return la_ok();
    }
    if (r->at + 1 == r->text.n || !r->text.p[r->at + 1] || !strchr("\\\"+,;<> #=", r->text.p[r->at + 1]))
        return malformed(
            r, "a backslash is followed by two hexadecimal digits or by one of \\ \" + , ; < > # = and blank");
    *ret = (unsigned char)r->text.p[r->at + 1];
    r->at += 2;
    return la_ok();
}

static bool ends_value(int c)
{
    return c < 0 || c == ',' || c == '+';
}

static la_result read_string(reader *r)
{
    bool blank_at_end = false;
    r->n_value = 0;
    if (peek(r) == ' ')
        return malformed(r, "a blank at the begin of a value must be escaped");
    for (int c; !ends_value(c = peek(r));) {
        unsigned char octet = (unsigned char)c;
        blank_at_end = c == ' ';
        if (c == '\\')
            LA_TRY(read_escaped(r, &octet));
        else if (c == 0 || strchr("\";<>", c))
            return malformed(r, "this character must be escaped by a backslash");
        else
            r->at++;
        if (r->n_value == sizeof r->value)
            return malformed(r, "the value is too long");
        r->value[r->n_value++] = octet;
    }
    if (blank_at_end)
        return malformed(
            r, "a blank at the end of a value must be escaped (RFC 4514 has none around commas and plus signs)");
    if (!la_slice_is_utf8((la_slice){(const char *)r->value, r->n_value}))
        return malformed(r, "the value is not UTF-8");
    return la_ok();
}

static bool is_text(int type)
{
    int bit = type > 0 ? (int)ASN1_tag2bit(type) : 0;
    return (bit & (B_ASN1_DIRECTORYSTRING | B_ASN1_IA5STRING | B_ASN1_NUMERICSTRING | B_ASN1_VISIBLESTRING)) != 0;
}

static bool has_nul(const ASN1_STRING *value)
{
    unsigned char *utf8 = NULL;
    int n = ASN1_STRING_to_UTF8(&utf8, value);
    bool has = n > 0 && memchr(utf8, 0, (size_t)n);
    OPENSSL_free(utf8);
    ERR_clear_error();
    return has;
}

/* hexstring: the DER of the value (RFC 4514 2.4), here of one that is text. */
static la_result read_hex(reader *r, int *ret_type)
{
    size_t n = 0;
    r->at++;
    for (int octet; (octet = hex_pair(r, r->at)) >= 0; r->at += 2) {
        if (n == sizeof r->value)
            return malformed(r, "the value is too long");
        r->value[n++] = (unsigned char)octet;
    }
    if (!ends_value(peek(r)))
        return malformed(r, "expected pairs of hexadecimal digits behind #");
    const unsigned char *p = r->value;
    ASN1_STRING *value = d2i_ASN1_PRINTABLE(NULL, &p, (long)n);
    int type = value ? ASN1_STRING_type(value) : 0;
    /* One tag, one length: that it is the shortest is seen by writing it again. */
    unsigned char *again = NULL;
    int n_again = value && is_text(type) ? i2d_ASN1_PRINTABLE(value, &again) : -1;
    bool good = n_again >= 0 && (size_t)n_again == n && memcmp(again, r->value, n) == 0 && !has_nul(value);
    if (good) {
        r->n_value = (size_t)ASN1_STRING_length(value);
        if (r->n_value)
            memcpy(r->value, ASN1_STRING_get0_data(value), r->n_value);
        *ret_type = type;
    }
    OPENSSL_free(again);
    ASN1_STRING_free(value);
    ERR_clear_error();
    return good ? la_ok() : malformed(r, "what is behind # is not the DER of a string");
}

static bool is_in_first_rdn(const X509_NAME *name, const ASN1_OBJECT *type)
{
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        if (X509_NAME_ENTRY_set(entry) != 0)
            break;
        if (OBJ_cmp(X509_NAME_ENTRY_get_object(entry), type) == 0)
            return true;
    }
    return false;
}

/* The text begins with the last RDN (RFC 4514 2.1), so each new one comes before those that are there. */
static la_result read_attribute(reader *r, X509_NAME *name, bool begins_rdn)
{
    ASN1_OBJECT *type = NULL;
    size_t from = r->at;
    int kind = V_ASN1_UTF8STRING;
    if (X509_NAME_entry_count(name) == RDN_MAX)
        return malformed(r, "too many attributes");
    LA_TRY(read_type(r, &type));
    la_result result = peek(r) == '#' ? read_hex(r, &kind) : read_string(r);
    if (la_is_ok(result) && !begins_rdn && is_in_first_rdn(name, type)) {
        r->at = from;
        result = malformed(r, "an attribute type stands twice in one RDN");
    }
    if (la_is_ok(result) &&
        !X509_NAME_add_entry_by_OBJ(name, type, kind, r->value, (int)r->n_value, 0, begins_rdn ? 0 : 1))
        result = la_x509_refuse("the distinguished name cannot be represented");
    ASN1_OBJECT_free(type);
    return result;
}

static la_result read_name(reader *r, X509_NAME *name)
{
    bool begins_rdn = true;
    if (r->text.n == 0)
        return malformed(r, "it is empty");
    for (;;) {
        LA_TRY(read_attribute(r, name, begins_rdn));
        int separator = peek(r);
        if (separator < 0)
            break;
        r->at++;
        begins_rdn = separator == ',';
    }
    /* The canonical form is made here, once. */
    return i2d_X509_NAME(name, NULL) > 0 ? la_ok() : la_x509_refuse("the distinguished name cannot be represented");
}

la_result la_dn_parse(la_slice text, X509_NAME **ret)
{
    reader r = {.text = text};
    if (text.n > LA_SUBJECT_MAX)
        return la_fail(LA_INVALID, "the distinguished name has more than %d bytes", LA_SUBJECT_MAX);
    X509_NAME *name = X509_NAME_new();
    if (!name)
        return la_fail(LA_NO_MEMORY, "out of memory for a name");
    la_result result = read_name(&r, name);
    if (la_is_ok(result))
        *ret = name;
    else
        X509_NAME_free(name);
    return result;
}

/* ---- writing ---- */

static void write_hex(const unsigned char *p, size_t n, la_buffer *ret)
{
    char digits[3];
    for (size_t i = 0; i < n; i++) {
        la_hex_encode(p + i, 1, digits);
        la_buffer_add(ret, (la_slice){digits, 2});
    }
}

static void write_string(la_slice value, la_buffer *ret)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        bool at_begin = i == 0 && (c == ' ' || c == '#'), at_end = i + 1 == value.n && c == ' ';
        if (c < ' ' || c == 0x7f) {
            la_buffer_add_char(ret, '\\');
            write_hex(&c, 1, ret);
            continue;
        }
        if (at_begin || at_end || strchr("\"+,;<>\\", c))
            la_buffer_add_char(ret, '\\');
        la_buffer_add_char(ret, (char)c);
    }
}

/* A type without a short name has its value in hexadecimal, as has one that is no text (RFC 4514 2.4). */
static void write_attribute(const X509_NAME_ENTRY *entry, la_buffer *ret)
{
    char oid[128];
    unsigned char *bytes = NULL;
    const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(entry);
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
    const struct attribute *known = attribute_of(type);
    int n = known && is_text(ASN1_STRING_type(value)) ? ASN1_STRING_to_UTF8(&bytes, value) : -1;
    if (known)
        la_buffer_add_text(ret, known->name);
    else if (OBJ_obj2txt(oid, sizeof oid, type, 1) > 0)
        la_buffer_add_text(ret, oid);
    la_buffer_add_char(ret, '=');
    if (n >= 0) {
        write_string((la_slice){(const char *)bytes, (size_t)n}, ret);
    } else {
        n = i2d_ASN1_PRINTABLE(value, &bytes);
        la_buffer_add_char(ret, '#');
        write_hex(bytes, n > 0 ? (size_t)n : 0, ret);
    }
    OPENSSL_free(bytes);
    ERR_clear_error();
}

void la_dn_write(const X509_NAME *name, la_buffer *ret)
{
    int n = X509_NAME_entry_count(name);
    for (int end = n; end > 0;) {
        int rdn = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, end - 1)), begin = end;
        while (begin > 0 && X509_NAME_ENTRY_set(X509_NAME_get_entry(name, begin - 1)) == rdn)
            begin--;
        for (int i = begin; i < end; i++) {
            if (i > begin || end < n)
                la_buffer_add_char(ret, i > begin ? '+' : ',');
            write_attribute(X509_NAME_get_entry(name, i), ret);
        }
        end = begin;
    }
}

/* ---- comparing ---- */

static bool is_same_text(const ASN1_STRING *a, const ASN1_STRING *b)
{
    unsigned char *a_text = NULL, *b_text = NULL;
    int a_n = ASN1_STRING_to_UTF8(&a_text, a), b_n = ASN1_STRING_to_UTF8(&b_text, b);
    bool same = a_n >= 0 && a_n == b_n && memcmp(a_text, b_text, (size_t)a_n) == 0;
    OPENSSL_free(a_text);
    OPENSSL_free(b_text);
    ERR_clear_error();
    return same;
}

/* The RDN of `name` with this number has the very same attribute. */
static bool has_exactly(const X509_NAME *name, const X509_NAME_ENTRY *wanted)
{
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        if (X509_NAME_ENTRY_set(entry) == X509_NAME_ENTRY_set(wanted) &&
            OBJ_cmp(X509_NAME_ENTRY_get_object(entry), X509_NAME_ENTRY_get_object(wanted)) == 0 &&
            is_same_text(X509_NAME_ENTRY_get_data(entry), X509_NAME_ENTRY_get_data(wanted)))
            return true;
    }
    return false;
}

bool la_dn_equal(const X509_NAME *a, const X509_NAME *b)
{
    if (X509_NAME_entry_count(a) == 0 || X509_NAME_cmp(a, b) != 0)
        return false;
    for (int i = 0; i < X509_NAME_entry_count(a); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(a, i);
        if (!attribute_of(X509_NAME_ENTRY_get_object(entry)) && !has_exactly(b, entry))
            return false;
    }
    return true;
}

bool la_dn_is_free_of_nul(const X509_NAME *name)
{
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i));
        if (is_text(ASN1_STRING_type(value)) && has_nul(value))
            return false;
    }
    return true;
}
