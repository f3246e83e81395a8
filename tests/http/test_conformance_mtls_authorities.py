"""Mutual TLS with the certificates of other authorities (RFC 8705 2.1): their subjects, chains and CRLs. MTL-03 to MTL-05 of the conformance list."""

import uuid

import pytest
import yaml
from cryptography import x509
from cryptography.x509.name import _ASN1Type as ASN1
from cryptography.x509.oid import NameOID

import support
from certificates import Certificate
from mtls import Place

NAMES = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "L": NameOID.LOCALITY_NAME, "C": NameOID.COUNTRY_NAME}


@pytest.fixture(scope="module")
def place(server_factory, tmp_path_factory):
    return Place(server_factory, tmp_path_factory.mktemp("mtls"))


# ---- authorities of others ------------------------------------------------------------------------------------------------

DN = "CN=bank,OU=a\\, b,O=Bank"
KINDS = {
    "subject-dn": ("cn=BANK,OU=A\\, B,o=bank", {"subject": DN}, {"subject": "CN=bank2,OU=a\\, b,O=Bank"}),
    "san-dns": ("client.bank.example", {"hosts": ["client.bank.example"]}, {"hosts": ["client.bank.example.evil.example"], "subject": DN}),
    "san-uri": ("urn:bank:client", {"names": [x509.UniformResourceIdentifier("urn:bank:client")]},
                {"names": [x509.UniformResourceIdentifier("urn:bank:client2")], "hosts": ["urn.bank.client"]}),
    "san-ip": ("192.0.2.7", {"hosts": ["192.0.2.7"]}, {"hosts": ["192.0.2.70"], "names": [x509.DNSName("192.0.2.7")]}),
    "san-email": ("client@bank.example", {"names": [x509.RFC822Name("client@bank.example")]}, {"names": [x509.RFC822Name("other@bank.example")]}),
}


def foreign(place, issuer=None, **options):
    return Certificate(place.folder, f"foreign-{uuid.uuid4().hex}", issuer=issuer or place.foreign, **options)


def registered(place, kind="subject-dn", environment="production"):
    app = place.server.create_app(environment, f"test {uuid.uuid4()}")
    place.set(app, "--auth-method", "tls_client_auth", f"--tls-client-auth-{kind}", KINDS[kind][0])
    return app


@pytest.mark.parametrize("kind", KINDS)
def test_mtl_04_each_kind_of_subject(place, kind):
    app = registered(place, kind)
    _, right, wrong = KINDS[kind]
    good = foreign(place, **right)
    assert place.token(app, good.pair)["cnf"] == {"x5t#S256": good.thumbprint}
    assert place.why(place.refused(app, foreign(place, **wrong).pair)) == "client_certificate_subject"
    assert place.why(place.refused(app, foreign(place, issuer=place.unknown, **right).pair)) == "client_certificate_untrusted"
    assert place.why(place.refused(app, Certificate(place.folder, f"alone-{uuid.uuid4().hex}", **right).pair)) == "client_certificate_untrusted"
    place.refused(app, foreign(place, days=-0.001, **right).pair)
    renewed = foreign(place, **right)  # another key and serial number, the same subject: that is how a bank renews
    place.token(app, renewed.pair)


def test_mtl_05_a_name_with_nul(place):
    """Neither ends there: not the one that was registered, nor that of the certificate."""
    for kind, names in (("san-dns", [x509.DNSName("client.bank.example\0.evil.example")]), ("san-email", [x509.RFC822Name("client@bank.example\0x")]),
                        ("san-uri", [x509.UniformResourceIdentifier("urn:bank:client\0")])):
        app = registered(place, kind)
        place.token(app, foreign(place, **KINDS[kind][1]).pair)
        place.refused(app, foreign(place, names=names).pair)
    app = registered(place)
    place.token(app, foreign(place, subject=DN).pair)
    for cn in ("bank\0", "bank\0.evil", "\0bank"):
        place.refused(app, foreign(place, subject=name({"O": "Bank"}, {"OU": "a, b"}, {"CN": cn})).pair)


