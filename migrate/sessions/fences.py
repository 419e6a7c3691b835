"""The format of front matter and fences, checked when it comes in."""

from __future__ import annotations

import datetime
import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from migrate.sessions.runbook import Confirm, Evidence, Gate, Manual

_DURATION = r"^([0-9]+[smhd])+$"
_NAME = r"^[a-z][a-z0-9-]*$"
# Fits names, paths, branches and hosts; nothing that a shell, a URL's password or a line break would need.
ANY = r"[A-Za-z0-9_./:@+~-]+( [A-Za-z0-9_./:@+~-]+)*"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputRule(_Part):
    """One input of a runbook."""

    name: str = Field(pattern=_NAME)
    what: str
    pattern: str = ANY
    default: str | None = None
    example: str = ""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        return pattern


class FrontMatter(_Part):
    """What stands between the two lines of `---`."""

    title: str = Field(min_length=1)
    phase: str = ""
    owner: str = Field(min_length=1)
    reviewed: Annotated[datetime.date, BeforeValidator(str)]
    inputs: tuple[InputRule, ...] = ()


class GateFence(_Part):
    """A `gate` fence."""

    check: str = Field(min_length=1)
    about: dict[str, str] = {}
    timeout: str = Field(default="0s", pattern=_DURATION)
    soak: str = Field(default="0s", pattern=_DURATION)

    def part(self, line: int) -> Gate:
        """The part it stands for."""
        return Gate(line, self.check, tuple(sorted(self.about.items())), self.timeout, self.soak)


class ConfirmFence(_Part):
    """A `confirm` fence: words to type, or a plan to agree to (its name is typed)."""

    words: str = ""
    second: bool = False
    plan: str = ""

    @model_validator(mode="after")
    def _one(self) -> ConfirmFence:
        if bool(self.words) == bool(self.plan):
            raise ValueError("either words or plan")
        return self

    def part(self, line: int) -> Confirm:
        """The part it stands for."""
        return Confirm(line, self.words, self.second, self.plan)


class EvidenceFence(_Part):
    """An `evidence` fence: a text that is asked for, or a file; each says what is wanted."""

    text: str = ""
    file: str = ""

    @model_validator(mode="after")
    def _one(self) -> EvidenceFence:
        if bool(self.text) == bool(self.file):
            raise ValueError("either text or file, saying what is wanted")
        return self

    def part(self, line: int) -> Evidence:
        """The part it stands for."""
        return Evidence(line, self.file or self.text, bool(self.file))


class ManualFence(_Part):
    """A `manual` fence."""

    do: str = Field(min_length=1)
    check: str = ""
    about: dict[str, str] = {}

    def part(self, line: int) -> Manual:
        """The part it stands for."""
        return Manual(line, self.do, self.check, tuple(sorted(self.about.items())))
