"""No certificate that is out opens the database any more: its login is gone, or it is revoked and PostgreSQL knows.

Certificates cannot be taken back, and a revocation counts only once the server has loaded the list that has it.
"""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Inconclusive, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Of those that have not run out by themselves."""
    mount, login = question.about["pki_mount"], question.about["new_login"]
    issued = look(observer, f"vault:{mount}/issued/{login}")
    valid, revoked = [str(one["serial"]) for one in issued.items("valid")], issued.texts("revoked")
    role = look(observer, f"postgres:role/{login}")
    if not role.exists or not role.flag("login"):
        return Pass(_harmless(mount, login, valid))
    if valid:
        return Inconclusive(
            f"{len(valid)} certificates for {login} are good still",
            "; ".join(f"vault write {mount}/revoke serial_number={one}" for one in valid[:3]) + ", and so on",
        )
    loaded = look(observer, "postgres:server/revoked").texts("serials")
    unknown = [one for one in revoked if one not in loaded]
    if unknown:
        return Inconclusive(
            f"{joined(unknown)} is revoked, and PostgreSQL does not know: it has not loaded a list that has it",
            f"write the lists of every authority ({mount}/issuer/ID/crl) to ssl_crl_file; select pg_reload_conf()",
        )
    return Pass(f"every certificate for {login} has run out, or is revoked and PostgreSQL knows")


def _harmless(mount: str, login: str, valid: list[str]) -> str:
    if not valid:
        return f"login {login} is gone, and no certificate for it is good still"
    return (
        f"login {login} is gone: {len(valid)} certificates for it are good still and open nothing here; revoke them "
        f"where their authority is trusted elsewhere too (vault list {mount}/certs)"
    )


CHECK = Check("pki.revoked", ("pki_mount", "new_login"), "no certificate that is out opens the database", settled(ask))
