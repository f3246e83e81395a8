"""What an application registers, by the command line: keys, certificates, flags; what is refused, and what another method leaves."""

import json
import sqlite3
import uuid

import pytest
import yaml

import registrations
from support import run_cli

E = "production"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


@pytest.fixture(scope="module")
def home(home_factory):
    return home_factory()


def config_of(home, name, change):
    """A configuration beside the home's own one, over the same store."""
    config = yaml.safe_load((home.home / "leanauth.yaml").read_text())
    change(next(e for e in config["environments"] if e["name"] == E))
    path = home.home / name
    path.write_text(yaml.safe_dump(config))
    return path


def create(home, *options, check=0, config=None):
    args = ["app", "create", "--environment", E, "--name", "registers", "--json", *options]
    if not config:
        done = home.cli(*args, check=check)
    else:
        done = run_cli(*args, "--config", config, check=check)
    return json.loads(done.stdout) if check == 0 else done.both


def change(home, app, *options, check=0):
    done = home.cli("app", "set", app["client_id"], "--json", *options, check=check)
    return json.loads(done.stdout) if check == 0 else done.both


def show(home, app):
    return home.cli_json("app", "show", app["client_id"])


def file_of(home, document):
    path = home.home / f"{uuid.uuid4()}.json"
    path.write_text(json.dumps(document))
    return path


def refused(home, *options, words, config=None):
    before = home.cli_json("app", "list", "--limit", "10000")
    text = create(home, *options, check=1, config=config)
    assert words in text
    assert home.cli_json("app", "list", "--limit", "10000") == before


# ---- keys ------------------------------------------------------------------------------------------------------------

def test_a_key_set_is_registered_and_shown(home):
    keys = registrations.key_set(registrations.ec_key("a"), registrations.rsa_key(kid="b"))
    app = create(home, "--auth-method", "private_key_jwt", "--jwks", file_of(home, keys), "--signing-alg", "ES256")
    assert app["client_secret"] is None and app["auth_method"] == "private_key_jwt"
    shown = show(home, app)
    assert shown["jwks"] == keys and shown["token_endpoint_auth_signing_alg"] == "ES256" and shown["secrets"] == []
    text = home.cli("app", "show", app["client_id"], check=0).stdout
    assert "2 keys: " in text and "token_endpoint_auth_signing_alg  ES256" in text
    assert "\"private_key_jwt\"" in home.cli("app", "list", "--json", "--limit", "10000", check=0).stdout


@pytest.mark.parametrize("case", registrations.bad_sets())
def test_bad_key_sets(home, case):
    keys, words = registrations.bad_sets()[case]
    refused(home, "--auth-method", "private_key_jwt", "--jwks", file_of(home, keys), words=words)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"keys":[],"keys":[]}', "\"keys\""])
def test_files_that_hold_no_key_set(home, text):
    path = home.home / f"{uuid.uuid4()}.json"
    path.write_text(text)
    refused(home, "--auth-method", "private_key_jwt", "--jwks", path, words=str(path))


@pytest.mark.parametrize("url", registrations.BAD_KEY_URLS)
def test_bad_key_urls(home, url):
    refused(home, "--auth-method", "private_key_jwt", "--jwks-uri", url, words="jwks_uri")


def test_either_keys_or_their_url(home):
    keys = file_of(home, registrations.key_set())
    refused(home, "--auth-method", "private_key_jwt", words="jwks or jwks_uri")
    refused(home, "--auth-method", "private_key_jwt", "--jwks", keys, "--jwks-uri", "https://a.example/", words="not both")
    refused(home, "--jwks", keys, words="client_secret")
    refused(home, "--auth-method", "tls_client_auth", "--jwks-uri", "https://a.example/", words="tls_client_auth")
    app = create(home, "--auth-method", "private_key_jwt", "--jwks-uri", "https://a.example:8443/keys?v=1")
    assert "jwks" in change(home, app, "--jwks", keys)
    assert "jwks_uri" not in show(home, app)  # one takes the place of the other
    assert change(home, app, "--jwks-uri", "https://a.example/")["jwks_uri"] == "https://a.example/"
    assert "jwks" not in show(home, app)
    assert "jwks or jwks_uri" in change(home, app, "--jwks-uri", "", check=1)


def test_either_is_for_certificates_too(home):
    """RFC 8705 2.2.2"""
    app = create(home, "--auth-method", "self_signed_tls_client_auth", "--jwks-uri", "https://a.example/keys")
    assert show(home, app)["jwks_uri"] == "https://a.example/keys"
    assert "jwks" in change(home, app, "--jwks", file_of(home, registrations.key_set())) and "jwks_uri" not in show(home, app)
    assert change(home, app, "--jwks-uri", "https://a.example/")["jwks_uri"] == "https://a.example/"
    assert change(home, app, "--auth-method", "private_key_jwt")["jwks_uri"] == "https://a.example/"
    assert "jwks_uri" not in change(home, app, "--auth-method", "tls_client_auth")


