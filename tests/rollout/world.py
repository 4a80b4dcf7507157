"""The whole inside as one world that is played: what people, AWS, other hands and power cuts do, as steps drawn by lot.

A step is plain values, so Hypothesis and a seed draw from one table, and a history that broke something can be said,
played again and made shorter. What must hold after each step is `witness.py`'s.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TypeVar

from rollout.model import Phase, Rollout
from rollout.people import Actor
from rollout.plan import Approve, SetWeight
from rollout.ports import Reply
from rollout.seen import SideHealth
from rollout.simulated import Faults, SimulatedAlarm, SimulatedFleet
from rollout.table import ACCEPTS
from store import Store, open_store
from store.ledger import Writing
from store.sessions import Sessions
from tests.rollout.scene import ANA, BEN, EVA, OSKAR, OneApp, Scene
from tests.rollout.witness import Witness

MEMORY = Path("/dev/shm")
"""A file system in memory, where there is one: a commit waits for no disk."""
WAITS_FOR_PEOPLE = {Phase.PAUSED, Phase.WAITING, Phase.STUCK, Phase.AWAITING_APPROVAL}
GATE = "my-app-errors"

_WHO = (ANA, BEN, EVA, OSKAR)
_VERBS = (*sorted(ACCEPTS), "approve", "approve", "approve", "go-on", "go-on", "promote", "promote", "resume", "resume")
_STOPS = ("rollback", "pause", "cancel", "reject")
BEGINNINGS: dict[str, tuple[Any, ...]] = {
    "plan": ("10% 5m, 50% 10m, 100%", "100%", "0%, approve, 100%", "5%, 20% 2m, approve, 100% 3m"),
    "gated": (True, False),
    "four_eyes": (True, False),
    "servers": (True, False),
}
STEPS: dict[str, dict[str, tuple[Any, ...]]] = {
    "wish": {"verb": _VERBS, "who": _WHO, "flag": (True, False)},
    "start": {"release": ("", "1", "2", "9"), "who": (ANA, ANA, BEN)},
    "click": {"card": tuple(range(30)), "verb": _VERBS},
    "redeliver": {"back": tuple(range(1, 30))},
    "wait": {"seconds": (0, 1, 5, 30, 60, 900)},
    "look": {"times": tuple(range(1, 8))},
    "jump": {"hours": (-24, -1, 1, 24)},
    "alarm": {"state": ("OK", "OK", "OK", "OK", "ALARM", "INSUFFICIENT_DATA", "absent")},
    "health": {"version": ("1", "2"), "state": ("healthy", "healthy", "healthy", "sick", "unknown")},
    "servers": {"version": ("1", "2"), "ready": (0, 1, 2, 3, 4, 4)},
    "unpin": {},
    "fault": {
        "name": ("targets_unreadable", "alarms_unreadable", "writes_refused", "replies_lost", "writes_dropped"),
        "times": tuple(range(1, 8)),
    },
    "foreign_edit": {"extra": ((), (("2", 30),), (("2", 10),), (("7", 50),)), "main": ("1", "2", "7")},
    "reload": {"plan": BEGINNINGS["plan"], "bake": (0, 15)},
    "restart": {},
    "crash": {"point": ("T1", "T2", "T3", "T5", "L1", "L2", "R1"), "nth": (1, 2, 3), "verb": _VERBS},
    "power_cut": {"nth": tuple(range(1, 8))},
    "race": {"point": ("T1", "T2", "T3", "T5"), "verb": _VERBS, "who": (ANA, EVA)},
}
"""Rule -> each of its words -> what it may be."""
OFTEN = ("look", "look", "look", "look", "click", "click", "wish")
"""Drawn more often than once in a table: a world in which nothing gets on is a dull one."""


T = TypeVar("T")


class Step(NamedTuple):
    """One thing that happens."""

    rule: str
    words: dict[str, Any]

    def __str__(self) -> str:
        said = (f"{name}={getattr(value, 'id', value)!r}" for name, value in self.words.items())
        return f"{self.rule}({', '.join(said)})"


def draw(seed: Random, rule: str = "") -> Step:
    """A step by lot."""
    rule = rule or seed.choice((*STEPS, *OFTEN))
    table = BEGINNINGS if rule == "begin" else STEPS[rule]
    return Step(rule, {name: seed.choice(some) for name, some in table.items()})


class Crash(BaseException):
    """The process ends here; nothing may catch it."""


@cache
def _blank() -> bytes:
    """A store as `open_store` makes it, made once: a thousand worlds need not make its tables a thousand times."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.db"
        open_store(path).close()
        return path.read_bytes()


