"""An environment that signs with ML-DSA (RFC 9964), where the linked OpenSSL has it; where it has not, that this is said clearly.

Verified by OpenSSL's own program. `./dev test pq` runs this on Debian 13.
"""
import base64
import hashlib
import json
import subprocess

import pytest

import support
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
