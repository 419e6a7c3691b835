"""What checks may look at in Vault: the shapes of `migrate/checks/observations.py`, never a password.

A key that the token may not see is left out: the check that needs it is then inconclusive.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from migrate.model.change import Absent, Doc, State
from migrate.model.json import Json, mapping, sequence
from migrate.model.ports import Unreachable
from migrate.model.target import Target
from migrate.stores.vault.api import Api
from migrate.stores.vault.certificates import Issued, authority
from migrate.targets import kv
from migrate.targets.transit import shown, shown_at
from migrate.targets.vault import grant, unmarked

_HEALTH = "sys/health?standbycode=200&perfstandbyok=true&sealedcode=200&uninitcode=200"


@dataclass(frozen=True, slots=True)
class VaultObserver:
    """One Vault, looked at with the operator's token."""

    api: Api
    now: Callable[[], datetime]
    _issued: Issued = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_issued", Issued(self.api))

    def observe(self, target: Target) -> State:
        """The target as it is now. Raises Unreachable."""
        found = self._seen(target)
        return Absent() if found is None else Doc(found)

    def _seen(self, target: Target) -> dict[str, Json] | None:
        kind = target.kind.rpartition("/")[2]
        if (path := kv.path_of(target)) is not None:
            return self._versions(path)
        if target.kind == "sys" and target.name == "health":
            return self._health()
        if target.kind == "sys" and target.name == "host":
            return {"addresses": list[Json](_addresses(self.api.address))}
        if target.kind.startswith("sys/mounts"):
            return self._mount(target.path.removeprefix("sys/mounts/"))
        if target.kind.partition("/")[0] == "leases":
            return self._leases(f"{target.kind.partition('/')[2]}/{target.name}".lstrip("/"))
        if kind == "reach":
            return self._reach(target)
        if kind == "authority":
            return authority(self.api, target.kind.removesuffix("/authority"))
        if kind == "issued":
            return self._issued.bearing(target.kind.removesuffix("/issued"), target.name, self.now())
        found = self._read(target)
        if found is None:
            return None
        match kind:
            case "policy":
                return {"policy": unmarked(str(found["policy"]))} if "policy" in found else {}
            case "static-roles":
                return found | self._time_to_live(found)
        return found

    def _read(self, target: Target) -> dict[str, Json] | None:
        """Nothing where there is no such thing. What may not be read is not known, and must not look empty."""
        path = shown_at(target)
        answer = self.api.look(path)
        if answer.status == 403:
            raise Unreachable(f"the token may not read {path} in Vault", following=f"grant it: {grant(path, 'read')}")
        return shown(target, dict(answer.data)) if answer.ok else None

    def _mount(self, name: str) -> dict[str, Json] | None:
        """As the list of all mounts has it, since reading that is a smaller right than reading one of them."""
        found = mapping((self._read(Target("vault", "sys", "mounts")) or {}).get(f"{name}/"))
        return {"type": found.get("type")} if found else None

    def _health(self) -> dict[str, Json]:
        body = self.api.anonymous().look(_HEALTH).body
        shown: dict[str, Json] = {key: body[key] for key in ("initialized", "sealed", "version") if key in body}
        if "cluster_id" in body:
            shown["cluster"] = body["cluster_id"]
        return shown | {"trusted": self.api.address.startswith("https://")}

    def _leases(self, path: str) -> dict[str, Json]:
        answer = self.api.look(f"sys/leases/lookup/{path}/", "list")
        if answer.status == 404:
            return {"count": 0}
        if answer.status == 403:
            raise Unreachable(
                f"the token may not see which logins of {path} are left",
                following=f"grant it: {grant(f'sys/leases/lookup/{path}/', 'list', 'sudo')}",
            )
        return {"count": len(sequence(answer.data.get("keys")))}

    def _versions(self, path: str) -> dict[str, Json] | None:
        answer = self.api.look(kv.metadata_path(path))
        if answer.status == 403:
            return {}
        return kv.newest(answer.data, self.now()) if answer.ok else None

    def _reach(self, target: Target) -> dict[str, Json] | None:
        """Vault connects anew with the password it holds, and changes nothing: `reset` drops its pool and opens one."""
        mount = target.kind.rpartition("/")[0]
        if self._read(Target("vault", f"{mount}/config", target.name)) is None:
            return None
        path = f"{mount}/reset/{target.name}"
        # That it cannot connect is said with 500.
        answer = self.api.told("post", path, refusals={400, 403, 500})
        if answer.status == 403:
            raise Unreachable(
                f"Vault was not asked to connect: {answer.errors}", following=f"grant it: {grant(path, 'update')}"
            )
        return {"reached": answer.ok} | ({} if answer.ok else {"why": answer.errors})

    def _time_to_live(self, role: dict[str, Json]) -> dict[str, Json]:
        """What `static-creds` would say, without reading the password that stands beside it."""
        last, period = role.get("last_vault_rotation"), role.get("rotation_period")
        if not isinstance(last, str) or not isinstance(period, int) or not period:
            return {}
        passed = (self.now() - datetime.fromisoformat(last)).total_seconds()
        return {"ttl": max(0, round(period - passed))}


def _addresses(url: str) -> list[str]:
    """Where the name in a URL leads; empty where it leads nowhere."""
    try:
        found = socket.getaddrinfo(urlsplit(url).hostname, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({str(one[4][0]) for one in found})
