"""Who gets in, by where from: the first rule that fits decides."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from migrate.targets.hba import Client, Rule, parsed
from migrate.targets.hba_address import Origin, admitted, assumptions_at, deciding, origins

BOARDS, VAULTS = Client("boards", (), "boards"), Client("boards_vault", ("boards",), "boards")


def rules(text: str) -> list[Rule]:
    found = [parsed(line) for line in text.splitlines()]
    assert all(isinstance(one, Rule) for one in found)
    return [one for one in found if isinstance(one, Rule)]


@pytest.mark.parametrize(
    ("text", "address", "tls", "wanted"),
    [
        ("host all all 10.0.0.0/8 scram-sha-256", "10.1.2.3", True, True),
        ("host all all 10.0.0.0/8 scram-sha-256", "11.1.2.3", True, False),
        ("host all all 10.0.0.0 255.0.0.0 md5", "10.1.2.3", False, True),
        ("hostssl all all all scram-sha-256", "::1", False, False),
        ("hostssl all all all scram-sha-256", "::1", True, True),
        ("hostnossl all all all scram-sha-256", "10.0.0.1", True, False),
        ("hostnogssenc all all all scram-sha-256", "10.0.0.1", True, True),
        ("host all all 10.0.0.0/8 reject\nhost all all all scram-sha-256", "10.0.0.1", True, False),
        ("host all all 10.0.0.0/8 reject\nhost all all all scram-sha-256", "192.0.2.1", True, True),
        ("host all all 0.0.0.0/0 scram-sha-256", "::1", True, False),
        ("host all all ::/0 scram-sha-256", "::1", True, True),
        ("host all all all cert", "10.0.0.1", True, False),
        ("host all +boards all scram-sha-256", "10.0.0.1", True, True),
        ("host other all all trust\nhost boards boards_vault all md5", "10.0.0.1", True, True),
        ("local all all trust", "10.0.0.1", True, False),
    ],
)
def test_the_first_rule_that_fits_decides(text: str, address: str, tls: bool, wanted: bool) -> None:
    assert admitted(rules(text), VAULTS, Origin(ip_address(address), tls)) is wanted


def test_every_stretch_between_two_borders_has_an_origin() -> None:
    found = rules("host all all 10.0.0.0/8 md5\nhost all all 10.1.0.0/16 reject")
    addresses = {str(one.address) for one in origins(found)}
    assert {"0.0.0.0", "10.0.0.0", "10.1.0.0", "10.2.0.0", "11.0.0.0", "::"} == addresses


def test_a_word_that_only_the_server_can_weigh_is_tried_both_ways() -> None:
    found = rules("host all boards samenet md5\nhost all all db.example md5")
    there = [one for one in origins(found) if admitted(found, BOARDS, one) != admitted(found, VAULTS, one)]
    assert there
    assert all(one.assumed == {"samenet"} for one in there)


def test_the_servers_own_address_is_of_its_network() -> None:
    found, own = rules("host all all samenet md5"), ip_address("10.0.0.1")
    assert admitted(found, BOARDS, Origin(own, tls=True, assumed=assumptions_at(own, "10.0.0.1")))
    assert not admitted(found, BOARDS, Origin(own, tls=True, assumed=assumptions_at(own, "10.0.0.2")))
    assert deciding([], BOARDS, Origin(own, tls=True)) is None
