"""The pods that a known chart makes of its values, as manifests, and where in the values each of their settings stands.

Only what the catalogue (`profiles/charts.yaml`) documents: what a chart adds by itself is not in these manifests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.estate.helm import image_of
from migrate.estate.profiles import ChartPod
from migrate.model.json import Json, Pointer, at_pointer, items, mapping, sequence, strings, text, text_at
from migrate.operations.secrets import VALUES, ContainerWords, PodWords
from migrate.planning.login.subjects import fullname
from migrate.planning.secrets.persistence import Mounted, volume
from migrate.planning.secrets.sources import UnfitError

_KINDS = {
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "cronjob": "CronJob",
    "job": "Job",
}


_RENAMES = frozenset({"nameOverride", "prefix", "suffix", "forceRename"})
"""Settings by which an object of app-template gets another name than its release gives it."""


@dataclass(frozen=True, slots=True)
class Release:
    """What of a Helm release the names of its objects are made of. `namespace`: of its objects."""

    name: str
    namespace: str
    version: str

    @property
    def major(self) -> int | None:
        """The chart's major version; None where it is not written out."""
        first = self.version.lstrip("v").partition(".")[0]
        return int(first) if first.isdecimal() else None


@dataclass(frozen=True, slots=True)
class Spelled:
    """One pod of a release. `workload` is its manifest as far as the values say it, `words` where they say it."""

    workload: dict[str, Json]
    kind: str
    name: str
    words: PodWords
    account: str
    """Its ServiceAccount; empty where that cannot be told."""
    account_made: bool
    """Whether the chart makes that one."""


def spelled(document: Json, pod: ChartPod, release: Release) -> Iterator[Spelled]:
    """Every workload that the release makes by this entry of the catalogue. Raises UnfitError."""
    found = [*_parts(at_pointer(document, VALUES), VALUES, pod.values)]
    alive = [(at, own) for at, own in found if own.get("enabled") is not False]
    for at, own in alive:
        yield _Part(document, pod, release, at, own, len(alive)).spelled()


def _parts(value: Json, at: Pointer, pattern: tuple[str, ...]) -> Iterator[tuple[Pointer, dict[str, Json]]]:
    if not pattern:
        yield at, mapping(value)
        return
    held = mapping(value)
    for key in held if pattern[0] == "*" else [key for key in pattern[:1] if key in held]:
        yield from _parts(held[key], (*at, key), pattern[1:])


