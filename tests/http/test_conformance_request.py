"""Conformance, section 1: how the token endpoint reads a request."""

import itertools
import urllib.parse

import pytest

import support
from support import basic

def encoded(fields):
    return urllib.parse.urlencode(fields)


# ---- REQ-01 ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
def test_req_01_only_post(server, client, method):
    response = server.request(method, "production", "/oauth2/token", data=server.fields(client),
                              headers={"Content-Type": support.FORM})
    allowed = [m.strip() for m in response.headers["Allow"].split(",")]
    assert "POST" in allowed and "GET" not in allowed
    assert "access_token" not in response.text
    if method == "OPTIONS" and "OPTIONS" in allowed:
        assert response.status_code in (200, 204)
        return
    assert response.status_code == 405
    if method != "HEAD":
        server.refused(response, 405, "invalid_request")


def test_req_01_get_with_everything_in_the_query(server, client):
    response = server.get("production", "/oauth2/token?" + encoded(server.fields(client)))
    server.refused(response, 405, "invalid_request")


# ---- REQ-03 ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("content_type", [
    "application/json", "text/plain", "multipart/form-data; boundary=x", "application/xml", "application/octet-stream",
    "application/x-www-form-urlencodedx", "x-application/x-www-form-urlencoded", "application/x-www-form-urlencoded2; charset=UTF-8",
    "application", "text/plain; a=application/x-www-form-urlencoded", ",application/x-www-form-urlencoded",
])
def test_req_03_other_content_types(server, client, content_type):
    response = server.post("production", server.fields(client), {"Content-Type": content_type})
    body = server.refused(response, (400, 415), "invalid_request")
    assert support.FORM in body["error_description"]


def test_req_03_a_real_json_body(server, client):
    response = server.session.post(server.url("production", "/oauth2/token"), json=server.fields(client), timeout=10)
    server.refused(response, (400, 415), "invalid_request")


def test_req_03_a_real_multipart_body(server, client):
    parts = {k: (None, v) for k, v in server.fields(client).items()}
    response = server.session.post(server.url("production", "/oauth2/token"), files=parts, timeout=10)
    server.refused(response, (400, 415), "invalid_request")


def test_req_03_no_content_type(server, client):
    response = server.raw_post("production", server.fields(client), ["X-No-Type: x"])
    server.refused(response, (400, 415), "invalid_request")


@pytest.mark.parametrize("content_type", [
    "application/x-www-form-urlencoded; charset=UTF-8", "application/x-www-form-urlencoded;charset=utf-8",
    "APPLICATION/X-WWW-Form-UrlEncoded", "application/x-www-form-urlencoded ; charset=UTF-8",
    "application/x-www-form-urlencoded;",
])
def test_req_03_form_content_types_of_the_wild(server, client, content_type):
    assert server.post("production", server.fields(client), {"Content-Type": content_type}).status_code == 200


def test_req_03_two_content_types(server, client):
    response = server.raw_post("production", server.fields(client),
                               [f"Content-Type: {support.FORM}", "Content-Type: application/json"])
    server.refused(response, (400, 415), "invalid_request")


# ---- REQ-07 to REQ-11 ------------------------------------------------------------------------------------------------

def test_req_07_no_grant_type(server, client):
    body = server.refused(server.post("production", server.fields(client, grant_type=None)), 400, "invalid_request")
    assert "grant_type=client_credentials" in body["error_description"]


@pytest.mark.parametrize("body", ["", "&", "&&&", "=", "=&=", "grant_type", "x"])
def test_req_07_bodies_without_anything(server, client, body):
    header = {"Authorization": basic(client["client_id"], client["client_secret"])}
    server.refused(server.post("production", body, header), 400, "invalid_request")


@pytest.mark.parametrize("spelling", ["grant_type=", "grant_type"])
def test_req_08_empty_grant_type(server, client, spelling):
    body = encoded(server.fields(client, grant_type=None)) + "&" + spelling
    server.refused(server.post("production", body), 400, "invalid_request")


@pytest.mark.parametrize("grant", [
    "unknown", "Client_Credentials", "CLIENT_CREDENTIALS", "client_credentials ", " client_credentials",
    "client_credentials,client_credentials", "client credentials", "client-credentials", "clientcredentials",
    "client_credential", "client_credentialss", "x" * 2000, "£€",
])
def test_req_09_unknown_grant_type(server, client, grant):
    server.refused(server.post("production", server.fields(client, grant_type=grant)), 400, "unsupported_grant_type")


