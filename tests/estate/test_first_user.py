"""The first user's estate: every secret accounted for, each for the right reason, and by rule rather than by name."""

from __future__ import annotations

import re

import pytest

from migrate.estate.inventory import Inventory
from tests.estate.trees import FIRST_USER, ROOT, load, scan, secret

pytestmark = [
    pytest.mark.estate,
    pytest.mark.skipif(not FIRST_USER.is_dir(), reason="the estates that lie beside the project are absent"),
]

ADAPT = {
    "ai-agents/openclaw-secrets": "adapt.command-wrapped",
    "auth/oauth2-proxy-secrets": "adapt.config-rendered",
    "cloudflare-ddns/cloudflare-api-token": "adapt.env-file",
    "dex/dex-config-rendered": "adapt.config-rendered",
    "dex/dex-google-secrets": "adapt.config-rendered",
    "monitoring/tazlab-db-pguser-grafana": "adapt.env-file",
}


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return scan(load(FIRST_USER))


def test_the_totals_are_those_of_a_correct_reading(inventory: Inventory) -> None:
    assert inventory.totals() == {"externalSecrets": 22, "ready": 0, "adapt": 6, "code": 1, "keep": 13, "orphan": 2}


def test_all_are_wired_through_flux(inventory: Inventory) -> None:
    assert inventory.wiring.how == "flux"
    assert all(item.wired for item in inventory.secrets)


@pytest.mark.parametrize(("name", "code"), ADAPT.items())
def test_what_moves_says_how(inventory: Inventory, name: str, code: str) -> None:
    assert secret(inventory, name).reasons[0].code == code


def test_the_distroless_app_needs_a_code_change(inventory: Inventory) -> None:
    found = secret(inventory, "tazlab-db/mnemosyne-mcp-secrets")
    assert (found.verdict, found.reasons[0].code) == ("code", "code.env-only")


def test_every_keep_names_its_reader(inventory: Inventory) -> None:
    kept = [item for item in inventory.secrets if item.verdict == "keep"]
    assert all(item.reasons[0].reader is not None for item in kept)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("tazlab-db/s3-backrest-creds", "keep.custom-resource"),
        ("flux-system/grafana-bootstrap-secret", "keep.flux-substitute"),
        ("tailscale/tailscale-operator-oauth", "keep.bootstrap-path"),
        ("traefik/wildcard-tls-external", "keep.ingress-tls"),
    ],
)
def test_what_stays_says_why(inventory: Inventory, name: str, code: str) -> None:
    assert secret(inventory, name).reasons[0].code == code


def test_the_tailnet_credential_names_helm_as_its_reader_too(inventory: Inventory) -> None:
    codes = [reason.code for reason in secret(inventory, "tailscale/tailscale-operator-oauth").reasons]
    assert "keep.helm-values" in codes


def test_bootstrap_secrets_are_found_by_their_place(inventory: Inventory) -> None:
    names = {f"{item.namespace}/{item.name}" for item in inventory.bootstrap}
    assert {"external-secrets/vault-eso-token", "external-secrets/vault-ca-cert"} <= names
    assert "tailscale/tailscale-operator-oauth" in names


def test_the_store_knows_where_vault_is(inventory: Inventory) -> None:
    (store,) = inventory.stores
    assert (store.provider, store.mount, store.version, store.references) == ("vault", "secret", "v2", 22)


def _renamed(files: dict[str, bytes], inventory: Inventory) -> dict[str, bytes]:
    """Every namespace, Secret and ExternalSecret under another name, every manifest in another file."""
    words = {item.namespace for item in inventory.secrets} | {item.name for item in inventory.secrets}
    words |= {item.target for item in inventory.secrets} | {item.name for item in inventory.bootstrap}
    words -= {"flux-system"}
    names = {word: f"zz{index}q" for index, word in enumerate(sorted(words, key=len, reverse=True))}
    fields = re.compile(
        rb"(?m)((?:name|namespace|secretName|targetNamespace|credentialSecret): +[\"']?)([-a-z0-9.]+)([\"']?\s*$)"
    )

    def new_name(match: re.Match[bytes]) -> bytes:
        word = match.group(2).decode()
        return match.group(1) + names.get(word, word).encode() + match.group(3)

    return {path: fields.sub(new_name, data) for path, data in files.items()}


def test_verdicts_do_not_hang_on_names(inventory: Inventory) -> None:
    renamed = scan(_renamed(load(FIRST_USER), inventory))
    assert renamed.totals() == inventory.totals()
    assert not {item.id for item in renamed.secrets if "flux-system" not in item.id} & {
        item.id for item in inventory.secrets
    }


def test_without_its_ingress_a_certificate_is_an_orphan(inventory: Inventory) -> None:
    files = load(FIRST_USER)
    path = secret(inventory, "traefik/wildcard-tls-external").file
    before, _, _ = files[path].partition(b"\n---\n")
    assert b"ExternalSecret" in before
    files[path] = before + b"\n"
    changed = scan(files)
    assert secret(changed, "traefik/wildcard-tls-external").verdict == "orphan"
    assert changed.totals()["keep"] == inventory.totals()["keep"] - 1


def test_no_name_of_the_estate_stands_in_the_package(inventory: Inventory) -> None:
    """Product names that happen to be namespaces there (dex, traefik) are profile data and English, not names."""
    own = {item.name for item in inventory.secrets} | {item.target for item in inventory.secrets}
    own |= {item.name for item in inventory.bootstrap} - {"flux-system"}
    own |= {"tazlab", "lushycorp", "mnemosyne", "openclaw"}
    text = "\n".join(path.read_text() for path in (ROOT / "migrate").rglob("*.py"))
    assert [name for name in sorted(own) if name in text] == []
