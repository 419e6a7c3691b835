"""The host-based rule that asks the new login for its certificate, in the object that a database operator obeys."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.documents.edits import AppendItem, Edit, InsertItem
from migrate.operations.certificate import CertificateSubject, RulesInGit
from migrate.operations.wish import Arguments, Edits, Rewrite, Wish
from migrate.targets import hba


def admit_certificate(subject: CertificateSubject, arguments: Arguments) -> Iterator[Wish]:
    """One line above every rule that would decide before it. Nothing where people write the rules on the server."""
    rules = subject.rules
    if not isinstance(rules, RulesInGit):
        return
    edits = tuple(_edits(subject, rules))
    if not edits:
        return
    yield Wish(
        target=rules.target,
        act=Edits((Rewrite(rules.place.file, rules.place.document, edits),)),
        summary=f"{rules.target.kind} {rules.target.name}: PostgreSQL asks {subject.new_login} for its certificate",
        blast="the operator reloads PostgreSQL; every other login is let in as before",
        guard="refused unless the file is the one this plan read",
        needs=("git: commit on the branch",),
        rests_on=(subject.postgres,),
    )


def _edits(subject: CertificateSubject, rules: RulesInGit) -> Iterator[Edit]:
    line = hba.by_certificate(subject.new_login, subject.login.database)
    client = hba.Client(subject.new_login, (subject.login.owner,), subject.login.database)
    listed = [hba.parsed(one) for one in rules.listed]
    if hba.decisive(listed, client) == hba.parsed(line):
        return
    at = hba.place(listed, client)
    if at < len(listed):
        yield InsertItem(rules.pointer, rules.listed[at], line)
    else:
        yield AppendItem(rules.pointer, line)
    if not rules.listed:
        yield from (AppendItem(rules.pointer, one) for one in rules.instead)
