"""Documents that the environment's own key has signed, and that are no access tokens all the same: section 7, INT-05, TEX-03 and TEX-19 where the signature is
no help. Each is put before everything that takes an access token: introspection, token exchange, the protected resource, revocation."""

import json
import time
import uuid

import pytest

import support
from control import Asker, asker
from own_key import OwnKey
from support import decode

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
API, SDK = "https://api.example", "https://sdk.example"


class Place:
    def __init__(self, server_factory):
        def change(config):
            port = config["listen"]["port"]
            config["environments"] = [{"name": name, "issuer": f"http://{name}.localhost:{port}", "api": {"audience": API}, "customer": {"audience": SDK}, **more}
                                      for name, more in (("plain", {}), ("spring", {"profile": "spring"}), ("other", {}))]

        self.server = server_factory(change, demo=False)
        self.apps, self.watch, self.keys, self.customers = {}, {}, {}, {}
        for name in ("plain", "spring"):
            app = self.apps[name] = self.server.cli_json("app", "create", "--environment", name, "--name", name, "--grant-type", EXCHANGE)
            self.customers[name] = str(uuid.uuid4())
            self.server.customer_add(app, self.customers[name])
            support.poll(lambda: self.server.works(app), 10, "the new application works")
            self.watch[name], self.keys[name] = asker(self.server, name, API), OwnKey(self.server, name)
        self.server.good_client = self.apps["plain"]
        for name in self.apps:
            support.poll(lambda: self.exchange(name, self.token(name)).status_code == 200, 10, "the exchange works")

    def token(self, name):
        return self.server.token(self.apps[name])["access_token"]

    def exchange(self, name, subject):
        fields = self.server.fields(self.apps[name], grant_type=EXCHANGE, subject_token=subject, scope=f"customer.{self.customers[name]}",
                                    subject_token_type="urn:ietf:params:oauth:token-type:access_token")
        return self.server.post(name, fields)

    def resource(self, name, token):
        query = f"audience={API}" if name == "plain" else "scope=api"
        return self.server.get(name, f"/oauth2/verify?{query}", headers={"Authorization": f"Bearer {token}"})

    def made(self, name, header=None, claims=None, **changes):
        """A token like one of this environment, with these changes; None takes a claim out, `claims` is the text of all of them."""
        head, right, _ = decode(self.token(name))
        right = {k: v for k, v in {**right, "jti": right["jti"], **changes}.items() if v is not None}
        head = header if isinstance(header, bytes) else {k: v for k, v in {**head, **(header or {})}.items() if v is not None}
        return self.keys[name].sign(head, right if claims is None else claims(json.dumps(right)))

    def takes(self, name, token):
        assert self.watch[name].is_active(token)
        assert self.exchange(name, token).status_code == 200
        assert self.resource(name, token).status_code == 200

    def refuses(self, name, token):
        assert self.watch[name].answer(token) == {"active": False}
        self.server.refused(self.exchange(name, token), 400, "invalid_request", good=False)
        answer = self.resource(name, token)
        assert answer.status_code == 401 and "X-Auth-Client-Id" not in answer.headers
        assert Asker(self.server, self.apps[name]).revoke(token).status_code == 200  # RFC 7009 2.2: nothing to revoke


@pytest.fixture(scope="module")
def place(server_factory):
    return Place(server_factory)


BOTH = pytest.mark.parametrize("name", ["plain", "spring"])


@BOTH
def test_the_key_is_the_one(place, name):
    """So that what follows is refused for what it says, not for its signature."""
    place.takes(name, place.made(name))


@BOTH
def test_int_05_not_yet_valid_and_no_longer(place, name):
    now = int(time.time())
    for changes in ({"iat": now + 3600, "exp": now + 7200}, {"nbf": now + 3600, "exp": now + 7200}, {"exp": now - 1}, {"exp": 0}):
        place.refuses(name, place.made(name, **changes))
    place.takes(name, place.made(name, nbf=now - 5))


@BOTH
def test_int_05_of_somebody_else(place, name):
    other = place.server.url("other")
    for changes in ({"iss": other}, {"iss": None}, {"iss": ""}, {"iss": place.server.url(name) + "/"}, {"iss": [place.server.url(name)]},
                    {"sub": str(uuid.uuid4()), "client_id": str(uuid.uuid4())}):
        place.refuses(name, place.made(name, **changes))


@BOTH
def test_jose_11_types_of_claims(place, name):
    for changes in ({"exp": "9999999999"}, {"exp": True}, {"exp": None}, {"exp": []}, {"exp": 1e300}, {"exp": 2 ** 63}, {"iat": "now"}, {"iat": None}, {"jti": 5}, {"jti": None},
                    {"jti": ""}, {"sub": 5, "client_id": 5}, {"sub": None, "client_id": None}, {"scope": 5}, {"scope": {}}, {"scope": [1]}, {"cnf": "x"}, {"cnf": {"jkt": 5}},
                    {"cnf": {"jkt": "x"}}, {"cnf": {"x5t#S256": "A" * 42}}, {"cnf": {"jkt": "A" * 43, "x5t#S256": "A" * 43}}, {"nbf": "x"}):
        place.refuses(name, place.made(name, **changes))


def test_jose_09_members_twice(place):
    issuer = place.server.url("plain")
    for more in (f',"iss":"{issuer}"}}', ',"exp":9999999999}', ',"scope":"api"}', ',"x":{"y":1,"y":2}}'):
        place.refuses("plain", place.made("plain", claims=lambda text: (text[:-1] + more).encode()))
    head = json.dumps(decode(place.token("plain"))[0])[:-1]
    for more in (',"alg":"ES256"}', ',"typ":"at+jwt"}', ',"alg":"none"}'):
        place.refuses("plain", place.made("plain", header=(head + more).encode()))
    for claims in (b"", b"null", b"[]", b'"x"', b"{", b"\xff", b"{}"):
        place.refuses("plain", place.made("plain", claims=lambda text: claims))


@BOTH
def test_jose_07_crit(place, name):
    for header in ({"crit": ["exp"]}, {"crit": []}, {"crit": "x"}, {"crit": ["x"], "x": 1}, {"crit": ["b64"], "b64": False}, {"crit": [1]}, {"b64": False}):
        place.refuses(name, place.made(name, header))


def test_jose_20_typ(place):
    for typ in (None, "JWT", "", "dpop+jwt", "token-introspection+jwt", "statuslist+jwt", "client-authentication+jwt", "at+jwt+x", 1, ["at+jwt"]):
        place.refuses("plain", place.made("plain", {"typ": typ}))
    for typ in ("AT+JWT", "application/at+jwt"):
        place.takes("plain", place.made("plain", {"typ": typ}))


@BOTH
def test_jose_03_of_a_kid_that_is_none(place, name):
    for header in ({"kid": "../../etc/passwd"}, {"kid": ""}, {"kid": 5}, {"kid": place.keys[name].kid + "x"}, {"kid": place.keys["spring" if name == "plain" else "plain"].kid}):
        place.refuses(name, place.made(name, header))


def test_int_05_the_key_of_another_environment(place):
    """Its own issuer and all: the wall is the key set."""
    head, claims, _ = decode(place.token("plain"))
    for kid in (head["kid"], place.keys["spring"].kid):
        place.refuses("plain", place.keys["spring"].sign({**head, "kid": kid}, claims))
