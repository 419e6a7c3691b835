"""`migrate predict`: what the Vault Agent Injector would do with a pod, asked of no server."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from migrate.injector.settings import Settings

_ASSUMED_ADDRESS = "http://vault.vault.svc:8200"


class Operation(StrEnum):
    """Operations on a pod. The injector answers both alike; its webhook is only ever sent CREATE."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("predict")(predict)


def predict(
    pod: Annotated[
        str, typer.Argument(metavar="POD", help="A Pod or a workload, JSON or YAML; `-` for standard input.")
    ],
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Namespace of the request. Default: the manifest's, else default.")
    ] = "",
    operation: Annotated[Operation, typer.Option(help="Operation of the request.")] = Operation.CREATE,
    injector_env: Annotated[
        list[str] | None,
        typer.Option("--injector-env", metavar="KEY=VALUE", help="A setting of the injector. Repeatable."),
    ] = None,
    lint: Annotated[bool, typer.Option("--lint", help="Also look for traps, each with its fix.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """What the Vault Agent Injector would do with a pod: leave it alone, refuse it, or change it into this.

    Exit 0 when it lets the pod pass, 3 when it refuses it.
    """
    from migrate.injector import answer as answers
    from migrate.injector import workload as workloads
    from migrate.model.errors import Exit
    from migrate.views import predict as view
    from migrate.views.console import emit_json

    settings = _settings(injector_env or [], told=not as_json)
    workload = workloads.read(_document(pod))
    answer = answers.answer(workload, namespace or workload.namespace or "default", settings, with_lint=lint)
    if as_json:
        emit_json(answers.document(answer))
    else:
        view.show(answer, update=operation is Operation.UPDATE, linted=lint)
    raise typer.Exit(Exit.DONE if answer.allowed else Exit.REFUSED)


def _settings(pairs: list[str], *, told: bool) -> Settings:
    """The injector's settings; with none given at all, those of the chart, which always sets an address."""
    from migrate.injector.settings import Settings, from_environment
    from migrate.model.errors import Usage
    from migrate.views import predict as view

    if not pairs:
        if told:
            view.assumed(_ASSUMED_ADDRESS)
        return Settings(address=_ASSUMED_ADDRESS)
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise Usage(f"--injector-env {wrong[0]} is not KEY=VALUE.", undone="Nothing was predicted.")
    return from_environment(dict(pair.split("=", 1) for pair in pairs))


def _document(source: str) -> object:
    from migrate.model.errors import Failed

    data = _bytes(source)
    name = "Standard input" if source == "-" else source
    documents = _parsed(name, data)
    if len(documents) != 1:
        raise Failed(
            f"{name} holds {len(documents)} documents.",
            undone="Nothing was predicted.",
            following="Give one Pod or workload at a time.",
        )
    return documents[0]


def _bytes(source: str) -> bytes:
    import sys
    from pathlib import Path

    from migrate.model.errors import Failed

    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Failed(f"{source} cannot be read: {reason}.", undone="Nothing was predicted.") from error


def _parsed(name: str, data: bytes) -> list[object]:
    """JSON when it is JSON, else YAML: every JSON file is YAML too, but JSON keeps its own error for its own files."""
    import json

    from migrate.documents.reader import YamlFault, load_all
    from migrate.injector.gojson import mended
    from migrate.model.errors import Failed

    refused = {"undone": "Nothing was predicted.", "following": "Give one Kubernetes manifest as JSON or YAML."}
    if data.lstrip()[:1] in (b"{", b"["):
        try:
            return [mended(json.loads(data, parse_constant=_no_constant))]
        except (ValueError, RecursionError) as error:
            if data.lstrip()[:1] == b"{" and name.endswith(".json"):
                raise Failed(f"{name} is not JSON: {error}.", **refused) from error
    try:
        return [found.value for found in load_all(data) if found.value is not None]
    except (YamlFault, RecursionError) as error:
        raise Failed(f"{name} is neither JSON nor YAML: {error}.", **refused) from error


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON value")
