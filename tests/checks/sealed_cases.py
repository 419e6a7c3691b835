"""What observers may show of a sealed column, and what its checks make of it."""

from __future__ import annotations

from urllib.parse import urlencode

from migrate.checks.answer import Fail, Inconclusive, Pass
from migrate.model.json import Json
from tests.checks.looking import ABOUT, EARLIER, LATER, SINCE, Case

_ASKED = urlencode({"key": ABOUT["key_column"], "with": ABOUT["key"]})
_WRITES, _PLAINTEXT = f"postgres:writes/{ABOUT['columns']}", f"postgres:plaintext/{ABOUT['columns']}"
_SIDE, _RESTORED = (f"postgres:{kind}/{ABOUT['columns']}?{_ASKED}" for kind in ("comparison", "restored"))
_VERSIONS = f"postgres:versions/{ABOUT['columns']}"
_POLICY, _MOUNT = "vault:policy/mig-watch-grafana", "vault:sys/mounts/transit"
_SHAPE: dict[str, Json] = {"kept": True, "type": "text", "indexes": [], "required": False}
_ROWS: dict[str, Json] = {"rows": 9, "equal": 8, "differing": 0, "missing": 0, "alone": 1, "unreadable": 0}
_HERE: dict[str, Json] = {"address": "https://second.example"}
_RULES = "\n".join(f'path "{path}" {{ capabilities = ["update"] }}' for path in ABOUT["paths"].split())


def _noted(**moments: str) -> dict[str, Json]:
    return {_WRITES: {"guarded": True, **moments}}


CASES = [
    Case("column.writes", Pass, _noted(both=LATER)),
    Case("column.writes", Pass, _noted(both=LATER, plain=EARLIER)),
    Case("column.writes", Fail, {_WRITES: {"guarded": False, "both": LATER}}),
    Case("column.writes", Inconclusive, _noted(plain=EARLIER)),
    Case("column.writes", Inconclusive, _noted(both=SINCE, plain=LATER)),
    Case("column.writes", Inconclusive, _noted(both=LATER, plain=LATER)),
    Case("column.writes", Inconclusive, _noted(both=LATER, plain="2026-03-04T11:15:00+00:00")),
    Case("column.moved", Pass, _noted(sealed=LATER)),
    Case("column.moved", Pass, _noted(sealed=LATER, both=EARLIER, plain=EARLIER)),
    Case("column.moved", Inconclusive, _noted(both=LATER)),
    Case("column.moved", Inconclusive, _noted(sealed=SINCE, both=LATER)),
    Case("column.moved", Inconclusive, _noted(sealed=LATER, plain=SINCE)),
    Case("column.released", Pass, _noted(plain=LATER)),
    Case("column.released", Pass, _noted(plain=LATER, both=SINCE)),
    Case("column.released", Pass, _noted(sealed=EARLIER, both=LATER, plain="2026-03-04T11:31:00+00:00")),
    Case("column.released", Pass, _noted(both=LATER)),  # nobody wrote any for so long
    Case("column.released", Inconclusive, _noted(both="2026-03-04T11:59:00+00:00")),
    Case("column.released", Inconclusive, _noted(sealed="2026-03-04T11:59:00+00:00", plain=LATER)),
    Case("column.compared", Pass, {_SIDE: _ROWS}),
    *(Case("column.compared", Fail, {_SIDE: _ROWS | {key: 1}}) for key in ("differing", "missing", "unreadable")),
    Case("column.compared", Inconclusive, {_SIDE: {"rows": 9}}),
    Case("column.returns", Pass, {_SIDE: _ROWS | {"missing": 3}}),
    Case("column.returns", Fail, {_SIDE: _ROWS | {"differing": 1}}),
    Case("column.returns", Inconclusive, {_SIDE: {}}),
    Case("column.shape", Pass, {_PLAINTEXT: _SHAPE}),
    Case("column.shape", Pass, {_PLAINTEXT: _SHAPE | {"type": "character varying(200)"}}),
    Case("column.shape", Fail, {_PLAINTEXT: {"kept": False}}),
    Case("column.shape", Fail, {_PLAINTEXT: _SHAPE | {"type": "jsonb"}}),
    Case("column.shape", Fail, {_PLAINTEXT: _SHAPE | {"indexes": ["public.entries_body_idx"]}}),
    Case("column.shape", Fail, {_PLAINTEXT: _SHAPE | {"required": True}}),
    Case("column.shape", Inconclusive, {_PLAINTEXT: {"kept": True}}),
    Case("column.versions", Pass, {_VERSIONS: {"rows": {"4": 7, "5": 1}}}),
    Case("column.versions", Fail, {_VERSIONS: {"rows": {"3": 1, "4": 7}}}),
    Case("column.versions", Fail, {_VERSIONS: {"rows": {"0": 1, "4": 7}}}),
    Case("column.versions", Fail, {_VERSIONS: None}),
    Case("column.versions", Inconclusive, {_VERSIONS: {"rows": {}}}),
    Case("transit.backups", Pass, {}, {"backups": "3600"}),
    Case("transit.backups", Pass, {}, {"backups": "0"}),
    Case("transit.backups", Inconclusive, {}),
    Case("transit.mount", Pass, {_MOUNT: {"type": "transit"}}),
    Case("transit.mount", Fail, {_MOUNT: None}),
    Case("transit.mount", Fail, {_MOUNT: {"type": "kv"}}),
    Case("transit.mount", Inconclusive, {_MOUNT: {}}),
    Case("transit.capability", Pass, {_POLICY: {"policy": _RULES}}),
    Case("transit.capability", Fail, {_POLICY: {"policy": _RULES.replace("update", "create")}}),
    Case("transit.capability", Fail, {_POLICY: {"policy": _RULES + 'path "transit/*" { capabilities = ["update"] }'}}),
    Case("transit.capability", Fail, {_POLICY: None}),
    Case("transit.capability", Inconclusive, {_POLICY: {}}),
    Case("transit.restored", Pass, {_RESTORED: _HERE | _ROWS}),
    Case("transit.restored", Fail, {_RESTORED: _HERE | _ROWS | {"unreadable": 1}}),
    Case("transit.restored", Fail, {_RESTORED: _HERE | _ROWS | {"differing": 1}}),
    Case("transit.restored", Inconclusive, {_RESTORED: None}),
    Case("transit.restored", Inconclusive, {_RESTORED: _HERE | _ROWS | {"equal": 0, "alone": 0}}),
]
