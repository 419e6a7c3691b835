"""What a plan about certificates offers for Ingresses: patches that git applies and takes back, in their order."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from migrate.cli.plan import read_estate
from migrate.documents.reader import load_all
from migrate.model.json import mapping
from migrate.planning.certificate.ingress import offers
from migrate.planning.phases import phase_named
from tests.planning.estates import SETTINGS, estate

TAZLAB = Path(__file__).parents[3] / "shared" / "estates" / "tazlab-k8s"
ISSUER = """\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec: {acme: {server: https://acme.example}}
"""
EDGE = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: edge, namespace: web}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target: {name: edge-tls}
  data:
    - secretKey: tls.crt
      remoteRef: {key: edge/CRT, property: value}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: web}
spec:
  tls:
    - hosts: [shop.example, www.shop.example]  # kept: this comment
      secretName: edge-tls
    - {hosts: ["*.example"], secretName: edge-tls}
    - hosts: ["${HOST}"]
      secretName: edge-tls
    - secretName: edge-tls
      hosts: [old.example]
"""


def offered(folder: Path) -> dict[str, str]:
    made = offers(read_estate(folder), phase_named("phase3"))
    return {name.removeprefix("ingress/"): data.decode() for name, data in made.items()}


def git(folder: Path, *words: str, text: str = "") -> None:
    subprocess.run(("git", *words), cwd=folder, check=True, input=text.encode(), capture_output=True)


def files(folder: Path) -> dict[Path, bytes]:
    return {one: one.read_bytes() for one in folder.rglob("*.yaml")}


def made(folder: Path, kind: str) -> list[dict[str, object]]:
    """Objects of a kind, as the files have them now."""
    values = [mapping(one.value) for file in sorted(folder.rglob("*.yaml")) for one in load_all(file.read_bytes())]
    return [dict(value) for value in values if value.get("kind") == kind]


def test_every_exact_name_gets_a_certificate_in_a_secret_of_its_own_and_then_its_ingress_reads_that(
    tmp_path: Path,
) -> None:
    folder = estate(tmp_path / "e", issuer=ISSUER, edge=EDGE)
    offer, before = offered(folder), files(folder)
    git(folder, "init", "-q")

    git(folder, "apply", "--unidiff-zero", "-", text=offer["1-issuer-and-certificates.patch"])
    assert [mapping(one["spec"])["dnsNames"] for one in made(folder, "Certificate")] == [  # type: ignore[arg-type]
        ["shop.example", "www.shop.example"],
        ["old.example"],
    ]
    (ingress,) = made(folder, "Ingress")
    assert "vault-tls" not in json.dumps(ingress), "nobody reads what is not there yet"

    git(folder, "apply", "--unidiff-zero", "-", text=offer["2-ingresses.patch"])
    text = (folder / "edge.yaml").read_text()
    assert "  # kept: this comment\n      secretName: shop-vault-tls\n" in text
    assert '{hosts: ["*.example"], secretName: edge-tls}' in text
    assert 'hosts: ["${HOST}"]\n      secretName: edge-tls\n' in text
    assert "- secretName: shop-vault-tls-3\n      hosts: [old.example]" in text

    git(folder, "apply", "-R", "--unidiff-zero", "-", text=offer["2-ingresses.patch"])
    git(folder, "apply", "-R", "--unidiff-zero", "-", text=offer["1-issuer-and-certificates.patch"])
    assert files(folder) == before


def test_issuer_and_roles_speak_of_one_account_one_path_and_these_names(tmp_path: Path) -> None:
    offer = offered(estate(tmp_path / "e", issuer=ISSUER, edge=EDGE, settings=SETTINGS + "vault: {pki: pki/lab}\n"))
    role, login = json.loads(offer["pki-role.json"]), json.loads(offer["login-role.json"])
    assert role["allowed_domains"] == ["old.example", "shop.example", "www.shop.example"]
    assert (role["server_flag"], role["client_flag"], role["allow_subdomains"]) == (True, False, False)
    assert 'path "pki/lab/sign/mig-ingress" {\n  capabilities = ["update"]\n}' in offer["policy.hcl"]
    assert login["bound_subject"] == "system:serviceaccount:cert-manager:mig-vault"
    assert "+    path: pki/lab/sign/mig-ingress\n" in offer["1-issuer-and-certificates.patch"]
    assert "+        mountPath: /v1/auth/jwt-lab\n" in offer["1-issuer-and-certificates.patch"]
    assert "*.example" not in "".join(offer.values())


@pytest.mark.parametrize("without", ["issuer", "edge"])
def test_nothing_is_offered_where_cert_manager_or_such_an_ingress_is_not_there(tmp_path: Path, without: str) -> None:
    texts = {"issuer": ISSUER, "edge": EDGE}
    del texts[without]
    assert offered(estate(tmp_path / "e", **texts)) == {}
    assert offers(read_estate(estate(tmp_path / "other", issuer=ISSUER, edge=EDGE)), phase_named("phase1")) == {}


def test_a_patch_shows_no_line_that_it_does_not_change(tmp_path: Path) -> None:
    hidden = ISSUER.replace("spec:", "# canary-in-a-comment\nspec:")
    assert "canary" not in "".join(offered(estate(tmp_path / "e", issuer=hidden, edge=EDGE)).values())


@pytest.mark.skipif(not TAZLAB.is_dir(), reason="the estates do not lie beside the project")
def test_the_first_users_ten_ingresses_are_offered_and_the_offer_is_taken_back_byte_by_byte(tmp_path: Path) -> None:
    folder = tmp_path / "e"
    subprocess.run(("cp", "-r", str(TAZLAB), str(folder)), check=True)
    offer, before = offered(folder), files(folder)
    git(folder, "init", "-q")
    for words in ((), ("-R",)):
        order = ("1-issuer-and-certificates.patch", "2-ingresses.patch")
        for name in order if not words else order[::-1]:
            git(folder, "apply", *words, "--unidiff-zero", "-", text=offer[name])
        if not words:
            assert len(made(folder, "Certificate")) == 10
    assert files(folder) == before
