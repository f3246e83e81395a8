"""api/admin.yaml is the server's own table, said to the world: neither has what the other has not."""

import re

import jsonschema
import pytest

import admin_client
from admin_client import document, operation_of, resolve, routes


def members_of(schema):
    return list(resolve(schema).get("properties", {}))


def test_every_route_is_described_and_every_description_is_a_route():
    described = {(m.upper(), path) for path, item in document()["paths"].items() for m in item if m != "parameters"}
    assert described == {(r.method, r.path) for r in routes()}
    assert len(routes()) == len({(r.method, r.path) for r in routes()})
    ids = [operation_of(m, p)[1]["operationId"] for m, p in described]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("route", routes(), ids=repr)
def test_a_route_is_described_as_it_is(route):
    item = document()["paths"][route.path]
    operation = item[route.method.lower()]
    assert operation["x-roles"] == [role for role in route.roles if role != "nobody"]
    assert operation["x-login-state"].upper() == route.states
    security = operation["security"]
    assert ({} in security) == ("nobody" in route.roles)
    assert {"session": []} in security
    bearer = [s["bearer"] for s in security if "bearer" in s]
    reads = route.method == "GET" and "auditor" in route.roles
    assert bearer == ([["admin:read" if reads else "admin:write"]] if route.bearer else [])
    parameters = [resolve(p) for p in operation.get("parameters", [])]
    assert sorted(p["name"] for p in parameters if p["in"] == "query") == sorted(route.query)
    headers = {p["name"]: p.get("required", False) for p in parameters if p["in"] == "header"}
    assert ("Idempotency-Key" in headers) == ("CREATES" in route.flags)
    assert headers.get("If-Match", False) == ("IF_MATCH" in route.flags)
    in_path = [resolve(p)["name"] for p in item.get("parameters", [])]
    assert in_path == re.findall(r"\{(\w+)\}", route.path)
    if route.body is None:
        assert "requestBody" not in operation
    else:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert sorted(members_of(schema)) == sorted(route.body)
        assert resolve(schema)["additionalProperties"] is False


def test_examples_are_valid():
    """What the description shows is what it says."""
    def walk(node, where):
        if isinstance(node, dict):
            if "schema" in node and "example" in node:
                example = node["example"]
                if not isinstance(example, dict) or "las_live_…" not in str(example):
                    if not (isinstance(example, dict) and example.get("password") == "…"):
                        admin_client.validate(example, node["schema"])
            for key, value in node.items():
                walk(value, f"{where}/{key}")
        elif isinstance(node, list):
            for i, value in enumerate(node):
                walk(value, f"{where}/{i}")
    walk(document(), "")
    for schema in document()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_it_is_served(people):
    response = people.nobody.get("/openapi.yaml", check=200)
    assert response.content == admin_client.DESCRIPTION.read_bytes()
    assert people.nobody.get("/openapi.yaml", headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
    head = people.nobody.request("HEAD", "/openapi.yaml", check=200)
    assert not head.content


def test_the_binary_has_these_routes_and_no_others(people):
    for path, item in document()["paths"].items():
        concrete = re.sub(r"\{\w+\}", "1", path)
        for method in ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"):
            described = ("get" if method == "HEAD" else method.lower()) in item
            response = people.admin.request(method, concrete, headers={"Origin": "http://evil.example"} if described else {})
            if not described:
                assert response.status_code == 405, (method, path)
                allowed = {m.strip() for m in response.headers["Allow"].split(",")} - {"HEAD"}
                assert allowed == {m.upper() for m in item if m != "parameters"}
            else:
                assert response.status_code != 405, (method, path)
    for path in ("", "/", "/nothing", "/session/", "/sessions/1/2", "/environments//applications", "/openapi.json"):
        assert people.admin.get(path).status_code == 404
