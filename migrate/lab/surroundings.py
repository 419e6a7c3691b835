"""What a cluster gets from where it stands: disks for claims, addresses for load balancers.

`python -m migrate.lab.surroundings --folder F --address A --api URL --ca F --cert F --key F`. Whatever storage class a
claim names, it gets a folder of the lab, and a claim that pods name and nobody makes is made: no storage operator of an
estate is in the lab, and a pod without its disk, or a release without its address, would hold up all that waits for it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from migrate.lab.cluster import apply
from migrate.lab.web import Web
from migrate.model.errors import Failed

_BETWEEN = 1.0  # seconds between two looks


def waiting(claims: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Claims that nothing is bound to yet."""
    return [one for one in claims if one.get("status", {}).get("phase") in {None, "Pending"}]


def volume(one: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A volume for exactly one claim, in a folder of its own."""
    metadata, spec = one["metadata"], one["spec"]
    reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"lab-{metadata['uid']}"},
        "spec": {
            "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "claimRef": {**reference, "namespace": metadata["namespace"], "name": metadata["name"]},
            "hostPath": {"path": str(folder / metadata["uid"])},
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": spec.get("storageClassName") or "",
            "volumeMode": spec.get("volumeMode") or "Filesystem",
        },
    }


def absent(pods: Iterable[dict[str, Any]], claims: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """Claims that pods wait for and nobody made, as (namespace, name): somebody outside the tree has made them."""
    known = {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in claims}
    wanted = [
        (pod["metadata"]["namespace"], entry["persistentVolumeClaim"]["claimName"])
        for pod in pods
        if any("not found" in one.get("message", "") for one in pod.get("status", {}).get("conditions") or [])
        for entry in pod["spec"].get("volumes") or []
        if "persistentVolumeClaim" in entry
    ]
    return [place for place in dict.fromkeys(wanted) if place not in known]


def claim(place: tuple[str, str]) -> dict[str, Any]:
    """A small claim by (namespace, name)."""
    namespace, name = place
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def without_address(services: Iterable[dict[str, Any]]) -> list[str]:
    """Paths of the load balancers that nobody has given an address yet."""
    return [
        f"/api/v1/namespaces/{one['metadata']['namespace']}/services/{one['metadata']['name']}"
        for one in services
        if one["spec"].get("type") == "LoadBalancer" and not one.get("status", {}).get("loadBalancer")
    ]


def balance(web: Web, address: str) -> None:
    """One look: give every load balancer the address. Raises Failed where it cannot."""
    found = {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
    for path in without_address(web.ask("GET", "/api/v1/services")["items"]):
        web.ask("PATCH", f"{path}/status", found, kind="application/merge-patch+json")


def provide(web: Web, folder: Path) -> None:
    """One look: give every waiting claim its folder and its volume. Raises Failed where the API server is away."""
    claims = web.ask("GET", "/api/v1/persistentvolumeclaims")["items"]
    pods = web.ask("GET", "/api/v1/pods?fieldSelector=status.phase%3DPending")["items"]
    apply(web, map(claim, absent(pods, claims)))
    for one in waiting(claims):
        place = folder / one["metadata"]["uid"]
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o777)  # pods run as whoever their image says
        apply(web, [volume(one, folder)])


def main() -> None:
    """Provide until ended."""
    parser = argparse.ArgumentParser(
        prog="python -m migrate.lab.surroundings", description=(__doc__ or "").split("\n")[0]
    )
    for name in ("folder", "ca", "cert", "key"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--api", required=True)
    parser.add_argument("--address", required=True)
    given = parser.parse_args()
    web = Web(given.api, given.ca, client=(given.cert, given.key))
    while True:
        try:
            provide(web, given.folder)
            balance(web, given.address)
        except Failed as error:  # the API server is restarted, or something went away meanwhile: look again
            print(error.happened, flush=True)  # noqa: T201  the log of a process of its own
        time.sleep(_BETWEEN)


if __name__ == "__main__":
    main()
