"""Conformance, section 2: client authentication by client_secret_basic and client_secret_post."""

import base64

import pytest

import support
from support import basic, basic_raw

GRANT = "grant_type=client_credentials&scope=api"


@pytest.fixture(scope="module")
def imported(server):
    """Credentials of somebody else's choice, by name."""
    rows = [
        {"name": "vector", "client_id": "svc one", "client_secret": "p+w:d=/%"},
        {"name": "plus", "client_id": "plus", "client_secret": "p+w"},
        {"name": "colons", "client_id": "colons", "client_secret": "sec:ret"},
        {"name": "colon id", "client_id": "client:1", "client_secret": "a-secret-of-client-1"},
        {"name": "basic only", "client_id": "basic-only", "client_secret": "basic-only-secret", "auth_method": "client_secret_basic"},
        {"name": "post only", "client_id": "post-only", "client_secret": "post-only-secret", "auth_method": "client_secret_post"},
        {"name": "longest", "client_id": "l" * 128, "client_secret": "s" * 256},
        {"name": "off", "client_id": "switched-off", "client_secret": "switched-off-secret", "enabled": False},
    ]
    server.import_apps(rows, "production")
    support.seen_secrets.update(row["client_secret"] for row in rows if len(row["client_secret"]) > 12)
    apps = {row["name"]: {**row, "environment": "production"} for row in rows}
    support.poll(lambda: server.works(apps["longest"]), 5, "imported applications work")
    return apps


def authorized(server, authorization, body=GRANT, environment="production"):
    return server.post(environment, body, {"Authorization": authorization})


# ---- CA-01 to CA-03 --------------------------------------------------------------------------------------------------

def test_ca_01_no_authentication(server):
    server.refused(server.post("production", GRANT), 401, "invalid_client")


def test_ca_01_no_authentication_and_nothing_else_hides_it(server):
    for body in (GRANT + "&client_secret=", GRANT + "&client_id=&client_secret=", GRANT + "&client_id"):
        server.refused(server.post("production", body), 401, "invalid_client")


def test_ca_02_client_id_alone(server, client):
    server.refused(server.post("production", server.fields(client, client_secret=None)), 401, "invalid_client")
    server.refused(server.post("production", server.fields(client, client_secret="")), 401, "invalid_client")


def test_ca_02_secret_alone(server, client):
    server.refused(server.post("production", server.fields(client, client_id=None)), (400, 401),
                   ("invalid_client", "invalid_request"))


def test_ca_03_basic_and_post(server, demo):
    for environment, app in demo.items():
        assert server.post(environment, server.fields(app)).status_code == 200
        assert authorized(server, basic(app["client_id"], app["client_secret"]), environment=environment).status_code == 200


# ---- CA-04 to CA-08 --------------------------------------------------------------------------------------------------

def test_ca_04_the_vector(server, imported):
    app = imported["vector"]
    assert basic(app["client_id"], app["client_secret"]) == "Basic c3ZjK29uZTpwJTJCdyUzQWQlM0QlMkYlMjU="
    assert authorized(server, "Basic c3ZjK29uZTpwJTJCdyUzQWQlM0QlMkYlMjU=").status_code == 200
    assert server.works(app)


def test_ca_04_percent_encoded_space(server, imported):
    assert authorized(server, basic_raw("svc%20one:p%2bw%3ad%3d%2f%25")).status_code == 200


def test_ca_04_a_secret_outside_vschar_is_refused(server):
    response = authorized(server, "Basic Y2xpZW50JTNBMTorJTI1JTI2JTJCJUMyJUEzJUUyJTgyJUFD")
    server.refused(response, (400, 401), ("invalid_client", "invalid_request"))


def test_ca_05_raw_plus_is_a_space(server, imported):
    server.refused(authorized(server, basic_raw("plus:p+w")), 401, "invalid_client")
    assert authorized(server, basic_raw("plus:p%2Bw")).status_code == 200
    assert authorized(server, basic_raw("plus:p%2bw")).status_code == 200


def test_ca_05_generated_credentials_read_the_same_both_ways(server, demo):
    for environment, app in demo.items():
        raw = basic_raw(f"{app['client_id']}:{app['client_secret']}")
        assert raw == basic(app["client_id"], app["client_secret"])
        assert authorized(server, raw, environment=environment).status_code == 200


@pytest.mark.parametrize("broken", ["%", "%2", "%zz", "p%2Bw%"])
def test_ca_05_broken_percent_encoding(server, imported, broken):
    server.refused(authorized(server, basic_raw("plus:" + broken)), (400, 401), ("invalid_client", "invalid_request"))


def test_ca_06_split_at_the_first_colon(server, imported):
    assert authorized(server, basic_raw("colons:sec:ret")).status_code == 200
    assert authorized(server, basic_raw("colons:sec%3Aret")).status_code == 200
    server.refused(authorized(server, basic_raw("colons:sec")), 401, "invalid_client")


