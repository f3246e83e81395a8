"""leanauth cert …: what it gives out is judged by openssl, which knows nothing of us."""

import json
import re
import stat
import subprocess
import uuid

import pytest
from jwcrypto import jwk

import support
from certificates import Certificate


def openssl(*args, input=None, check=0):
    done = subprocess.run(["openssl", *map(str, args)], input=input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    text = done.stdout.decode(errors="replace")
    assert check is None or done.returncode == check, text
    return text


@pytest.fixture(scope="module")
def home(home_factory):
    """Initialised, not served: issuing needs no server."""
    return home_factory()


@pytest.fixture
def app(home):
    return home.create_app("production", f"test {uuid.uuid4()}")


class Issued:
    """The three files of `cert issue --output`."""

    def __init__(self, home, app, folder, *args):
        self.prefix = folder / f"client-{uuid.uuid4().hex[:8]}"
        self.answer = home.cli_json("cert", "issue", app["client_id"], "--environment", app["environment"], "--output", self.prefix, *args)
        self.key, self.certificate, self.chain = (self.prefix.with_name(self.prefix.name + e) for e in (".key", ".crt", ".chain.crt"))

    @property
    def text(self):
        return openssl("x509", "-in", self.certificate, "-noout", "-text")


def test_openssl_trusts_what_is_issued(home, app, tmp_path):
    one = Issued(home, app, tmp_path)
    assert "OK" in openssl("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", one.chain, one.certificate)
    openssl("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", one.chain, one.certificate, check=2)
    assert openssl("pkey", "-in", one.key, "-pubout") == openssl("x509", "-in", one.certificate, "-noout", "-pubkey")
    assert "TLS Web Client Authentication" in one.text and "CA:FALSE" in one.text
    subject = openssl("x509", "-in", one.certificate, "-noout", "-subject", "-nameopt", "RFC2253").strip()
    assert subject == f"subject=CN={app['client_id']},OU=production,O=leanauth"
    assert one.answer["subject"] == subject.partition("=")[2]
    assert "private_key" not in one.answer
    for path in (one.key, one.certificate, one.chain):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_files_it_is_printed_once(home, app, tmp_path):
    done = home.cli("cert", "issue", app["client_id"], check=0)
    assert [m for m in re.findall("-----BEGIN ([A-Z ]+)-----", done.stdout)] == ["PRIVATE KEY", "CERTIFICATE", "CERTIFICATE"]
    answer = home.cli_json("cert", "issue", app["client_id"])
    for name, content in (("c", answer["certificate"]), ("ca", answer["chain"])):
        (tmp_path / name).write_text(content)
    assert "OK" in openssl("verify", "-CAfile", tmp_path / "ca", tmp_path / "c")
    assert answer["private_key"].startswith("-----BEGIN PRIVATE KEY-----")
    shown = home.cli("cert", "list", app["client_id"], check=0).stdout + home.cli("cert", "list", app["client_id"], "--json", check=0).stdout
    assert "PRIVATE" not in shown and answer["serial"] in shown


def test_a_file_that_is_there_is_not_overwritten(home, app, tmp_path):
    one = Issued(home, app, tmp_path)
    before = one.key.read_bytes()
    done = home.cli("cert", "issue", app["client_id"], "--output", one.prefix)
    assert done.returncode != 0 and done.is_one_clear_error and "is there already" in done.both
    assert one.key.read_bytes() == before
    done = home.cli("cert", "issue", app["client_id"], "--output", tmp_path / "nowhere" / "client")
    assert done.returncode != 0 and done.is_one_clear_error
    assert len(home.cli_json("cert", "list", app["client_id"])["certificates"]) == 1


@pytest.mark.parametrize("algorithm", [("EC", "ec_paramgen_curve:P-256"), ("EC", "ec_paramgen_curve:P-384"), ("RSA", "rsa_keygen_bits:2048"),
                                       ("ED25519", None)], ids=str)
def test_a_request_keeps_its_key_at_home(home, app, tmp_path, algorithm):
    key, request, prefix = tmp_path / "out.key", tmp_path / "r.pem", tmp_path / "out"  # the key may be where ours would be
    kind, option = algorithm
    openssl("genpkey", "-algorithm", kind, *(["-pkeyopt", option] if option else []), "-out", key)
    before = key.read_bytes()
    openssl("req", "-new", "-key", key, "-subj", "/CN=somebody else/O=another bank", "-addext", "basicConstraints=critical,CA:TRUE", "-out", request)
    home.cli("cert", "issue", app["client_id"], "--csr", request, "--output", prefix, "--expires-in", "90d", check=0)
    assert key.read_bytes() == before
    certificate = tmp_path / "out.crt"
    assert "OK" in openssl("verify", "-x509_strict", "-CAfile", tmp_path / "out.chain.crt", certificate)
    assert openssl("pkey", "-in", key, "-pubout") == openssl("x509", "-in", certificate, "-noout", "-pubkey")
    text = openssl("x509", "-in", certificate, "-noout", "-text")
    assert "somebody else" not in text and "CA:TRUE" not in text
    openssl("x509", "-in", certificate, "-noout", "-checkend", 89 * 86400)
    openssl("x509", "-in", certificate, "-noout", "-checkend", 91 * 86400, check=1)


def test_a_request_that_is_none_is_refused(home, app, tmp_path):
    weak = tmp_path / "weak.pem"
    openssl("req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", tmp_path / "k", "-subj", "/CN=x", "-out", weak)
    lines = weak.read_text().splitlines()
    broken = tmp_path / "broken.pem"
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "k", "-subj", "/CN=abc", "-out", broken)
    der = tmp_path / "broken.der"
    openssl("req", "-in", broken, "-outform", "DER", "-out", der)
    other = der.read_bytes().replace(b"abc", b"abd")  # no longer what was signed
    assert other != der.read_bytes()
    der.write_bytes(other)
    openssl("req", "-in", der, "-inform", "DER", "-out", broken)
    empty = tmp_path / "empty"
    empty.write_text("")
    half = tmp_path / "half"
    half.write_text("\n".join(lines[:4]))
    for path in (weak, broken, empty, half, tmp_path, tmp_path / "nothing"):
        done = home.cli("cert", "issue", app["client_id"], "--csr", path)
        assert done.returncode != 0 and done.is_one_clear_error, path
    assert home.cli_json("cert", "list", app["client_id"])["certificates"] == []


