"""The role and the policy offered for cert-manager on a real Vault: asked as cert-manager asks, and wider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from migrate.cli.plan import read_estate
from migrate.planning.certificate.ingress import offers
from migrate.planning.phases import phase_named
from migrate.stores.vault.api import Api
from tests.contract.mutual import new_authority
from tests.contract.servers import ROOT, missing, running
from tests.planning.estates import estate
from tests.planning.test_ingress import EDGE, ISSUER

pytestmark = [pytest.mark.lab(level="vault"), pytest.mark.timeout(300)]


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Api]:
    if why := missing():
        pytest.skip(why)
    with running(tmp_path) as servers:
        api = Api(servers.vault, servers.ca, lambda: ROOT)
        api.ask("post", "sys/mounts/pki", {"type": "pki", "config": {"max_lease_ttl": "87600h"}})
        api.ask("post", "sys/auth/jwt-lab", {"type": "jwt"})
        new_authority(api, "one")
        yield api


def asked(bearer: Api, *names: str, role: str = "mig-ingress") -> int:
    """A request as cert-manager signs and sends it; the status of the answer."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(alternatives, critical=False)
    text = request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    wanted = {
        "csr": text,
        "common_name": names[0],
        "alt_names": ",".join(names),
        "ip_sans": "",
        "uri_sans": "",
        "ttl": "720h0m0s",
        "exclude_cn_from_sans": "true",
    }
    return bearer.ask("post", f"pki/sign/{role}", wanted).status


def test_cert_manager_gets_what_the_ingresses_name_and_nothing_else(vault: Api, tmp_path: Path) -> None:
    made = offers(read_estate(estate(tmp_path / "e", issuer=ISSUER, edge=EDGE)), phase_named("phase3"))
    offer = {name.removeprefix("ingress/"): data.decode() for name, data in made.items()}
    assert vault.ask("post", "pki/roles/mig-ingress", json.loads(offer["pki-role.json"])).ok
    assert vault.ask("post", "sys/policies/acl/mig-ingress", {"policy": offer["policy.hcl"]}).ok
    assert vault.ask("post", "auth/jwt-lab/role/mig-ingress", json.loads(offer["login-role.json"])).ok
    token = vault.ask("post", "auth/token/create", {"policies": ["mig-ingress"]}).auth["client_token"]
    bearer = vault.bearing(str(token))
    assert asked(bearer, "shop.example", "www.shop.example") == 200
    assert asked(bearer, "old.example") == 200
    for other in ("other.example", "*.shop.example", "x.shop.example"):
        assert asked(bearer, other) == 400
        assert asked(bearer, "shop.example", other) == 400
    assert asked(bearer, "shop.example", role="elsewhere") == 403
    assert bearer.ask("post", "pki/issue/mig-ingress", {"common_name": "shop.example"}).status == 403