def test_ca_06_encoded_colon_in_the_client_id(server, imported):
    assert authorized(server, basic_raw("client%3A1:a-secret-of-client-1")).status_code == 200
    server.refused(authorized(server, basic_raw("client:1:a-secret-of-client-1")), 401, "invalid_client")


@pytest.mark.parametrize("scheme", ["basic", "BASIC", "bAsIc", "BASIC ", "Basic    "])
def test_ca_08_scheme_name(server, client, scheme):
    credentials = basic(client["client_id"], client["client_secret"]).split()[1]
    assert authorized(server, f"{scheme} {credentials}").status_code == 200


def test_ca_08_longest_credentials(server, imported):
    app = imported["longest"]
    assert authorized(server, basic(app["client_id"], app["client_secret"])).status_code == 200
    for wrong in (app["client_secret"] + "s", app["client_secret"][:-1], "s" * 5000):
        server.refused(server.post("production", server.fields(app, client_secret=wrong)), (400, 401),
                       ("invalid_client", "invalid_request"))
    server.refused(server.post("production", server.fields(app, client_id="l" * 129)), (400, 401),
                   ("invalid_client", "invalid_request"))


# ---- CA-09, CA-10, CA-13 ---------------------------------------------------------------------------------------------

def test_ca_09_challenge_for_basic(server, client):
    response = authorized(server, basic(client["client_id"], "wrong"))
    server.refused(response, 401, "invalid_client")
    assert response.headers["WWW-Authenticate"].split()[0] == "Basic"


@pytest.mark.parametrize("authorization", ["Bearer abc", "Digest username=x", "DPoP abc", "Negotiate abc", "Basicx abc", "Foo", "foo bar baz"])
def test_ca_09_other_schemes(server, authorization):
    server.refused(authorized(server, authorization), 401, "invalid_client")


def test_ca_09_other_scheme_beside_a_secret(server, client):
    response = server.post("production", server.fields(client), {"Authorization": "Bearer abc"})
    server.refused(response, (400, 401), ("invalid_client", "invalid_request"))


def test_ca_10_challenge_for_post(server, client):
    response = server.post("production", server.fields(client, client_secret="wrong"))
    server.refused(response, 401, "invalid_client")
    assert response.headers["WWW-Authenticate"].startswith('Basic realm="')


def b64(data):
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("credentials", [
    "", "!!!", "YTpi!", "YTpi====", "YT pi", "YTp", b64(b"nocolon"), b64(b":secret"), b64(b"id:"), b64(b":"), b64(b""),
    b64(b"\xff\xfe:\xfd"), b64(b"%FF:x"), b64(b"x:%FF"), b64(b"x:%ED%A0%80"), b64(b"\x00:\x00"), "YTpi\x80", "-_-_", "a" * 4000,
    b64(b"a:" + b"b" * 6000),
])
def test_ca_13_malformed_basic(server, credentials):
    response = server.raw_post("production", GRANT, [f"Authorization: Basic {credentials}"])
    server.refused(response, (400, 401), ("invalid_client", "invalid_request"))


@pytest.mark.parametrize("authorization", ["Basic", "Basic ", "basic"])
def test_ca_13_scheme_without_credentials(server, authorization):
    response = server.raw_post("production", GRANT, [f"Authorization: {authorization}"])
    server.refused(response, (400, 401), ("invalid_client", "invalid_request"))


def test_ca_13_empty_authorization_header(server, client):
    response = server.raw_post("production", GRANT, ["Authorization: "])
    server.refused(response, (400, 401), ("invalid_client", "invalid_request"))


def test_ca_13_base64_with_spare_bits_is_no_second_spelling(server, client):
    """Of "…Q==" and "…R==", which decode alike where a decoder is careless, only the canonical one is right."""
    pair = f"{client['client_id']}:{client['client_secret']}".encode()
    pair += b"" if len(pair) % 3 == 1 else b"x" * ((1 - len(pair)) % 3)
    text = b64(pair)
    assert text.endswith("==")
    response = authorized(server, "Basic " + text[:-3] + chr(ord(text[-3]) + 1) + "==")
    server.refused(response, (400, 401), ("invalid_client", "invalid_request"))


# ---- CA-14 to CA-18 --------------------------------------------------------------------------------------------------

def test_ca_14_basic_and_secret(server, client):
    authorization = basic(client["client_id"], client["client_secret"])
    server.refused(authorized(server, authorization, server.fields(client)), 400, "invalid_request")
    server.refused(authorized(server, authorization, server.fields(client, client_id=None)), 400, "invalid_request")
    server.refused(authorized(server, authorization, server.fields(client, client_secret="wrong")), 400, "invalid_request")


ASSERTION = {"client_assertion": "eyJh.eyJi.c2ln", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}


