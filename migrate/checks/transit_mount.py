"""Transit is mounted where the settings say. The tool never makes a mount: it prints what would."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """As Vault lists its mounts."""
    mount = question.about["mount"]
    seen = look(observer, f"vault:sys/mounts/{mount}")
    if not seen.exists:
        return Fail(
            f"nothing is mounted at {mount} in Vault",
            f"vault secrets enable -path={mount} transit (or a vault_mount in Terraform); or correct transit.mount",
        )
    if (kind := seen.text("type")) != "transit":
        return Fail(f"what is mounted at {mount} is {kind}, not transit", "correct transit.mount in migrate.yaml")
    return Pass(f"Transit is mounted at {mount}")


CHECK = Check("transit.mount", ("mount",), "Vault's Transit engine is there", settled(ask))
