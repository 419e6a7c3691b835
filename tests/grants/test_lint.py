"""What is granted and was not meant is found, by a code that stays; what is meant as it stands is left alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from migrate.grants.findings import CODES
from migrate.grants.lint import Conventions, findings
from migrate.grants.reading import UnreadableError, read_policy
from migrate.grants.roles import role_findings
from migrate.model.json import Json

READ = '{ capabilities = ["read"] }'
WRITE = '{ capabilities = ["create", "update"] }'


def codes(text: str, name: str = "mig-watch-boards") -> list[str]:
    return [one.code for one in findings(read_policy(name, text), Conventions())]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("policy.everything", f'path "*" {READ}'),
        ("policy.glob", f'path "secret/data/boards*" {READ}'),
        ("policy.segment-wildcard", f'path "secret/data/+/boards" {READ}'),
        ("policy.star-inside", f'path "secret/data/*/boards" {READ}'),
        ("policy.sudo", 'path "secret/data/boards" { capabilities = ["read", "sudo"] }'),
        ("policy.shorthand", 'path "secret/data/boards" { policy = "read" }'),
        ("policy.empty", "# nothing\n"),
        ("policy.outside-prefix", f'path "database/static-creds/boards" {READ}'),
        ("policy.outside-prefix", f'path "auth/jwt/role/boards" {READ}'),
        ("policy.kv-no-data", f'path "secret/boards" {READ}'),
        ("policy.kv-list-on-data", 'path "secret/data/boards" { capabilities = ["read", "list"] }'),
        ("policy.kv-metadata", 'path "secret/metadata/boards" { capabilities = ["delete"] }'),
        ("policy.kv-destroys", f'path "secret/destroy/boards" {WRITE}'),
        ("policy.writes-policies", f'path "sys/policies/acl/mig-boards" {WRITE}'),
        ("policy.writes-policies", f'path "sys/policy/mig-boards" {WRITE}'),
        ("policy.writes-roles", f'path "auth/jwt/role/mig-boards" {WRITE}'),
        ("policy.writes-roles", f'path "auth/approle/role/mig-boards" {WRITE}'),
        ("policy.writes-connections", f'path "database/config/mig-boards" {WRITE}'),
        ("policy.makes-tokens", f'path "auth/token/create" {WRITE}'),
        ("policy.makes-tokens", f'path "identity/entity" {WRITE}'),
        ("policy.reaches-system", f'path "sys/mounts/mig-x" {WRITE}'),
        ("policy.transit-creates", f'path "transit/encrypt/mig-boards" {WRITE}'),
        ("policy.transit-exports", f'path "transit/export/encryption-key/mig-boards" {READ}'),
        ("policy.pki-signs-anything", f'path "pki/sign-verbatim/mig-boards" {WRITE}'),
    ],
)
def test_an_over_grant_is_found(code: str, text: str) -> None:
    assert code in codes(text)


@pytest.mark.parametrize(
    "text",
    [
        f'path "secret/data/boards" {READ}',
        f'path "database/static-creds/mig-boards" {READ}',
        'path "transit/encrypt/mig-boards" { capabilities = ["update"] }',
        'path "pki/issue/mig-boards" { capabilities = ["update"] }',
        'path "secret/data/boards" { capabilities = ["deny"] }',
        'path "secret/metadata/boards" { capabilities = ["read", "list"] }',
        'path "database/config/" { capabilities = ["list"] }',
        'path "auth/token/renew-self" { capabilities = ["update"] }',
        '{"path": {"secret/data/boards": {"capabilities": ["read"]}}}',
    ],
)
def test_what_is_as_narrow_as_it_can_be_is_left_alone(text: str) -> None:
    assert codes(text) == []


def test_a_policy_that_says_whose_it_is_not_is_found() -> None:
    assert codes(f'path "secret/data/boards" {READ}', "boards") == ["policy.name"]


def test_a_text_that_is_fixed_to_the_letter_is_no_way_to_more() -> None:
    body = '{ capabilities = ["create", "update"]\n allowed_parameters = { "policy" = ["%s"] } }'
    assert codes('path "sys/policies/acl/mig-boards" ' + body % "a") == []
    assert codes('path "sys/policies/acl/mig-boards" ' + body % "a*") == ["policy.writes-policies"]
    anything = '{ capabilities = ["update"]\n allowed_parameters = { "policy" = ["a"]\n "*" = [] } }'
    assert codes('path "sys/policies/acl/mig-boards" ' + anything) == ["policy.writes-policies"]


def test_an_over_grant_that_is_meant_is_accepted_with_its_reason_and_no_other_is() -> None:
    text = f'# accepted policy.glob: reports are added every day\npath "secret/data/reports/*" {READ}\n'
    assert codes(text) == []
    assert codes(text + f'path "secret/data/more/*" {READ}') == ["policy.glob"]
    assert codes(text.replace(": reports are added every day", ":")) == ["policy.glob"]


def test_a_finding_names_the_line_and_what_to_write() -> None:
    text = f'# one\n\n/* two\n*/ path "secret/boards" {READ}\n'
    (found,) = findings(read_policy("mig-b", text), Conventions())
    assert (found.line, found.fix) == (4, 'path "secret/data/boards"')


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (1, 'path "a" { capabilities = ["raed"] }'),
        (2, '\npath "a+*" { capabilities = ["read"] }'),
        (3, 'path "a" {\n capabilities = "read" "list"\n}'),
        (1, 'path secret { capabilities = ["read"] }'),
        (3, 'path "a" {\n  capabilities = ["read"]\n'),
        (1, "{nonsense"),
        (1, 'path "a" { policy = "all" }'),
    ],
)
def test_what_vault_would_refuse_is_refused_with_its_line(line: int, text: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_policy("x", text)
    assert caught.value.line == line


def test_a_capability_that_vault_does_not_know_hides_nothing_else() -> None:
    with pytest.raises(UnreadableError) as caught:
        read_policy("mig-x", 'path "secret/data/a*" { capabilities = ["raed", "sudo"] }')
    assert caught.value.rest is not None
    assert {one.code for one in findings(caught.value.rest, Conventions())} == {"policy.glob", "policy.sudo"}


BOUND: dict[str, Json] = {
    "bound_subject": "system:serviceaccount:watch:boards", "bound_audiences": ["https://vault"],
    "token_policies": ["mig-watch-boards"], "token_max_ttl": 86400,
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("role.unbound", {"bound_subject": ""}),
        ("role.unbound", {"bound_subject": "", "bound_claims": {"/kubernetes.io/namespace": "watch"}}),
        ("role.wildcard", {"bound_subject": "system:serviceaccount:watch:*", "bound_claims_type": "glob"}),
        ("role.wildcard", {"bound_service_account_names": ["*"], "bound_service_account_namespaces": ["watch"]}),
        ("role.no-audience", {"bound_audiences": []}),
        ("role.policies", {"token_policies": ["mig-watch-boards", "admin"]}),
        ("role.for-ever", {"token_max_ttl": 0}),
    ],
)
def test_a_login_that_is_wider_than_one_workload_is_found(code: str, changed: dict[str, Json]) -> None:
    role = {**BOUND, **changed}
    assert code in [one.code for one in role_findings("auth/jwt/role/mig-x", role, "mig-")]


def test_a_login_of_one_account_for_one_policy_is_left_alone() -> None:
    assert not [*role_findings("auth/jwt/role/mig-x", dict(BOUND), "mig-")]
    assert not [*role_findings("auth/jwt/role/mig-x", {**BOUND, "token_max_ttl": 0, "token_period": 3600}, "mig-")]


def test_every_code_is_explained_with_its_fix() -> None:
    text = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()
    rows = re.findall(r"^\| `((?:policy|role)\.[a-z-]+)` \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert sorted(code for code, _, _ in rows) == sorted(CODES)
