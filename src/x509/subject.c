#include "x509/subject.h"

#include "x509/dn.h"
#include "x509/x509_internal.h"

#include <openssl/err.h>

#define DNS_MAX 253
#define LABEL_MAX 63
#define EMAIL_MAX 254
#define IP_TEXT_MAX 45

/* ---- what may be registered ---- */

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_label(la_slice label)
{
    if (label.n == 0 || label.n > LABEL_MAX || label.p[0] == '-' || label.p[label.n - 1] == '-')
        return false;
    for (size_t i = 0; i < label.n; i++)
        if (!is_alphanumeric(label.p[i]) && label.p[i] != '-' && label.p[i] != '_')
            return false;
    return true;
}

static bool is_dns_name(la_slice name)
{
    la_slice label;
    if (name.n == 0 || name.n > DNS_MAX)
        return false;
    while (la_slice_split(&name, '.', &label))
        if (!is_label(label))
            return false;
    return true;
}

static la_result check_dns(la_slice value)
{
    if (value.p && memchr(value.p, '*', value.n))
        return la_fail(LA_INVALID, "a wildcard is not accepted: register the one name that the certificate has");
    if (!is_dns_name(value))
        return la_fail(LA_INVALID, "expected a DNS name in ASCII, like client.bank.example, without a dot at its end");
    return la_ok();
}

/* RFC 3986: scheme, colon, then its characters and percent-encodings. */
static bool is_uri(la_slice value)
{
    size_t n = 0;
    while (n < value.n && (is_alphanumeric(value.p[n]) || (n && strchr("+-.", value.p[n]) && value.p[n])))
        n++;
    if (n == 0 || value.p[0] <= '9' || n + 1 >= value.n || value.p[n] != ':')
        return false;
    for (size_t i = n + 1; i < value.n; i++)
        if (!is_alphanumeric(value.p[i]) && (!value.p[i] || !strchr("-._~:/?#[]@!$&'()*+,;=%", value.p[i])))
            return false;
    return true;
}

static la_result check_uri(la_slice value)
{
    if (!is_uri(value))
        return la_fail(LA_INVALID,
                       "expected a URI in ASCII, like urn:example:client, exactly as the certificate has it");
    return la_ok();
}

static bool is_email(la_slice value)
{
    const char *at = value.n && value.n <= EMAIL_MAX ? memrchr(value.p, '@', value.n) : NULL;
    if (!at || at == value.p)
        return false;
    la_slice local = {value.p, (size_t)(at - value.p)}, atom;
    if (!is_dns_name((la_slice){at + 1, value.n - local.n - 1}))
        return false;
    while (la_slice_split(&local, '.', &atom)) {
        if (atom.n == 0)
            return false;
        for (size_t i = 0; i < atom.n; i++)
            if (!is_alphanumeric(atom.p[i]) && (!atom.p[i] || !strchr("!#$%&'*+-/=?^_`{|}~", atom.p[i])))
                return false;
    }
    return true;
}

static la_result check_email(la_slice value)
{
    if (!is_email(value))
        return la_fail(LA_INVALID, "expected one e-mail address in ASCII, like client@bank.example");
    return la_ok();
}

/* Four decimal numbers, no zero before another digit. */
static bool is_ipv4(la_slice value)
{
    la_slice part;
    unsigned parts = 0;
    while (la_slice_split(&value, '.', &part)) {
        unsigned long long number = 0;
        if (++parts > 4 || part.n > 3 || !la_slice_to_u64(part, 255, &number) || (part.n > 1 && part.p[0] == '0'))
            return false;
    }
    return parts == 4;
}

/* OpenSSL's reader is loose with the form that ends in an IPv4 address. */
static bool is_ipv6_text(la_slice value)
{
    size_t n_hex = 0;
    while (n_hex < value.n && value.p[n_hex] && strchr("0123456789abcdefABCDEF:", value.p[n_hex]))
        n_hex++;
    if (n_hex == value.n)
        return true;
    const char *colon = memrchr(value.p, ':', value.n);
    return colon && is_ipv4((la_slice){colon + 1, value.n - (size_t)(colon + 1 - value.p)});
}

/* The 4 or 16 octets of an address (RFC 5280 4.2.1.6); NULL with INVALID or NO_MEMORY. */
static la_result octets_of(la_slice value, ASN1_OCTET_STRING **ret)
{
    static const char what[] = "expected an IP address, like 192.0.2.7 or 2001:db8::7, without prefix length or zone";
    char text[IP_TEXT_MAX + 1];
    bool has_colon = value.p && memchr(value.p, ':', value.n);
    if (value.n == 0 || value.n > IP_TEXT_MAX || !(has_colon ? is_ipv6_text(value) : is_ipv4(value)))
        return la_fail(LA_INVALID, what);
    memcpy(text, value.p, value.n);
    text[value.n] = 0;
    *ret = a2i_IPADDRESS(text);
    return *ret ? la_ok() : la_x509_refuse(what);
}

static la_result check_ip(la_slice value)
{
    ASN1_OCTET_STRING *octets = NULL;
    LA_TRY(octets_of(value, &octets));
    ASN1_OCTET_STRING_free(octets);
    return la_ok();
}