def test_two_overlap_and_the_third_waits(home, app, tmp_path):
    first, second = Issued(home, app, tmp_path), Issued(home, app, tmp_path)
    done = home.cli("cert", "issue", app["client_id"], "--output", tmp_path / "third")
    assert done.returncode != 0 and "cert list" in done.both
    assert not list(tmp_path.glob("third*"))
    home.cli("cert", "revoke", app["client_id"], first.answer["certificate_id"], check=0)
    Issued(home, app, tmp_path)
    states = [c["state"] for c in home.cli_json("cert", "list", app["client_id"])["certificates"]]
    assert states == ["revoked", "live", "live"]
    assert second.answer["serial"] != first.answer["serial"]


def test_openssl_sees_a_revocation_in_the_crl(new_home, tmp_path):
    home = new_home()
    server = home.start()
    app = home.create_app("production")
    good, bad = Issued(home, app, tmp_path), Issued(home, app, tmp_path)
    home.cli("cert", "revoke", app["client_id"], bad.answer["certificate_id"], check=0)
    crl = tmp_path / "crl.der"

    def lists_it():
        response = server.get("production", "/oauth2/crl")
        crl.write_bytes(response.content)
        return response.status_code == 200 and bad.answer["serial"].lower() in openssl(
            "crl", "-inform", "DER", "-in", crl, "-noout", "-text", check=None).lower().replace(":", "")
    support.poll(lists_it, 5, "the CRL lists it")
    assert "verify OK" in openssl("crl", "-inform", "DER", "-in", crl, "-CAfile", good.chain, "-noout")
    crl_pem = tmp_path / "crl.pem"
    openssl("crl", "-inform", "DER", "-in", crl, "-out", crl_pem)
    check = ["verify", "-x509_strict", "-crl_check", "-CAfile", good.chain, "-CRLfile", crl_pem]
    assert "OK" in openssl(*check, good.certificate)
    assert "certificate revoked" in openssl(*check, bad.certificate, check=2)
    home.app_delete(app)  # what nobody has any more is revoked, too

    def revoked():
        crl.write_bytes(server.get("production", "/oauth2/crl").content)
        openssl("crl", "-inform", "DER", "-in", crl, "-out", crl_pem)
        return "certificate revoked" in openssl(*check, good.certificate, check=None)
    support.poll(revoked, 15, "the certificate of a deleted application is revoked")


