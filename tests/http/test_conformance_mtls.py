"""Mutual TLS (RFC 8705), over real handshakes with the real server: clients of our own authority, and what holds for all. Rows of section
13 of the conformance list, and CA-19; what proxies say of certificates is in test_proxies.py."""

import json
import subprocess
import uuid

import pytest
import requests
from cryptography import x509

import support
from certificates import Certificate
from mtls import Place
from support import decode


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
