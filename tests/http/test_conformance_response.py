"""Conformance, sections 4 and 5: what an answer looks like, good or bad. Each response of the whole suite is also validated
against api/token.yaml when it arrives."""

import json
import re

import pytest

from support import basic, decode

CUSTOMER = "customer.5f3c2a10-8c9d-4b6e-a1f0-2d4e6f8a0b1c"


# ---- section 4 -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("scope", ["api", CUSTOMER])
def test_suc_01_one_json_object(server, client, scope):
    response = server.post("production", server.fields(client, scope=scope))
    assert response.status_code == 200
    assert response.headers["Content-Type"].split(";")[0] == "application/json"
    assert response.content.startswith(b"{") and response.content.decode("utf-8")
    names = [name for name, _ in json.loads(response.content, object_pairs_hook=list)]
    assert sorted(names) == ["access_token", "expires_in", "scope", "token_type"]


def test_suc_01_every_environment_and_profile(matrix):
    for name, app in matrix.clients.items():
        if name in matrix.not_by_name:
            continue
        assert matrix.post(name, matrix.fields(app)).status_code == 200, name


def test_suc_02_no_store(server, client):
    response = server.post("production", server.fields(client))
    assert "no-store" in [v.strip() for v in response.headers["Cache-Control"].split(",")]
    assert response.headers["Pragma"] == "no-cache"
    assert "ETag" not in response.headers


def test_suc_04_access_token_characters(matrix):
    for name, app in matrix.clients.items():
        if name in matrix.not_by_name:
            continue
        token = matrix.token(app)["access_token"]
        assert re.fullmatch(r"[A-Za-z0-9\-._~+/]+=*", token)
        assert token.count(".") == 2


def test_suc_05_token_type(server, matrix, client):
    """As the contract spells it; clients compare without regard to case (RFC 6749 5.1)."""
    assert server.token(client)["token_type"] == "bearer"
    assert matrix.token(matrix.clients["es256-spring"])["token_type"].lower() == "bearer"


@pytest.mark.parametrize("scope", ["api", CUSTOMER])
def test_suc_06_expires_in(server, demo, scope):
    for app in demo.values():
        answer = server.token(app, scope=scope)
        assert type(answer["expires_in"]) is int and 0 < answer["expires_in"] <= 31536000
        claims = decode(answer["access_token"])[1]
        assert answer["expires_in"] == claims["exp"] - claims["iat"]
        assert answer["expires_in"] == 3600 or scope != "api"


def test_suc_06_the_link_sdk_has_ten_minutes(server, demo):
    for app in demo.values():
        assert server.token(app, scope=CUSTOMER)["expires_in"] >= 600


def test_suc_07_no_refresh_token(server, client):
    answer = server.token(client)
    assert "refresh_token" not in answer and "id_token" not in answer


def test_suc_11_tokens_differ(server, client):
    body = server.fields(client)
    tokens = [server.post("production", body).json()["access_token"] for _ in range(50)]
    assert len(set(tokens)) == 50
    assert len({decode(t)[1]["jti"] for t in tokens}) == 50


def test_suc_11_tokens_differ_between_connections_and_loops(server, client):
    body = server.fields(client)
    ids = set()
    for _ in range(60):
        response = server.raw_post("production", body)
        ids.add(decode(response.json()["access_token"])[1]["jti"])
    assert len(ids) == 60


# ---- section 5 -------------------------------------------------------------------------------------------------------

