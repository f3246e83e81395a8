"""Conformance, section 14, as far as the token endpoint goes, and JWT-17: DPoP (RFC 9449)."""

import base64
import concurrent.futures
import hashlib
import hmac
import json
import re
import time
import uuid

import pytest
from jwcrypto import jwk

import assertions
import support
from certificates import Certificate
from dpop import KEYS, Prover, b64
from environments import adder
from support import decode

NQCHAR = re.compile(r"^[\x21\x23-\x5B\x5D-\x7E]+$")
INVALID = "invalid_dpop_proof"


@pytest.fixture(scope="module")
def place(server_factory):
    """Environments: plain; nonce, which wants one; spring; tenant, whose issuer has a path; secure, whose issuer is https."""
    def change(config):
        add = adder(config)
        config["environments"] = [add("plain"), add("nonce", dpop={"nonce": "required", "nonce_lifetime_s": 600}),
                                  add("other-nonce", dpop={"nonce": "required"}), add("spring", profile="spring"),
                                  add("tenant", issuer=f"http://tenant.localhost:{config['listen']['port']}/t1"),
                                  add("secure", issuer="https://AS.Example", hosts=["secure.localhost"])]

    made = server_factory(change, demo=False)
    made.clients = {name: made.create_app(name, name) for name in ("plain", "nonce", "other-nonce", "spring", "tenant", "secure")}
    made.good_client = made.clients["plain"]
    support.poll(lambda: all(made.works(c) for n, c in made.clients.items() if n != "tenant"), 10, "the new applications work")
    return made


@pytest.fixture(scope="module")
def prover():
    return Prover()


def endpoint(place, environment="plain"):
    return place.url(environment, "/oauth2/token")


def ask(place, proof, environment="plain", path="/oauth2/token", lines=None, **changes):
    """A token request with this proof, or with these field lines; by hand, because libraries tidy up."""
    client = place.clients[environment]
    headers = [f"DPoP: {proof}"] if lines is None else lines
    response = place.raw_post(environment, place.fields(client, **changes), headers, path=path)
    return response


def refused(place, response, error=INVALID):
    body = place.refused(response, 400, error)
    assert len(response.header_values("DPoP-Nonce")) == (1 if error == "use_dpop_nonce" else 0)
    return body


def granted(response, prover):
    assert response.status_code == 200, response.text
    body = response.json()
    support.remember(response.text)
    assert body["token_type"] == "DPoP"
    assert decode(body["access_token"])[1]["cnf"] == {"jkt": prover.jkt}
    return body


# ---- what is right ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("alg", sorted(KEYS))
def test_dpp_01_every_algorithm(place, alg):
    prover = Prover(alg)
    granted(ask(place, prover.proof(endpoint(place))), prover)


def test_jose_23_the_thumbprint_of_rfc_8037(place):
    """A.1 and A.3: the one key with a published thumbprint whose private part is published, too. The others are in the unit tests, and every algorithm's
    thumbprint is compared with jwcrypto's above."""
    prover = Prover("EdDSA")
    prover.key = jwk.JWK(kty="OKP", crv="Ed25519", d="nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", x="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    prover.public = {"x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "not in it", "crv": "Ed25519", "use": "sig", "kty": "OKP"}
    prover.jkt = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    granted(ask(place, prover.proof(endpoint(place))), prover)


@pytest.mark.parametrize("environment", ["plain", "spring"])
def test_jwt_17_cnf_has_one_member(place, prover, environment):
    body = granted(ask(place, prover.proof(endpoint(place, environment)), environment), prover)
    assert decode(body["access_token"])[1]["cnf"] == {"jkt": prover.jkt}
    plain = place.token(place.clients[environment])
    assert plain["token_type"] == "bearer" and "cnf" not in decode(plain["access_token"])[1]


