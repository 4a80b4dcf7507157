"""The loop: observe a lane batched, decide each, commit, then perform. Intent before effect, outcome after.

Nothing here knows AWS, SQL or threads. Two rounds over one rollout at once are harmless: the commit expects the
version that was read, and every effect is absolute and guarded by the revision that was seen.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rollout import entries
from rollout.actions import Action, Continue, Intent, Launch, Outcome, Shift, Stop
from rollout.course import Course
from rollout.errors import Stale
from rollout.hooks import Hooks
from rollout.looking.look import Look
from rollout.machine import Decision, decide
from rollout.model import Phase, Rollout
from rollout.notices import Answer, CardChanged
from rollout.ports import Clock, Ledger, Work, World
from rollout.seen import Fault, Observation


class Rounds:
    """Looks at rollouts and does what `decide` says."""

    def __init__(self, ledger: Ledger, world: World, clock: Clock, hooks: Hooks) -> None:
        self._ledger, self._world, self._clock, self._hooks = ledger, world, clock, hooks
        self._looked: dict[int, float] = {}
        """When each rollout was last looked at, on the monotonic clock of this process."""
        self._under_way: set[int] = set()
        """Intents that a thread of this process is busy with: nobody else says what came of them."""

    def look(self, ids: Sequence[int]) -> None:
        """One look at each of these rollouts of one lane, and a second one at those that were just moved.

        The second look reads back what the calls did: it is the first of the two equal readings that prove a weight.
        """
        again = self._round(ids)
        if again:
            self._round(again)

    def due(self) -> dict[str, list[int]]:
        """What has to be looked at now, by lane."""
        lanes: dict[str, list[int]] = {}
        with self._ledger.reads() as reads:
            for rollout in reads.due(self._clock.now()):
                lanes.setdefault(rollout.terms.lane, []).append(rollout.id)
        return lanes

    def recover(self) -> int:
        """After a start: calls that were under way have an unknown outcome; every live rollout is looked at at once.

        Nothing is sent again here: the next look tells what happened.
        """
        now = self._clock.now()
        with self._ledger.reads() as reads:
            live = [rollout.id for rollout in reads.all_live()]
        for id in live:
            with self._ledger.work() as work:
                rollout = work.rollout(id)
                if rollout is None or not rollout.live:
                    continue
                for intent in work.intents(id, open_only=True):
                    if intent.state != "unknown":
                        self._orphan(work, rollout, intent)
                self._back(work, rollout, now)
            self._hooks.hit("R1")
        return len(live)

    def _back(self, work: Work, rollout: Rollout, now: datetime) -> None:
        """Due at once; where nobody looked for long its people are told how long."""
        look = Look(r=rollout, obs=Observation(at=now), now=now)
        if rollout.last_look is not None and rollout.phase is not Phase.REQUESTED:
            look.nobody_looked(rollout.last_look)
        after = work.save(look.r.but(wake_at=now))
        if look.notices:
            work.audit(entries.nobody_looked(after, now))
        for notice in (*look.notices, CardChanged(rollout=rollout.id)):
            work.tell(notice)

    def _orphan(self, work: Work, rollout: Rollout, intent: Intent) -> None:
        now = self._clock.now()
        sent = intent.state == "sent"
        text = "the bot ended before the answer came" if sent else "the bot ended before it was sent"
        outcome = Outcome(state="unknown" if sent else "failed", text=text)
        work.mark(intent.id, outcome.state, outcome.text, now)
        work.audit(entries.came_of(rollout, intent, outcome, now))

    def _round(self, ids: Sequence[int]) -> list[int]:
        with self._ledger.reads() as reads:
            rollouts = [found for id in ids if (found := reads.rollout(id)) is not None and found.live]
        if not rollouts:
            return []
        seen = self._world.observe(rollouts)
        self._hooks.hit("T1")
        moved = []
        for rollout in rollouts:
            observation = seen.get(rollout.id) or Observation(
                at=self._clock.now(),
                fault=Fault(kind="transient", text=f"{rollout.target} was not looked at"),
            )
            self._hooks.sighted(rollout, observation)
            if self._one(rollout, observation):
                moved.append(rollout.id)
        return moved

    def _one(self, rollout: Rollout, observation: Observation) -> bool:
        at = self._clock.monotonic()
        # The first look of this process: how long nobody looked cannot be known, so none of it was watched.
        passed = timedelta(seconds=at - self._looked.get(rollout.id, at))
        decision = decide(rollout, observation, self._clock.now(), passed)
        try:
            saved, intents = self._commit(rollout, decision)
        except Stale:
            return False  # a click landed during the look and wins: it is due at once, and decided anew
        self._looked[saved.id] = at
        if not saved.live:
            del self._looked[saved.id]
        self._hooks.hit("T2")
        return self._perform_all(saved, intents)

    def _perform_all(self, rollout: Rollout, intents: Sequence[Intent]) -> bool:
        """Whether any of them may have moved something. Whatever breaks, none stays under way."""
        try:
            return [self._perform(rollout, intent) for intent in intents].count(True) > 0
        finally:
            self._under_way.difference_update(intent.id for intent in intents)

    def _commit(self, before: Rollout, decision: Decision) -> tuple[Rollout, list[Intent]]:
        now = self._clock.now()
        with self._ledger.work() as work:
            after = work.save(decision.rollout)
            if entries.verdict_changed(before, after):
                work.audit(entries.verdict(after, now))
            if entries.changed(before, after):
                work.audit(entries.transition(before, after, now))
            if after.away not in (None, before.away):
                work.audit(entries.nobody_looked(after, now))
            if before.phase is not Phase.ROLLING_BACK and after.phase is Phase.ROLLING_BACK:
                self._hooks.blamed(work, after)
            if decision.hold is not None:
                hold = decision.hold.after(work.hold(after.app, after.env))
                work.put_hold(hold)
                work.audit(entries.held(hold, now))
            if (after.proven, after.still) != (before.proven, before.still) or not after.live:
                self._settle(work, after)
            intents = [work.plan(after, action, now) for action in decision.actions]
            # Before the commit: a look of another thread would take them for forgotten ones.
            self._under_way.update(intent.id for intent in intents)
            for intent in intents:
                work.audit(entries.intended(after, intent, now))
                if _down(after, intent):
                    work.mark(intent.id, "sent", "", now)
            self._tell(work, after, decision)
        return after, intents

    def _settle(self, work: Work, after: Rollout) -> None:
        """What nobody answered is settled by what is seen: the weight that was proven, or it did not come to be.

        That holds too for a call whose answer could not be stored (a full disk), and for one that was never sent.
        """
        now = self._clock.now()
        for intent in work.intents(after.id, open_only=True):
            outcome = None if intent.id in self._under_way else _settled(intent, after)
            if outcome is not None:
                work.mark(intent.id, outcome.state, outcome.text, now)
                work.audit(entries.came_of(after, intent, outcome, now))

    def _tell(self, work: Work, after: Rollout, decision: Decision) -> None:
        if after.phase is Phase.REFUSED and after.candidate is None:
            self._refuse_privately(work, after)
            return
        if after.phase is Phase.REQUESTED:
            return
        for notice in decision.notices:
            work.tell(notice)
        work.tell(CardChanged(rollout=after.id, human=bool(decision.notices) or not after.live))

    def _refuse_privately(self, work: Work, after: Rollout) -> None:
        """A release, a preflight or a red alarm refused it: no card, the person who asked is told."""
        address = work.reply_address(after.id)
        if address and after.cause is not None:
            not_done = "not rolled back" if after.back else "not started"
            text = f"{after.target} was {not_done}: {after.cause.text}"
            work.tell(
                Answer(reply=address, text=text, hint=after.cause.hint, rollout=after.id, good=False,
                       at=self._clock.now())
            )  # fmt: skip

    def _perform(self, rollout: Rollout, intent: Intent) -> bool:
        if not self._may_send(rollout, intent):
            return False
        self._hooks.hit("T3")
        outcome = self._world.perform(rollout, intent.action, intent.key)
        self._hooks.hit("T5")
        with self._ledger.work() as work:
            now = self._clock.now()
            work.mark(intent.id, outcome.state, outcome.text, now)
            work.audit(entries.came_of(rollout, intent, outcome, now))
            self._note(work, rollout, outcome)
        return outcome.state != "failed"

    def _may_send(self, rollout: Rollout, intent: Intent) -> bool:
        """Mark it sent, unless a click overtook it: a raise that a person has just stopped is never sent.

        The way down waits for nothing: nobody takes it back, so it was marked with the decision, one commit earlier.
        """
        if _down(rollout, intent):
            return True
        with self._ledger.work() as work:
            now = self._clock.now()
            current = work.rollout(rollout.id)
            if current is None or _stopped(rollout, current):
                outcome = Outcome(state="failed", text="overtaken by a person's wish; not sent")
                work.mark(intent.id, outcome.state, outcome.text, now)
                work.audit(entries.came_of(rollout, intent, outcome, now))
                return False
            work.mark(intent.id, "sent", "", now)
        return True

    def _note(self, work: Work, rollout: Rollout, outcome: Outcome) -> None:
        """What the row remembers of a call: failures in a row, and the last one's words for the card."""
        current = work.rollout(rollout.id)
        if current is None or not current.live:
            return
        if outcome.state == "done":
            seen = current.seen
            if outcome.revision and seen is not None:  # a write after a failed read needs the newest revision
                seen = seen.model_copy(update={"revision": outcome.revision})
            if current.write_failures or current.write_fault or seen != current.seen:
                work.save(current.but(write_failures=0, write_fault=None, seen=seen))
            return
        fault = Fault(kind="unknown" if outcome.state == "unknown" else "state", text=outcome.text, hint=outcome.hint)
        work.save(current.but(write_failures=current.write_failures + 1, write_fault=fault))
        work.tell(CardChanged(rollout=rollout.id))


