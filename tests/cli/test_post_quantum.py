"""An environment that signs with ML-DSA (RFC 9964), and clients that do, where the linked OpenSSL has it; where it has not, that this is said clearly.

Verified by OpenSSL's own program, which is the clients' cryptography, too. `./dev test pq` runs this on Debian 13.
"""
import base64
import hashlib
import json
import os
import subprocess
import time
import uuid

import pytest

import assertions
import support
from assertions import b64
from control import Asker
from support import decode, unpad

# Arc of the object identifier, bytes of the public key, bytes of a signature (FIPS 204 table 2).
SETS = {"ML-DSA-44": (17, 1312, 2420), "ML-DSA-65": (18, 1952, 3309), "ML-DSA-87": (19, 2592, 4627)}

HAS_ML_DSA = "ML-DSA-44" in subprocess.run(["openssl", "list", "-signature-algorithms"], capture_output=True, text=True).stdout

needs_ml_dsa = pytest.mark.skipif(not HAS_ML_DSA, reason="OpenSSL is older than 3.5: ./dev test pq runs this on Debian 13")


def der(tag, *parts):
    content = b"".join(parts)
    n = len(content)
    length = bytes([n]) if n < 128 else (lambda b: bytes([0x80 | len(b)]) + b)(n.to_bytes((n.bit_length() + 7) // 8, "big"))
    return bytes([tag]) + length + content


def public_key_file(jwk, folder):
    """SubjectPublicKeyInfo (RFC 9881 4) of a JWK."""
    arc, size, _ = SETS[jwk["alg"]]
    pub = unpad(jwk["pub"])
    assert len(pub) == size
    path = folder / "public.der"
    path.write_bytes(der(0x30, der(0x30, bytes.fromhex("060960864801650304") + b"\x03" + bytes([arc])), der(0x03, b"\0", pub)))
    return path


def openssl_verifies(token, jwk, folder):
    signed, signature = token.rsplit(".", 1)
    (folder / "input").write_text(signed)
    (folder / "signature").write_bytes(unpad(signature))
    done = subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey",
                           str(public_key_file(jwk, folder)), "-in", str(folder / "input"), "-sigfile", str(folder / "signature")],
                          capture_output=True, text=True)
    return done.returncode == 0


def thumbprint(jwk):
    text = json.dumps({name: jwk[name] for name in ("alg", "kty", "pub")}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


@pytest.mark.skipif(HAS_ML_DSA, reason="this OpenSSL has ML-DSA")
@pytest.mark.parametrize("algorithm", SETS)
def test_an_older_openssl_is_named(new_home, algorithm):
    home = new_home(lambda config: config["environments"][0].update(algorithm=algorithm))
    line = 1 + home.config_path.read_text().split("algorithm:")[0].count("\n")
    for command in (["check-config"], ["key", "list"]):
        done = home.cli(*command, check=1)
        assert f"leanauth.yaml:{line}: " in done.stderr and algorithm in done.stderr and "OpenSSL 3.5" in done.stderr, done.stderr
        assert done.is_one_clear_error


def quick(algorithm):
    def change(config):
        config["environments"][0]["algorithm"] = algorithm
        for environment in config["environments"]:
            environment["jwks_max_age_s"] = 1
            environment["keys"] = {"publish_margin_s": 1}
    return change


@needs_ml_dsa
@pytest.mark.parametrize("algorithm", SETS)
def test_tokens(new_home, tmp_path, algorithm):
    home = new_home(quick(algorithm))
    environment = "production"
    home.start()
    app = home.demo[environment]
    if decode(home.token(app)["access_token"])[0]["alg"] != algorithm:  # the demo data has a key of another algorithm
        support.poll(lambda: decode(home.token(app)["access_token"])[0]["alg"] == algorithm, 20, "the new algorithm signs", interval=0.05)
    token = home.token(app)["access_token"]
    header, claims = decode(token)[:2]
    assert header == {"alg": algorithm, "typ": "at+jwt", "kid": header["kid"]}
    assert claims["client_id"] == app["client_id"]
    keys = home.get(environment, "/oauth2/jwks").json()["keys"]
    jwk = next(key for key in keys if key["kid"] == header["kid"])
    assert set(jwk) == {"kty", "use", "alg", "kid", "pub"} and jwk["kty"] == "AKP" and jwk["alg"] == algorithm
    assert thumbprint(jwk) == jwk["kid"]
    assert len(unpad(token.rsplit(".", 1)[1])) == SETS[algorithm][2]
    assert openssl_verifies(token, jwk, tmp_path)
    at = token.rindex(".") - 3  # within the claims
    assert not openssl_verifies(token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:], jwk, tmp_path)
    home.cli("verify", token, "--issuer", app["issuer"], check=0)
    broken = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
    assert "signature" in home.cli("verify", broken, "--issuer", app["issuer"], check=1).stderr

    # The wrapped key is read again by the next process, and rotation is what it is for every other algorithm.
    home.stop()
    home.start()
    again = home.token(app)["access_token"]
    assert decode(again)[0]["kid"] == header["kid"] and openssl_verifies(again, jwk, tmp_path)
    home.cli("key", "rotate", "--environment", environment, check=0)
    support.poll(lambda: decode(home.token(app)["access_token"])[0]["kid"] != header["kid"], 20, "the new key signs", interval=0.05)
    rotated = home.token(app)["access_token"]
    keys = {key["kid"]: key for key in home.get(environment, "/oauth2/jwks").json()["keys"]}
    assert openssl_verifies(rotated, keys[decode(rotated)[0]["kid"]], tmp_path)
    assert openssl_verifies(token, keys[header["kid"]], tmp_path)
    home.cli("verify", token, "--issuer", app["issuer"], check=0)
    home.stop()


