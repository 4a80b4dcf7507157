"""A scene for tests: the real conductor on a real SQLite file, in a simulated world with a clock moved by hand."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from rollout.ask import Ask, Bound
from rollout.conductor import Conductor
from rollout.errors import NotFound
from rollout.hooks import Hooks
from rollout.model import Rollout
from rollout.notices import Notice
from rollout.people import Actor, Roles
from rollout.plan import Plan
from rollout.ports import Reply
from rollout.simulated import ManualClock, SimulatedAlarm, SimulatedTarget, SimulatedWorld
from rollout.terms import AlarmGate, Terms
from store import Store, open_store

ANA = Actor(kind="principal", id="cli:ana", name="ana")
BEN = Actor(kind="principal", id="cli:ben", name="ben")
EVA = Actor(kind="principal", id="cli:eva", name="eva")
OSKAR = Actor(kind="principal", id="cli:oskar", name="oskar")
ROLES = Roles(deploy=("cli:ana", "cli:ben"), approve=("cli:eva", "cli:ben"), admin=("cli:eva",))


class OneApp:
    """A policy of one app, `my-app/prod`, whose terms a test may change before it starts something."""

    def __init__(self, plan: str = "10% 5m, 50% 10m, 100%", **terms: object) -> None:
        self.plan = plan
        self.changes = {
            "alarms": (AlarmGate(name="my-app-errors"),),
            "roles": ROLES,
            "lane": "default/test",
            **terms,
        }

    def targets(self) -> Sequence[tuple[str, str]]:
        """The one target."""
        return [("my-app", "prod")]

    def find(self, app: str, env: str) -> tuple[str, str]:
        """Only `my-app` in `prod`."""
        if app != "my-app" or env not in ("", "prod"):
            raise NotFound(f"{app!r} is not an app here", "apps: my-app")
        return "my-app", "prod"

    def terms(self, app: str, env: str, plan: str, *, back: bool = False) -> tuple[str, Terms]:
        """The one plan, or the one step back."""
        notation, name = ("100%" if self.plan != "watch" else "watch", "rollback") if back else (self.plan, "canary")
        return "lambda", Terms.model_validate({"plan": Plan.parse(name, notation), **self.changes})


class Scene:
    """Everything a test touches, and the verbs to touch it with."""

    def __init__(self, path: Path, policy: OneApp | None = None) -> None:
        self.path, self.policy = path, policy or OneApp()
        self.clock = ManualClock()
        self.world = SimulatedWorld(self.clock)
        self.world.targets["my-app/prod"] = SimulatedTarget()
        self.world.alarms["my-app-errors"] = SimulatedAlarm()
        self.asked = 0
        self.open()

    def open(self) -> None:
        """Start the bot: open the store, recover."""
        self.store = self.opened()
        self.failpoint: Callable[[str], None] = lambda _: None
        hooks = Hooks(hit=self._hit)
        self.bot = Conductor(self.store, self.world, self.policy, self.clock, hooks)
        self.bot.recover()

    def opened(self) -> Store:
        """The store at its path, as the bot opens it."""
        return open_store(self.path)

    def _hit(self, point: str) -> None:
        self.failpoint(point)

    def close(self) -> None:
        """Stop the bot."""
        self.store.close()

    def restart(self) -> None:
        """Close and open again, as after a crash: nothing survives but the file."""
        self.close()
        self.open()

    @property
    def target(self) -> SimulatedTarget:
        """The alias."""
        return self.world.targets["my-app/prod"]

    @property
    def alarm(self) -> SimulatedAlarm:
        """The one alarm."""
        return self.world.alarms["my-app-errors"]

    def wish(self, verb: str, actor: Actor = ANA, *, bound: Bound | None = None, **fields: object) -> Reply:
        """Say one verb about my-app (or about `bound.rollout`, as a button does)."""
        self.asked += 1
        parts: dict[str, object] = {"verb": verb, "bound": bound}
        if "ref" not in fields:
            parts |= {"ref": bound.rollout} if bound else {"app": "my-app"}
        return self.bot.ask(Ask.model_validate(parts | fields), actor, dedupe=f"t{self.asked}")

    def look(self, times: int = 1, *, every: timedelta | None = None) -> None:
        """Let time pass to the next due look (or by `every`) and look."""
        for _ in range(times):
            live = self.live
            if live is None:
                return
            wake = live.wake_at or self.clock.now()
            self.clock.advance(every if every is not None else max(wake - self.clock.now(), timedelta(0)))
            for ids in self.bot.due().values():
                self.bot.look(ids)

    def until(self, phase: str, limit: int = 400) -> Rollout:
        """Look until the newest rollout is in that phase."""
        for _ in range(limit):
            if self.newest.phase == phase:
                return self.newest
            if self.live is None:
                break
            self.look()
        raise AssertionError(f"never {phase}: {self.newest.phase} {self.newest.cause}")

    def proven(self, percent: int, limit: int = 200) -> Rollout:
        """Look until that weight is proven."""
        for _ in range(limit):
            if self.newest.proven == percent:
                return self.newest
            self.look()
        raise AssertionError(
            f"never at {percent} %: {self.newest.proven} % {self.newest.phase} {self.newest.cause}"
        )

    @property
    def live(self) -> Rollout | None:
        """The live rollout."""
        with self.store.reads() as reads:
            return reads.live("my-app", "prod")

    @property
    def newest(self) -> Rollout:
        """The newest rollout."""
        with self.store.reads() as reads:
            return reads.history(limit=1)[0]

    def notices(self) -> list[Notice]:
        """What waits in the outbox."""
        return [queued.notice for queued in self.store.outbox.pending(self.clock.now(), 500)]
