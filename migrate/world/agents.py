"""The Vault agent in a pod: whether the webhook puts one there, what it logs in as, and what it writes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from migrate.estate.goevaluation import evaluated
from migrate.estate.gotemplate import TemplateFaultError
from migrate.injector.answer import answer
from migrate.injector.prediction import Mutated
from migrate.injector.settings import Settings
from migrate.injector.workload import read
from migrate.model.errors import Failed
from migrate.model.json import Json
from migrate.world import certificates, postgres, vault
from migrate.world.state import Draft, moment, written

PREFIX = "vault.hashicorp.com/"
_TEMPLATE = f"{PREFIX}agent-inject-template-"
_SECRET = re.compile(r'with secret "([^"]+)"')
_ISSUED = re.compile(r'with pkiCert "([^"]+)" "common_name=([^"]+)"')
_AUTHORITIES = re.compile(r'range secrets "([^"]+)/issuers/?"')
_KUBERNETES = "https://kubernetes.default.svc.cluster.local"


@dataclass(frozen=True, slots=True)
class Filled:
    """A template with what is at paths of Vault."""

    template: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its key, from a path that issues them. The world keeps its serial number."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Authorities:
    """Every authority of a mount, which anybody may read. The world keeps the mount."""

    mount: str


Written: TypeAlias = Filled | Certificate | Authorities
"""What an agent writes to one file."""


def admitted(draft: Draft, pod: dict[str, Json], namespace: str) -> tuple[bool, str]:
    """Whether the pod gets an agent, and why it is refused (empty where it is not)."""
    wanted = str(noted(pod).get(f"{PREFIX}agent-inject", "")).lower() in {"true", "1", "t"}
    injector = draft.objects.get("Injector/injector")
    if not wanted or injector is None:
        return False, ""
    if draft.faults.get("webhook"):
        refused = injector["spec"]["failurePolicy"] == "Fail"
        return False, 'failed calling webhook "vault.hashicorp.com": connection refused' if refused else ""
    address = injector["spec"]["address"] or "https://vault.invalid:8200"
    settings = Settings(address=address, revoke_on_shutdown=injector["spec"]["revokes"])
    try:
        found = answer(read(pod), namespace, settings, with_lint=False)
    except Failed as error:
        return False, error.happened
    if not found.allowed or found.server_refusals:
        why = found.message or "; ".join(found.server_refusals)
        return False, f'admission webhook "vault.hashicorp.com" denied the request: {why}'
    return isinstance(found.prediction, Mutated), ""


def noted(pod: dict[str, Any]) -> dict[str, Any]:
    """The pod's annotations."""
    return pod.get("metadata", {}).get("annotations") or {}


def files(pod: dict[str, Any]) -> dict[str, Written]:
    """What the agent writes, by file."""
    found, notes = dict[str, Written](), noted(pod)
    usual = str(notes.get(f"{PREFIX}secret-volume-path", "/vault/secrets"))
    for name, text in notes.items():
        content = _content(str(text)) if name.startswith(_TEMPLATE) else None
        if content is not None:
            secret = name.removeprefix(_TEMPLATE)
            file = notes.get(f"{PREFIX}agent-inject-file-{secret}", secret.lower())
            folder = notes.get(f"{PREFIX}secret-volume-path-{secret}", usual)
            found[f"{folder}/{file}"] = content
    return found


def _content(template: str) -> Written | None:
    if issued := _ISSUED.search(template):
        return Certificate(issued[1], issued[2])
    if mount := _AUTHORITIES.search(template):
        return Authorities(mount[1])
    paths = tuple(dict.fromkeys(one.partition("?")[0] for one in _SECRET.findall(template)))
    return Filled(template, paths) if paths else None


def audience(pod: dict[str, Any]) -> str:
    """Who the token is for that the agent logs in with."""
    name = noted(pod).get(f"{PREFIX}agent-service-account-token-volume-name")
    for volume in pod.get("spec", {}).get("volumes") or []:
        if name and volume.get("name") == name:
            for source in volume.get("projected", {}).get("sources") or []:
                return str(source.get("serviceAccountToken", {}).get("audience") or _KUBERNETES)
    return _KUBERNETES


def begin(draft: Draft, name: str, pod: dict[str, Any]) -> str:
    """Log in, read, write the files. Says what the init container waits for, where it cannot."""
    manifest = pod["spec"]["pod"]
    notes = noted(manifest)
    account = f"{name.partition('/')[0]}/{manifest['spec'].get('serviceAccountName') or 'default'}"
    mount = str(notes.get(f"{PREFIX}auth-path", "auth/kubernetes"))
    policies, why = vault.login(draft, account, f"{mount}/role/{pod['role']}", audience(manifest))
    reading = Reading(draft, policies, name)
    if why := why or reading.all(manifest):
        return f"vault-agent-init: {why}"
    pod["files"], pod["read"] = reading.contents, reading.read_at
    return ""


