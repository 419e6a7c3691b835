"""PostgreSQL lets the new logins in: its host-based rules, weighed as it weighs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.json import sequence
from migrate.model.ports import Observer
from migrate.targets.hba import Client, Rule, shown
from migrate.targets.hba_address import Origin, admitted, assumptions_at, deciding, origins

_ISSUED = "v-jwt-a-login-that-vault-issues"


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rules in their order, the line of each, and where the server stands."""

    rules: tuple[Rule, ...]
    lines: dict[Rule, int]
    server: str


def ask(observer: Observer, question: Question) -> Answer:
    """The workload: wherever the old login gets in, the new one must. Vault: from its own address."""
    about, seen = question.about, look(observer, "postgres:server/hba")
    if seen.shows("unread") and seen.number("unread"):
        return Inconclusive(
            f"{seen.number('unread')} lines of pg_hba.conf cannot be read, so PostgreSQL runs on older rules",
            "correct them (select * from pg_hba_file_rules where error is not null), then: select pg_reload_conf()",
        )
    found = [(shown(one), one.get("line")) for one in seen.items("rules")]
    lines = {rule: line for rule, line in reversed(found) if isinstance(line, int)}
    rules = _Rules(tuple(rule for rule, _ in found), lines, str(seen.value.get("server") or ""))
    groups = tuple(_groups(observer, about["owner"])) if _by_group(rules) else ()
    return _workload(rules, about, groups) or _vault(observer, rules, about, groups)


def _by_group(rules: _Rules) -> bool:
    return any(name.text.startswith(("+", "same")) for rule in rules.rules for name in (*rule.users, *rule.databases))


def _groups(observer: Observer, login: str) -> Iterator[str]:
    """The roles that a login is a member of, at any distance."""
    found, ahead = set[str](), [login]
    while ahead:
        role = look(observer, f"postgres:role/{ahead.pop()}")
        new = {str(one) for one in sequence(role.value.get("memberOf"))} - found
        found |= new
        ahead += sorted(new)
    yield from sorted(found)


def _workload(rules: _Rules, about: Mapping[str, str], groups: tuple[str, ...]) -> Answer | None:
    """Nothing where the new login gets in wherever the old one does."""
    old = Client(about["owner"], groups, about["database"])
    name = _ISSUED if about["issued"] else about["new_login"]
    new = Client(name, (about["owner"], *groups), about["database"])
    for origin in origins(rules.rules):
        if admitted(rules.rules, old, origin) and not admitted(rules.rules, new, origin):
            user, near = f"+{about['owner']}" if about["issued"] else name, deciding(rules.rules, old, origin)
            return _turned_away(rules, new, user, origin, near, f", where {about['owner']} gets in")
    return None


def _turned_away(rules: _Rules, client: Client, user: str, origin: Origin, near: Rule | None, more: str = "") -> Answer:
    """`near`: the rule that admits the old login there, whose range and type the new line should have."""
    rule = deciding(rules.rules, client, origin)
    by = "no rule fits" if rule is None else f"{_line(rules, rule)} says {rule.method}"
    place = "at its end" if rule is None else f"before {_line(rules, rule)}"
    kind, address = (near.type, near.address) if near else ("hostssl" if origin.tls else "host", "ADDRESS-OF-VAULT")
    return Fail(
        f"pg_hba turns {client.login} away from database {client.database} at {origin}{more}: {by}",
        f"in pg_hba.conf, {place}: {kind} {client.database} {user} {address} scram-sha-256; "
        "then: select pg_reload_conf()",
    )


def _line(rules: _Rules, rule: Rule) -> str:
    return f"line {rules.lines[rule]}" if rule in rules.lines else f"the rule for {rule.address or rule.type}"


def _vault(observer: Observer, rules: _Rules, about: Mapping[str, str], groups: tuple[str, ...]) -> Answer:
    member = (about["owner"], *groups) if about["issued"] else ()
    client, tls = Client(about["vault_login"], member, about["database"]), about["sslmode"] != "disable"
    everywhere = [one for one in origins(rules.rules) if one.tls == tls]
    turned = [one for one in everywhere if not admitted(rules.rules, client, one)]
    words = f"pg_hba admits the new login wherever {about['owner']} gets in, and {client.login}"
    if not turned:
        return Pass(f"{words} from anywhere")
    if len(turned) == len(everywhere):
        return _turned_away(rules, client, client.login, turned[0], None)
    given = about["vault_client"]
    for address in [given] if given else look(observer, "vault:sys/host").texts("addresses"):
        at = ip_address(address)
        origin = Origin(at, tls, assumptions_at(at, rules.server))
        if admitted(rules.rules, client, origin):
            return Pass(f"{words} from {address}{'' if given else ', where the name of Vault leads'}")
        if given:
            return _turned_away(rules, client, client.login, origin, None)
    return Inconclusive(
        f"pg_hba admits {client.login} from some addresses only, and which one Vault comes from is not known",
        "set database.vaultAddress in migrate.yaml to the address by which PostgreSQL sees Vault, then plan again",
    )


CHECK = Check(
    "db.pg-hba",
    ("database", "vault_login", "new_login", "owner", "issued", "sslmode", "vault_client"),
    "pg_hba admits Vault's login and the new one",
    settled(ask),
)