# ---- certificates ----------------------------------------------------------------------------------------------------

SUBJECTS = {"tls_client_auth_subject_dn": "CN=core,O=Bank\\, Ltd.", "tls_client_auth_san_dns": "core.bank.example",
            "tls_client_auth_san_uri": "spiffe://bank/core", "tls_client_auth_san_ip": "2001:db8::7",
            "tls_client_auth_san_email": "core@bank.example"}


def option_of(member):
    return "--" + member.replace("_", "-")


@pytest.mark.parametrize("member", SUBJECTS)
def test_mtl_04_exactly_one_subject(home, member):
    app = create(home, "--auth-method", "tls_client_auth", option_of(member), SUBJECTS[member])
    assert {m: show(home, app)[m] for m in SUBJECTS if m in show(home, app)} == {member: SUBJECTS[member]}
    for other in SUBJECTS:
        if other != member:
            refused(home, "--auth-method", "tls_client_auth", option_of(member), SUBJECTS[member], option_of(other),
                    SUBJECTS[other], words="one subject")
    refused(home, option_of(member), SUBJECTS[member], words="client_secret")
    refused(home, "--auth-method", "self_signed_tls_client_auth", option_of(member), SUBJECTS[member], words=member)


def test_mtl_04_none_is_refused_where_no_own_authority_issues(home):
    config = config_of(home, "no-authority.yaml", lambda e: e.update(mtls={"own_authority": False}))
    refused(home, "--auth-method", "tls_client_auth", words="tls_client_auth_", config=config)
    create(home, "--auth-method", "tls_client_auth")  # a certificate of our own authority is known by itself


@pytest.mark.parametrize("member, value", [
    ("tls_client_auth_san_dns", "*.bank.example"), ("tls_client_auth_san_dns", "bank.example."),
    ("tls_client_auth_san_ip", "10.0.0.0/8"), ("tls_client_auth_san_uri", "no uri"), ("tls_client_auth_san_email", "bank.example"),
    ("tls_client_auth_subject_dn", "core"), ("tls_client_auth_subject_dn", "CN=" + "a" * 600)])
def test_mtl_04_bad_subjects(home, member, value):
    refused(home, "--auth-method", "tls_client_auth", option_of(member), value, words=member)


def test_another_subject_takes_the_place_of_the_first(home):
    app = create(home, "--auth-method", "tls_client_auth", "--tls-client-auth-san-dns", "a.example")
    after = change(home, app, "--tls-client-auth-subject-dn", "CN=a")
    assert after["tls_client_auth_subject_dn"] == "CN=a" and "tls_client_auth_san_dns" not in after


# ---- flags, grants, limits -------------------------------------------------------------------------------------------

def test_everything_else(home):
    app = create(home, "--auth-method", "private_key_jwt", "--jwks-uri", "https://a.example/", "--dpop-bound", "true", "--grant-type",
                 TOKEN_EXCHANGE, "--introspection-audience", "https://api.example", "--introspection-audience", "urn:x:y",
                 "--requests-per-minute", "120", "--allow-token-endpoint-audience", "true")
    expected = {"dpop_bound_access_tokens": True, "grant_types": ["client_credentials", TOKEN_EXCHANGE],
                "introspection_audiences": ["https://api.example", "urn:x:y"], "requests_per_minute": 120,
                "allow_token_endpoint_audience": True}
    assert {m: show(home, app)[m] for m in expected} == expected
    after = change(home, app, "--dpop-bound", "false", "--grant-type", "client_credentials", "--introspection-audience", "",
                   "--requests-per-minute", "0", "--allow-token-endpoint-audience", "false")
    assert not set(expected) & set(after)  # what is default is not kept


@pytest.mark.parametrize("options, words", [
    (["--dpop-bound", "true", "--certificate-bound", "true"], "one of"),
    (["--grant-type", "password"], "password"),
    (["--grant-type", TOKEN_EXCHANGE, "--grant-type", TOKEN_EXCHANGE], "once"),
    (["--introspection-audience", "api"], "absolute URI"),
    (["--introspection-audience", "https://"], "absolute URI"),
    (["--introspection-audience", "urn:a", "--introspection-audience", "urn:a"], "twice"),
    ([word for i in range(6) for word in ("--introspection-audience", f"urn:{i}" + "a" * 200)], "1024"),
    (["--requests-per-minute", "1000001"], "1000000"),
    (["--requests-per-minute", "-1"], "whole number"),
    (["--signing-alg", "ES256"], "client_secret"),
    (["--allow-token-endpoint-audience", "true"], "client_secret"),
    (["--auth-method", "private_key_jwt", "--jwks-uri", "https://a.example/", "--signing-alg", "HS256"], "HS256"),
    (["--auth-method", "private_key_jwt", "--jwks-uri", "https://a.example/", "--signing-alg", "none"], "none"),
    (["--auth-method", "client_secret_jwt", "--signing-alg", "ES256"], "ES256"),
])
def test_refusals(home, options, words):
    refused(home, *options, words=words)


