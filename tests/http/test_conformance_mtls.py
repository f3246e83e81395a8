"""Mutual TLS (RFC 8705), over real handshakes with the real server: clients of our own authority, of other authorities, and
self-signed ones. Rows of section 13 of the conformance list, and CA-19; what proxies say of certificates is in test_proxies.py."""

import base64
import json
import subprocess
import time
import uuid

import pytest
import requests
import yaml
from cryptography import x509
from cryptography.x509.name import _ASN1Type as ASN1
from cryptography.x509.oid import NameOID
from jwcrypto import jwk

import support
from assertions import KeyServer
from certificates import Certificate
from mtls import Place, b64
from support import decode

NAMES = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "L": NameOID.LOCALITY_NAME, "C": NameOID.COUNTRY_NAME}


@pytest.fixture(scope="module")
def place(server_factory, tmp_path_factory):
    return Place(server_factory, tmp_path_factory.mktemp("mtls"))


# ---- our own authority -----------------------------------------------------------------------------------------------

def test_mtl_03_issued_used_and_revoked_at_once(place):
    app = place.app()
    first, second = place.issue(app), place.issue(app)
    claims = place.token(app, first)
    assert claims["cnf"] == {"x5t#S256": first.thumbprint} and claims["client_id"] == app["client_id"]
    assert place.token(app, second)["cnf"] == {"x5t#S256": second.thumbprint}
    with requests.Session() as session:  # also over a connection that was let in before
        session.trust_env = False
        assert place.post(app, first, session=session).status_code == 200
        place.revoke(app, first.answer["certificate_id"])
        response = support.poll(lambda: (r := place.post(app, first, session=session)).status_code == 401 and [r], 1, "the refusal")
        assert place.why(response[0]) == "client_certificate_unknown"
    place.refused(app, first)
    assert place.token(app, second)


def test_mtl_03_an_issued_one_is_its_owners_alone(place):
    """Whatever its subject says: it is on the list of one application."""
    app, other = place.app(), place.app()
    one = place.issue(app)
    place.token(app, one)
    place.token(other, place.issue(other))
    assert place.why(place.refused(other, one)) == "client_certificate_unknown"


def test_mtl_03_environments_are_walls(place):
    app, elsewhere = place.app(), place.app("sandbox-uae")
    one, two = place.issue(app), place.issue(elsewhere)
    place.token(app, one)
    place.token(elsewhere, two)
    place.refused(app, one, environment="sandbox-uae")
    place.refused(elsewhere, one)
    place.refused(app, two)


def test_mtl_03_a_disabled_or_deleted_application(place):
    app = place.app()
    one = place.issue(app)
    place.token(app, one)
    place.server.app_disable(app)
    support.poll(lambda: place.post(app, one).status_code == 401, 1, "the refusal")
    place.server.app_enable(app)
    place.token(app, one)
    place.server.app_delete(app)
    support.poll(lambda: place.post(app, one).status_code == 401, 1, "the refusal")


def test_mtl_03_who_imitates_our_authority(place):
    """The same names and serial number, another key: nothing of it counts."""
    app = place.app()
    one = place.issue(app)
    place.token(app, one)
    real = x509.load_pem_x509_certificate(open(one[0], "rb").read())
    name = f"imitation-{uuid.uuid4().hex}"
    ca = Certificate(place.folder, f"{name}-ca", subject=real.issuer.rfc4514_string())
    leaf = Certificate(place.folder, name, issuer=ca, subject=real.subject.rfc4514_string())
    place.refused(app, leaf.pair)
    place.refused(app, leaf.with_chain(place.folder, ca))


def test_mtl_03_curl_and_openssl(place):
    """Clients that have nothing to do with each other."""
    app = place.app()
    one = place.issue(app)
    place.token(app, one)
    for tls in ("1.2", "1.3"):
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", "20", "--tls-max", tls, "--cacert", place.ca.certificate_path,
                               "--resolve", f"production.localhost:{place.port}:127.0.0.1", "--cert", one[0], "--key", one[1],
                               "-d", f"grant_type=client_credentials&scope=api&client_id={app['client_id']}",
                               f"https://production.localhost:{place.port}/oauth2/token"], capture_output=True, text=True)
        support.remember(done.stdout)
        assert done.returncode == 0, done.stderr
        assert decode(json.loads(done.stdout)["access_token"])[1]["cnf"] == {"x5t#S256": one.thumbprint}
    body = f"grant_type=client_credentials&scope=api&client_id={app['client_id']}"
    request = (f"POST /oauth2/token HTTP/1.1\r\nHost: production.localhost\r\nContent-Type: {support.FORM}\r\n"
               f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}")
    done = subprocess.run(["openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile", place.ca.certificate_path, "-connect",
                           f"127.0.0.1:{place.port}", "-servername", "production.localhost", "-cert", one[0], "-key", one[1], "-ign_eof"],
                          input=request, capture_output=True, text=True, timeout=20 * support.SLOW)
    support.remember(done.stdout)
    assert "HTTP/1.1 200" in done.stdout and "access_token" in done.stdout, done.stderr


