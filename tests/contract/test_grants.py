"""What we say a policy allows is what a real Vault says of it, and what we read of a text is what Vault reads."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.grants.access import capabilities
from migrate.grants.reading import UnreadableError, read_policy
from migrate.model.json import strings
from migrate.stores.vault.api import Api
from tests.contract.servers import ROOT, Servers

pytestmark = pytest.mark.lab(level="vault")

_PART = st.sampled_from(["a", "b", "ab", "+", "data", "a*"])
_PATH = st.lists(_PART, min_size=1, max_size=4).map("/".join)
_RULE = st.tuples(
    st.builds(lambda path, star: path.replace("*", "") + star, _PATH, st.sampled_from(["", "", "*", "/*"])),
    st.sets(st.sampled_from(["read", "list", "update", "create", "delete", "deny"]), min_size=1, max_size=3),
)
_ASKED = st.lists(st.lists(st.sampled_from(["a", "b", "ab", "abc", "data"]), min_size=1, max_size=4).map("/".join))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_RULE, min_size=1, max_size=4), min_size=1, max_size=2), _ASKED)
def test_vault_agrees_on_what_any_policies_allow(
    servers: Servers, policies: list[list[tuple[str, set[str]]]], asked: list[str]
) -> None:
    texts = ["\n".join(f'path "{path}" {{ capabilities = {json.dumps(sorted(caps))} }}' for path, caps in one)
             for one in policies]  # fmt: skip
    if any("+*" in text for text in texts):
        return  # Vault refuses it, and so do we (tests/grants/test_lint.py)
    rules = [rule for text in texts for rule in read_policy("x", text).rules]

    said = _vault_says(servers, texts, asked)

    assert {path: set(capabilities(rules, path)) for path in asked} == said


def _vault_says(servers: Servers, texts: list[str], asked: list[str]) -> dict[str, set[str]]:
    root = Api(servers.vault, servers.ca, lambda: ROOT)
    names = [f"any-{number}" for number, _ in enumerate(texts)]
    for name, text in zip(names, texts, strict=True):
        assert root.ask("put", f"sys/policies/acl/{name}", {"policy": text}).ok
    made = root.ask("post", "auth/token/create", {"policies": names, "no_default_policy": True})
    found = root.ask("post", "sys/capabilities", {"token": made.auth["client_token"], "paths": asked}).data
    return {path: set(strings(found.get(path))) - {"deny"} for path in asked}


@pytest.mark.parametrize(
    "text",
    [
        'path "a" { capabilities = ["read"] }',
        'path "a" {\n  capabilities = ["read",\n "list",]\n  // why\n}\n# end',
        'path "/a" { policy = "write" }',
        '/* x */ path "a b" { capabilities = ["read"] max_wrapping_ttl = "1h" }',
        'name = "x"\npath "a" { capabilities = ["read"] }',
        'path "a" { capabilities = ["read"] allowed_parameters = { "x" = [] "y" = ["1", "2"] } }',
        'path "a\\"b" { capabilities = ["read"] }',
        '{"path": {"a": {"capabilities": ["read"]}}}',
        '{"path": [{"a": {"capabilities": ["read"]}}, {"b": {"capabilities": ["list"]}}]}',
        'path "a" { capabilities = ["raed"] }',
        'path "a+*" { capabilities = ["read"] }',
        'path "a" { capabilities = ["read" }',
        'path "a" capabilities = ["read"]',
        'path "a" { policy = "all" }',
        'path "a" { capabilities = ["read"] } }',
    ],
)
def test_vault_and_we_agree_on_what_is_a_policy(servers: Servers, text: str) -> None:
    taken = Api(servers.vault, servers.ca, lambda: ROOT).ask("put", "sys/policies/acl/text", {"policy": text}).ok
    try:
        read_policy("x", text)
        ours = True
    except UnreadableError:
        ours = False
    assert ours == taken