def test_flags_are_true_or_false(home):
    done = home.cli("app", "create", "--environment", E, "--name", "x", "--fapi", "yes", check=2)
    assert "--fapi must be true or false" in done.stderr


KEYS = ["--auth-method", "private_key_jwt", "--jwks-uri", "https://a.example/"]
FAPI_REFUSALS = [([], "client_secret"), (["--auth-method", "client_secret_jwt"], "client_secret_jwt"),
                 ([*KEYS, "--signing-alg", "RS256"], "PS256"), ([*KEYS, "--signing-alg", "ES512"], "PS256"),
                 ([*KEYS, "--allow-token-endpoint-audience", "true"], "allow_token_endpoint_audience")]


@pytest.mark.parametrize("options, words", FAPI_REFUSALS)
def test_fapi_refuses(home, options, words):
    refused(home, "--fapi", "true", *options, words=words)
    config = config_of(home, "fapi.yaml", lambda e: e.update(fapi=True))
    refused(home, *options, words=words, config=config)
    if options:
        create(home, *options)  # without it, nothing is wrong


def test_fapi_refuses_keys_for_other_algorithms(home):
    keys = file_of(home, registrations.key_set(registrations.rsa_key(alg="RS256")))
    refused(home, "--fapi", "true", "--auth-method", "private_key_jwt", "--jwks", keys, words="RS256")


@pytest.mark.parametrize("options", [[*KEYS, "--signing-alg", "PS256"], ["--auth-method", "tls_client_auth"],
                                     ["--auth-method", "self_signed_tls_client_auth"]])
def test_fapi_allows(home, options):
    assert show(home, create(home, "--fapi", "true", *options))["fapi"] is True


# ---- client_secret_jwt -----------------------------------------------------------------------------------------------

def rows_of(home, app):
    return {row["secret_id"]: row for row in show(home, app)["secrets"]}


def stored(home, app):
    """(has a digest, wrapped bytes) of each secret, oldest first."""
    with sqlite3.connect(home.home / "leanauth.db") as db:
        return db.execute("SELECT digest IS NOT NULL, wrapped FROM secret JOIN application USING (application_id)"
                          " WHERE client_id = ? ORDER BY number", [app["client_id"]]).fetchall()


def test_asr_22_our_secrets_are_long_enough_and_wrapped(home):
    app = create(home, "--auth-method", "client_secret_jwt", "--signing-alg", "HS512")
    assert len(app["client_secret"].encode()) >= 64
    [(digest, wrapped)] = stored(home, app)
    assert digest and app["client_secret"].encode() not in wrapped and len(wrapped) == len(app["client_secret"]) + 29
    added = json.loads(home.cli("secret", "add", app["client_id"], "--json", check=0).stdout)
    assert len(added["client_secret"].encode()) >= 64
    assert all(wrapped for _, wrapped in stored(home, app))
    assert [w for _, w in stored(home, home.create_app(E))] == [None]  # nobody else's are


