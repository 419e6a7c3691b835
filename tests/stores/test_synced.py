"""Whether a Secret is what its ExternalSecret makes of Vault."""

from __future__ import annotations

import pytest

from migrate.model.json import Json
from migrate.stores.servers.synced import Unsaid, equal

VAULT: dict[str, dict[str, Json]] = {
    "app": {"user": "boards", "password": "one"},
    "odd": {"a b": "x"},
    "numbers": {"n": 1, "on": True},
    "larger": {"n": 2**53},
    "fractions": {"n": 1.5},
    "documents": {"n": {"a": 1}},
    "nothing": {"n": None},
    "more": {"password": "two"},
}


def ref(key: str, property_: str | None = None, **more: Json) -> dict[str, Json]:
    return {"key": key, **({"property": property_} if property_ else {}), **more}


def datum(secret_key: str, **source: Json) -> Json:
    return {"secretKey": secret_key, "remoteRef": source}


ONE: list[Json] = [datum("p", **ref("app", "password"))]
WHOLE: list[Json] = [{"extract": ref("app")}]


@pytest.mark.parametrize(
    ("spec", "held", "wanted"),
    [
        ({"data": ONE}, {"p": "one"}, True),
        ({"data": ONE}, {"p": "one", "others": "x"}, True),
        ({"data": ONE}, {"p": "two"}, False),
        ({"data": ONE}, {}, False),
        ({"dataFrom": WHOLE}, {"user": "boards", "password": "one"}, True),
        ({"dataFrom": WHOLE}, {"user": "boards"}, False),
        ({"dataFrom": [*WHOLE, {"extract": ref("more")}]}, {"user": "boards", "password": "two"}, True),
        (
            {"dataFrom": WHOLE, "data": [datum("user", **ref("app", "password"))]},
            {"user": "one", "password": "one"},
            True,
        ),
        ({"data": ONE, "target": {"template": {"data": {"url": "pg://{{ .p }}@db"}}}}, {"url": "pg://one@db"}, True),
        ({"data": ONE, "target": {"template": {"data": {"url": "pg://{{ .p }}@db"}}}}, {"url": "pg://two@db"}, False),
        (
            {"data": ONE, "target": {"template": {"mergePolicy": "Merge", "data": {"url": "{{.p}}"}}}},
            {"url": "one", "p": "one"},
            True,
        ),
        # ESO's to say: the reason is shown.
        ({"data": ONE, "target": {"template": {"data": {"url": "{{ .p | b64enc }}"}}}}, {"url": "one"}, None),
        ({"data": ONE, "target": {"template": {"data": {"url": "{{ .other }}"}}}}, {"url": ""}, None),
        ({"data": ONE, "target": {"template": {"templateFrom": [{}]}}}, {"p": "one"}, None),
        ({"data": [datum("p", **ref("app", "password", decodingStrategy="Base64"))]}, {"p": "one"}, None),
        ({"data": [datum("p", **ref("app"))]}, {"p": "one"}, None),
        ({"data": [datum("p", **ref("gone", "password"))]}, {"p": "one"}, None),
        ({"dataFrom": [{"find": {}}]}, {"p": "one"}, None),
        ({"dataFrom": [{"extract": ref("app"), "rewrite": []}]}, {"p": "one"}, None),
        ({"dataFrom": [{"extract": ref("odd")}]}, {"a_b": "x"}, None),
        ({"dataFrom": [{"extract": ref("numbers")}]}, {"n": "1", "on": "true"}, True),
        ({"dataFrom": [{"extract": ref("numbers")}]}, {"n": "1", "on": "True"}, False),
        ({"dataFrom": [{"extract": ref("larger")}]}, {"n": "9007199254740992"}, None),
        ({"dataFrom": [{"extract": ref("fractions")}]}, {"n": "1.5"}, None),
        ({"dataFrom": [{"extract": ref("documents")}]}, {"n": '{"a":1}'}, None),
        ({"dataFrom": [{"extract": ref("nothing")}]}, {"n": ""}, None),
        ({}, {"p": "one"}, None),
    ],
)
def test_a_secret_is_compared_where_what_eso_makes_is_plain(
    spec: dict[str, Json], held: dict[str, str], wanted: bool | None
) -> None:
    found = equal(spec, {key: value.encode() for key, value in held.items()}, VAULT.get)
    assert (None if isinstance(found, Unsaid) else found) is wanted


def test_what_cannot_be_said_names_the_reason_and_no_value() -> None:
    gone = equal({"data": [datum("p", **ref("gone", "password"))]}, {"p": b"one"}, VAULT.get)
    made = equal({"data": ONE, "target": {"template": {"data": {"u": "{{ .p | b64enc }}"}}}}, {"u": b"one"}, VAULT.get)
    assert isinstance(gone, Unsaid)
    assert "nothing at gone in Vault" in gone.why
    assert isinstance(made, Unsaid)
    assert "template" in made.why
    assert "one" not in f"{gone} {made}".split()
