"""The configurations of docs/behind-a-proxy.md in real proxies, and clients with certificates in front of them."""

import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import urllib.parse
import uuid

import pytest
import requests

import support
from certificates import Certificate
from mtls import Place
from support import decode

GUIDE = support.REPOSITORY / "docs" / "behind-a-proxy.md"
NAME = "production.localhost"


def block(kind):
    return re.search(rf"```{kind}\n(.*?)```", GUIDE.read_text(), re.S)[1]


def replace(text, *pairs):
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, str(new))
    return text


class Proxy:
    """One proxy in front of one server, until stop()."""

    def __init__(self, kind, server_factory, folder, program=None):
        self.kind, self.folder = kind, folder
        self.hands_chains_on = kind != "nginx"
        self.program = program or shutil.which(kind, path="/usr/sbin:/usr/bin:/sbin:/bin")
        if not self.program:
            pytest.skip(f"{kind} is not installed")
        folder.chmod(0o755)
        self.port = support.free_port()
        form = re.search(rf"## {kind}\n.*?client_certificate: (\S+)", GUIDE.read_text(), re.S | re.I)[1]

        def change(config, place):
            config["proxies"] = {"addresses": ["127.0.0.1"], "client_certificate": form}

        self.place = Place(server_factory, folder, change)
        self.start()

    def start(self):
        config = getattr(self, self.kind)()
        path = self.folder / f"{self.kind}.yaml"  # Envoy goes by the ending; the others do not mind
        path.write_text(config)
        arguments = {"nginx": ["-e", self.folder / "error.log", "-p", self.folder, "-c", path], "haproxy": ["-f", path],
                     "envoy": ["-c", path, "--disable-hot-restart", "--concurrency", "2", "-l", "warning"]}[self.kind]
        self.log = open(self.folder / f"{self.kind}.log", "w+")
        self.process = subprocess.Popen([self.program, *map(str, arguments)], stdout=self.log, stderr=self.log)

        def up():
            assert self.process.poll() is None, pathlib.Path(self.log.name).read_text()
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.port)) == 0
        support.poll(up, 20, f"{self.kind} listens")

    def nginx(self):
        own = self.place.own
        text = replace(block("nginx"), ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"), ("mtls.auth.example.com", NAME),
                       ("/etc/nginx/auth.pem", own.certificate_path), ("/etc/nginx/auth.key", own.key_path),
                       ("127.0.0.1:8080", f"127.0.0.1:{self.place.server.port}"))
        temporary = "\n".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (f"daemon off;\nworker_processes 1;\npid {self.folder}/nginx.pid;\nerror_log {self.folder}/error.log;\nevents {{}}\n"
                f"http {{\naccess_log off;\n{temporary}\n{text}\n}}\n")

    def haproxy(self):
        own = self.place.own
        (self.folder / "both.pem").write_bytes(own.pem + own.key_pem)
        return replace(block("haproxy"), ("bind :443", f"bind 127.0.0.1:{self.port}"), ("/etc/haproxy/auth.pem", self.folder / "both.pem"),
                       ("/etc/haproxy/clients.pem", self.place.foreign.certificate_path), ("127.0.0.1:8080", f"127.0.0.1:{self.place.server.port}"))

    def envoy(self):
        own = self.place.own
        return replace(block("envoy"), ("address: 0.0.0.0, port_value: 443", f"address: 127.0.0.1, port_value: {self.port}"),
                       ("/etc/envoy/auth.pem", own.certificate_path), ("/etc/envoy/auth.key", own.key_path),
                       ("port_value: 8080", f"port_value: {self.place.server.port}"))

    def stop(self):
        if hasattr(self, "process"):
            self.process.terminate()
            self.process.wait(20)
            self.log.close()

    def refuses(self, fields):
        """Whether the proxy's own configuration turns such a request away."""
        return self.kind == "envoy" and any("_" in name for name, _ in fields)

    def post(self, app, cert=None, headers=None, **changes):
        return self.place.post(app, cert, port=self.port, headers=headers, **changes)

    def token(self, app, cert, **kwargs):
        return self.place.token(app, cert, port=self.port, **kwargs)


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def proxy(request, server_factory, tmp_path_factory):
    made = Proxy(request.param, server_factory, tmp_path_factory.mktemp(request.param))
    yield made
    made.stop()


def test_mtl_20_a_certificate_comes_through(proxy):
    place = proxy.place
    app = place.app()
    one = place.issue(app)
    for _ in range(3):
        assert proxy.token(app, one)["cnf"] == {"x5t#S256": one.thumbprint}
    with requests.Session() as session:
        session.trust_env = False
        assert proxy.post(app, one, session=session).status_code == 200
        place.revoke(app, one.answer["certificate_id"])
        support.poll(lambda: proxy.post(app, one, session=session).status_code == 401, 1, "the refusal")


