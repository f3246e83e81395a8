"""Clients in other languages, each with the OAuth and the JWT library that is usual there: they get a token, verify it with the published keys
alone, and understand a refusal."""

import json
import time
import uuid

import pytest

import support
from assertions import Signer
from extra import fetch, need_program, python_packages, run, source

AUDIENCE = "https://api.example"


@pytest.fixture(scope="module")
def place(server_factory):
    """One environment at a name that every resolver knows."""
    def change(config):
        config["environments"] = [{"name": "plain", "issuer": f"http://localhost:{config['listen']['port']}", "api": {"audience": AUDIENCE},
                                   "customer": {"audience": "https://sdk.example"}}]

    return server_factory(change, demo=False)


class Program:
    """A program that gets a description and says "ok"."""

    def __init__(self, command, folder, **environment):
        self.command, self.folder, self.environment = command, folder, environment

    def check(self, place, mode):
        signer = Signer("ES256", "a-kid")
        app = place.create_app("plain", f"{mode} {uuid.uuid4()}")
        registered = place.home / f"{uuid.uuid4()}.json"
        registered.write_text(json.dumps(signer.jwks()))
        if mode.startswith("private_key_jwt"):
            place.cli("app", "set", app["client_id"], "--auth-method", "private_key_jwt", "--jwks", registered, check=0)
        if mode.endswith("dpop"):
            place.cli("app", "set", app["client_id"], "--dpop-bound", "true", check=0)
        issuer = f"http://localhost:{place.port}"
        description = {"Mode": mode, "Issuer": issuer, "token_endpoint": f"{issuer}/oauth2/token", "jwks_uri": f"{issuer}/oauth2/jwks",
                       "client_id": app["client_id"], "client_secret": app["client_secret"], "Scope": "api", "Audience": AUDIENCE, "KeyID": "a-kid",
                       "PrivateKey": signer.key.export_to_pem(private_key=True, password=None).decode(), "Jwk": signer.key.export_private()}
        time.sleep(0.4)  # what the feed takes at most, and some
        env = {"no_proxy": "*", "NO_PROXY": "*", **self.environment}
        done = run([*self.command, json.dumps(description)], self.folder, check=False, env=env)
        support.remember(done.stdout)
        assert done.returncode == 0 and done.stdout.strip().endswith("ok"), done.stdout


@pytest.fixture(scope="session")
def go():
    need_program("go")
    folder = source("go")
    fetch("the Go modules", ["go", "mod", "download"], folder, {"GOTOOLCHAIN": "local"})
    run(["go", "build", "-o", "client", "."], folder, env={"GOTOOLCHAIN": "local"})
    return Program([folder / "client"], folder)


@pytest.fixture(scope="session")
def rust():
    need_program("cargo")
    folder = source("rust")
    fetch("the crates", ["cargo", "fetch", "--quiet"], folder)
    run(["cargo", "build", "--quiet", "--offline"], folder)
    return Program([folder / "target" / "debug" / "client"], folder)


@pytest.fixture(scope="session")
def java():
    need_program("mvn")
    need_program("javac")
    folder = source("java")
    fetch("the Java libraries", ["mvn", "-B", "-q", "dependency:copy-dependencies", "-DoutputDirectory=lib"], folder)
    run(["javac", "-cp", "lib/*", "-d", "classes", "Client.java"], folder)
    return Program(["java", "-cp", "classes:lib/*", "Client"], folder)


@pytest.fixture(scope="session")
def python():
    folder = source("python")
    return Program(["/usr/bin/python3", folder / "client.py"], folder, PYTHONPATH=str(python_packages("clients")), OAUTHLIB_INSECURE_TRANSPORT="1")


@pytest.mark.parametrize("mode", ["basic", "post", "detect", "private_key_jwt"])
def test_go(place, go, mode):
    """golang.org/x/oauth2/clientcredentials and golang-jwt with keyfunc"""
    go.check(place, mode)


@pytest.mark.parametrize("mode", ["basic", "post"])
def test_rust(place, rust, mode):
    """oauth2 and jsonwebtoken"""
    rust.check(place, mode)


@pytest.mark.parametrize("mode", ["basic", "post", "private_key_jwt", "basic-dpop", "private_key_jwt-dpop"])
def test_java(place, java, mode):
    """Nimbus' oauth2-oidc-sdk and nimbus-jose-jwt"""
    java.check(place, mode)


@pytest.mark.parametrize("mode", ["basic", "post", "private_key_jwt"])
def test_python(place, python, mode):
    """requests-oauthlib, the newest Authlib, and PyJWT"""
    python.check(place, mode)
