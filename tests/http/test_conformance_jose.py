"""Conformance, section 7: what is made of a JWS from outside, shown by client assertions. Subject tokens are in test_conformance_exchange.py,
proofs in test_conformance_dpop.py."""

import base64
import hashlib
import json
import uuid

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from jwcrypto import jwk

import support
from assertion_fixtures import canary, client, keys, place, rsa_client  # noqa: F401
from assertions import Client, Signer, b64, claims, mac
from certificates import Certificate


UNIFORM = "Client authentication failed:"


@pytest.mark.parametrize("alg", ["none", "None", "noNE", "NONE", "", "nOne ", None, "HS1", "es256", "ES256K", "RS1", 5, ["ES256"]])
def test_jose_01_alg(client, alg):
    header = {"alg": alg} if alg is not None else {"typ": "JWT"}
    for signature in ("", "AA", client.assertion().split(".")[2]):
        client.refused(f"{b64(header)}.{b64(claims(client.client_id, client.issuer))}.{signature}")


def test_jose_01_alg_of_the_key(place, rsa_client):
    """A key that says which alg it is for is for no other."""
    signer = Signer("PS256")
    bound = Client(place, signer=signer, jwks={"keys": [{**signer.public, "alg": "PS256"}]})
    bound.granted()
    signer.alg = "RS256"
    bound.refused()
    pinned = Client(place, "RS256", token_endpoint_auth_signing_alg="PS256")
    assert "alg" in pinned.refused()


def test_jose_02_public_keys_are_no_secrets(client, rsa_client):
    for one in (client, rsa_client):
        public = one.signer.key.export_public(as_dict=True)
        key = serialization.load_pem_public_key(one.signer.key.export_to_pem())
        materials = [one.signer.key.export_to_pem(), one.signer.key.export_to_pem().strip(), json.dumps(public).encode(),
                     one.signer.key.export_public().encode(), json.dumps(one.signer.jwks()).encode(),
                     key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo), b"",
                     *(support.unpad(public[name]) for name in ("x", "y", "n", "e") if name in public)]
        if "n" in public:
            materials.append(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1))
        for material in materials:
            for alg in ("HS256", "HS384", "HS512"):
                one.refused(mac(material, {"alg": alg}, claims(one.client_id, one.issuer)))


def test_jose_03_keys_in_the_header(client, canary, tmp_path):
    attacker = Signer(kid=client.signer.kid)
    canary.show(attacker.jwks())
    certificate = Certificate(tmp_path, "attacker")
    x5c = [base64.b64encode(certificate.der).decode()]
    urls = [canary.uri(), f"http://127.0.0.1:{canary.plain.server_address[1]}/k"]
    headers = [{"jwk": attacker.public}, {"x5c": x5c}, {"x5t#S256": certificate.thumbprint}, {"jwk": attacker.public, "kid": attacker.key.thumbprint()}]
    headers += [{name: url} for name in ("jku", "x5u") for url in urls]
    for header in headers:
        client.refused(client.assertion(header, signer=attacker))
        client.granted(client.assertion(header if "kid" not in header else None))  # passed over
    assert canary.connections == 0 and canary.requests == [] and canary.plain_hits == []


def test_jose_04_compact_alone(client):
    head, body, signature = client.assertion().split(".")
    flat = {"payload": body, "protected": head, "signature": signature}
    for text in (json.dumps(flat), json.dumps({"payload": body, "signatures": [{"protected": head, "signature": signature}]}), "{}",
                 f"{head}.{body}.{signature}=", f"{head}=.{body}.{signature}", f"{head}.{body}?.{signature}",
                 f"{head}.{body} .{signature}", f"{head}.{body}.{signature}.", f"{head}.{body}", f"{head}..{signature}", f".{body}.{signature}",
                 f"{head}.{body}.{signature}.{signature}.{signature}", f"{head}+/.{body}.{signature}", f"\"{head}.{body}.{signature}\"", "."):
        client.refused(text)


@pytest.mark.parametrize("header", [{"crit": ["unknown"], "unknown": 1}, {"crit": []}, {"crit": "exp"}, {"crit": ["exp"]}, {"crit": ["alg"]},
                                    {"crit": ["b64"], "b64": False}, {"crit": ["b64"], "b64": True}, {"crit": [1]}, {"crit": None}, {"b64": False}])
def test_jose_07_crit(client, header):
    whole = {"alg": "ES256", **header}
    client.refused(client.signer.sign(whole, claims(client.client_id, client.issuer)))


def test_jose_09_members_twice(client):
    right = json.dumps(claims(client.client_id, client.issuer))[:-1]
    for head in (b'{"alg":"none","alg":"ES256"}', b'{"alg":"ES256","alg":"none"}', b'{"alg":"ES256","alg":"ES256"}', b'{"alg":"ES256","\\u0061lg":"ES256"}'):
        client.refused(client.signer.sign(head, (right + "}").encode()))
    for more in (f',"aud":"{client.issuer}"}}', ',"aud":"x"}', ',"exp":1}', f',"sub":"{client.client_id}"}}', ',"x":{"y":1,"y":2}}'):
        client.refused(client.signer.sign({"alg": "ES256"}, (right + more).encode()))


@pytest.mark.parametrize("member", ['"exp":"123"', '"exp":true', '"exp":null', '"exp":1e400', '"exp":-1', '"exp":[]', '"exp":9223372036854775808',
                                    '"exp":1e300', '"aud":{}', '"aud":[1]', '"aud":null', '"aud":1', '"iss":[]', '"iss":1', '"sub":{}', '"sub":null',
                                    '"jti":5', '"jti":null', '"jti":["a"]', '"nbf":"0"', '"nbf":null', '"iat":"0"', '"iat":{}'])
