"""Every route with what it does not know: nothing is passed over in silence, nothing happens, and the field is named."""

import os

import pytest

from admin_client import add_operator, routes
from test_roles import Stage

WITH_BODY = [r for r in routes() if r.body is not None]
CREATING = [r for r in routes() if "CREATES" in r.flags]
EDITING = [r for r in routes() if "IF_MATCH" in r.flags]


@pytest.fixture(scope="module")
def caller(people):
    """Somebody who may everything. None of this is done, so one session is enough for all of it."""
    operator = add_operator(people.server, "validation@example.com", "admin")
    operator.login()
    return operator


def blamed(response):
    assert response.status_code == 400, response.text
    problem = response.json()
    assert problem["type"] == "urn:leanauth:problem:invalid"
    return [e["field"] for e in problem.get("errors", [])]


def events(people):
    return people.admin.json("GET", "/audit/verify")["events"]


@pytest.mark.parametrize("route", routes(), ids=repr)
def test_queries(people, caller, route):
    path, body, headers = Stage(people.admin).make(route)
    before = events(people)
    for query in ("surplus=1", "surplus", "limit=1&limit=1", "cursor=%00", *(f"{name}=%ff" for name in route.query)):
        response = caller.request(route.method, f"{path}?{query}", body, headers=headers)
        assert response.status_code == 400, f"{query}: {response.text}"
    assert events(people) == before


@pytest.mark.parametrize("route", WITH_BODY, ids=repr)
def test_members_that_are_unknown(people, caller, route):
    path, body, headers = Stage(people.admin).make(route)
    before = events(people)
    assert blamed(caller.request(route.method, path, {**(body or {}), "surplus": 1}, headers=headers)) == ["surplus"]
    assert events(people) == before


@pytest.mark.parametrize("route", [r for r in WITH_BODY if r.body], ids=repr)
def test_members_of_another_type(people, caller, route):
    path, _, headers = Stage(people.admin).make(route)
    before = events(people)
    for name in route.body:
        for value in ([], {}, [[]], True, 1.5, -1, "\x00", "\ud800"):
            if (name, value) in (("enabled", True), ("environments", []), ("scopes", []), ("introspection_audiences", []),
                                 ("dpop_bound_access_tokens", True), ("tls_client_certificate_bound_access_tokens", True)):
                continue  # these are values of it
            response = caller.request(route.method, path, {name: value}, headers=headers)
            # What is no text makes no JSON, so that no field can be named.
            assert name in blamed(response) or value in ("\x00", "\ud800"), f"{name} = {value!r}: {response.text}"
    assert events(people) == before


@pytest.mark.parametrize("route", WITH_BODY, ids=repr)
def test_bodies(people, caller, route):
    path, body, headers = Stage(people.admin).make(route)
    before = events(people)
    for data in ("[]", "null", "{", '"x"', "{}{}", '{"a":1,"a":1}'):
        assert caller.request(route.method, path, data=data, headers=headers).status_code == 400
    if body:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"):
            response = caller.request(route.method, path, body, headers={**headers, "Content-Type": kind})
            assert response.status_code == 415, f"{kind}: {response.text}"
    assert events(people) == before


@pytest.mark.parametrize("route", [r for r in routes() if r.body is None], ids=repr)
def test_a_body_where_none_belongs(people, caller, route):
    path, _, headers = Stage(people.admin).make(route)
    before = events(people)
    response = caller.request(route.method, path, {"name": "x"}, headers=headers)
    assert response.status_code == 400, response.text
    assert events(people) == before


@pytest.mark.parametrize("route", CREATING, ids=repr)
def test_each_creation_happens_once(people, caller, route):
    path, body, headers = Stage(people.admin).make(route)
    headers = {**headers, "Idempotency-Key": os.urandom(8).hex()}
    first = caller.request(route.method, path, body, headers=headers)
    if route.handler == "keys_rotate" and first.status_code == 409:
        pytest.skip("the next key is there already")
    assert first.status_code == 201, first.text
    before = events(people)
    again = caller.request(route.method, path, body, headers=headers, check=201)
    assert again.content == first.content and again.headers["Idempotent-Replayed"] == "true"
    assert events(people) == before


@pytest.mark.parametrize("route", EDITING, ids=repr)
def test_each_edit_needs_the_version(people, caller, route):
    path, body, _ = Stage(people.admin).make(route)
    before = events(people)
    caller.request(route.method, path, body, check=428)
    caller.request(route.method, path, body, headers={"If-Match": '"4711"'}, check=412)
    # A weak tag is never equal here (RFC 9110 section 13.1.1).
    caller.request(route.method, path, body, headers={"If-Match": 'W/"1"'}, check=412)
    assert events(people) == before
