"""Opening a run on what is there already: the part that `migrate recover` and `migrate baseline` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migrate.cli.place import Known
from migrate.model.errors import Refused, Stopped

if TYPE_CHECKING:
    from migrate.cli.place import Place
    from migrate.engine.adopting import Found
    from migrate.model.json import Json
    from migrate.planning.loading import Loaded
    from migrate.stores.runs import RunFolder


def looked(plan: Path, estate: Path | None, world: Path | None) -> tuple[Place, Loaded, tuple[Found, ...]]:
    """The plan, where it belongs, and what is there of every step. Raises Refused, Unreachable."""
    from migrate.cli.connect import connect
    from migrate.cli.place import place
    from migrate.cli.show import read_plan
    from migrate.engine.admission import admit
    from migrate.engine.adopting import found

    loaded, where = read_plan(plan), place(estate, world)
    admit(loaded.plan, loaded.name, practice=where.world is not None)
    connections = connect(where, loaded)
    connections.insist_on(loaded.plan)
    stores = connections.stores
    return where, loaded, found(loaded.plan, lambda step: stores[step.change.target.store].read(step.change))


Events = list[tuple[str, "dict[str, Json]"]]


def opened(where: Place, loaded: Loaded, steps: tuple[Found, ...], events: Events, how: str) -> None:
    """A new journal that says what is there. Raises Refused where the run is there already, Locked."""
    from migrate.cli.apply import opening
    from migrate.cli.driving import seated
    from migrate.cli.place import now, watcher
    from migrate.engine.adopting import run_of
    from migrate.engine.fold import Run
    from migrate.stores.runs import RunFolder
    from migrate.views.console import dumped, say

    where.runs.prepare()
    name = run_of(steps, loaded.name) or _damaged(where, loaded) or where.runs.fresh(loaded.name, now())
    folder = RunFolder(where.runs.folder / "runs" / name)
    if folder.path.exists():
        _set_aside(folder)
        where.runs.write(folder.plan, dumped(loaded.document))
    else:
        folder = where.runs.create(name, dumped(loaded.document))
    told = watcher(how, where, as_json=False)
    with seated(where, Known(folder, loaded, Run()), f"migrate: {how}", told) as seat:
        seat.note("run.opened", **opening(seat, name), how=how)
        for kind, data in events:
            seat.note(kind, **data)
    there = len({str(data["step"]) for _, data in events})
    text = f"{name}: {how}; {there} of {len(loaded.plan.steps)} steps are there"
    say(text, "migrate status, then migrate resume or migrate rollback", where.options)


def _damaged(where: Place, loaded: Loaded) -> str | None:
    """The run of this plan that cannot be read: where nothing bears its mark, it is the one that is rebuilt."""
    from migrate.cli.place import known

    for folder in where.runs.all():
        if folder.id.startswith(f"{loaded.name}-"):
            try:
                known(folder)
            except Stopped:
                return folder.id
    return None


def _set_aside(folder: RunFolder) -> None:
    """Keep a damaged journal under another name. Raises Refused where the journal is whole, or a newer version's."""
    from migrate.cli.place import known, now

    try:
        one = known(folder)
    except Stopped:
        if folder.journal.exists():
            folder.journal.rename(folder.path / f"journal.damaged-{now():%Y%m%dT%H%M%S}.jsonl")
        return
    if one is not None:
        raise Refused(
            f"run {folder.id} is here, and its journal is whole",
            undone="nothing was written",
            following="migrate status, then migrate resume or migrate rollback",
        )
