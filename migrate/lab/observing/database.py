"""Follows a workload's logins in PostgreSQL: passwords, who may log in, and sessions."""

from __future__ import annotations

from collections.abc import Iterator

from .commands import clock
from .eyes import Eyes
from .seen import Rotation


class Database:
    """The logins of one workload."""

    def __init__(self, eyes: Eyes) -> None:
        self.eyes, self.seen = eyes, eyes.seen

    def database(self) -> None:
        """Four looks a second over one connection."""
        new, old = (self.eyes.settings[name].replace("'", "''") for name in ("login", "owner"))
        role = f"(select xmin::text from pg_authid where rolname = '{new}')"
        query = (
            f"select extract(epoch from clock_timestamp()), {role}, "
            "(select string_agg(rolname || '=' || rolcanlogin, ',') from pg_authid "
            f"where rolname in ('{new}', '{old}')), "
            "(select string_agg(usename || '=' || n, ',') from (select usename, count(*) n from pg_stat_activity "
            f"where usename in ('{new}', '{old}') and client_addr is not null group by 1) s) \\watch 0.25\n"
        )
        while not self.eyes.children.over.is_set():
            child = self.eyes.children.begun("psql", "-XAt", "-F", "|", text=query)
            for line in child.stdout or ():
                parts = line.rstrip("\n").split("|")
                if len(parts) == 4:
                    self.look(*parts)
            self.eyes.children.over.wait(1.0)

    def look(self, moment: str, verifier: str, logins: str, sessions: str) -> None:
        """What one look found."""
        self.seen.looks += 1
        self.seen.logins = {name: may == "true" for name, may in _pairs(logins)}
        self.seen.sessions = {name: int(count) for name, count in _pairs(sessions)}
        users = frozenset(uid for uid, pod in list(self.seen.pods.items()) if pod.agent and pod.ready)
        if users and verifier and self.seen.verifier not in ("", verifier):
            self.seen.rotations.append(Rotation(float(moment), users))
            self.eyes.log.note("rotation", login=self.eyes.settings["login"], at=clock(float(moment)))
        self.seen.verifier = verifier


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in filter(None, text.split(",")):
        name, _, value = part.rpartition("=")
        yield name, value
