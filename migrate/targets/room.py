"""An amount of what a node has to give."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Amount:
    """CPU in thousandths of a core, memory in bytes."""

    cpu: int
    memory: int

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.cpu + other.cpu, self.memory + other.memory)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.cpu - other.cpu, self.memory - other.memory)

    def fits(self, room: Amount) -> bool:
        """Whether it finds a place there."""
        return self.cpu <= room.cpu and self.memory <= room.memory

    def __str__(self) -> str:
        return f"{self.cpu}m CPU and {self.memory // 2**20}Mi memory"
