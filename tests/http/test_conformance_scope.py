"""Conformance, section 3: which scopes are granted, and how the answer says so."""

import urllib.parse
import uuid

import pytest

from support import decode

CUSTOMER = "5f3c2a10-8c9d-4b6e-a1f0-2d4e6f8a0b1c"


@pytest.mark.parametrize("scope", [
    'api"', '"api"', "api\\", "\\", "api\tapi", "api\napi", "api\u00a0api", "apí", "api\x7f", "£", "api,api", "api  api", " api", "api ",
    " ", "  ", "api\u2003api", "api;api",
])
def test_sco_01_grammar(server, client, scope):
    response = server.post("production", server.fields(client, scope=scope))
    # a control character is already an error of the form (REQ-26)
    errors = ("invalid_scope", "invalid_request") if any(ord(c) < 32 or ord(c) == 127 for c in scope) else "invalid_scope"
    if response.status_code == 200:  # spaces around and between tokens may be forgiven, and add nothing
        assert not scope.strip(" api") and response.json()["scope"] == "api"
        return
    server.refused(response, 400, errors)


@pytest.mark.parametrize("scope", ["API", "Api", "aPI", f"Customer.{CUSTOMER}", f"CUSTOMER.{CUSTOMER}", f"customer.{CUSTOMER.upper()}"])
def test_sco_03_case(server, client, scope):
    server.refused(server.post("production", server.fields(client, scope=scope)), 400, "invalid_scope")


def test_sco_04_duplicates_add_nothing(server, client):
    for scope in ("api", "api api", "api api api api"):
        answer = server.token(client, scope=scope)
        assert answer["scope"] == "api"
        assert decode(answer["access_token"])[1]["scope"] == "api"


def test_sco_04_order_is_irrelevant(matrix):
    client = matrix.clients["scopes"]
    one = matrix.token(client, scope="api payments")
    two = matrix.token(client, scope="payments api")
    three = matrix.token(client, scope="payments api payments")
    assert {frozenset(a["scope"].split(" ")) for a in (one, two, three)} == {frozenset(["api", "payments"])}
    assert all(len(a["scope"].split(" ")) == 2 for a in (one, two, three))


def test_sco_04_the_same_customer_twice(server, client):
    answer = server.token(client, scope=f"customer.{CUSTOMER} customer.{CUSTOMER}")
    assert answer["scope"] == f"customer.{CUSTOMER}"


def test_sco_05_no_scope(server, client):
    body = server.refused(server.post("production", server.fields(client, scope=None)), 400, "invalid_scope")
    assert "customer.<customer_id>" in body["error_description"]


@pytest.fixture(scope="module")
def narrow(server, matrix):
    """An application that may have `api` only, one that may have `customer` only, one with one plain scope."""
    apps = {"api": matrix.create_app("scopes", "api only", ["api"]),
            "customer": matrix.create_app("scopes", "customer only", ["customer"]),
            "payments": matrix.create_app("scopes", "payments only", ["payments"])}
    from support import poll
    poll(lambda: matrix.works(apps["payments"], scope="payments"), 5, "the application works")
    return apps


def test_sco_07_scope_without_entitlement(matrix, narrow):
    allowed = {"api": "api", "customer": f"customer.{CUSTOMER}", "payments": "payments"}
    for name, app in narrow.items():
        for other, scope in allowed.items():
            response = matrix.post("scopes", matrix.fields(app, scope=scope))
            if name == other:
                assert response.status_code == 200 and response.json()["scope"] == scope
            else:
                matrix.refused(response, 400, "invalid_scope")
    matrix.refused(matrix.post("scopes", matrix.fields(narrow["api"], scope="api payments")), 400, "invalid_scope")


@pytest.mark.parametrize("scope", ["admin", "openid", "api.read", "ap", "apis", "api:read", "*", ".", "customers", "x" * 5000,
                                   "payments", "api admin", "api/", "profile offline_access", " ".join(["api"] * 900 + ["x"])])
def test_sco_07_scope_that_does_not_exist(server, client, scope):
    server.refused(server.post("production", server.fields(client, scope=scope)), 400, "invalid_scope")


def test_sco_08_granted_scope_is_said(server, client):
    for scope, granted in (("api", "api"), ("api api", "api"), (f"customer.{CUSTOMER}", f"customer.{CUSTOMER}")):
        answer = server.token(client, scope=scope)
        assert answer["scope"] == granted == decode(answer["access_token"])[1]["scope"]


BAD_IDS = ["", ".", "*", "%", "/", "..", "1", "x" * 1000, "a b", CUSTOMER + "/", CUSTOMER + ".", CUSTOMER + "*", CUSTOMER[:-1],
           CUSTOMER + "0", CUSTOMER.replace("-", ""), "{" + CUSTOMER + "}", "urn:uuid:" + CUSTOMER, CUSTOMER.replace("a", "g"),
           CUSTOMER + "?x", CUSTOMER + "#", "-" * 36, "../" + CUSTOMER, CUSTOMER.replace("-", "_")]


@pytest.mark.parametrize("customer_id", BAD_IDS)
def test_sco_10_customer_ids(server, client, customer_id):
    response = server.post("production", server.fields(client, scope="customer." + customer_id))
    server.refused(response, 400, "invalid_scope")


