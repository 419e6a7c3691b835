"""The secrets a pod asks for, one per name after the last fixed dash of three annotations.

The injector walks a Go map, so its own order is random; here the order is that of the annotation names.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from migrate.injector import gotext
from migrate.injector.annotation import PREFIX, Annotations, get
from migrate.injector.refusal import RefusalError

# Tried in this order: `agent-inject-template-file-foo` is a template *file* for `foo`, never a template for `file-foo`.
_MAKERS = ("agent-inject-secret", "agent-inject-template-file", "agent-inject-template")


@dataclass(frozen=True, slots=True)
class Secret:
    """One file to be rendered.

    `raw` is the suffix as written, `name` the default file name, `mount` the directory in the containers,
    `file` the name asked for (may hold directories) or "".
    """

    raw: str
    name: str
    path: str
    template: str
    template_file: str
    mount: str
    file: str
    command: str
    left: str
    right: str
    perms: str
    error_on_missing_key: bool

    @property
    def destination(self) -> str:
        """The absolute path of the file: cleaned only when the file was named."""
        return clean_join(self.mount, self.file) if self.file else f"{self.mount}/{self.name}"


def clean_join(*parts: str) -> str:
    """Join and clean as Go's path.Join: empty parts are skipped, `..` and double slashes resolved."""
    joined = "/".join(part for part in parts if part)
    if not joined:
        return ""
    cleaned = posixpath.normpath(joined)
    # POSIX lets a path begin with exactly two slashes; Go does not.
    return "/" + cleaned.lstrip("/") if cleaned.startswith("//") else cleaned


def read(given: Annotations) -> tuple[Secret, ...]:
    """All secrets of a pod. Raises RefusalError for a switch that is not a boolean."""
    names: dict[str, str] = {}
    for key in sorted(given):
        raw = _raw_name(key, given[key])
        if raw and raw not in names:
            names[raw] = _name(given, raw)
    return tuple(_secret(given, raw, name) for raw, name in names.items())


def _raw_name(key: str, value: str) -> str:
    if not key.startswith(PREFIX) or gotext.is_blank(value):
        return ""
    for maker in _MAKERS:
        prefix = f"{PREFIX}{maker}-"
        if key.startswith(prefix) and key != prefix:
            return key.removeprefix(prefix)
    return ""


def _name(given: Annotations, raw: str) -> str:
    keep = given.get(f"{PREFIX}preserve-secret-case-{raw}", get(given, "preserve-secret-case"))
    try:
        return raw if gotext.as_bool(keep) else gotext.lower(raw)
    except RefusalError:
        return gotext.lower(raw)  # the injector drops this error and goes on as if it were false


def _secret(given: Annotations, raw: str, name: str) -> Secret:
    def own(annotation: str, default: str = "") -> str:
        return get(given, f"{annotation}-{raw}", default)

    template = own("agent-inject-template")
    return Secret(
        raw=raw,
        name=name,
        path=own("agent-inject-secret"),
        template=template,
        template_file="" if template else own("agent-inject-template-file"),
        mount=own("secret-volume-path", get(given, "secret-volume-path")),
        file=own("agent-inject-file"),
        command=own("agent-inject-command"),
        left=own("agent-template-left-delim"),
        right=own("agent-template-right-delim"),
        perms=own("agent-inject-perms"),
        error_on_missing_key=gotext.as_bool(own("error-on-missing-key")),
    )
