"""The whole inside against a model: wishes, old cards, looks, alarms, foreign hands, lost replies, clocks, crashes.

After every step the global invariants are checked against the simulated world, which is the oracle: what it applied is
what happened, whatever the bot believes.
"""

import json
import os
import tempfile
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rollout.ask import Bound
from rollout.audit import Link
from rollout.model import TERMINAL, Phase, Rollout
from rollout.plan import SetWeight
from rollout.seen import SideHealth
from rollout.table import ACCEPTS
from tests.rollout.scene import ANA, BEN, EVA, OSKAR, OneApp, Scene

PLANS = ("10% 5m, 50% 10m, 100%", "100%", "0%, approve, 100%", "5%, 20% 2m, approve, 100% 3m")
WAITS_FOR_PEOPLE = {Phase.PAUSED, Phase.WAITING, Phase.STUCK, Phase.AWAITING_APPROVAL}


class Crash(BaseException):
    """The process ends here; nothing may catch it."""


class World(RuleBasedStateMachine):
    """Rules are what people, AWS, other hands and power cuts do; invariants are what must hold after each."""

    @initialize(plan=st.sampled_from(PLANS), gated=st.booleans(), four_eyes=st.booleans())
    def begin(self, plan: str, gated: bool, four_eyes: bool) -> None:
        """A fresh bot and a fresh world."""
        terms: dict[str, object] = {} if gated else {"alarms": ()}
        if four_eyes:
            terms["approval"] = {"by": 1, "before_start": plan == "100%"}
        self.folder = tempfile.TemporaryDirectory()
        self.scene = Scene(Path(self.folder.name) / "t.db", OneApp(plan, **terms))
        self.cards: list[Bound] = []
        self.ended: dict[int, str] = {}
        self.good_looks = 0
        self.foreign = False
        self.scene.wish("start")

    def teardown(self) -> None:
        """Faults off, alarms green: everything ends, or waits for a person; then AWS shows what the row says."""
        if not hasattr(self, "scene"):
            return
        try:
            self._settles()
        finally:
            self.scene.close()
            self.folder.cleanup()

    def _settles(self) -> None:
        scene = self.scene
        scene.world.faults = type(scene.world.faults)()
        scene.alarm.turn("OK", scene.clock.now())
        for version in scene.target.versions:
            scene.target.versions[version] = SideHealth(state="healthy")
        for _ in range(300):
            live = scene.live
            if live is None or live.phase in WAITS_FOR_PEOPLE:
                break
            scene.look()
            self.holds()
        live = scene.live
        assert live is None or live.phase in WAITS_FOR_PEOPLE, f"immortal {live.phase}"

    @rule(
        verb=st.sampled_from(sorted(ACCEPTS)),
        who=st.sampled_from([ANA, BEN, EVA, OSKAR]),
        force=st.booleans(),
    )
    def wish(self, verb: str, who: object, force: bool) -> None:
        """Somebody types a verb."""
        before = self._live()
        reply = self.scene.wish(verb, who, reason="because", force=force and verb == "rollback")  # type: ignore[arg-type]  # sampled actors
        if who is OSKAR:
            assert not reply.ok, "an outsider was obeyed"
        if verb == "rollback" and before is not None and who is not OSKAR:
            assert reply.ok, f"S4: rollback refused in {before.phase}: {reply.text}"

    @rule(release=st.sampled_from(["", "1", "2", "9"]))
    def start(self, release: str) -> None:
        """Somebody starts a rollout; a held target is released first."""
        self.scene.wish("unlock", reason="again")
        self.scene.wish("start", release=release)
        self.foreign = False

    @precondition(lambda self: self.cards)
    @rule(data=st.data(), verb=st.sampled_from(sorted(ACCEPTS)))
    def click(self, data: st.DataObject, verb: str) -> None:
        """Somebody presses a button on any card ever posted."""
        bound = data.draw(st.sampled_from(self.cards))
        before = self._live()
        reply = self.scene.wish(
            verb, EVA if verb in ("approve", "reject", "go-on") else ANA, bound=bound, reason="x"
        )
        stale = before is not None and bound.rollout == before.id and bound.step != before.step
        if stale and verb not in ("rollback", "pause", "cancel", "reject"):
            assert not reply.ok, "S9: a stale upward click was obeyed"

    @rule(seconds=st.sampled_from([0, 1, 5, 30, 60, 900]))
    def wait(self, seconds: int) -> None:
        """Time passes and what is due is looked at."""
        self.scene.clock.advance(timedelta(seconds=seconds))
        self._look()

    @rule(times=st.integers(1, 12))
    def look(self, times: int) -> None:
        """Due looks, one after the other."""
        for _ in range(times):
            live = self._live()
            if live is None or live.wake_at is None:
                return
            self.scene.clock.advance(max(live.wake_at - self.scene.clock.now(), timedelta(0)))
            self._look()

    @rule(hours=st.sampled_from([-24, -1, 1, 24]))
    def jump(self, hours: int) -> None:
        """The clock is set, forwards or back."""
        self.scene.clock.advance(timedelta(hours=hours))

    @rule(state=st.sampled_from(["OK", "OK", "ALARM", "INSUFFICIENT_DATA"]))
    def alarm(self, state: str) -> None:
        """The alarm changes."""
        self.scene.alarm.turn(state, self.scene.clock.now())  # type: ignore[arg-type]  # sampled literals

    @rule(
        version=st.sampled_from(["1", "2"]), state=st.sampled_from(["healthy", "healthy", "sick", "unknown"])
    )
    def health(self, version: str, state: str) -> None:
        """A side changes its health."""
        self.scene.target.versions[version] = SideHealth(state=state, text="as drawn")  # type: ignore[arg-type]  # sampled literals

    @rule(
        name=st.sampled_from(
            ["targets_unreadable", "alarms_unreadable", "writes_refused", "replies_lost", "writes_dropped"]
        ),
        times=st.integers(1, 7),
    )
    def fault(self, name: str, times: int) -> None:
        """AWS misbehaves for the next calls."""
        setattr(self.scene.world.faults, name, times)

    @rule(extra=st.sampled_from([{}, {"2": 30}, {"2": 10}, {"7": 50}]), main=st.sampled_from(["1", "2", "7"]))
    def foreign_edit(self, extra: dict[str, int], main: str) -> None:
        """Somebody else changes the alias."""
        if main not in extra:
            self.scene.target.write(self.scene.clock.now(), main, dict(extra), "hand")
            self.foreign = True

    @rule()
    def restart(self) -> None:
        """The bot is stopped and started."""
        self.scene.restart()

    @rule(point=st.sampled_from(["T1", "T2", "T3", "T5", "L1", "L2", "R1"]), nth=st.integers(1, 3))
    def crash(self, point: str, nth: int) -> None:
        """The process dies at a failpoint of a look or of a wish, and is started again."""
        left = [nth]

        def hit(name: str) -> None:
            if name == point:
                left[0] -= 1
                if left[0] == 0:
                    raise Crash

        bot = self.scene.bot
        self.scene.failpoint = hit
        try:
            if point.startswith("L"):
                self.scene.wish("pause")
            elif point == "R1":
                bot.recover()
            else:
                self._look(bot_dies=True)
        except Crash:
            pass
        self.scene.restart()

    def _live(self) -> Rollout | None:
        return self.scene.live

    def _look(self, *, bot_dies: bool = False) -> None:
        scene = self.scene
        before = self._live()
        blind_alarms = scene.world.faults.alarms_unreadable
        blind_target = scene.world.faults.targets_unreadable
        alarm, writes = scene.alarm.state, len(scene.target.applied)
        candidate = before.candidate.id if before and before.candidate else ""
        share = scene.target.share(candidate)
        try:
            for ids in scene.bot.due().values():
                scene.bot.look(ids)
        finally:
            for _, main, percent, by in scene.target.applied[writes:]:
                raised = 100 if main == candidate else percent
                if by == "hand" or raised <= share or before is None:
                    share = raised
                    continue
                share = raised
                waived = (self._live() or scene.newest).waiver is not None
                watched = bool(before.terms.alarms) and not before.back
                assert alarm != "ALARM" or not watched, "S1: raised while the alarm was red"
                assert alarm == "OK" or waived or not watched, "S1: raised without data and without a waiver"
                assert not blind_target, "S2: raised blind"
                assert not (blind_alarms and watched), "S2: raised without having read the alarms"
                assert scene.target.versions[candidate].state == "healthy", (
                    "S7: raised onto an unhealthy side"
                )
        del bot_dies

    @invariant()
    def holds(self) -> None:
        """The global invariants, after every step."""
        if not hasattr(self, "scene"):
            return
        with self.scene.store.reads() as reads:
            rollouts = reads.history(limit=200)
            intents = {i.key for r in rollouts for i in reads.intents(r.id)}
            transitions = {r.id: _last_phase(reads.audit_of(r.id)) for r in rollouts[:3]}
        live = [r for r in rollouts if r.live]
        assert len(live) <= 1, "S6: two live rollouts of one target"
        for r in rollouts:
            self._ended_stays(r)
        for _, _, _, by in self.scene.target.applied:
            assert by == "hand" or by in intents, f"S8: {by} happened without an intent"
        for id, phase in transitions.items():
            now = next(r for r in rollouts if r.id == id)
            assert phase == now.phase, f"S10: #{id} is {now.phase}, its audit says {phase}"
        if live:
            self.cards = [*self.cards, live[0].bound][-30:]
            self._within_plan(live[0])
        _, broken = self.scene.store.verify()
        assert broken is None, f"audit breaks at {broken}"

    def _ended_stays(self, r: Rollout) -> None:
        if r.phase not in TERMINAL:
            return
        body = r.model_dump_json()
        if r.id not in self.ended:
            self.ended[r.id] = body
            self._right_end(r)
        assert self.ended[r.id] == body, f"S3: #{r.id} changed after its end"

    def _right_end(self, r: Rollout) -> None:
        target = self.scene.target
        if r.candidate is None or self.foreign:
            return
        if r.phase is Phase.SUCCEEDED:
            assert target.share(r.candidate.id) == 100, "S5: succeeded without 100 %"
        if r.phase is Phase.ROLLED_BACK:
            assert target.share(r.candidate.id) == 0, "S4: rolled back with traffic on the candidate"

    def _within_plan(self, r: Rollout) -> None:
        weights = {s.percent for s in r.terms.plan.steps if isinstance(s, SetWeight)} | {0}
        assert set(r.asked) <= weights | {r.proven}, f"weights outside the plan were asked for: {r.asked}"
        least = sum((s.bake for s in r.terms.plan.steps[: r.step] if isinstance(s, SetWeight)), timedelta())
        assert least >= timedelta(0)


def _last_phase(rows: list[Link]) -> str:
    found = ""
    for row in rows:
        body = json.loads(row.body)
        if body["kind"] == "transition":
            found = body["facts"]["to"]
    return found


EXAMPLES = int(os.environ.get("TIDEGATE_SOAK", "60"))
TestWorld = World.TestCase
TestWorld.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
