"""The PKI engine that shall issue certificates is there, and its authority outlives what it issues."""

from __future__ import annotations

from datetime import timedelta

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer

_ROTATE = (
    "rotate the authority first (migrate session start rotate-authority): a new issuer beside the old one, "
    "trusted by PostgreSQL before it signs"
)


def ask(observer: Observer, question: Question) -> Answer:
    """The tool makes no mounts: whoever owns the authority does."""
    mount, life = question.about["pki_mount"], timedelta(seconds=int(question.about["life"]))
    engine = look(observer, f"vault:sys/mounts/{mount}")
    if not engine.exists:
        return Fail(
            f"nothing is mounted at {mount}/ in Vault",
            f"vault secrets enable -path={mount} pki, then give it an authority (docs/phase3.md: commands, Terraform); "
            "or name the mount that is there in phases/phase3.yaml",
        )
    if engine.text("type") != "pki":
        return Fail(f"{mount}/ in Vault is a {engine.text('type')} engine", "name the PKI engine's mount in the phase")
    authority = look(observer, f"vault:{mount}/authority/default")
    if not authority.exists:
        return Fail(f"the PKI engine at {mount}/ has no authority to sign with", "docs/phase3.md has the commands")
    until = authority.time("until")
    if until <= question.now:
        return Fail(
            f"the authority of {mount}/ ended {until.isoformat()}: it signs nothing that anybody trusts", _ROTATE
        )
    if until <= question.now + 2 * life:
        return Inconclusive(
            f"the authority of {mount}/ ends {until.isoformat()}, and certificates shall live {life}", _ROTATE
        )
    return Pass(f"{mount}/ is a PKI engine whose authority is valid until {until.isoformat()}")


CHECK = Check("pki.mount", ("pki_mount", "life"), "the PKI engine is there and outlives what it issues", settled(ask))