@dataclass(frozen=True, slots=True)
class _Part:
    """The values of one pod while it is read. `several`: how many there are of its pattern."""

    document: Json
    pod: ChartPod
    release: Release
    at: Pointer
    own: dict[str, Json]
    several: int

    def spelled(self) -> Spelled:
        """The pod."""
        containers = [*self._containers("initContainers", init=True), *self._containers("containers", init=False)]
        volumes = [*self._volumes()]
        listed = {False: list[Json](), True: list[Json]()}
        for name, init, held, words in containers:
            mounts: list[Json] = [mount for _, taken in volumes for mount in taken(name)]
            mounts += sequence(at_pointer(self.document, words.mounts)) if words.mounts else []
            listed[init].append({**held, "volumeMounts": mounts})
        spec: dict[str, Json] = {
            **({"initContainers": listed[True]} if listed[True] else {}),
            "containers": listed[False],
            "volumes": [made for made, _ in volumes],
            "securityContext": self._option("podSecurity", "securityContext"),
        }
        return self._made(spec, {name: words for name, _, _, words in containers})

    def _made(self, spec: dict[str, Json], words: dict[str, ContainerWords]) -> Spelled:
        kind, name, notes = self._kind(), self._name(), self._annotations()
        account, made = self._account()
        if account:
            spec["serviceAccountName"] = account
        template: Json = {"metadata": {"annotations": at_pointer(self.document, notes)}, "spec": spec}
        metadata: Json = {"name": name, "namespace": self.release.namespace, "annotations": self.own.get("annotations")}
        body: Json = {"jobTemplate": {"spec": {"template": template}}} if kind == "CronJob" else {"template": template}
        volumes, form = self._place(text_at(self.pod.detail, "volumes", "at") or ""), self._form()
        mine = PodWords(
            containers=words,
            annotations=notes,
            volumes=volumes,
            controller=str(self.at[-1]) if form == "persistence" else "",
            account=self._place(self.pod.detail.get("serviceAccount")),
            account_made=mapping(self.pod.detail.get("account")).get("made") is True,
        )
        return Spelled(
            {"apiVersion": "batch/v1" if kind in {"Job", "CronJob"} else "apps/v1", "kind": kind, "metadata": metadata}
            | {"spec": body},
            kind,
            name,
            mine,
            account,
            made,
        )

    def _place(self, path: Json, below: Pointer = ()) -> Pointer:
        """A path of the catalogue as a pointer into the document; empty where it has none."""
        if not isinstance(path, str) or not path:
            return ()
        start = VALUES if path.startswith("/") else (below or self.at)
        return (*start, *path.lstrip("/").split("."))

    def _form(self) -> str:
        return text_at(self.pod.detail, "volumes", "form") or ""

    def _kind(self) -> str:
        said = text(at_pointer(self.document, self._place(self.pod.detail.get("kinds")))) or "deployment"
        return _KINDS.get(said.lower(), said)

    def _name(self) -> str:
        named = mapping(self.pod.detail.get("named"))
        if chart := text(named.get("chart")):
            return fullname(self.release.name, self.own, chart)
        if forced := text(self.own.get("forceRename")):
            return self._forced(forced)
        if renamed := sorted(_RENAMES & self.own.keys()):
            raise UnfitError(f"its values rename the workload ({renamed[0]})")
        over = mapping(at_pointer(self.document, (*VALUES, "global")))
        if over.get("fullnameOverride") or over.get("nameOverride"):
            raise UnfitError("its values rename the release's objects (global.fullnameOverride, global.nameOverride)")
        key, name = str(self.at[-1]), self.release.name
        return f"{name}-{key}" if self.several > 1 and key != name else name

    def _forced(self, name: str) -> str:
        """The chart takes it as it is, once its own templates are through."""
        if "{{" in name:
            raise UnfitError(f"its values rename the workload by a template (forceRename: {name})")
        return name

    def _annotations(self) -> Pointer:
        """Where annotations are added: what is there for every pod would be lost behind some of the pod's own."""
        own = self._place(self.pod.detail.get("annotations"))
        shared = self._shared("annotations")
        if at_pointer(self.document, own) or not shared or not at_pointer(self.document, shared):
            return own
        if self.several > 1:
            raise UnfitError("annotations that its chart gives to every pod would be lost behind some of its own")
        return shared

    def _shared(self, key: str) -> Pointer:
        defaults = self._place(self.pod.detail.get("podDefaults"))
        return (*defaults, key) if defaults else ()

    def _option(self, entry: str, key: str) -> Json:
        """A setting of the pod: its own, or else the one for every pod."""
        own = at_pointer(self.document, at) if (at := self._place(self.pod.detail.get(entry))) else None
        return own or (at_pointer(self.document, shared) if (shared := self._shared(key)) else None) or {}

    def _account(self) -> tuple[str, bool]:
        """The ServiceAccount, empty where it cannot be told, and whether the chart makes it."""
        rule, at = mapping(self.pod.detail.get("account")), self._place(self.pod.detail.get("serviceAccount"))
        held = mapping(self._at(at))
        name, make = text(held.get("name")), held.get("create") is not False
        if rule.get("made") is True:
            return name or (self._name() if make else "default"), make
        since = text(rule.get("since"))
        if not since or self.release.major is None or self.release.major < int(since):
            return "", False
        made = mapping(self._at((*VALUES, str(at[-1]))))
        if identifier := text(held.get("identifier")):
            return self._made_account(identifier, made), True
        return name or ("" if made else "default"), False

    def _made_account(self, identifier: str, made: dict[str, Json]) -> str:
        """One of those that the chart makes; empty where others of the release run under it too."""
        if _RENAMES & mapping(made.get(identifier)).keys():
            return ""
        pods = _parts(self._at(VALUES), VALUES, self.pod.values)
        if sum(text_at(own, "serviceAccount", "identifier") == identifier for _, own in pods) > 1:
            return ""
        alone = identifier == self.release.name or len(made) == 1
        return self.release.name if alone else f"{self.release.name}-{identifier}"

    # --- containers --------------------------------------------------------------------------------------------

    def _containers(self, group: str, *, init: bool) -> Iterator[tuple[str, bool, dict[str, Json], ContainerWords]]:
        pattern = text(self.pod.detail.get(group))
        if pattern:
            for at, held in _parts(self.own, self.at, tuple(pattern.split("."))):
                if held.get("enabled") is not False:
                    yield self._container(str(at[-1]), at, held, init=init)
        elif not init:
            yield self._container(text(self.pod.detail.get("container")), self.at, self.own, init=False)

    def _container(
        self, name: str, at: Pointer, own: dict[str, Json], *, init: bool
    ) -> tuple[str, bool, dict[str, Json], ContainerWords]:
        detail = self.pod.detail
        env, value_from, env_from, command, args, mounts, security = (
            self._place(detail.get(one), at)
            for one in ("env", "envValueFrom", "envFrom", "command", "args", "mounts", "security")
        )
        listed = isinstance(at_pointer(self.document, env), list) or detail.get("envForm") == "list"
        own_ones = (self._own(), text_at(detail, "own", "unless") or "")
        words = ContainerWords(env, not listed, value_from, env_from, command, args, mounts, *own_ones)
        variables = [*_variables(self._at(env)), *_variables(self._at(value_from))]
        held: dict[str, Json] = {
            "name": name,
            "image": image_of(own.get("image")) or self.pod.image,
            "env": list[Json](variables),
            "envFrom": [_whole(one) for one in sequence(self._at(env_from))],
            "securityContext": self._at(security),
        }
        for group, place in (("command", command), ("args", args)):
            if said := self._at(place):
                if not isinstance(said, list):
                    raise UnfitError(f"the {group} of {name} is one text in its values, not a list of words")
                held[group] = said
        return name, init, held, words

    def _own(self) -> tuple[str, ...]:
        """The variables that the chart sets by itself, until a value is there that says no (false, as Helm has it)."""
        own = mapping(self.pod.detail.get("own"))
        switch = self._at(self._place(own.get("unless")))
        return () if switch is not None and not switch else tuple(strings(own.get("variables")))

    def _at(self, place: Pointer) -> Json:
        return at_pointer(self.document, place) if place else None

    # --- volumes -----------------------------------------------------------------------------------------------

    def _volumes(self) -> Iterator[tuple[dict[str, Json], Mounted]]:
        held = self._at(self._place(text_at(self.pod.detail, "volumes", "at") or ""))
        if self._form() != "persistence":
            yield from ((one, Mounted("", {}, "")) for one in items(held))
            return
        for key, one in mapping(held).items():
            entry = mapping(one)
            mounted = Mounted(key, entry, str(self.at[-1]))
            if entry.get("enabled") is not False and mounted.here:
                yield volume(key, entry), mounted


def _variables(value: Json) -> Iterator[dict[str, Json]]:
    """Variables as a manifest has them, of a list or of a map."""
    if isinstance(value, list):
        yield from items(value)
    for name, one in mapping(value).items():
        held = mapping(one)
        if "secretKeyRef" in held:
            yield {"name": name, "valueFrom": one}
        elif held:
            yield {"name": name, **held}
        elif one is not None:
            yield {"name": name, "value": one if isinstance(one, str) else str(one)}


def _whole(one: Json) -> Json:
    """An item of `envFrom`: charts also take `secret: NAME`."""
    held = mapping(one)
    name = held.get("secret")
    return {"secretRef": {"name": name}, **held} if isinstance(name, str) else held