@pytest.mark.parametrize("path", ["", "/tenants/one"])
def test_openssl_finds_the_crl_by_itself(new_home, tmp_path, path):
    """RFC 5280 4.2.1.13: the certificate says where its CRL is, and there it is, before anybody was revoked too."""
    def change(config):
        config["environments"][0]["issuer"] = f"http://localhost:{config['listen']['port']}{path}"

    home = new_home(change)
    home.start()
    app = home.create_app("production")
    one, other = Issued(home, app, tmp_path), Issued(home, app, tmp_path)
    assert f"URI:http://localhost:{home.port}{path}/oauth2/crl\n" in one.text
    check = ["verify", "-x509_strict", "-crl_check", "-crl_download", "-CAfile", one.chain]
    support.poll(lambda: "OK" in openssl(*check, one.certificate, check=None), 15, "openssl fetches the CRL")
    assert "OK" in openssl(*check, other.certificate)
    home.cli("cert", "revoke", app["client_id"], one.answer["certificate_id"], check=0)
    support.poll(lambda: "certificate revoked" in openssl(*check, one.certificate, check=None), 15, "openssl fetches the new CRL")
    assert "OK" in openssl(*check, other.certificate)


def test_environments_have_authorities_of_their_own(home, app, tmp_path):
    done = home.cli("cert", "chain", "--environment", "sandbox-ksa")
    assert done.returncode != 0 and "cert issue" in done.both
    one = Issued(home, app, tmp_path)
    two = Issued(home, home.create_app("sandbox-uae"), tmp_path)
    assert home.cli("cert", "chain", "--environment", "production", check=0).stdout == one.chain.read_text()
    assert home.cli_json("cert", "chain", "--environment", "production")["chain"] == one.chain.read_text()
    openssl("verify", "-CAfile", one.chain, two.certificate, check=2)
    openssl("verify", "-partial_chain", "-CAfile", two.chain, one.certificate, check=2)


def test_registering_is_for_self_signed_ones(home, app, tmp_path):
    certificate = Certificate(tmp_path, "own")
    done = home.cli("cert", "register", app["client_id"], certificate.certificate_path)
    assert done.returncode != 0 and "self_signed_tls_client_auth" in done.both
    assert home.cli_json("cert", "list", app["client_id"])["certificates"] == []


def test_revoking_tells_of_a_key_set_that_may_have_it_too(home, app, tmp_path):
    home.cli("app", "set", app["client_id"], "--auth-method", "self_signed_tls_client_auth", check=0)
    own = Certificate(tmp_path, "own")
    first = home.cli_json("cert", "register", app["client_id"], own.certificate_path)["certificate_id"]
    assert "key set" not in home.cli("cert", "revoke", app["client_id"], first, check=0).both
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [jwk.JWK.from_pyca(own.key.public_key()).export_public(as_dict=True)]}))
    home.cli("app", "set", app["client_id"], "--jwks", keys, check=0)
    other = Certificate(tmp_path, "other")
    second = home.cli_json("cert", "register", app["client_id"], other.certificate_path)["certificate_id"]
    done = home.cli("cert", "revoke", app["client_id"], second, check=0)
    assert "key set" in done.stderr and "revoked" in done.stdout
    assert "key set" not in home.cli("cert", "revoke", app["client_id"], second, "--json", check=0).stdout


def test_numbers_and_names_are_looked_at(home, app):
    for args in (["revoke", app["client_id"], "x"], ["revoke", app["client_id"], "-1"], ["revoke", app["client_id"]],
                 ["revoke", app["client_id"], "99999999"], ["list", "nobody"], ["issue", "nobody"], ["chain", "--environment", "nowhere"],
                 ["chain"], ["issue", app["client_id"], "--expires-in", "soon"], ["register", app["client_id"], "/nothing/there"]):
        done = home.cli("cert", *args)
        assert done.returncode in (1, 2) and done.stderr.startswith("leanauth: ") and not done.stdout, args


def test_the_log_of_changes_tells_of_it(home, app, tmp_path):
    one = Issued(home, app, tmp_path)
    home.cli("cert", "revoke", app["client_id"], one.answer["certificate_id"], check=0)
    home.cli("cert", "revoke", app["client_id"], one.answer["certificate_id"], check=0)
    lines = home.cli("audit", "export", check=0).stdout.splitlines()
    events = [e for e in map(json.loads, lines) if e["action"].startswith("certificate.") and app["client_id"] in json.dumps(e)]
    assert [e["action"] for e in events] == ["certificate.issue", "certificate.revoke"]
    home.cli("audit", "verify", check=0)