# ---- what has to be there ----------------------------------------------------------------------------------------------

def test_mtl_01_the_client_id_must_be_there(place):
    app = place.app()
    one = place.issue(app)
    place.token(app, one)
    assert place.why(place.refused(app, one, client_id=None)) == "client_missing"
    place.refused(app, one, client_id="")
    place.refused(app, one, client_id=str(uuid.uuid4()))


def test_mtl_02_without_a_certificate(place):
    app = place.app()
    one = place.issue(app)
    place.token(app, one)
    place.refused(app, None)
    place.refused(app, None, port=place.server.port)  # and where nobody asks for one


def test_mtl_02_all_refusals_look_alike(place):
    """A certificate that is wrong, a name that is nobody's, another method: the answer tells nothing of which."""
    app, secretive = place.app(), place.server.create_app("production")
    one = place.issue(app)
    place.token(app, one)
    answers = set()
    for client_id, cert in ((app["client_id"], place.unknown.pair), (str(uuid.uuid4()), one), (secretive["client_id"], one)):
        response = place.post(app, cert, client_id=client_id)
        headers = {k: v for k, v in response.headers.items() if k.lower() not in ("x-request-id", "date")}
        answers.add((response.status_code, response.text, str(sorted(headers.items()))))
    assert len(answers) == 1 and next(iter(answers))[0] == 401


# ---- one method ----------------------------------------------------------------------------------------------------------

def test_ca_19_a_certificate_is_no_second_method(place):
    """A secret over a connection with a certificate: that authenticates nobody, it binds the token."""
    app = place.server.create_app("production")
    support.poll(lambda: place.server.works(app), 10, "the application works")
    for cert, thumbprint in ((place.unknown.pair, place.unknown.thumbprint), (place.foreign.pair, place.foreign.thumbprint)):
        response = place.post(app, cert, client_secret=app["client_secret"])
        assert response.status_code == 200, response.text
        assert decode(response.json()["access_token"])[1]["cnf"] == {"x5t#S256": thumbprint}
    fields = place.post(app, place.unknown.pair, client_id=None, headers={"Authorization": support.basic(app["client_id"], app["client_secret"])})
    assert fields.status_code == 200


def test_ca_19_no_way_back_to_a_secret(place):
    """An application that is registered for certificates is not let in by the secret that it had."""
    app = place.app()
    one = place.issue(app)
    place.token(app, one)
    for cert in (None, one, place.unknown.pair):
        assert place.post(app, cert, client_secret=app["client_secret"]).status_code == 401
        assert place.post(app, cert, client_id=None, headers={"Authorization": support.basic(app["client_id"], app["client_secret"])}).status_code == 401
    assert place.post(app, one, client_secret="").status_code == 200  # without a value it is not there (RFC 6749 3.1)


def test_ca_19_a_secret_application_is_not_let_in_by_a_certificate(place):
    app = place.server.create_app("production")
    support.poll(lambda: place.server.works(app), 10, "the application works")
    one = place.issue(app)
    assert place.why(place.refused(app, one)) == "client_method_wrong"


# ---- self-signed ---------------------------------------------------------------------------------------------------------

def own_certificate(place, **options):
    return Certificate(place.folder, f"self-{uuid.uuid4().hex}", **options)


def test_mtl_07_registered_and_no_chain_asked_for(place):
    app = place.app(method="self_signed_tls_client_auth")
    for kind in ("ec", "rsa"):
        certificate = own_certificate(place, kind=kind)
        registered = place.register(app, certificate)
        assert place.token(app, certificate.pair)["cnf"] == {"x5t#S256": certificate.thumbprint}
        place.revoke(app, registered["certificate_id"])
        support.poll(lambda: place.post(app, certificate.pair).status_code == 401, 1, "the refusal")


def test_mtl_07_the_same_name_is_not_enough(place):
    app = place.app(method="self_signed_tls_client_auth")
    certificate = own_certificate(place, subject="CN=bank,O=Bank")
    place.register(app, certificate)
    place.token(app, certificate.pair)
    assert place.why(place.refused(app, own_certificate(place, subject="CN=bank,O=Bank").pair)) == "client_certificate_unknown"
    place.refused(app, place.foreign.pair)