def test_mtl_20_self_signed_and_of_an_unknown_authority(proxy):
    """The proxy lets it through, as the registration is to decide."""
    place = proxy.place
    app = place.app(method="self_signed_tls_client_auth")
    for options in ({}, {"kind": "rsa"}, {"issuer": place.foreign}):
        certificate = Certificate(place.folder, f"self-{uuid.uuid4().hex}", **options)
        registered = place.register(app, certificate)
        assert proxy.token(app, certificate.pair)["cnf"] == {"x5t#S256": certificate.thumbprint}
        place.revoke(app, registered["certificate_id"])
    other = Certificate(place.folder, f"other-{uuid.uuid4().hex}")
    assert proxy.post(app, other.pair).status_code == 401


def test_the_commands_of_the_guide(proxy, tmp_path):
    """As they stand: nothing, a field of one's own, a certificate."""
    place = proxy.place
    app = place.app()
    (tmp_path / "leanauth").symlink_to(support.BIN)
    [commands] = re.findall(r"<!-- tested: proxy -->\n```sh\n(.*?)```", GUIDE.read_text(), re.S)
    environment = {**os.environ, "MTLS": f"https://{NAME}:{proxy.port}", "CLIENT_ID": app["client_id"], "CURL_CA_BUNDLE": str(place.ca.certificate_path),
                   "LEANAUTH_CONFIG": str(place.server.config_path), "PATH": f"{tmp_path}:{os.environ['PATH']}", "no_proxy": "*"}
    done = subprocess.run(["bash", "-ec", commands], env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60 * support.SLOW)
    support.remember(done.stdout)
    assert done.returncode == 0, done.stderr
    nothing, forged, token = [json.loads(answer) for answer in re.findall(r"\{[^{}]*\}", done.stdout)]
    assert nothing == forged and nothing["error"] == "invalid_client"
    der = ssl.PEM_cert_to_DER_cert((tmp_path / "payments.crt").read_text())
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    assert decode(token["access_token"])[1]["cnf"] == {"x5t#S256": thumbprint}


def spellings(certificate_pem, der):
    """Every way to say it that some parser or other might take for the field."""
    escaped, raw = urllib.parse.quote(certificate_pem, safe=""), ":" + base64.b64encode(der).decode() + ":"
    xfcc = f'Hash={"0" * 64};Cert="{escaped}"'
    for name, value in (("X-SSL-Client-Cert", escaped), ("Client-Cert", raw), ("X-Forwarded-Client-Cert", xfcc)):
        for spelt in (name, name.lower(), name.upper(), name.replace("-", "_"), name.replace("-", "_", 1), name.lower().replace("-", "_")):
            yield [(spelt, value)]
        yield [(name, value), (name.lower(), value)]
        yield [(name.replace("-", "_"), value), (name, value)]


def raw_post(proxy, app, fields, cert=None, source="127.0.0.1"):
    """By a socket: requests would not send a field twice, nor from another address."""
    context = ssl.create_default_context(cafile=proxy.place.ca.certificate_path)
    if cert:
        context.load_cert_chain(*cert)
    body = support.form({"grant_type": "client_credentials", "scope": "api", "client_id": app["client_id"]})
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    with socket.create_connection(("127.0.0.1", proxy.port), 20 * support.SLOW, (source, 0)) as raw, \
            context.wrap_socket(raw, server_hostname=NAME) as connection:
        connection.sendall((f"POST /oauth2/token HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: {support.FORM}\r\nConnection: close\r\n"
                            f"Content-Length: {len(body)}\r\n{head}\r\n").encode() + body)
        data = b""
        while part := connection.recv(65536):
            data += part
    support.remember(data)
    return int(data.split()[1]), data.partition(b"\r\n\r\n")[2]


def test_mtl_20_who_sends_the_field_himself_gets_nothing(proxy):
    """With a valid certificate of somebody else, whose key he has not: 401, in every spelling."""
    place = proxy.place
    app = place.app()
    one = place.issue(app)
    proxy.token(app, one)
    pem = pathlib.Path(one[0]).read_text()
    der = base64.b64decode("".join(pem.splitlines()[1:-1]))
    tried = 0
    for fields in spellings(pem, der):
        status, body = raw_post(proxy, app, fields)
        assert status == 401 or (status == 400 and proxy.refuses(fields)), (fields, status, body)
        assert b"access_token" not in body
        tried += 1
    assert tried == 24
    assert raw_post(proxy, app, [], cert=one)[0] == 200  # the request as such is right