def test_jwt_17_jti_tells_the_credential_and_no_more(place):
    client = place.clients["plain"]
    one, two = (support.unpad(decode(place.token(client)["access_token"])[1]["jti"]) for _ in range(2))
    assert len(one) == 20 and one[16:] == two[16:] and one[:16] != two[:16]
    second = place.secret_add(client)
    support.poll(lambda: place.works(second), 5, "the second secret works")
    assert support.unpad(decode(place.token(second)["access_token"])[1]["jti"])[16:] != one[16:]


def test_dpp_01_with_basic_authentication_and_a_customer(place, prover):
    client = place.clients["plain"]
    response = place.raw_post("plain", {"grant_type": "client_credentials", "scope": f"customer.{uuid.uuid4()}"},
                              [f"Authorization: {support.basic(client['client_id'], client['client_secret'])}",
                               f"dPoP: {prover.proof(endpoint(place))}"])
    granted(response, prover)


def test_dpp_01_metadata_names_the_algorithms(place):
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
        metadata = place.get("plain", path).json()
        named = metadata["dpop_signing_alg_values_supported"]
        assert set(KEYS) <= set(named) and not {"none", "HS256"} & set(named)
        assert "tls_client_certificate_bound_access_tokens" not in metadata  # no certificate can be seen here


# ---- the field -------------------------------------------------------------------------------------------------------

def test_dpp_02_two_field_lines(place, prover):
    one, two = prover.proof(endpoint(place)), prover.proof(endpoint(place))
    refused(place, ask(place, None, lines=[f"DPoP: {one}", f"DPoP: {two}"]))
    refused(place, ask(place, None, lines=[f"DPoP: {one}", f"dpop: {one}"]))
    refused(place, ask(place, None, lines=["DPoP:", f"DPoP: {one}"]))
    refused(place, ask(place, f"{one}, {two}"))
    granted(ask(place, one), prover)  # none of that used it up


@pytest.mark.parametrize("value", ["", " ", "x", "a.b", "a.b.c", "....", "{}", "eyJ.eyJ.", "=.=.=", "a b c", '"x"', "A" * 9000])
def test_dpp_03_malformed(place, value):
    refused(place, ask(place, value))


def test_dpp_03_other_serializations(place, prover):
    proof = prover.proof(endpoint(place))
    head, body, signature = proof.split(".")
    flattened = json.dumps({"protected": head, "payload": body, "signature": signature})
    for value in (flattened, proof + "=", proof + ".", "." + proof, f"{head}.{body}", f"{head}..{signature}", f"{head}.{body}.",
                  f"{proof}.x", proof + " ", f"DPoP {proof}", proof.replace("-", "+").replace("_", "/") + "="):
        if value.strip() != proof:
            refused(place, ask(place, value))


@pytest.mark.parametrize("head", [b'{"typ":"dpop+jwt","alg":"ES256","alg":"ES256","jwk":%s}', b'[]', b'{', b'null', b'{"typ":"dpop+jwt","alg":["ES256"],"jwk":%s}',
                                  b'{"typ":"dpop+jwt","alg":"ES256","crit":["jwk"],"jwk":%s}', b'{"typ":"dpop+jwt","alg":"ES256","crit":[],"jwk":%s}',
                                  b'{"typ":"dpop+jwt","alg":"ES256","b64":false,"jwk":%s}', b'{"typ":1,"alg":"ES256","jwk":%s}'])
def test_dpp_03_headers_that_are_none(place, prover, head):
    head = head % json.dumps(prover.public).encode() if b"%s" in head else head
    refused(place, ask(place, prover.sign(head, prover.claims(endpoint(place)))))


@pytest.mark.parametrize("body", [b"[]", b"x", b"null", b'{"jti":"a","jti":"b"}', b"\xff", b""])
def test_dpp_03_claims_that_are_none(place, prover, body):
    refused(place, ask(place, prover.sign(prover.header(), body)))


# ---- header and claims -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["typ", "alg", "jwk", "jti", "htm", "htu", "iat"])
def test_dpp_05_missing(place, prover, name):
    header = {name: None} if name in ("typ", "alg", "jwk") else None
    changes = {} if header else {name: None}
    refused(place, ask(place, prover.proof(endpoint(place), header=header, **changes)))