def test_mtl_07_the_leaf_of_an_authority_is_no_self_signed_one(place):
    """Which rule applies is registered; it is not read off the length of the chain."""
    app = place.app(method="self_signed_tls_client_auth")
    certificate = own_certificate(place)
    place.register(app, certificate)
    place.token(app, certificate.pair)
    leaf = own_certificate(place, issuer=place.foreign)
    place.refused(app, leaf.pair)
    place.refused(app, leaf.with_chain(place.folder, place.foreign))
    issued = place.issue(place.app())
    place.refused(app, issued)
    # nor is a self-signed one good for an application of authorities, whoever registered it elsewhere
    place.refused(place.app(), certificate.pair)


def key_of(certificate, **members):
    point = certificate.key.public_key().public_numbers()
    return {"keys": [{"kty": "EC", "crv": "P-256", "x": b64(point.x.to_bytes(32, "big")), "y": b64(point.y.to_bytes(32, "big")), **members}]}


def test_mtl_07_registered_in_a_key_set(place):
    """RFC 8705 2.2.2: the certificate of x5c is that one; a key alone is any certificate of that key."""
    own = own_certificate(place, subject="CN=bank,O=Bank")
    again = own_certificate(place, subject="CN=bank,O=Bank", key=own.key)
    other = own_certificate(place, subject="CN=bank,O=Bank")
    file = place.folder / f"{uuid.uuid4()}.json"
    for members, good in (({"x5c": [base64.b64encode(own.der).decode()]}, [own]), ({}, [own, again])):
        file.write_text(json.dumps(key_of(own, **members)))
        app = place.app("production", "self_signed_tls_client_auth", "--jwks", file)
        for certificate in (own, again):
            if certificate in good:
                assert place.token(app, certificate.pair)["cnf"] == {"x5t#S256": certificate.thumbprint}
            else:
                assert place.why(place.refused(app, certificate.pair)) == "client_certificate_unknown"
        over, early = own_certificate(place, key=own.key, days=-0.001), own_certificate(place, key=own.key, starts=1)
        for wrong in (other.pair, place.unknown.pair, own_certificate(place, issuer=place.foreign).pair, over.pair, early.pair, None):
            place.refused(app, wrong)
    # x5c of another key says nothing: it is not registered at all
    file.write_text(json.dumps(key_of(own, x5c=[base64.b64encode(other.der).decode()])))
    done = place.server.cli("app", "create", "--environment", "production", "--name", "two keys", "--auth-method", "self_signed_tls_client_auth", "--jwks", file)
    assert done.returncode == 1 and done.is_one_clear_error


def test_mtl_07_an_expired_one_is_over(place):
    app = place.app(method="self_signed_tls_client_auth")
    done = place.server.cli("cert", "register", app["client_id"], own_certificate(place, days=-0.001).certificate_path)
    assert done.returncode != 0 and "expired" in done.both
    brief = own_certificate(place, days=4 / 86400)
    place.register(app, brief)
    place.token(app, brief.pair)
    support.poll(lambda: place.post(app, brief.pair).status_code == 401, 10, "its end")


# ---- self-signed, in a key set ---------------------------------------------------------------------------------------------

def jwk_of(certificate, x5c=True, **members):
    key = json.loads(jwk.JWK.from_pem(certificate.pem).export_public())
    key.pop("kid", None)
    return {**key, **({"x5c": [base64.b64encode(certificate.der).decode()]} if x5c else {}), **members}


@pytest.fixture(scope="module")
def fetched(server_factory, tmp_path_factory):
    """Where key sets are fetched, from a server on this machine."""
    folder = tmp_path_factory.mktemp("fetched")
    keys = KeyServer(folder)

    def change(config, made):
        config["jwks_fetch"] = {"allow_addresses": ["127.0.0.0/8"], "trust_anchors": str(keys.ca), "min_refresh_s": 1, "timeout_s": 2}

    made = Place(server_factory, folder, change)
    made.keys = keys
    yield made
    keys.close()


def by_uri(place, path, *certificates, **options):
    """An application whose certificates are in the set behind that URI."""
    place.keys.requests.clear()
    place.keys.show({"keys": [jwk_of(one, **options) for one in certificates]}, max_age=600)
    app = place.server.create_app("production", f"test {uuid.uuid4()}")
    place.set(app, "--auth-method", "self_signed_tls_client_auth", "--jwks-uri", place.keys.uri(path))
    time.sleep(0.4)  # what the feed takes at most, and some
    return app


def test_mtl_07_a_certificate_in_a_fetched_set(fetched):
    """RFC 8705 2.2.2: the client changes its certificate by itself."""
    first, second = own_certificate(fetched), own_certificate(fetched, kind="rsa")
    app = by_uri(fetched, "/rotating", first)
    assert fetched.token(app, first.pair)["cnf"] == {"x5t#S256": first.thumbprint}
    assert len(fetched.keys.requests) == 1
    assert fetched.token(app, first.pair) and len(fetched.keys.requests) == 1  # it is kept
    fetched.keys.show({"keys": [jwk_of(first), jwk_of(second)]}, max_age=600)
    support.poll(lambda: fetched.post(app, second.pair).status_code == 200, 10, "the second is known", 0.3)
    fetched.token(app, first.pair)
    fetched.keys.show({"keys": [jwk_of(second)]}, max_age=600)
    support.poll(lambda: fetched.post(app, own_certificate(fetched).pair).status_code == 401
                 and fetched.post(app, first.pair).status_code == 401, 10, "the first is gone", 0.3)
    fetched.token(app, second.pair)


