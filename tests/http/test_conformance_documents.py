"""Conformance, sections 8 and 9: the JWKS and the metadata."""

import json
import os
import pathlib

import pytest
from jwcrypto import jwk as jwcrypto_jwk

import support
from support import ALGORITHMS, decode, poll, unpad

GOLDEN = pathlib.Path(__file__).with_name("golden_defaults.json")
METADATA = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]
DOCUMENTS = ["/oauth2/jwks", *METADATA]
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}


# ---- section 8 -------------------------------------------------------------------------------------------------------

def all_keys(server, names):
    return {name: server.get(name, "/oauth2/jwks").json()["keys"] for name in names}


def test_jwk_01_key_set(server, demo):
    for environment in demo:
        metadata = server.get(environment, METADATA[0]).json()
        response = server.session.get(metadata["jwks_uri"], timeout=10)
        assert response.status_code == 200
        assert response.headers["Content-Type"].split(";")[0] in ("application/jwk-set+json", "application/json")
        assert isinstance(response.json()["keys"], list) and response.json()["keys"]


def test_jwk_01_credentials_are_not_needed_and_do_not_matter(server):
    plain = server.get("production", "/oauth2/jwks")
    response = server.get("production", "/oauth2/jwks", headers={"Authorization": "Basic nonsense", "Cookie": "a=b"})
    assert response.status_code == 200 and response.content == plain.content


def test_jwk_02_public_members_only(matrix, server, demo):
    for where, names in ((matrix, [n for n in matrix.clients if n not in matrix.not_by_name]), (server, demo)):
        for name, keys in all_keys(where, names).items():
            for key in keys:
                assert not PRIVATE & set(key) and key["kty"] != "oct", name


def test_jwk_03_kid_is_unique_and_the_thumbprint(matrix):
    seen = []
    for keys in all_keys(matrix, [n for n in matrix.clients if n not in matrix.not_by_name]).values():
        for key in keys:
            seen.append(key["kid"])
            assert key["kid"] == jwcrypto_jwk.JWK(**key).thumbprint()
    assert len(seen) == len(set(seen))


def check_widths(key):
    if key["kty"] == "EC":
        width = {"P-256": 32, "P-384": 48}[key["crv"]]
        assert len(unpad(key["x"])) == len(unpad(key["y"])) == width
    elif key["kty"] == "OKP":
        assert len(unpad(key["x"])) == 32
    else:
        modulus = unpad(key["n"])
        assert modulus[0] != 0 and len(modulus) * 8 >= 2048 and key["e"] == "AQAB"


def test_jwk_05_widths(matrix):
    names = [f"{a.lower()}-rfc9068" for a in ALGORITHMS]
    for name, keys in all_keys(matrix, names).items():
        for key in keys:
            check_widths(key)
            assert key["use"] == "sig" and key["alg"] == next(a for a in ALGORITHMS if a.lower() == name.split("-")[0])


def test_jwk_05_many_generated_keys(new_home):
    """A coordinate has a leading zero octet once in 256 keys: 64 environments a home, 2 coordinates a key, 6 homes give one
    with a probability of 95 %; the unit tests force the case."""
    for _ in range(6):
        def change(config):
            port = config["listen"]["port"]
            config["environments"] = [
                {"name": f"e{i}", "issuer": f"http://e{i}.localhost:{port}", "api": {"audience": "https://a.example"},
                 "customer": {"audience": "https://c.example", "lifetime_s": 900}} for i in range(64)]

        home = new_home(change, demo=False)
        assert len(home.key_list("e0")) == 1  # any command makes sure of the first keys
        home.start()
        for i in range(64):
            for key in home.get(f"e{i}", "/oauth2/jwks").json()["keys"]:
                check_widths(key)
        home.stop()


def test_jwk_cache_headers(server):
    response = server.get("production", "/oauth2/jwks")
    assert response.headers["Cache-Control"] == "public, max-age=900"
    assert response.headers["ETag"].startswith('"')


# ---- conditional requests, HEAD, CORS --------------------------------------------------------------------------------

@pytest.mark.parametrize("path", DOCUMENTS)
def test_etag(server, path):
    first = server.get("production", path)
    etag = first.headers["ETag"]
    assert server.get("production", path).headers["ETag"] == etag
    for value in (etag, "W/" + etag, f'"other", {etag}', f'"a","b",{etag}', "*"):
        response = server.get("production", path, headers={"If-None-Match": value})
        assert response.status_code == 304 and not response.content, value
        assert response.headers["ETag"] == etag and response.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    for value in ('"other"', etag.strip('"'), etag[:-1], '""', "W/"):
        response = server.get("production", path, headers={"If-None-Match": value})
        assert response.status_code == 200 and response.content == first.content, value


