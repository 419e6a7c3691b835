"""What a plan leaves for people without this tool: patches, policies, SQL and `rollback.sh`, as names and bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from migrate.model.change import Doc, inverted
from migrate.model.json import Json, mapping
from migrate.model.plan import Plan, Step
from migrate.model.target import Target
from migrate.planning import rights
from migrate.planning.rollback_script import rollback_script
from migrate.targets.sql import script


def export(plan: Plan, name: str, digest: str, sources: Sequence[str] = ()) -> dict[str, bytes]:
    """Every file, by its path in the export folder. Nothing in them is secret.

    `sources`: paths in Vault whose values the run compares with their copies; its policy then lets it read them.
    """
    files = dict(_patches(plan)) | dict(rights.files(plan, name, sources))
    for number, step in enumerate(plan.steps, 1):
        files |= dict(_policy(step))
        files |= dict(_sql(step, number))
    files["rollback.sh"] = rollback_script(plan, name, digest).encode()
    return files


def _patches(plan: Plan) -> Iterator[tuple[str, bytes]]:
    taken = dict[str, int]()
    for pair in plan.patches:
        stem = _stem(pair.target)
        taken[stem] = taken.get(stem, 0) + 1
        # Two steps may change one object: the second pair gets a number, and goes on top of the first.
        stem += f".{taken[stem]}" if taken[stem] > 1 else ""
        yield f"patches/{stem}.forward.json", _json(list(pair.forward))
        yield f"patches/{stem}.inverse.json", _json(list(pair.inverse))


def _stem(target: Target) -> str:
    namespace = target.namespace.replace("/", "-")
    parts = [namespace, target.kind.lower(), target.short] if namespace else [target.kind.lower(), target.short]
    return re.sub(r"[^A-Za-z0-9._-]", "-", "-".join(parts))


def _json(value: Json) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _policy(step: Step) -> Iterator[tuple[str, bytes]]:
    after = step.change.after
    if step.change.target.kind == "policy" and isinstance(after, Doc):
        yield f"policies/{step.change.target.name}.hcl", str(mapping(after.value).get("policy")).encode()


def _sql(step: Step, number: int) -> Iterator[tuple[str, bytes]]:
    change = step.change
    if change.target.store != "postgres":
        return
    there = sql_file(step, number)
    for name, found in ((there, script(change)), (there.replace(".sql", ".inverse.sql"), script(inverted(change)))):
        if not found.statements:
            continue  # the job's work, or what is never taken back
        head = [
            f"-- {step.id}: {step.summary}",
            f"-- as an administrator: psql -v ON_ERROR_STOP=1 -1 -d '{found.database}' -f THIS",
        ]
        if any(":'password'" in line for line in found.statements):
            head.append("-- set the variable first, so that it shows in no history: \\prompt 'password: ' password")
        body = [*head, *found.statements]
        yield name, ("\n".join(body) + "\n").encode()


def sql_file(step: Step, number: int) -> str:
    """Where the export has the statements of a step, the `number`th from 1 in its plan."""
    return f"sql/{number:02}-{step.change.target.short}.sql"
