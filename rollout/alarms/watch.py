"""The watch: reads all alarms of a place, compares with the memory, folds changes into notices, commits, wakes.

It speaks to ports only and moves no traffic: what a red alarm means for a rollout is decided by that rollout's look,
which is woken here. One transaction per app and sweep; nothing is written when nothing changed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from rollout.alarms.compare import Compared, Role, compare, hidden, moved, place
from rollout.alarms.fold import Fold, claimed
from rollout.alarms.model import AlarmState, Key, Line, Past, Place, Scope, Sweep, Timing, Turn
from rollout.alarms.ports import AlarmLedger, AlarmSource, AlarmWork
from rollout.durations import print_duration
from rollout.errors import TargetError
from rollout.hooks import Hooks
from rollout.model import Rollout
from rollout.notices import Event
from rollout.ports import Clock, Reads
from rollout.seen import AlarmReading, Fault, Observation

HISTORIES = 20
"""Histories read per sweep and app: AWS allows three a second. Beyond that a change is told without what hid in it."""
WRITTEN = timedelta(minutes=5)
"""By then CloudWatch has written a change into the history, or never will."""
SAME = timedelta(seconds=1)
"""The alarm and its history name one change with a few milliseconds between."""
PAGE = 500
_Asked = tuple[Place, tuple[str, ...], tuple[str, ...]]


class Watch:
    """Thread-safe as its ledger is: two threads may compare the same change, the second finds it told."""

    def __init__(
        self, ledger: AlarmLedger, source: AlarmSource, clock: Clock, timing: Callable[[], Timing],
        hooks: Hooks | None = None,
    ) -> None:  # fmt: skip
        self._ledger, self._source, self._clock, self._timing = ledger, source, clock, timing
        self._hooks = hooks or Hooks()
        self._scopes: dict[tuple[str, str], Scope] = {}
        """What was swept since the start. Before that a sweep comes anyway."""
        self._found: dict[_Asked, tuple[datetime, tuple[str, ...]]] = {}
        self._wanted: dict[tuple[str, str], dict[Place, set[str] | None]] = {}
        """Names by app and lane, and by place in it: several roles may look at one lane. None: not swept yet."""

    def sweep(self, scopes: Sequence[Scope]) -> None:
        """Read everything that these scopes of one place watch, and tell what changed. Never raises a TargetError."""
        if not scopes:
            return
        where = scopes[0].place
        memories = {scope.app: self._memory(scope.app, where.lane) for scope in scopes}
        found = {scope.app: self._discovered(scope, memories[scope.app]) for scope in scopes}
        names = {name for scope in scopes for name in (*scope.gates, *found[scope.app][0])}
        sweep = self._source.sweep(where, sorted(names))
        for scope in scopes:
            wanted, fault = found[scope.app]
            self._compare(scope, wanted, sweep, memories[scope.app], fault)
            self._scopes[scope.app, where.lane] = scope

    def sighted(self, rollout: Rollout, observation: Observation) -> bool:
        """Whether a look of a rollout read a change that no sweep has told yet: then a sweep should come at once.

        Nothing is folded here: it would take the alarm's history, and a rollback may be waiting behind this look.
        """
        scope = self._scopes.get((rollout.app, rollout.terms.lane))
        if scope is None or observation.alarms_at is None:
            return False
        with self._ledger.reads() as reads:
            return any(
                moved(reads.alarm_state(_key(scope, reading.name)), reading) for reading in observation.alarms
            )

    def settle(self, scopes: Iterable[Scope]) -> None:
        """Forget what the configuration watches no more. To be called when it was read."""
        wanted: dict[tuple[str, str], dict[Place, set[str] | None]] = {}
        for scope in scopes:
            wanted.setdefault((scope.app, scope.place.lane), {})[scope.place] = None
        self._wanted = wanted
        kept = wanted.keys()
        for app, lane in sorted({(one.key.app, one.key.lane) for one in self._memory("", "").values()} - kept):
            some = Scope(app=app, envs=(), place=Place(lane=lane, region=lane.partition("/")[2]))
            self._commit(some, (), (), list(self._memory(app, lane)))
            self._scopes.pop((app, lane), None)

    # -- reading --------------------------------------------------------------------------------

    def _memory(self, app: str, lane: str) -> dict[Key, AlarmState]:
        states: dict[Key, AlarmState] = {}
        after: Key | None = None
        while True:
            with self._ledger.reads() as reads:
                page = reads.alarm_states(app, lane, after=after, limit=PAGE)
            states |= {state.key: state for state in page}
            if len(page) < PAGE:
                return states
            after = page[-1].key

    def _discovered(self, scope: Scope, memory: Mapping[Key, AlarmState]) -> tuple[tuple[str, ...], Fault | None]:
        """Names by prefix and tag; those known before, and why, where they cannot be read now."""
        if not scope.prefixes and not scope.tags:
            return (), None
        at, names = self._found.get(_asked(scope), (None, ()))
        now = self._clock.now()
        if at is not None and now - self._timing().discover < at <= now:
            return names, None
        found: set[str] = set()
        fault: Fault | None = None
        # Asked for apart: a permission that only tags need must not hide what prefixes find.
        for word, prefixes, tags in (("prefix", scope.prefixes, ()), ("tag", (), scope.tags)):
            try:
                found |= set(self._source.found(scope.place, prefixes, tags)) if prefixes or tags else set()
            except TargetError as error:
                text = f"alarms cannot be looked for by {word}: {error.fact}"
                fault = Fault(kind=error.kind, text=text, hint=error.hint)
        if fault is not None:
            known = {key.name for key, state in memory.items() if key.kind == "alarm" and not state.gate}
            return tuple(sorted(found | known)), fault
        names = tuple(sorted(found))
        self._found[_asked(scope)] = (now, names)
        return names, None

    def _compare(
        self, scope: Scope, found: Sequence[str], sweep: Sweep, memory: Mapping[Key, AlarmState], fault: Fault | None
    ) -> None:
        names = {*scope.gates, *found}
        readings = {one.name: one for one in sweep.readings if one.name in names}
        with self._ledger.reads() as reads:
            since = reads.watched_since(scope.app, scope.place.lane)
        changed: list[tuple[Role, AlarmReading, tuple[Past, ...]]] = []
        for name, past in self._pasts(scope, readings, memory):
            gate = name in scope.gates
            role = Role(_key(scope, name), gate, scope.bakes.get(name) if gate else None, scope.slack, since)
            stored = memory.get(role.key)
            if stored is None and not readings[name].found and not gate:
                continue
            if past is not None and compare(stored, readings[name], past, role, self._clock.now()).state != stored:
                changed.append((role, readings[name], past))
        gone = self._forgotten(scope, memory, readings, names, sure=fault is None)
        unread = next((sweep.faults[name] for name in sorted(names) if name in sweep.faults), None)
        # Only where nothing can be read is silence blindness, and told; what else is wrong is listed.
        faults = (None, unread or fault) if readings else (unread, fault)
        where = place(
            memory.get(_place_key(scope)), _place_key(scope), faults, self._timing().blind, self._clock.now()
        )
        where_moved = where.state != memory.get(_place_key(scope))
        if changed or gone or where_moved or since is None or self._closing(scope):
            self._commit(scope, changed, [where] if where_moved else (), gone, mark=since is None and unread is None)

    def _forgotten(
        self, scope: Scope, memory: Mapping[Key, AlarmState], readings: Mapping[str, AlarmReading], names: set[str],
        *, sure: bool,
    ) -> list[Key]:  # fmt: skip
        """Watched no more: named nowhere now, or found by prefix or tag once and deleted since.

        Not `sure` while alarms could not be looked for: then only gates are forgotten that no scope names.
        """
        here = self._wanted.setdefault((scope.app, scope.place.lane), {})
        here[scope.place] = names
        if any(found is None for found in here.values()):
            return []
        wanted = {name for found in here.values() for name in found or ()}
        gone = []
        for key, state in memory.items():
            lost = key.name in readings and not readings[key.name].found and key.name not in scope.gates
            unnamed = key.name not in wanted and (sure or state.gate)
            if key.kind == "alarm" and (unnamed or (sure and lost and state.state == "ABSENT")):
                gone.append(key)
        return gone

    def _pasts(
        self, scope: Scope, readings: Mapping[str, AlarmReading], memory: Mapping[Key, AlarmState]
    ) -> list[tuple[str, tuple[Past, ...] | None]]:
        """Each name with its history since it was seen last. None: hidden, and its history has to wait."""
        left = HISTORIES
        told: list[tuple[str, tuple[Past, ...] | None]] = []
        # What is hidden goes first: without its history it would be lost, while others are told without theirs.
        for name in sorted(readings, key=lambda name: not hidden(memory.get(_key(scope, name)), readings[name])):
            stored = memory.get(_key(scope, name))
            if stored is None or stored.since is None or not moved(stored, readings[name]):
                told.append((name, ()))
                continue
            past: tuple[Past, ...] | None = None
            if left > 0:
                left -= 1
                past = self._past(scope.place, name, stored.since)
                if hidden(stored, readings[name]) and self._lags(readings[name], past):
                    past = None
            told.append((name, past if past is not None or hidden(stored, readings[name]) else ()))
        return told

    def _lags(self, reading: AlarmReading, past: Sequence[Past] | None) -> bool:
        """The history does not tell the change that the alarm itself shows: CloudWatch has not written it down yet."""
        if past is None or reading.since is None or self._clock.now() - reading.since > WRITTEN:
            return False
        return not any(item.at >= reading.since - SAME for item in past)

    def _past(self, where: Place, name: str, since: datetime) -> tuple[Past, ...] | None:
        try:
            return self._source.past(where, name, since)
        except TargetError:
            return None

    def _closing(self, scope: Scope) -> bool:
        now = self._clock.now()
        with self._ledger.reads() as reads:
            alerts = reads.open_alerts(scope.app)
        return any(one.quiet_since is not None and now - one.quiet_since > self._timing().flap for one in alerts)

    # -- writing --------------------------------------------------------------------------------

    def _commit(
        self, scope: Scope, changed: Sequence[tuple[Role, AlarmReading, tuple[Past, ...]]],
        places: Sequence[Compared], gone: Sequence[Key], *, mark: bool = False,
    ) -> None:  # fmt: skip
        """One transaction. The memory is read again in it: somebody else may have told the same change meanwhile."""
        now = self._clock.now()
        with self._ledger.work() as work:
            turns: list[Turn] = []
            for role, reading, past in changed:
                done = compare(work.alarm_state(role.key), reading, past, role, now)
                work.save_alarm(done.state)
                # An alarm that comes and goes by prefix or tag is nobody's loss; a gate that is gone blinds rollouts.
                turns += [turn for turn in done.turns if turn.state != "ABSENT" or role.gate]
            for done in places:
                work.save_alarm(done.state)
                turns += done.turns
            for key in gone:
                turns += _unwatched(work, key, now)
                work.forget_alarm(key)
            if mark:
                work.mark_watched(scope.app, scope.place.lane, now)
            self._tell(work, scope, turns, now)
            woken = _gated(work, turns)
        for rollout in woken:
            self._hooks.wake(rollout)

    def _tell(self, work: AlarmWork, scope: Scope, turns: Sequence[Turn], now: datetime) -> None:
        fold = Fold(work.open_alerts(scope.app), scope, self._timing(), now)
        fold.take(turns)
        fold.close_quiet()
        for turn in turns:
            if turn.state != "UNWATCHED":
                work.note_turn(turn)
        begun = {turn.key: turn.at for turn in sorted(turns, key=lambda turn: turn.at) if turn.state == "ALARM"}
        for alert in fold.changed:
            for rollout in _fallen(work, alert.app, alert.envs):
                alert = claimed(alert, rollout, begun)  # noqa: PLW2901 - each claims its own
            work.put_alert(alert)
        for line, turn in fold.over:
            work.tell(_over(line, turn))


def claim(work: AlarmWork, rollout: Rollout) -> None:
    """A rollout goes back because of alarms: its card tells it, and their notice need not."""
    for alert in work.open_alerts(rollout.app):
        after = claimed(alert, rollout, {line.key: line.since for line in alert.bad if line.state == "ALARM"})
        if after != alert:
            work.put_alert(after)


def _over(line: Line, turn: Turn) -> Event:
    """Told where its beginning was told: in the thread of the rollout that it brought back."""
    seconds = max(round((turn.at - line.since).total_seconds()), 0)
    length = print_duration(timedelta(seconds=seconds if seconds < 120 else seconds // 60 * 60))
    state = {"OK": "is OK again", "INSUFFICIENT_DATA": "has no data any more"}.get(turn.state, "is watched no more")
    text = f"{line.key.name} {state}; it was red for {length}"
    return Event(rollout=line.told_by or 0, what="alarm_over", text=text, at=turn.at)


def _key(scope: Scope, name: str) -> Key:
    return Key(app=scope.app, lane=scope.place.lane, name=name)


def _asked(scope: Scope) -> _Asked:
    return scope.place, scope.prefixes, scope.tags


def _place_key(scope: Scope) -> Key:
    where = scope.place
    return Key(app=scope.app, lane=where.lane, name=where.role or where.lane, kind="place")


def _unwatched(work: AlarmWork, key: Key, now: datetime) -> list[Turn]:
    state = work.alarm_state(key)
    return [Turn(key=key, state="UNWATCHED", before=state.state, at=now)] if state is not None else []


def _gated(work: Reads, turns: Sequence[Turn]) -> list[Rollout]:
    """Live rollouts that one of these red alarms gates: they look at once, not at their next time."""
    red = {(turn.key.app, turn.key.lane, turn.key.name) for turn in turns if turn.state == "ALARM"}
    if not red:
        return []
    return [
        one for one in work.all_live()
        if any((one.app, one.terms.lane, gate.name) in red for gate in one.terms.alarms)
    ]  # fmt: skip


def _fallen(work: Reads, app: str, envs: Sequence[str]) -> list[Rollout]:
    """The newest rollout of each environment, where an alarm brought it back."""
    newest = [work.live(app, env) or work.last(app, env) for env in envs]
    return [one for one in newest if one is not None and one.fell_for is not None and one.fell_for.kind == "alarm"]
