"""api/token.yaml: it is valid where that can be checked here, and it agrees with the published contract."""

import jsonschema
import pytest
import yaml

import api_schema
import support

CONTRACT = support.SHARED / "contract" / "lean-authentication-api-openapi.yml"


@pytest.fixture(scope="module")
def contract():
    if not CONTRACT.exists():
        pytest.skip(f"there is no contract at {CONTRACT}: set LEANAUTH_SHARED to the folder that holds it")
    return yaml.safe_load(CONTRACT.read_text())


def test_schemas_are_schemas():
    for schema in api_schema.document()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_references_lead_somewhere():
    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                assert api_schema.resolve(node)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(api_schema.document())


def test_the_validation_can_fail():
    good = {"access_token": "a.b.c", "token_type": "bearer", "expires_in": 3600, "scope": "api"}
    api_schema.validate(good, "TokenResponse")
    for change in ({"expires_in": "3600"}, {"refresh_token": "x"}, {"access_token": "a.b"}, {"expires_in": 0}, {"token_type": "mac"}):
        with pytest.raises(jsonschema.ValidationError):
            api_schema.validate({**good, **change}, "TokenResponse")
    with pytest.raises(jsonschema.ValidationError):
        api_schema.validate({"error": "login_required", "error_description": "Something else."}, "Error")
    with pytest.raises(jsonschema.ValidationError):
        api_schema.validate({"keys": [{"kty": "EC", "kid": "k" * 43, "use": "sig", "alg": "ES256", "crv": "P-256", "x": "x" * 43,
                                       "y": "y" * 43, "d": "d" * 43}]}, "KeySet")


def test_same_paths_and_methods(contract):
    ours = api_schema.document()["paths"]
    for path, item in contract["paths"].items():
        for method, operation in item.items():
            assert method in ours[path]
            assert set(operation["responses"]) <= set(ours[path][method]["responses"])
            for kind in operation["requestBody"]["content"]:
                assert kind in ours[path][method]["requestBody"]["content"]
            assert ours[path][method]["requestBody"]["required"] == operation["requestBody"]["required"]
            for status, response in operation["responses"].items():
                assert set(response.get("content", {})) <= set(ours[path][method]["responses"][status]["content"])


def test_same_servers(contract):
    assert [s["url"] for s in api_schema.document()["servers"]] == [s["url"] for s in contract["servers"]]


def test_same_schemas(contract):
    ours = api_schema.document()["components"]["schemas"]
    for name, theirs in contract["components"]["schemas"].items():
        assert ours[name]["type"] == theirs["type"]
        assert set(theirs.get("required", [])) <= set(ours[name]["required"])
        for member, schema in theirs["properties"].items():
            mine = api_schema.resolve(ours[name]["properties"][member])
            assert mine["type"] == schema["type"], f"{name}.{member}"
            if "enum" in schema:
                assert mine["enum"] == schema["enum"]
            if "example" in schema:
                jsonschema.Draft202012Validator(mine).validate(schema["example"])
            for example in schema.get("examples", []):
                jsonschema.Draft202012Validator(mine).validate(example)
    assert set(ours["TokenRequest"]["required"]) == set(contract["components"]["schemas"]["TokenRequest"]["required"])


def test_real_answers_against_the_contract(contract, server, demo):
    schema = contract["components"]["schemas"]["TokenResponse"]
    for app in demo.values():
        for scope in ("api", f"customer.{app['customer_id']}"):
            answer = server.token(app, scope=scope)
            jsonschema.Draft202012Validator(schema).validate(answer)
            assert answer["token_type"] == schema["properties"]["token_type"]["example"]