@pytest.mark.parametrize("grant", [
    "password", "authorization_code", "refresh_token", "implicit", "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:saml2-bearer",
    "urn:openid:params:grant-type:ciba", "urn:ietf:params:oauth:grant-type:uma-ticket",
])
def test_req_10_grants_of_others(server, client, grant):
    extra = {"username": "u", "password": "p", "code": "c", "redirect_uri": "https://x", "refresh_token": "r",
             "assertion": "a", "device_code": "d"}
    response = server.post("production", {**server.fields(client, grant_type=grant), **extra})
    server.refused(response, 400, "unsupported_grant_type")
    supported = server.get("production", "/.well-known/oauth-authorization-server").json()["grant_types_supported"]
    assert grant not in supported


def test_req_11_grant_permission_comes_after_authentication(server, client):
    """Of the grants that there are, an application has to be registered for token exchange; test_conformance_exchange.py has it both ways."""
    exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    server.refused(server.post("production", server.fields(client, grant_type=exchange, client_secret="wrong")), 401, "invalid_client")
    server.refused(server.post("production", server.fields(client, grant_type=exchange)), 400, "unauthorized_client")
    server.refused(server.post("production", server.fields(client, grant_type=exchange.upper())), 400, "unsupported_grant_type")


# ---- REQ-14 ----------------------------------------------------------------------------------------------------------

RECOGNISED = ["grant_type", "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type", "subject_token", "subject_token_type",
              "actor_token", "actor_token_type", "requested_token_type", "audience"]


@pytest.mark.parametrize("same", [True, False], ids=["identical", "different"])
@pytest.mark.parametrize("name", RECOGNISED)
def test_req_14_repeated_parameter(server, client, name, same):
    fields = server.fields(client)
    first = fields.get(name, "x")
    pairs = list(fields.items()) + ([] if name in fields else [(name, first)])
    pairs.append((name, first if same else first + "2"))
    body = server.refused(server.post("production", pairs), 400, "invalid_request")
    assert "once" in body["error_description"]


def test_req_14_repetition_is_seen_after_decoding(server, client):
    body = encoded(server.fields(client)) + "&sc%6Fpe=api"
    server.refused(server.post("production", body), 400, "invalid_request")


def test_req_14_repetition_with_basic(server, client):
    header = {"Authorization": basic(client["client_id"], client["client_secret"])}
    server.refused(server.post("production", "grant_type=client_credentials&scope=api&scope=api", header), 400,
                   "invalid_request")


def test_req_14_repetition_comes_before_authentication(server, client):
    pairs = list(server.fields(client, client_secret="wrong").items()) + [("scope", "api")]
    server.refused(server.post("production", pairs), 400, "invalid_request")


def test_req_14_names_that_only_look_alike(server, client):
    fields = {**server.fields(client), "Scope": "x", "scope[]": "x", "scope ": "x", "SCOPE": "y", "grant_type[0]": "z"}
    assert server.post("production", fields).json()["scope"] == "api"


def test_req_14_unrecognised_parameters_may_repeat(server, client):
    pairs = list(server.fields(client).items()) + [("foo", "1"), ("foo", "2"), ("foo", "1")]
    assert server.post("production", pairs).status_code == 200


# ---- REQ-17, REQ-19 --------------------------------------------------------------------------------------------------

def test_req_17_empty_scope_is_no_scope(server, client):
    empty = server.refused(server.post("production", server.fields(client, scope="")), 400, "invalid_scope")
    absent = server.refused(server.post("production", server.fields(client, scope=None)), 400, "invalid_scope")
    assert empty == absent


@pytest.mark.parametrize("name", ["client_secret", "client_assertion", "client_assertion_type", "client_id"])
def test_req_17_empty_credentials_are_no_second_method(server, client, name):
    header = {"Authorization": basic(client["client_id"], client["client_secret"])}
    body = f"grant_type=client_credentials&scope=api&{name}="
    assert server.post("production", body, header).status_code == 200
    assert server.post("production", body.replace(f"{name}=", name), header).status_code == 200


@pytest.mark.parametrize("name", ["client_assertion", "client_assertion_type"])
def test_req_17_empty_assertion_beside_a_secret(server, client, name):
    assert server.post("production", {**server.fields(client), name: ""}).status_code == 200


def test_req_17_empty_then_filled_is_still_one_too_many_or_counts_once(server, client):
    """An omitted parameter cannot be repeated, and a repeated one cannot be omitted: both readings are there. What may not
    happen is that the value changes."""
    body = encoded(server.fields(client)) + "&scope="
    response = server.post("production", body)
    if response.status_code == 200:
        assert response.json()["scope"] == "api"
    else:
        server.refused(response, 400, "invalid_request")


