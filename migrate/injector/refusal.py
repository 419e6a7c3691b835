"""The one way a rule says no. Raised inside the package, turned into a value by `prediction`: callers never see it."""

from __future__ import annotations


class RefusalError(Exception):
    """The injector refuses here; the text is what it says, word for word."""


class CrashError(Exception):
    """The injector's process would fail on this input (a Go panic), so the API server gets no answer at all."""
