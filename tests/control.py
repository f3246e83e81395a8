"""Control over tokens: applications that may introspect, and the questions that the tests of introspection, revocation and status lists ask."""

import support

INTROSPECT, REVOKE = "/oauth2/introspect", "/oauth2/revoke"


def register(server, app, *options):
    """Registers what the options of `app set` say."""
    server.cli("app", "set", app["client_id"], "--environment", app["environment"], *options, check=0)


class Asker:
    """An application that asks about tokens, by client_secret_post."""

    def __init__(self, server, app, environment=None):
        self.server, self.app, self.environment = server, app, environment or app["environment"]

    def fields(self, token, **changes):
        fields = {"token": token, "client_id": self.app["client_id"], "client_secret": self.app["client_secret"]}
        fields.update(changes)
        return {k: v for k, v in fields.items() if v is not None}

    def introspect(self, token, headers=None, **changes):
        return self.server.post(self.environment, self.fields(token, **changes), headers=headers, path=INTROSPECT)

    def revoke(self, token, headers=None, **changes):
        return self.server.post(self.environment, self.fields(token, **changes), headers=headers, path=REVOKE)

    def answer(self, token):
        response = self.introspect(token)
        assert response.status_code == 200, (response.status_code, response.text)
        return response.json()

    def is_active(self, token):
        answer = self.answer(token)
        assert answer["active"] is True or answer == {"active": False}
        return answer["active"]


def asker(server, environment, *audiences, name="resource server"):
    """A new application that may introspect tokens for these audiences; ready."""
    app = server.create_app(environment, name, ["api"])
    register(server, app, *[word for audience in audiences for word in ("--introspection-audience", audience)])
    asker = Asker(server, app)
    support.poll(lambda: asker.introspect("x").status_code == 200, 10, "the new resource server may ask")
    return asker
