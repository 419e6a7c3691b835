"""What stays true after a phase and is written nowhere else: what a rebuild needs, and what never to do."""

from __future__ import annotations

from migrate.model.plan import Step
from migrate.operations.login import LoginSubject
from migrate.planning.database import behind
from migrate.planning.export import sql_file
from migrate.planning.login.subjects import Sources
from migrate.planning.phases import Credential


def notes(subject: LoginSubject, sources: Sources, credential: Credential, steps: tuple[Step, ...]) -> tuple[str, ...]:
    """What stays true after the phase and is written nowhere else."""
    release, login = subject.release, subject.login
    restart = f"kubectl -n {release.pods_in} rollout restart deployment/{release.deployment}"
    rotate = f"vault write -force {subject.vault.database_mount}/rotate-role/{subject.static_role.short}"
    roles = f"{subject.vault_login}, {subject.new_login}" if credential == "static" else subject.vault_login
    server = behind(login.host, sources.servers)
    from_backup = f" ({server.name} is rebuilt from backups)" if server and server.restores else ""
    account = release.account
    answer = [
        f"Rebuild from Git plus an older database backup{from_backup}: logins {roles} are not in Git, and a restore "
        f"brings old passwords back while Vault keeps the newer ones. If the backup is older than this phase, run "
        f"{_creating(steps)} of the export again as an administrator, in this order and nothing else of it; give "
        f"{subject.vault_login} a new password there and write it to {subject.connection.path}. Then the command that "
        f"restores {release.container}: " + (f"{rotate} && {restart}" if credential == "static" else restart),
        f"Until the contract stage one `git revert` of the cutover commit puts {release.container} back on login "
        f"{login.owner} and its Secret, whatever Vault does.",
        f"ServiceAccount {release.pods_in}/{account.wanted} is "
        + (
            "the chart's own and stays"
            if not account.changes
            else f"new; {account.name} stays in the cluster, delete it by hand after the contract stage"
        ),
        f"Secret {subject.copied.namespace}/{subject.copied.target_secret} stays in the cluster after its "
        "ExternalSecret went: delete it by hand when nobody would roll back any more.",
    ]
    if credential == "static":
        answer.append(
            "Never shorten the rotation period or run rotate-role alone: agents sleep out the old time to live and "
            f"would serve a dead password. Always together: {rotate} && {restart}"
        )
        answer.append(
            f"Every rotation restarts {release.container}: from the new password to that restart it can open no new "
            "session, for seconds and at most 60. It is the only time in which a query may fail while a pod is up; "
            "migrate rehearse measures it."
        )
    return tuple(answer)


def _creating(steps: tuple[Step, ...]) -> str:
    """The exported statements that make the logins, and neither those that take them back nor those that close one."""
    numbered = [(number, step) for number, step in enumerate(steps, 1) if step.change.target.store == "postgres"]
    return " and ".join(sql_file(step, number) for number, step in numbered if step.stage == "expand")