def test_mtl_07_the_certificate_of_the_set_and_no_other(fetched):
    """Not another one of the same name, nor, where x5c has one, another one of the same key; a key alone is every certificate of it."""
    one = own_certificate(fetched, subject="CN=bank")
    again = Certificate(fetched.folder, f"again-{uuid.uuid4().hex}", subject="CN=bank", key=one.key)
    app = by_uri(fetched, "/exact", one)
    fetched.token(app, one.pair)
    assert fetched.why(fetched.refused(app, again.pair)) == "client_certificate_unknown"
    fetched.refused(app, own_certificate(fetched, subject="CN=bank").pair)
    fetched.refused(app, None)
    by_key = by_uri(fetched, "/by-key", one, x5c=False)
    fetched.token(by_key, again.pair)
    fetched.token(by_key, one.pair)
    fetched.refused(by_key, own_certificate(fetched, subject="CN=bank").pair)


def test_mtl_07_a_set_that_cannot_be_fetched(fetched):
    one = own_certificate(fetched)
    app = by_uri(fetched, "/away", one)
    fetched.keys.status = 503
    assert fetched.why(fetched.refused(app, one.pair)) == "client_certificate_key_set"
    fetched.keys.status = 200
    support.poll(lambda: fetched.post(app, one.pair).status_code == 200, 10, "it is fetched once it is there", 0.3)
    for i, body in enumerate(({"keys": []}, {"keys": [jwk_of(one, odd="x")]}, {"keys": [{**jwk_of(one), "x5c": ["AAAA"]}]})):
        app = by_uri(fetched, f"/useless-{i}", one)
        fetched.keys.show(body)
        status = fetched.post(app, one.pair).status_code
        assert status == (200 if i == 1 else 401)  # a member that nobody knows changes nothing


def test_mtl_07_unknown_certificates_do_not_hammer_the_set(fetched):
    one = own_certificate(fetched)
    app = by_uri(fetched, "/floor", one)
    fetched.token(app, one.pair)
    fetched.keys.requests.clear()
    started = time.monotonic()
    for _ in range(20):
        assert fetched.post(app, fetched.unknown.pair).status_code == 401
    assert len(fetched.keys.requests) <= time.monotonic() - started + 2
    fetched.token(app, one.pair)


def test_mtl_07_the_key_of_an_assertion_is_no_certificate(fetched):
    """The same set at the same address, of an application that signs assertions: no certificate lets it in."""
    one = own_certificate(fetched)
    app = by_uri(fetched, "/assertions", one)
    fetched.token(app, one.pair)
    fetched.set(app, "--auth-method", "private_key_jwt")
    response = support.poll(lambda: (r := fetched.post(app, one.pair)).status_code == 401 and [r], 5, "the refusal")[0]
    assert fetched.why(response) == "client_method_wrong"
    fetched.set(app, "--auth-method", "self_signed_tls_client_auth")
    fetched.token(app, one.pair)


# ---- many at once --------------------------------------------------------------------------------------------------------

def test_a_connection_keeps_its_certificate(place):
    """Applications take turns over connections of their own: nobody gets another's thumbprint."""
    apps = [place.app() for _ in range(3)]
    certs = [place.issue(app) for app in apps]
    sessions = [requests.Session() for _ in apps]
    for app, cert in zip(apps, certs):
        place.token(app, cert)
    for _ in range(5):
        for app, cert, session in zip(apps, certs, sessions):
            session.trust_env = False
            response = place.post(app, cert, session=session)
            assert response.status_code == 200
            assert decode(response.json()["access_token"])[1]["cnf"] == {"x5t#S256": cert.thumbprint}
        assert place.post(apps[0], certs[1], session=sessions[1]).status_code == 401
    for session in sessions:
        session.close()


def test_the_crl_is_where_the_verifiers_look(place):
    app = place.app("sandbox-ksa")
    one = place.issue(app)
    place.token(app, one)
    place.revoke(app, one.answer["certificate_id"])

    def listed():
        response = place.server.get("sandbox-ksa", "/oauth2/crl")
        if response.status_code != 200:
            return False
        return x509.load_der_x509_crl(response.content).get_revoked_certificate_by_serial_number(int(one.answer["serial"], 16))
    support.poll(listed, 5, "the CRL lists it")


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
