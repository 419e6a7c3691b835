"""`migrate resume`: goes on with the open run, forward or back, from what is really there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.apply import BEFORE_CONTRACT
from migrate.cli.place import EstateOption, JsonOption, RunArgument, WorldOption, in_words
from migrate.model.errors import Refused, Usage

if TYPE_CHECKING:
    from migrate.cli.driving import Seat
    from migrate.model.json import Json


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("resume")(resume)


def resume(
    run: RunArgument = None,
    estate: EstateOption = None,
    world: WorldOption = None,
    approve: Annotated[
        str | None,
        typer.Option("--approve", help="The plan's digest: lets the contract stage begin, if this call gets there."),
    ] = None,
    waive: Annotated[str | None, typer.Option("--waive", help="Let the run through this gate; needs --reason.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, for the journal.", callback=in_words)] = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with the open run. An interrupted write is settled by reading back before anything else happens.

    Exit 0 done; 4 held; 6 a check failed; 7 a rollback is not complete; 5 locked.
    """
    from migrate.cli.driving import finish, seated
    from migrate.cli.place import chosen_run, place, watcher

    if (waive is None) != (reason is None):
        raise Usage("--waive and --reason go together", following="migrate resume --waive GATE --reason TEXT")
    where = place(estate, world)
    with watcher("resume", where, as_json=as_json) as told:
        one = chosen_run(where, run)
        with seated(where, one, "migrate resume", told) as seat:
            seat.connections.insist_on(seat.loaded.plan)
            _release(seat)
            _left(seat)
            if waive is not None:
                _waived(seat, waive, str(reason))
            finish(told, seat, _word(seat, approve, asks=not as_json))


def _release(seat: Seat) -> None:
    """What was found may be settled by now: it is looked at again. What a person held, a person lets go."""
    if seat.run.hold is not None and not seat.run.held_by_a_person:
        seat.note("hold.cleared", who="migrate resume", reason="to look again")


def _left(seat: Seat) -> None:
    """On the way back what was left standing is tried again, once nothing else is left to do: a right may be there by
    now, or somebody's change settled."""
    from migrate.cli.place import who
    from migrate.engine.leaving import at_rest

    if at_rest(seat.loaded.plan, seat.run):
        only: list[Json] = [*sorted(seat.run.only)]
        again = {"only": only} if only else {}
        seat.note("run.turned", way="back", who=who(), reason="what was left is tried again", **again)


def _waived(seat: Seat, gate: str, reason: str) -> None:
    """Of several workloads' gates of one name, the first that is still waited for."""
    from migrate.checks.catalogue import check_for
    from migrate.cli.place import who
    from migrate.engine.fold import Passed, Waived

    named = [
        one for one in seat.loaded.plan.gates if one.way == seat.run.way and gate in {one.id, one.id.partition("@")[0]}
    ]
    waits = [one for one in named if not isinstance(seat.run.gates.get((one.way, one.id)), Passed | Waived)]
    found = next(iter([*waits, *named]), None)
    if found is None:
        names = ", ".join(one.id for one in seat.loaded.plan.gates if one.way == seat.run.way)
        raise Usage(f"the plan has no gate {gate} on this way", following=f"one of: {names}")
    if check_for(gate).guards:
        raise Refused(
            f"gate {gate} cannot be waived: it protects data or the way back",
            truth=found.check,
            undone="nothing was written",
            following="settle what it waits for, or migrate rollback",
        )
    seat.note("gate.waived", gate=found.id, way=found.way, who=who(), reason=reason)


def _word(seat: Seat, given: str | None, *, asks: bool) -> Callable[[], bool]:
    """This call's word for a stage that needs one, for when the run stands before it.

    A digest given counts where this very call gets there: given too early, it opens no later call's contract stage.
    At a terminal it is asked for where the run stands there already. Raises Usage where the digest is another plan's,
    Refused where the answer is no.
    """
    from migrate.cli.driving import unasked

    if given is not None:
        _approved(seat, given)
        return lambda: _note(seat, given)
    if asks and _watched() and _due(seat):
        _note(seat, None)
    return unasked


def _due(seat: Seat) -> bool:
    from migrate.engine.advance import Consent, Course
    from migrate.engine.route import ahead

    plan = seat.loaded.plan
    return seat.run.way == "forward" and isinstance(Course(plan, ahead(plan, seat.run)).next(seat.run), Consent)


def _note(seat: Seat, given: str | None) -> bool:
    """Write the word down. A rebuilt journal has none at all: then it is for the stages before contract."""
    from migrate.cli.place import who
    from migrate.engine.advance import FRESH_CONSENT

    covers = [FRESH_CONSENT] if _begun(seat) else list(BEFORE_CONTRACT)
    how = _approved(seat, given)
    seat.note("run.approved", digest=seat.loaded.digest, who=who(), how=how, stages=[*covers])
    return True


def _approved(seat: Seat, given: str | None) -> str:
    from migrate.cli.approval import approved

    stages = _what_goes(seat) if _begun(seat) else "expand, cutover and soak"
    return approved(seat.loaded, given, asks=True, pods=None, stages=stages)


def _begun(seat: Seat) -> bool:
    return set(BEFORE_CONTRACT) <= seat.run.approved


def _what_goes(seat: Seat) -> str:
    """What the contract stage takes away, and until when it can be had back."""
    steps = [step.summary for step in seat.loaded.plan.steps if step.stage == "contract"]
    return f"the contract stage ({'; '.join(steps)}; can be taken back for {seat.loaded.plan.retention})"


def _watched() -> bool:
    import sys

    return sys.stdin.isatty() and sys.stderr.isatty()
