"""`migrate rehearse`: the very plan on disposable real servers, there, back and there again, watched by a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import plan_files
from migrate.cli.place import EstateOption, JsonOption, Place
from migrate.model.errors import Exit, MigrateError

if TYPE_CHECKING:
    from migrate.cli.rehearsing.ground import Ground, Site
    from migrate.cli.rehearsing.play import Played
    from migrate.cli.rehearsing.subject import Subject
    from migrate.planning.loading import Loaded
    from migrate.views.rehearse import Lines


@dataclass(frozen=True, slots=True)
class Brought:
    """What is to be rehearsed: an estate, a plan of it, and what an observer must know of that."""

    where: Place
    loaded: Loaded
    subject: Subject


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("rehearse")(rehearse)


def rehearse(
    plan: Annotated[
        Path | None,
        typer.Argument(
            help="The plan file, made from Git alone or for servers. Without it: phase 1 of the example, or of the "
            "folder that --estate names, in a copy with what that plan asks for first.",
            autocompletion=plan_files,
        ),
    ] = None,
    estate: EstateOption = None,
    eso: Annotated[str, typer.Option(help="Version of External Secrets Operator.")] = "v0.16.2",
    as_json: JsonOption = False,
) -> None:
    """Rehearse a plan on real servers of a lab: apply, merge, resume, verify, roll back, and again to the end.

    The lab is its own, has the estate's tree at the plan's commit and generated secrets, and is gone afterwards. Asks
    and writes nothing of the estate. Needs a lab of level full (migrate lab doctor).

    Exit 0 passed; 1 not a pass; 3 refused; 130 interrupted.
    """
    from migrate import __version__
    from migrate.cli.rehearsing import ground
    from migrate.views.rehearse import Lines

    lines = Lines(f"migrate {__version__}", as_json=as_json)
    with _told(lines), _ended_by_signals(), ground.site() as site:
        given = _brought(plan, estate) if plan else None
        ground.insist()
        code = _rehearsed(given or _made(estate, site.folder, lines), eso, site, lines)
    if code:
        raise typer.Exit(code)


def _brought(plan: Path, estate: Path | None) -> Brought:
    """The estate and its plan. Raises Refused where the plan cannot be applied, or not in a lab."""
    from migrate.cli.place import place
    from migrate.cli.rehearsing.subject import subject
    from migrate.cli.show import read_plan
    from migrate.engine.admission import admit

    loaded = read_plan(plan)
    admit(loaded.plan, loaded.name, practice=False, rehearsal=True)
    return Brought(place(estate, None), loaded, subject(loaded.plan))


def _made(source: Path | None, folder: Path, lines: Lines) -> Brought:
    """A copy of an estate, and a plan of phase 1 for it, made from Git alone."""
    import contextlib
    import io

    from migrate.cli.demo import example
    from migrate.cli.plan import plan as make
    from migrate.cli.rehearsing.newcomer import prepared

    made = prepared(source or example(), folder)
    file = folder / "phase1.plan.json"
    with contextlib.redirect_stdout(io.StringIO()):
        make("phase1", estate=made, output=file)
    lines.note("rehearsal.prepared", f"phase 1 planned for a copy of {source or example()}, from Git alone")
    return _brought(file, made)


def _rehearsed(given: Brought, eso: str, site: Site, lines: Lines) -> Exit:
    from migrate.cli.rehearsing import estate as clones
    from migrate.cli.rehearsing import ground
    from migrate.cli.rehearsing.play import Play
    from migrate.lab import survey

    where, loaded, one = given.where, given.loaded, given.subject
    clone = clones.cloned(where.estate, loaded.plan.commit, site.folder / "clone")
    version = eso if eso.startswith("v") else f"v{eso}"
    one = replace(one, major=one.major or survey.postgres_major(survey.read(clone))) if one.login else one
    wanted = ground.Wanted(clone, one.address, one.major, version)
    lines.note("rehearsal.lab", "bringing up a lab of its own")
    with ground.standing(site, wanted, lambda line: lines.note("rehearsal.lab", line)) as found:
        played = Play(loaded, one, found, lines).play()
        _kept(where, loaded, played, found, lines)
        code = Exit.DONE if played.verdict.passed else Exit.FAILED
    lines.note("rehearsal.over", "the lab is gone: no process, mount, bridge or file of it is left")
    if played.observed is not None:
        lines.observed((played.folder / played.observed.name).read_text())
    lines.verdict(played.document, str(played.folder), code)
    return code


def _kept(where: Place, loaded: Loaded, played: Played, found: Ground, lines: Lines) -> None:
    """The evidence, while there is a lab to take it from."""
    from migrate.cli.place import now
    from migrate.cli.rehearsing import evidence

    played.folder = evidence.keep(where.runs, played.document, played.observed, found.folder("state"), now())


class Interrupted(MigrateError):  # noqa: N818  the words of docs/exit-codes.md
    """Somebody asked it to end."""

    exit = Exit.INTERRUPTED


@contextmanager
def _told(lines: Lines) -> Iterator[None]:
    """JSON lines end with a summary, whatever kept the command from its own."""
    try:
        yield
    except MigrateError as error:
        lines.problem(error)
        raise
    except KeyboardInterrupt:
        lines.problem(Interrupted("interrupted", undone="nothing of the estate was touched; the lab is gone"))
        raise


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end it as Ctrl-C does: the lab is taken away first."""
    import signal

    def stop(_: int, __: object) -> None:
        raise KeyboardInterrupt

    heeded = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heeded}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