def test_mtl_20_nor_does_he_in_addition_to_his_own(proxy):
    """Over a connection with his own certificate, it is his own that counts."""
    place = proxy.place
    victim, attacker = place.app(), place.app()
    theirs, own = place.issue(victim), place.issue(attacker)
    proxy.token(victim, theirs)
    proxy.token(attacker, own)
    pem = pathlib.Path(theirs[0]).read_text()
    der = base64.b64decode("".join(pem.splitlines()[1:-1]))
    for fields in spellings(pem, der):
        refused = proxy.refuses(fields)
        status, body = raw_post(proxy, victim, fields, cert=own)
        assert status == (400 if refused else 401) and b"access_token" not in body, (fields, status, body)
        status, body = raw_post(proxy, attacker, fields, cert=own)
        assert status == (400 if refused else 200), (fields, status, body)
        if not refused:
            token = re.search(rb'"access_token":"([^"]+)"', body)[1].decode()
            assert decode(token)[1]["cnf"] == {"x5t#S256": own.thumbprint}, fields[0][0]


def test_mtl_03_intermediates_come_through(proxy):
    """Where the proxy knows them; nginx does not."""
    place = proxy.place
    app = place.server.create_app("production", f"bank {uuid.uuid4()}")
    place.set(app, "--auth-method", "tls_client_auth", "--tls-client-auth-subject-dn", "CN=bank")
    lower = Certificate(place.folder, f"lower-{uuid.uuid4().hex}", issuer=place.middle, ca=True)

    def leaf(kind="ec"):
        return Certificate(place.folder, f"bank-{uuid.uuid4().hex}", issuer=lower, subject="CN=bank", kind=kind)

    direct = Certificate(place.folder, f"bank-{uuid.uuid4().hex}", issuer=place.foreign, subject="CN=bank")
    assert proxy.token(app, direct.pair)["cnf"] == {"x5t#S256": direct.thumbprint}
    for one in (leaf(), leaf("rsa")):
        response = proxy.post(app, one.with_chain(place.folder, lower, place.middle))
        assert response.status_code == (200 if proxy.hands_chains_on else 401), response.text
    assert proxy.post(app, leaf().pair).status_code == 401  # without them there is no chain
    assert proxy.post(app, leaf().with_chain(place.folder, lower)).status_code == 401
    stranger = Certificate(place.folder, f"stranger-{uuid.uuid4().hex}")
    theirs = Certificate(place.folder, f"theirs-{uuid.uuid4().hex}", issuer=stranger, subject="CN=bank")
    assert proxy.post(app, theirs.with_chain(place.folder, stranger)).status_code == 401


def test_mtl_20_nobody_adds_to_the_chain(proxy):
    """Of a leaf that came alone, the client says in a field of his own what is to be behind it."""
    place = proxy.place
    app = place.server.create_app("production", f"bank {uuid.uuid4()}")
    place.set(app, "--auth-method", "tls_client_auth", "--tls-client-auth-subject-dn", "CN=bank")
    proxy.token(app, Certificate(place.folder, f"bank-{uuid.uuid4().hex}", issuer=place.foreign, subject="CN=bank").pair)
    leaf = Certificate(place.folder, f"bank-{uuid.uuid4().hex}", issuer=place.middle, subject="CN=bank")
    sequence = ":" + base64.b64encode(place.middle.der).decode() + ":"
    pem = urllib.parse.quote((leaf.pem + place.middle.pem).decode(), safe="")
    for name, value in (("Client-Cert-Chain", sequence), ("client-cert-chain", sequence), ("Client_Cert_Chain", sequence),
                        ("X-Forwarded-Client-Cert", f'Chain="{pem}"')):
        status, body = raw_post(proxy, app, [(name, value)], cert=leaf.pair)
        assert status == (400 if proxy.refuses([(name, value)]) else 401) and b"access_token" not in body, (name, status, body)


def test_sec_05_the_address_is_the_clients(proxy):
    """Not the one that he would like to have."""
    app = proxy.place.app()
    one = proxy.place.issue(app)
    proxy.token(app, one)
    for client in ("127.0.0.9", "127.0.0.10"):  # in place of 127.0.0.1 Envoy would name the machine
        status, _ = raw_post(proxy, app, [("X-Forwarded-For", "203.0.113.9")], cert=one, source=client)
        assert status == 200
        lines = support.poll(lambda: [line for line in proxy.place.server.log_lines() if line["event"] == "token" and line["outcome"] == "ok"
                                      and line["address"] == client], 10, "the log line")
        assert lines[0]["client_certificate"] == one.thumbprint
