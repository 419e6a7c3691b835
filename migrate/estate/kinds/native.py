"""Built-in kinds and well-known operators' resources that are no workloads."""

from __future__ import annotations

import re
from collections.abc import Iterable

from migrate.estate.facts import Use
from migrate.estate.fields import Object, Reading, pick, scalar, sensitive
from migrate.estate.kinds.workloads import generic
from migrate.estate.references import uses as named_uses
from migrate.model.json import Pointer, items, pointer_text, reach, text

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHORT = 300


def ingress(value: Object) -> Reading:
    """An Ingress or route: certificates, and annotations that name Secrets."""
    return Reading((*named_uses(value.get("spec"), "ingress-tls", ("spec",)), *_annotations(value)), texts=False)


def gateway(value: Object) -> Reading:
    """A Gateway: the certificates of its listeners."""
    named = list(named_uses(value.get("spec"), "gateway-tls", ("spec",)))
    for index, listener in enumerate(items(reach(value, "spec", "listeners"))):
        for place, reference in enumerate(items(reach(listener, "tls", "certificateRefs"))):
            if reference.get("kind", "Secret") == "Secret" and (name := text(reference.get("name"))):
                pointer = pointer_text(("spec", "listeners", index, "tls", "certificateRefs", place, "name"))
                named.append(Use(name, text(reference.get("namespace")), "gateway-tls", pointer))
    return Reading(tuple(named))


def istio_gateway(value: Object) -> Reading:
    """A Gateway of Istio: its certificates lie beside the gateway's pods, in whichever namespace these are."""
    named = [
        Use(name, "", "gateway-tls", pointer_text(("spec", "servers", index, "tls", "credentialName")))
        for index, server in enumerate(items(reach(value, "spec", "servers")))
        if (name := text(reach(server, "tls", "credentialName")))
    ]
    return Reading(tuple(named))


def _annotations(value: Object) -> Iterable[Use]:
    """Ingress annotations whose key ends in `-secret` name one (basic auth, client CA), as `namespace/name` or name."""
    annotations = reach(value, "metadata", "annotations")
    for key, name in annotations.items() if isinstance(annotations, dict) else ():
        if key.endswith("-secret") and isinstance(name, str):
            namespace, _, plain = name.rpartition("/")
            yield Use(plain, namespace, "ingress-tls", pointer_text(("metadata", "annotations", key)))


def service_account(value: Object) -> Reading:
    """A ServiceAccount: pull credentials and other Secrets it hands out."""
    found = []
    for name_field in ("secrets", "imagePullSecrets"):
        for index, item in enumerate(items(value.get(name_field))):
            if name := text(item.get("name")):
                found.append(Use(name, "", "serviceaccount", pointer_text((name_field, index, "name"))))
    return Reading(tuple(found))


def role(value: Object) -> Reading:
    """A Role: rules that let somebody read a Secret by name."""
    found = []
    for index, rule in enumerate(items(value.get("rules"))):
        verbs, resources, names = (rule.get(key) for key in ("verbs", "resources", "resourceNames"))
        reads = isinstance(verbs, list) and {"get", "list", "watch", "*"} & {str(verb) for verb in verbs}
        if reads and isinstance(resources, list) and {"secrets", "*"} & {str(item) for item in resources}:
            for place, name in enumerate(names if isinstance(names, list) else []):
                if isinstance(name, str):
                    found.append(Use(name, "", "rbac", pointer_text(("rules", index, "resourceNames", place))))
    return Reading(tuple(found))


def certificate(value: Object) -> Reading:
    """A Certificate makes the Secret it names; it is no reader of it."""
    spec = value.get("spec")
    produced: Pointer = ("spec", "secretName")
    return Reading(
        tuple(named_uses(spec, "custom-resource", ("spec",), skip=frozenset({produced}))),
        pick(spec, "secretName"),
    )


def config_map(value: Object) -> Reading:
    """Only what can be a variable is kept: short, on one line, under a key that is a variable's name."""
    data = reach(value, "data")
    pairs = data.items() if isinstance(data, dict) else ()
    short = {key: scalar(item) for key, item in pairs if _VARIABLE.fullmatch(key) and not isinstance(item, dict | list)}
    kept: Object = {
        key: item for key, item in short.items() if len(item) <= _SHORT and "\n" not in item and not sensitive(key)
    }
    return Reading((), {"data": kept, "masked": len(kept) < len(short)}, texts=True)


def secret(value: Object) -> Reading:
    """A Secret: its keys, never its values."""
    keys = [key for name in ("data", "stringData") if isinstance(part := value.get(name), dict) for key in part]
    return Reading((), {"keys": list(keys), "type": text(value.get("type"))})


def replication(value: Object) -> Reading:
    """VolSync calls the Secret with a repository's address and password its `repository`."""
    reading = generic(value)
    spec = value.get("spec")
    found = [
        Use(name, "", "custom-resource", pointer_text(("spec", mover, "repository")))
        for mover, settings in (spec.items() if isinstance(spec, dict) else ())
        if (name := text(reach(settings, "repository")))
    ]
    if name := text(reach(spec, "repository")):
        found.append(Use(name, "", "custom-resource", pointer_text(("spec", "repository"))))
    return reading._replace(uses=(*reading.uses, *found))


def postgres_cluster(value: Object) -> Reading:
    """A PostgresCluster: what it reads, and the users it makes Secrets for."""
    reading = generic(value)
    users = [text(user.get("name")) for user in items(reach(value, "spec", "users"))]
    return reading._replace(spec={"users": [user for user in users if user]})
