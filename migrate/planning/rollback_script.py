"""`rollback.sh`: the way back as a plain script, for the day this tool is not at hand.

It uses git, kubectl, vault and psql, holds no secret value, and leaves alone what is not as the plan left it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from migrate.model.change import Change, Doc, Irreversible, inverted
from migrate.model.json import Json, mapping
from migrate.model.plan import STAGES, Plan, Step
from migrate.model.target import Target
from migrate.targets.sql import script

_HEAD = """\
#!/bin/sh
# Takes back plan {name} (digest {digest}).
# Run it in a clean checkout of the repository, on a branch of its own. It needs git, kubectl, vault and psql, logged
# in as for the plan: VAULT_ADDR and VAULT_TOKEN, PGHOST and the like for an administrator. It holds no secret value.
# What is not as the plan left it is left alone and named; then the exit code is 7. Running it twice does no harm.
# Every question can be answered beforehand with ASSUME_YES=1.
set -eu
held=0

hold() {{ echo "left alone: $*" >&2; held=1; }}

ask() {{
  [ "${{ASSUME_YES:-}}" = 1 ] && return 0
  printf '%s [type yes] ' "$1" >&2
  read -r answer
  [ "$answer" = yes ] || {{ echo "stopped here; run it again to go on" >&2; exit 6; }}
}}

# restore FILE LEFT FOUND...: put back the blob the step found, if the file still is the blob the step left.
# A file that is at what the step found, or at what an earlier step found, was never changed or is back already.
restore() {{
  now=none
  [ ! -e "$1" ] || now=$(git hash-object --no-filters -- "$1")
  file=$1 left=$2 found=$3
  shift 2
  for one in "$@"; do [ "$now" != "$one" ] || return 0; done
  set -- "$file" "$left" "$found"
  [ "$now" = "$2" ] || {{ hold "$1 was changed after the plan"; return 0; }}
  if [ "$3" = none ]; then rm -- "$1"; else
    git cat-file -e "$3" || {{ hold "$1: git does not have blob $3"; return 0; }}
    git cat-file blob "$3" > "$1"
  fi
  git add -A -- "$1"
}}

commit() {{ git diff --cached --quiet || git commit -q -m "$1"; }}

has_login() {{ [ "$(psql -XAtq -d "$1" -c "select 1 from pg_roles where rolname = '$2'")" = 1 ]; }}

exists() {{ vault read "$1" >/dev/null 2>&1; }}
"""

_TAIL = """
[ "$held" = 0 ] || exit 7
echo "everything of the plan is taken back"
"""


def rollback_script(plan: Plan, name: str, digest: str) -> str:
    """The script, newest step first; the question between Git and the servers stands where pods must leave first."""
    parts = [_HEAD.format(name=name, digest=digest)]
    found = _found(plan)
    for stage in reversed(STAGES):
        steps = [step for step in reversed(plan.steps) if step.stage == stage]
        if steps:
            # Whatever is still in Git still needs what expand made.
            parts.append('\n[ "$held" = 0 ] || exit 7\n' if stage == "expand" else "")
            parts.append(f"\n# === {stage} " + "=" * (100 - len(stage)) + "\n")
        parts += [_step(step, found) for step in steps]
        if stage == "cutover" and steps:
            parts.append(_leave(plan))
    return "".join(parts) + _TAIL


def _leave(plan: Plan) -> str:
    namespace, _, deployment = plan.unit.partition("/")
    return (
        "\n# The workload must be back on its old credential before the new one goes.\n"
        'ask "Are the commits above merged, and has Flux applied them?"\n'
        f"kubectl -n {shlex.quote(namespace)} rollout status {shlex.quote('deployment/' + deployment)} --timeout=15m\n"
    )


def _found(plan: Plan) -> dict[tuple[str, str], list[str]]:
    """For each step and file the blobs found by it and by every step before it, newest first."""
    answer, sofar = dict[tuple[str, str], list[str]](), dict[str, list[str]]()
    for step in plan.steps:
        for edit in step.change.files:
            sofar[edit.file] = [edit.before or "none", *sofar.get(edit.file, [])]
            answer[step.id, edit.file] = sofar[edit.file]
    return answer


def _step(step: Step, found: dict[tuple[str, str], list[str]]) -> str:
    lines = ["\n# " + " ".join(f"{step.id}: {step.summary}".split())]
    if isinstance(step.change.undo, Irreversible):
        lines.append(f"# remains: {step.change.undo.remains}")
        lines.append(f"# dealt with by: {step.change.undo.compensates or 'nothing in this plan'}")
    return "\n".join([*lines, *_commands(step, found)]) + "\n"


def _commands(step: Step, found: dict[tuple[str, str], list[str]]) -> Iterator[str]:
    change = step.change
    match change.target.store:
        case "git":
            for edit in reversed(change.files):
                blobs = " ".join(found[step.id, edit.file])
                yield f"restore {shlex.quote(edit.file)} {edit.after or 'none'} {blobs}"
            yield f"commit {shlex.quote(f'Take back {step.id}')}"
        case "postgres":
            yield from _psql(change)
        case "vault":
            yield from _vault(change)
        case "cluster":
            return
    for target in change.replaces:
        yield "# agents sleep out the old time to live and would serve a dead password: replace the pods at once"
        yield from _restart(target)


def _restart(target: Target) -> Iterator[str]:
    workload = f"{target.kind.lower()}/{target.short}"
    yield f"kubectl -n {shlex.quote(target.namespace)} rollout restart {shlex.quote(workload)}"


def _psql(change: Change) -> Iterator[str]:
    found = script(inverted(change))
    database, login = shlex.quote(found.database), shlex.quote(change.target.name)
    yield f"if has_login {database} {login}; then"
    yield f"  psql -X -v ON_ERROR_STOP=1 -1 -d {database} <<'SQL'"
    yield from found.statements
    yield "SQL"
    yield "fi"


def _vault(change: Change) -> Iterator[str]:
    path = shlex.quote(change.target.path)
    if isinstance(change.before, Doc):
        body = json.dumps(_written(change.before.value), indent=2, ensure_ascii=False)
        yield f"if exists {path}; then"
        yield f"  vault write {path} - <<'JSON'"
        yield body
        yield "JSON"
        yield "fi"
    elif change.target.kind == "policy":
        yield f"vault policy delete {shlex.quote(change.target.name)}"
    else:
        yield f"vault delete {path}"


def _written(value: Json) -> Json:
    return dict(mapping(value))