def provocations(server, client):
    fields = server.fields
    right = basic(client["client_id"], client["client_secret"])
    yield "no grant type", fields(client, grant_type=None), {}
    yield "unknown grant type", fields(client, grant_type="x"), {}
    yield "wrong secret", fields(client, client_secret="wrong"), {}
    yield "wrong basic", "grant_type=client_credentials&scope=api", {"Authorization": basic("a", "b")}
    yield "nothing", "", {}
    yield "no scope", fields(client, scope=None), {}
    yield "unknown scope", fields(client, scope="nonsense"), {}
    yield "malformed scope", fields(client, scope='a"b'), {}
    yield "mixed scopes", fields(client, scope=f"api {CUSTOMER}"), {}
    yield "bad customer", fields(client, scope="customer.x"), {}
    yield "two methods", fields(client), {"Authorization": right}
    yield "repeated", list(fields(client).items()) * 2, {}
    yield "not a form", fields(client), {"Content-Type": "application/json"}
    yield "not UTF-8", "grant_type=%FF", {}
    yield "a browser", fields(client), {"Origin": "https://shop.example"}
    yield "another scheme", "grant_type=client_credentials&scope=api", {"Authorization": "Bearer x"}


def test_err_01_statuses(server, client):
    for name, fields, headers in provocations(server, client):
        response = server.post("production", fields, headers)
        error = response.json()["error"]
        assert response.status_code == (401 if error == "invalid_client" else 400), (name, response.status_code, error)


def test_err_02_json_everywhere(server, client):
    answers = [server.post("production", fields, headers) for _, fields, headers in provocations(server, client)]
    answers.append(server.get("production", "/oauth2/token"))
    answers.append(server.get("production", "/nowhere"))
    answers.append(server.get("production", "/"))
    answers.append(server.request("POST", "production", "/oauth2/jwks", data="x"))
    answers.append(server.post("production", "x=" + "y" * 70000))
    answers.append(server.post("production", server.fields(client), {"Content-Encoding": "gzip"}))
    answers.append(server.raw_post("production", server.fields(client), ["Expect: nonsense"]))
    answers.append(server.raw_post("production", server.fields(client), ["X-Long: " + "y" * 20000]))
    answers.append(server.raw_post("production", server.fields(client), ["Bad Header"]))
    answers.append(server.raw_post("production", "", host="", headers=["Host: two.example"]))
    for response in answers:
        assert response.status_code >= 400
        server.refused(response, response.status_code, response.json()["error"], good=False)
    server.good()


FUZZ = ["\"'<script>alert(1)</script>", "\\\\\\", "%22", "é£€", "\u202e", "a\r\nSet-Cookie: x=1", "\x00", "x" * 3000, "${jndi:x}", "%n%s%x", "{}"]


@pytest.mark.parametrize("text", FUZZ)
@pytest.mark.parametrize("where", ["grant_type", "scope", "client_id", "client_secret"])
def test_err_03_err_04_characters(server, client, where, text):
    response = server.post("production", server.fields(client, **{where: text}))
    body = server.refused(response, (400, 401), ("invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type"), good=False)
    assert text not in body["error_description"] or text == "{}"
    assert "Set-Cookie" not in response.headers


def test_err_04_descriptions_help(server, client):
    """One plain sentence, that names what to change."""
    expected = {
        "no grant type": "grant_type=client_credentials", "unknown grant type": "grant_type=client_credentials",
        "wrong secret": "check the client_id", "nothing": "", "no scope": "customer.<customer_id>", "unknown scope": "case-sensitive",
        "malformed scope": "space", "mixed scopes": "separate tokens", "bad customer": "customer_id", "two methods": "one way",
        "repeated": "once", "not a form": "Content-Type", "not UTF-8": "UTF-8", "a browser": "backend", "another scheme": "Basic",
    }
    for name, fields, headers in provocations(server, client):
        description = server.post("production", fields, headers).json()["error_description"]
        assert re.fullmatch(r"[A-Z].{20,200}\.", description), description
        assert expected.get(name, "") in description, (name, description)


def test_err_04_the_description_never_says_which_part_was_wrong(server, client):
    description = server.post("production", server.fields(client, client_secret="wrong")).json()["error_description"]
    for word in ("unknown", "not found", "wrong secret", "does not exist", "mismatch", "expired", "disabled"):
        assert word not in description.lower()