static la_result check_dn(la_slice value)
{
    X509_NAME *name = NULL;
    LA_TRY(la_dn_parse(value, &name));
    X509_NAME_free(name);
    return la_ok();
}

static la_result check_value(la_subject_kind kind, la_slice value)
{
    if (value.n > LA_SUBJECT_MAX)
        return la_fail(LA_INVALID, "it has more than %d bytes", LA_SUBJECT_MAX);
    switch (kind) {
    case LA_SUBJECT_DN:
        return check_dn(value);
    case LA_SUBJECT_SAN_DNS:
        return check_dns(value);
    case LA_SUBJECT_SAN_URI:
        return check_uri(value);
    case LA_SUBJECT_SAN_IP:
        return check_ip(value);
    case LA_SUBJECT_SAN_EMAIL:
        return check_email(value);
    case LA_SUBJECT_NONE:
    case LA_SUBJECT_KIND_COUNT:
        break;
    }
    return la_fail(LA_INVALID, "no subject is registered");
}

la_result la_subject_check(la_subject_kind kind, la_slice value)
{
    la_result r = check_value(kind, value);
    const char *member = la_subject_kind_member(kind);
    return r.code == LA_INVALID && *member ? la_fail_context(r, "%s: ", member) : r;
}

la_result la_subject_choose(const la_slice values[LA_SUBJECT_KIND_COUNT], la_subject_kind *ret)
{
    la_subject_kind chosen = LA_SUBJECT_NONE;
    for (la_subject_kind kind = LA_SUBJECT_DN; kind < LA_SUBJECT_KIND_COUNT; kind++) {
        if (!values[kind].p)
            continue;
        if (chosen != LA_SUBJECT_NONE)
            return la_fail(LA_INVALID, "register one subject only: there are %s and %s", la_subject_kind_member(chosen),
                           la_subject_kind_member(kind));
        chosen = kind;
    }
    if (chosen == LA_SUBJECT_NONE)
        return la_fail(LA_INVALID,
                       "tls_client_auth needs one registered subject: tls_client_auth_subject_dn, or one of "
                       "tls_client_auth_san_dns, _uri, _ip and _email");
    LA_TRY(la_subject_check(chosen, values[chosen]));
    *ret = chosen;
    return la_ok();
}

/* ---- comparing ---- */

static la_slice text_of(const ASN1_STRING *value)
{
    return (la_slice){(const char *)ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
}

static bool same_email(la_slice a, la_slice b)
{
    const char *at = a.n == b.n && a.n ? memrchr(a.p, '@', a.n) : NULL;
    if (!at)
        return false;
    size_t n = (size_t)(at - a.p);
    return memcmp(a.p, b.p, n) == 0 &&
           la_slice_equal_nocase((la_slice){a.p + n, a.n - n}, (la_slice){b.p + n, b.n - n});
}

static bool is_same(int type, la_slice registered, la_slice presented)
{
    switch (type) {
    case GEN_DNS:
        return la_slice_equal_nocase(registered, presented);
    case GEN_EMAIL:
        return same_email(registered, presented);
    default:
        return la_slice_equal(registered, presented);
    }
}

static la_result match_alternative(int type, la_slice registered, const la_x509 *c)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(c->alternatives); i++) {
        int presented_type = 0;
        const void *presented = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(c->alternatives, i), &presented_type);
        if (presented_type == type && is_same(type, registered, text_of(presented)))
            return la_ok();
    }
    return la_fail(LA_INVALID, "the certificate has not the registered subject alternative name");
}

static la_result match_ip(la_slice registered, const la_x509 *c)
{
    ASN1_OCTET_STRING *octets = NULL;
    LA_TRY(octets_of(registered, &octets));
    la_result r = match_alternative(GEN_IPADD, text_of(octets), c);
    ASN1_OCTET_STRING_free(octets);
    return r;
}

static la_result match_dn(la_slice registered, const la_x509 *c)
{
    X509_NAME *name = NULL;
    LA_TRY(la_dn_parse(registered, &name));
    bool same = la_dn_equal(name, X509_get_subject_name(c->x));
    X509_NAME_free(name);
    return same ? la_ok() : la_fail(LA_INVALID, "the certificate has another subject than the registered one");
}

la_result la_subject_match(la_subject_kind kind, la_slice value, const la_x509 *certificate)
{
    switch (kind) {
    case LA_SUBJECT_DN:
        return match_dn(value, certificate);
    case LA_SUBJECT_SAN_IP:
        return match_ip(value, certificate);
    case LA_SUBJECT_SAN_DNS:
    case LA_SUBJECT_SAN_URI:
    case LA_SUBJECT_SAN_EMAIL:
        LA_TRY(la_subject_check(kind, value)); /* so that nothing odd or empty in the registry ever matches */
        return match_alternative(kind == LA_SUBJECT_SAN_DNS   ? GEN_DNS
                                 : kind == LA_SUBJECT_SAN_URI ? GEN_URI
                                                              : GEN_EMAIL,
                                 value, certificate);
    case LA_SUBJECT_NONE:
    case LA_SUBJECT_KIND_COUNT:
        break;
    }
    return la_fail(LA_INVALID, "no subject is registered");
}
