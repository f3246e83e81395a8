"""testssl.sh looks at both TLS addresses: protocols, suites, forward secrecy, known weaknesses. Its findings are the assertions."""

import json
import os
import shutil
import subprocess

import pytest

import support
from certificates import Certificate

TESTSSL = shutil.which("testssl") or shutil.which("testssl.sh")
CHECKS = {
    "tls": ["--protocols", "--std", "--fs", "--heartbleed", "--ccs-injection", "--ticketbleed", "--robot", "--renegotiation", "--compression", "--poodle",
            "--tls-fallback", "--sweet32", "--freak", "--drown", "--logjam", "--beast", "--lucky13", "--rc4"],
    "mtls": ["--protocols", "--std", "--fs"],
}


@pytest.fixture(scope="module")
def place(server_factory, tmp_path_factory):
    folder = tmp_path_factory.mktemp("testssl")
    own = Certificate(folder, "own", ["production.localhost", "localhost", "127.0.0.1"])
    ports = {"mtls": support.free_port()}

    def change(config):
        config["listen"]["tls"] = True
        config["tls"] = own.files
        config["mtls_listen"] = {"address": "127.0.0.1", "port": ports["mtls"]}
        ports["tls"] = config["listen"]["port"]
        config.setdefault("limits", {})["request_timeout_s"] = 60
        for environment in config["environments"]:
            environment["issuer"] = environment["issuer"].replace("http:", "https:")

    server = server_factory(change)
    return server, ports


@pytest.mark.skipif(not TESTSSL, reason="testssl.sh is not installed")
@pytest.mark.parametrize("address", CHECKS)
def test_fapi_12_testssl_finds_nothing(place, tmp_path, address):
    server, ports = place
    found = tmp_path / "found.json"
    environment = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
    done = subprocess.run([TESTSSL, "--quiet", "--color", "0", "--warnings", "off", "--ip", "127.0.0.1", "--nodns", "min", "--jsonfile", str(found), *CHECKS[address],
                           f"production.localhost:{ports[address]}"], capture_output=True, text=True, env=environment, timeout=300 * support.SLOW)
    assert found.exists(), done.stdout[-3000:] + done.stderr[-1000:]
    findings = {f["id"]: f for f in json.loads(found.read_text()) if f["id"] != "engine_problem"}  # of its own OpenSSL
    bad = {i: f for i, f in findings.items() if f["severity"] not in ("OK", "INFO", "DEBUG")}
    assert not bad, json.dumps(bad, indent=1)
    for version in ("SSLv2", "SSLv3", "TLS1", "TLS1_1"):
        assert "not offered" in findings[version]["finding"], version
    for version in ("TLS1_2", "TLS1_3"):
        assert findings[version]["finding"].startswith("offered"), version
    for kind in ("NULL", "aNULL", "EXPORT", "LOW", "3DES_IDEA", "AVERAGE", "OBSOLETED"):
        assert all("not offered" in f["finding"] for i, f in findings.items() if i == f"cipherlist_{kind}"), kind
    assert len(findings) > (25 if address == "tls" else 15)
    assert server.is_alive()
