"""Targets, durations and settings."""

from __future__ import annotations

import hashlib

import pytest

from migrate.model.config import Config
from migrate.model.duration import seconds, spoken
from migrate.model.errors import Failed
from migrate.model.json import Json, canonical, digest
from migrate.model.target import Target, parse_target
from migrate.planning.configuration import read_config, scan_settings


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("git:HelmRelease/monitoring/stack", Target("git", "HelmRelease", "monitoring/stack")),
        ("vault:policy/mig-monitoring-grafana", Target("vault", "policy", "mig-monitoring-grafana")),
        ("vault:database/static-roles/mig-grafana", Target("vault", "database/static-roles", "mig-grafana")),
        ("postgres:role/grafana_vault", Target("postgres", "role", "grafana_vault")),
        ("cluster:Secret/monitoring/x", Target("cluster", "Secret", "monitoring/x")),
    ],
)
def test_a_target_is_one_string_both_ways(text: str, target: Target) -> None:
    assert parse_target(text) == target
    assert str(target) == text


@pytest.mark.parametrize("text", ["", "git:", "git:X", "nowhere:a/b", "git:/x", "vault:policy/"])
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a target"):
        parse_target(text)


def test_a_policy_has_an_api_path_of_its_own() -> None:
    assert parse_target("vault:policy/p").path == "sys/policies/acl/p"
    assert parse_target("vault:auth/jwt/role/r").path == "auth/jwt/role/r"


@pytest.mark.parametrize(
    ("text", "length"), [("2h", 7200), ("720h", 2592000), ("1h30m", 5400), ("30d", 2592000), ("0s", 0)]
)
def test_durations_are_read_as_seconds(text: str, length: int) -> None:
    assert seconds(text) == length
    assert seconds(spoken(length)) == length


@pytest.mark.parametrize("text", ["", "2", "h", "2 h", "-1h", "2hh"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        seconds(text)


@pytest.mark.parametrize("data", [None, b"", b"---\n", b"# nothing\n"])
def test_no_settings_are_the_defaults(data: bytes | None) -> None:
    assert read_config(data) == Config()


def test_overrides_reach_the_scan() -> None:
    text = b"overrides:\n  - {secret: a/b, verdict: keep, reason: agreed}\nbootstrap: [x/y]\n"
    settings = scan_settings(read_config(text))
    assert settings.overrides["a/b"].reason == "agreed"
    assert settings.bootstrap == {"x/y"}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b"databse: {}\n", "databse"),
        (b"prefix: Mig\n", "prefix"),
        (b"soak: {cutover: soon}\n", r"soak\.cutover"),
        (b"overrides: [{secret: a/b, verdict: move, reason: x}]\n", r"overrides\.0\.verdict"),
        (b"overrides: [{secret: a/b, verdict: keep, reason: ''}]\n", r"overrides\.0\.reason"),
        (b"- a\n", "the file"),
        (b"a: [\n", "migrate.yaml"),
    ],
)
def test_a_wrong_setting_is_named(text: bytes, key: str) -> None:
    with pytest.raises(Failed, match=key):
        read_config(text)


@pytest.mark.parametrize("part", ["table: public.user", "column: order", "key: end"])
def test_a_column_that_sql_would_read_as_something_else_is_refused(part: str) -> None:
    name, _, value = part.partition(": ")
    said = {"database": "app", "table": "public.notes", "column": "body", "workload": "apps/notes"} | {name: value}
    lines = "\n      ".join(f"{key}: {text}" for key, text in said.items())
    with pytest.raises(Failed) as found:
        read_config(f"transit:\n  columns:\n    - {lines.strip()}\n".encode())
    assert "reserved word" in found.value.happened


@pytest.mark.parametrize(
    "value",
    [
        None,
        1.5,
        "ü\udcff",
        [],
        {},
        [1, [2, [3, {"z": 1, "a": [{}, []]}]]],
        {"b": [], "a": {"d": {"f": 1, "e": 2}}, "": None},
    ],
)
def test_a_digest_taken_piece_by_piece_is_that_of_the_whole_canonical_form(value: Json) -> None:
    assert digest(value) == hashlib.sha256(canonical(value)).hexdigest()