# ---- clients ---------------------------------------------------------------------------------------------------------

class Key:
    """A client's, by OpenSSL's program; it signs what it is given, whatever that says."""

    def __init__(self, algorithm, folder):
        self.alg, self.folder = algorithm, folder
        self.path = folder / f"{uuid.uuid4()}.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", algorithm, "-out", self.path], check=True, capture_output=True)
        spki = subprocess.run(["openssl", "pkey", "-in", self.path, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        self.public = {"kty": "AKP", "alg": algorithm, "pub": b64(spki[-SETS[algorithm][1]:])}
        self.jkt = thumbprint(self.public)

    def sign(self, header, claims):
        signed = f"{b64(header)}.{b64(claims)}"
        (self.folder / "to-sign").write_text(signed)
        subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", self.folder / "to-sign", "-out", self.folder / "signed"],
                       check=True, capture_output=True)
        return f"{signed}.{b64((self.folder / 'signed').read_bytes())}"

    def assertion(self, client_id, issuer, header=None, **changes):
        return self.sign({"alg": self.alg, **(header or {})}, assertions.claims(client_id, issuer, **changes))

    def proof(self, url, method="POST", token=None, header=None, **changes):
        claims = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time()), **changes}
        if token:
            claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
        return self.sign({"typ": "dpop+jwt", "alg": self.alg, "jwk": self.public, **(header or {})}, claims)


