"""`migrate policies`: what policies and roles grant that nobody meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import plan_files
from migrate.cli.place import EstateOption
from migrate.model.errors import Exit, Failed, Refused, Usage

if TYPE_CHECKING:
    from migrate.estate.inventory import Inventory
    from migrate.grants.findings import Finding
    from migrate.grants.lint import Conventions
    from migrate.model.plan import Plan

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document (migrate.policies/v1).")]


def register(app: typer.Typer) -> None:
    """Add the verb and its own verbs to the command table."""
    group = typer.Typer(no_args_is_help=True, help="Find over-grants in policies; show the tool's own.")
    group.command("check")(check)
    group.command("show")(show)
    app.add_typer(group, name="policies")


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Policies in HCL or JSON. Default: the templates that travel with the tool."),
    ] = None,
    estate: EstateOption = None,
    live: Annotated[
        bool,
        typer.Option("--live", help="Vault's own policies under the prefix, and the login roles that give them."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Find patterns, sudo, names outside the prefix, paths that grant nothing, and rights that amount to more.

    Every code is explained in docs/policies.md. Exit 0 nothing, 1 findings.
    """
    from migrate.views import policies as view

    if live and files:
        raise Usage("--live and files exclude each other", following="leave out one of them")
    root = _root(estate)
    found = list(_in_vault(root)) if live else list(_in_files(files or _shipped(), _conventions(root)))
    view.checked(found, as_json=as_json)
    if any(findings for _, findings in found):
        raise typer.Exit(Exit.FAILED)


class Own(StrEnum):
    """The tool's own policies."""

    PLAN = "plan"
    APPLY = "apply"
    ROTATE = "rotate"


def show(
    which: Annotated[Own, typer.Argument(help="plan: to plan and watch; apply and rotate: for one plan's run.")],
    plan: Annotated[
        Path | None, typer.Argument(help="The plan file, for apply and rotate.", autocompletion=plan_files)
    ] = None,
    estate: EstateOption = None,
) -> None:
    """Write the policy of one of the tool's own tokens, with the names of this estate or of one plan. Exit 0."""
    from migrate.views.console import emit_text

    emit_text(_text_of(which, plan, _root(estate)))


def _text_of(which: Own, path: Path | None, root: Path) -> str:
    from migrate.cli.plan import read_estate
    from migrate.cli.show import read_plan
    from migrate.estate.held import versioned_paths
    from migrate.planning.rights import apply_policy, plan_policy, rotate_policy
    from migrate.planning.surroundings import login_mount

    estate = read_estate(root)
    if which is Own.PLAN:
        auth = login_mount(estate.config, estate.inventory, estate.files)
        return plan_policy(estate.config, auth, versioned_paths(estate.inventory))
    if path is None:
        raise Usage(f"{which.value} is the policy of one plan", following=f"migrate policies show {which.value} PLAN")
    loaded = read_plan(path)
    if which is Own.APPLY:
        return apply_policy(loaded.plan, loaded.name, _sources(loaded.plan, estate.inventory))
    found = rotate_policy(loaded.plan, loaded.name)
    if found is None:
        raise Refused(f"{path} makes nothing that rotates", undone="nothing was written", following="migrate show PLAN")
    return found


def _sources(plan: Plan, inventory: Inventory) -> list[str]:
    from migrate.estate.held import paths_by_secret
    from migrate.planning.rights import sources

    return sources(plan, paths_by_secret(inventory))


def _root(estate: Path | None) -> Path:
    from migrate.cli.place import standing_in

    return (estate or standing_in()).absolute()


def _shipped() -> list[Path]:
    from migrate.catalog import shelf

    return sorted(shelf("policies").glob("*.hcl"))


def _conventions(root: Path) -> Conventions:
    """What the estate's settings say; its KV mounts are those its settings name, or `secret`."""
    from migrate.grants.lint import Conventions
    from migrate.stores.settings import settings_of

    config = settings_of(root)
    kv = frozenset({config.vault.kv or "secret"})
    return Conventions(config.prefix, kv, config.vault.database.strip("/"))


def _in_files(files: list[Path], known: Conventions) -> Iterator[tuple[str, list[Finding]]]:
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise Failed(f"{path}: {why}", following="name files that hold policies") from error
        yield str(path), _of_text(path.stem, text, known)


def _of_text(name: str, text: str, known: Conventions) -> list[Finding]:
    from migrate.grants.findings import Finding
    from migrate.grants.lint import findings
    from migrate.grants.reading import UnreadableError, read_policy

    try:
        return findings(read_policy(name, text), known)
    except UnreadableError as error:
        refused = Finding("policy.unreadable", error.line, "", error.why, "Vault refuses it: correct the line")
        # A word that Vault does not know must not hide what the same line grants once it is corrected.
        return [refused, *(findings(error.rest, known) if error.rest else ())]


def _in_vault(root: Path) -> Iterator[tuple[str, list[Finding]]]:
    from migrate.cli.live import opened
    from migrate.grants.roles import role_findings
    from migrate.stores.settings import settings_of
    from migrate.stores.vault import grants

    api, known = opened(root, settings_of(root)).vault, _conventions(root)
    known = replace(known, kv=grants.kv_mounts(api) or known.kv)
    for name in grants.policy_names(api):
        if name.startswith(known.prefix):
            yield f"policy {name}", _of_text(name, grants.policy_text(api, name) or "", known)
    for path, role in grants.login_roles(api):
        given = [*_words(role.get("token_policies")), *_words(role.get("policies"))]
        ours = path.rpartition("/")[2].startswith(known.prefix)
        if ours or any(one.startswith(known.prefix) for one in given):
            yield f"role {path}", list(role_findings(path, role, known.prefix))


def _words(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