@pytest.mark.parametrize("name, value", [("jti", ""), ("jti", 5), ("jti", "x" * 257), ("jti", ["a"]), ("htm", ["POST"]), ("htm", True), ("htu", 1), ("htu", ""),
                                         ("htu", {}), ("iat", "now"), ("iat", True), ("iat", -1), ("iat", 1e300), ("iat", [1]), ("nonce", 1),
                                         ("ath", 1), ("exp", "x"), ("exp", 1), ("nbf", 99999999999)])
def test_dpp_05_of_a_wrong_kind(place, prover, name, value):
    refused(place, ask(place, prover.proof(endpoint(place), **{name: value})))


def test_dpp_05_numbers_that_overflow(place, prover):
    claims = json.dumps(prover.claims(endpoint(place), iat="IAT"))
    for number in ("1e400", "-1e400", "99999999999999999999999", "9223372036854775807", "-9223372036854775808", "1e308"):
        refused(place, ask(place, prover.sign(prover.header(), claims.replace('"IAT"', number).encode())))


def test_dpp_05_a_fraction_of_a_second_is_a_number(place, prover):
    granted(ask(place, prover.proof(endpoint(place), iat=time.time() - 0.5)), prover)


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "dpop+jwt+x", "dpop", "", "dpop+jwt ", "text/dpop+jwt", "application/application/dpop+jwt"])
def test_dpp_06_other_types(place, prover, typ):
    refused(place, ask(place, prover.proof(endpoint(place), header={"typ": typ})))


@pytest.mark.parametrize("typ", ["dpop+jwt", "DPoP+JWT", "application/dpop+jwt"])
def test_dpp_06_a_media_type_has_no_case(place, prover, typ):
    granted(ask(place, prover.proof(endpoint(place), header={"typ": typ})), prover)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "noNE"])
def test_dpp_07_none(place, prover, alg):
    unsigned = f"{b64(prover.header(alg=alg))}.{b64(prover.claims(endpoint(place)))}."
    refused(place, ask(place, unsigned))
    refused(place, ask(place, unsigned + "AA"))
    refused(place, ask(place, prover.proof(endpoint(place), header={"alg": alg})))


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_dpp_07_a_mac_by_the_public_key(place, prover, alg):
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]
    public = jwk.JWK(**prover.public)
    for secret in (json.dumps(prover.public).encode(), public.export_to_pem(), support.unpad(prover.public["x"])):
        signed = f"{b64(prover.header(alg=alg))}.{b64(prover.claims(endpoint(place)))}"
        refused(place, ask(place, f"{signed}.{b64(hmac.new(secret, signed.encode(), digest).digest())}"))
    secret = jwk.JWK.generate(kty="oct", size=256)
    signed = f"{b64(prover.header(alg=alg, jwk=secret.export(as_dict=True)))}.{b64(prover.claims(endpoint(place)))}"
    refused(place, ask(place, f"{signed}.{b64(hmac.new(support.unpad(secret.export(as_dict=True)['k']), signed.encode(), digest).digest())}"))


@pytest.mark.parametrize("alg", ["es256", "ES256K", "RS1", "ES257", "EdDSA", "RS256", "PS256", "ES384", ""])
def test_dpp_07_algorithms_of_another_key(place, prover, alg):
    refused(place, ask(place, prover.proof(endpoint(place), header={"alg": alg})))


def test_dpp_09_signature(place, prover):
    head, body, signature = prover.proof(endpoint(place)).split(".")
    raw = bytearray(support.unpad(signature))
    for at in (0, 31, 32, 63):
        raw[at] ^= 1
        refused(place, ask(place, f"{head}.{body}.{b64(bytes(raw))}"))
        raw[at] ^= 1
    for bad in (bytes(64), b"\xff" * 64, bytes(raw[:63]), bytes(raw) + b"\0", bytes(32) + bytes(raw[32:])):
        refused(place, ask(place, f"{head}.{body}.{b64(bad)}"))
    granted(ask(place, f"{head}.{body}.{signature}"), prover)  # the jti was not used up by any of them


