"""How one container takes from files what it had as variables: by the conventions of its image, in their order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from migrate.estate.profiles import Convention, Image
from migrate.model.json import Json, Pointer, items, mapping, numbered, sequence, text
from migrate.operations.agent import FOLDER
from migrate.operations.secrets import ContainerChange
from migrate.planning.secrets.files import Files
from migrate.planning.secrets.sources import Ref, Rendered, Source, UnfitError, Value


@dataclass(slots=True)
class Container:
    """One container while its change is put together. Lives for one pod."""

    at: Pointer
    held: dict[str, Json]
    image: Image
    tag: str
    files: Files
    change: dict[str, list[object]] = field(default_factory=dict)
    settings: list[tuple[str, Source]] = field(default_factory=list)
    config: Convention | None = None

    @property
    def name(self) -> str:
        """Its name in the pod."""
        return text(self.held.get("name"))

    def note(self, what: str, *values: object) -> None:
        """Take note of a part of the change, once."""
        noted = self.change.setdefault(what, [])
        noted += [value for value in values if value not in noted]

    def now(self, what: str, place: object, held: Json) -> object:
        """What stands at a place after the change so far: several files may be named in one text."""
        return next(
            (pair[1] for pair in self.change.get(what, []) if isinstance(pair, tuple) and pair[0] == place), held
        )

    def replace(self, what: str, place: object, new: str) -> None:
        """Take note of what stands at a place instead, once for each place."""
        noted = self.change.get(what, [])
        self.change[what] = [pair for pair in noted if not (isinstance(pair, tuple) and pair[0] == place)]
        self.note(what, (place, new))

    def finished(self) -> ContainerChange | None:
        """The whole change; None where nothing changes. Raises UnfitError where a reference would stay behind."""
        if self.config is not None:
            self._configure(self.config)
        if not self.change:
            return None
        found = {key: tuple(values) for key, values in self.change.items()}
        change = ContainerChange(self.at, self.name, **found)  # type: ignore[arg-type]  # noted under these names only
        _insist_on_no_reference(self.held, change)
        return change

    def _configure(self, convention: Convention) -> None:
        lines = "".join(f"{key} = {{{{ .v{number} | quote }}}}\n" for number, (key, _) in enumerate(self.settings))
        refs = tuple((f"v{number}", _plain(source)) for number, (_, source) in enumerate(self.settings))
        path = self.files.add(Rendered(lines, refs), f"{self.name}-config")
        self.note("add_arguments", f"{convention.detail['flag']}={path}")


def _plain(source: Source) -> Ref:
    match source:
        case Value(ref):
            return ref
        case Rendered():
            raise UnfitError("a setting is itself made by a template, which cannot be put into a file of settings")


def take_variable(container: Container, variable: str, source: Source, *, whole: bool = False) -> None:
    """The variable comes from a file from now on. `whole`: it came with all keys of a Secret (envFrom).

    Raises UnfitError where the image knows no way, and its command is not given or cannot be wrapped.
    """
    for convention in container.image.conventions:
        there = convention.holds(command=bool(container.held.get("command"))) and _since(convention, container.tag)
        if there and _taken(container, convention, variable, source):
            _settled(container, variable, whole=whole)
            return
    if container.held.get("command") and container.image.shell is not False:
        container.note("exports", (variable, container.files.add(source, variable)))
        _settled(container, variable, whole=whole)
        return
    why = "its image has no shell" if container.image.shell is False else "its command is the image's own"
    raise UnfitError(f"{container.name} reads {variable} from the environment only, and {why}")


def _settled(container: Container, variable: str, *, whole: bool) -> None:
    kept = [pair for pair in container.change.get("set", []) if isinstance(pair, tuple) and pair[0] == variable]
    if not whole and not kept:
        container.note("unset", variable)


def _taken(container: Container, convention: Convention, variable: str, source: Source) -> bool:
    """Whether this convention fits; if so its part of the change is noted."""
    detail = convention.detail
    match convention.kind:
        case "env-file" if convention.covers(variable) and (other := convention.file_variable(variable)):
            container.note("set", (other, container.files.add(source, variable)))
        case "env-value" if convention.covers(variable):
            path = container.files.add(source, variable)
            container.note("set", (variable, text(detail.get("value")).replace("{path}", path)))
        case "env-dir" if convention.covers(variable):
            if name := text(detail.get("path_env")):
                container.files.add(source, variable, name=variable)
                container.note("set", (name, FOLDER))
            else:
                container.files.add(source, variable, folder=text(detail.get("path")), name=variable)
        case "flag-file" if (places := _arguments(container.held, text(detail.get("flag")), variable)) is not None:
            path = container.files.add(source, variable)
            _replace(container, places, f"{text(detail.get('file_flag'))}={path}")
        case "config-file" if text(detail.get("format")) == "toml":
            return _setting(container, convention, variable, source)
        case _:
            return False
    return True


def _since(convention: Convention, tag: str) -> bool:
    """Whether the image is new enough; one whose tag says no version is taken to be."""
    since = text(convention.detail.get("since"))
    mine, first = _version(tag), _version(since)
    return not since or not mine or not first or mine >= first


def _version(text_: str) -> tuple[int, ...]:
    match = re.match(r"v?(\d+(?:\.\d+)*)", text_)
    return tuple(int(part) for part in match[1].split(".")) if match else ()


def _arguments(held: dict[str, Json], flag: str, variable: str) -> tuple[int, ...] | None:
    """Where `--flag=$(VARIABLE)` stands among the arguments, or `--flag` and `$(VARIABLE)`; None where it does not."""
    words = sequence(held.get("args"))
    for number, word in enumerate(words):
        if word == f"{flag}=$({variable})":
            return (number,)
        if word == flag and words[number + 1 : number + 2] == [f"$({variable})"]:
            return (number, number + 1)
    return None


def _replace(container: Container, places: tuple[int, ...], new: str) -> None:
    words = sequence(container.held.get("args"))
    container.note("texts", (("args", places[0]), new))
    container.note("drop_arguments", *(words[number] for number in places[1:]))


def _setting(container: Container, convention: Convention, variable: str, source: Source) -> bool:
    """The option that carries the variable becomes a line of the settings' file."""
    flag = text(convention.detail.get("flag"))
    words = [word for word in sequence(container.held.get("args")) if isinstance(word, str)]
    if any(word == flag or word.startswith(f"{flag}=") for word in words):
        return False  # it has a file of settings already, and takes one only
    option = next((word for word in words if word.endswith(f"=$({variable})") and word.startswith("--")), None)
    if option is not None:
        key = option.removeprefix("--").partition("=")[0].replace("-", "_")
        container.note("drop_arguments", option)
    elif named := _option_of(convention, variable):
        key = named
    else:
        return False
    container.settings.append((key, source))
    container.config = convention
    return True