@needs_ml_dsa
@pytest.mark.parametrize("algorithm", SETS)
def test_clients(new_home, tmp_path, algorithm):
    """private_key_jwt and DPoP by keys of this algorithm, in an environment that signs with it: a token, what introspection says of it, and its resource."""
    def change(config):
        quick(algorithm)(config)
        config["limits"]["header_bytes"] = 65536  # a token of ML-DSA-87 and a proof are more than 16 KiB
        config["proxies"] = {"addresses": ["127.0.0.1"]}

    home = new_home(change)
    home.start()
    issuer, endpoint, resource = home.url("production"), home.url("production", "/oauth2/token"), "https://api.example/accounts"
    key, prover, other = (Key(algorithm, tmp_path) for _ in range(3))
    audience = decode(home.token(home.demo["production"])["access_token"])[1]["aud"]
    app = assertions.create(home, "production", jwks={"keys": [{**key.public, "kid": "post-quantum"}]}, dpop_bound_access_tokens=True)
    watch = home.cli_json("app", "create", "--environment", "production", "--name", "resource server", "--introspection-audience", audience)
    asker = Asker(home, {**watch, "environment": "production"})
    support.poll(lambda: asker.introspect("x").status_code == 200, 10, "the resource server may ask")

    def ask(assertion=None, proof=None):
        return home.post("production", assertions.form(assertion or key.assertion(app["client_id"], issuer)), {"DPoP": proof or prover.proof(endpoint)})

    support.poll(lambda: decode(ask().json()["access_token"])[0]["alg"] == algorithm, 20, "the new algorithm signs", interval=0.05)
    answer = ask()
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    claims = decode(token)[1]
    assert answer.json()["token_type"] == "DPoP" and claims["cnf"] == {"jkt": prover.jkt} and claims["client_id"] == app["client_id"]

    # introspection, and its signed answer
    assert asker.answer(token) == {"active": True, "token_type": "DPoP", **claims}
    signed = asker.introspect(token, headers={"Accept": "application/token-introspection+jwt"}).text
    keys = {k["kid"]: k for k in home.get("production", "/oauth2/jwks").json()["keys"]}
    assert decode(signed)[0]["alg"] == algorithm and openssl_verifies(signed, keys[decode(signed)[0]["kid"]], tmp_path)
    assert decode(signed)[1]["token_introspection"]["cnf"] == {"jkt": prover.jkt}

    # the resource
    def use(proof):
        return home.get("production", "/oauth2/verify", params={"audience": audience},
                        headers={"Authorization": f"DPoP {token}", "DPoP": proof, "X-Original-Method": "GET", "X-Original-URI": resource}).status_code

    good = prover.proof(resource, "GET", token)
    assert [use(good), use(good), use(other.proof(resource, "GET", token)), use(prover.proof(resource, "GET"))] == [200, 401, 401, 401]

    # what is wrong
    def flipped(jws):
        at = jws.rindex(".") + 40
        return jws[:at] + ("A" if jws[at] != "A" else "B") + jws[at + 1:]

    another = next(name for name in SETS if name != algorithm)
    assertion = key.assertion(app["client_id"], issuer)
    for wrong in (flipped(assertion), assertion[:-4], other.assertion(app["client_id"], issuer), key.assertion(app["client_id"], issuer, {"alg": another}),
                  key.assertion(app["client_id"], issuer, {"alg": "ES256"}), key.assertion(app["client_id"], issuer, {"alg": "none"}),
                  Key(another, tmp_path).assertion(app["client_id"], issuer)):
        home.refused(ask(wrong), 401, "invalid_client")
    proof = prover.proof(endpoint)
    private = {**prover.public, "priv": b64(os.urandom(32))}
    for wrong in (flipped(proof), prover.proof(endpoint, header={"jwk": private}), prover.proof(endpoint, header={"jwk": other.public}), prover.proof(endpoint, header={"alg": another}),
                  prover.proof(endpoint, header={"jwk": {k: v for k, v in prover.public.items() if k != "alg"}}), prover.proof(endpoint, header={"jwk": {**prover.public, "alg": another}}),
                  prover.proof(endpoint, header={"jwk": {**prover.public, "pub": prover.public["pub"][:-4]}})):
        home.refused(ask(proof=wrong), 400, "invalid_dpop_proof")
    assert ask(assertion, proof).status_code == 200  # none of those used them up
    assert asker.revoke(token).status_code == 400  # whoever may ask may not revoke
    home.cli("token", "revoke", token, check=0)
    support.poll(lambda: not asker.is_active(token), 10, "it is revoked")
    home.stop()


@needs_ml_dsa
@pytest.mark.parametrize("algorithm", SETS)
def test_not_under_fapi(new_home, tmp_path, algorithm):
    """FAPI 2.0 5.4.1 names the algorithms, and these are not among them yet."""
    home = new_home()
    key = Key(algorithm, tmp_path)
    row = {"name": "x", "auth_method": "private_key_jwt", "jwks": {"keys": [key.public]}, "fapi": True}
    assert "FAPI 2.0" in home.import_apps([row], "production", check=1).both
    home.start()
    signer = assertions.Signer()
    app = assertions.create(home, "production", jwks=signer.jwks(), fapi=True)
    answer = home.post("production", assertions.form(signer.assertion(app["client_id"], home.url("production"))), {"DPoP": key.proof(home.url("production", "/oauth2/token"))})
    home.refused(answer, 400, "invalid_dpop_proof")
    home.stop()


@pytest.mark.skipif(HAS_ML_DSA, reason="this OpenSSL has ML-DSA")
@pytest.mark.parametrize("algorithm", SETS)
def test_keys_for_an_older_openssl(new_home, algorithm):
    """Neither registered nor taken from a proof; what is offered does not name it."""
    home = new_home()
    public = {"kty": "AKP", "alg": algorithm, "pub": b64(bytes(SETS[algorithm][1]))}
    done = home.import_apps([{"name": "x", "auth_method": "private_key_jwt", "jwks": {"keys": [public]}}], "production", check=1)
    assert "OpenSSL" in done.both or "jwks" in done.both
    home.start()
    claims = {"jti": "x", "htm": "POST", "htu": home.url("production", "/oauth2/token"), "iat": int(time.time())}
    proof = f"{b64({'typ': 'dpop+jwt', 'alg': algorithm, 'jwk': public})}.{b64(claims)}.{b64(bytes(SETS[algorithm][2]))}"
    home.refused(home.post("production", home.fields(home.demo["production"]), {"DPoP": proof}), 400, "invalid_dpop_proof")
    metadata = home.get("production", "/.well-known/oauth-authorization-server").json()
    assert not [name for name, value in metadata.items() if algorithm in str(value)]
    home.stop()