def test_sco_10_customer_without_a_dot(server, client):
    for scope in ("customer", "customer:" + CUSTOMER, "customer" + CUSTOMER, "customer-" + CUSTOMER):
        server.refused(server.post("production", server.fields(client, scope=scope)), 400, "invalid_scope")


def test_sco_10_formats(matrix):
    good = {"digits": ["1", "12", "0", "00012", "1" * 20], "opaque": ["1", "a", "A_b-9", "x" * 64, CUSTOMER, "_", "-"]}
    bad = {"digits": ["", "x", "1x", "-1", "1.0", "1" * 21, CUSTOMER, "٣"], "opaque": ["", ".", "a.b", "x" * 65, "a*", "a/b", "é", "~"]}
    for environment in good:
        client = matrix.clients[environment]
        for customer_id in good[environment]:
            assert matrix.token(client, scope="customer." + customer_id)["scope"] == "customer." + customer_id
        for customer_id in bad[environment]:
            matrix.refused(matrix.post(environment, matrix.fields(client, scope="customer." + customer_id)), 400, "invalid_scope")


@pytest.mark.parametrize("customer_id", ["", "a b", 'a"b', "a\\b", "é", "x" * 65, "1", CUSTOMER.upper(), "customer." + CUSTOMER])
def test_sco_10_registration_refuses_what_no_scope_can_name(matrix, customer_id):
    client = matrix.clients["registered"]
    refused = matrix.customer_add(client, customer_id, check=None)
    assert refused.returncode in (1, 2), refused.both
    assert refused.stderr.strip()
    if refused.returncode == 1:
        assert refused.is_one_clear_error


@pytest.fixture(scope="module")
def owner(matrix):
    """In the environment with policy `registered`: an application that owns customers 12 and …."""
    from support import poll
    client = matrix.clients["registered"]
    client["mine"], client["others"] = str(uuid.uuid4()), str(uuid.uuid4())
    other = matrix.create_app("registered", "another owner")
    matrix.customer_add(client, client["mine"])
    matrix.customer_add(other, client["others"])
    poll(lambda: matrix.works(client, scope=f"customer.{client['mine']}"), 5, "the customer is known")
    poll(lambda: matrix.works(other, scope=f"customer.{client['others']}"), 5, "the other customer is known")
    return client


def test_sco_11_registered_customers_only(matrix, owner):
    assert matrix.token(owner, scope=f"customer.{owner['mine']}")["scope"] == f"customer.{owner['mine']}"
    unknown = matrix.refused(matrix.post("registered", matrix.fields(owner, scope=f"customer.{uuid.uuid4()}")), 400, "invalid_scope")
    others = matrix.refused(matrix.post("registered", matrix.fields(owner, scope=f"customer.{owner['others']}")), 400, "invalid_scope")
    assert unknown == others  # whether somebody else has that customer is nobody's business


def test_sco_11_exact_match(matrix, owner):
    mine = owner["mine"]
    for near in (mine[:-1], mine + "0", mine + "/", mine + "*", mine.upper(), mine.replace(mine[0], "*", 1), "*", mine[:8],
                 urllib.parse.quote(mine.replace("-", "%2D")), mine + "%00", mine.replace("-", "%2D")):
        response = matrix.post("registered", matrix.fields(owner, scope=f"customer.{near}"))
        if near.upper() == near and near == mine:
            continue
        matrix.refused(response, 400, "invalid_scope")


def test_sco_11_double_encoded(matrix, owner):
    body = urllib.parse.urlencode(matrix.fields(owner, scope=None))
    once = f"&scope=customer.{owner['mine']}".replace("-", "%2D")
    assert matrix.post("registered", body + once).status_code == 200
    matrix.refused(matrix.post("registered", body + once.replace("%", "%25")), 400, "invalid_scope")


def test_sco_13_combinations(server, client):
    other = str(uuid.uuid4())
    for scope in (f"api customer.{CUSTOMER}", f"customer.{CUSTOMER} api", f"customer.{CUSTOMER} customer.{other}",
                  f"api api customer.{CUSTOMER}"):
        server.refused(server.post("production", server.fields(client, scope=scope)), 400, "invalid_scope")


def test_sco_13_audiences_do_not_mix(matrix):
    client = matrix.clients["scopes"]
    for scope in ("api ledger", "payments ledger", "api payments ledger", f"payments customer.{CUSTOMER}"):
        matrix.refused(matrix.post("scopes", matrix.fields(client, scope=scope)), 400, "invalid_scope")
    for scope, audience, lifetime in (("ledger", "https://ledger.example", 600), ("payments", "https://api.example", 3600),
                                      ("reports:read", "https://api.example", 120), ("api payments", "https://api.example", 3600)):
        answer = matrix.token(client, scope=scope)
        claims = decode(answer["access_token"])[1]
        assert claims["aud"] == audience and answer["expires_in"] == claims["exp"] - claims["iat"] == lifetime


def test_sco_13_the_shortest_lifetime_wins(matrix):
    answer = matrix.token(matrix.clients["scopes"], scope="api reports:read")
    assert answer["expires_in"] == 120
