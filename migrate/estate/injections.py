"""Annotations that the Vault Agent Injector acts on, wherever pods are described, and what its agent fetches for them.

Read as the injector reads them (vault-k8s 1.7.6): only what reaches a pod counts, so those of a Deployment itself do
nothing. Of a template the paths and keys are kept, never its text: somebody may have written a literal into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.documents.reader import YamlFault, load_all
from migrate.estate.facts import Fetched, Injection
from migrate.estate.fields import scalar
from migrate.estate.kinds import WORKLOADS
from migrate.estate.placed import is_cluster_scoped
from migrate.model.json import Json, Pointer, items, mapping, pointer_text, text

SIGN = "agent-inject"
"""A file without this word has no such annotation."""
_PREFIX = "vault.hashicorp.com/"
_INJECT = _PREFIX + SIGN
_TRUE = {"1", "t", "T", "TRUE", "true", "True"}
# Tried in this order: `agent-inject-template-file-foo` is a template *file* for `foo`, never a template for `file-foo`.
_MAKERS = ("agent-inject-secret-", "agent-inject-template-file-", "agent-inject-template-")
# They hold or change other objects: what becomes of that is read at these.
_OF_OTHERS = ("ConfigMap", "Secret", "Kustomization", "Policy")

# A backslash where the text stands in a Helm template's own string.
_CALL = re.compile(r"""\b(?:secret|pkiCert)\s+\\?["`]([^"`\\]+)\\?["`]""")
_DATA = re.compile(
    r"""(?P<index>\bindex\s+\(?\$?\w*)?\.Data(?P<v2>\.data(?!\w))?(?:\.(?P<key>\w+))?(?:\)?\s+\\?["`](?P<named>[^"`\\]+))?"""
)


def injections(kind: str, value: Json, at: Pointer = ()) -> Iterator[Injection]:
    """What the annotations in an object of that kind (or in values, which have none) ask of the injector."""
    if not kind.endswith(_OF_OTHERS) and not is_cluster_scoped(kind):
        for place, notes in _reaching(kind, value, at):
            yield from _asked(place, notes)


def _reaching(kind: str, value: Json, at: Pointer) -> Iterator[tuple[Pointer, dict[str, Json]]]:
    """The maps of annotations that come to stand at a pod."""
    return ((place, notes) for place, notes in _maps(value, at) if _reaches(kind, place[len(at) :]))


def _reaches(kind: str, place: Pointer) -> bool:
    if place == ("metadata", "annotations"):
        return kind == "Pod"
    return kind not in WORKLOADS or place[-3:] == ("template", "metadata", "annotations")


def _maps(value: Json, at: Pointer) -> Iterator[tuple[Pointer, dict[str, Json]]]:
    if isinstance(value, dict):
        if _INJECT in value:
            yield at, value
            return
        for key, child in value.items():
            if isinstance(child, dict | list | str):
                yield from _maps(child, (*at, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            if isinstance(child, dict | list):
                yield from _maps(child, (*at, index))
    elif isinstance(value, str) and SIGN in value:
        yield from ((at, notes) for body in _bodies(value) for _, notes in body)


def _bodies(written: str) -> Iterator[Iterator[tuple[Pointer, dict[str, Json]]]]:
    """A text that is YAML itself: a patch of a post-renderer, values of Argo CD."""
    try:
        documents = [document.value for document in load_all(written.encode())]
    except YamlFault:
        return
    for body in documents:
        made = _made(body) if isinstance(body, list) else mapping(body)
        yield _reaching(text(made.get("kind")), made, ())


def _made(operations: list[Json]) -> dict[str, Json]:
    """What RFC 6902 operations put into an object that has nothing yet."""
    made: dict[str, Json] = {}
    for one in items(operations):
        *way, last = [token.replace("~1", "/").replace("~0", "~") for token in text(one.get("path")).split("/")]
        if one.get("op") in {"add", "replace"} and (node := _below(made, way[1:])) is not None:
            node[last] = one.get("value")
    return made


def _below(node: dict[str, Json], way: list[str]) -> dict[str, Json] | None:
    for token in way:
        child = node.setdefault(token, {})
        if not isinstance(child, dict):
            return None
        node = child
    return node


def _asked(at: Pointer, notes: dict[str, Json]) -> Iterator[Injection]:
    own = {key.removeprefix(_PREFIX): scalar(value) for key, value in notes.items() if key.startswith(_PREFIX)}
    if own.get(SIGN) not in _TRUE or own.get("agent-inject-status") == "injected":
        return
    pointer, role = pointer_text(at), own.get("role", "")
    if settings := own.get("agent-configmap"):
        # Then the injector ignores every annotation about files.
        yield Injection(pointer, role, (), (), (f"ConfigMap {settings}",))
        return
    names = tuple(dict.fromkeys(name for key, value in own.items() if value.strip() and (name := _name(key))))
    fetched, elsewhere = dict[str, list[str]](), list[str]()
    for name in names:
        elsewhere += _template_file(own, name)
        for path, keys in _fetched(own, name):
            fetched.setdefault(path, []).extend(keys)
    read = tuple(Fetched(path, tuple(dict.fromkeys(keys))) for path, keys in fetched.items())
    yield Injection(pointer, role, tuple(_file(own, name) for name in names), read, tuple(elsewhere))


def _template_file(own: dict[str, str], name: str) -> Iterator[str]:
    file = own.get(f"agent-inject-template-file-{name}")
    if file and not own.get(f"agent-inject-template-{name}"):
        yield f"{file} in the agent's container"


def _fetched(own: dict[str, str], name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What one file is made of: paths, each with the keys that are taken."""
    if template := own.get(f"agent-inject-template-{name}"):
        keys = tuple(dict.fromkeys(map(_key, _DATA.finditer(template))))
        yield from ((_path(found.group(1)), keys) for found in _CALL.finditer(template))
    elif not own.get(f"agent-inject-template-file-{name}") and (path := _path(own[f"agent-inject-secret-{name}"])):
        yield path, ("*",)


def _name(key: str) -> str:
    return next((key.removeprefix(maker) for maker in _MAKERS if key.startswith(maker)), "")


def _file(own: dict[str, str], name: str) -> str:
    kept = own.get(f"preserve-secret-case-{name}", own.get("preserve-secret-case")) in _TRUE
    return own.get(f"agent-inject-file-{name}") or (name if kept else name.lower())


def _key(found: re.Match[str]) -> str:
    return (found["index"] and found["named"]) or found["key"] or "*"


def _path(written: str) -> str:
    """As a policy names it: no slash in front, and no version asked for behind."""
    return written.partition("?")[0].strip().strip("/")
