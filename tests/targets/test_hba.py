"""Which host-based rule decides, and where a new one must stand: the first that fits, as in PostgreSQL itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.targets.hba import Client, Name, Rule, Unread, by_certificate, decisive, parsed, place, shown

CLIENT = Client("app-cert", ("app",), "app")
OURS = by_certificate("app-cert", "app")


@pytest.mark.parametrize(
    "line",
    [
        "host all all 0.0.0.0/0 md5",
        "host all all 10.0.0.0 255.0.0.0 scram-sha-256",
        "hostssl app app-cert all cert clientcert=verify-full",
        "hostssl app,other someone,app-cert all md5",
        "host  app\t+app  samenet  scram-sha-256  # its owner's members",
        'host "app" "app-cert" all md5',
        "host samerole all all md5",
        "host @databases @logins all md5",
        "host /^ap all all md5",
        "host all /-cert$ all md5",
        "host all /[ all reject",
        "host all all all reject",
    ],
)
def test_a_rule_that_may_decide_stands_below_ours(line: str) -> None:
    rules = [parsed("local all all peer"), parsed(line)]

    assert place(rules, CLIENT) == 1
    ours = parsed(OURS)
    assert decisive([rules[0], ours, rules[1]], CLIENT) == ours


@pytest.mark.parametrize(
    "line",
    [
        "local all all peer",
        "hostnossl all all all md5",
        "hostgssenc all all all gss",
        "host replication all all md5",
        "host sameuser all all md5",
        "host other all all md5",
        "host all app all md5",
        'host "all" all all md5',
        'host all "+app" all md5',
        "host all +other all md5",
        "host all /^cert all md5",
        "# host all all all md5",
        "include other.conf",
        "host all all",
        "",
    ],
)
def test_a_rule_for_somebody_else_is_in_nobodys_way(line: str) -> None:
    assert place([parsed(line)], CLIENT) == 1
    assert decisive([parsed(line)], CLIENT) is None


def test_the_first_of_several_decides() -> None:
    lines = ["host other all all md5", "host all +app 10.0.0.0/8 md5", "host all all all reject"]

    assert place([parsed(one) for one in lines], CLIENT) == 1
    found = decisive([parsed(one) for one in lines], CLIENT)
    assert found is not None
    assert found.address == "10.0.0.0/8"


def test_names_that_mean_something_else_unquoted_are_quoted() -> None:
    assert by_certificate("app-cert", "all") == 'hostssl "all" app-cert all cert'
    assert by_certificate("+app", 'a"b c') == 'hostssl "a""b c" "+app" all cert'


@given(login=st.text(min_size=1, max_size=12), database=st.text(min_size=1, max_size=12))
def test_our_rule_admits_its_login_and_nobody_else(login: str, database: str) -> None:
    if any(ord(letter) < 32 or letter.isspace() for letter in login + database):
        return
    rule = parsed(by_certificate(login, database))

    assert rule == Rule("hostssl", _named(rule, 0), _named(rule, 1), "all", "cert")
    assert decisive([rule], Client(login, (), database)) is rule
    assert decisive([rule], Client(login + "x", (login,), database)) is None
    assert decisive([rule], Client(login, (), database + "x")) is None


def _named(rule: object, position: int) -> tuple[Name, ...]:
    assert isinstance(rule, Rule)
    return (rule.databases, rule.users)[position]


def test_what_the_server_lists_reads_as_its_line_does() -> None:
    listed = shown({"type": "host", "databases": ["all"], "users": ["+app"], "address": "all", "method": "md5"})

    assert listed == parsed("host all +app all md5")


def test_what_is_no_rule_is_kept_as_it_is() -> None:
    assert parsed("  # a comment") == Unread("  # a comment")
