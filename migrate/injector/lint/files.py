"""Traps about the files an application reads: names, templates, modes, places."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from migrate.injector.agent import Agent
from migrate.injector.lint.subject import Finding, Subject, error, info, key, warning
from migrate.injector.lint.trigger import OF_A_SECRET
from migrate.injector.secret import Secret

_KV2 = re.compile(r"[^/]+(?:/[^/]+)*?/data/.+")
_LEASED = re.compile(r"(?:^|/)(?:creds|sts|issue)/")
_PATH_IN_TEMPLATE = re.compile(r'(?P<by>secret|pkiCert)\s+"(?P<path>[^"]+)"')
_PRINTED = re.compile(r"\{\{-?\s*\.(?:Data\.)?(Cert|Key)\s*-?\}\}")


def findings(subject: Subject) -> Iterator[Finding]:
    """Traps about the files."""
    yield from _file_prefix(subject)
    agent = subject.agent
    if agent is None:
        return
    if agent.text("agent-configmap"):
        yield from _ignored(agent)
        return
    for item in agent.secrets:
        yield from _template(item)
        yield from _command(subject, agent, item)
        yield from _mode(subject, agent, item)
    yield from _collisions(agent)
    yield from _orphans(subject, agent)
    yield from _leases(agent)


def _file_prefix(subject: Subject) -> Iterator[Finding]:
    for name, text in sorted(subject.own.items()):
        secret = name.removeprefix("agent-inject-secret-")
        if secret != name and secret.startswith("file-"):
            yield error(
                "secret.file-prefix",
                f"The secret's name `{secret}` begins with `file-`: its template annotation would be read as a "
                f"template file for `{secret.removeprefix('file-')}`.",
                "Choose another name and set the file name with agent-inject-file-NAME.",
            )
        secret = name.removeprefix("agent-inject-template-file-")
        if secret != name and ("{{" in text or "\n" in text or (text and not text.startswith("/"))):
            yield error(
                "secret.file-prefix",
                f"{key(name)} is read as the path of a template for `{secret}`, not as a template for `file-{secret}`.",
                "Choose a name that does not begin with `file-`.",
            )


def _ignored(agent: Agent) -> Iterator[Finding]:
    if agent.secrets:
        yield warning(
            "configmap.ignores",
            f"With {key('agent-configmap')} the annotations about secrets, templates and login are ignored.",
            "Write the templates into the ConfigMap, or drop it.",
        )


def _template(item: Secret) -> Iterator[Finding]:
    own = bool(item.template or item.template_file)
    if not own and _KV2.fullmatch(item.path):
        yield error(
            "secret.kv2-default-template",
            f"`{item.raw}` reads KV version 2 with the default template, which writes the envelope "
            "(data: map[...], metadata: map[...]), not the value.",
            f"Add {key('agent-inject-template-' + item.raw)} with .Data.data.",
        )
    if own and item.path:
        yield info(
            "secret.path-ignored",
            f"{key('agent-inject-secret-' + item.raw)} fills the default template only; `{item.raw}` has its own.",
            "Remove it, or keep it as a note for readers.",
        )
    if own and not item.error_on_missing_key:
        yield warning(
            "secret.missing-key",
            f"A key that is missing in Vault writes `<no value>` into {item.destination}, and the pod starts.",
            f'Add {key("error-on-missing-key-" + item.raw)}: "true".',
        )


def _command(subject: Subject, agent: Agent, item: Secret) -> Iterator[Finding]:
    if not item.command:
        return
    if "|| true" not in item.command:
        yield warning(
            "command.exit-code",
            f"The command of `{item.raw}` runs in the init container too, and a failure counts as a template error.",
            "End it in `|| true`.",
        )
    shared = agent.switches.share_process_namespace and agent.switches.pre_populate
    if re.search(r"\bp?kill\b|\bkillall\b", item.command) and not (shared or subject.spec.get("shareProcessNamespace")):
        yield error(
            "command.process-namespace",
            f"The command of `{item.raw}` signals a process, but the agent does not see the application's.",
            f'Add {key("agent-share-process-namespace")}: "true" (it needs the init container).',
        )


def _mode(subject: Subject, agent: Agent, item: Secret) -> Iterator[Finding]:
    if not item.perms:
        yield info(
            "file.world-readable",
            f"{item.destination} gets mode 0644: every user in the containers that mount it can read it.",
            f'Add {key("agent-inject-perms-" + item.raw)}: "0400" and the application\'s user to the agent.',
        )
        return
    if not re.fullmatch(r"0?[0-7]{3}", item.perms) or int(item.perms, 8) & 0o044:
        return
    users = {user for container in subject.containers if (user := _user(subject, container)) is not None}
    if users and agent.switches.user not in users:
        yield error(
            "file.unreadable",
            f"{item.destination} is {item.perms} and belongs to {agent.switches.user}, "
            f"but the application runs as {', '.join(map(str, sorted(users)))}.",
            f'Set {key("agent-run-as-user")}: "{min(users)}".',
        )


def _user(subject: Subject, container: dict[str, object]) -> int | None:
    for context in (container.get("securityContext"), subject.spec.get("securityContext")):
        if isinstance(context, dict) and isinstance(context.get("runAsUser"), int):
            return int(context["runAsUser"])
    return None


def _collisions(agent: Agent) -> Iterator[Finding]:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for item in agent.secrets:
        places[item.destination].append(item.raw)
    if agent.switches.inject_token:
        places[f"{agent.text('secret-volume-path')}/token"].append("the Vault token")
    for place, names in places.items():
        if len(names) > 1:
            yield error(
                "secret.collision",
                f"{', '.join(sorted(names))} are all written to {place}; which one stays is chance.",
                f'Add {key("preserve-secret-case")}: "true", or agent-inject-file-NAME for all but one.',
            )


def _orphans(subject: Subject, agent: Agent) -> Iterator[Finding]:
    known = {item.raw for item in agent.secrets}
    for name in sorted(subject.own):
        for family in OF_A_SECRET:
            secret = name.removeprefix(f"{family}-")
            if secret != name and secret not in known:
                yield warning(
                    "secret.orphan",
                    f"{key(name)} belongs to no secret: nothing asks for `{secret}` in exactly this spelling.",
                    "Make the names equal, letter case included.",
                )


def _leases(agent: Agent) -> Iterator[Finding]:
    both = agent.switches.pre_populate and not agent.switches.pre_populate_only
    paths = [path for item in agent.secrets for path in [item.path, *_fetched(item.template)]]
    leased = sorted({path for path in paths if _LEASED.search(path)})
    if leased and both and not agent.switches.cache:
        yield error(
            "lease.twice",
            f"{', '.join(leased)}: init container and sidecar each fetch credentials of their own, and nobody "
            "renews those the application started with.",
            f'Add {key("agent-cache-enable")}: "true".',
        )


def _fetched(template: str) -> Iterator[str]:
    """Paths that a template asks at every start of an agent.

    `pkiCert` looks into the file it writes first, and asks for nothing while a good certificate with its key is there
    (consul-template, dependency/vault_pki.go; seen with the agent of Vault 1.21).
    """
    kept = set(_PRINTED.findall(template)) == {"Cert", "Key"}
    for found in _PATH_IN_TEMPLATE.finditer(template):
        if not (kept and found["by"] == "pkiCert"):
            yield found["path"]