@pytest.mark.parametrize("alg, least", [(None, 32), ("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_asr_22_secrets_from_elsewhere(home, alg, least):
    for n in (least - 1, least):
        row = {"name": "jwt", "client_id": str(uuid.uuid4()), "client_secret": "s" * n, "auth_method": "client_secret_jwt",
               "token_endpoint_auth_signing_alg": alg}
        done = home.import_apps([row], E, check=0 if n == least else 1)
        if n < least:
            assert f"needs {least}" in done.both and "s" * n not in done.both
        else:
            assert stored(home, row)[0][1]


def test_asr_22_no_hash_can_stand_for_the_secret(home):
    done = home.import_apps([{"name": "jwt", "secret_hash": "$2b$10$" + "a" * 53, "auth_method": "client_secret_jwt"}], E, check=1)
    assert "needs the secret itself" in done.both


def test_another_method_and_back(home):
    app = create(home)
    to = home.cli("app", "set", app["client_id"], "--auth-method", "client_secret_jwt", check=0)
    assert "secret add" in to.stderr  # what is there is a digest
    home.cli("secret", "add", app["client_id"], check=0)
    assert [w is not None for _, w in stored(home, app)] == [False, True]
    home.cli("app", "set", app["client_id"], "--auth-method", "client_secret_post", check=0)
    assert [w for _, w in stored(home, app)] == [None, None]
    assert all(digest for digest, _ in stored(home, app))


def test_what_only_the_former_method_used_goes(home):
    app = create(home, *KEYS, "--signing-alg", "PS256", "--allow-token-endpoint-audience", "true", "--dpop-bound", "true")
    after = change(home, app, "--auth-method", "client_secret_basic")
    assert not {"jwks_uri", "token_endpoint_auth_signing_alg", "allow_token_endpoint_audience"} & set(after)
    assert after["dpop_bound_access_tokens"] is True
    assert "jwks or jwks_uri" in change(home, app, "--auth-method", "private_key_jwt", check=1)
    assert show(home, app)["auth_method"] == "client_secret_basic"


@pytest.mark.parametrize("options", [KEYS, ["--auth-method", "tls_client_auth"], ["--auth-method", "self_signed_tls_client_auth"]])
def test_methods_without_secrets(home, options):
    app = create(home, *options)
    assert app["client_secret"] is None and rows_of(home, app) == {}
    done = home.cli("secret", "add", app["client_id"], check=1)
    assert "has no secrets" in done.stderr and options[1] in done.stderr


# ---- the audit log, the import ---------------------------------------------------------------------------------------

def test_the_audit_log_says_what_changed_without_secrets(home):
    keys = registrations.key_set()
    app = create(home, "--auth-method", "private_key_jwt", "--jwks", file_of(home, keys))
    change(home, app, "--jwks-uri", "https://a.example/")
    events = [e for e in home.cli_json("audit", "list", "--target", app["client_id"])["events"]]
    assert events[0]["detail"]["after"] == {"jwks_uri": "https://a.example/"}
    assert events[0]["detail"]["before"]["jwks"]["keys"] == 1 and len(events[0]["detail"]["before"]["jwks"]["thumbprints"]) == 1
    assert events[1]["detail"]["after"]["auth_method"] == "private_key_jwt"
    jwt = create(home, "--auth-method", "client_secret_jwt")
    assert jwt["client_secret"] not in home.cli("audit", "list", "--json", check=0).stdout


def test_import_of_registrations(home):
    keys = registrations.key_set()
    ids = [str(uuid.uuid4()) for _ in range(3)]
    done = home.import_apps([
        {"name": "k", "client_id": ids[0], "auth_method": "private_key_jwt", "jwks": keys, "fapi": True, "dpop_bound_access_tokens": True},
        {"name": "c", "client_id": ids[1], "auth_method": "tls_client_auth", "tls_client_auth_san_dns": "a.example",
         "introspection_audiences": ["urn:a", "urn:b"], "requests_per_minute": 7, "jwks_uri": None},
        {"name": "s", "client_id": ids[2]}], E)
    assert [json.loads(line)["client_secret"] is None for line in done.stdout.splitlines()] == [True, True, False]
    shown = [show(home, {"client_id": i}) for i in ids]
    assert shown[0]["jwks"] == keys and shown[0]["fapi"] is True and shown[0]["secrets"] == []
    assert shown[1]["introspection_audiences"] == ["urn:a", "urn:b"] and shown[1]["requests_per_minute"] == 7
    assert len(shown[2]["secrets"]) == 1 and "fapi" not in shown[2]


def test_import_of_registrations_as_csv(home):
    ids = [str(uuid.uuid4()) for _ in range(2)]
    quoted = json.dumps(registrations.key_set()).replace('"', '""')
    text = ("name,client_id,auth_method,jwks,introspection_audiences,dpop_bound_access_tokens,requests_per_minute\n"
            f"k,{ids[0]},private_key_jwt,\"{quoted}\",urn:a urn:b,true,7\ns,{ids[1]},,,,,\n")
    home.import_apps(None, E, text=text, suffix=".csv")
    shown = [show(home, {"client_id": i}) for i in ids]
    assert shown[0]["introspection_audiences"] == ["urn:a", "urn:b"] and shown[0]["dpop_bound_access_tokens"] is True
    assert shown[0]["jwks"]["keys"] and shown[1]["auth_method"] == "client_secret" and "jwks" not in shown[1]


@pytest.mark.parametrize("row, words", [
    ({"auth_method": "private_key_jwt"}, "jwks or jwks_uri"),
    ({"auth_method": "private_key_jwt", "jwks": "text"}, "JSON object"),
    ({"auth_method": "private_key_jwt", "jwks_uri": "https://a.example/", "client_secret": "x" * 40}, "has none"),
    ({"fapi": "true"}, "true or false"),
    ({"fapi": True}, "FAPI"),
    ({"requests_per_minute": "7"}, "whole number"),
    ({"grant_types": [7]}, "list of texts"),
    ({"unknown_member": 7}, "unknown member"),
])
def test_import_refuses(home, row, words):
    before = home.cli_json("app", "list", "--limit", "10000")
    done = home.import_apps([{"name": "good"}, {"name": "bad", **row}], E, check=1)
    assert words in done.both and ":2:" in done.both
    assert home.cli_json("app", "list", "--limit", "10000") == before
