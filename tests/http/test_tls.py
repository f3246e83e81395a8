"""TLS that this server ends itself: versions, suites, certificates by host and their renewal, client certificates; and what is
refused. Rows FAPI-12 and MTL-07 of the conformance list."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading

import pytest
import requests

import support
from certificates import Certificate

SUITES_1_2 = {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
              "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"}
REQUEST = b"GET /oauth2/jwks HTTP/1.1\r\nHost: %s\r\n\r\n"


class Place:
    """A server with TLS on both addresses, its CA and its certificates."""

    def __init__(self, home_factory, folder, change=None):
        self.ca = Certificate(folder, "ca")
        self.top = Certificate(folder, "top", ["production.localhost", "localhost", "127.0.0.1"], issuer=self.ca)
        self.uae = Certificate(folder, "uae", ["sandbox-uae.localhost"], kind="rsa", issuer=self.ca)
        self.client = Certificate(folder, "client")
        self.mtls_port = support.free_port()

        def configure(config):
            config["listen"]["tls"] = True
            config["tls"] = self.top.files
            config["mtls_listen"] = {"address": "127.0.0.1", "port": self.mtls_port}
            config["log"] = {"level": "debug"}
            for environment in config["environments"]:
                environment["issuer"] = environment["issuer"].replace("http:", "https:")
                if environment["name"] == "sandbox-uae":
                    environment["tls"] = self.uae.files
            if change:
                change(config)

        self.server = home_factory(configure)
        self.server.start()
        self.port = self.server.port

    def context(self, client=None, **options):
        context = ssl.create_default_context(cafile=self.ca.certificate_path)
        context.check_hostname = False
        if client:
            context.load_cert_chain(client.certificate_path, client.key_path)
        for name, value in options.items():
            setattr(context, name, value)
        return context

    def connect(self, port=None, name="production.localhost", context=None, session=None, timeout=10):
        raw = socket.create_connection(("127.0.0.1", port or self.port), timeout=timeout * support.SLOW)
        try:
            return (context or self.context()).wrap_socket(raw, server_hostname=name, session=session)
        except BaseException:
            raw.close()
            raise

    def ask(self, connection, name=b"production.localhost"):
        connection.sendall(REQUEST % name)
        return read_response(connection)

    def failures(self, reason):
        for line in self.server.admin("/metrics").text.splitlines():
            if line.startswith(f'leanauth_tls_failures_total{{reason="{reason}"}}'):
                return float(line.split()[-1])
        return 0

    def curl(self, *args, port=None, name="production.localhost"):
        port = port or self.port
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", "20", "--cacert", self.ca.certificate_path, "--resolve",
                               f"{name}:{port}:127.0.0.1", *args], capture_output=True, text=True)
        return done

    def token(self, *args, port=None):
        client = self.server.good_client
        port = port or self.port
        done = self.curl(*args, "-d", "grant_type=client_credentials&scope=api", "-d", f"client_id={client['client_id']}",
                         "-d", f"client_secret={client['client_secret']}",
                         f"https://production.localhost:{port}/oauth2/token", port=port)
        assert done.returncode == 0, done.stderr
        support.remember(done.stdout)
        return json.loads(done.stdout)

    def s_client(self, *args, port=None, text=""):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port or self.port}", *args], input=text,
                              capture_output=True, text=True, timeout=20 * support.SLOW)
        return done.stdout + done.stderr


def read_response(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        assert part, f"closed after {data!r}"
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])
    while len(body) < length:
        part = connection.recv(65536)
        assert part, "closed within a body"
        body += part
    return int(head.split()[1]), head, body


@pytest.fixture(scope="module")
def place(home_factory, tmp_path_factory):
    made = Place(home_factory, tmp_path_factory.mktemp("certificates"))
    yield made
    made.server.stop()


# ---- versions, suites, protocols ------------------------------------------------------------------------------------

@pytest.fixture(params=["listen", "mtls_listen"])
def port(place, request):
    return place.port if request.param == "listen" else place.mtls_port


def test_fapi_12_versions(place, port):
    for version in ("-tls1", "-tls1_1"):
        said = place.s_client(version, "-cipher", "ALL:@SECLEVEL=0", port=port)
        assert "alert protocol version" in said or "unsupported protocol" in said or "no protocols available" in said, said
    assert "Protocol  : TLSv1.2" in place.s_client("-tls1_2", port=port)
    assert "TLSv1.3" in place.s_client("-tls1_3", port=port)
    assert "New, TLSv1.3" in place.s_client(port=port)  # preferred


def test_fapi_12_suites(place, port):
    listed = subprocess.run(["openssl", "ciphers", "-tls1_2", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"], capture_output=True, text=True)
    taken = set()
    for name, suites in (("production.localhost", []), ("sandbox-uae.localhost", [])):
        left = [s for s in listed.stdout.strip().split(":") if not s.startswith("TLS_")]
        while left:  # what the server chooses is taken away until it has no choice
            said = place.s_client("-tls1_2", "-servername", name, "-cipher", ":".join(left) + ":@SECLEVEL=0", port=port)
            match = re.search(r"Cipher is (\S+)", said)
            if not match or match[1] == "(NONE)":
                break
            taken.add(match[1])
            left.remove(match[1])
    assert taken == SUITES_1_2


def test_no_renegotiation_no_compression_no_early_data(place):
    said = place.s_client("-tls1_2", text="R\n")
    assert "Compression: NONE" in said
    assert "Secure Renegotiation IS supported" in said  # RFC 5746 is; doing it is not
    assert "no renegotiation" in said
    assert "Max Early Data: 0" in place.s_client("-tls1_3", "-ign_eof", text="GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


def test_alpn_is_http_1_1(place):
    for offered, chosen in ((["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), ([], None)):
        context = place.context()
        if offered:
            context.set_alpn_protocols(offered)
        with place.connect(context=context) as connection:
            assert connection.selected_alpn_protocol() == chosen
            assert place.ask(connection)[0] == 200
    context = place.context()
    context.set_alpn_protocols(["h2"])
    before = place.failures("alpn")
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        place.connect(context=context)
    assert place.failures("alpn") == before + 1


def test_min_version_is_an_option(home_factory, tmp_path):
    place = Place(home_factory, tmp_path, lambda config: config["tls"].update({"min_version": 1.3}))
    assert "alert protocol version" in place.s_client("-tls1_2")
    assert "TLSv1.3" in place.s_client()
    place.server.stop()


# ---- tokens ----------------------------------------------------------------------------------------------------------

def test_a_token_by_curl(place):
    assert place.token()["token_type"].lower() == "bearer"
    assert place.token("--tls-max", "1.2")["token_type"].lower() == "bearer"


def test_many_requests_on_a_connection(place):
    with place.connect() as connection:
        for _ in range(50):
            assert place.ask(connection)[0] == 200
        connection.sendall(REQUEST % b"production.localhost" * 20)  # in one record
        got = b""
        while got.count(b"HTTP/1.1 200") < 20:
            got += connection.recv(65536)


def test_a_body_of_many_records(place):
    body = b"grant_type=client_credentials&x=" + b"y" * 60000
    with place.connect() as connection:
        connection.sendall(b"POST /oauth2/token HTTP/1.1\r\nHost: production.localhost\r\nContent-Type: " + support.FORM.encode()
                           + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        status, _, answer = read_response(connection)
        assert status == 401 and b"invalid_client" in answer
        assert place.ask(connection)[0] == 200


def test_sessions_are_resumed(place):
    resumed = place.server.metric("leanauth_tls_handshakes_total", resumed="yes")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = place.context(maximum_version=version)
        with place.connect(context=context) as connection:
            assert place.ask(connection)[0] == 200
            session = connection.session
        with place.connect(context=context, session=session) as connection:
            assert place.ask(connection)[0] == 200
            assert connection.session_reused
    assert place.server.metric("leanauth_tls_handshakes_total", resumed="yes") == resumed + 2


# ---- certificates by host, and their renewal --------------------------------------------------------------------------

def test_sni_chooses_the_certificate(place):
    for name, certificate in (("production.localhost", place.top), ("sandbox-uae.localhost", place.uae), ("SANDBOX-UAE.localhost", place.uae),
                              ("sandbox-ksa.localhost", place.top), (None, place.top), ("elsewhere.example", place.top)):
        with place.connect(name=name) as connection:
            assert connection.getpeercert(True) == certificate.der, name
        with place.connect(place.mtls_port, name=name) as connection:
            assert connection.getpeercert(True) == certificate.der, name


def test_without_a_default_unknown_names_are_refused(home_factory, tmp_path):
    place = Place(home_factory, tmp_path, lambda config: (config.pop("tls"), [e.pop("default", None) for e in config["environments"]]))
    with place.connect(name="sandbox-uae.localhost") as connection:
        assert connection.getpeercert(True) == place.uae.der
    for name in ("production.localhost", None):
        with pytest.raises(ssl.SSLError):
            place.connect(name=name)
    assert place.failures("server_name") == 2
    place.server.stop()


def shown(place, name="production.localhost"):
    with place.connect(name=name) as connection:
        return connection.getpeercert(True)


def events(place, event):
    return [line for line in place.server.log_lines() if line["event"] == event]


def test_reload_drops_no_connection(home_factory, tmp_path):
    place = Place(home_factory, tmp_path)
    stop, failures, done = threading.Event(), [], [0, 0]

    def keep_one():
        try:
            with place.connect() as connection:
                while not stop.is_set():
                    assert place.ask(connection)[0] == 200
                    done[0] += 1
        except Exception as e:
            failures.append(repr(e))

    def always_new():
        context = place.context()
        while not stop.is_set():
            try:
                with place.connect(context=context) as connection:
                    assert place.ask(connection)[0] == 200
                    done[1] += 1
            except Exception as e:
                failures.append(repr(e))

    threads = [threading.Thread(target=f) for f in (keep_one, keep_one, always_new, always_new)]
    for thread in threads:
        thread.start()
    for i in range(4):
        new = Certificate(tmp_path, f"new{i}", ["production.localhost"], issuer=place.ca)
        new.write(place.top.certificate_path, place.top.key_path)
        if i % 2:  # the others are found by looking
            place.server.process.send_signal(signal.SIGHUP)
        support.poll(lambda: shown(place) == new.der, 20, "the new certificate is shown")
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert done[0] > 20 and done[1] > 20
    assert place.server.metric("leanauth_tls_certificates_refused_total") == 0
    place.server.stop()


def test_an_unfit_certificate_keeps_the_former(home_factory, tmp_path):
    place = Place(home_factory, tmp_path)
    other = Certificate(tmp_path, "other", ["production.localhost"], issuer=place.ca)
    place.top.certificate_path.write_bytes(other.pem)  # its key does not follow
    place.server.process.send_signal(signal.SIGHUP)
    support.poll(lambda: events(place, "certificate_refused"), 20, "the refusal is logged")
    assert "is not the key of" in events(place, "certificate_refused")[0]["message"]
    assert place.server.metric("leanauth_tls_certificates_refused_total") == 1
    assert shown(place) == place.top.der
    place.server.process.send_signal(signal.SIGHUP)  # nothing changed: nothing new to say
    support.poll(lambda: place.server.metric("leanauth_config_reloads_total") == 2, 20, "the second reload")
    assert len(events(place, "certificate_refused")) == 1
    place.top.certificate_path.unlink()
    support.poll(lambda: len(events(place, "certificate_refused")) == 2, 20, "the loss is logged")
    assert shown(place) == place.top.der
    other.write(place.top.certificate_path, place.top.key_path)
    support.poll(lambda: shown(place) == other.der, 20, "the good certificate is taken")
    place.server.stop()


def test_reload_refuses_a_certificate_that_never_was(home_factory, tmp_path):
    place = Place(home_factory, tmp_path)
    text = place.server.config_path.read_text()
    place.server.config_path.write_text(text.replace(str(place.top.certificate_path), str(tmp_path / "absent.pem")))
    place.server.process.send_signal(signal.SIGHUP)
    refused = support.poll(lambda: events(place, "config_refused"), 20, "the configuration is refused")
    assert "absent.pem" in refused[0]["message"]
    assert shown(place) == place.top.der
    place.server.stop()


def test_what_cannot_start_says_why(home_factory, tmp_path):
    ca = Certificate(tmp_path, "a")
    other = Certificate(tmp_path, "b")
    locked = Certificate(tmp_path, "c", password=b"secret")
    cases = ((tmp_path / "absent.pem", ca.key_path, "cannot open"), (ca.certificate_path, other.key_path, "is not the key of"),
             (locked.certificate_path, locked.key_path, "not encrypted"), (ca.key_path, ca.key_path, "expected a certificate in PEM"),
             (ca.certificate_path, tmp_path, "expected a file"))
    server = home_factory(lambda config: (config["listen"].update({"tls": True}), config.update({"tls": ca.files})))
    text = server.config_path.read_text()
    for certificate, key, why in cases:
        changed = text.replace(f"certificate: {ca.certificate_path}", f"certificate: {certificate}").replace(f"key: {ca.key_path}", f"key: {key}")
        server.config_path.write_text(changed)
        server.start(wait=False)
        assert server.process.wait(20 * support.SLOW) == 1
        last = server.log_lines()[-1]
        assert last["event"] == "start_failed" and why in last["message"], last


def test_warnings_ahead(home_factory, tmp_path):
    soon = Certificate(tmp_path, "soon", ["elsewhere.example"], days=10)
    os.chmod(soon.key_path, 0o644)
    place = Place(home_factory, tmp_path, lambda config: config["environments"][0].update({"tls": soon.files}))
    name = "environments.production"
    warned = support.poll(lambda: events(place, "certificate_expires"), 20, "the warning")
    assert [w["certificate"] for w in warned] == [name]
    assert 9 * 86400 < warned[0]["expires_in_s"] <= 10 * 86400
    assert [e["host"] for e in events(place, "certificate_name")] == ["production.localhost"]
    assert [e["certificate"] for e in events(place, "key_readable")] == [name]
    assert 9 * 86400 < place.server.metric("leanauth_tls_certificate_expiry_seconds", certificate=name) <= 10 * 86400
    assert place.server.metric("leanauth_tls_certificate_expiry_seconds", certificate="tls") > 80 * 86400
    place.server.stop()


# ---- what is refused -------------------------------------------------------------------------------------------------

def test_plain_http_hears_that_this_is_https(place):
    before = place.failures("plain_http")
    response = requests.get(f"http://127.0.0.1:{place.port}/oauth2/jwks", proxies={"http": None}, timeout=10)
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request" and "https" in response.json()["error_description"]
    assert response.headers["Connection"] == "close"
    assert place.failures("plain_http") == before + 1


def test_noise_is_refused_and_harms_nobody(place):
    for noise in (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", b"\x80\x2e\x01\x00\x02" + b"\0" * 60, b"\x16\x03\x03\xff\xff" + os.urandom(400),
                  os.urandom(2000), b"SSH-2.0-x\r\n", b"\x15\x03\x01\x00\x02\x02\x28"):
        with socket.create_connection(("127.0.0.1", place.port), timeout=20) as connection:
            connection.sendall(noise)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
    assert place.token()["token_type"].lower() == "bearer"


def test_a_slow_handshake_is_cut(home_factory, tmp_path):
    place = Place(home_factory, tmp_path, lambda config: config["limits"].update({"request_timeout_s": 1}))
    with socket.create_connection(("127.0.0.1", place.port), timeout=30) as quiet, \
            socket.create_connection(("127.0.0.1", place.port), timeout=30) as slow:
        slow.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert quiet.recv(1) == b"" and slow.recv(1) == b""
    assert place.failures("timeout") == 2
    place.server.stop()


def test_a_stop_ends_tls_properly(home_factory, tmp_path):
    place = Place(home_factory, tmp_path)
    with place.connect() as connection:
        assert place.ask(connection)[0] == 200
        place.server.process.send_signal(signal.SIGTERM)
        assert connection.recv(100) == b""  # close_notify: without it this would be an error
    place.server.process.wait(20)


# ---- client certificates ---------------------------------------------------------------------------------------------

def after_token(place, *args, **kwargs):
    """The thumbprint in the request's log line."""
    head = place.server.home / "head"
    place.token("-D", str(head), *args, **kwargs)
    request_id = re.search(r"(?im)^x-request-id: (\w+)", head.read_text())[1]
    lines = support.poll(lambda: [line for line in events(place, "token") if line["request_id"] == request_id], 10, "the log line")
    return lines[0].get("client_certificate")