def _settled(intent: Intent, after: Rollout) -> Outcome | None:
    if intent.state == "planned":
        return Outcome(state="failed", text="it was never sent")
    if isinstance(intent.action, Shift):
        came = intent.action.percent == after.proven
        return Outcome(state="done" if came else "failed", text=f"AWS shows {after.proven} %")
    course = after.seen.course if after.seen is not None else None
    if course is not None and _came(intent.action, course):
        return Outcome(state="done", text=f"AWS shows {course.id}: {course.text}"[:300])
    return Outcome(state="unknown", text="the answer could not be stored") if intent.state == "sent" else None


def _came(action: Action, course: Course) -> bool:
    """Whether AWS's deployment shows that this was taken; where it does not, it may still come."""
    if isinstance(action, Launch):
        return course.state != "none" and course.release == action.release
    if isinstance(action, Continue):
        other = course.wait is not None and course.wait.id != action.wait
        return course.state in ("running", "done") or (course.state == "waiting" and other)
    return isinstance(action, Stop) and course.state in ("going_back", "back")


def _down(decided: Rollout, intent: Intent) -> bool:
    """The way down of a rollback: no wish takes it back (adopt would, but not in that phase)."""
    action = intent.action
    down = isinstance(action, Stop) or (isinstance(action, Shift) and action.percent == 0)
    return decided.phase is Phase.ROLLING_BACK and down


def _stopped(decided: Rollout, current: Rollout) -> bool:
    return current.version != decided.version and current.phase is not decided.phase