def test_ca_15_basic_and_assertion(server, client):
    authorization = basic(client["client_id"], client["client_secret"])
    body = {"grant_type": "client_credentials", "scope": "api", **ASSERTION}
    server.refused(authorized(server, authorization, body), 400, "invalid_request")


def test_ca_15_secret_and_assertion(server, client):
    server.refused(server.post("production", {**server.fields(client), **ASSERTION}), 400, "invalid_request")


def test_ca_15_assertion_alone_is_no_way_in(server, client):
    fields = {**server.fields(client, client_secret=None), **ASSERTION}
    server.refused(server.post("production", fields), (400, 401), ("invalid_client", "invalid_request"))


def test_ca_16_two_authorization_lines(server, client):
    right = basic(client["client_id"], client["client_secret"])
    wrong = basic(client["client_id"], "wrong")
    for pair in ((right, wrong), (wrong, right), (right, right), (right, "Bearer x"), ("Bearer x", right), (right, "")):
        response = server.raw_post("production", GRANT, [f"Authorization: {value}" for value in pair])
        server.refused(response, 400, "invalid_request")


def test_ca_16_two_authorization_lines_of_other_case(server, client):
    right = basic(client["client_id"], client["client_secret"])
    response = server.raw_post("production", GRANT, [f"Authorization: {right}", f"AUTHORIZATION: {right}"])
    server.refused(response, 400, "invalid_request")


def test_ca_16_comma_list(server, client):
    right = basic(client["client_id"], client["client_secret"])
    for value in (f"{right}, {right}", f"{right},{right}", f"{right}, Bearer x", f"Bearer x, {right}", f"{right},", f", {right}"):
        response = authorized(server, value)
        server.refused(response, (400, 401), ("invalid_request", "invalid_client"))
    server.refused(authorized(server, f"{right}, {right}"), 400, "invalid_request")


def test_ca_18_other_client_id_in_the_body(server, client, imported):
    other = imported["colons"]["client_id"]
    response = authorized(server, basic(client["client_id"], client["client_secret"]), GRANT + f"&client_id={other}")
    server.refused(response, (400, 401), ("invalid_request", "invalid_client"))
    response = authorized(server, basic_raw("colons:sec:ret"), GRANT + f"&client_id={client['client_id']}")
    server.refused(response, (400, 401), ("invalid_request", "invalid_client"))


def test_ca_18_same_client_id_in_the_body(server, client):
    response = authorized(server, basic(client["client_id"], client["client_secret"]), GRANT + f"&client_id={client['client_id']}")
    assert response.status_code == 200


# ---- CA-20, CA-22 ----------------------------------------------------------------------------------------------------

def test_ca_20_registered_method_is_enforced(server, imported):
    only_basic, only_post = imported["basic only"], imported["post only"]
    assert authorized(server, basic(only_basic["client_id"], only_basic["client_secret"])).status_code == 200
    server.refused(server.post("production", server.fields(only_basic)), 401, "invalid_client")
    assert server.works(only_post)
    server.refused(authorized(server, basic(only_post["client_id"], only_post["client_secret"])), 401, "invalid_client")


def answer(response):
    """Everything that an attacker sees, without what differs between any two requests."""
    headers = {k: v for k, v in response.headers.items() if k not in ("Date", "X-Request-Id")}
    return response.status_code, list(headers.items()), response.content


def test_ca_22_unknown_client_and_wrong_secret(server, client, imported, demo):
    mistyped = client["client_secret"][:-1] + ("a" if client["client_secret"][-1] != "a" else "b")
    right_elsewhere = demo["sandbox-uae"]
    off = imported["off"]
    ways = {
        "wrong": server.fields(client, client_secret="wrong"),
        "mistyped": server.fields(client, client_secret=mistyped),
        "upper case id": server.fields(client, client_id=client["client_id"].upper()),
        "unknown uuid": server.fields(client, client_id="00000000-0000-4000-8000-000000000000"),
        "unknown text": server.fields(client, client_id="nobody"),
        "other environment": server.fields(right_elsewhere),
        "secret of another": server.fields(client, client_secret=right_elsewhere["client_secret"]),
        "disabled": server.fields(off),
        "other method": server.fields(imported["basic only"]),
    }
    posted = {name: answer(server.post("production", fields)) for name, fields in ways.items()}
    assert len(set(map(repr, posted.values()))) == 1, posted
    assert posted["wrong"][0] == 401
    by_basic = {name: answer(authorized(server, basic(fields["client_id"], fields["client_secret"])))
                for name, fields in ways.items() if name != "other method"}
    assert len(set(map(repr, by_basic.values()))) == 1, by_basic
    assert by_basic["wrong"][2] == posted["wrong"][2]
    server.good()


