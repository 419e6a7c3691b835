"""Phase files: what is selected, which operations in which stage, which gates. Data only, checked when it comes in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, ValidationInfo, model_validator

from migrate.catalog import shelf
from migrate.documents.reader import load_all
from migrate.model.duration import seconds, spoken
from migrate.model.errors import Failed, Usage
from migrate.model.plan import STAGES, Stage, Way
from migrate.operations.catalogue import OPERATIONS
from migrate.operations.wish import Operation
from migrate.targets.pki import left_at_renewal

Credential = Literal["static", "dynamic"]
_DURATION = r"^([0-9]+[smhd])+$"
_SHORTEST = 3600


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ReleaseRule(_Part):
    """A chart that may hold the workload, and the key its values stand under (empty: the top)."""

    chart: str
    values: str


class ReleaseSelect(_Part):
    """A release that has its database password from a Secret."""

    variable: str
    container: str
    uid: int = Field(ge=1)
    gid: int = Field(ge=1)
    releases: tuple[ReleaseRule, ...]


class LoginSelect(ReleaseSelect):
    """One whose password shall come from Vault's database engine."""

    kind: Literal["login"]


class CertificateSelect(ReleaseSelect):
    """One whose login shall be known by a certificate from Vault's PKI engine at `mount`.

    `life` of a certificate, `renewAt`: after how many hundredths of it the next one is asked for, `outage`: how long
    Vault may be away without anybody noticing.
    """

    kind: Literal["certificate"]
    mount: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]$")
    life: str = Field(pattern=_DURATION)
    renew_at: int = Field(alias="renewAt", ge=10, le=90)
    outage: str = Field(pattern=_DURATION)

    def mounted(self, said: str | None) -> str:
        """The mount: what the estate's settings say, else the phase."""
        return (said or self.mount).strip("/")

    @model_validator(mode="after")
    def _outlives(self) -> CertificateSelect:
        life, left = seconds(self.life), left_at_renewal(seconds(self.life), self.renew_at)
        if life < _SHORTEST:
            raise ValueError(f"life {self.life} is shorter than {spoken(_SHORTEST)}: agents would renew without pause")
        if left < seconds(self.outage):
            raise ValueError(
                f"renewed after {self.renew_at} % of {self.life}, a certificate has {spoken(left)} left, which an "
                f"outage of {self.outage} outlasts: a longer life, or an earlier renewal"
            )
        return self


class ColumnSelect(_Part):
    """A column that `migrate.yaml` names for Vault's Transit engine."""

    kind: Literal["column"]


class RotationSelect(_Part):
    """The columns of one application that Transit seals already, and their key."""

    kind: Literal["rotation"]


class SecretsSelect(_Part):
    """Workloads whose ExternalSecrets can move, by these verdicts of the scan."""

    kind: Literal["secrets"]
    verdicts: tuple[Literal["ready", "adapt"], ...]


Select = Annotated[
    LoginSelect | SecretsSelect | CertificateSelect | ColumnSelect | RotationSelect, Field(discriminator="kind")
]
"""What a phase looks for, by its `kind`: each kind has its own subject and finds its own cases."""


class Use(_Part):
    """One operation in one stage."""

    operation: str
    stage: Stage
    credential: Credential | None = None
    arguments: dict[str, str | int | bool] = Field(default={}, alias="with")
    line: int = 0


class GateRule(_Part):
    """One gate. `before` is a stage (for a workload that has no step in it, the next one in which it has) or an
    operation of the phase, `after` an operation: then it stands before whatever comes next. `when` is a name that must
    not be empty, else the gate is not asked. `until`, written as `before` is: it must hold up to there, and is asked
    again whenever somebody goes on; for a workload that has no such step, up to the end.

    `soaks` names the setting that overrides the soak, `at_most` the one that it never exceeds.
    """

    id: str
    before: str = ""
    after: str = ""
    until: str = ""
    when: str = ""
    timeout: str = Field(pattern=_DURATION)
    check: str
    way: Way = "forward"
    soak: str = Field(default="0s", pattern=_DURATION)
    soaks: Literal["cutover", "contract"] | None = None
    at_most: Literal["cutover", "contract"] | None = Field(default=None, alias="atMost")
    credential: Credential | None = None


