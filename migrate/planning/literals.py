"""Which values of a YAML file may be secrets, by where they stand, and where that is in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from migrate.documents.nodes import AliasNode, MappingNode, Node, ScalarNode, SequenceNode, compose
from migrate.documents.reader import YamlFault, load_once
from migrate.injector.annotation import INJECT

_SECRET_KEY = re.compile(
    r"(?i)pass(?:word|wd|phrase|code)?(?![a-z])|pwd|secret|token|(?:api|private|access|signing|encryption)[_-]?key"
    r"|credential|dsn|bearer"
)
_NAMES_ONLY = re.compile(
    r"(?i)(?:names?|ref|(?:password|token|secret)[_-]?key|file|path|store|type|kind|policy|audience|class|ttl)$"
)
_NAMES_IN_LISTS = re.compile(r"(?i)secrets?$")
_ACTION = re.compile(r"\{\{[^{}\"'`]*\}\}")
_HARMLESS = re.compile(
    r"""^["']?(?:\$(?:[A-Z_][A-Z0-9_]*|\{\w+(?::[=-]?)?\}|\(\w+\))["']?$|(?:true|false|null)\b|~$)"""
)
_PATH = re.compile(r"""^["']?(?:/[a-z0-9._${}-]+)+/?["']?(?:\s+#.*)?$""")

_TEMPLATE = f"{INJECT}-template-"

_COPIERS = frozenset({"ExternalSecret", "ClusterExternalSecret", "PushSecret"})
_TEMPLATED = frozenset({"data", "literal", "annotations"})
"""What of a template becomes content of the Secret; the rest of it are names and types."""
_PLAIN = frozenset({"value", "literal", "text", "plain", "plaintext", "data"})


@dataclass(frozen=True, slots=True)
class Spot:
    """One value that may be a secret: from where to where it stands in the text, and what it says."""

    start: int
    end: int
    value: str
    block: bool


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands above a value."""

    hidden: bool = False
    copier: bool = False
    template: bool = False
    fake: bool = False
    secret: bool = False


def spots(text: str) -> Iterator[Spot]:
    """Every such value, in no particular order; none where the text is not YAML: nothing of that is edited either."""
    try:
        load_once(text.encode("utf-8", "surrogatepass"))
        documents = compose(text)
    except YamlFault:
        return
    anchors = dict[str, Node]()
    for document in documents:
        yield from _found(document.root, _Around(), anchors)


def _found(node: Node, around: _Around, anchors: dict[str, Node]) -> Iterator[Spot]:
    match node:
        case AliasNode(anchor=anchor) if anchor in anchors and around.hidden:
            yield from _found(anchors.pop(anchor), around, anchors)
        case ScalarNode() if around.hidden and not harmless(node.text):
            yield Spot(node.start, node.end, node.text, node.style in {"|", ">"})
        case SequenceNode():
            for item in node.items:
                yield from _found(item, around, anchors)
        case MappingNode():
            yield from _in_mapping(node, around, anchors)
        case _:
            pass
    if not isinstance(node, AliasNode) and node.anchor:
        anchors[node.anchor] = node


def _in_mapping(node: MappingNode, around: _Around, anchors: dict[str, Node]) -> Iterator[Spot]:
    fields = {pair.key.text: pair.value for pair in node.pairs if isinstance(pair.key, ScalarNode)}
    kind, name = _text(fields.get("kind")), _text(fields.get("name"))
    around = replace(around, copier=around.copier or kind in _COPIERS)
    for key, value in fields.items():
        inside = kind == "Secret" and key in {"data", "stringData"}
        inside = inside or (secret_key(name) and key == "value") or (around.secret and key in _PLAIN)
        # `secretKey` is a name beside a `remoteRef`, and half of a cloud's credentials elsewhere.
        inside = inside or (key.lower() in {"secretkey", "secret_key"} and "remoteRef" not in fields)
        inside = inside or (around.template and key in _TEMPLATED) or (around.fake and key == "value")
        yield from _found(value, _below(key, value, around, hidden=around.hidden or inside), anchors)


def _below(key: str, value: Node, around: _Around, *, hidden: bool) -> _Around:
    secret = secret_key(key)
    holds = secret and (isinstance(value, ScalarNode | AliasNode) or _plain_list(key, value))
    return _Around(
        hidden=hidden or holds,
        copier=around.copier,
        template=around.copier and (around.template or key == "template"),
        fake=around.fake or key == "fake",
        secret=secret,
    )


def _plain_list(key: str, value: Node) -> bool:
    texts = isinstance(value, SequenceNode) and all(isinstance(item, ScalarNode) for item in value.items)
    return texts and not _NAMES_IN_LISTS.search(key)


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, ScalarNode) else ""


def secret_key(key: str) -> bool:
    """Whether what stands under a key of this name may be a secret, rather than the name or the place of one.

    The injector's annotations bear a file's name in their own, and say where it is fetched and how it is kept; only a
    template can hold text of its own.
    """
    if key.startswith(INJECT) and not key.startswith(_TEMPLATE):
        return False
    return bool(_SECRET_KEY.search(key)) and not _NAMES_ONLY.search(key)


def harmless(text: str) -> bool:
    """Whether a text cannot be a secret whatever its key: empty, a path, a reference, or all of it filled in later."""
    if text.startswith(("/", '"/', "'/")):
        return _PATH.match(text) is not None
    rest = _ACTION.sub("", text)
    return not any(letter.isalnum() for letter in rest) or _HARMLESS.match(text) is not None
