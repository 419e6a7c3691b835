"""What operations say of the workloads they work on."""

from __future__ import annotations

import pytest

from migrate.operations.catalogue import OPERATIONS
from migrate.operations.login import LoginSubject
from migrate.operations.subject import Entering, Retiring
from migrate.operations.wish import works_on


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_says_on_which_workloads_it_works(name: str) -> None:
    assert isinstance(works_on(OPERATIONS[name]), type)


@pytest.mark.parametrize("name", ["vault-policy", "jwt-role"])
def test_logging_in_is_not_for_databases_only(name: str) -> None:
    assert works_on(OPERATIONS[name]) is Entering


@pytest.mark.parametrize("name", ["orphan-external-secret", "remove-external-secret"])
def test_retiring_is_not_for_databases_only(name: str) -> None:
    assert works_on(OPERATIONS[name]) is Retiring


def test_the_static_role_is_for_database_logins() -> None:
    assert works_on(OPERATIONS["static-role"]) is LoginSubject
