"""`migrate scan`: every secret of an estate, its verdict and why. Reads files and Git; writes only its own cache."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.model.errors import Exit, Failed, MigrateError, Usage

if TYPE_CHECKING:
    from migrate.estate.facts import FileFacts
    from migrate.estate.inventory import Inventory
    from migrate.estate.settings import Settings
    from migrate.model.plan import Beginning
    from migrate.stores.tree import Listing, Tree
    from migrate.views.progress import Progress
    from migrate.views.scan import Estate


class Format(StrEnum):
    """The forms a scan is shown in."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    MERMAID = "mermaid"
    HTML = "html"


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("scan")(scan)


def scan(
    estate: Annotated[Path, typer.Argument(help="The GitOps folder.")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document (migrate.scan/v1).")] = False,
    wanted: Annotated[
        Format, typer.Option("--format", help="markdown: the secrets mapping page; mermaid, html: the flow drawn.")
    ] = Format.TABLE,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 on unread files and on warnings.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Read every file; keep nothing for next time.")] = False,
) -> None:
    """Say for every ExternalSecret whether it can move to the injector, and who decides that.

    Needs no cluster and no Vault. Exit 0; with --strict 1 where something was not read or deserves a warning.
    """
    from migrate.views.scan import show

    if as_json and wanted not in {Format.TABLE, Format.JSON}:
        raise Usage("--json and --format ask for two forms at once", following="choose one of the two")
    chosen = Format.JSON if as_json else wanted
    taken = take(estate, cached=not no_cache, keep=chosen is Format.TABLE)
    show(taken.inventory, taken.standing, chosen.value, lambda: _beginning(taken), _named(estate))
    if strict and _doubtful(taken.inventory):
        raise typer.Exit(Exit.FAILED)


def _beginning(taken: Taken) -> Beginning:
    """What can be planned here; looked for only where something could move."""
    from migrate.model.plan import NotYet, Nowhere

    totals = taken.inventory.totals()
    if not totals["ready"] + totals["adapt"]:
        return Nowhere()
    from migrate.cli.plan import estate_of
    from migrate.cli.uncollected import uncollected
    from migrate.planning.beginning import beginning
    from migrate.planning.phases import all_phases

    phases = all_phases()
    try:
        with uncollected():
            return beginning(estate_of(taken), phases)
    except MigrateError:
        return NotYet(phases[0].name)  # a setting is wrong, which planning says better than a scan can


def _named(estate: Path) -> str:
    """How a command must name this estate; empty where it is the one that one stands in."""
    import shlex

    from migrate.cli.place import standing_in

    return "" if estate.resolve() == standing_in().resolve() else shlex.quote(str(estate))


@dataclass(frozen=True, slots=True)
class Taken:
    """A scan, and what it was made from where that was kept: of a large tree it is as much again as the scan."""

    inventory: Inventory
    standing: Estate
    listed: Listing | None
    read: tuple[FileFacts, ...] | None
    """What each file says; None also where nothing changed since the last scan."""

    def listing(self) -> Listing:
        """The files of the tree; listed again where that was not kept. Raises OSError."""
        from migrate.stores.tree import listing

        return self.listed or listing(self.standing.path)

    def facts(self) -> dict[str, FileFacts]:
        """What each file says; where this scan had not to ask, as a scan before kept it. Raises nothing for that."""
        from migrate.stores.gather import gather

        root = self.standing.path
        read = gather(root, self.listing(), _extract, lambda done, all_: None).files if self.read is None else self.read
        return {one.file: one for one in read}


def take(estate: Path, *, cached: bool = True, keep: bool = True) -> Taken:
    """Scan a folder, and `keep` what its files say for whoever plans next.

    Raises Failed where it is no folder, cannot be listed, or its migrate.yaml is wrong.
    """
    from migrate.cli.uncollected import uncollected
    from migrate.stores.checkout import Checkout
    from migrate.stores.tree import Tree, reason
    from migrate.views.progress import Progress
    from migrate.views.scan import Estate

    tree = Tree(_folder(estate))
    settings = _settings(tree)
    try:
        with uncollected(), Checkout(tree.root) as checkout, Progress("scanning") as progress:
            inventory, listed, read = _inventory(tree, settings, progress, cached=cached, keep=keep)
            standing = checkout.standing()
    except OSError as error:
        raise Failed(
            f"{estate}: {reason(error)}", undone="nothing was scanned", following="name a folder that you may read"
        ) from error
    return Taken(inventory, Estate(tree.root, standing.commit, standing.dirty), listed, read)


def _inventory(
    tree: Tree, settings: Settings, progress: Progress, *, cached: bool, keep: bool
) -> tuple[Inventory, Listing | None, tuple[FileFacts, ...] | None]:
    """The last scan's result where nothing changed, else a new one; and what it was made from, where that is kept."""
    from migrate.stores import factcache
    from migrate.stores.lastscan import LastScan
    from migrate.stores.tree import listing

    found = listing(tree.root)
    last = None
    if cached:
        rules = f"{factcache.version()} {sorted(settings.bootstrap)} {settings.overrides} {settings.adapters}"
        last = LastScan(factcache.place(tree.root), found, rules)
        if (known := last.recall(tree)) is not None:
            return known, found if keep else None, None
    from migrate.estate.scan import assemble
    from migrate.stores.gather import gather

    gathered = gather(tree.root, found, _extract, progress.tell, cached=cached)
    sure, listed, read = gathered.sure, found if keep else None, gathered.files if keep else None
    del found  # a tenth of the memory at 100,000 files
    inventory = assemble(gathered.files, tree.read, gathered.seen, gathered.skipped, settings)
    del gathered
    if last is not None and sure:
        last.keep(inventory, tree)
    return inventory, listed, read


def _folder(estate: Path) -> str:
    if not estate.is_dir():
        what = "is a file, not a folder" if estate.exists() else "there is no such folder"
        raise Failed(
            f"{estate}: {what}",
            undone="nothing was scanned",
            following="name the folder of your GitOps repository: migrate scan FOLDER",
        )
    return str(estate)


def _settings(tree: Tree) -> Settings:
    from migrate.estate.settings import Settings

    try:
        data = tree.read("migrate.yaml")
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise Failed(
            f"migrate.yaml cannot be read: {error.strerror}",
            undone="nothing was scanned",
            following="make it a plain file of the estate that you may read",
        ) from error
    from migrate.planning.configuration import read_config, scan_settings

    return scan_settings(read_config(data))


def _extract(path: str, data: bytes) -> FileFacts | None:
    from migrate.estate.extract import extract

    facts = extract(path, data)
    return None if facts.parsed and not facts.objects and not facts.skipped else facts


def _doubtful(inventory: Inventory) -> bool:
    warned = any(finding.severity == "warning" for finding in inventory.findings)
    return warned or bool(inventory.files.skipped or inventory.files.failed)
