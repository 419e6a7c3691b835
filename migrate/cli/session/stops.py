"""`migrate session pause`, `resume`, `handover`, `skip`, `abort`: people's decisions, each with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrate.cli.place import in_words
from migrate.cli.session.where import EstateOption, Open, SessionOption
from migrate.model.errors import Refused, Usage

ReasonArgument = Annotated[str, typer.Argument(help="Why, for the log and the report.", callback=in_words)]


def pause(reason: ReasonArgument, session: SessionOption = None, estate: EstateOption = None) -> None:
    """Stop the session until migrate session resume. A step under way finishes first. Exit 0."""
    from migrate.views import session as view

    one = _open_one(session, estate)
    one.decide("session.paused", reason=reason)
    view.decided(one.session.id, "paused", "migrate session resume")


def resume(session: SessionOption = None, estate: EstateOption = None) -> None:
    """Let a paused session go on. Exit 0, also where it was not paused."""
    from migrate.views import session as view

    one = _open_one(session, estate)
    one.decide("session.resumed")
    view.decided(one.session.id, "goes on", "migrate session run")


def handover(
    who: Annotated[str, typer.Argument(help="The login of whoever drives from now on.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; needed to take a session over for oneself.")] = "",
    session: SessionOption = None,
    estate: EstateOption = None,
) -> None:
    """Let somebody else drive: the driver hands over, or whoever is named takes over with a reason. Exit 0."""
    import pwd

    from migrate.cli.session.where import person
    from migrate.views import session as view

    one = _open_one(session, estate)
    try:
        uid = pwd.getpwnam(who).pw_uid
    except KeyError as error:
        raise Usage(f"there is no user {who} here", following="name a login of this machine") from error
    me = person()
    takes = me.uid != one.session.driver.uid
    if takes and (uid != me.uid or not reason):
        raise Refused(
            f"{one.session.driver.name} drives {one.session.id}",
            undone="nothing was handed over",
            following=f"take it over: migrate session handover {me.name} --reason TEXT",
        )
    one.decide("session.handed-over", to=who, to_uid=uid, reason=reason)
    view.decided(one.session.id, f"driven by {who}", f"{who}: migrate session status, then migrate session run")


def skip(
    reason: ReasonArgument,
    step: Annotated[str | None, typer.Option("--step", help="Make sure that this is the step left out.")] = None,
    session: SessionOption = None,
    estate: EstateOption = None,
) -> None:
    """Leave out what is left of the step that is due. What it protected is no longer protected: say why. Exit 0."""
    from migrate.cli.session.where import chosen, driving
    from migrate.sessions.course import Due, upcoming
    from migrate.views import session as view

    one = chosen(estate, session)
    with driving(one, "migrate session skip"):
        due = upcoming(one.runbook, one.session)
        if not isinstance(due, Due) or step not in {None, due.step.id}:
            at = due.step.id if isinstance(due, Due) else "none"
            raise Refused(
                f"the step that is due is {at}", undone="nothing was skipped", following="migrate session status"
            )
        one.decide("step.skipped", step=due.step.id, reason=reason)
    view.decided(one.session.id, f"step {due.step.id} is left out", "migrate session run")


def abort(
    reason: ReasonArgument,
    leave: Annotated[bool, typer.Option("--leave", help="End it here, and leave everything as it is.")] = False,
    session: SessionOption = None,
    estate: EstateOption = None,
) -> None:
    """Give the way forward up: the runbook's way back comes next. Ends at once where nothing was begun. Exit 0."""
    from migrate.cli.session.where import chosen, driving
    from migrate.views import session as view

    one = chosen(estate, session)
    with driving(one, "migrate session abort"):
        if one.session.wrote and one.runbook.back and one.session.way == "forward" and not leave:
            one.decide("session.turned", way="back", reason=reason)
            said, following = f"the way back begins: step {one.runbook.back[0].id}", "migrate session run"
        else:
            one.decide("session.closed", state="aborted", reason=reason)
            said, following = "aborted; everything is left as it is", "migrate status, migrate session report"
    view.decided(one.session.id, said, following)


def _open_one(session: str | None, estate: Path | None) -> Open:
    from migrate.cli.session.where import chosen, still_open

    one = chosen(estate, session)
    still_open(one)
    return one