def test_dpp_09_another_key(place, prover):
    other = Prover()
    refused(place, ask(place, prover.sign(prover.header(jwk=other.public), prover.claims(endpoint(place)))))
    claims = prover.claims(endpoint(place))
    proof = prover.sign(prover.header(), claims)
    longer = other.sign(other.header(), claims)
    refused(place, ask(place, ".".join([*proof.split(".")[:2], longer.split(".")[2]])))


def test_dpp_09_a_point_that_is_none(place, prover):
    for changes in ({"x": b64(bytes(32))}, {"x": prover.public["y"]}, {"crv": "P-384"}, {"crv": "secp256k1"}, {"x": prover.public["x"][:-2]},
                    {"x": prover.public["x"] + "AA"}, {"kty": "RSA"}, {"kty": "OKP"}, {"x": None}, {"y": 5}):
        key = {k: v for k, v in {**prover.public, **changes}.items() if v is not None}
        refused(place, ask(place, prover.proof(endpoint(place), header={"jwk": key})))


@pytest.mark.parametrize("value", [None, {}, [], "x", 5, {"kty": "EC"}, {"kty": "oct", "k": "AAAA"}])
def test_dpp_10_no_key(place, prover, value):
    header = prover.header()
    header["jwk"] = value
    refused(place, ask(place, prover.sign(header, prover.claims(endpoint(place)))))


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "RS256"])
def test_dpp_10_private_keys(place, alg):
    prover = Prover(alg)
    private = prover.key.export_private(as_dict=True)
    refused(place, ask(place, prover.proof(endpoint(place), header={"jwk": private})))
    for member in set(private) - set(prover.public):
        refused(place, ask(place, prover.proof(endpoint(place), header={"jwk": {**prover.public, member: private[member]}})))
    for member in ("k", "priv", "d"):
        refused(place, ask(place, prover.proof(endpoint(place), header={"jwk": {**prover.public, member: "AAAA"}})))
    granted(ask(place, prover.proof(endpoint(place))), prover)


def test_dpp_10_weak_rsa(place):
    prover = Prover("RS256")
    prover.key = jwk.JWK.generate(kty="RSA", size=1024)
    refused(place, ask(place, prover.proof(endpoint(place), header={"jwk": prover.key.export_public(as_dict=True)})))


def test_dpp_10_other_key_references_are_nothing(place, prover):
    for name, value in (("jku", "http://127.0.0.1:1/"), ("x5u", "http://127.0.0.1:1/"), ("kid", "../../etc/passwd"), ("x5c", ["AAAA"])):
        granted(ask(place, prover.proof(endpoint(place), header={name: value})), prover)
        refused(place, ask(place, prover.proof(endpoint(place), header={name: value, "jwk": None})))


@pytest.mark.parametrize("htm", ["PUT", "post", "Post", "GET", "", "POST ", " POST", "POST\u0000", "*"])
def test_dpp_11_method(place, prover, htm):
    refused(place, ask(place, prover.proof(endpoint(place), htm=htm)))


# ---- htu -------------------------------------------------------------------------------------------------------------

def test_dpp_12_query_and_fragment(place, prover):
    url = endpoint(place)
    for suffix in ("?x=1", "#f", "?x=1#f", "?", "#", "?a=%zz#/../x"):
        granted(ask(place, prover.proof(url + suffix)), prover)
        granted(ask(place, prover.proof(url), path=f"/oauth2/token{suffix.split('#')[0]}"), prover)


def test_dpp_13_normalised(place, prover):
    port = place.port
    for url in (f"HTTP://plain.localhost:{port}/oauth2/token", f"http://PLAIN.LocalHost:{port}/oauth2/token", f"http://plain.localhost:{port}/oauth2/./token",
                f"http://plain.localhost:{port}/x/../oauth2/token", f"http://plain.localhost:{port}/%6Fauth2/%74oken", f"http://plain.localhost:{port}/oauth2/%2e/token",
                f"http://plain.localhost:{port}/../../oauth2/token", f"http://%70lain.localhost:{port}/oauth2/token"):
        granted(ask(place, prover.proof(url)), prover)
    for url in ("https://AS.Example/oauth2/token", "https://as.example:443/oauth2/token", "HTTPS://AS.EXAMPLE:/oauth2/token", "https://as.example/./oauth2/a/../token?x"):
        granted(ask(place, prover.proof(url), "secure"), prover)


