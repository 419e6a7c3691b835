"""The policies of the tool's own tokens: what a plan needs to be made, and what its one run may do in Vault.

Made from the plan's own steps: each path by its exact name with the rights that the step needs for itself and its undo,
and the values it may write. Whatever a new kind of step needs, it says in `needs`, and gets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migrate.catalog import shelf
from migrate.injector.oneshot import LENT_FOR
from migrate.model.change import Absent, Change, Doc, inverted
from migrate.model.config import Config
from migrate.model.json import Json, mapping, text_at
from migrate.model.plan import Plan, Step
from migrate.model.target import Target
from migrate.planning.phases import all_phases, certificate_selects
from migrate.targets.kv import metadata_path
from migrate.targets.transit import is_key, key_request, shown_at
from migrate.targets.vault import body, marked

_COMPARING = frozenset(("kv.value-equal", "eso.serves"))
"""Checks that look at values."""
_RENDERS = "agent.renders"
"""The check that runs a workload's agent."""
_NEED = re.compile(r"vault: (?P<rights>[a-z, ]+) on (?P<path>\S+)")


def plan_policy(config: Config, auth: str, paths: Iterable[str] = ()) -> str:
    """What it takes to plan and to watch in this estate. `auth`: the mount of workload logins; `paths`: those of
    KV version 2 that its secrets are copied from."""
    pki = next((select.mounted(config.vault.pki) for select in certificate_selects(all_phases())), "pki")
    names = {"prefix": config.prefix, "database": config.vault.database.strip("/"), "auth": auth, "pki": pki}
    names["transit"] = config.transit.mount.strip("/")
    names["rules"] = "\n".join(_versions(paths))
    return _filled("migrate-plan", names)


def apply_policy(plan: Plan, name: str, sources: Iterable[str] = ()) -> str:
    """What the run of a plan may do. `sources`: paths whose values are compared with their copies."""
    pinned = (path for gate in plan.gates for path in _pinned(dict(gate.about)))
    rules = [*_written(plan, name), *_looked_at(plan), *_lent(plan), *_versions(pinned), *_compared(sources)]
    return _filled("migrate-apply", {"policy": apply_name(name), "plan": name, "rules": "\n".join(rules)})


def rotate_policy(plan: Plan, name: str) -> str | None:
    """The right to rotate by hand what the plan made; None where it made nothing that rotates."""
    roles = dict.fromkeys(
        step.change.target for step in plan.steps if step.change.target.kind.endswith("/static-roles")
    )
    rules = [_rule(f"{_mount(role)}/rotate-role/{role.name}", {"update"}) for role in roles]
    names = {"policy": f"migrate-rotate-{name}", "plan": name, "rules": "\n".join(rules)}
    return _filled("migrate-rotate", names) if rules else None


def apply_name(name: str) -> str:
    """What the policy of a plan's run is called in Vault."""
    return f"migrate-apply-{name}"


