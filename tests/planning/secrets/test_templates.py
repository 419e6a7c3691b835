"""An ExternalSecret's keys become templates of the agent: the same bytes, or a reason why not."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.estate.goevaluation import evaluated
from migrate.estate.inventory import Store
from migrate.planning.secrets.sources import UnfitError, keys_of, source_of
from migrate.planning.secrets.templates import agent_template, paths_of

STORE = Store("ClusterSecretStore", None, "vault", "vault", None, "kv", "v2", None, 1)


def external(template: dict[str, Any] | None = None, *, remote: dict[str, Any] | None = None, **spec: Any) -> Any:
    data = [
        {"secretKey": key, "remoteRef": {"key": f"apps/{key}", "property": "value", **(remote or {})}}
        for key in ("A", "b-c")
    ]
    target = {"target": {"template": template}} if template else {}
    return {"spec": {"data": data, **target, **spec}}


def made(document: Any, key: str, held: dict[str, Any]) -> str:
    """What the agent writes, where Vault holds this at each path."""
    template = agent_template(source_of(document, key, STORE))
    return evaluated(template, None, lambda path: {"data": {"data": held[path]}} if path in held else None)


VALUES = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)


@given(VALUES)
def test_a_value_arrives_to_the_last_newline(value: str) -> None:
    assert made(external(), "A", {"kv/data/apps/A": {"value": value}}) == value


@given(VALUES, VALUES)
def test_what_eso_makes_of_a_template_the_agent_makes_too(one: str, other: str) -> None:
    text = 'name: {{ .A }}\n  other: {{- index . "b-c" | quote }}\nlast: {{ if .A }}{{ .A | upper }}{{ end -}}\n\n'
    held = {"kv/data/apps/A": {"value": one}, "kv/data/apps/b-c": {"value": other}}
    document = external({"data": {"file": text}})
    assert made(document, "file", held) == evaluated(text, {"A": one, "b-c": other})


@given(VALUES, VALUES)
def test_a_document_of_several_values_is_the_same_one(one: str, other: str) -> None:
    text = '{{ toJson (dict "a" .A "l" (list .A (index . "b-c" | upper))) | b64enc }}'
    held = {"kv/data/apps/A": {"value": one}, "kv/data/apps/b-c": {"value": other}}
    said = made(external({"data": {"file": text}}), "file", held)
    assert said == evaluated(text, {"A": one, "b-c": other})
    assert json.loads(base64.b64decode(said)) == {"a": one, "l": [one, other.upper()]}


def test_nothing_is_added_around_a_value() -> None:
    assert (
        agent_template(source_of(external(), "A", STORE))
        == '{{ with secret "kv/data/apps/A" }}{{ .Data.data.value }}{{ end }}'
    )


def test_a_pinned_version_stays_pinned_and_the_policy_names_the_path() -> None:
    source = source_of(external(remote={"version": "3"}), "A", STORE)
    assert 'secret "kv/data/apps/A?version=3"' in agent_template(source)
    assert paths_of(source) == ("kv/data/apps/A",)


def test_a_whole_secret_gives_each_of_its_fields() -> None:
    document: Any = {"spec": {"dataFrom": [{"extract": {"key": "apps/all"}}]}}
    assert made(document, "user", {"kv/data/apps/all": {"user": "ann"}}) == "ann"
    with pytest.raises(UnfitError, match="known to Vault only"):
        keys_of(document)


def test_a_mount_of_version_1_has_no_data_in_its_paths() -> None:
    store = Store("ClusterSecretStore", None, "vault", "vault", None, "kv", "v1", None, 1)
    assert (
        agent_template(source_of(external(), "A", store)) == '{{ with secret "kv/apps/A" }}{{ .Data.value }}{{ end }}'
    )


def test_a_template_makes_the_only_keys_unless_it_merges() -> None:
    assert keys_of(external({"data": {"file": "x"}})) == ("file",)
    assert keys_of(external({"data": {"file": "x"}, "mergePolicy": "Merge"})) == ("A", "b-c", "file")


@pytest.mark.parametrize(
    ("document", "key", "why"),
    [
        (external({"data": {"f": "{{ .A | fromJson }}"}}), "f", "calls fromJson"),
        (external({"data": {"f": "{{ range .A }}{{ end }}"}}), "f", "has range"),
        (external({"data": {"f": "{{ .A.B }}"}}), "f", "no value of its own"),
        (external({"data": {"f": "{{ .Nowhere }}"}}), "f", "Nowhere"),
        (external({"data": {"f": "{{ .A"}}), "f", "cannot be read"),
        (external({"data": {"f": "{{ now }}{{ .A }}"}}), "f", "calls now"),
        (external({"data": {"f": "password: hunter2-canary\nuser: {{ .A }}\n"}}), "f", "as text"),
        (external({"data": {"f": '{{ .A | default "hunter2" }}'}}), "f", "as text"),
        (external({"data": {"f": "x"}, "engineVersion": "v1"}), "f", "engine v1"),
        (external({"templateFrom": [{"configMap": {"name": "x"}}]}), "f", "another object"),
        (external(remote={"decodingStrategy": "Auto"}), "A", "decodingStrategy"),
        (external(remote={"metadataPolicy": "Fetch"}), "A", "metadata"),
        (external(remote={"property": "a.b"}), "A", "inside a value"),
        (external(remote={"key": "apps/*"}), "A", "cannot be named"),
        (external(), "C", "where C comes from"),
        ({"spec": {"dataFrom": [{"find": {"name": {"regexp": "."}}}]}}, "A", "search"),
        ({"spec": {"dataFrom": [{"extract": {"key": "a"}, "rewrite": [{}]}]}}, "A", "rewritten"),
    ],
)
def test_what_has_no_equivalent_is_refused_with_its_reason(document: Any, key: str, why: str) -> None:
    with pytest.raises(UnfitError, match=why) as found:
        agent_template(source_of(document, key, STORE))
    assert "hunter2" not in str(found.value)


def test_another_provider_is_no_mount_of_vault() -> None:
    store = Store("SecretStore", "a", "s", "aws", None, None, None, None, 1)
    with pytest.raises(UnfitError, match="no KV mount"):
        source_of(external(), "A", store)