def test_dpp_14_what_differs(place, prover):
    port = place.port
    for url in (f"http://plain.localhost:{port}/OAuth2/token", f"http://plain.localhost:{port}/oauth2/token/", f"https://plain.localhost:{port}/oauth2/token",
                f"http://plain.localhost:{port + 1}/oauth2/token", "http://plain.localhost/oauth2/token", f"http://plain.localhost.:{port}/oauth2/token",
                f"http://nonce.localhost:{port}/oauth2/token", f"http://127.0.0.1:{port}/oauth2/token", f"http://plain.localhost:{port}/oauth2", "/oauth2/token",
                f"//plain.localhost:{port}/oauth2/token", f"http://u@plain.localhost:{port}/oauth2/token", f"http://plain.localhost:{port}@evil.example/oauth2/token",
                f"http://plain.localhost:{port}/oauth2%2Ftoken", f"http://plain.localhost:{port}/oauth2\\token", f"http://plain.localhost:{port}//oauth2/token",
                f"http://plain.localhost:{port}/oauth2/token\u0000", f" http://plain.localhost:{port}/oauth2/token", f"http://plain.localhost:{port}/oauth2/token ",
                f"http://plain.localhost:{port}/oauth2/%zz/../token", f"http://plain.localhost:0{port}/oauth2/token", "http:///oauth2/token", "x" * 3000,
                f"http://plain.localhost:{port}/oauth2/token/" + "a/../" * 800, f"http://plain\u0131.localhost:{port}/oauth2/token", "urn:x"):
        refused(place, ask(place, prover.proof(url)))
    for url in ("http://as.example/oauth2/token", "http://as.example:443/oauth2/token", "https://as.example:80/oauth2/token", f"http://secure.localhost:{port}/oauth2/token"):
        refused(place, ask(place, prover.proof(url), "secure"))  # what Host says does not count: whoever reads a proof could choose it


def test_dpp_14_the_path_of_the_issuer(place, prover):
    base = f"http://tenant.localhost:{place.port}"
    granted(ask(place, prover.proof(f"{base}/t1/oauth2/token"), "tenant", path="/t1/oauth2/token"), prover)
    refused(place, ask(place, prover.proof(f"{base}/oauth2/token"), "tenant", path="/t1/oauth2/token"))


# ---- once, and soon --------------------------------------------------------------------------------------------------

def test_dpp_16_iat(place, prover):
    for offset in (-10, 0, 10):
        granted(ask(place, prover.proof(endpoint(place), iat=int(time.time()) + offset)), prover)
    for offset in (-3600, 3600, -86400 * 365, 90, -90):
        said = refused(place, ask(place, prover.proof(endpoint(place), iat=int(time.time()) + offset)))
        assert "iat" in said["error_description"]


def test_dpp_18_replay(place, prover):
    proof = prover.proof(endpoint(place))
    granted(ask(place, proof), prover)
    refused(place, ask(place, proof))
    again = json.loads(support.unpad(proof.split(".")[1]))["jti"]
    refused(place, ask(place, prover.proof(endpoint(place), jti=again)))  # other bytes, the same jti
    other = Prover()
    granted(ask(place, other.proof(endpoint(place), jti=again)), other)  # whose key is another's is no replay
    refused(place, ask(place, proof, scope="customer." + str(uuid.uuid4())))


def test_dpp_18_fifty_copies_at_once_are_one(place, prover):
    for _ in range(3):
        proof = prover.proof(endpoint(place))
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(lambda _: ask(place, proof), range(50)))
        assert sorted(a.status_code for a in answers) == [200] + [400] * 49
        assert all(a.json()["error"] == INVALID for a in answers if a.status_code == 400)