class Cut(Store):
    """A store whose process may end just before a transaction begins."""

    left = 0

    @contextmanager
    def work(self) -> Iterator[Writing]:
        """See Store."""
        self.left -= 1
        if self.left == 0:
            raise Crash
        with super().work() as work:
            yield work


class Quick(Scene):
    """A scene whose file is a copy of a blank one; a restart opens it without looking for missing migrations."""

    store: Cut

    def opened(self) -> Cut:
        """See Scene: every setting is set and read back, as always."""
        if not self.path.exists():
            self.path.write_bytes(_blank())
        return Cut(Sessions(self.path, 2000))


class World:
    """Plays steps; an AssertionError says which rule was broken."""

    def __init__(self, plan: str, *, gated: bool, four_eyes: bool, servers: bool = False) -> None:
        terms: dict[str, object] = {} if gated else {"alarms": ()}
        if four_eyes:
            terms["approval"] = {"by": 1, "before_start": plan == "100%"}
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.policy = OneApp(plan, **terms)
        self.scene = Quick(self.folder / "t.db", self.policy)
        if servers:
            self.scene.target.fleet = SimulatedFleet()
        self.witness = Witness(self.scene)
        self.asked: list[tuple[dict[str, Any], Reply]] = []
        self.lived = timedelta()
        self.since: tuple[int, int | None, timedelta] = (0, None, self.lived)
        """Rollout and weight that was proven last, and when."""
        self.hurried: set[int] = set()
        self.signed: dict[tuple[int, int], set[str]] = {}
        self.do(Step("start", {"release": "", "who": ANA}))

    def do(self, step: Step) -> None:
        """Let it happen, then look at everything that must hold."""
        getattr(self, f"_{step.rule}")(**step.words)
        self.holds()

    def holds(self) -> None:
        """What must hold after every step."""
        if not self.witness.holds():
            return
        live = self.witness.live
        if live is None:
            return
        if (live.id, live.proven) != self.since[:2]:
            self.since = live.id, live.proven, self.lived
        self._signed_for(live)

    def end(self) -> None:
        """Faults off, alarms green: everything ends, or waits for a person; then AWS shows what the row says."""
        scene = self.scene
        scene.world.faults = Faults()
        self._alarm("OK")
        for version in scene.target.versions:
            scene.target.versions[version] = SideHealth(state="healthy")
        if scene.target.fleet is not None:
            scene.target.fleet.limits.clear()
        for _ in range(300):
            if not self.live or self.live.phase in WAITS_FOR_PEOPLE:
                break
            self._look(times=1)
            self.holds()
        assert not self.live or self.live.phase in WAITS_FOR_PEOPLE, f"S6: immortal {self.live.phase}"
        self.witness.finally_holds()

    def close(self) -> None:
        """Nothing stays behind."""
        self.witness.close()
        self.scene.close()
        shutil.rmtree(self.folder)

    @property
    def live(self) -> Rollout | None:
        """The live rollout, as the file has it."""
        self.witness.holds()
        return self.witness.live

    # -- people ---------------------------------------------------------------------------------

    def _say(self, verb: str, who: Actor, **fields: Any) -> Reply:
        before = self.live
        reply = self.scene.wish(verb, who, **fields)
        self.asked.append(({"verb": verb, "actor": who, "n": self.scene.asked, **fields}, reply))
        if who is OSKAR:
            assert not reply.ok, "an outsider was obeyed"
        if before is None or not reply.ok or reply.rollout != before.id:
            return reply
        if verb == "approve":
            self.signed.setdefault((before.id, before.step), set()).add(who.key)
            assert before.terms.approval is None or who.key != before.by.key, "four eyes: who asked has approved"
        if verb == "promote":
            self.hurried.add(before.id)
        return reply

    def _wish(self, verb: str, who: Actor, *, flag: bool) -> None:
        """Somebody types a verb; `flag` is --full and [Roll back anyway]."""
        before = self.live
        flags = {"rollback": {"force": flag}, "promote": {"full": flag}}.get(verb, {})
        reply = self._say(verb, who, reason="because", **flags)
        if verb == "rollback" and before is not None and who is not OSKAR:
            assert reply.ok, f"S4: rollback refused in {before.phase}: {reply.text}"

    def _start(self, release: str, who: Actor) -> None:
        """Somebody starts a rollout; a held target is released first."""
        self._say("unlock", who, reason="again")
        if self._say("start", who, release=release).ok:
            self.witness.foreign = False
            self._serve_what_serves()

    def _serve_what_serves(self) -> None:
        """Whoever sent traffic somewhere by hand gave it servers."""
        target = self.scene.target
        if target.fleet is not None:
            target.fleet.desired |= dict.fromkeys((target.main, *target.extra), target.fleet.needed)

    def _click(self, card: int, verb: str) -> None:
        """Somebody presses a button on any card ever posted."""
        if not self.witness.cards:
            return
        bound = self.witness.cards[card % len(self.witness.cards)]
        before = self.live
        who = EVA if verb in ("approve", "reject", "go-on") else ANA
        reply = self._say(verb, who, bound=bound, reason="x")
        stale = before is not None and bound.rollout == before.id and bound != before.bound
        if stale and verb not in _STOPS:
            assert not reply.ok, "S9: a stale upward click was obeyed"

    def _redeliver(self, back: int) -> None:
        """Slack sends an old request once more: it gets its old answer, and nothing else happens."""
        if back > len(self.asked):
            return
        said, reply = self.asked[-back]
        before = self.witness.bodies()
        fields = {name: value for name, value in said.items() if name not in ("verb", "actor", "n")}
        newest, self.scene.asked = self.scene.asked, said["n"] - 1
        again = self.scene.wish(said["verb"], said["actor"], **fields)
        self.scene.asked = newest
        assert again == reply, f"a repeated {said['verb']} was answered {again.text!r}, not {reply.text!r}"
        assert self.witness.bodies() == before, f"a repeated {said['verb']} changed a row"

    def _reload(self, plan: str, bake: int) -> None:
        """The configuration is changed; what lives keeps its terms."""
        self.policy.plan = plan
        self.policy.changes["bake"] = timedelta(minutes=bake)

    # -- time -----------------------------------------------------------------------------------

    def _wait(self, seconds: int) -> None:
        """Time passes and what is due is looked at."""
        self._lives(timedelta(seconds=seconds))
        self._glance()

    def _look(self, times: int) -> None:
        """Due looks, one after the other."""
        for _ in range(times):
            live = self.live
            if live is None or live.wake_at is None:
                return
            self._lives(max(live.wake_at - self.scene.clock.now(), timedelta(0)))
            self._glance()
            self.holds()

    def _lives(self, by: timedelta) -> None:
        self.scene.clock.advance(by)
        self.lived += by

    def _jump(self, hours: int) -> None:
        """The clock is set, forwards or back."""
        self.scene.clock.set(timedelta(hours=hours))

    # -- AWS and other hands --------------------------------------------------------------------

    def _alarm(self, state: str) -> None:
        """The alarm changes, is deleted, or is there again."""
        alarms = self.scene.world.alarms
        if state == "absent":
            alarms.pop(GATE, None)
        else:
            alarms.setdefault(GATE, SimulatedAlarm()).turn(state, self.scene.clock.now())  # type: ignore[arg-type]  # drawn literals

    def _health(self, version: str, state: str) -> None:
        """A side changes its health."""
        self.scene.target.versions[version] = SideHealth(state=state, text="as drawn")  # type: ignore[arg-type]  # drawn literals

    def _servers(self, version: str, ready: int) -> None:
        """Some servers of a side die, or come up."""
        fleet = self.scene.target.fleet
        if fleet is not None:
            fleet.limits[version] = ready
            fleet.ready[version] = min(ready, fleet.desired.get(version, 0))

    def _unpin(self) -> None:
        """Somebody else changes the limits of both sides."""
        if self.scene.target.fleet is not None:
            self.scene.target.fleet.pinned = False

    def _fault(self, name: str, times: int) -> None:
        """AWS misbehaves for the next calls."""
        setattr(self.scene.world.faults, name, times)

    def _foreign_edit(self, extra: Iterable[tuple[str, int]], main: str) -> None:
        """Somebody else changes the alias."""
        if main not in dict(extra):
            self.scene.target.write(self.scene.clock.now(), main, dict(extra), "hand")
            self.witness.foreign = True

    # -- the process ----------------------------------------------------------------------------

    def _restart(self) -> None:
        """The bot is stopped and started."""
        self.scene.restart()

    def _crash(self, point: str, nth: int, verb: str) -> None:
        """The process dies at a failpoint of a look, of a wish or of a start, and is started again."""
        def dies() -> None:
            raise Crash

        before = self.witness.bodies()
        who = EVA if verb in ("go-on", "approve", "reject") else BEN
        self.scene.failpoint = _at(point, 1 if point.startswith("L") else nth, dies)
        try:
            if point.startswith("L"):
                self.scene.wish(verb, who, reason="x")
            elif point == "R1":
                self.scene.bot.recover()
            else:
                self._glance()
        except Crash:
            if point == "L1":
                assert self.witness.bodies() == before, "S10: half a wish was kept"
        self.scene.restart()
        if point.startswith("L"):  # nobody was answered, so it is sent once more
            kept = self.witness.bodies()
            self.scene.asked -= 1
            self._say(verb, who, reason="x")
            assert point == "L1" or self.witness.bodies() == kept, f"a {verb} that was kept was done twice"

    def _power_cut(self, nth: int) -> None:
        """The process ends between two transactions of a look, wherever that is, and is started again."""
        self.scene.store.left = nth
        with suppress(Crash):
            self._glance()
        self.holds()
        self.scene.restart()

    def _race(self, point: str, verb: str, who: Actor) -> None:
        """A wish lands in the middle of a look."""
        replies: list[Reply] = []
        self.scene.failpoint = _at(point, 1, lambda: replies.append(self._say(verb, who, reason="x")))
        candidate, share, writes = self._shares()
        self._glance()
        self.scene.failpoint = _at("", 1, lambda: None)
        if point in ("T1", "T2") and verb in _STOPS and any(reply.ok for reply in replies):
            for raised, by in self._written(candidate, writes):
                assert raised <= share or by == "hand", f"S4: {verb} had stopped this raise"
                share = raised

    # -- looks and what they may do -------------------------------------------------------------

    def _shares(self) -> tuple[str, int, int]:
        live, target = self.live, self.scene.target
        candidate = live.candidate.id if live and live.candidate else ""
        return candidate, target.share(candidate), len(target.applied)

    def _written(self, candidate: str, since: int) -> list[tuple[int, str]]:
        return [
            (100 if main == candidate else percent, by) for _, main, percent, by in self.scene.target.applied[since:]
        ]

    def _glance(self) -> None:
        """What is due is looked at. Every raise is held against what the world was like."""
        scene = self.scene
        before = self.live
        faults = scene.world.faults
        blind = bool(faults.targets_unreadable), bool(faults.alarms_unreadable)
        candidate, share, writes = self._shares()
        try:
            for ids in scene.bot.due().values():
                scene.bot.look(ids)
        finally:
            self._serve()
            stays = blind
            if scene.target.fleet is not None:  # a launch is looked at again at once, maybe with sight by then
                stays = blind[0] and bool(faults.targets_unreadable), blind[1] and bool(faults.alarms_unreadable)
            for raised, by in self._written(candidate, writes):
                if raised > share and before is not None and by != "hand":
                    self._may_have(before, candidate, raised, stays)
                if raised < share and before is not None and by != "hand" and not blind[0]:
                    self._may_fall(before, raised)
                share = raised

    def _serve(self) -> None:
        """S11: whoever gets traffic from us has servers."""
        target = self.scene.target
        by_hand = bool(target.applied) and target.applied[-1][3] == "hand"
        if target.fleet is None or self.witness.foreign or by_hand:
            return
        for version, servers in target.fleet.desired.items():
            assert servers or not target.share(version), f"S11: {version} has traffic and no servers"

    def _may_have(self, before: Rollout, candidate: str, raised: int, blind: tuple[bool, bool]) -> None:
        alarm = self.scene.world.alarms.get(GATE)
        state = alarm.state if alarm else "absent"
        waived = (self.live or self.scene.newest).waiver is not None
        watched = bool(before.terms.alarms) and not before.back
        assert state != "ALARM" or not watched, "S1: raised while the alarm was red"
        assert state in ("OK", "INSUFFICIENT_DATA") or not watched, "S2: raised although nobody knows the alarm"
        assert state == "OK" or waived or not watched, "S1: raised without data and without a waiver"
        assert not blind[0], "S2: raised blind"
        assert not (blind[1] and watched), "S2: raised without having read the alarms"
        assert self.scene.target.versions[candidate].state == "healthy", "S7: raised onto an unhealthy side"
        fleet = self.scene.target.fleet
        if fleet is not None:
            ready = fleet.ready.get(candidate, 0)
            assert 100 * ready >= fleet.needed * raised, f"S7: {raised} % onto {ready} of {fleet.needed} servers"
        if not waived and before.id not in self.hurried:
            self._baked(before, raised)

    def _may_fall(self, before: Rollout, to: int) -> None:
        fleet, live = self.scene.target.fleet, self.live or self.scene.newest
        forced = live.force or before.overwrite or live.fell_for is None
        if fleet is None or forced or before.stable is None:
            return
        if self.scene.target.versions[before.stable.id].state != "healthy":
            return  # not counted then: down needs no proof
        ready = fleet.ready.get(before.stable.id, 0)
        assert 100 * ready >= fleet.needed * (100 - to), f"S7: {100 - to} % back onto {ready} of {fleet.needed} servers"

    def _baked(self, before: Rollout, raised: int) -> None:
        """Time that really passed at this weight: whoever sets the clock gains nothing."""
        id, proven, since = self.since
        steps = [step for step in before.terms.plan.steps if isinstance(step, SetWeight) and step.percent < raised]
        bakes = [step.bake for step in steps if step.percent == proven]
        if id == before.id and bakes:
            lived = self.lived - since
            assert lived >= bakes[0], f"a bake of {bakes[0]} at {proven} % was over after {lived}"

    def _signed_for(self, live: Rollout) -> None:
        """What lies behind an approve step was approved, by as many as it takes."""
        terms, steps = live.terms, live.terms.plan.steps
        # An emergency ship goes past them, by an admin's word.
        asked = [(n, step.by) for n, step in enumerate(steps[: live.step]) if isinstance(step, Approve)]
        asked = [] if live.shipped is not None else asked
        if terms.approval and terms.approval.before_start and not live.back and live.phase not in _BEFORE:
            asked.append((0, terms.approval.by))
        for step, by in asked:
            signed = len(self.signed.get((live.id, step), ()))
            assert signed >= by, f"#{live.id} passed step {step + 1} with {signed} of {by} approvals"