@pytest.mark.parametrize("extra", [
    "foo=bar", "state=x", "code_verifier=x", "dpop_jkt=x", "%C2%A3=%E2%82%AC", "a", "a=", "=b", "&", "&&x=1&", "a=b=c",
    "redirect_uri=https%3A%2F%2Fx", "nonce=1", "username=u&password=p", "x=" + "y" * 5000,
])
def test_req_19_unrecognised_parameters(server, client, extra):
    for body in (encoded(server.fields(client)) + "&" + extra, extra + "&" + encoded(server.fields(client))):
        response = server.post("production", body)
        assert response.status_code == 200 and response.json()["scope"] == "api"


def test_req_19_many_parameters_end_somewhere(server, client):
    """Ignored is not stored: a flood of names is an error, and no crash."""
    body = encoded(server.fields(client)) + "".join(f"&p{i}=1" for i in range(5000))
    response = server.post("production", body)
    if response.status_code != 200:
        server.refused(response, (400, 413), "invalid_request")


def test_parameters_in_any_order(server, client):
    for order in itertools.permutations(server.fields(client).items()):
        assert server.post("production", list(order)).status_code == 200


# ---- REQ-21 ----------------------------------------------------------------------------------------------------------

def test_req_21_credentials_in_the_query(server, client):
    path = "/oauth2/token?" + encoded({k: client[k] for k in ("client_id", "client_secret")})
    response = server.post("production", "grant_type=client_credentials&scope=api", path=path)
    server.refused(response, 401, "invalid_client")


def test_req_21_everything_in_the_query(server, client):
    response = server.post("production", "", path="/oauth2/token?" + encoded(server.fields(client)))
    server.refused(response, (400, 401), ("invalid_request", "invalid_client"))


def test_req_21_grant_type_in_the_query(server, client):
    header = {"Authorization": basic(client["client_id"], client["client_secret"])}
    response = server.post("production", "", header, path="/oauth2/token?grant_type=client_credentials&scope=api")
    server.refused(response, 400, "invalid_request")


def test_req_21_scope_in_the_query(server, client):
    response = server.post("production", server.fields(client), path="/oauth2/token?scope=admin")
    assert response.status_code == 200 and response.json()["scope"] == "api"
    response = server.post("production", server.fields(client, scope=None), path="/oauth2/token?scope=api")
    server.refused(response, 400, "invalid_scope")


# ---- REQ-22, REQ-23: decoding ----------------------------------------------------------------------------------------

def test_req_22_plus_is_a_space(server, client):
    body = encoded(server.fields(client, scope=None))
    assert server.post("production", body + "&scope=api+api").json()["scope"] == "api"
    assert server.post("production", body + "&scope=api%20api").json()["scope"] == "api"
    server.refused(server.post("production", body + f"&scope=api+customer.{client['customer_id']}"), 400, "invalid_scope")


def test_req_22_encoded_plus_is_a_plus(server, client):
    body = encoded(server.fields(client, scope=None))
    server.refused(server.post("production", body + "&scope=api%2Bx"), 400, "invalid_scope")
    server.refused(server.post("production", body + "&scope=api%2Bapi"), 400, "invalid_scope")


def test_req_22_names_are_decoded_too(server, client):
    body = encoded(server.fields(client, grant_type=None, scope=None))
    response = server.post("production", body + "&%67rant%5Ftype=client%5Fcredentials&%73cope=%61%70%69")
    assert response.status_code == 200 and response.json()["scope"] == "api"


def test_req_22_hexadecimal_digits_of_both_cases(server, client):
    body = encoded(server.fields(client, scope=None))
    path = f"customer.{client['customer_id']}".replace(".", "%2e").replace("-", "%2D")
    assert server.post("production", body + "&scope=" + path).status_code == 200


def test_req_22_a_parameter_is_decoded_once(server, client):
    body = encoded(server.fields(client, scope=None))
    server.refused(server.post("production", body + "&scope=%2561pi"), 400, "invalid_scope")


@pytest.mark.parametrize("scope", ["api%", "api%2", "%zz", "api%2g", "%", "%%", "%u0041", "% 1", "%+1"])
def test_req_22_broken_percent_encoding(server, client, scope):
    body = encoded(server.fields(client, scope=None))
    server.refused(server.post("production", body + "&scope=" + scope), 400, ("invalid_request", "invalid_scope"))