def test_dpp_18_refused_requests_use_nothing_up(place, prover):
    """Who has no credentials cannot spend somebody's proof, nor fill the memory of them."""
    proof = prover.proof(endpoint(place))
    before = place.metric("leanauth_replay_entries")
    response = ask(place, proof, client_secret="wrong")
    assert response.status_code == 401
    response = ask(place, proof, scope="nothing")
    assert response.status_code == 400 and response.json()["error"] == "invalid_scope"  # REQ-32: scope before binding
    refused(place, ask(place, proof[:-2] + ("AA" if proof[-2:] != "AA" else "BA")))
    assert place.metric("leanauth_replay_entries") <= before
    granted(ask(place, proof), prover)


# ---- nonces ----------------------------------------------------------------------------------------------------------

def nonce_of(response):
    values = response.header_values("DPoP-Nonce")
    assert len(values) == 1 and NQCHAR.match(values[0])
    return values[0]


def test_dpp_20_required_and_missing(place, prover):
    response = ask(place, prover.proof(endpoint(place, "nonce")), "nonce")
    refused(place, response, "use_dpop_nonce")
    nonce = nonce_of(response)
    response = ask(place, prover.proof(endpoint(place, "nonce"), nonce=nonce), "nonce")
    granted(response, prover)
    assert not response.header_values("DPoP-Nonce")  # it is good for a while yet
    granted(ask(place, prover.proof(endpoint(place, "nonce"), nonce=nonce), "nonce"), prover)
    granted(ask(place, prover.proof(endpoint(place)), "plain"), prover)  # where none is wanted, none is needed


def test_dpp_21_wrong_ones(place, prover):
    nonce = nonce_of(ask(place, prover.proof(endpoint(place, "nonce")), "nonce"))
    foreign = nonce_of(ask(place, prover.proof(endpoint(place, "other-nonce")), "other-nonce"))
    flipped = nonce[:-1] + ("A" if nonce[-1] != "A" else "E")
    for wrong in ("", "x", foreign, flipped, nonce[:-1], nonce + "A", "A" * 32, nonce.swapcase(), "B" + nonce[1:]):
        response = ask(place, prover.proof(endpoint(place, "nonce"), nonce=wrong), "nonce")
        refused(place, response, "use_dpop_nonce")
        fresh = nonce_of(response)
        granted(ask(place, prover.proof(endpoint(place, "nonce"), nonce=fresh), "nonce"), prover)


def test_dpp_21_an_expired_one(server_factory, prover):
    """Before a nonce is over, the next one comes with an answer that is good; then it is refused, with another one to go on with."""
    def change(config):
        port = config["listen"]["port"]
        config["environments"] = [{"name": "brief", "issuer": f"http://brief.localhost:{port}", "api": {"audience": "https://api.example"},
                                   "customer": {"audience": "https://sdk.example"}, "dpop": {"nonce": "required", "nonce_lifetime_s": 10}}]

    place = server_factory(change, demo=False)
    place.clients = {"brief": place.create_app("brief", "brief")}
    url = endpoint(place, "brief")
    nonce = support.poll(lambda: ask(place, prover.proof(url), "brief").header_values("DPoP-Nonce"), 10, "the new application works")[0]
    granted(ask(place, prover.proof(url, nonce=nonce), "brief"), prover)
    next_ones = set()

    def is_over():
        response = ask(place, prover.proof(url, nonce=nonce), "brief")
        if response.status_code != 200:
            return [response]
        next_ones.update(response.header_values("DPoP-Nonce"))

    response = support.poll(is_over, 40, "the end of the nonce", interval=0.2)[0]
    assert next_ones and nonce not in next_ones
    assert response.status_code == 400 and response.json()["error"] == "use_dpop_nonce"
    granted(ask(place, prover.proof(url, nonce=nonce_of(response)), "brief"), prover)