def _option_of(convention: Convention, variable: str) -> str:
    """The key in the file for an option that the image takes from a variable of its own."""
    prefix, _, _ = text(convention.detail.get("option_env")).partition("{")
    return variable.removeprefix(prefix).lower() if prefix and variable.startswith(prefix) else ""


def replaced_in(config: str, image: Image, variable: str) -> str | None:
    """A file of settings that names the variable, with the value in its place; None where it does not name it.

    The value stands as `{{ .VARIABLE | quote }}`.
    """
    for convention in image.conventions:
        for rule in items(convention.detail.get("replaces")):
            old = re.compile(re.escape(text(rule.get("text"))).replace(re.escape("{env}"), re.escape(variable)) + r"\b")
            if old.search(config):
                new = text(rule.get("by")).replace("{value}", f"{{{{ .{variable} | quote }}}}")
                return old.sub(lambda _, new=new: new, config)  # type: ignore[misc]
    return None


def _insist_on_no_reference(held: dict[str, Json], change: ContainerChange) -> None:
    """`$(VARIABLE)` of a variable that is gone would stay as it is written, and reach the application so."""
    new = dict(change.texts)
    words = [
        new.get((group, number), word)
        for group in ("command", "args")
        for number, word in enumerate(sequence(held.get(group)))
        if word not in change.drop_arguments or group == "command"
    ]
    gone = {*change.unset, *(name for name, _ in change.exports)}
    words += [mapping(one).get("value") for _, one in numbered(held.get("env")) if mapping(one).get("name") not in gone]
    for name in sorted(gone):
        if any(isinstance(word, str) and f"$({name})" in word for word in words):
            raise UnfitError(f"{change.name} expands $({name}), which would stay as it is written")


def variables(held: dict[str, Json], secret: str) -> Iterator[tuple[str, str]]:
    """(variable, key) of each that comes from one key of this Secret."""
    for _, one in numbered(held.get("env")):
        reference = mapping(mapping(one.get("valueFrom")).get("secretKeyRef"))
        if reference.get("name") == secret:
            yield text(one.get("name")), text(reference.get("key"))


def whole_secrets(held: dict[str, Json], secret: str) -> Iterator[tuple[int, str]]:
    """Place and prefix of each `envFrom` that takes this Secret whole."""
    for number, one in numbered(held.get("envFrom")):
        if mapping(one.get("secretRef")).get("name") == secret:
            yield number, text(one.get("prefix"))