def test_jose_11_types_of_claims(client, member):
    name = json.loads("{" + member.split(":")[0] + ":0}").popitem()[0]
    rest = json.dumps({k: v for k, v in claims(client.client_id, client.issuer).items() if k != name})
    client.refused(client.signer.sign({"alg": "ES256"}, (rest[:-1] + "," + member + "}").encode()))


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b'"x"', b"{", b"\xff", b"{}\x00", b"\xef\xbb\xbf{}", b"{" * 3000, b"[" * 3000])
def test_jose_11_no_object(client, payload):
    client.refused(client.signer.sign({"alg": "ES256"}, payload))


def test_jose_13_ecdsa_signatures(client):
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signed, _, signature = client.assertion().rpartition(".")
    r, s = (int.from_bytes(support.unpad(signature)[i:i + 32], "big") for i in (0, 32))

    def encode(r, s, width=32):
        return b64(r.to_bytes(width, "big") + s.to_bytes(width, "big"))

    for wrong in (encode(0, 0), encode(0, s), encode(r, 0), encode(order, s), encode(r, order), encode(1, 1), encode(2 ** 256 - 1, s),
                  encode(r, s, 33), b64(support.unpad(signature)[:63]), b64(support.unpad(signature) + b"\0"), b64(encode_dss_signature(r, s)), ""):
        client.refused(f"{signed}.{wrong}")
    client.granted(f"{signed}.{signature}")


def fetched(place, keys, jwk, alg="ES256", signer=None):
    """A client whose keys nobody has looked at before: they are fetched."""
    keys.show({"keys": [jwk]})
    return Client(place, alg, signer=signer, jwks_uri=keys.uri(f"/{uuid.uuid4()}"))


def test_jose_14_points_that_are_none(place, keys):
    """Registration refuses such keys (tests/cli/test_registration.py); so does whatever fetches them."""
    signer = Signer("ES256")
    fetched(place, keys, signer.public, signer=signer).granted()
    x, y, zero = signer.public["x"], signer.public["y"], b64(bytes(32))
    for changes in ({"x": y}, {"y": x}, {"x": zero, "y": zero}, {"x": zero}, {"crv": "P-384"}, {"crv": "secp256k1"}, {"x": x[:-4]}, {"x": x + "AAAA"},
                    {"x": b64(b"\0" + support.unpad(x))}, {"y": None}, {"kty": "OKP"}, {"x": b64(b"\xff" * 32)}):
        key = {k: v for k, v in {**signer.public, **changes}.items() if v is not None}
        assert fetched(place, keys, key, signer=signer).refused().startswith(UNIFORM)


def test_jose_15_weak_keys(place, keys):
    """Registered keys are judged before (tests/cli/test_registration.py); these come over the net."""
    weak, strong = Signer("RS256"), Signer("RS256")
    weak.key = jwk.JWK.from_pyca(rsa.generate_private_key(65537, 1024))
    assert fetched(place, keys, weak.public, signer=weak).refused().startswith(UNIFORM)
    fetched(place, keys, strong.public, signer=strong).granted()
    for changes in ({"e": "AQ"}, {"e": "AA"}, {"e": "Ag"}, {"n": "AQ"}, {"n": b64(bytes(256))}):
        assert fetched(place, keys, {**strong.public, **changes}, signer=strong).refused().startswith(UNIFORM)
    # With an exponent of 1 the signature is the message: anybody makes it.
    modulus = int.from_bytes(support.unpad(strong.public["n"]), "big")
    one = fetched(place, keys, {**strong.public, "e": "AQ"}, signer=strong)
    signed = f"{b64({'alg': 'RS256'})}.{b64(claims(one.client_id, one.issuer))}"
    info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(signed.encode()).digest()
    padded = b"\0\1" + b"\xff" * (256 - 3 - len(info)) + b"\0" + info
    assert int.from_bytes(padded, "big") < modulus
    assert one.refused(f"{signed}.{b64(padded)}").startswith(UNIFORM)


def test_jose_14_keys_of_another_curve(place, client):
    p384 = Signer("ES384")
    head = {"alg": "ES256"}
    client.refused(p384.sign(head, claims(client.client_id, client.issuer)))
    one = Client(place, signer=p384)
    one.refused(Signer("ES256").assertion(one.client_id, one.issuer))
    one.granted()


@pytest.mark.parametrize("kid", ["../../../../etc/passwd", "/dev/null", "' OR '1'='1", "x'; DROP TABLE application;--", "\u0000", "a\u0000b", "k" * 5000,
                                 "\u202e", "%00", "${jndi:ldap://x}", "", 7, None, {}, ["k"]])
def test_kid_is_compared_and_nothing_else(client, kid):
    header = json.dumps({"alg": "ES256", "kid": kid}).encode()
    client.refused(client.signer.sign(header, claims(client.client_id, client.issuer)))


def test_kid_of_the_key(place):
    named = Client(place, kid="its own")
    named.granted()
    named.granted(named.assertion({"kid": None}))
    named.refused(named.assertion({"kid": "another"}))
    thumbed = Client(place)
    thumbed.granted(thumbed.assertion({"kid": thumbed.signer.key.thumbprint()}))


def test_oversize_everything(client):
    client.refused(client.assertion(extra="x" * 13000))
    client.refused(client.assertion({"x": "y" * 13000}))
    client.refused("A" * 16385)
    client.refused("A" * 60000)
    client.granted(client.assertion(extra="x" * 3000))


