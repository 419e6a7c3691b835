"""States as a shell script sees them: what `vault read` and one query of `psql` come down to in `rollback.sh`.

Both sides must say the same of the same state, so the rules stand here once: what is left out, and in which form.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from migrate.model.change import Absent, Doc, State
from migrate.model.json import Json, mapping, sequence
from migrate.model.target import Target
from migrate.targets.kinds import flattened, kind_of

NONE = "none"
"""Where there is no such thing."""

_DEFAULTS = {
    "policy": ('"name"',),
    "static-roles": ('"credential_type": "password"',),
    "roles": (
        '"credential_type": "password"',
        '"serial_number_source": "json-csr"',
        '"use_csr_common_name": true',
        '"use_csr_sans": true',
    ),
    "role": ('"bound_claims_type": "string"',),
}
"""By the last part of the kind: what Vault fills in by itself. A key, or a whole line where that is the default."""

_EMPTY: tuple[Json, ...] = (None, "", 0, [], {})


def kept_by_vault(target: Target) -> tuple[str, ...]:
    """What is no part of a state although a reading may show it, as keys and lines of its text."""
    kind = kind_of(target)
    keys = tuple(f'"{key}"' for key in sorted(kind.unread | kind.moving))
    return keys + _DEFAULTS.get(target.kind.rpartition("/")[2], ())


def vault_text(target: Target, state: Doc) -> str:
    """The state as sorted lines `"key": value`, each ended, as the script makes them of `vault read -format=json`."""
    left_out = set(kept_by_vault(target))
    fields = flattened(kind_of(target), state.value)
    lines = {f'"{key}"': f'"{key}": {_value(value)}' for key, value in fields.items() if value not in _EMPTY}
    kept = [line for key, line in lines.items() if key not in left_out and line not in left_out]
    return "".join(f"{line}\n" for line in sorted(kept, key=str.encode))


def _value(value: Json) -> str:
    """JSON as Go writes it, lines joined."""
    text = json.dumps(value, sort_keys=True, separators=(",", ": "), ensure_ascii=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


LOGIN_QUERY = """\
select coalesce((select concat_ws(' ',
    case when rolcanlogin then 'login' else 'nologin' end,
    case when rolcreaterole then 'createrole' end,
    case when rolsuper then 'superuser' end,
    case when rolcreatedb then 'createdb' end,
    case when rolreplication then 'replication' end,
    case when rolbypassrls then 'bypassrls' end,
    (select 'in:' || string_agg(g.rolname, ',' order by g.rolname collate "C")
      from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid),
    (select 'sets:' || string_agg(coalesce(d.datname, '*') || ':' || one, ','
        order by coalesce(d.datname, '*') collate "C", one collate "C")
      from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase, unnest(s.setconfig) one
      where s.setrole = r.oid))
  from pg_roles r where rolname = :'login'), 'none');"""
"""One line of what the catalogue says of a login; `none` where there is no such role."""


def login_text(state: State) -> str:
    """The state in the words of that line."""
    return " ".join(_login(mapping(state.value))) if isinstance(state, Doc) else NONE


def _login(state: dict[str, Json]) -> Iterator[str]:
    yield "login" if state.get("login") else "nologin"
    yield from (word for word in ("createrole", "superuser") if state.get(word))
    if groups := sequence(state.get("memberOf")):
        yield "in:" + ",".join(sorted(map(str, groups), key=str.encode))
    if acts := mapping(state.get("actsAs")):
        yield "sets:" + ",".join(
            sorted((f"{database}:role={owner}" for database, owner in acts.items()), key=str.encode)
        )


def only_login(before: State, after: State) -> bool:
    """Whether all that the states say is if it can log in: then nothing else of the role is anybody's business here."""
    states = [state for state in (before, after) if not isinstance(state, Absent)]
    return all(isinstance(state, Doc) and set(mapping(state.value)) == {"login"} for state in states)
