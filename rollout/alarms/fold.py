"""Turns into notices: which notice tells an alarm's change, how often it was red, when a notice is over. Pure.

An alarm has at most one open notice. What turns bad together is one notice; what turns bad again soon after it was
quiet raises that notice's counter. So however an alarm flaps, its channel sees one message that is kept up to date.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from rollout.alarms.model import BAD, Alert, Key, Line, Scope, Timing, Turn
from rollout.model import Rollout
from rollout.values import ZERO


class _Draft:
    """A notice while turns are folded in; an app may have hundreds of alarms, so lines are found by key."""

    def __init__(self, alert: Alert) -> None:
        self.alert = alert
        self.open = alert.open
        self.quiet_since = alert.quiet_since
        self.lines = {line.key: line for line in alert.lines}
        self.bad = sum(line.bad for line in alert.lines)

    def put(self, line: Line) -> None:
        old = self.lines.get(line.key)
        self.bad += line.bad - (old.bad if old else False)
        self.lines[line.key] = line

    def done(self) -> Alert:
        made = {"lines": tuple(self.lines.values()), "open": self.open, "quiet_since": self.quiet_since}
        return self.alert.model_copy(update=made)


class Fold:
    """The open notices of one app, and what turns make of them."""

    def __init__(self, alerts: Iterable[Alert], scope: Scope, timing: Timing, now: datetime) -> None:
        self._drafts = [_Draft(alert) for alert in alerts if alert.open]
        self._homes = {key: draft for draft in self._drafts for key, line in draft.lines.items() if not line.moved}
        self._scope, self._timing, self._now = scope, timing, now
        self.over: list[tuple[Line, Turn]] = []
        """Spells that a rollout's card told and that are over: the same card tells that, too."""

    def take(self, turns: Iterable[Turn]) -> None:
        """Fold these in, in the order in which they happened."""
        for turn in sorted(turns, key=lambda turn: turn.at):
            if turn.state in BAD:
                self._turned_bad(turn)
            else:
                self._turned_good(turn)

    def close_quiet(self) -> None:
        """What has been quiet for long enough is over: the next time is another notice."""
        for draft in self._drafts:
            if draft.quiet_since is not None and self._now - draft.quiet_since > self._timing.flap:
                draft.open = False
            if all(line.state == "UNWATCHED" for line in draft.lines.values()):
                draft.open = False

    @property
    def changed(self) -> list[Alert]:
        """The notices that are not as they were, oldest first; new ones have no id yet."""
        after = [draft.done() for draft in self._drafts]
        return [alert for alert, draft in zip(after, self._drafts, strict=True) if not alert.id or alert != draft.alert]

    def _turned_bad(self, turn: Turn) -> None:
        home = self._homes.get(turn.key)
        if home is not None and home.quiet_since is not None and turn.at - home.quiet_since > self._timing.flap:
            home.open = False
            for key in home.lines:
                if self._homes.get(key) is home:
                    del self._homes[key]
            home = None
        elif home is not None and not self._young(home) and self._calm(home.lines[turn.key], turn):
            # Another alarm kept the notice open, perhaps for days: this one is news again, and an edit is none.
            home.put(home.lines[turn.key].model_copy(update={"moved": True}))
            del self._homes[turn.key]
            home = None
        if home is not None:
            home.put(_again(home.lines[turn.key], turn))
        else:
            home = self._group() or self._begun(turn)
            home.put(_new(turn))
            self._homes[turn.key] = home
        home.quiet_since = None

    def _turned_good(self, turn: Turn) -> None:
        home = self._homes.get(turn.key)
        if home is None:
            return
        line = home.lines[turn.key]
        home.put(_over(line, turn))
        if line.bad and line.told_by is not None:
            self.over.append((line, turn))
        if line.bad and not home.bad:
            home.quiet_since = turn.at

    def _calm(self, line: Line, turn: Turn) -> bool:
        return not line.bad and turn.at - line.since > self._timing.flap

    def _group(self) -> _Draft | None:
        """The newest notice that is young enough to be joined. A clock that was set back keeps none young for ever."""
        for draft in reversed(self._drafts):
            if draft.open and self._young(draft):
                return draft
        return None

    def _young(self, draft: _Draft) -> bool:
        return ZERO <= self._now - draft.alert.noted_at <= self._timing.group

    def _begun(self, turn: Turn) -> _Draft:
        scope = self._scope
        draft = _Draft(
            Alert(app=scope.app, envs=scope.envs, channel=scope.channel, noted_at=self._now, lines=(_new(turn),))
        )
        self._drafts.append(draft)
        return draft


def claimed(alert: Alert, rollout: Rollout, begun: Mapping[Key, datetime]) -> Alert:
    """The notice with those of its lines marked whose last spell, begun then, brought the rollout back.

    CloudWatch's times are compared with each other, never with ours: clocks differ.
    """
    blamed = rollout.fell_for.alarms if rollout.fell_for is not None else {}
    lines = []
    for line in alert.lines:
        key, start = line.key, None if line.moved else begun.get(line.key)
        seen = blamed.get(key.name) if key.kind == "alarm" and key.lane == rollout.terms.lane else None
        ours = start is not None and seen is not None and start <= seen
        lines.append(line.model_copy(update={"told_by": rollout.id}) if ours else line)
    return alert.model_copy(update={"lines": tuple(lines)})


def _new(turn: Turn) -> Line:
    return Line(key=turn.key, state=turn.state, first=turn.at, since=turn.at, text=turn.text, mixed=turn.mixed)


def _again(line: Line, turn: Turn) -> Line:
    """Bad once more; from one bad state to another it is still the same spell."""
    changes = {"state": turn.state, "since": turn.at, "text": turn.text, "mixed": turn.mixed, "told_by": None}
    if line.bad:
        return line.model_copy(update={**changes, "bad_for": line.bad_for + _spell(line, turn)})
    return line.model_copy(update={**changes, "times": line.times + 1})


def _over(line: Line, turn: Turn) -> Line:
    changes: dict[str, object] = {"state": turn.state, "since": turn.at}
    if line.bad:
        changes["bad_for"] = line.bad_for + _spell(line, turn)
    return line.model_copy(update=changes)


def _spell(line: Line, turn: Turn) -> timedelta:
    return max(ZERO, turn.at - line.since)