def test_dpp_21_a_right_nonce_heals_nothing_else(place, prover):
    nonce = nonce_of(ask(place, prover.proof(endpoint(place, "nonce")), "nonce"))
    for changes in ({"iat": int(time.time()) - 3600}, {"htm": "GET"}, {"htu": "http://x.example/"}, {"jti": None}):
        refused(place, ask(place, prover.proof(endpoint(place, "nonce"), nonce=nonce, **changes), "nonce"))
    proof = prover.proof(endpoint(place, "nonce"), nonce=nonce)
    granted(ask(place, proof, "nonce"), prover)
    refused(place, ask(place, proof, "nonce"))


def test_dpp_22_form(place, prover):
    seen = set()
    for _ in range(3):
        seen.add(nonce_of(ask(place, prover.proof(endpoint(place, "nonce")), "nonce")))
        time.sleep(1.01)
    assert len(seen) >= 2  # new ones come with the time
    assert len({n[-20:] for n in seen}) == len(seen)  # and differ where nobody can tell how


def test_dpp_22_not_before_the_credentials_are_right(place, prover):
    response = ask(place, prover.proof(endpoint(place, "nonce")), "nonce", client_secret="wrong")
    place.refused(response, 401, "invalid_client")
    assert not response.header_values("DPoP-Nonce")


# ---- registered -----------------------------------------------------------------------------------------------------

def test_dpp_25_dpop_bound_access_tokens(place, prover):
    app = place.cli_json("app", "create", "--environment", "plain", "--name", "bound", "--scope", "api", "--scope", "customer", "--dpop-bound", "true")
    good = support.poll(lambda: [r for r in [ask(place, prover.proof(endpoint(place)), client_id=app["client_id"], client_secret=app["client_secret"])]
                                 if r.status_code == 200], 10, "the new application works")
    granted(good[0], prover)
    for attempt in ({}, {"scope": "customer." + str(uuid.uuid4())}):
        refused(place, place.raw_post("plain", place.fields(app, **attempt)))
    place.refused(place.raw_post("plain", place.fields(app, scope="nothing")), 400, "invalid_scope")
    place.refused(place.raw_post("plain", place.fields(app, client_secret="wrong")), 401, "invalid_client")
    place.cli("app", "set", app["client_id"], "--environment", "plain", "--dpop-bound", "false", check=0)
    support.poll(lambda: place.works({**app, "environment": "plain"}), 10, "it may come without a proof again")


# ---- FAPI 2.0 --------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def fapi(server_factory):
    def change(config):
        port = config["listen"]["port"]
        config["environments"] = [{"name": name, "issuer": f"http://{name}.localhost:{port}", "api": {"audience": "https://api.example"},
                                   "customer": {"audience": "https://sdk.example"}, "fapi": name == "fapi"} for name in ("fapi", "plain")]

    made = server_factory(change, demo=False)
    made.good_client = made.create_app("plain", "with a secret")
    support.poll(lambda: made.works(made.good_client), 10, "the new application works")
    return made


@pytest.mark.parametrize("environment", ["fapi", "plain"])
def test_fapi_04_bound_tokens_only(fapi, environment, tmp_path):
    """By the switch of the environment, and by that of the application."""
    signer, prover, keys = assertions.Signer("ES256"), Prover(), tmp_path / "jwks.json"
    keys.write_text(json.dumps(signer.jwks()))
    app = fapi.cli_json("app", "create", "--environment", environment, "--name", "of FAPI", "--scope", "api", "--auth-method", "private_key_jwt",
                        "--jwks", keys, *(["--fapi", "true"] if environment == "plain" else []))
    url = fapi.url(environment, "/oauth2/token")

    def ask(proof=None):
        return fapi.raw_post(environment, assertions.form(signer.assertion(app["client_id"], fapi.url(environment))), [f"DPoP: {proof}"] if proof else [])

    support.poll(lambda: ask(prover.proof(url)).status_code == 200, 10, "the application works")
    fapi.refused(ask(), 400, "invalid_request")
    for alg in ("ES256", "PS256", "EdDSA"):
        other = Prover(alg)
        granted(ask(other.proof(url)), other)
    for alg in ("RS256", "ES384", "PS384", "RS512"):  # FAPI-09
        fapi.refused(ask(Prover(alg).proof(url)), 400, INVALID)
    named = set(fapi.get(environment, "/.well-known/oauth-authorization-server").json()["dpop_signing_alg_values_supported"])
    assert ("RS256" in named) == (environment == "plain") and {"ES256", "PS256", "EdDSA"} <= named


