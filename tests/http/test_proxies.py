"""What a proxy says about its client, from the proxy and from somebody who only would like to be one. Rows MTL-17, MTL-18 and
MTL-20 of the conformance list, and unix sockets."""

import base64
import http.client
import os
import socket
import stat
import urllib.parse

import pytest

import support
from certificates import Certificate

PROXY, STRANGER = "127.0.0.2", "127.0.0.3"


def client_cert(c):
    return ":" + base64.b64encode(c.der).decode() + ":"


def escaped_pem(c):
    return urllib.parse.quote(c.pem.decode(), safe="")


def xfcc(c):
    return f'By=spiffe://proxy;Hash={"0" * 64};Cert="{escaped_pem(c)}";Subject="CN=x;y,\\"z";URI='


FORMS = {"client-cert": ("Client-Cert", client_cert), "escaped-pem": ("X-SSL-Client-Cert", escaped_pem),
         "xfcc": ("X-Forwarded-Client-Cert", xfcc)}


class Place:
    def __init__(self, home_factory, folder, **proxies):
        self.folder = folder
        self.certificate = Certificate(folder, "client")
        self.other = Certificate(folder, "other")
        self.root = Certificate(folder, "root")
        self.upper = Certificate(folder, "upper", issuer=self.root, ca=True)
        self.middle = Certificate(folder, "middle", issuer=self.upper, ca=True)
        self.leaf = Certificate(folder, "leaf", issuer=self.middle, subject="CN=bank")

        def change(config):
            config["listen"]["address"] = "0.0.0.0"
            config["proxies"] = {"addresses": [PROXY], **proxies}
            for environment in config["environments"]:
                environment["mtls"] = {"trust_anchors": str(self.root.certificate_path)}

        self.server = home_factory(change)
        self.server.start()

    def post(self, fields, source, **changes):
        """A token request with these further header fields (pairs), from this address."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, source_address=(source, 0), timeout=20)
        body = support.form({**self.server.fields(self.server.good_client), **changes})
        connection.putrequest("POST", "/oauth2/token", skip_host=True)
        for name, value in (("Host", "production.localhost"), ("Content-Type", support.FORM), ("Content-Length", str(len(body))), *fields):
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        text = response.read().decode()
        support.remember(text)
        self.request_id = response.headers["X-Request-Id"]
        status = response.status
        connection.close()
        return status, text

    def logged(self, fields, source, **changes):
        """Status, and what the request log says."""
        status, _ = self.post(fields, source, **changes)
        lines = support.poll(lambda: [line for line in self.server.log_lines() if line["event"] == "token" and line["request_id"] == self.request_id],
                             10, "the log line")
        return status, lines[0]

    def bank(self):
        """What an application's request has that is known by the subject of a foreign authority's certificates."""
        app = self.server.create_app("production", "bank")
        self.server.cli("app", "set", app["client_id"], "--auth-method", "tls_client_auth", "--tls-client-auth-subject-dn", "CN=bank", check=0)
        return {"client_id": app["client_id"], "client_secret": ""}

    def forged(self):
        return self.server.metric("leanauth_forged_client_certificates_total")


@pytest.fixture(scope="module", params=FORMS)
def place(request, home_factory, tmp_path_factory):
    made = Place(home_factory, tmp_path_factory.mktemp("certificates"), client_certificate=request.param)
    made.header, made.form = FORMS[request.param]
    yield made
    made.server.stop()


def test_mtl_17_a_proxy_hands_the_certificate_on(place):
    status, line = place.logged([(place.header, place.form(place.certificate))], PROXY)
    assert (status, line["client_certificate"]) == (200, place.certificate.thumbprint)
    status, line = place.logged([(place.header.upper(), place.form(place.other))], PROXY)
    assert (status, line["client_certificate"]) == (200, place.other.thumbprint)


def test_mtl_17_nobody_else_does(place):
    before = place.forged()
    for source in (STRANGER, "127.0.0.1"):
        status, line = place.logged([(place.header, place.form(place.certificate))], source)
        assert (status, line.get("client_certificate"), line["address"]) == (200, None, source)
        assert place.logged([(place.header, "nonsense")], source)[0] == 200
    assert place.forged() == before + 4
    said = [line for line in place.server.log_lines() if line["event"] == "client_certificate_forged"]
    assert 1 <= len(said) <= 2 * 2  # not one a request
    assert said[0]["address"] in (STRANGER, "127.0.0.1")


def test_mtl_17_other_spellings_are_nothing(place):
    for header, form in FORMS.values():
        if header == place.header:
            continue
        status, line = place.logged([(header, form(place.certificate))], PROXY)
        assert (status, line.get("client_certificate")) == (200, None)
    for name in (place.header.replace("-", "_"), "X-" + place.header, place.header + "-"):
        status, line = place.logged([(name, place.form(place.certificate))], PROXY)
        assert (status, line.get("client_certificate")) == (200, None)


def test_mtl_20_none_is_none(place):
    for fields in ([], [(place.header, "")]):
        status, line = place.logged(fields, PROXY)
        assert (status, line.get("client_certificate")) == (200, None)


def test_mtl_18_malformed_is_refused(place):
    good, other = place.form(place.certificate), place.form(place.other)
    header, middle = place.header, len(good) // 2
    cases = {
        "two lines": [(header, good), (header, good)],
        "two lines, other case": [(header, good), (header.lower(), other)],
        "an empty line before": [(header, ""), (header, good)],
        "a list": [(header, f"{good}, {other}")],
        "cut short": [(header, good[:-20])],
        "something behind": [(header, good + ";x")],
        "something before": [(header, "=" + good)],
        "raw Base64": [(header, base64.b64encode(place.certificate.der).decode())],
        "no certificate": [(header, "::")],
        "text": [(header, "certificate")],
        "a blank within": [(header, good[:middle] + " " + good[middle:])],
        "NUL": [(header, good[:middle] + "%00" + good[middle:])],
        "a key": [(header, urllib.parse.quote(place.certificate.key_pem.decode(), safe=""))],
        "two certificates": [(header, urllib.parse.quote((place.certificate.pem + place.other.pem).decode(), safe=""))],
        "two in one": [(header, ":" + base64.b64encode(place.certificate.der + place.other.der).decode() + ":")],
        "another form": [(header, next(form for _, form in FORMS.values() if form != place.form)(place.certificate))],
    }
    for name, fields in cases.items():
        status, text = place.post(fields, PROXY)
        assert status == 400 and '"invalid_request"' in text, (name, text)
    assert place.server.metric("leanauth_http_refusals_total", reason="http_client_certificate") >= len(cases)
    assert place.post([(header, "A" * 20000)], PROXY)[0] == 431
    assert place.post([], PROXY)[0] == 200


# ---- chains ------------------------------------------------------------------------------------------------------------

def sequence(*certificates):
    """One byte sequence (RFC 8941 3.3.5) of all of them, as HAProxy makes it of a chain."""
    return ":" + base64.b64encode(b"".join(c.der for c in certificates)).decode() + ":"


def client_cert_fields(leaf, *chain):
    return [("Client-Cert", client_cert(leaf))] + ([("Client-Cert-Chain", ", ".join(map(sequence, chain)))] if chain else [])


def haproxy_fields(leaf, *chain):
    return [("Client-Cert", client_cert(leaf)), ("Client-Cert-Chain", sequence(*chain) if chain else "")]


def escaped(*certificates):
    return urllib.parse.quote(b"".join(c.pem for c in certificates).decode(), safe="")


def xfcc_fields(leaf, *chain):
    return [("X-Forwarded-Client-Cert", f'Hash={"0" * 64};Cert="{escaped(leaf)}";Chain="{escaped(leaf, *chain)}"')]


def xfcc_chain_fields(leaf, *chain):
    return [("X-Forwarded-Client-Cert", f'Hash={"0" * 64};Chain="{escaped(leaf, *chain)}"')]


CHAINS = {"client-cert": ("client-cert", client_cert_fields), "haproxy": ("client-cert", haproxy_fields), "xfcc": ("xfcc", xfcc_fields),
          "xfcc-chain": ("xfcc", xfcc_chain_fields)}


@pytest.fixture(scope="module", params=CHAINS)
def chained(request, home_factory, tmp_path_factory):
    form, fields = CHAINS[request.param]
    made = Place(home_factory, tmp_path_factory.mktemp("chains"), client_certificate=form)
    made.form, made.fields, made.app = form, fields, made.bank()
    yield made
    made.server.stop()


def test_mtl_17_a_proxy_hands_the_chain_on(chained):
    """And it is judged as if it had come in the handshake: needed, in any order, and no reason to trust anybody."""
    place = chained
    good = place.fields(place.leaf, place.middle, place.upper)
    support.poll(lambda: place.post(good, PROXY, **place.app)[0] == 200, 10, "a token")
    elsewhere = Certificate(place.folder, "elsewhere")
    foreign_middle = Certificate(place.folder, "foreign-middle", issuer=elsewhere, subject="CN=middle", ca=True)
    impostor = Certificate(place.folder, "impostor", issuer=foreign_middle, subject="CN=bank")
    fresh = [Certificate(place.folder, f"fresh-{i}", issuer=place.middle, subject="CN=bank") for i in range(6)]  # chains that were found are remembered
    for status, chain in ((401, []), (401, [place.middle]), (401, [place.upper]), (200, [place.upper, place.middle]),
                          (200, [place.middle, place.upper, place.root]), (200, [place.other, place.middle, place.upper])):
        assert place.post(place.fields(fresh.pop(), *chain), PROXY, **place.app)[0] == status, (status, len(chain))
    assert place.post(place.fields(impostor, foreign_middle, elsewhere), PROXY, **place.app)[0] == 401  # its own root makes nobody trust it
    assert place.post(place.fields(place.other, place.leaf, place.middle, place.upper), PROXY, **place.app)[0] == 401  # the first one counts
    status, line = place.logged(good, PROXY, **place.app)
    assert (status, line["client_certificate"]) == (200, place.leaf.thumbprint)


def test_mtl_17_nobody_else_does_with_a_chain(chained):
    place = chained
    good = place.fields(place.leaf, place.middle, place.upper)
    before = place.forged()
    assert place.post(good, STRANGER, **place.app)[0] == 401
    assert place.post(good[-1:], STRANGER, **place.app)[0] == 401  # of client-cert: the chain alone
    assert place.forged() == before + 2


def test_mtl_18_a_chain_that_is_malformed_or_too_long(chained):
    place = chained
    leaf, chain = place.leaf, [place.middle, place.upper]
    good = place.fields(leaf, *chain)
    header, value = good[-1]
    small = [Certificate(place.folder, f"s{i}", issuer=place.root) for i in range(8)]
    assert place.post(place.fields(leaf, *small), PROXY)[0] == 200
    cases = {
        "nine": place.fields(leaf, *small, place.root),
        "two lines": [*good, (header, value)],
        "cut short": [*good[:-1], (header, value[:-30])],
        "something behind": [*good[:-1], (header, value + ";x")],
        "text": [*good[:-1], (header, "chain")],
    }
    if place.form == "client-cert":
        cases |= {
            "a chain of nobody": good[-1:],
            "a chain of nobody, who is named": [("Client-Cert", ""), good[-1]],
            "parameters": [*good[:-1], (header, value + ";a=1")],
            "an inner list": [*good[:-1], (header, f"({value})")],
            "an empty member": [*good[:-1], (header, value + ", ::")],
            "escaped PEM": [*good[:-1], (header, escaped(*chain))],
            "an empty line before": [good[0], (header, ""), good[-1]],
        }
    else:
        both = f'Cert="{escaped(place.other)}";Chain="{escaped(leaf, *chain)}"'
        cases |= {
            "of another certificate": [(header, both)],
            "twice": [(header, f'Chain="{escaped(leaf)}";Chain="{escaped(leaf)}"')],
            "nothing in it": [(header, f'Cert="{escaped(leaf)}";Chain=""')],
            "a key in it": [(header, f'Chain="{escaped(leaf)}{urllib.parse.quote(place.certificate.key_pem.decode(), safe="")}"')],
            "of two proxies": [(header, f'Chain="{escaped(leaf, *chain)}",Chain="{escaped(leaf, *chain)}"')],
        }
    for name, fields in cases.items():
        status, text = place.post(fields, PROXY)
        assert status == 400 and '"invalid_request"' in text and "proxy" in text, (name, text)
    assert place.server.metric("leanauth_http_refusals_total", reason="http_client_certificate_chain") >= 3
    assert place.post([*good[:-1], (header, value + "A" * 20000)], PROXY)[0] == 431
    assert place.post([], PROXY)[0] == 200


def test_the_field_has_another_name(home_factory, tmp_path):
    place = Place(home_factory, tmp_path, client_certificate="escaped-pem", client_certificate_header="SSL-Cert")
    status, line = place.logged([("ssl-cert", escaped_pem(place.certificate)), ("X-SSL-Client-Cert", "x")], PROXY)
    assert (status, line["client_certificate"]) == (200, place.certificate.thumbprint)
    place.server.stop()


def test_without_the_option_nothing_is_read(home_factory, tmp_path):
    place = Place(home_factory, tmp_path)
    for header, form in FORMS.values():
        for value in (form(place.certificate), "nonsense"):
            status, line = place.logged([(header, value)], PROXY)
            assert (status, line.get("client_certificate")) == (200, None)
    place.server.stop()


def test_forwarded_for_names_the_client(place):
    for value, expected in (("203.0.113.9", "203.0.113.9"), ("198.51.100.7, 203.0.113.9", "203.0.113.9"), ("203.0.113.9, " + PROXY, "203.0.113.9"),
                            ("[2001:db8::1]:4711", "2001:db8::1"), ("unknown", PROXY), ("", PROXY), ("203.0.113.9, junk", PROXY)):
        assert place.logged([("X-Forwarded-For", value)], PROXY)[1]["address"] == expected, value
    assert place.logged([("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-For", "203.0.113.9")], PROXY)[1]["address"] == "203.0.113.9"
    assert place.logged([("X-Forwarded-For", "203.0.113.9")], STRANGER)[1]["address"] == STRANGER


def test_sec_05_the_throttle_sees_the_client(home_factory):
    """Failures of one client behind the proxy lock out nobody else behind it, and nobody can choose an address to fail under."""
    server = home_factory(lambda config: (config["listen"].update({"address": "0.0.0.0"}), config.update({"proxies": {"addresses": [PROXY]}}),
                                          config.setdefault("limits", {}).update({"failed_auth_per_minute": 5, "failed_auth_per_address_per_minute": 0})),
                          throttle=True)
    place = Place.__new__(Place)
    place.server = server.start()
    bad = {"client_secret": "wrong"}
    for _ in range(5):
        assert place.post([("X-Forwarded-For", "203.0.113.9")], PROXY, **bad)[0] == 401
    assert place.post([("X-Forwarded-For", "203.0.113.9")], PROXY, **bad)[0] == 429
    assert place.post([("X-Forwarded-For", "203.0.113.10")], PROXY)[0] == 200
    assert place.post([("X-Forwarded-For", "203.0.113.9, 203.0.113.11")], PROXY)[0] == 200
    for i in range(5):
        assert place.post([("X-Forwarded-For", f"203.0.113.{20 + i}")], STRANGER, **bad)[0] == 401
    assert place.post([("X-Forwarded-For", "203.0.113.99")], STRANGER, **bad)[0] == 429
    server.stop()


# ---- unix sockets ------------------------------------------------------------------------------------------------------

class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("production.localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.path)


def unix_token(server, path, **headers):
    connection = UnixConnection(path)
    connection.request("POST", "/oauth2/token", support.form(server.fields(server.good_client)), {"Content-Type": support.FORM, **headers})
    response = connection.getresponse()
    text = response.read().decode()
    support.remember(text)
    connection.close()
    return response.status, text


def test_a_unix_socket_is_for_proxies(home_factory, tmp_path):
    path = str(tmp_path / "leanauth.sock")
    certificate = Certificate(tmp_path, "client")
    server = home_factory(lambda config: (config.update({"listen": {"address": f"unix:{path}"}, "workers": 2}),
                                          config.update({"proxies": {"addresses": ["unix"], "client_certificate": "client-cert"}})))
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(path)
    stale.close()  # somebody died here
    server.start()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
    for _ in range(20):  # whichever loop takes it
        assert unix_token(server, path)[0] == 200
    status, _ = unix_token(server, path, **{"Client-Cert": client_cert(certificate), "X-Forwarded-For": "203.0.113.9"})
    assert status == 200
    line = support.poll(lambda: [x for x in server.log_lines() if x["event"] == "token" and x["address"] == "203.0.113.9"], 10, "the log line")[-1]
    assert line["client_certificate"] == certificate.thumbprint
    assert [x["address"] for x in server.log_lines() if x["event"] == "token"][0] == "unix"

    second = home_factory(lambda config: config.update({"listen": {"address": f"unix:{path}"}}))
    second.start(wait=False)
    assert second.process.wait(20 * support.SLOW) == 1
    assert "address already in use" in second.log_lines()[-1]["message"]
    assert unix_token(server, path)[0] == 200
    server.stop()
    assert not os.path.exists(path)


def test_a_unix_socket_alone_is_not_enough(home_factory, tmp_path):
    path = str(tmp_path / "leanauth.sock")
    certificate = Certificate(tmp_path, "client")
    server = home_factory(lambda config: (config.update({"listen": {"address": f"unix:{path}"}}),
                                          config.update({"proxies": {"addresses": [PROXY], "client_certificate": "client-cert"}})))
    server.start()
    assert unix_token(server, path, **{"Client-Cert": client_cert(certificate)})[0] == 200
    assert server.metric("leanauth_forged_client_certificates_total") == 1
    server.stop()
