"""`migrate.yaml` adds what only an image's owners know: how it takes a secret from a file."""

from __future__ import annotations

import pytest

from migrate.estate.inventory import Inventory, Secret
from migrate.model.errors import Failed
from migrate.planning.configuration import read_config, scan_settings
from tests.estate.trees import deployment, env, external, scan, secret

APP = deployment(env("db", image="registry.example.org/team/shop:2.1"))


def scanned(settings: str, workload: str = APP) -> Inventory:
    return scan({"all.yaml": external("db") + workload}, scan_settings(read_config(settings.encode())))


def judged(settings: str, workload: str = APP) -> Secret:
    return secret(scanned(settings, workload), "apps/db")


def test_without_an_adapter_an_unknown_image_reads_the_environment_only() -> None:
    assert judged("").reasons[0].code == "code.env-only"


@pytest.mark.parametrize(
    "pattern", ["team/shop", "shop", "registry.example.org/team/*", "registry.example.org/team/shop", "*/shop"]
)
def test_an_adapter_names_the_variable_that_takes_a_file(pattern: str) -> None:
    found = judged(f"adapters: {{'{pattern}': '*'}}")
    assert (found.verdict, found.reasons[0].code) == ("adapt", "adapt.env-file")
    assert "_FILE (says migrate.yaml)" in found.reasons[0].text


def test_it_may_name_variables_and_how_the_other_one_is_called() -> None:
    fits = "adapters: {team/shop: {env: [OTHER, 'PASS*'], fileEnv: '{env}__PATH'}}"
    assert "PASSWORD__PATH" in judged(fits).reasons[0].text
    assert judged("adapters: {team/shop: {env: [OTHER]}}").reasons[0].code == "code.env-only"


def test_it_may_say_that_all_settings_come_from_a_file() -> None:
    found = judged("adapters: {team/shop: {config: /etc/shop.yaml}}")
    assert found.reasons[0].code == "adapt.config-rendered"
    assert "(says migrate.yaml)" in found.reasons[0].text


def test_it_may_say_that_there_is_no_shell_to_wrap_a_command_with() -> None:
    wrapped = APP.replace("{name: main,", "{name: main, command: [/shop],")
    assert judged("", wrapped).reasons[0].code == "adapt.command-wrapped"
    assert judged("adapters: {team/shop: {shell: false}}", wrapped).reasons[0].code == "code.env-only"


def test_it_adds_to_what_is_known_of_an_image_and_takes_nothing_away() -> None:
    postgres = deployment(env("db", "POSTGRES_PASSWORD", "postgres:16"))
    assert judged("", postgres).reasons[0].code == judged("adapters: {postgres: X}", postgres).reasons[0].code
    assert judged("adapters: {postgres: X}", postgres).verdict == "adapt"


def test_an_adapter_or_override_that_fits_nothing_is_reported() -> None:
    inventory = scanned("adapters: {team/shpo: '*'}\noverrides: [{secret: apps/dc, verdict: keep, reason: x}]")
    told = [finding.text for finding in inventory.findings if finding.code == "settings.no-effect"]
    assert told == [
        "overrides: there is no ExternalSecret apps/dc",
        "adapters: no image that reads a secret fits team/shpo",
    ]
    assert not [finding for finding in scanned("adapters: {team/shop: '*'}").findings if "settings" in finding.code]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("adapters: {a: {}}", "adapters.a"),
        ("adapters: {a: {env: X, fileEnv: X_FILE}}", "adapters.a.fileEnv"),
        ("adapters: {a: {config: etc/x}}", "adapters.a.config"),
        ("adapters: {a: {evn: X}}", "adapters.a.evn"),
        ("adapters: [a]", "adapters"),
    ],
)
def test_a_wrong_adapter_is_named(text: str, key: str) -> None:
    with pytest.raises(Failed, match=key):
        read_config(text.encode())
