"""Which module finds the cases of a phase: one for each kind of `select`."""

from __future__ import annotations

from migrate.planning.cases import Case, Estate, NothingToDo, Selection
from migrate.planning.certificate.case import certificate_cases
from migrate.planning.column.case import column_cases
from migrate.planning.column.rotation import rotation_cases
from migrate.planning.login.case import login_cases
from migrate.planning.phases import (
    CertificateSelect,
    ColumnSelect,
    Credential,
    LoginSelect,
    Phase,
    RotationSelect,
    SecretsSelect,
)
from migrate.planning.secrets.case import secrets_cases
from migrate.planning.servers import Servers


def cases_of(
    estate: Estate, phase: Phase, credential: Credential, selection: Selection, servers: Servers | None
) -> tuple[Case, ...] | NothingToDo:
    """Every workload that the plan moves, in the order in which they move.

    Raises Failed where nothing fits the phase, Refused where what is there cannot be moved, or where several fit and
    the phase moves one at a time. `servers`: None where the plan is made from Git alone.
    """
    match phase.select:
        case LoginSelect():
            return login_cases(estate, phase, phase.select, credential, selection)
        case ColumnSelect():
            return column_cases(estate, selection)
        case RotationSelect():
            return rotation_cases(estate, selection, servers)
        case CertificateSelect():
            return certificate_cases(estate, phase, phase.select, selection)
        case SecretsSelect():
            return secrets_cases(estate, phase, phase.select, selection)