@pytest.mark.parametrize("change", [
    lambda s: s + " ", lambda s: " " + s, lambda s: s.upper(), lambda s: s.lower(), lambda s: s[:-1], lambda s: s + "a",
    lambda s: s[::-1], lambda s: s[1:], lambda s: s[:10],
])
def test_ca_22_nearly_right_secrets(server, client, change):
    wrong = change(client["client_secret"])
    server.refused(server.post("production", server.fields(client, client_secret=wrong)), 401, "invalid_client")


# ---- CA-24 -----------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def throttled(server_factory):
    def change(config):
        config["limits"] = {"failed_auth_per_minute": 5, "failed_auth_per_address_per_minute": 40}

    return server_factory(change, throttle=True)


def fail(server, client, source, **changes):
    return server.raw_post("production", server.fields(client, client_secret="wrong", **changes), source=source)


def test_ca_24_too_many_failures(throttled):
    client = throttled.good_client
    for source in ("127.0.0.11", "127.0.0.12"):
        statuses = [fail(throttled, client, source).status_code for _ in range(12)]
        assert statuses[:3] == [401] * 3 and statuses[-1] == 429, statuses
        assert statuses == sorted(statuses)
    response = fail(throttled, client, "127.0.0.11")
    throttled.refused(response, 429, "invalid_client")
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    # an attacker cannot lock the rightful client out
    right = throttled.raw_post("production", throttled.fields(client), source="127.0.0.13")
    assert right.status_code == 200
    # nor does a guess become right there: even a good secret from the blocked address says nothing
    guess = throttled.raw_post("production", throttled.fields(client), source="127.0.0.11")
    throttled.refused(guess, 429, "invalid_client")
    # and another client of that address goes on
    other = throttled.demo["sandbox-ksa"]
    response = throttled.raw_post("sandbox-ksa", throttled.fields(other), source="127.0.0.11")
    assert response.status_code == 200


def test_ca_24_too_many_failures_by_basic(throttled):
    client = throttled.good_client
    header = ["Authorization: " + basic(client["client_id"], "wrong")]
    statuses = [throttled.raw_post("production", GRANT, header, source="127.0.0.14").status_code for _ in range(12)]
    assert statuses[0] == 401 and statuses[-1] == 429


def test_ca_24_guessing_client_ids(throttled):
    """A new client_id each time: the address itself is limited."""
    client = throttled.good_client
    statuses = [fail(throttled, client, "127.0.0.15", client_id=f"guess-{i}").status_code for i in range(80)]
    assert statuses[:20] == [401] * 20 and statuses[-1] == 429, statuses


def test_ca_22_too_many_failures_tell_nothing(throttled):
    """An imported client_id need not look like one of ours; whether it exists does not show in when the refusals begin."""
    throttled.import_apps([{"name": "named", "client_id": "acme-backend", "client_secret": "acme-backend-secret"}], "production")
    support.seen_secrets.add("acme-backend-secret")
    named = {"client_id": "acme-backend", "client_secret": "acme-backend-secret", "environment": "production"}
    sources = (f"127.0.1.{i}" for i in range(1, 255))  # asking too early is a failure, too
    support.poll(lambda: throttled.raw_post("production", throttled.fields(named), source=next(sources)).status_code == 200, 5,
                 "an imported application works")
    known, unknown = ([fail(throttled, named, source, client_id=name).status_code for _ in range(8)]
                      for source, name in (("127.0.0.18", "acme-backend"), ("127.0.0.19", "acme-backends")))
    assert known == unknown and known[-1] == 429


def test_ca_24_success_is_not_counted(throttled):
    client = throttled.good_client
    for _ in range(60):
        assert throttled.raw_post("production", throttled.fields(client), source="127.0.0.16").status_code == 200


def test_ca_24_other_errors_are_not_counted(throttled):
    client = throttled.good_client
    for _ in range(20):
        response = throttled.raw_post("production", throttled.fields(client, scope="nonsense"), source="127.0.0.17")
        assert response.json()["error"] == "invalid_scope"


def test_ca_24_many_different_addresses_and_ids_do_not_exhaust_it(throttled):
    """The table of failures is bounded: a flood neither grows it for ever nor opens the door."""
    for i in range(300):
        response = fail(throttled, throttled.good_client, f"127.0.1.{i % 250 + 1}", client_id=f"flood-{i}")
        assert response.status_code == 401
    assert fail(throttled, throttled.good_client, "127.0.0.12").status_code in (401, 429)
    throttled.good()


# ---- environments are walls ------------------------------------------------------------------------------------------

def test_credentials_of_one_environment_are_nothing_in_another(server, demo):
    for here in demo:
        for there, app in demo.items():
            response = server.post(here, server.fields(app))
            assert response.status_code == (200 if here == there else 401)


def test_a_disabled_application(server, imported):
    server.refused(server.post("production", server.fields(imported["off"])), 401, "invalid_client")