def name(*rdns, kind=ASN1.UTF8String):
    """A Name of these RDNs, in the order of the certificate; each one is a dict of attributes."""
    return x509.Name([x509.RelativeDistinguishedName([x509.NameAttribute(NAMES[k], v, t) for k, (v, t) in
                                                      ((k, v if isinstance(v, tuple) else (v, kind)) for k, v in rdn.items())]) for rdn in rdns])


PRINTABLE = ASN1.PrintableString
BANK = [{"O": "Bank"}, {"OU": "a, b"}, {"CN": "Client"}]
# What is registered, certificates that have that name, and ones that have another.
DNS = {
    "case and blanks": ("CN=client,OU=A\\, B,O=BANK", [name(*BANK), name({"O": "bank"}, {"OU": "a,  b"}, {"CN": "CLIENT "}), name(*BANK, kind=PRINTABLE)],
                        [name({"O": "Bank"}, {"OU": "a,b"}, {"CN": "Client"}), name({"O": "Bank"}, {"CN": "Client"}), name({"CN": "Client"})]),
    "other escapes": ("cn=\\43lient,ou=a\\2C b,o=Bank", [name(*BANK)], []),
    "order": ("CN=Client,OU=a\\, b,O=Bank", [name(*BANK)], [name(*reversed(BANK)), name(BANK[1], BANK[0], BANK[2])]),
    "plus and comma": ('CN=a\\+b\\, c,O=x', [name({"O": "x"}, {"CN": "a+b, c"})], [name({"O": "x"}, {"CN": "a", "OU": "b, c"}), name({"O": "x"}, {"CN": "a"})]),
    "several attributes": ("CN=Client+OU=Pay,O=Bank", [name({"O": "Bank"}, {"OU": "Pay", "CN": "Client"}), name({"O": "Bank"}, {"CN": "Client", "OU": "Pay"})],
                           [name({"O": "Bank"}, {"OU": "Pay"}, {"CN": "Client"}), name({"O": "Bank"}, {"CN": "Client"}), name({"O": "Bank"}, {"CN": "Client", "OU": "Pay", "L": "x"}),
                            name({"O": "Bank"}, {"CN": "Pay", "OU": "Client"})]),
    "types of strings": ("CN=Zoe,O=Bank", [name({"O": ("Bank", PRINTABLE)}, {"CN": "Zoe"}), name({"O": "Bank"}, {"CN": ("Zoe", PRINTABLE)}),
                                           name({"O": ("Bank", ASN1.BMPString)}, {"CN": ("zoe", ASN1.T61String)})], [name({"O": "Bank"}, {"CN": "Zoë"})]),
    "not ASCII": ("CN=Zo\\C3\\AB,O=Bank", [name({"O": "Bank"}, {"CN": "Zoë"})], [name({"O": "Bank"}, {"CN": "Zoe"}), name({"O": "Bank"}, {"CN": "ZoÃ«"})]),
    "attributes by number": ("2.5.4.3=Client,2.5.4.10=Bank", [name({"O": "Bank"}, {"CN": "Client"})], [name({"O": "Bank"}, {"OU": "Client"})]),
    "a value in hexadecimal": ("CN=#0C06436C69656E74,O=Bank", [name({"O": "Bank"}, {"CN": "Client"})], [name({"O": "Bank"}, {"CN": "#0C06436C69656E74"})]),
    "a name within a value": ("CN=Client,O=Bank", [name({"O": "Bank"}, {"CN": "Client"})], [name({"CN": "Client,O=Bank"}), name({"O": "Bank"}, {"CN": "Client,O=Bank"})]),
    "more and less": ("CN=Client,O=Bank", [name({"O": "Bank"}, {"CN": "Client"})], [name({"O": "Bank"}, {"CN": "Client"}, {"CN": "x"}), name({"O": "Bank"}), name({"O": "Bank"}, {"O": "Bank"}, {"CN": "Client"}),
                                                                          name({"C": ("AE", PRINTABLE)}, {"O": "Bank"}, {"CN": "Client"}), name({"O": "Bank"}, {"CN": "Clien"}), name({"O": "Bank"}, {"CN": "Client*"})]),
}


