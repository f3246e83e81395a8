"""Clients with certificates, TLS with a new connection for each token, and what is asked about tokens: the server's CPU for each answer, next to
the cryptography that no server can do without. nginx, with the same certificate and the same suite, says what a handshake costs; the server's own
transport with a fixed answer (bench_http_floor), what HTTP does."""

import http.client
import json
import re
import shutil
import subprocess
import urllib.parse

import load
from applications import application
from server import Leanauth, cpu_s, free_port, pin

HOST = "es256.localhost"
CUSTOMER = "5f3c2a10-8c9d-4b6e-a1f0-2d4e6f8a0b1c"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
SECRET, CERTIFICATE, ASKER = range(3)  # the applications that do it

# A server's own handshake and a small answer, and nothing else: no access log, no file.
NGINX = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/server.crt;
        ssl_certificate_key {folder}/server.key;
        ssl_protocols TLSv1.3;
        location / {{ default_type application/json; return 200 "{body}"; }}
    }}
}}
"""


class Nginx:
    """Debian's, in one process on one core."""

    def __init__(self, folder, body_bytes):
        self.port = free_port()
        self.path = shutil.which("nginx") or "/usr/sbin/nginx"
        self.config = folder / "nginx.conf"
        self.config.write_text(NGINX.format(folder=folder, port=self.port, body="x" * body_bytes))
        self.folder = folder

    def start(self, core):
        self.process = subprocess.Popen([self.path, "-p", self.folder, "-c", self.config], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pin(core))

    def version(self):
        done = subprocess.run([self.path, "-v"], stderr=subprocess.PIPE, text=True)
        return re.search(r"nginx/\S+", done.stderr)[0]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


class Floor:
    """HTTP alone: bench_http_floor on one core."""

    def __init__(self, body_bytes):
        self.body_bytes = body_bytes

    def start(self, core):
        self.process = subprocess.Popen([load.BUILD / "bench_http_floor", "0", str(self.body_bytes)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True, preexec_fn=pin(core))
        self.port = json.loads(self.process.stdout.readline())["port"]

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=30)


def make_certificate(folder):
    """One for every host here, P-256, signed by itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:*.localhost",
                    "-keyout", folder / "server.key", "-out", folder / "server.crt"], stderr=subprocess.DEVNULL, check=True)
    (folder / "server.key").chmod(0o600)


def form(**fields):
    return urllib.parse.urlencode(fields)


def with_secret(number, **fields):
    client_id, client_secret = application(number)
    return form(client_id=client_id, client_secret=client_secret, **fields)


def post(path, body, *lines):
    return "POST", path, [f"Host: {HOST}", "Content-Type: application/x-www-form-urlencoded", *lines], body


class Place:
    """A server with every kind of address, its applications, and the requests of each kind in a file."""

    def __init__(self, folder):
        folder.mkdir()
        make_certificate(folder)
        self.folder, self.tls_port, self.mtls_port = folder, free_port(), free_port()
        files = f"{{certificate: {folder}/server.crt, key: {folder}/server.key}}"
        self.server = Leanauth(
            folder / "home", {"es256": "ES256"}, workers=1,
            options=f"tls: {files}\nmtls_listen: {{address: 127.0.0.1, port: {self.mtls_port}}}\n",
            environment_options=f"    listen: {{address: 127.0.0.1, port: {self.tls_port}, tls: true}}\n")
        self.server.add_applications(10)
        self.set(SECRET, "--grant-type", "client_credentials", "--grant-type", EXCHANGE)
        self.set(CERTIFICATE, "--auth-method", "tls_client_auth")
        self.set(ASKER, "--introspection-audience", "https://api.example")
        client_id, _ = application(CERTIFICATE)
        self.server.command("cert", "issue", client_id, "--environment", "es256", "--output", folder / "client")
        self.server.command("customer", "add", application(SECRET)[0], CUSTOMER, "--environment", "es256")
        self.pair = folder / "client.crt", folder / "client.key"

    def set(self, number, *options):
        self.server.command("app", "set", application(number)[0], "--environment", "es256", *options)

    def ask(self, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=5)
        connection.request("POST", path, body, {"Host": HOST, "Content-Type": "application/x-www-form-urlencoded"})
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"{path}: {answer}")
        return answer

    def requests(self, kind, request):
        path = self.folder / kind
        load.write_requests(path, [request])
        return path

    def write(self):
        """The requests; gives how long a token's answer is."""
        grant = {"grant_type": "client_credentials", "scope": "api"}
        answer = self.ask("/oauth2/token", with_secret(SECRET, **grant))
        token = answer["access_token"]
        exchange = with_secret(SECRET, grant_type=EXCHANGE, scope=f"customer.{CUSTOMER}", subject_token=token,
                               subject_token_type=ACCESS_TOKEN)
        question = with_secret(ASKER, token=token)
        if not self.ask("/oauth2/introspect", question)["active"]:
            raise RuntimeError("the token is not active")
        self.ask("/oauth2/token", exchange)
        self.secret = self.requests("secret", post("/oauth2/token", with_secret(SECRET, **grant)))
        self.closing = self.requests("closing", post("/oauth2/token", with_secret(SECRET, **grant), "Connection: close"))
        self.certificate = self.requests("certificate", post("/oauth2/token", form(client_id=application(CERTIFICATE)[0], **grant)))
        self.introspect = self.requests("introspect", post("/oauth2/introspect", question))
        self.exchange = self.requests("exchange", post("/oauth2/token", exchange))
        return len(json.dumps(answer, separators=(",", ":")))


