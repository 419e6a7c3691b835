"""One rehearsal in a lab that is up: the servers are introduced, the observer begins, the plan takes its course."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from migrate.cli.rehearsed import Rehearsal
from migrate.cli.rehearsing import estate, evidence, ground, images, token, witness
from migrate.cli.rehearsing.cast import cast
from migrate.cli.rehearsing.course import Course
from migrate.cli.rehearsing.drill import Drill
from migrate.cli.rehearsing.ground import Ground
from migrate.cli.rehearsing.operator import Operator
from migrate.cli.rehearsing.part import Part
from migrate.cli.rehearsing.pods import until_ready, workload
from migrate.cli.rehearsing.subject import Subject, expected
from migrate.cli.rehearsing.verdict import Server, Verdict, Witnessed, verdict
from migrate.lab import control, git, ports, secondvault, status
from migrate.model.errors import MigrateError
from migrate.model.json import Json
from migrate.planning.loading import Loaded
from migrate.stores.servers.opening import servers
from migrate.stores.settings import settings_of
from migrate.views.rehearse import Lines

SOAK = 5
"""Seconds that every soak takes in a rehearsal."""
_COMING = 300.0
"""Seconds in which the estate must live in the lab."""


@dataclass(slots=True)
class Played:
    """A rehearsal that is over. `folder`: where its evidence lies."""

    verdict: Verdict
    document: dict[str, Json]
    observed: Path | None
    folder: Path = Path()


@dataclass(slots=True)
class Play:
    """One plan, one lab, and who is told."""

    loaded: Loaded
    subject: Subject
    ground: Ground
    lines: Lines
    marks: list[dict[str, Json]] = field(default_factory=list)
    legs: list[tuple[str, float]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def play(self) -> Played:
        """All of it. A plan that does not go on is no error of a rehearsal: it is what the rehearsal found."""
        taking_part = self._introduced()
        others, drill = cast(self.loaded.plan, self.ground), self._drill()
        waived, stopped, observed = list[str](), "", None
        try:
            self._awaited()
            for part in others:
                part.begin()
            with witness.watching(self.ground, self.subject) as watcher:
                observed = watcher.log
                self._marked(watcher, "before")
                course = self._course(watcher, others, drill)
                waived = course.waived
                course.go()
        except MigrateError as error:
            stopped = ". ".join(filter(None, (error.happened, error.truth)))
            self.lines.note("rehearsal.stopped", stopped)
        finally:
            for part in others:
                part.end()
        seen = Witnessed(
            marks=self.marks,
            stopped=stopped,
            major=self._major(),
            wanted=self.subject.major,
            waived=waived,
            eso=self.ground.world.eso,
            facts=sum(not fact.file for fact in self.loaded.plan.facts),
            played=[text for one in others for text in one.unproven()],
            answered=drill.answered,
        )
        found = verdict(seen)
        return Played(found, self._document(found, taking_part), observed)

    def _awaited(self) -> None:
        api = control.api(self.ground.world)
        try:
            for one in self.subject.workloads:
                until_ready(api, workload(one.deployment), one.secrets, _COMING)
        finally:
            api.close()

    def _introduced(self) -> tuple[Server, ...]:
        found = tuple(Server(one.name, one.version, one.pid) for one in status.servers(self.ground.world))
        for server in found:
            name = f"{server.name} {server.version}".strip()
            self.lines.note("rehearsal.server", f"{name}, pid {server.pid}", name=server.name, pid=server.pid)
        self.lines.note("rehearsal.soaks", f"every soak takes {SOAK} s here instead of what the plan says")
        return found

    def _course(self, watcher: witness.Witness, others: tuple[Part, ...], drill: Drill) -> Course:
        plan = self.loaded.plan
        operator = self._operator()
        file = self.ground.folder("plan") / "plan.json"
        file.write_bytes(evidence.text(self.loaded.document))
        return Course(
            plan,
            self.loaded.digest,
            str(file),
            operator,
            others,
            drill,
            lambda name: self._marked(watcher, name),
            self._leg,
        )

    def _drill(self) -> Drill:
        moved = [workload(one.deployment) for one in self.subject.workloads if one.moves]
        return Drill(self.ground.world, tuple(one for one in moved if one.stands))

    def _operator(self) -> Operator:
        copy, branch = estate.working_copy(git.url(self.ground.world), self.ground.folder("copy") / "estate")
        rehearsal = self._rehearsal()
        kubeconfig = self.ground.environment["KUBECONFIG"]
        found = servers(rehearsal.settings(settings_of(copy)), copy, None, kubeconfig)
        made = images.load(self.loaded.plan, rehearsal.standing_in(found.stores, self.loaded.plan))
        if made:
            self.lines.note("rehearsal.before", f"brought in as the plan found it: {', '.join(made)}")
        file = self.ground.folder("said") / "rehearsal.json"
        bearing = token.borne(self.ground.world, rehearsal.played(self.loaded.plan), self.loaded.name, copy)
        replace(rehearsal, token=str(bearing)).write(file)
        return Operator(self.ground, copy, branch, file, self.ground.folder("state"), self.lines.event)

    def _rehearsal(self) -> Rehearsal:
        key = self.ground.world.credential
        return Rehearsal(
            lab=ground.identities(self.ground),
            vault=self.ground.world.url(ports.VAULT),
            ca=str(key("ca.crt")),
            token=str(key("vault-root")),
            admin=str(ground.credentials(self.ground)),
            soak=SOAK,
            restored=secondvault.address(self.ground.world),
            restored_token=str(key("vault-root")),
        )

    def _marked(self, watcher: witness.Witness, name: str) -> None:
        found = watcher.mark(name, expected(self.loaded.plan, self.subject, name))
        found["scan"] = estate.scanned(git.url(self.ground.world), self.ground.folder("scanned") / name)
        self.marks.append(found)
        self.lines.mark(found)

    def _leg(self, name: str) -> None:
        self.legs.append((name, round(time.monotonic() - self._began, 1)))
        self.lines.leg(name)

    def _major(self) -> int:
        return int(self.ground.world.config("postgres.version").read_text().partition(".")[0])

    def _document(self, found: Verdict, taking_part: tuple[Server, ...]) -> dict[str, Json]:
        return {
            "schema": evidence.SCHEMA,
            "name": self.loaded.name,
            "digest": self.loaded.digest,
            "ok": found.passed,
            "wrong": list(found.wrong),
            "lived": list(found.lived),
            "unproven": list(found.unproven),
            "seconds": round(time.monotonic() - self._began),
            "legs": [{"leg": leg, "at": at} for leg, at in self.legs],
            "marks": list(self.marks),
            "servers": [{"name": one.name, "version": one.version, "pid": one.pid} for one in taking_part],
        }