_BEFORE = {Phase.REQUESTED, Phase.AWAITING_APPROVAL}


def _at(point: str, nth: int, do: Callable[[], None]) -> Callable[[str], None]:
    """A failpoint that does something the nth time it is reached, once."""
    left = [nth]

    def hit(name: str) -> None:
        if name == point:
            left[0] -= 1
            if left[0] == 0:
                do()

    return hit


class Broken(AssertionError):
    """A history that broke a rule, made as short as it gets."""


def history(seed: int, length: int) -> list[Step]:
    """The steps of one world, by lot: the same seed is the same world, for ever."""
    lot = Random(seed)
    return [draw(lot, "begin"), *(draw(lot) for _ in range(length))]


def play(steps: Sequence[Step]) -> None:
    """One world from its beginning to its end; an AssertionError (or whatever the product raised) when it breaks."""
    world = World(**steps[0].words)
    try:
        for step in steps[1:]:
            world.do(step)
        world.end()
    finally:
        world.close()


def play_seed(seed: int, length: int) -> int:
    """Play one world, how many steps; Broken with a short history that breaks as well."""
    steps = history(seed, length)
    why = _breaks(steps)
    if why is not None:
        short = shorter(steps, lambda some: _breaks(some) is not None)
        said = "\n  ".join(map(str, short))
        raise Broken(f"seed {seed}, {length} steps: {_breaks(short)!r}\n  {said}") from why
    return length


def play_seeds(seeds: Iterable[int], length: int) -> None:
    """Play them until one breaks."""
    for seed in seeds:
        play_seed(seed, length)


def _breaks(steps: Sequence[Step]) -> Exception | None:
    try:
        play(steps)
    except Exception as wrong:  # noqa: BLE001 - a crash of the product is a finding, too
        return wrong
    return None


def shorter(steps: list[T], breaks: Callable[[list[T]], bool]) -> list[T]:
    """Leave out what is not needed: ever smaller pieces, the beginning stays."""
    size = max(len(steps) // 2, 1)
    while size:
        at = 1
        while at < len(steps):
            less = steps[:at] + steps[at + size :]
            if breaks(less):
                steps = less
            else:
                at += size
        size //= 2
    return steps