def test_etags_differ_where_documents_do(server, demo):
    for path in DOCUMENTS:
        assert len({server.get(name, path).headers["ETag"] for name in demo}) == len(demo)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_head(server, path):
    get = server.get("production", path)
    head = server.request("HEAD", "production", path)
    assert head.status_code == 200 and not head.content
    assert head.headers["Content-Length"] == str(len(get.content))
    for name in ("Content-Type", "ETag", "Cache-Control", "Access-Control-Allow-Origin"):
        assert head.headers[name] == get.headers[name]
    # and nothing follows on the connection
    raw = server.raw(f"HEAD {path} HTTP/1.1\r\nHost: production.localhost\r\nConnection: close\r\n\r\n".encode(), wait_close=True)
    assert raw.endswith(b"\r\n\r\n") and raw.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("origin", [None, "https://shop.example", "null"])
def test_documents_are_readable_cross_origin(server, path, origin):
    response = server.get("production", path, headers={"Origin": origin} if origin else {})
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_ignore_a_query(server, path):
    assert server.get("production", path + "?x=1&y").content == server.get("production", path).content


# ---- section 9 -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", METADATA)
def test_meta_01_served(server, demo, path):
    for environment in demo:
        response = server.get(environment, path)
        assert response.status_code == 200
        assert response.headers["Content-Type"].split(";")[0] == "application/json"


def test_meta_01_both_paths_have_the_same_document(server, demo):
    for environment in demo:
        assert server.get(environment, METADATA[0]).content == server.get(environment, METADATA[1]).content


def tenant_token(matrix, metadata):
    app = matrix.clients["tenant"]
    response = matrix.session.post(metadata["token_endpoint"], data=matrix.fields(app), timeout=10)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("path", METADATA)
def test_meta_02_path_issuer(matrix, path):
    """RFC 8414 3.1: the well-known part goes between host and path."""
    metadata = matrix.get("tenant", path + "/t1").json()
    assert metadata["issuer"] == f"http://tenant.localhost:{matrix.port}/t1"
    for name in ("token_endpoint", "introspection_endpoint", "revocation_endpoint", "jwks_uri"):
        assert metadata[name].startswith(f"http://tenant.localhost:{matrix.port}/")
    keys = {key["kid"] for key in matrix.session.get(metadata["jwks_uri"], timeout=10).json()["keys"]}
    header, claims, _ = decode(tenant_token(matrix, metadata)["access_token"])
    assert claims["iss"] == metadata["issuer"] and header["kid"] in keys


def test_meta_02_other_paths_are_not_it(matrix):
    for path in ("/t1/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/t2",
                 "/.well-known/oauth-authorization-server/t1/x", "/.well-known/oauth-authorization-server/T1",
                 "/.well-known/oauth-authorization-server/t1x"):
        response = matrix.session.get(matrix.url("tenant", path), timeout=10)
        assert response.status_code == 404, path
    assert matrix.session.get(matrix.url("es256-rfc9068", METADATA[0] + "/t1"), timeout=10).status_code == 404


def test_meta_02_two_issuers_of_one_host(matrix):
    """Path alone tells them apart, and they are as far from each other as any two environments."""
    base, tokens, keys = f"http://shared.localhost:{matrix.port}", {}, {}
    for name in ("left", "right"):
        metadata = matrix.session.get(f"{base}{METADATA[0]}/{name}", timeout=10).json()
        assert metadata["issuer"] == f"{base}/{name}"
        app = matrix.clients[name]
        tokens[name] = decode(matrix.session.post(metadata["token_endpoint"], data=matrix.fields(app), timeout=10).json()["access_token"])
        keys[name] = {key["kid"] for key in matrix.session.get(metadata["jwks_uri"], timeout=10).json()["keys"]}
        assert tokens[name][1]["iss"] == metadata["issuer"] and tokens[name][0]["kid"] in keys[name]
    assert not keys["left"] & keys["right"]
    response = matrix.session.post(f"{base}/left/oauth2/token", data=matrix.fields(matrix.clients["right"]), timeout=10)
    matrix.refused(response, 401, "invalid_client")
    head = "GET /oauth2/jwks HTTP/1.1\r\nHost: shared.localhost\r\nConnection: close\r\n\r\n"
    assert support.parse_responses(matrix.raw(head.encode(), wait_close=True))[0].status_code == 404  # of neither


def test_meta_03_issuer(server, demo):
    """https, or http where nothing but this machine is reached; no query, fragment or userinfo."""
    for environment, entry in demo.items():
        issuer = server.get(environment, METADATA[0]).json()["issuer"]
        assert issuer == entry["issuer"] == f"http://{environment}.localhost:{server.port}"