class Phase(_Part):
    """A whole phase file."""

    name: str
    title: str
    summary: str
    select: Select
    operations: tuple[Use, ...]
    gates: tuple[GateRule, ...]
    schema_: Literal["migrate.phase/v1"] = Field(alias="schema")
    _own: Mapping[str, Operation] = PrivateAttr(default={})
    """Operations that are no part of this tool."""

    @model_validator(mode="after")
    def _known(self, info: ValidationInfo) -> Phase:
        self._own = dict(info.context or {})
        names = {use.operation for use in self.operations}
        if unknown := sorted(names - OPERATIONS.keys() - self._own.keys()):
            raise ValueError(f"no such operation: {', '.join(unknown)}")
        for gate in self.gates:
            if gate.after and (gate.before or gate.after not in names):
                raise ValueError(f"gate {gate.id}: after names an operation of this phase, and excludes before")
            if not gate.after and gate.before not in names and gate.before not in STAGES:
                raise ValueError(f"gate {gate.id}: {gate.before} is neither a stage nor an operation of this phase")
            if gate.until and gate.until not in names and gate.until not in STAGES:
                raise ValueError(f"gate {gate.id}: {gate.until} is neither a stage nor an operation of this phase")
        return self

    def operation(self, name: str) -> Operation:
        """An operation that this phase names."""
        return self._own[name] if name in self._own else OPERATIONS[name]

    def credential(self, asked: Credential) -> Credential | Literal["none"]:
        """How Vault hands out the login that the phase moves; none where it moves something else. Raises Usage."""
        if isinstance(self.select, LoginSelect):
            return asked
        if asked != "static":
            raise Usage(f"{self.name} moves no login", following="leave out --credential")
        return "none"

    def uses(self, credential: Credential) -> list[Use]:
        """The operations with this kind of credential, in order."""
        return [use for use in self.operations if use.credential in {None, credential}]

    def gates_for(self, credential: Credential) -> list[GateRule]:
        """The gates with this kind of credential, in order."""
        return [gate for gate in self.gates if gate.credential in {None, credential}]

    def place(self, use: Use) -> str:
        """`phases/NAME.yaml:LINE` of an operation, whoever wrote the phase."""
        return f"phases/{self.name}.yaml:{use.line}"


def phase_named(name: str, own: Sequence[Phase] = ()) -> Phase:
    """A phase of one's own, or a shipped one. Raises Usage where there is none of that name."""
    for phase in own:
        if phase.name == name:
            return phase
    for path in _files():
        if path.stem == name:
            return parse_phase(name, path.read_bytes())
    known = ", ".join([*(path.stem for path in _files()), *(phase.name for phase in own)])
    raise Usage(f"there is no phase called {name}", following=f"choose one of: {known}")


def all_phases() -> list[Phase]:
    """Every shipped phase, by name."""
    return [parse_phase(path.stem, path.read_bytes()) for path in _files()]


def login_selects(phases: Iterable[Phase]) -> Iterator[LoginSelect]:
    """What those of these phases look for that move a database login."""
    for phase in phases:
        if isinstance(phase.select, LoginSelect):
            yield phase.select


def certificate_selects(phases: Iterable[Phase]) -> Iterator[CertificateSelect]:
    """What those of these phases look for that move a login to a certificate."""
    for phase in phases:
        if isinstance(phase.select, CertificateSelect):
            yield phase.select


def parse_phase(name: str, data: bytes, own: Mapping[str, Operation] | None = None) -> Phase:
    """A phase from its file. `own`: operations it may name beside this tool's.

    Raises Failed with the place that does not fit the format.
    """
    value = load_all(data)[0].value
    if isinstance(value, dict) and isinstance(uses := value.get("operations"), list):
        for use, line in zip(uses, _lines(data), strict=False):
            if isinstance(use, dict):
                use["line"] = line
    try:
        return Phase.model_validate(value, context=own)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise Failed(f"phases/{name}.yaml: {wrong}", following="see phases/schema.json for the format") from error


def _lines(data: bytes) -> list[int]:
    """Where each operation stands, for `explain`: the reader gives values, and values have no lines."""
    lines = data.decode().split("\n")
    return [number for number, line in enumerate(lines, 1) if re.match(r"\s*- operation:", line)]


def _files() -> list[Path]:
    return sorted(shelf("phases").glob("*.yaml"), key=lambda path: path.stem)
