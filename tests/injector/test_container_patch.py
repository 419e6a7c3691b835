"""The patch of an agent container: laxer than RFC 6902 here, stricter there, and always in the library's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.injector.pods import container, mutated, refusal

_STAGE = "error creating patch for agent: "


def patched(*operations: dict[str, Any]) -> dict[str, Any]:
    return container(mutated({"agent-json-patch": json.dumps(operations)}), "vault-agent")


def refused(*operations: Any) -> str:
    text = refusal({"agent-json-patch": json.dumps(operations)})
    assert text.startswith(_STAGE)
    return text.removeprefix(_STAGE)


def test_what_the_patch_adds_is_there_and_unknown_fields_are_dropped() -> None:
    found = patched({"op": "add", "path": "/stdin", "value": True}, {"op": "add", "path": "/bogus", "value": 1})
    assert found["stdin"] is True
    assert "bogus" not in found


def test_replace_of_a_missing_key_adds_it() -> None:
    assert patched({"op": "replace", "path": "/workingDir", "value": "/w"})["workingDir"] == "/w"


def test_a_negative_index_counts_from_the_end() -> None:
    assert patched({"op": "replace", "path": "/env/-1", "value": {"name": "X"}})["env"][-1] == {"name": "X"}


def test_a_test_compares_the_text_as_written() -> None:
    """The container's own JSON has `&` escaped, so a patch that writes it plainly never matches."""
    arg = container(mutated(), "vault-agent")["args"][0]
    assert refused({"op": "test", "path": "/args/0", "value": arg}) == (
        "failed to apply JSON patch: testing value /args/0 failed: test failed"
    )
    assert patched({"op": "test", "path": "/name", "value": "vault-agent"})["name"] == "vault-agent"


def test_a_renamed_init_container_gets_the_mounts_twice_when_it_is_first() -> None:
    patch = '[{"op":"replace","path":"/name","value":"first"}]'
    found = mutated({"agent-init-json-patch": patch, "agent-init-first": "true"})
    places = [item["mountPath"] for item in container(found, "first")["volumeMounts"]]
    assert places.count("/vault/secrets") == 2


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ({"op": "remove", "path": "/nope"},
         "error in remove for path: '/nope': Unable to remove nonexistent key: nope: missing value"),
        ({"op": "add", "path": "/env/99", "value": 1},
         "error in add for path: '/env/99': Unable to access invalid index: 99: invalid index referenced"),
        ({"op": "add", "path": "/env/x", "value": 1},
         "error in add for path: '/env/x': value was not a proper array index: 'x': "
         'strconv.Atoi: parsing "x": invalid syntax'),
        ({"op": "add", "path": "", "value": 1}, 'add operation does not apply: doc is missing path: "": missing value'),
        ({"op": "replace", "path": "/a/b", "value": 1},
         "replace operation does not apply: doc is missing path: /a/b: missing value"),
        ({"op": "move", "path": "/x"},
         "move operation failed to decode from: operation, missing from field: missing value"),
        ({"op": "copy", "from": "/name"}, "copy operation failed to decode path: missing value"),
        ({"op": "nope"}, "Unexpected kind: nope"),
        (None, "Unexpected kind: unknown"),
    ],
)  # fmt: skip
def test_what_does_not_apply_is_refused(operation: Any, text: str) -> None:
    assert refused(operation) == f"failed to apply JSON patch: {text}"


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("/name", 5, "json: cannot unmarshal number into Go struct field Container.name of type string"),
        ("/ports", [{"containerPort": 1.5}],
         "json: cannot unmarshal number 1.5 into Go struct field ContainerPort.ports.containerPort of type int32"),
        ("/livenessProbe", {"httpGet": {"port": True}},
         "json: cannot unmarshal bool into Go struct field "
         "HTTPGetAction.livenessProbe.ProbeHandler.httpGet.port of type int32"),
        ("/resources/limits", "x",
         "json: cannot unmarshal string into Go struct field ResourceRequirements.resources.limits of type "
         "v1.ResourceList"),
    ],
)  # fmt: skip
def test_what_go_cannot_read_back_is_refused(path: str, value: Any, text: str) -> None:
    assert refused({"op": "add", "path": path, "value": value}) == text