@pytest.mark.parametrize("issuer", [
    "http://auth.example", "https://auth.example?x=1", "https://auth.example#x", "https://u:p@auth.example", "auth.example", "ftp://auth.example",
    "https://", "https://auth.example:99999", "https://auth example", "", "HTTPS:auth", "http://localhost.example", "http://10.0.0.1",
])
def test_meta_03_bad_issuers_are_refused(new_home, issuer):
    def change(config):
        config["environments"][0]["issuer"] = issuer

    refused = new_home(change).cli("check-config")
    assert refused.returncode == 1 and "leanauth.yaml:" in refused.both, refused.both


def test_meta_04_issuer_is_one_and_the_same(server, client):
    metadata = server.get("production", METADATA[0]).json()
    claims = decode(server.token(client)["access_token"])[1]
    assert metadata["issuer"] == claims["iss"] == client["issuer"]
    assert not metadata["issuer"].endswith("/")


def test_meta_04_the_host_header_does_not_change_it(server, demo):
    uae = demo["sandbox-uae"]  # the default environment: it answers for any other host
    for host in ("evil.example", "evil.example:80", "127.0.0.1", "[::1]:99"):
        response = server.raw(f"GET {METADATA[0]} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(), wait_close=True)
        response = support.parse_responses(response)[0]
        assert response.json()["issuer"] == uae["issuer"] and "evil" not in response.text
    for header in ("X-Forwarded-Host: evil.example", "X-Forwarded-Proto: ftp", "Forwarded: host=evil.example", "X-Original-Host: evil.example"):
        name, value = header.split(": ")
        response = server.get("production", METADATA[0], headers={name: value})
        assert response.json()["issuer"] == demo["production"]["issuer"] and "evil" not in response.text


def test_meta_06_grant_types(server):
    assert server.get("production", METADATA[0]).json()["grant_types_supported"] == ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"]


def test_meta_07_response_types(server):
    """Decision C3: present and empty; "code" would be a lie."""
    assert server.get("production", METADATA[0]).json()["response_types_supported"] == []


def test_meta_09_auth_methods(server):
    methods = server.get("production", METADATA[0]).json()["token_endpoint_auth_methods_supported"]
    assert methods == ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"]


def test_meta_10_algorithms_of_assertions(server):
    listed = server.get("production", METADATA[0]).json()["token_endpoint_auth_signing_alg_values_supported"]
    assert {"RS256", "PS256", "ES256", "EdDSA", "Ed25519", "HS256"} <= set(listed) and len(set(listed)) == len(listed)
    assert not {alg for alg in listed if alg.lower() == "none"}


def test_meta_11_introspection_and_revocation(server):
    """How clients authenticate there has no default that would do for introspection; no JWT method is listed, so no algorithms are."""
    metadata = server.get("production", METADATA[0]).json()
    for endpoint, path in (("introspection", "/oauth2/introspect"), ("revocation", "/oauth2/revoke")):
        assert metadata[f"{endpoint}_endpoint"] == metadata["issuer"] + path
        assert metadata[f"{endpoint}_endpoint_auth_methods_supported"] == metadata["token_endpoint_auth_methods_supported"]
        methods = metadata[f"{endpoint}_endpoint_auth_methods_supported"]
        assert (f"{endpoint}_endpoint_auth_signing_alg_values_supported" in metadata) == any(m.endswith("_jwt") for m in methods)
    assert metadata["introspection_signing_alg_values_supported"] == ["ES256"]


def test_metadata_promises_nothing_that_is_not_there(server):
    metadata = server.get("production", METADATA[0]).json()
    for name in ("authorization_endpoint", "registration_endpoint", "device_authorization_endpoint",
                 "pushed_authorization_request_endpoint", "tls_client_certificate_bound_access_tokens",
                 "code_challenge_methods_supported", "userinfo_endpoint"):
        assert name not in metadata
    for name, value in metadata.items():
        if name.endswith(("_endpoint", "_uri")):
            response = server.session.get(value, timeout=10)
            assert response.status_code in (200, 405), name


def test_metadata_scopes(server, matrix):
    assert "api" in server.get("production", METADATA[0]).json()["scopes_supported"]
    scopes = matrix.get("scopes", METADATA[0]).json()["scopes_supported"]
    assert {"api", "payments", "reports:read", "ledger"} <= set(scopes)


def test_metadata_is_what_the_live_service_calls_its_endpoints(server):
    """The paths of the service that this one takes the place of."""
    metadata = server.get("production", METADATA[0]).json()
    base = f"http://production.localhost:{server.port}"
    assert metadata["token_endpoint"] == base + "/oauth2/token" and metadata["jwks_uri"] == base + "/oauth2/jwks"
    file = support.SHARED / "contract" / "lean-oauth-authorization-server.json"
    if not file.exists():
        pytest.skip(f"there is no {file.name} in the shared folder to compare with")
    live = json.loads(file.read_text())
    for name in ("token_endpoint", "introspection_endpoint", "revocation_endpoint", "jwks_uri"):
        assert metadata[name].removeprefix(base) == live[name].removeprefix(live["issuer"])
    assert set(metadata["grant_types_supported"]) <= set(live["grant_types_supported"])
    assert set(metadata["token_endpoint_auth_methods_supported"]) <= set(live["token_endpoint_auth_methods_supported"])


# ---- hosts -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/oauth2/token", *DOCUMENTS])
def test_unknown_host_without_a_default(matrix, path):
    method = "POST" if path == "/oauth2/token" else "GET"
    for host in ("127.0.0.1", "unknown.localhost", "es256-rfc9068.localhost.evil.example", "evil.es256-rfc9068.localhost"):
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}:{matrix.port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        response = support.parse_responses(matrix.raw(head.encode(), wait_close=True))[0]
        matrix.refused(response, 421, "invalid_request", good=False)
    matrix.good()


def test_hosts(matrix):
    for host in ("aliases.localhost", "also.localhost", "ALSO.localhost", "also.localhost:1", "also.localhost."):
        head = f"GET {METADATA[0]} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        response = support.parse_responses(matrix.raw(head.encode(), wait_close=True))[0]
        if host.endswith(".") and response.status_code == 421:
            continue
        assert response.json()["issuer"] == matrix.environments["aliases"]["issuer"], host


def test_default_environment(server, demo):
    uae = demo["sandbox-uae"]
    response = server.session.post(f"http://127.0.0.1:{server.port}/oauth2/token", data=server.fields(uae), timeout=10)
    assert decode(response.json()["access_token"])[1]["iss"] == uae["issuer"]


def test_own_listen_address(matrix):
    """Whatever the Host says: this address is this environment."""
    app = matrix.clients["own"]
    for host in (f"127.0.0.1:{matrix.own_port}", "own.localhost", "es256-rfc9068.localhost", "unknown.example"):
        response = matrix.raw_post("own", matrix.fields(app), host=host.split(":")[0], port=matrix.own_port)
        assert response.status_code == 200, (host, response.text)
        assert decode(response.json()["access_token"])[1]["iss"] == matrix.environments["own"]["issuer"]


# ---- golden file -----------------------------------------------------------------------------------------------------

def test_golden_defaults(server, client):
    """What a security reviewer wants to see change: the document, headers, lifetimes and key form of an environment with
    default settings. After a wanted change: LEANAUTH_WRITE_GOLDEN=1."""
    def plain(response, *drop):
        skip = {"date", "x-request-id", "content-length", "etag", "connection", *drop}
        return {k.lower(): v for k, v in response.headers.items() if k.lower() not in skip}

    good = server.post("production", server.fields(client))
    header, claims, signature = decode(good.json()["access_token"])
    jwks = server.get("production", "/oauth2/jwks")
    key = {k: v for k, v in jwks.json()["keys"][0].items() if k not in ("kid", "x", "y")}
    metadata = server.get("production", METADATA[0])
    administration = server.create_app("production", "golden", scopes=["admin:read"])
    poll(lambda: server.works(administration, scope="admin:read"), what="the application")
    admin_token = server.token(administration, scope="admin:read")
    seen = {
        "admin token": {"lifetime_s": admin_token["expires_in"], "aud": decode(admin_token["access_token"])[1]["aud"]},
        "token": {"headers": plain(good), "header": {k: v for k, v in header.items() if k != "kid"}, "claims": sorted(claims),
                  "lifetime_s": claims["exp"] - claims["iat"], "signature_bytes": len(signature),
                  "token_type": good.json()["token_type"], "jti_characters": len(claims["jti"])},
        "customer token": {"lifetime_s": server.token(client, scope=f"customer.{client['customer_id']}")["expires_in"]},
        "refused": {"headers": plain(server.post("production", server.fields(client, client_secret="wrong")))},
        "jwks": {"headers": plain(jwks), "key": key},
        "metadata": {"headers": plain(metadata),
                     "document": json.loads(metadata.text.replace(f"http://production.localhost:{server.port}", "ISSUER"))},
    }
    text = json.dumps(seen, indent=2, sort_keys=True) + "\n"
    if os.environ.get("LEANAUTH_WRITE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()
