"""The scan as a person reads it: what can move and what decides it, totals that add up, what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.estate.inventory import VERDICTS, Inventory, Reason, Secret, Served, Verdict
from migrate.estate.report import legacy, ordered
from migrate.model.plan import Begin, Beginning, NotYet, Nowhere
from migrate.views.text import Line, safe, table, wrapped

MEANING: dict[Verdict, str] = {
    "ready": "move by swapping a volume for the agent's files; no application setting changes",
    "adapt": "move with a stated setting change",
    "code": "need a change in the application or its image",
    "keep": "stay in ESO: a named reader needs the Secret, or it stands on the path to Vault",
    "orphan": "no reader found; reported, never deleted",
}
_STYLE: dict[Verdict, str] = {
    "ready": "bold green",
    "adapt": "bold green",
    "code": "bold yellow",
    "keep": "bold blue",
    "orphan": "bold magenta",
}
SERVED = "served by the agent"
_LISTED = 20
_STARTS = 4


@dataclass(frozen=True, slots=True)
class Following:
    """What comes after this scan. `folder`: the estate as commands must name it; empty where one stands in it."""

    beginning: Beginning
    folder: str


def screen(inventory: Inventory, place: str, width: int | None) -> Iterator[Line]:
    """What was found, line by line."""
    yield from _head(inventory, place, width)
    for verdict in VERDICTS:
        yield from _group(
            verdict, [secret for secret in ordered(inventory.secrets) if secret.verdict == verdict], width
        )
    yield from _totals(inventory, width)
    yield from _served(inventory, width)
    yield from _bootstrap(inventory, width)
    yield from _findings(inventory, width)
    yield from _unread(inventory, width)


def _head(inventory: Inventory, place: str, width: int | None) -> Iterator[Line]:
    yield from _lines(safe(place), width, "", "bold")
    starts, files = inventory.wiring.starts, inventory.files
    shown = ", ".join(map(safe, starts[:_STARTS]))
    more = f" and {len(starts) - _STARTS} more" if len(starts) > _STARTS else ""
    yield from _lines(
        f"{files.seen:,} files, {files.parsed:,} read; applied by {inventory.wiring.how}"
        + (f" from {shown}{more}" if starts else ""),
        width,
        "",
        "dim",
    )


def _group(verdict: Verdict, secrets: list[Secret], width: int | None) -> Iterator[Line]:
    if not secrets:
        return
    yield Line()
    yield from _lines(f"{verdict}  {len(secrets)}  {MEANING[verdict]}", width, "", _STYLE[verdict])
    rows = [(_name(secret), _why(secret)) for secret in secrets]
    yield from map(Line, table(rows, width))


def _name(secret: Secret) -> str:
    target = "" if secret.target == secret.name else f" (Secret {secret.target})"
    return safe(secret.id + target + ("" if secret.wired else " [not wired]"))


def _why(secret: Secret) -> str:
    """The reader that decides, the reason, and how it reads: the first reason is the deciding one."""
    if not secret.reasons:
        return ""
    first, more = secret.reasons[0], len({reason.text for reason in secret.reasons}) - 1
    return safe(_told(first)) + (f" (and {more} more)" if more else "")


def _told(reason: Reason) -> str:
    reader = reason.reader
    if reader is None:
        return reason.text
    text = reason.text if reader.target in reason.text else f"{reader.target}: {reason.text}"
    return f"{text} [{reader.how}]"


def _totals(inventory: Inventory, width: int | None) -> Iterator[Line]:
    totals = inventory.totals()
    parts = " + ".join(f"{totals[verdict]} {verdict}" for verdict in VERDICTS)
    yield Line()
    yield from _lines(f"total  {parts} = {totals['externalSecrets']} ExternalSecrets", width, "", "bold")
    for store in inventory.stores:
        where = ", ".join(safe(part) for part in (store.provider, store.server, store.mount) if part)
        yield from _lines(f"store  {safe(store.name)} ({where}): {store.references} references", width)
    for store in legacy(inventory):
        yield from _lines(f"store  {safe(store.name)} is named by nothing in this tree", width)


def _served(inventory: Inventory, width: int | None) -> Iterator[Line]:
    if not inventory.served:
        return
    yield Line()
    what = "what it fetches for them from Vault, without a copy of ESO"
    yield from _lines(f"{SERVED}  {len(inventory.served)}  {what}", width, "", "bold")
    yield from map(Line, table([(safe(one.target), safe(fetching(one))) for one in inventory.served], width))


def fetching(one: Served) -> str:
    """What the agent fetches for them, and which ExternalSecrets copy that still."""
    fetched = ", ".join(path for path, _ in one.fetched) or ("" if one.elsewhere else "an agent, and no file is named")
    parts = [part for part in (fetched, *(f"what {place} says" for place in one.elsewhere)) if part]
    still = f"; ESO copies it too: {', '.join(one.secrets)}" if one.secrets else ""
    return " and ".join(parts) + still + ("" if one.wired else "; nothing applies that file")


def _bootstrap(inventory: Inventory, width: int | None) -> Iterator[Line]:
    if not inventory.bootstrap:
        return
    yield Line()
    yield from _lines(f"on the path to Vault  {len(inventory.bootstrap)}  never moved", width, "", "bold")
    rows = [(safe(f"{item.namespace}/{item.name}"), safe(item.reason)) for item in inventory.bootstrap]
    yield from map(Line, table(rows, width))


def _findings(inventory: Inventory, width: int | None) -> Iterator[Line]:
    if not inventory.findings:
        return
    yield Line()
    yield from _lines(f"worth knowing  {len(inventory.findings)}", width, "", "bold")
    rows = [(finding.severity, safe(f"{finding.text} [{finding.file}]")) for finding in inventory.findings]
    yield from map(Line, table(rows, width))


def _unread(inventory: Inventory, width: int | None) -> Iterator[Line]:
    files = inventory.files
    broken = [(safe(f"{item.file}:{item.line}"), safe(item.message)) for item in files.failed]
    left = [(safe(item.file), safe(item.reason)) for item in files.skipped]
    for title, rows, style in (("could not be read", broken, "bold red"), ("left out", left, "bold")):
        if rows:
            yield Line()
            yield from _lines(f"{title}  {len(rows)}", width, "", style)
            yield from map(Line, table(rows[:_LISTED], width))
            if len(rows) > _LISTED:
                yield from _lines(f"and {len(rows) - _LISTED} more: `migrate scan --json` lists them all", width, "  ")


def to_do(inventory: Inventory, width: int | None, following: Following) -> Iterator[Line]:
    """What to type next, line by line."""
    yield Line()
    yield from _lines("what to do next", width, "", "bold")
    yield from map(Line, table(list(_advice(inventory, following)), width))


def _advice(inventory: Inventory, following: Following) -> Iterator[tuple[str, str]]:
    totals, scan = inventory.totals(), f"migrate scan{following.folder and f' {following.folder}'}"
    if not totals["externalSecrets"] and inventory.served:
        yield ("migrate phases", "no ExternalSecret is left here: see what goes further")
        return
    if not totals["externalSecrets"]:
        yield ("migrate scan FOLDER", "no ExternalSecret was found here: name the folder of your GitOps repository")
        return
    yield from _plan(following)
    if totals["keep"]:
        yield (f"{scan} --format html > secrets.html", "see every secret's way from Vault to its readers")
    if totals["orphan"]:
        yield (f"{scan} --json", "see where readers of the orphans were looked for, before deleting anything")
    if inventory.files.failed:
        yield (f"{scan} --strict", "fails while files cannot be read: they may hold secrets nobody sees")


def _plan(following: Following) -> Iterator[tuple[str, str]]:
    estate = following.folder and f" --estate {following.folder}"
    match following.beginning:
        case Begin(phase, only):
            command = f"migrate plan {phase}{estate} --only {safe(only)} -o {phase}.plan.json"
            yield (command, "plan the easiest step; nothing is changed by planning")
        case NotYet(phase):
            yield (f"migrate plan {phase}{estate}", "says of every workload that could move why it cannot yet")
        case Nowhere():
            return


def _lines(text: str, width: int | None, indent: str = "", style: str = "") -> list[Line]:
    return [Line(line, style) for line in wrapped(text, width, indent)]