def test_mtl_07_any_certificate_is_passed_on(place, tmp_path):
    """Self-signed, and of an unknown CA: the handshake completes, and the certificate is known by its thumbprint."""
    unknown = Certificate(tmp_path, "leaf", issuer=Certificate(tmp_path, "unknown-ca"))
    expired = Certificate(tmp_path, "expired", days=-0.001, kind="rsa")
    for certificate in (place.client, unknown, expired):
        for version in ("1.2", "1.3"):
            said = after_token(place, "--tls-max", version, "--cert", certificate.certificate_path, "--key", certificate.key_path,
                               port=place.mtls_port)
            assert said == certificate.thumbprint


def test_without_a_certificate_there_is_none(place):
    assert after_token(place, port=place.mtls_port) is None
    files = ("--cert", place.client.certificate_path, "--key", place.client.key_path)
    assert after_token(place, *files) is None  # this address does not ask


def test_certificates_are_not_remembered_by_tickets(place):
    """Each connection proves its key anew."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = place.context(client=place.client, maximum_version=version)
        with place.connect(place.mtls_port, context=context) as connection:
            assert place.ask(connection)[0] == 200
            session = connection.session
        if session is None or not session.has_ticket:
            continue
        with place.connect(place.mtls_port, context=context, session=session) as connection:
            assert not connection.session_reused


def test_the_metadata_names_the_mtls_address(place):
    with place.connect() as connection:
        connection.sendall(b"GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: production.localhost\r\n\r\n")
        document = json.loads(read_response(connection)[2])
    base = f"https://production.localhost:{place.mtls_port}/oauth2"
    assert document["mtls_endpoint_aliases"] == {
        "token_endpoint": f"{base}/token", "introspection_endpoint": f"{base}/introspect", "revocation_endpoint": f"{base}/revoke"}


def test_a_huge_chain_is_refused(place, tmp_path):
    chain = tmp_path / "chain.pem"
    chain.write_bytes(place.client.pem + b"".join(Certificate(tmp_path, f"x{i}").pem for i in range(2)) * 60)
    context = place.context()
    context.load_cert_chain(chain, place.client.key_path)
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        with place.connect(place.mtls_port, context=context) as connection:
            place.ask(connection)
    assert place.token()["token_type"].lower() == "bearer"


# ---- administration --------------------------------------------------------------------------------------------------

def test_the_admin_address_speaks_tls(home_factory, tmp_path):
    ca = Certificate(tmp_path, "admin", ["127.0.0.1"])
    server = home_factory(lambda config: config["admin"].update({"tls": ca.files}))
    server.start(wait=False)

    def ready():
        try:
            return requests.get(f"https://127.0.0.1:{server.admin_port}/readyz", verify=ca.certificate_path, proxies={"https": None},
                                timeout=10).status_code == 200
        except requests.RequestException:
            return False
    support.poll(ready, 20, "/readyz over TLS")
    new = Certificate(tmp_path, "admin-new", ["127.0.0.1"])
    new.write(ca.certificate_path, ca.key_path)
    support.poll(lambda: ready() and ssl.get_server_certificate(("127.0.0.1", server.admin_port)).encode() == new.pem, 20, "the new certificate")
    server.stop()
