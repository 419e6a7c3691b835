"""What a role of the PKI engine says for one client: exactly its name, for a while, and nothing else.

Whatever Vault would fill in more widely than that is said here, so that a reading shows any widening as a change:
by default a role allows `localhost`, IP addresses and wildcards, keys for servers, and RSA
(https://developer.hashicorp.com/vault/api-docs/secret/pki#create-update-role).
"""

from __future__ import annotations

import re

from migrate.model.json import Json
from migrate.model.target import Target
from migrate.targets.compare import differing

BACKDATED = 30
"""Seconds before its issue from which on a certificate is good: clocks differ."""
_LETTERS = re.compile(r"[^a-z0-9]+")


def client_role(name: str, life: int) -> dict[str, Json]:
    """The role whose certificates bear `name` and live at most `life` seconds."""
    return {
        "allowed_domains": [name],
        "allow_bare_domains": True,
        "allow_any_name": False,
        "allow_glob_domains": False,
        "allow_subdomains": False,
        "allow_localhost": False,
        "allow_wildcard_certificates": False,
        "allowed_domains_template": False,
        "allow_ip_sans": False,
        "allowed_uri_sans": [],
        "allowed_other_sans": [],
        "enforce_hostnames": True,
        # `disabled` would leave the common name unchecked altogether, exact names or not.
        "cn_validations": ["hostname"],
        "require_cn": True,
        "key_type": "ec",
        "key_bits": 256,
        "key_usage": ["DigitalSignature"],
        "ext_key_usage": [],
        "client_flag": True,
        "server_flag": False,
        "code_signing_flag": False,
        "email_protection_flag": False,
        "ttl": life,
        "max_ttl": life,
        # Agents reckon their renewal from here on: with a life not much longer than this they would never be content.
        "not_before_duration": BACKDATED,
        # What is not stored cannot be revoked; with leases every login of an agent would end a certificate.
        "no_store": False,
        "generate_lease": False,
        "issuer_ref": "default",
    }


def server_role(hosts: list[str], life: int) -> dict[str, Json]:
    """The role whose certificates bear some of these hosts and no other name, for servers."""
    return client_role(hosts[0], life) | {
        "allowed_domains": list[Json](hosts),
        "client_flag": False,
        "server_flag": True,
        "key_usage": ["DigitalSignature", "KeyAgreement"],
    }


def unlike(target: Target, found: Json, name: str, life: int) -> list[str]:
    """The fields in which a role is not the one for this client, in the order of their names."""
    return sorted(differing(target, found, client_role(name, life)))


def certificate_name(owner: str) -> str:
    """The login that a certificate stands for, and its common name: what both a host name and a login may be."""
    return _LETTERS.sub("-", owner.lower()).strip("-") + "-cert"


def left_at_renewal(life: int, percent: int) -> int:
    """Seconds that a certificate still lives when the agent asks for the next one: an outage may last as long."""
    return life * (100 - percent) // 100
