"""The loop: what comes next, do it, write down what happened. Apply, resume and rollback are this same loop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from migrate.engine.advance import (
    Action,
    Ask,
    Consent,
    Course,
    Do,
    Finished,
    Replace,
    Settle,
    Undo,
    Wait,
    again,
    pressing,
)
from migrate.engine.asking import Asker
from migrate.engine.ending import Completed, Ending, Interrupted, Partial, Returned, Waiting
from migrate.engine.fold import Kept, Undone
from migrate.engine.leaving import left, left_by, settling
from migrate.engine.recorder import Recorder
from migrate.engine.residue import residue
from migrate.engine.returning import final, past_return
from migrate.engine.route import ahead
from migrate.engine.writing import Writer
from migrate.model.json import Json
from migrate.model.plan import Gate, Plan
from migrate.model.ports import Unreachable


class Engine:
    """One run in one process. `stopping`: somebody asked to stop; `heed` takes note of holds set from outside.

    `consent` is asked for a stage's own word when the run stands before it, and writes it down where it is given.
    """

    def __init__(
        self,
        plan: Plan,
        recorder: Recorder,
        writer: Writer,
        asker: Asker,
        *,
        stopping: Callable[[], bool],
        heed: Callable[[], None],
        consent: Callable[[], bool],
    ) -> None:
        self._plan, self._recorder, self._writer, self._asker = plan, recorder, writer, asker
        self._stopping, self._heed, self._consent = stopping, heed, consent

    def drive(self) -> Ending:
        """Go on until everything is done, something must be waited for, or somebody asks to stop."""
        run = self._recorder.run
        course, first = Course(self._plan, ahead(self._plan, run)), again(self._plan, run)
        while True:
            self._heed()
            action = course.next(run)
            if first and not isinstance(action, Wait | Settle):
                action = Ask(first.pop(0))
            if isinstance(action, Finished):
                return self._finish()
            if self._stopping():
                return Interrupted()
            if ending := self._act(action):
                return self._beside(course, action.gate, ending) if isinstance(action, Ask) else ending

    def _act(self, action: Action) -> Ending | None:
        try:
            return self._acted(action)
        except Unreachable as error:
            following = error.following or "migrate resume, once it answers"
            return Waiting("a server that does not answer", error.happened, following)

    def _acted(self, action: Action) -> Ending | None:
        match action:
            case Do(step):
                return self._writer.take(step)
            case Undo(step):
                return self._writer.undo(step)
            case Replace(restart, since):
                return self._writer.replace(restart, since)
            case Settle(step):
                return self._writer.settle(step)
            case Ask(gate):
                return self._asker.ask(gate, self._since())
            case Consent() if self._consent():
                return None
            case Consent(stage):
                run = self._recorder.run
                how = f"migrate resume, and type {run.plan}; or migrate resume --approve {run.digest}"
                return Waiting(f"the {stage} stage", f"the {stage} stage needs a word of its own", how)
            case Wait(hold):
                return Waiting(hold.by, hold.reason, hold.following)
            case Finished():
                return self._finish()

    def _beside(self, course: Course, gate: Gate, ending: Ending) -> Ending:
        """While a soak is waited for, those beside it begin or go on. The one that is pressing is how the call ends."""
        endings, since = dict[Gate, Ending]({gate: ending}), self._since()
        for one in course.beside(gate, self._recorder.run):
            if self._stopping():
                return Interrupted()
            if found := self._asker.ask(one, since, early=True):
                endings[one] = found
        return endings[pressing(tuple(endings), self._recorder.run)]

    def _since(self) -> datetime | None:
        """From when checks count: the commit of the cutover, or on the way back the last undo.

        None where only the world tells it: a rebuilt journal does not know when, and its pods are older than it.
        """
        run = self._recorder.run
        if run.way == "forward":
            counted = {step.id for step in self._plan.steps if step.stage == "cutover"} - run.found
        else:
            counted = {step.id for step in self._plan.steps if isinstance(run.steps.get(step.id), Undone)}
        moments = [moment for step, moment in run.times.items() if step in counted]
        return datetime.fromisoformat(max(moments)) if moments else None

    def _closed_for_good(self) -> bool:
        """Close a run that could only be taken back up to a final step: no later try would find more to do."""
        run = self._recorder.run
        last = {step.id: why for step, why in final(self._plan, run)}
        if any(isinstance(one, Kept) and step not in last for step, one in run.steps.items()) or not last:
            return False
        if past_return(self._plan, run):
            self._recorder.note("run.turned", way="forward", reason="; ".join(last.values()))
            self._recorder.note("run.closed", state="done")
        else:
            self._recorder.note("run.closed", state="rolled-back", residue=list(residue(self._plan, run)))
        return True

    def _finish(self) -> Ending:
        run = self._recorder.run
        if run.way == "forward":
            if run.ended is None:
                self._recorder.note("run.closed", state="done")
            return Completed()
        if stays := left(self._plan, run):
            return Partial(stays, left_by(run), settling(run), closed=self._closed_for_good())
        found = residue(self._plan, run)
        if run.only:
            # The others' state is theirs: the run goes on without these.
            units = sorted(run.only)
            self._recorder.note("run.turned", way="forward", without=list[Json](units), reason="taken back alone")
            return Returned(tuple(units), found)
        if run.ended is None:
            self._recorder.note("run.closed", state="rolled-back", residue=list(found))
        return Completed(found)
