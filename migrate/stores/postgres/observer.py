"""What checks may look at in PostgreSQL: the shapes of `migrate/checks/observations.py`.

What the administrator's login may not see is left out: the check that needs it is then inconclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from migrate.model.change import Absent, Change, Doc, Exact, State
from migrate.model.json import Json
from migrate.model.ports import Unreachable
from migrate.model.target import Target
from migrate.stores.certificates import revoked, serial
from migrate.stores.postgres.comparing import counted, writes
from migrate.stores.postgres.endpoint import endpoint
from migrate.stores.postgres.session import Database
from migrate.stores.postgres.store import PostgresStore
from migrate.targets.columns import KINDS, columns_of

_HBA = """
select type, database, user_name, address, netmask, auth_method, line_number
from pg_hba_file_rules where error is null order by line_number
"""
_UNREAD = "select count(*) from pg_hba_file_rules where error is not null"
_HERE = "select host(inet_server_addr())"
_SESSIONS = """
select count(*), min(backend_start), max(backend_start), count(*) filter (where backend_start is null),
  array_agg(distinct host(client_addr)) filter (where client_addr is not null)
from pg_stat_activity where usename = %(name)s and pid <> pg_backend_pid()
"""
_CERTIFICATES = """
select count(*), count(*) filter (where s.ssl is null), count(*) filter (where s.client_serial is null),
  array_agg(distinct s.client_serial::text) filter (where s.client_serial is not null)
from pg_stat_activity a left join pg_stat_ssl s on s.pid = a.pid
where a.usename = %(name)s and a.pid <> pg_backend_pid()
"""
# A list that was written after the server last read its settings is not the one that it goes by.
_REVOKED = """
select case when current_setting('ssl_crl_file') = '' then ''
  when (pg_stat_file(current_setting('ssl_crl_file'))).modification > pg_conf_load_time() then ''
  else pg_read_file(current_setting('ssl_crl_file')) end
"""
_EXISTS = "select 1 from pg_database where datname = %(name)s and datallowconn"
# A server's own schemas belong to whoever made the cluster, in every database.
_OWNERS = """
select owner::regrole::text, count(*) from (
  select relowner from pg_class where relkind in ('r', 'p', 'v', 'm', 'S', 'f') and relnamespace in (select oid from s)
  union all select proowner from pg_proc where pronamespace in (select oid from s)
    and not exists (select from pg_depend d where d.objid = pg_proc.oid and d.deptype = 'e')
  union all select typowner from pg_type where typtype in ('d', 'e', 'r') and typnamespace in (select oid from s)
  union all select nspowner from pg_namespace where oid in (select oid from s) and nspname <> 'public'
) found (owner) group by 1
"""
_SCHEMAS = "with s as (select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema')"


@dataclass(frozen=True, slots=True)
class PostgresObserver:
    """One server, looked at as its administrator; `ca`: who may have signed its certificate."""

    database: Database
    ca: str | None = None

    def observe(self, target: Target) -> State:
        """The target as it is now. Raises Unreachable."""
        if target.kind == "role" or target.kind in KINDS:
            return PostgresStore(self.database).read(Change(target, Absent(), Absent(), Exact())).state
        try:
            found = self._seen(target)
        except PermissionError:
            found = {}
        return Absent() if found is None else Doc(found)

    def _seen(self, target: Target) -> dict[str, Json] | None:
        match target.kind, target.name:
            case "server", "settings":
                return self._settings()
            case "server", "hba":
                return self._rules()
            case "endpoint", address:
                return endpoint(address, self.ca)
            case "sessions", login:
                return _sessions(self.database.ask(_SESSIONS, {"name": login})[0])
            case "certificates", login:
                return _certificates(self.database.ask(_CERTIFICATES, {"name": login})[0])
            case "server", "revoked":
                return {"serials": list[Json](sorted(revoked(str(self.database.ask(_REVOKED)[0][0]))))}
            case "ownership", database:
                return self._ownership(database)
            case "writes", _:
                return writes(self.database, columns_of(target))
            case "versions", _:
                return counted(self.database, columns_of(target))
        return None

    def _rules(self) -> dict[str, Json]:
        shown: dict[str, Json] = {"rules": [_rule(row) for row in self.database.ask(_HBA)]}
        ((unread,),), ((server,),) = self.database.ask(_UNREAD), self.database.ask(_HERE)
        return shown | {"unread": unread} | ({"server": server} if server else {})

    def _settings(self) -> dict[str, Json]:
        shown: dict[str, Json] = {"version": self.database.version()}
        try:
            return shown | {"system": PostgresStore(self.database).identity()}
        except Unreachable:
            return shown

    def _ownership(self, database: str) -> dict[str, Json] | None:
        named: Mapping[str, object] = {"name": database}
        if not self.database.ask(_EXISTS, named):
            return None
        return {
            "owners": {_unquoted(owner): count for owner, count in self.database.ask(_SCHEMAS + _OWNERS, {}, database)}
        }


def _rule(row: tuple[Any, ...]) -> dict[str, Json]:
    kind, databases, users, address, mask, method, line = row
    if mask:  # words like samenet and host names have none
        address = f"{address}/{int(ip_address(mask)).bit_count()}"
    return {"type": kind, "databases": databases, "users": users, "address": address, "method": method, "line": line}


def _sessions(row: tuple[Any, ...]) -> dict[str, Json]:
    count, oldest, newest, hidden, clients = row
    shown: dict[str, Json] = {"count": count}
    if hidden:
        return shown  # without pg_read_all_stats nobody sees when others began, or from where
    shown["clients"] = sorted(clients or [])
    return shown | ({"oldest": _moment(oldest), "newest": _moment(newest)} if count else {})


def _certificates(row: tuple[Any, ...]) -> dict[str, Json]:
    count, hidden, without, serials = row
    if hidden:
        return {"count": count}  # without pg_read_all_stats nobody sees what others showed
    return {"count": count, "without": without, "serials": [serial(int(one)) for one in serials or []]}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _unquoted(name: str) -> str:
    """A role as `regrole` writes it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
