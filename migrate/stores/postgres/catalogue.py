"""What PostgreSQL's catalogue says of a login, in the form that plans have."""

from __future__ import annotations

from typing import Any

from migrate.model.change import Absent, Doc, State
from migrate.model.json import Json

MARK = "written by migrate, run "
"""Begins the comment of a role that a run made; the run's id is the rest."""

_ROLE = """
select r.rolcanlogin, r.rolcreaterole, r.rolsuper, shobj_description(r.oid, 'pg_authid'),
  array(select d.datname::text from pg_database d, aclexplode(d.datacl) a
    where a.grantee = r.oid and a.privilege_type = 'CONNECT' order by 1),
  array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid
    where m.member = r.oid order by 1),
  array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid
    where m.member = r.oid and m.admin_option order by 1),
  (select coalesce(jsonb_object_agg(d.datname, substr(one, 6)), '{{}}')
    from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase, unnest(s.setconfig) one
    where s.setrole = r.oid and one like 'role=%%'),
  (select coalesce(jsonb_agg(jsonb_build_object({grant}) order by g.rolname), '[]')
    from pg_auth_members m join pg_roles g on g.oid = m.member
    where m.roleid = r.oid and m.admin_option and not {implied})
from pg_roles r where r.rolname = %(name)s
"""

_OPTIONS = "'role', g.rolname, 'admin', true, 'inherit', m.inherit_option, 'set', m.set_option"
# From 16 on whoever makes a role gets ADMIN on it from the bootstrap superuser, asked for or not.
_IMPLIED = "(m.grantor = 10 and g.rolname = current_user and not m.inherit_option and not m.set_option)"


def role_query(version: int) -> str:
    """One row about the role `name`; none where there is no such role."""
    if version >= 16:
        return _ROLE.format(grant=_OPTIONS, implied=_IMPLIED)
    return _ROLE.format(grant="'role', g.rolname, 'admin', true", implied="false")


def role_state(rows: list[tuple[Any, ...]]) -> tuple[State, str | None]:
    """The login, and the run that made it where its comment says so."""
    if not rows:
        return Absent(), None
    login, createrole, superuser, comment, connect, member, admin, acts, administered = rows[0]
    state: dict[str, Json] = {
        "login": login,
        "createrole": createrole,
        "superuser": superuser,
        "connect": connect,
        "memberOf": member,
        "adminOf": admin,
        "actsAs": acts,
        "administeredBy": administered,
    }
    return Doc(state), comment.removeprefix(MARK) if comment and comment.startswith(MARK) else None