def test_req_22_equals_signs_in_a_value_belong_to_it(server, client):
    body = encoded(server.fields(client, scope=None))
    server.refused(server.post("production", body + "&scope=api=api"), 400, "invalid_scope")


@pytest.fixture(scope="module")
def imported(server):
    """Applications with credentials of somebody else's choice."""
    rows = [
        {"name": "a space", "client_id": "appendix-b", "client_secret": " %&+"},
        {"name": "printable", "client_id": "all ~!\"#$%&'()*+,-./:;<=>?@[]^_`{|}", "client_secret": "\\ back \" and : + % & ="},
        {"name": "abc", "client_id": "abc", "client_secret": "abc-abc-abc-abc"},
    ]
    server.import_apps(rows, "production")
    apps = {row["client_id"]: {**row, "environment": "production"} for row in rows}
    support.seen_secrets.add("abc-abc-abc-abc")
    support.poll(lambda: all(server.works(app) for app in apps.values()), 5, "imported applications work")
    return apps


def test_req_23_the_vector_of_appendix_b(server, imported):
    body = "grant_type=client_credentials&scope=api&client_id=appendix-b&client_secret="
    assert server.post("production", body + "+%25%26%2B").status_code == 200
    assert server.post("production", body + "%20%25%26%2b").status_code == 200
    # the whole vector decodes, but a secret is VSCHAR
    server.refused(server.post("production", body + "+%25%26%2B%C2%A3%E2%82%AC"), (400, 401),
                   ("invalid_request", "invalid_client"))


def test_req_23_every_printable_character(server, imported):
    app = next(app for app in imported.values() if app["name"] == "printable")
    assert server.works(app)
    header = {"Authorization": basic(app["client_id"], app["client_secret"])}
    assert server.post("production", "grant_type=client_credentials&scope=api", header).status_code == 200


# ---- REQ-25, REQ-26: bytes that are no text --------------------------------------------------------------------------

ILL_FORMED = ["%FF", "%FE", "%C0%AF", "%C1%BF", "%E0%80%AF", "%F0%80%80%AF", "%ED%A0%80", "%ED%BF%BF", "%E2%82", "%C2", "%80",
              "%F4%90%80%80", "%F8%88%80%80%80", "%E2%28%A1", "%C2%41"]


@pytest.mark.parametrize("bytes_", ILL_FORMED)
@pytest.mark.parametrize("name", ["scope", "client_secret", "unknown"])
def test_req_25_ill_formed_utf8(server, client, name, bytes_):
    body = encoded(server.fields(client, **{name: None})) + f"&{name}=api" + bytes_
    server.refused(server.post("production", body), 400, "invalid_request", good=name == "scope")


def test_req_25_raw_bytes(server, client):
    body = encoded(server.fields(client, scope=None)).encode()
    server.refused(server.post("production", body + b"&scope=api\xff"), 400, "invalid_request")
    server.refused(server.post("production", body + b"&scope=api\xc3\xa9"), 400, ("invalid_request", "invalid_scope"))


def test_req_25_ill_formed_name(server, client):
    server.refused(server.post("production", encoded(server.fields(client)) + "&%FF=1"), 400, "invalid_request")


def test_req_25_two_ill_formed_secrets_are_not_equal(server, client):
    for bytes_ in ("%FF", "%FE", "%EF%BF%BD"):
        body = encoded(server.fields(client, client_secret=None)) + "&client_secret=" + client["client_secret"] + bytes_
        server.refused(server.post("production", body), (400, 401), ("invalid_request", "invalid_client"))


CONTROLS = ["%00", "%01", "%0d%0a", "%0A", "%0d", "%09", "%1b[31m", "%7F", "%08"]


@pytest.mark.parametrize("control", CONTROLS)
def test_req_26_control_characters_in_the_client_id(server, imported, control):
    for value in (f"abc{control}", f"{control}abc", f"abc{control}def"):
        body = f"grant_type=client_credentials&scope=api&client_id={value}&client_secret=abc-abc-abc-abc"
        assert "control characters" in server.refused(server.post("production", body), 400, "invalid_request")["error_description"]


@pytest.mark.parametrize("control", CONTROLS)
def test_req_26_control_characters_in_the_secret(server, imported, control):
    body = f"grant_type=client_credentials&scope=api&client_id=abc&client_secret=abc-abc-abc-abc{control}"
    assert "control characters" in server.refused(server.post("production", body), 400, "invalid_request")["error_description"]


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("name", ["scope", "grant_type"])
def test_req_26_control_characters_elsewhere(server, client, name, control):
    value = server.fields(client)[name]
    body = encoded(server.fields(client, **{name: None})) + f"&{name}={value}{control}"
    server.refused(server.post("production", body), 400, ("invalid_request", "invalid_scope", "unsupported_grant_type"),
                   good=False)


