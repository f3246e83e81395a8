"""Conformance, section 16: token exchange (RFC 8693), and REQ-11 as it is seen there."""

import uuid

import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

import assertions
import support
from control import Asker, asker
from environments import API, LEDGER, SDK
from exchanges import ACCESS_TOKEN, EXCHANGE, TYPES, Place, granted
from support import basic, decode


@pytest.fixture(scope="module")
def place(server_factory, tmp_path_factory):
    return Place(server_factory, tmp_path_factory.mktemp("exchange"))


@pytest.fixture(scope="module")
def subject(place):
    """A good one, to be changed."""
    return place.token()


# ---- TEX-01, TEX-02: the request -------------------------------------------------------------------------------------

def test_tex_01_an_api_token_becomes_a_customer_s(place, subject):
    body, claims = granted(place.exchange(subject))
    assert claims["scope"] == f"customer.{place.customer}" and claims["customer_id"] == place.customer
    assert claims["aud"] == SDK and claims["client_id"] == claims["sub"] == place.app["client_id"]
    assert claims["jti"] != decode(subject)[1]["jti"] and "act" not in claims


@pytest.mark.parametrize("name", ["subject_token", "subject_token_type"])
@pytest.mark.parametrize("value", [None, ""])
def test_tex_01_both_are_required(place, subject, name, value):
    place.refused(place.exchange(subject, **{name: value}))


def test_tex_01_in_the_body_alone(place, subject):
    fields = place.fields(subject)
    for name in ("subject_token", "subject_token_type"):
        rest = {k: v for k, v in fields.items() if k != name}
        query = support.form({name: fields[name]}).decode()
        place.refused(place.server.post("plain", rest, path=f"/oauth2/token?{query}"))