def files(plan: Plan, name: str, sources: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The policies as an export holds them, by path."""
    if any(step.change.target.store == "vault" for step in plan.steps):
        yield f"policies/{apply_name(name)}.hcl", apply_policy(plan, name, sources).encode()
    if (found := rotate_policy(plan, name)) is not None:
        yield f"policies/migrate-rotate-{name}.hcl", found.encode()


def _filled(template: str, names: dict[str, str]) -> str:
    text = (shelf("policies") / f"{template}.hcl").read_text(encoding="utf-8")
    for key, value in names.items():
        text = text.replace(f"# ${{{key}}}\n", f"{value}\n") if key == "rules" else text.replace(f"${{{key}}}", value)
    return text


@dataclass(slots=True)
class _Write:
    """Everything a plan does to one path. What shows a target is read before and after it is written."""

    rights: set[str] = field(default_factory=lambda: {"read"})
    values: dict[str, list[Json] | None] = field(default_factory=dict)
    """By field, what it may be; None where Vault cannot fix it, or it is a password."""

    def may_be(self, key: str, value: Json) -> None:
        """One more value that a field may have."""
        known = self.values.setdefault(key, [])
        if not _fixable(value) or known is None:
            self.values[key] = None
        elif value not in known:
            known.append(value)


def _fixable(value: Json) -> bool:
    """Whether Vault compares it as it stands: not a number (its type is lost), not a text it takes for a pattern."""
    match value:
        case bool():
            return True
        case str():
            return not (value.startswith("*") or value.endswith("*"))
        case list():
            return all(isinstance(one, str) for one in value)
        case dict():
            return all(isinstance(one, str) for one in value.values())
    return False


def _written(plan: Plan, name: str) -> Iterator[str]:
    found = dict[str, _Write]()
    for step in plan.steps:
        if step.change.target.store == "vault":
            _add(found, step, name)
        _need(found, step, _engines(plan))
    for fact in plan.facts:
        if fact.target.store == "vault":  # what stood there already is read again before anything is written
            found.setdefault(shown_at(fact.target), _Write())
    for path, write in found.items():
        yield _rule(path, write.rights, write.values)


def _add(found: dict[str, _Write], step: Step, name: str) -> None:
    change = step.change
    own = found.setdefault(shown_at(change.target), _Write())
    for path, key, value in (*_fields(change, name), *_fields(inverted(change), "")):
        found.setdefault(path, _Write(set())).may_be(key, value)  # a request's own path is read only if it shows
    for one in change.inputs:
        own.values[one.field] = None


def _need(found: dict[str, _Write], step: Step, engines: Collection[str]) -> None:
    """What a step says that it needs in Vault, whichever store it writes: rows are sealed with a key there."""
    for need in step.needs:
        if said := _NEED.fullmatch(need):
            rights = {one.strip() for one in said["rights"].split(",")}
            if said["path"] == step.change.target.path:
                rights &= {"read", *_asked(step.change, engines), *_asked(inverted(step.change), engines)}
            elif said["path"] == f"sys/mounts/{_mount(step.change.target)}":
                continue  # seen in the list of all mounts, which is a smaller right
            found.setdefault(said["path"], _Write(set())).rights |= rights


_UNCHECKED = ("policy", "keys", "rotation")
"""Kinds of which Vault does not look whether they are there: making one is `update` to it (seen with 1.21)."""


def _asked(change: Change, engines: Collection[str]) -> set[str]:
    """What Vault asks for when this is written: whether something is made or changed, it mostly tells apart."""
    kind = change.target.kind.rpartition("/")[2]
    match change.before, change.after:
        case _, Absent():
            return {"delete"}
        case Absent(), _ if kind not in _UNCHECKED and _mount(change.target) not in engines:
            return {"create"}
    return {"update"}


def _fields(change: Change, name: str) -> Iterator[tuple[str, str, Json]]:
    """Path, field and value of what one request writes. `name`: the plan that is named in policies; none on the way
    back, which restores what was there."""
    if not isinstance(change.after, Doc):
        return
    path, said = _request(change, change.after)
    for key, value in said.items():
        ours = name and change.target.kind == "policy" and key == "policy"
        yield path, key, marked(str(value), name) if ours else value


def _request(change: Change, after: Doc) -> tuple[str, dict[str, Json]]:
    if is_key(change.target):
        return key_request(change)
    return change.target.path, body(change.target, after.value)


def _looked_at(plan: Plan) -> Iterator[str]:
    """What checks look at besides: whether engines are mounted, which certificates are good, which leases are left."""
    engines = _engines(plan)
    if engines or any(key == "mount" for gate in plan.gates for key, _ in gate.about):
        yield "\n# Whether the engine is mounted."
        yield _rule("sys/mounts", {"read"})
    for mount in engines:
        yield "\n# Which certificates are good still, and which are revoked; never a key."
        yield _rule(f"{mount}/certs/", {"list"})
    roles = (one for one in _vault(plan) if one.kind.endswith("/roles") and _mount(one) not in engines)
    for role in dict.fromkeys(roles):
        yield "\n# Whether logins of the role are left. Vault wants sudo for it, so it is this one prefix and no other."
        yield "# accepted policy.sudo: leases can be counted in no other way"
        yield _rule(f"sys/leases/lookup/{_mount(role)}/creds/{role.name}/", {"list", "sudo"})


def _engines(plan: Plan) -> dict[str, None]:
    """The mounts of certificates that a plan's checks look at."""
    return dict.fromkeys(value for gate in plan.gates for key, value in gate.about if key == "pki_mount")


def _lent(plan: Plan) -> Iterator[str]:
    """Tokens that a workload's agent is run with where its ServiceAccount comes with the cutover only."""
    asked = [dict(gate.about) for gate in plan.gates if gate.id.partition("@")[0] == _RENDERS]
    policies = dict.fromkeys(about["policy"] for about in asked if about["account_comes"])
    if policies:
        yield (
            "\n# A token of minutes with a workload's own policy, to see what its agent would write.\n"
            "# accepted policy.sudo: Vault wants it for a policy that one does not have; it can be none but these\n"
            "# accepted policy.makes-tokens: what they may and how long they live is fixed here"
        )
        may_be: dict[str, list[Json] | None] = {
            "policies": list[Json]([policy] for policy in policies),
            "ttl": [LENT_FOR],
            "renewable": [False],
        }
        yield _rule("auth/token/create", {"update", "sudo"}, may_be, required=("policies", "ttl"))


def _pinned(about: Mapping[str, str]) -> Iterable[str]:
    pins: dict[str, Json] = json.loads(about.get("pins") or "{}")
    return pins


def _versions(paths: Iterable[str]) -> Iterator[str]:
    for number, path in enumerate(dict.fromkeys(paths)):
        if not number:
            yield "\n# Which version each is at: numbers and times. The values stand elsewhere."
        yield _rule(metadata_path(path), {"read"})


def _compared(sources: Iterable[str]) -> Iterator[str]:
    for number, path in enumerate(dict.fromkeys(sources)):
        if not number:
            yield (
                "\n# Whether the copies still equal what Vault holds: compared in memory, never shown. Without these\n"
                "# the checks kv.value-equal and eso.serves are inconclusive, and want your word instead."
            )
        yield _rule(path, {"read"})


def _vault(plan: Plan) -> Iterator[Target]:
    return (step.change.target for step in plan.steps if step.change.target.store == "vault")


def _mount(target: Target) -> str:
    return target.kind.rpartition("/")[0]


_ORDER = ("create", "read", "update", "patch", "delete", "list", "sudo")


def _rule(
    path: str, rights: set[str], values: dict[str, list[Json] | None] | None = None, required: Sequence[str] = ()
) -> str:
    capabilities = ", ".join(f'"{one}"' for one in _ORDER if one in rights)
    lines = [f'path "{path}" {{', f"  capabilities = [{capabilities}]"]
    if values and rights & {"create", "update"}:
        lines += ["  allowed_parameters = {"]
        lines += [f"    {json.dumps(key)} = [{', '.join(map(_hcl, one or []))}]" for key, one in values.items()]
        lines += ["  }"]
    if required:
        lines += [f"  required_parameters = [{', '.join(map(json.dumps, required))}]"]
    return "\n".join([*lines, "}"])


def _hcl(value: Json) -> str:
    match value:
        case list():
            return "[" + ", ".join(map(_hcl, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{json.dumps(key)} = {_hcl(one)}" for key, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def sources(plan: Plan, mounts: dict[tuple[str, str], list[str]]) -> list[str]:
    """Where the values lie that a plan's checks compare with their copies. `mounts`: such paths by secret."""
    if not any(gate.id.partition("@")[0] in _COMPARING for gate in plan.gates):
        return []
    moved = [mapping(one) for one in plan.verdicts if mapping(one).get("inPhase") is True]
    keys = [(text_at(one, "namespace") or "", text_at(one, "name") or "") for one in moved]
    return [path for key in keys for path in mounts.get(key, [])]
