"""What the checks on certificates are shown, and what they must say to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from migrate.checks.answer import Fail, Inconclusive, Pass
from migrate.model.json import Json
from migrate.targets.pki import client_role
from tests.checks.looking import ABOUT, LATER, Case

_AT = {one: f"vault:pki/{one}" for one in ("roles", "issued")}
MOUNT, AUTHORITY = "vault:sys/mounts/pki", "vault:pki/authority/default"
ROLE, ISSUED = f"{_AT['roles']}/{ABOUT['pki_role']}", f"{_AT['issued']}/boards_vault"
POLICY, HBA, USED = "vault:policy/mig-watch-grafana", "postgres:server/hba", "postgres:certificates/boards_vault"
LOGIN, LOADED, DEPLOYMENT = "postgres:role/boards_vault", "postgres:server/revoked", "cluster:Deployment/watch/grafana"
_ASKED = {
    "role": "auth/jwt/role/mig-watch-grafana",
    "audience": "https://vault.example",
    "path": ABOUT["path"],
    "name": "boards_vault",
    "database": "boards",
    "host": ABOUT["server_name"],
}
TRIED = "cluster:CertificateLogin/watch/grafana?" + urlencode(_ASKED)

_ISSUES: dict[str, Json] = dict(client_role("boards_vault", int(ABOUT["life"])))
_GRANTED = f'path "{ABOUT["path"]}" {{\n  capabilities = ["update"]\n}}\n'
_ROLE: dict[str, Json] = {ROLE: _ISSUES, POLICY: {"policy": _GRANTED}}
_LATER, _MUCH_LATER, _SOON = "2026-03-11T11:31:00+00:00", "2026-03-11T11:40:00+00:00", "2026-03-04T12:10:00+00:00"
_POD: dict[str, Json] = {"name": "grafana-1", "started": LATER, "ready": True, "agent": True}
_ROLLED: dict[str, Json] = {"replicas": 1, "updated": 1, "ready": 1, "pods": [_POD]}


def issued(*until: str, revoked: tuple[str, ...] = ()) -> dict[str, Json]:
    """Certificates called a, b, ... that end then, each good from half a minute before it was issued."""
    valid: list[Json] = [
        {"serial": "abcdef"[at], "since": _earlier(end), "until": end, "by": "01:02"} for at, end in enumerate(until)
    ]
    return {ISSUED: {"valid": valid, "revoked": list[Json](revoked)}}


def _earlier(end: str) -> str:
    return (datetime.fromisoformat(end) - timedelta(seconds=int(ABOUT["life"]) + 30)).isoformat()


def used(*serials: str, without: int = 0) -> dict[str, Json]:
    """Sessions with these certificates."""
    return {USED: {"count": len(serials) + without, "without": without, "serials": list[Json](serials)}}


def rules(*found: dict[str, Json]) -> dict[str, Json]:
    """Host-based rules, each for everybody unless it says otherwise."""
    everyone: dict[str, Json] = {"type": "hostssl", "databases": ["all"], "users": ["all"], "method": "md5"}
    return {HBA: {"rules": [everyone | {"address": "all"} | one for one in found]}}


_CUT: dict[str, Json] = {
    ISSUED: {
        "valid": [
            {"serial": "a", "since": "2026-03-04T11:31:00+00:00", "until": _SOON},
            {"serial": "b", "since": "2026-03-04T11:40:00+00:00", "until": _SOON},
        ],
        "revoked": [],
    }
}
"""Certificates that end with their authority, sooner than the role would have them."""
_OURS: dict[str, Json] = {"users": ["boards_vault"], "databases": ["boards"], "method": "cert"}

CASES = [
    Case("pki.mount", Pass, {MOUNT: {"type": "pki"}, AUTHORITY: {"until": "2036-01-01T00:00:00+00:00"}}),
    Case("pki.mount", Fail, {MOUNT: None}),
    Case("pki.mount", Fail, {MOUNT: {"type": "kv"}}),
    Case("pki.mount", Fail, {MOUNT: {"type": "pki"}, AUTHORITY: None}),
    Case("pki.mount", Inconclusive, {MOUNT: {"type": "pki"}, AUTHORITY: {"until": "2026-03-12T00:00:00+00:00"}}),
    Case("pki.mount", Fail, {MOUNT: {"type": "pki"}, AUTHORITY: {"until": "2026-03-01T00:00:00+00:00"}}),
    Case("pki.mount", Inconclusive, {MOUNT: {}}),
    Case("pki.role-names", Pass, _ROLE),
    Case("pki.role-names", Fail, _ROLE | {ROLE: _ISSUES | {"allow_subdomains": True}}),
    Case("pki.role-names", Fail, _ROLE | {ROLE: _ISSUES | {"allowed_domains": ["boards_vault", "postgres"]}}),
    Case("pki.role-names", Fail, _ROLE | {ROLE: _ISSUES | {"cn_validations": ["disabled"]}}),
    Case("pki.role-names", Fail, _ROLE | {ROLE: _ISSUES | {"max_ttl": 0}}),
    Case("pki.role-names", Fail, _ROLE | {ROLE: None}),
    Case("pki.role-names", Fail, _ROLE | {POLICY: None}),
    Case("pki.role-names", Fail, _ROLE | {POLICY: {"policy": _GRANTED.replace('"update"', '"read", "update"')}}),
    Case("pki.role-names", Fail, _ROLE | {POLICY: {"policy": _GRANTED + 'path "pki/*" { capabilities = ["update"] }'}}),
    Case("pki.role-names", Inconclusive, _ROLE | {POLICY: {}}),
    Case("db.hba-cert", Pass, rules(_OURS, {})),
    Case("db.hba-cert", Pass, rules({"users": ["other"]}, {"databases": ["other"]}, _OURS, {})),
    Case("db.hba-cert", Fail, rules({}, _OURS)),
    Case("db.hba-cert", Fail, rules({"users": ["+boards"], "address": "10.0.0.0/8"}, _OURS)),
    Case("db.hba-cert", Inconclusive, rules({})),
    Case("db.hba-cert", Inconclusive, {HBA: {}}),
    Case("db.tls-client", Pass, {TRIED: {"allowed": True, "session": "boards_vault", "current": "boards"}}),
    Case("db.tls-client", Pass, {}, {"account_comes": "with the cutover"}),
    Case("db.tls-client", Fail, {TRIED: {"allowed": True, "session": "boards_vault", "current": "boards_vault"}}),
    Case("db.tls-client", Fail, {TRIED: {"allowed": False, "why": "tlsv1 alert unknown ca"}}),
    Case("db.tls-client", Fail, {TRIED: {"allowed": False, "why": "SSL error: certificate verify failed"}}),
    # pg_hba_file_rules shows the file at once, and PostgreSQL goes by it only after a reload.
    Case("db.tls-client", Inconclusive, {TRIED: {"allowed": False, "why": "fe_sendauth: no password supplied"}}),
    Case("db.tls-client", Inconclusive, {TRIED: {"allowed": False, "why": "FATAL:  no pg_hba.conf entry for host"}}),
    Case("db.tls-client", Inconclusive, {TRIED: {}}),
    Case("cert.life", Pass, used("a") | issued(_LATER)),
    Case("cert.life", Pass, used("a", "b") | issued(_SOON, _LATER)),
    Case("cert.life", Fail, used("a") | issued(_SOON, _LATER)),
    Case("cert.life", Fail, used("gone") | issued(_LATER)),
    Case("cert.life", Fail, used("a", "r") | issued(_LATER, revoked=("r",))),
    Case("cert.life", Fail, used("a", without=1) | issued(_LATER)),
    Case("cert.life", Inconclusive, used()),
    Case("cert.renewed", Pass, {DEPLOYMENT: _ROLLED} | used("b") | issued(_LATER, _MUCH_LATER)),
    Case("cert.renewed", Pass, {DEPLOYMENT: _ROLLED} | used("b") | _CUT),
    Case("cert.renewed", Inconclusive, {DEPLOYMENT: _ROLLED} | used("a") | issued(_LATER, _MUCH_LATER)),
    Case("cert.renewed", Inconclusive, {DEPLOYMENT: _ROLLED} | used("a") | issued(_LATER)),
    Case("cert.renewed", Inconclusive, {DEPLOYMENT: _ROLLED} | used("a") | issued(_LATER, _SOON)),
    Case("cert.renewed", Inconclusive, {DEPLOYMENT: _ROLLED | {"ready": 0}} | used("b") | issued(_LATER, _MUCH_LATER)),
    Case("pki.one-authority", Pass, issued(_LATER, _SOON) | {AUTHORITY: {"key": "01:02"}}),
    Case("pki.one-authority", Pass, issued() | {AUTHORITY: {"key": "03:04"}}),
    Case("pki.one-authority", Inconclusive, issued(_LATER) | {AUTHORITY: {"key": "03:04"}}),
    Case("pki.one-authority", Inconclusive, issued(_LATER) | {AUTHORITY: None}),
    Case("pki.revoked", Pass, issued(_LATER) | {LOGIN: None}),
    Case("pki.revoked", Pass, issued(_LATER) | {LOGIN: {"login": False}}),
    Case("pki.revoked", Pass, issued() | {LOGIN: {"login": True}, LOADED: {"serials": []}}),
    Case("pki.revoked", Pass, issued(revoked=("r",)) | {LOGIN: {"login": True}, LOADED: {"serials": ["r"]}}),
    Case("pki.revoked", Inconclusive, issued(revoked=("r",)) | {LOGIN: {"login": True}, LOADED: {"serials": []}}),
    Case("pki.revoked", Inconclusive, issued(_LATER) | {LOGIN: {"login": True}, LOADED: {"serials": []}}),
]