@pytest.mark.parametrize("value", ["access_token", ACCESS_TOKEN.upper(), ACCESS_TOKEN + " ", ACCESS_TOKEN + "x", TYPES, TYPES + "id_token", TYPES + "refresh_token",
                                   TYPES + "saml1", TYPES + "saml2", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"])
def test_tex_01_types_that_are_none_here(place, subject, value):
    place.refused(place.exchange(subject, subject_token_type=value))


def test_tex_01_it_is_a_jwt_too(place, subject):
    granted(place.exchange(subject, subject_token_type=TYPES + "jwt"))


@pytest.mark.parametrize("name", ["subject_token", "subject_token_type", "requested_token_type", "audience", "scope", "grant_type"])
@pytest.mark.parametrize("same", [True, False], ids=["identical", "different"])
def test_req_14_repeated_parameters(place, subject, name, same):
    fields = {**place.fields(subject), "requested_token_type": ACCESS_TOKEN, "audience": SDK}
    granted(place.server.post("plain", fields))
    place.refused(place.server.post("plain", [*fields.items(), (name, fields[name] if same else "x")]))


@pytest.mark.parametrize("name", ["actor_token", "actor_token_type"])
def test_req_14_repeated_actors(place, subject, name):
    fields = place.fields(subject, actor_token=subject, actor_token_type=ACCESS_TOKEN)
    place.refused(place.server.post("plain", [*fields.items(), (name, fields[name])]))


def test_tex_02_actor_and_its_type_belong_together(place, subject):
    for changes in ({"actor_token": subject}, {"actor_token_type": ACCESS_TOKEN}, {"actor_token": subject, "actor_token_type": ""},
                    {"actor_token": "", "actor_token_type": ACCESS_TOKEN}):
        body = place.refused(place.exchange(subject, **changes))
        assert "together" in body["error_description"]
    granted(place.exchange(subject, actor_token="", actor_token_type=""))  # REQ-17: as if they were not there


def test_tex_02_there_are_no_actors(place, subject):
    """Decision: nobody acts for another here, and a request that wants it is not answered as if it had not said so."""
    for actor in (subject, place.token(place.server.good_client), "junk"):
        place.refused(place.exchange(subject, actor_token=actor, actor_token_type=ACCESS_TOKEN))


@pytest.mark.parametrize("value", [TYPES + "refresh_token", TYPES + "id_token", TYPES + "jwt", "access_token", TYPES + "saml2", ACCESS_TOKEN + "x"])
def test_tex_01_requested_types_that_are_not_issued(place, subject, value):
    place.refused(place.exchange(subject, requested_token_type=value))


@pytest.mark.parametrize("value", ["%00", "%0d%0a", "%7F", "%FF", "%C0%AF", "%ED%A0%80"])
@pytest.mark.parametrize("name", ["subject_token", "subject_token_type", "audience"])
def test_req_26_no_control_characters(place, subject, name, value):
    fields = {**place.fields(subject), "audience": SDK}
    encoded = support.form(fields).decode()
    part = support.form({name: fields[name]}).decode()
    assert "control characters" in place.refused(place.server.post("plain", encoded.replace(part, part + value)))["error_description"]


# ---- TEX-05: the response --------------------------------------------------------------------------------------------

@pytest.mark.parametrize("changes", [{}, {"requested_token_type": ACCESS_TOKEN}, {"audience": SDK}, {"resource": SDK}, {"audience": SDK, "resource": SDK}])
def test_tex_05_the_members(place, subject, changes):
    response = place.exchange(subject, **changes)
    body, claims = granted(response)
    assert set(body) == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    assert body["issued_token_type"] == ACCESS_TOKEN and body["token_type"] == "bearer"
    assert body["scope"] == claims["scope"] and body["expires_in"] == claims["exp"] - claims["iat"] <= 900
    assert "no-store" in response.headers["Cache-Control"] and response.headers["Content-Type"].startswith("application/json")
    assert claims["aud"] == SDK


def test_tex_05_of_client_credentials_there_is_no_issued_token_type(place):
    assert "issued_token_type" not in place.server.token(place.app)


def test_tex_05_it_is_a_token_like_any_other(place, subject):
    body, claims = granted(place.exchange(subject))
    watch = asker(place.server, "plain", SDK)
    assert watch.answer(body["access_token"])["customer_id"] == place.customer
    again, other = granted(place.exchange(subject))
    assert other["jti"] != claims["jti"]
    assert Asker(place.server, place.app).revoke(body["access_token"]).status_code == 200
    assert not watch.is_active(body["access_token"]) and watch.is_active(again["access_token"])
    granted(place.exchange(subject))  # what came of it does not take it along


def test_tex_05_spring(place):
    app = place.new_app("spring")
    customer = place.own(app)
    body, claims = granted(place.exchange(place.token(app), customer, app))
    assert body["issued_token_type"] == ACCESS_TOKEN and claims["scope"] == [f"customer.{customer}"]


def test_tex_05_no_longer_than_its_subject(place):
    """However often and however late it is exchanged."""
    app = place.new_app("short")
    place.own(app)
    customer = place.own(app)
    token = place.token(app)
    end = decode(token)[1]["exp"]

    def is_over():
        response = place.exchange(token, customer, app)
        if response.status_code != 200:
            return [response]
        assert granted(response)[1]["exp"] <= end

    place.refused(support.poll(is_over, 20, "the end of the subject token", interval=0.1)[0])


# ---- TEX-10: never more than before ----------------------------------------------------------------------------------

def test_tex_10_never_the_reverse(place):
    direct = place.token(scope=f"customer.{place.customer}")
    exchanged = granted(place.exchange(place.token()))[0]["access_token"]
    second = place.own(place.app)
    for token in (direct, exchanged):
        for scope in ("api", "payments", "api payments", f"customer.{place.customer}", f"customer.{second}", f"api customer.{place.customer}"):
            place.refused(place.exchange(token, scope=scope), "invalid_scope")


def test_tex_10_a_token_without_api_is_no_subject(place):
    place.refused(place.exchange(place.token(scope="payments")), "invalid_scope")
    granted(place.exchange(place.token(scope="api payments")))


def test_tex_10_only_down_to_one_customer(place, subject):
    for scope in ("api", "payments", "api payments"):
        assert "narrowed to one customer" in place.refused(place.exchange(subject, scope=scope), "invalid_scope")["error_description"]
    second = place.own(place.app)
    for scope in ("api", "payments", "api payments", f"customer.{place.customer} customer.{second}", f"customer.{place.customer} api", "customer", "customer.",
                  "customer.*", "nothing", None, "", f"CUSTOMER.{place.customer}", f"customer.{place.customer}/", f"customer.{place.customer[:-1]}", 'a"b'):
        place.refused(place.exchange(subject, scope=scope), "invalid_scope")


def test_tex_10_only_its_own_customers(place, subject):
    """Whatever the environment issues directly: here it would be one for any customer."""
    stranger = place.new_app()
    theirs = place.own(stranger)
    place.token(scope=f"customer.{theirs}")
    for customer in (theirs, str(uuid.uuid4())):
        place.refused(place.exchange(subject, customer), "invalid_scope")
    mine = place.own(place.app)
    granted(place.exchange(subject, mine))
    place.server.customer_remove(place.app, mine)
    support.poll(lambda: place.exchange(subject, mine).status_code == 400, 10, "the customer is gone")
    place.refused(place.exchange(subject, mine), "invalid_scope")
    place.server.customer_add(stranger, mine)
    support.poll(lambda: place.exchange(place.token(stranger), mine, stranger).status_code == 200, 10, "it is another's")
    place.refused(place.exchange(subject, mine), "invalid_scope")


def test_tex_10_only_what_the_client_may_have(place):
    app = place.new_app(scopes=["api"])
    customer = str(uuid.uuid4())
    place.server.customer_add(app, customer)
    support.poll(lambda: place.server.works(app), 10, "the new application works")
    place.refused(place.exchange(place.token(app), customer, app), "invalid_scope")
    place.server.cli("app", "set", app["client_id"], "--environment", "plain", "--scope", "api", "--scope", "customer", check=0)
    support.poll(lambda: place.exchange(place.token(app), customer, app).status_code == 200, 10, "it may now")
    token = place.token(app)
    place.server.cli("app", "set", app["client_id"], "--environment", "plain", "--scope", "api", check=0)
    support.poll(lambda: place.exchange(token, customer, app).status_code == 400, 10, "it may no longer")
    place.refused(place.exchange(token, customer, app), "invalid_scope")


@pytest.mark.parametrize("name", ["audience", "resource"])
def test_tex_10_the_audience_is_that_of_the_scope(place, subject, name):
    for value in (API, LEDGER, "https://unknown.example", SDK + "/", SDK.upper(), place.app["client_id"]):
        place.refused(place.exchange(subject, **{name: value}), "invalid_target")
    if name == "resource":
        pairs = [*place.fields(subject).items(), ("resource", SDK), ("resource", API)]
        place.refused(place.server.post("plain", pairs), "invalid_target")


# ---- REQ-11, REQ-32: who may ask -------------------------------------------------------------------------------------

def test_req_11_only_who_is_registered_for_it(place, subject):
    app = place.new_app(grants=["client_credentials"])
    customer = place.own(app)
    token = place.token(app)
    place.refused(place.exchange(token, customer, app), "unauthorized_client")
    # Whatever else is wrong, until it has authenticated nobody learns of it, and nothing of the token before it is permitted.
    place.refused(place.exchange("junk", customer, app), "unauthorized_client")
    place.refused(place.exchange(subject, customer, app, scope="nothing"), "unauthorized_client")
    place.server.refused(place.exchange(token, customer, app, client_secret="wrong"), 401, "invalid_client")
    place.server.refused(place.exchange(token, customer, app, client_id=str(uuid.uuid4())), 401, "invalid_client")
    place.server.cli("app", "set", app["client_id"], "--environment", "plain", "--grant-type", "client_credentials", "--grant-type", EXCHANGE, check=0)
    support.poll(lambda: place.exchange(token, customer, app).status_code == 200, 10, "it is registered for it")
    place.server.cli("app", "set", app["client_id"], "--environment", "plain", "--grant-type", "client_credentials", check=0)
    support.poll(lambda: place.exchange(token, customer, app).status_code == 400, 10, "it is no longer")
    place.refused(place.exchange(token, customer, app), "unauthorized_client")
    assert place.server.works(app)


def test_req_32_a_token_proves_nobody(place, subject):
    """The subject token is no credential of the client, and the client's word is no token."""
    for changes in ({"client_secret": None}, {"client_secret": None, "client_id": None}, {"client_secret": subject}, {"client_secret": "wrong"},
                    {"client_secret": None, "client_assertion": subject, "client_assertion_type": assertions.TYPE}):
        place.server.refused(place.exchange(subject, **changes), 401, "invalid_client")
    place.server.refused(place.exchange(subject, client_secret=None, client_id=None, headers={"Authorization": f"Bearer {subject}"}), (400, 401),
                         ("invalid_client", "invalid_request"))
    place.refused(place.exchange(place.app["client_secret"]))


def test_req_32_the_grant_before_the_subject_before_the_scope(place):
    place.refused(place.exchange("junk", scope="nothing"))
    place.refused(place.exchange("junk", resource="https://unknown.example"))


def test_each_exchange_is_a_request(place):
    """One that fails counts, too: the limit is for guessing with tokens as well."""
    app = place.new_app()
    customer = place.own(app)
    place.server.cli("app", "set", app["client_id"], "--environment", "plain", "--requests-per-minute", "3", check=0)
    support.poll(lambda: "X-RateLimit-Limit" in place.exchange("junk", customer, app).headers, 10, "the limit is known")
    assert 429 in [place.exchange("junk", customer, app).status_code for _ in range(8)]


# ---- a real client ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib(place, method):
    url = place.server.url("plain", "/oauth2/token")
    session = OAuth2Session(place.app["client_id"], place.app["client_secret"], token_endpoint_auth_method=method)
    session.trust_env = False
    api = session.fetch_token(url, grant_type="client_credentials", scope="api")["access_token"]
    token = session.fetch_token(url, grant_type=EXCHANGE, subject_token=api, subject_token_type=ACCESS_TOKEN, scope=f"customer.{place.customer}")
    support.remember(api, token["access_token"])
    assert token["issued_token_type"] == ACCESS_TOKEN and decode(token["access_token"])[1]["customer_id"] == place.customer
    with pytest.raises(OAuthError) as refusal:
        session.fetch_token(url, grant_type=EXCHANGE, subject_token=token["access_token"], subject_token_type=ACCESS_TOKEN, scope="api")
    assert refusal.value.error == "invalid_scope"


def test_by_basic(place, subject):
    fields = place.fields(subject, client_id=None, client_secret=None)
    granted(place.server.post("plain", fields, {"Authorization": basic(place.app["client_id"], place.app["client_secret"])}))