def cpu_us(process, *arguments, **options):
    """CPU of the process for each answer of one run of bench_client."""
    before = cpu_s(process.pid)
    answers = load.answers(*arguments, **options)
    return (cpu_s(process.pid) - before) * 1e6 / answers


def measure_rounds(plan, place, nginx, floor, core, load_core):
    """Values by kind, one a round."""
    ours, s = place.server.process, plan.wrk_s
    port = place.server.port
    kinds = {
        "floor": lambda: cpu_us(floor.process, floor.port, place.secret, s, load_core),
        "secret": lambda: cpu_us(ours, port, place.secret, s, load_core),
        "mtls": lambda: cpu_us(ours, place.mtls_port, place.certificate, s, load_core, tls=True, pair=place.pair),
        "tls_new": lambda: cpu_us(ours, place.tls_port, place.closing, s, load_core, connections=0, tls=True),
        "nginx_new": lambda: cpu_us(nginx.process, nginx.port, place.closing, s, load_core, connections=0, tls=True),
        "introspect": lambda: cpu_us(ours, port, place.introspect, s, load_core),
        "exchange": lambda: cpu_us(ours, port, place.exchange, s, load_core),
    }
    values = {kind: [] for kind in ("bare", "verify", *kinds)}
    load.answers(port, place.secret, 1, load_core)  # warm
    for _ in range(plan.rounds):
        bare, verify = load.bare_us("ES256", plan.mint_ms, core)
        values["bare"].append(bare)
        values["verify"].append(verify)
        for kind, run in kinds.items():
            values[kind].append(run())
    return values


def ratio(values, kind, *floor):
    """Of each round: the kind, over the sum of what it cannot do without."""
    return [v / sum(parts) for v, *parts in zip(values[kind], *(values[f] for f in floor))]


def add_rows(report, v, nginx):
    def row(kind, what, floor, ratio_of):
        report.add(kind, f"server CPU for {what}", "us", v[kind])
        report.add(f"{kind}_ratio", ratio_of, "x", ratio(v, kind, *floor), budget=1.5, digits=3)
    report.add("client_bare", "bare ES256 signature, in these rounds", "us", v["bare"])
    report.add("client_verify", "bare ES256 verification, in these rounds", "us", v["verify"])
    report.add("http_floor", "HTTP alone: a fixed answer of a token's length", "us", v["floor"])
    report.add("client_secret", "server CPU for a token, client_secret, plain HTTP", "us", v["secret"])
    row("mtls", "a token, mTLS on connections that are kept", ["bare"], "mTLS token / bare signature")
    report.add("mtls_secret_ratio", "mTLS token / client_secret, plain HTTP", "x", ratio(v, "mtls", "secret"), digits=3)
    report.add("nginx_new", f"{nginx}: CPU for a TLS 1.3 connection with one answer", "us", v["nginx_new"])
    row("tls_new", "a TLS 1.3 connection with one token", ["nginx_new", "bare"],
        "connection and token / (nginx's connection + bare signature)")
    row("introspect", "an introspection", ["verify"], "introspection / bare verification")
    row("exchange", "a token by exchange", ["verify", "bare"], "exchange / (bare verification + bare signature)")


def measure(plan, report, folder, section, cores):
    section(f"clients with certificates, new connections, questions about tokens: ES256, {load.CONNECTIONS} connections where they are kept")
    core, load_core = cores
    place = Place(folder)
    running = [place.server]
    place.server.start(core)
    try:
        body_bytes = place.write()
        nginx, floor = Nginx(folder, body_bytes), Floor(body_bytes)
        for one in (nginx, floor):
            one.start(core)
            running.append(one)
        add_rows(report, measure_rounds(plan, place, nginx, floor, core, load_core), nginx.version())
    finally:
        for one in running:
            one.stop()
