"""`migrate plan`: what a phase would do here, proven reversible. Reads files and Git, writes what it is told to."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import phase_names
from migrate.cli.place import EstateOption, PhasesOption, standing_in
from migrate.model.errors import Exit, Refused, Usage

if TYPE_CHECKING:
    from migrate.cli.scan import Taken
    from migrate.model.json import Json
    from migrate.model.plan import Plan
    from migrate.planning.cases import Estate
    from migrate.planning.phases import Phase
    from migrate.planning.servers import Servers


class Credential(StrEnum):
    """The two ways Vault hands out a database login."""

    STATIC = "static"
    DYNAMIC = "dynamic"


PhaseArgument = Annotated[
    str, typer.Argument(help="The phase, for example phase1 (migrate phases lists them).", autocompletion=phase_names)
]
OutputOption = Annotated[Path | None, typer.Option("-o", "--output", help="Write the plan to this file; - for stdout.")]
ExportOption = Annotated[
    Path | None,
    typer.Option(
        "--export",
        help="Also write patches, policies, SQL and rollback.sh to this folder. An earlier export there is "
        "replaced; a folder with anything else in it, or with an export that was edited, is refused.",
    ),
]
CredentialOption = Annotated[
    Credential, typer.Option(help="static: one new login that Vault rotates; dynamic: one for each pod.")
]
WorkloadOption = Annotated[str | None, typer.Option(help="namespace/name of the release, where several fit the phase.")]
OnlyOption = Annotated[
    list[str] | None, typer.Option("--only", help="namespace/name of a workload to move; may be given again.")
]
ExcludeOption = Annotated[
    list[str] | None, typer.Option("--exclude", help="namespace/name of a workload to leave; may be given again.")
]
WaveOption = Annotated[
    int | None, typer.Option("--wave", min=1, help="All workloads of this wave, where the phase has waves.")
]
NewWorldOption = Annotated[
    Path | None, typer.Option("--world", help="Plan for a practice world: a folder that stands for the servers.")
]
LiveOption = Annotated[
    bool, typer.Option("--live", help="Plan for the servers that migrate.yaml names. Reads them, writes nothing.")
]
DetailedOption = Annotated[bool, typer.Option("--detailed-exitcode", help="Exit 2 where the plan has steps.")]


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("plan")(plan)


def plan(
    phase: PhaseArgument,
    estate: EstateOption = None,
    output: OutputOption = None,
    export: ExportOption = None,
    credential: CredentialOption = Credential.STATIC,
    workload: WorkloadOption = None,
    only: OnlyOption = None,
    exclude: ExcludeOption = None,
    wave: WaveOption = None,
    world: NewWorldOption = None,
    live: LiveOption = False,
    phases: PhasesOption = None,
    detailed: DetailedOption = False,
) -> None:
    """Plan a phase from Git alone. Asks no server: what it could not see, the plan names.

    With --live it reads the servers, and can be applied to them. With --world it sees a practice world, which is made
    from the estate where there is none, and can be applied there.

    Exit 0 (also where nothing is to do), 2 with --detailed-exitcode where there are steps, 3 refused.
    """
    from migrate import __version__
    from migrate.cli.uncollected import uncollected
    from migrate.planning.cases import NothingToDo, Selection
    from migrate.planning.document import plan_json
    from migrate.planning.make import make_plan
    from migrate.planning.own import own_phases
    from migrate.planning.phases import phase_named
    from migrate.views import plan as view

    chosen = phase_named(phase, own_phases(phases) if phases else ())
    selection = Selection((*((workload,) if workload else ()), *(only or ())), tuple(exclude or ()), wave)
    read = read_estate(estate)
    read, servers = _servers(read, world, estate, live=live)
    with uncollected():
        made = make_plan(read, chosen, credential.value, selection, servers)
        if isinstance(made, NothingToDo):
            view.nothing_to_do(chosen.name, made.why)
            return
        created = datetime.now(UTC).isoformat(timespec="seconds")
        document = plan_json(made, f"migrate {__version__}", created)
    if export is not None:
        _export(export, made, document, read, chosen)
    _hand_out(output, made, document)
    if detailed and made.steps:
        raise typer.Exit(Exit.PENDING)


def read_estate(folder: Path | None) -> Estate:
    """Scan the estate and keep the means to read its files again. Raises Failed where it cannot be read."""
    from migrate.cli.scan import take

    return estate_of(take(folder or standing_in()))


def estate_of(taken: Taken) -> Estate:
    """A scanned estate, with the means to read its files again. Raises as `read_estate` does."""
    from migrate.planning.cases import Estate
    from migrate.planning.configuration import FILE, read_config
    from migrate.planning.files import Files
    from migrate.stores.tree import Tree

    found = taken.standing
    tree = Tree(found.path)
    files = Files(tuple(entry.path for entry in taken.listing().entries), tree.read, taken.facts())
    settings = tree.read(FILE) if FILE in files.paths else None
    config = read_config(settings, os.environ)
    authority = _authority(config.database.ca, Path(found.path))
    return Estate(taken.inventory, files, config, found.commit, found.dirty, authority)


def _authority(named: str | None, estate: Path) -> str:
    """What the file of `database.ca` holds. Raises Refused where it is no certificate."""
    if named is None:
        return ""
    path = estate / Path(named).expanduser()
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text.startswith("-----BEGIN CERTIFICATE-----"):
        raise Refused(
            f"{path} holds no certificate in PEM form",
            truth="database.ca names it as the CA that signed PostgreSQL's certificate",
            undone="no plan was made",
            following="correct database.ca in migrate.yaml",
        )
    return f"{text}\n"


def _servers(read: Estate, world: Path | None, estate: Path | None, *, live: bool) -> tuple[Estate, Servers | None]:
    """The estate, and what a plan of it is made for: nothing, a practice world, or the servers."""
    if live and world is not None:
        raise Usage("--live and --world exclude each other", following="leave out one of them")
    if live:
        from migrate.cli.live import planned

        return planned(read, (estate or standing_in()).absolute())
    return (read, None) if world is None else _in_world(read, world, estate)


def _in_world(read: Estate, world: Path, estate: Path | None) -> tuple[Estate, Servers]:
    """The estate with what only servers know, and the practice world as the servers of a plan."""
    from dataclasses import replace

    from migrate.planning.deployed import deployed_branch
    from migrate.planning.implied import completed
    from migrate.planning.servers import Servers
    from migrate.stores.practice import practice

    found = practice(world.absolute(), (estate or standing_in()).absolute(), deployed_branch(read.files))
    known = found.world().postgres
    config = completed(read.config, read.inventory, str(known["address"]), int(known["version"]))
    servers = Servers("practice", found.observe, tuple(sorted(found.places().items())), "the practice world")
    return replace(read, config=config), servers


def _export(folder: Path, made: Plan, document: dict[str, Json], read: Estate, phase: Phase) -> None:
    from migrate.estate.held import paths_by_secret
    from migrate.planning.certificate.ingress import offers
    from migrate.planning.export import export
    from migrate.planning.rights import sources
    from migrate.stores.exports import write_export
    from migrate.views import plan as view

    name = str(document["name"])
    held = sources(made, paths_by_secret(read.inventory))
    files = export(made, name, str(document["digest"]), held) | offers(read, phase)
    write_export(folder, files, name)
    view.exported(str(folder), sorted(files))


def _hand_out(output: Path | None, made: Plan, document: dict[str, Json]) -> None:
    from migrate.views import console
    from migrate.views import plan as view

    if output is None:
        view.summary(made, str(document["name"]), str(document["digest"]))
    elif str(output) == "-":
        view.raw(console.dumped(document).decode("utf-8", "surrogatepass"))
    else:
        _write(output, document)
        view.written(str(output), str(document["name"]), str(document["digest"]), made)


def _write(path: Path, document: dict[str, Json]) -> None:
    import json

    from migrate.stores.handout import handed_out

    # Piece by piece: the text of a plan of thousands of workloads is hundreds of megabytes.
    with handed_out(path, errors="surrogatepass") as stream:
        json.dump(document, stream, indent=2, ensure_ascii=False)
        stream.write("\n")