@pytest.mark.parametrize("what", DNS)
def test_mtl_05_distinguished_names(place, what):
    """distinguishedNameMatch (RFC 4517 4.2.15) of what is registered (RFC 4514) and what the certificate has."""
    said, same, others = DNS[what]
    app = place.server.create_app("production", f"test {uuid.uuid4()}")
    place.set(app, "--auth-method", "tls_client_auth", "--tls-client-auth-subject-dn", said)
    for subject in same:
        good = foreign(place, subject=subject)
        assert place.token(app, good.pair)["cnf"] == {"x5t#S256": good.thumbprint}, subject
    for subject in others:
        assert place.why(place.refused(app, foreign(place, subject=subject).pair)) == "client_certificate_subject", subject


def test_mtl_03_intermediates_of_the_handshake(place):
    app = registered(place)
    leaf = foreign(place, issuer=place.middle, subject=DN)
    place.token(app, leaf.with_chain(place.folder, place.middle))
    place.refused(app, foreign(place, issuer=place.middle, subject=DN).pair)  # without it there is no chain
    false = Certificate(place.folder, f"false-{uuid.uuid4().hex}", issuer=place.foreign, ca=False)  # no authority
    place.refused(app, foreign(place, issuer=false, subject=DN).with_chain(place.folder, false))


def test_mtl_03_subjects_are_of_no_use_to_our_own(place):
    """Whoever gets a certificate of ours does not get in as a bank of the same name, nor elsewhere."""
    app = registered(place)
    other = place.app()
    one = place.issue(other)
    place.token(other, one)
    place.refused(app, one)
    elsewhere = registered(place, environment="sandbox-uae")
    place.token(elsewhere, foreign(place, subject=DN).pair)


def test_mtl_03_moving_from_our_own_authority_to_another(server_factory, tmp_path):
    """As docs/operations.md has it: both let the application in until the old certificate is revoked, and then ours is turned off."""
    place = Place(server_factory, tmp_path)
    app = place.app()
    old, new = place.issue(app), foreign(place, subject=DN)
    place.token(app, old)
    place.refused(app, new.pair)
    place.set(app, "--tls-client-auth-subject-dn", DN)
    place.token(app, new.pair)
    place.token(app, old)
    another = place.issue(app)
    place.token(app, another)
    place.revoke(app, old.answer["certificate_id"])
    support.poll(lambda: place.post(app, old).status_code == 401, 1, "the refusal")
    place.token(app, new.pair)
    config = yaml.safe_load(place.server.config_path.read_text())
    for environment in config["environments"]:
        environment["mtls"]["own_authority"] = False
    place.server.config_path.write_text(yaml.safe_dump(config, sort_keys=False))
    place.server.stop()
    place.server.start()
    place.token(app, new.pair)
    place.refused(app, another)
    assert place.server.get("production", "/oauth2/crl").status_code == 200
    done = place.server.cli("cert", "issue", app["client_id"])
    assert done.returncode != 0 and done.is_one_clear_error and "own_authority" in done.both


def test_mtl_03_a_crl_takes_effect_without_a_restart(server_factory, tmp_path):
    def change(config, made):
        made.foreign.crl(made.crl)
        for environment in config["environments"]:
            environment["mtls"]["crl"] = str(made.crl)

    place = Place(server_factory, tmp_path, change)
    app = registered(place)
    good, bad = foreign(place, subject=DN), foreign(place, subject=DN)
    place.token(app, good.pair)
    place.token(app, bad.pair)
    place.foreign.crl(place.crl, bad, number=2)
    support.poll(lambda: place.post(app, bad.pair).status_code == 401, 20, "the refusal")
    place.token(app, good.pair)
    place.foreign.crl(place.crl, bad, days=-1, number=3)  # out of date: nobody is let in on its word
    support.poll(lambda: place.post(app, good.pair).status_code == 401, 20, "the refusal")
    place.foreign.crl(place.crl, bad, number=4)
    support.poll(lambda: place.post(app, good.pair).status_code == 200, 20, "a CRL that is up to date")
    place.anchors.write_bytes(place.unknown.pem)
    support.poll(lambda: place.post(app, good.pair).status_code == 401, 20, "the authority is gone")
