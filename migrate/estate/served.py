"""Who has secrets from Vault through the agent, and which unread copies that explains.

What the tree shows is what an agent fetches, never what a workload read before. So a copy counts as served where the
agents of its namespace fetch every value it holds; where they fetch something else, that is said, and no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from migrate.estate import helm
from migrate.estate.charts import chart_of
from migrate.estate.facts import Facts, Injection, Use
from migrate.estate.flux import Applied
from migrate.estate.held import kv_path
from migrate.estate.injections import injections
from migrate.estate.inventory import Inventory, Reason, Secret, Served
from migrate.estate.placed import namespace_of
from migrate.estate.profiles import Profiles
from migrate.estate.tree import Tree
from migrate.estate.values import values_maps, values_of
from migrate.estate.wiring import Wired
from migrate.model.json import text

_OF_POD = Use("", "", helm.HOW, "")
"""Something that a pod of an object reads."""
_NOBODY = {"orphan.no-reader", "orphan.unwired-reader"}
"""No reader that runs: then who is served explains more."""


def served(wired: Wired, tree: Tree, profiles: Profiles) -> list[Served]:
    """Everybody whose annotations the injector acts on, by namespace and name; in files that nobody applies, too."""
    found = dict[tuple[str, ...], Served]()
    scopes = [(str(index), scope.applied) for index, scope in enumerate(wired.scopes)]
    for scope, applied in (*scopes, ("", [Applied(fact, "") for fact in wired.loose])):
        maps = values_maps(applied)
        for item in applied:
            in_maps = (
                one._replace(file=place)
                for values, place in values_of(item, maps, tree)
                for one in injections("", values)
            )
            for one in (*item.facts.injections, *in_maps):
                if not _beside(one, item.facts, profiles):
                    entry = _entry(item.facts, one, scope)
                    found.setdefault((scope, entry.target, entry.file, str(entry.document), entry.pointer), entry)
    return sorted(found.values(), key=lambda one: (one.namespace, one.name, one.file, one.document, one.pointer))


def _entry(fact: Facts, one: Injection, scope: str) -> Served:
    return Served(
        kind=fact.kind,
        namespace=namespace_of(fact, _OF_POD) or "default",
        name=fact.name,
        file=one.file or fact.file,
        document=0 if one.file else fact.document,
        pointer=one.pointer,
        wired=bool(scope),
        role=one.role,
        files=one.files,
        fetched=one.fetched,
        elsewhere=one.elsewhere,
        scope=scope,
    )


def _beside(one: Injection, fact: Facts, profiles: Profiles) -> bool:
    """Whether a known chart puts this map elsewhere than on its pods: beside the one it takes for them."""
    tokens = tuple(one.pointer.split("/")[1:])
    for pod in profiles.chart(chart_of(fact)).pods:
        wanted = tuple(part for part in text(pod.detail.get("annotations")).split(".") if part)
        place = (*pod.values, *wanted)
        if wanted and "*" not in place and tokens[-len(place) : -1] == place[:-1] and tokens[-1] != place[-1]:
            return tokens[: -len(place)][-1:] in (("values",), ("valuesObject",), ("valuesInline",), ())
    return False


# --- what that explains ---------------------------------------------------------------------------------------


def explained(inventory: Inventory) -> Inventory:
    """The same, where those who are served name the copies they need no more, and unread copies say who is served."""
    by_place = defaultdict[tuple[str, str], list[Served]](list)
    for one in inventory.served:
        by_place[one.scope, one.namespace].append(one)
    if not by_place:
        return inventory
    copied = defaultdict[tuple[str, str], dict[str, set[tuple[str, str]]]](dict)
    for secret in inventory.secrets:
        copied[secret.scope, secret.namespace][secret.id] = _copied(inventory, secret)
    return replace(
        inventory,
        secrets=tuple(
            _told(secret, by_place[secret.scope, secret.namespace], copied[secret.scope, secret.namespace])
            for secret in inventory.secrets
        ),
        served=tuple(_naming(one, copied[one.scope, one.namespace]) for one in inventory.served),
    )


def _copied(inventory: Inventory, secret: Secret) -> set[tuple[str, str]]:
    """The values that an ExternalSecret copies: a path of the API and a key there, empty for all of it."""
    store = inventory.store_of(secret)
    if store is None or store.provider != "vault" or secret.generated:
        return set()
    return {(kv_path(store, datum.vault.path), datum.vault.property or "") for datum in secret.data}


def _naming(one: Served, copied: Mapping[str, set[tuple[str, str]]]) -> Served:
    names = tuple(name for name, values in copied.items() if any(_touches(one, *value) for value in values))
    return replace(one, secrets=names)


def _keys(one: Served, path: str) -> set[str]:
    return {key for fetched in one.fetched if fetched.path == path for key in fetched.keys}


def _fetches(one: Served, path: str, key: str) -> bool:
    """Whether it fetches all of that value. Of a key that leads into JSON the agent names the first part."""
    return bool({"*", key, key.partition(".")[0]} & _keys(one, path))


def _touches(one: Served, path: str, key: str) -> bool:
    """Whether it fetches that value, or some key of what is copied as a whole."""
    return _fetches(one, path, key) or (not key and bool(_keys(one, path)))


def _told(secret: Secret, beside: Sequence[Served], copied: Mapping[str, set[tuple[str, str]]]) -> Secret:
    if not beside or not secret.wired or secret.verdict != "orphan":
        return secret
    mine = copied[secret.id]
    if mine and all(any(_fetches(one, *value) for one in beside) for value in mine):
        fetching = [one for one in beside if any(_fetches(one, *value) for value in mine)]
        reason = Reason("orphan.served-by-agent", f"the agent of {_names(fetching)} fetches every value it copies")
        front = secret.reasons[0].code in _NOBODY
        others = [one for one in secret.reasons if one.code != "orphan.no-reader"]
        return replace(secret, reasons=(reason, *others) if front else (*others, reason))
    reasons = [*_in_part(mine, beside), *_instead(secret.namespace, beside, copied.values())]
    return replace(secret, reasons=(*secret.reasons, *reasons))


def _in_part(mine: set[tuple[str, str]], beside: Sequence[Served]) -> Iterator[Reason]:
    for one in beside:
        if paths := sorted({path for path, key in mine if _touches(one, path, key)}):
            yield Reason(
                "orphan.served-beside",
                f"of what it copies the agent of {one.target} fetches {', '.join(paths)}; "
                "whether anybody needs the rest, this tree does not say",
            )


def _instead(namespace: str, beside: Sequence[Served], copied: Iterable[set[tuple[str, str]]]) -> Iterator[Reason]:
    """What agents of the namespace fetch that nothing there copies: it may have come in this one's place."""
    known = {path for values in copied for path, _ in values}
    for one in beside:
        if paths := [fetched.path for fetched in one.fetched if fetched.path not in known]:
            yield Reason(
                "orphan.served-beside",
                f"the agent of {one.target} fetches {', '.join(paths)}, which nothing in {namespace} is known to copy; "
                "whether that came in its place, this tree does not say",
            )


def _names(those: Iterable[Served]) -> str:
    return ", ".join(dict.fromkeys(one.target for one in those))
