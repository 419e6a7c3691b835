"""Doing many things at once, each as soon as what it needs is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, by name, after others."""

    name: str
    act: Callable[[], object]
    needs: tuple[str, ...] = ()


Told = Callable[[str, float], None]
"""Called with a step's name and how many seconds it took, as soon as it is done."""


def carry_out(steps: Sequence[Step], told: Told) -> None:
    """Do every step; steps that need nothing of each other run at once. Steps that need an absent one may go on.

    Raises what the first failing step raised, after those that run have ended; nothing that needed it was begun.
    """
    known = {step.name for step in steps}
    waiting = {step.name: set(step.needs) & known for step in steps}
    acts = {step.name: step.act for step in steps}
    begun: dict[str, float] = {}
    running: dict[Future[object], str] = {}
    with ThreadPoolExecutor(max_workers=16) as threads:
        while waiting or running:
            for name in [name for name, needs in waiting.items() if not needs]:
                del waiting[name]
                begun[name] = time.monotonic()
                running[threads.submit(acts[name])] = name
            if not running:
                raise RuntimeError(f"steps wait for one another: {sorted(waiting)}")
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                future.result()
                told(name, time.monotonic() - begun[name])
                for needs in waiting.values():
                    needs.discard(name)