@pytest.mark.parametrize("control", ["%00", "%0A", "%7F"])
def test_req_26_control_characters_in_basic(server, imported, control):
    raw = urllib.parse.unquote(control)
    for pair in (f"abc{control}:abc-abc-abc-abc", f"abc:abc-abc-abc-abc{control}", f"abc{raw}:abc-abc-abc-abc"):
        response = server.post("production", "grant_type=client_credentials&scope=api",
                               {"Authorization": support.basic_raw(pair)})
        server.refused(response, (400, 401), ("invalid_request", "invalid_client"))


def test_req_26_no_line_is_smuggled_into_the_log(server):
    marker = "smuggled-into-the-log"
    body = f"grant_type=client_credentials&scope=api&client_secret=x&client_id=a%0d%0a%7B%22event%22%3A%22{marker}%22%7D"
    server.refused(server.post("production", body), (400, 401), ("invalid_request", "invalid_client"))
    assert all(line.get("event") != marker for line in server.log_lines())


# ---- REQ-30 ----------------------------------------------------------------------------------------------------------

def test_req_30_body_over_the_limit(server, client):
    body = encoded(server.fields(client)) + "&x=" + "y" * 70000
    server.refused(server.raw_post("production", body), 413, "invalid_request")


def test_req_30_announced_body_over_the_limit_is_refused_at_once(server):
    """The answer comes before a byte of the body was sent."""
    head = (f"POST /oauth2/token HTTP/1.1\r\nHost: production.localhost\r\nContent-Type: {support.FORM}\r\n"
            "Content-Length: 10000000000\r\n\r\n").encode()
    response = support.parse_responses(server.raw(head, wait_close=True))[0]
    server.refused(response, 413, "invalid_request")


def test_req_30_chunked_body_over_the_limit(server, client):
    chunks = b"".join(b"1000\r\n" + b"y" * 4096 + b"\r\n" for _ in range(20)) + b"0\r\n\r\n"
    response = server.raw_post("production", chunks, ["Transfer-Encoding: chunked"])
    server.refused(response, 413, "invalid_request")


def test_req_30_memory_stays_flat(server):
    def resident_kib():
        with open(f"/proc/{server.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    chunks = b"".join(b"ffff\r\n" + b"y" * 65535 + b"\r\n" for _ in range(64))
    server.good()
    before = resident_kib()
    for _ in range(10):
        server.refused(server.raw_post("production", chunks, ["Transfer-Encoding: chunked"]), 413, "invalid_request")
    assert resident_kib() - before < 16 * 1024


def test_req_30_a_body_just_below_the_limit_is_taken(server, client):
    body = encoded(server.fields(client)) + "&x="
    body += "y" * (65536 - len(body))
    assert server.raw_post("production", body).status_code == 200
    server.refused(server.raw_post("production", body + "y"), 413, "invalid_request")


# ---- REQ-32 ----------------------------------------------------------------------------------------------------------

def test_req_32_authentication_comes_before_scope(server, client):
    for scope in ("nonsense", "api customer.1", '"', ""):
        response = server.post("production", server.fields(client, client_secret="wrong", scope=scope))
        server.refused(response, 401, "invalid_client")


def test_req_32_parsing_comes_before_authentication(server, client):
    body = encoded(server.fields(client, client_secret="wrong", scope=None)) + "&scope=%FF"
    server.refused(server.post("production", body), 400, "invalid_request")


@pytest.mark.parametrize("changes", [{"grant_type": "unknown"}, {"grant_type": None}, {"scope": "x"}, {"scope": None}])
def test_req_32_an_unknown_client_learns_what_a_known_one_learns(server, client, changes):
    wrong = server.post("production", server.fields(client, client_secret="wrong", **changes))
    unknown = server.post("production", server.fields(client, client_id="nobody", client_secret="wrong", **changes))
    assert (wrong.status_code, wrong.text) == (unknown.status_code, unknown.text)
    assert wrong.status_code in (400, 401) and "access_token" not in wrong.text


def test_req_32_grant_comes_before_scope(server, client):
    response = server.post("production", server.fields(client, grant_type="unknown", scope="nonsense"))
    server.refused(response, 400, "unsupported_grant_type")
