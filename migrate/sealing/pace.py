"""How fast the job may go, and how long in one go. Pure: seconds in, seconds out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """`batch` rows in one request, at most `rate` rows a second, `seconds` in one go before a word is given."""

    batch: int
    rate: int
    seconds: float

    def rest(self, rows: int, elapsed: float) -> float:
        """So long to wait, after so many rows in so many seconds, not to be faster than `rate`."""
        return max(0.0, rows / self.rate - elapsed)

    def over(self, elapsed: float) -> bool:
        """Whether this go has lasted long enough."""
        return elapsed >= self.seconds
