"""How a change reads for people and for the stores: statements, requests, diffs. Both ways, from the same values.

The inverse is never written down by anybody: it is rendered from the change, here, when planning and again when
a plan is loaded, and the two must agree.
"""

from __future__ import annotations

from migrate.model.change import Change, Doc, FileEdit, Input, inverted
from migrate.model.json import Json, mapping
from migrate.targets import ownership
from migrate.targets.columns import batches
from migrate.targets.lasting import Keep, Leave, Undoable, lasting
from migrate.targets.sql import script
from migrate.targets.transit import is_key, key_request


def forward(change: Change) -> dict[str, Json]:
    """The change as the plan file holds it: what is written, what is filled in at the time, and how it is asked for."""
    answer = _asked(change)
    if change.inputs:
        answer["inputs"] = [_input(one) for one in change.inputs]
    if change.files:
        answer["files"] = [_file(one) for one in change.files]
    if change.replaces:
        answer["replacesPodsOnUndo"] = [str(target) for target in change.replaces]
    return answer


def backward(change: Change) -> dict[str, Json]:
    """The inverse as the plan file holds it."""
    match lasting(change):
        case Leave(why) | Keep(why):
            return {"stays": why}
        case Undoable():
            answer = _asked(inverted(change))
    if change.files:
        answer["files"] = [
            {"file": one.file, "before": one.after, "after": one.before, "diff": reversed_diff(one.diff)}
            for one in reversed(change.files)
        ]
    if change.replaces:
        answer["replacePods"] = [str(target) for target in change.replaces]
    return answer


def _input(one: Input) -> Json:
    shares: dict[str, Json] = {"shares": str(one.shares)} if one.shares else {}
    return {"field": one.field, "source": one.source, **shares}


def _file(edit: FileEdit) -> Json:
    return {
        "file": edit.file,
        "before": edit.before,
        "after": edit.after,
        "edits": list(edit.edits),
        "diff": edit.diff,
        "masked": edit.masked,
    }


def _asked(change: Change) -> dict[str, Json]:
    if change.target.store == "postgres":
        found = script(change)
        work = batches(change)
        return {"database": found.database, "sql": list(found.statements), **({"batches": list(work)} if work else {})}
    if change.target.store == "vault":
        return {"requests": [_request(change)]}
    if change.target.kind == ownership.KIND:
        return {"object": f"Secret {change.target.name}", "patch": ownership.planned(change)}
    return {}


def _request(change: Change) -> Json:
    """One request to Vault. Inputs are named in it, never filled in."""
    if not isinstance(change.after, Doc):
        return {"method": "DELETE", "path": change.target.path}
    if is_key(change.target):
        path, wanted = key_request(change)
        return {"method": "POST", "path": path, "body": wanted}
    body = dict(mapping(change.after.value))
    for one in change.inputs:
        body[one.field] = f"<{one.field}>"
    method = "PUT" if change.target.kind == "policy" else "POST"
    return {"method": method, "path": change.target.path, "body": body}


def reversed_diff(diff: str) -> str:
    """The same diff read backwards: what was added is removed."""
    lines, answer, header = diff.split("\n"), list[str](), list[str]()
    for line in lines:
        if line.startswith(("--- ", "+++ ")) and len(header) < 2:
            header.append(line[4:])
            if len(header) == 2:
                answer += [f"--- {_side(header[1], 'a')}", f"+++ {_side(header[0], 'b')}"]
        elif line.startswith("@@ "):
            _, old, new, end = line.split(" ", 3)
            answer.append(f"@@ -{new[1:]} +{old[1:]} {end}")
        else:
            answer.append(_swapped(line))
    return "\n".join(_removals_first(answer))


def _side(path: str, side: str) -> str:
    return path if path == "/dev/null" else f"{side}/{path[2:]}"


def _swapped(line: str) -> str:
    return {"+": "-", "-": "+"}.get(line[:1], line[:1]) + line[1:]


def _removals_first(lines: list[str]) -> list[str]:
    """Within a run of changed lines the removed ones come first, as every diff has it."""
    answer, removed, added = list[str](), list[str](), list[str]()
    last = removed
    for number, line in enumerate(lines):
        if number < 2 or not line.startswith(("+", "-", "\\")):
            answer += [*removed, *added, line]
            removed, added = [], []
            last = removed
            continue
        if not line.startswith("\\"):
            last = removed if line.startswith("-") else added
        last.append(line)
    return [*answer, *removed, *added]
