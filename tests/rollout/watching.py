"""A watch for tests: the real one on a real store, over simulated alarms, with a clock moved by hand."""

from datetime import datetime, timedelta
from pathlib import Path

from rollout.alarms.desk import AlarmDesk
from rollout.alarms.model import Alert, Key, Place, Scope, Timing, Turn
from rollout.alarms.simulated import SimulatedCloudWatch
from rollout.alarms.watch import Watch, claim
from rollout.conductor import Conductor
from rollout.hooks import Hooks
from rollout.model import Rollout
from rollout.simulated import ManualClock, SimulatedAlarm, SimulatedTarget, SimulatedWorld
from store import open_store
from tests.rollout.scene import OneApp

LANE = "default/test"
PLACE = Place(lane=LANE, region="test")


def scope(*gates: str, **fields: object) -> Scope:
    """What my-app watches at the one place."""
    values = {"app": "my-app", "envs": ("prod",), "channel": "C0DEPLOYS", "place": PLACE, "gates": gates}
    return Scope.model_validate(values | fields)


def key(name: str, app: str = "my-app") -> Key:
    """The alarm as that app watches it."""
    return Key(app=app, lane=LANE, name=name)


class Watching:
    """Everything a test of the watch touches. `live` puts the conductor beside it, over the same store and clock."""

    def __init__(self, path: Path, *scopes: Scope, timing: Timing | None = None, live: bool = False) -> None:
        self.path, self.scopes, self.timing = path, scopes, timing or Timing()
        self.clock = ManualClock()
        self.cloud = SimulatedCloudWatch(self.clock)
        self.world = SimulatedWorld(self.clock)
        self.world.targets["my-app/prod"] = SimulatedTarget()
        self.world.alarms["my-app-errors"] = SimulatedAlarm()
        self.policy = OneApp()
        self.woken: list[int] = []
        self.presses = 0
        self.live = live
        self.open()

    def open(self) -> None:
        """Start: a fresh watch over the store as it is."""
        self.store = open_store(self.path)
        hooks = Hooks(wake=lambda rollout: self.woken.append(rollout.id))
        self.watch = Watch(self.store, self.cloud, self.clock, lambda: self.timing, hooks)
        self.watch.settle(self.scopes)
        self.desk = AlarmDesk(self.store, self.policy, self.clock, hooks, lambda: "U0ONCALL")
        if self.live:
            looked = Hooks(sighted=self.watch.sighted, blamed=claim)  # type: ignore[arg-type]  # the store's work is both
            self.bot = Conductor(self.store, self.world, self.policy, self.clock, looked)
            self.bot.recover()

    def restart(self) -> None:
        """The process ends and another begins."""
        self.store.close()
        self.open()

    def close(self) -> None:
        """The end."""
        self.store.close()

    def sweep(self, after: float = 0) -> None:
        """One sweep, so many seconds later."""
        self.clock.advance(timedelta(seconds=after))
        places = dict.fromkeys(one.place for one in self.scopes)
        for place in places:
            self.watch.sweep([one for one in self.scopes if one.place == place])

    def turn(self, name: str, state: str, after: float = 0, text: str = "") -> None:
        """The alarm changes, so many seconds later."""
        self.clock.advance(timedelta(seconds=after))
        self.cloud.turn(name, state, text=text)  # type: ignore[arg-type]  # tests write states as text

    def alerts(self) -> list[Alert]:
        """All of them, oldest first."""
        found: list[Alert] = []
        with self.store.reads() as reads:
            while (alert := reads.alert(len(found) + 1)) is not None:
                found.append(alert)
        return found

    def turns(self) -> list[Turn]:
        """Every change that was noted."""
        with self.store.reads() as reads:
            found = reads.turns(datetime.min.replace(year=1971, tzinfo=self.clock.now().tzinfo), datetime.max.replace(
                tzinfo=self.clock.now().tzinfo), limit=5000)
        return [turn for _, turn in found]

    def rollout(self, number: int) -> Rollout:
        """One rollout."""
        with self.store.reads() as reads:
            found = reads.rollout(number)
        assert found is not None
        return found