# ---- certificates ----------------------------------------------------------------------------------------------------

def test_mtl_11_the_certificate_of_the_connection(server_factory, tmp_path, prover):
    ca = Certificate(tmp_path, "ca")
    own = Certificate(tmp_path, "own", ["production.localhost", "sandbox-uae.localhost"], issuer=ca)
    client_certificate = Certificate(tmp_path, "client")
    port = support.free_port()

    def change(config):
        config["tls"] = own.files
        config["mtls_listen"] = {"address": "127.0.0.1", "port": port}
        for environment in config["environments"]:
            environment["issuer"] = environment["issuer"].replace("http:", "https:")
            if environment["name"] == "sandbox-uae":
                environment["profile"] = "spring"

    place = server_factory(change)
    thumbprint = b64(hashlib.sha256(client_certificate.der).digest())
    assert len(thumbprint) == 43
    for environment in ("production", "sandbox-uae"):
        client = place.demo[environment]
        url = f"https://{environment}.localhost:{port}/oauth2/token"

        def post(cert, headers=None, **changes):
            return place.session.post(url, data=place.fields(client, **changes), cert=cert, headers=headers, verify=ca.certificate_path, timeout=20)

        cert = (client_certificate.certificate_path, client_certificate.key_path)
        for _ in range(3):  # of a kept-alive connection, too
            response = post(cert)
            assert response.status_code == 200 and response.json()["token_type"] == "bearer"
            assert decode(response.json()["access_token"])[1]["cnf"] == {"x5t#S256": thumbprint}
        assert "cnf" not in decode(place.token(client)["access_token"])[1]
        # a proof goes first, at the alias of the metadata and at the endpoint itself
        metadata = place.get(environment, "/.well-known/oauth-authorization-server").json()
        assert metadata["tls_client_certificate_bound_access_tokens"] is True
        for htu in (metadata["token_endpoint"], metadata["mtls_endpoint_aliases"]["token_endpoint"]):
            response = post(cert, {"DPoP": prover.proof(htu)})
            assert response.status_code == 200, response.text
            assert decode(response.json()["access_token"])[1]["cnf"] == {"jkt": prover.jkt}
        assert post(cert, {"DPoP": prover.proof(url.replace(str(port), "1"))}).json()["error"] == INVALID


def test_mtl_bound_access_tokens_need_the_certificate(server_factory, tmp_path, prover):
    """RFC 8705 3.4, over a proxy that hands certificates on."""
    certificate = Certificate(tmp_path, "client")
    field = "Client-Cert: :" + base64.b64encode(certificate.der).decode() + ":"
    place = server_factory(lambda config: config.update(proxies={"addresses": ["127.0.0.1"], "client_certificate": "client-cert"}))
    app = place.cli_json("app", "create", "--environment", "production", "--name", "bound", "--scope", "api", "--certificate-bound", "true")
    issuer = place.get("production", "/.well-known/oauth-authorization-server").json()["issuer"]

    def post(*lines):
        return place.raw_post("production", place.fields(app), lines)

    support.poll(lambda: post(field).status_code == 200, 10, "the new application works")
    assert decode(post(field).json()["access_token"])[1]["cnf"] == {"x5t#S256": b64(hashlib.sha256(certificate.der).digest())}
    proof = f"DPoP: {prover.proof(issuer + '/oauth2/token')}"
    for lines in ([], [proof], [field, f"DPoP: {prover.proof(issuer + '/oauth2/token')}"]):
        place.refused(post(*lines), 400, "invalid_request")
    both = place.cli("app", "create", "--environment", "production", "--name", "both", "--dpop-bound", "true", "--certificate-bound", "true")
    assert both.returncode == 1 and both.is_one_clear_error
