"""Disks for the lab's pods: `python -m migrate.lab.volumes --folder F --api URL --ca F --cert F --key F`.

Whatever storage class a claim names, it gets a folder of the lab: no storage operator of an estate is in the lab, and
a pod that waits for its disk would hold up everything that waits for the pod.
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


def volume(claim: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A volume for exactly one claim, in a folder of its own."""
    metadata, spec = claim["metadata"], claim["spec"]
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


def provide(web: Web, folder: Path) -> None:
    """One look: give every waiting claim its folder and its volume. Raises Failed where the API server is away."""
    for claim in waiting(web.ask("GET", "/api/v1/persistentvolumeclaims")["items"]):
        place = folder / claim["metadata"]["uid"]
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o777)  # pods run as whoever their image says
        apply(web, [volume(claim, folder)])


def main() -> None:
    """Provide until ended."""
    parser = argparse.ArgumentParser(prog="python -m migrate.lab.volumes", description=(__doc__ or "").split("\n")[0])
    for name in ("folder", "ca", "cert", "key"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--api", required=True)
    given = parser.parse_args()
    web = Web(given.api, given.ca, client=(given.cert, given.key))
    while True:
        try:
            provide(web, given.folder)
        except Failed as error:  # the API server is restarted, or the claim went away: look again
            print(error.happened, flush=True)  # noqa: T201  the log of a process of its own
        time.sleep(_BETWEEN)


if __name__ == "__main__":
    main()