@dataclass(slots=True)
class Reading:
    """What an agent has read and written so far, under one login."""

    draft: Draft
    policies: list[str]
    pod: str
    contents: dict[str, str] = field(default_factory=dict)
    read_at: dict[str, int] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def all(self, pod: dict[str, Any]) -> str:
        """Write every file of a pod. Says why one cannot be, where it cannot."""
        found = (why for file, content in files(pod).items() if (why := self.write(file, content)))
        return next(found, "")

    def write(self, file: str, content: Written) -> str:
        """Write a file. Says why that cannot be done, where it cannot."""
        match content:
            case Authorities(mount):
                self.contents[file] = mount
                return ""
            case Certificate(path, name):
                if not vault.may(self.draft, self.policies, "update", path):
                    return f"403 permission denied on {path}"
                self.contents[file], why = certificates.issue(self.draft, path, name)
                return why
            case Filled():
                return self._fill(file, content)

    def _fill(self, file: str, content: Filled) -> str:
        for path in content.paths:
            if why := self._read(path):
                return why
        try:
            self.contents[file] = evaluated(
                content.template, None, lambda path: self.answers.get(path.partition("?")[0])
            )
        except TemplateFaultError as error:
            return f"template of {file}: {error}"
        return ""

    def _read(self, path: str) -> str:
        """Each path once: reading a dynamic one makes a login."""
        if not vault.may(self.draft, self.policies, "read", path):
            return f"403 permission denied on {path}"
        if path in self.answers:
            return ""
        data, period, why = _read(self.draft, path, self.pod)
        if not why:
            self.answers[path], self.read_at[path] = _answer(path, data), period
        return why


def _answer(path: str, data: dict[str, str]) -> dict[str, Any]:
    """As Vault's API answers a read: a KV mount of version 2 wraps what it holds once more."""
    return {"data": {"data": data}} if "/data/" in path else {"data": data}


def _read(draft: Draft, path: str, pod: str) -> tuple[dict[str, str], int, str]:
    """What is at a path, how long the agent sleeps on it at most, and why nothing is there."""
    static = draft.paths.get(path.replace("/static-creds/", "/static-roles/", 1)) if "/static-creds/" in path else None
    if static is not None:
        state = static["state"]
        return {"username": state["username"], "password": static["password"]}, state["rotation_period"], ""
    role_path = path.replace("/creds/", "/roles/", 1)
    role = draft.paths.get(role_path) if "/creds/" in path else None
    if role is not None:
        login, password, why = vault.issue(draft, role_path, role, pod)
        return {"username": login, "password": password}, 0, why
    mount, _, rest = path.partition("/data/")
    stored = draft.vault["kv"].get(f"{mount}/{rest}")
    return (dict(stored), 0, "") if stored is not None else ({}, 0, f"no secret exists at {path}")


def rotations(draft: Draft) -> None:
    """Passwords whose period is over, and those that somebody waits to live through, change."""
    if vault.closed(draft):
        return
    for path, role in vault.static_roles(draft):
        if role["state"].get("last_vault_rotation") is None:
            continue
        _read_again(draft, path, role)
        at = _rotation_time(draft, path, role)
        if at is not None and not vault.rotate(draft, path, role):
            role["state"]["last_vault_rotation"] = written(at)
            _notice(draft, path, role)


def _rotation_time(draft: Draft, path: str, role: dict[str, Any]) -> datetime | None:
    """When it rotates, if by now it has: always a little before now, since sessions come after it."""
    state = role["state"]
    if vault.due(draft, role):
        # Of many periods that went by unseen, only the newest rotation left anything.
        since, period = moment(state["last_vault_rotation"]), timedelta(seconds=state["rotation_period"])
        return min(since + (draft.now - since) // period * period, _just(draft))
    readers = _readers(draft, path)
    if not readers or not all(pod["ready"] for _, pod in readers):
        return None
    came = max(moment(pod["since"]) for _, pod in readers)
    if moment(state["last_vault_rotation"]) > came or draft.now - came < timedelta(milliseconds=1):
        return None
    return came + (draft.now - came) / 2


def _just(draft: Draft) -> datetime:
    return draft.now - timedelta(microseconds=1)


def _readers(draft: Draft, role: str) -> list[tuple[str, dict[str, Any]]]:
    path = vault.credentials_path(role)
    return [(name, pod) for name, pod in draft.of("Pod") if path in pod.get("read", {})]


def _read_again(draft: Draft, path: str, role: dict[str, Any]) -> None:
    """At the end of what they sleep on, agents read the next period; a longer one they sleep out from then on."""
    for _, pod in _readers(draft, path):
        name = vault.credentials_path(path)
        pod["read"][name] = max(pod["read"][name], role["state"]["rotation_period"])


def _notice(draft: Draft, path: str, role: dict[str, Any]) -> None:
    """Agents write the new password and restart the application; those that still sleep do not."""
    name = vault.credentials_path(path)
    for pod_name, pod in _readers(draft, path):
        if pod["read"][name] > role["state"]["rotation_period"]:
            continue
        now = {"data": {"username": role["state"]["username"], "password": role["password"]}}
        for file, content in files(pod["spec"]["pod"]).items():
            if isinstance(content, Filled) and name in content.paths:
                pod["files"][file] = evaluated(content.template, None, lambda _, now=now: now)  # type: ignore[misc]
        pod["restarts"] += 1
        postgres.hang_up(draft, pod_name)


def renewals(draft: Draft) -> None:
    """Certificates are renewed in time; the first time as soon as the pod that holds one has lived through nothing yet.

    Agents write the new one and restart the application. The old one stays good until it runs out.
    """
    if vault.closed(draft):
        return
    for name, pod in draft.of("Pod"):
        if not pod["ready"] or draft.now - moment(pod["since"]) < timedelta(milliseconds=1):
            continue
        for file, content in files(pod["spec"]["pod"]).items() if pod["agent"] else ():
            if isinstance(content, Certificate) and _due(draft, pod, file):
                pod["files"][file], pod["renewed"] = certificates.issue(draft, content.path, content.name)[0], True
                pod["restarts"] += 1
                postgres.hang_up(draft, name)


def _due(draft: Draft, pod: dict[str, Any], file: str) -> bool:
    held = next((one for one in certificates.issued(draft) if one["serial"] == pod["files"].get(file)), None)
    if held is None or held["role"] not in draft.paths:
        return False
    since, until = moment(held["since"]), moment(held["until"])
    return not pod.get("renewed") or draft.now > since + (until - since) / 2
