"""A predicted configuration of the agent as it may be run once on an operator's machine, to see what it writes.

The pod's configuration is taken apart, and only what reads Vault and fills templates is put together again: no command,
no listener, no cache, no telemetry, no file outside one folder. Functions of templates that read or write the machine
are denied to it, as consul-template lets one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from migrate.model.json import Json, items, mapping, text

JWT, TOKEN, SINK = "jwt", "token", "sink"
"""Files of the folder: what is logged in with, a token that is there already, and the one that the login gave."""
LENT_FOR = "5m"
"""The life of a token that is made for the run."""
_DENIED = ("env", "file", "mustEnv", "plugin", "writeToFile")
_ISSUES = re.compile(r"(pkiCert\s+\"[^\"]+\")")
_SHORT = '"ttl=5m"'
_LOGIN = re.compile(r"\"[^\"]*/creds/")


class ElsewhereError(Exception):
    """What it would do can be seen in the pod only. The message says why, for people."""


@dataclass(frozen=True, slots=True)
class Here:
    """Where it is run. `address` and `ca`: Vault as it is reached from there."""

    folder: str
    address: str
    ca: str | None
    token: bool
    """Whether a token lies in the folder; else it logs in, with the JWT that does."""


@dataclass(frozen=True, slots=True)
class Oneshot:
    """A configuration that runs once, and its files: name in the folder by path in the pod."""

    configuration: dict[str, Json]
    files: Mapping[str, str]


def oneshot(predicted: Mapping[str, Json], here: Here) -> Oneshot:
    """The agent of that pod as it runs here. Raises ElsewhereError."""
    templates = items(predicted.get("template"))
    if not templates:
        raise ElsewhereError("its agent writes no file")
    names = {text(one.get("destination")): f"file-{number}" for number, one in enumerate(templates)}
    found: dict[str, Json] = {
        "exit_after_auth": True,
        "auto_auth": _login(mapping(predicted.get("auto_auth")), here),
        "vault": _vault(mapping(predicted.get("vault")), here),
        "template": [_template(one, f"{here.folder}/{names[text(one.get('destination'))]}") for one in templates],
        "template_config": {"exit_on_retry_failure": True},
    }
    return Oneshot(found, names)


def issues(predicted: Mapping[str, Json]) -> tuple[str, ...]:
    """What running it brings into being beside files: `certificate`, `login`."""
    contents = "\n".join(text(one.get("contents")) for one in items(predicted.get("template")))
    found = (("certificate", _ISSUES), ("login", _LOGIN))
    return tuple(name for name, pattern in found if pattern.search(contents))


def _login(predicted: dict[str, Json], here: Here) -> Json:
    if here.token:
        kept: dict[str, Json] = {"type": "token_file", "config": {"token_file_path": f"{here.folder}/{TOKEN}"}}
        return {"method": [kept | {"exit_on_err": True}]}
    method = mapping(predicted.get("method"))
    if method.get("type") != "jwt":
        raise ElsewhereError("its agent logs in by another method than jwt")
    config = dict(mapping(method.get("config")))
    if "path" in config:  # one that is missing there is missing here: the agent says so
        config["path"] = f"{here.folder}/{JWT}"
    told: dict[str, Json] = {key: method[key] for key in ("type", "mount_path", "namespace") if key in method}
    sink: Json = {"type": "file", "config": {"path": f"{here.folder}/{SINK}"}}
    return {"method": [{**told, "config": config, "exit_on_err": True}], "sink": [sink]}


def _vault(predicted: dict[str, Json], here: Here) -> Json:
    # Once is enough: whoever asks may ask again.
    found: dict[str, Json] = {"address": here.address, "retry": {"num_retries": -1}}
    return found | ({"ca_cert": here.ca} if here.ca else {})


def _template(predicted: dict[str, Json], destination: str) -> Json:
    if predicted.get("source"):
        raise ElsewhereError("a template of its is a file of the pod")
    told = ("left_delimiter", "right_delimiter", "error_on_missing_key")
    return {
        # Whoever only looks leaves no certificate behind that lives for a week.
        "contents": _ISSUES.sub(rf"\1 {_SHORT}", text(predicted.get("contents"))),
        "destination": destination,
        "perms": "0400",
        "function_denylist": list[Json](_DENIED),
        **{key: predicted[key] for key in told if key in predicted},
    }
