"""One bot's summaries: the real store, the real desk, the stand-in workspace over HTTP, and a clock turned by hand."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.config import load
from bot.digests import Desk, Digests, Plan
from bot.metrics import Metrics
from bot.policy import ConfigPolicy
from bot.wire import web_client
from bot.wire_schedule import ScheduleWire
from demo.workspace import Message, Workspace
from handlers.blocks.digest import summary
from rollout.alarms.desk import AlarmDesk
from rollout.hooks import Hooks
from store import Store
from store.digests import Slot
from tests.bot.dial import Dial

CONFIG = """\
[roles]
deployers = ["U0ANA"]
[apps.my-app]
channel = "C0DEPLOYS"
[apps.my-app.env.prod]
kind = "lambda"
function = "my-app"
alias = "live"
region = "eu-central-1"
alarms = ["errors"]
"""
DAILY = '[[digests]]\nchannel = "C0DEPLOYS"\nat = "09:00"\n'
HOME = '[slack]\nhome = "C0OPS"\n'


class Killed(BaseException):
    """What SIGKILL is, as far as one process can do it to itself: nothing after it runs."""


class Dice:
    """Decides where the process dies: at boundaries of transactions and of calls to Slack, drawn beforehand."""

    NAMES = ("answers", "report", "book", "schedule", "listed", "asked", "unbook", "end")
    IDLE = 0.002
    """Chance of dying at any other boundary: the reads that are made in every turn."""

    def __init__(self, seed: int, kills: int) -> None:
        self._chance = random.Random(seed)
        self.left = kills
        every = [f"{where} {name}" for name in self.NAMES for where in ("before", "after")]
        self._drawn = self._chance.sample(every, min(len(every), 2 * kills))
        self.died: list[str] = []

    def roll(self, where: str, name: str) -> None:
        """Perhaps die here."""
        here = f"{where} {name}"
        if not self.left:
            return
        if here in self._drawn:
            self._drawn.remove(here)
        elif name in self.NAMES or self._chance.random() > self.IDLE:
            return
        self.left -= 1
        self.died.append(here)
        raise Killed


class Fragile:
    """Passes every call on; the process may die before it and after it, when it was done but nobody knows."""

    def __init__(self, inner: object, dice: Dice) -> None:
        self._inner, self._dice = inner, dice

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found) or name in ("back", "wait"):
            return found

        def called(*args: Any, **more: Any) -> Any:
            self._dice.roll("before", name)
            out = found(*args, **more)
            self._dice.roll("after", name)
            return out

        return called


class Naive(Digests):
    """What one would write first: post at its time, and post again when nobody knows. A switch of the tests only."""

    def _one(self, plan: Plan, slot: Slot) -> None:
        now = self._clock.now()
        if now < slot.due or not self._may(plan, "chat.postMessage"):
            return
        if slot.state == "waiting":
            slot = self._slots.book(slot, plan.channel, int(now.timestamp()), "{}", now)
        came = self._wire.post(plan.channel, self._content(plan, slot))
        if came.kind == "done":
            self._end(plan, slot, "sent")


class Rig:
    """A bot that can be killed and started anew."""

    def __init__(self, folder: Path, store: Store, ws: Workspace, dial: Dial, text: str = DAILY) -> None:
        self.folder, self.store, self.ws, self.dial = folder, store, ws, dial
        self.metrics = Metrics()
        self.dice = Dice(0, 0)
        self.made: type[Digests] = Digests
        self.configure(text)

    def configure(self, text: str) -> None:
        """Start with this configuration."""
        path = self.folder / "tidegate.toml"
        path.write_text(text + CONFIG)
        self.config = load(path, {})
        self.restart()

    def restart(self) -> None:
        """A new process: what was only in memory is gone."""
        wire = ScheduleWire(web_client(self.ws.bot_token, self.ws.api_url), self.metrics, self.dial.monotonic)
        desk = AlarmDesk(self.store, ConfigPolicy(self.config), self.dial, Hooks())
        slots: Any = Fragile(self.store.digests, self.dice)
        fragile: Any = Fragile(wire, self.dice)
        report: Any = Fragile(desk, self.dice).report
        self.digests = self.made(
            self.config, Desk(slots, fragile, self.dial, self.metrics, report, lambda one: summary(one).payload)
        )

    def run(self, seconds: float, step: float = 5.0) -> None:
        """Let time pass; a process that dies is up again after some seconds."""
        end = self.dial.now() + timedelta(seconds=seconds)
        while self.dial.now() < end:
            try:
                self.digests.turn()
            except Killed:
                self.dial.turn(random.Random(len(self.dice.died)).uniform(0, 15))
                self.restart()
            self.dial.turn(step)
            self.ws.run_due()

    def until(self, moment: datetime) -> None:
        """Nothing happens until then."""
        self.dial.turn(max(0.0, (moment - self.dial.now()).total_seconds()))
        self.ws.run_due()

    def posts(self, channel: str = "deploys") -> list[Message]:
        """What people see in a channel, once everything that was due is there."""
        now = self.dial.epoch()
        self.ws.wait_for(lambda: not [one for one in self.ws.scheduled if one.post_at <= now])
        return list(self.ws.channel(channel).messages)

    def states(self) -> list[tuple[str, str]]:
        """Due (month-day, time) and state of every slot, by time."""
        with self.store.digests._sessions.reading() as db:
            rows = db.execute("SELECT body FROM digests ORDER BY due").fetchall()
        return [(f"{one.due:%m-%d %H:%M}", one.state) for one in (Slot.model_validate_json(body) for (body,) in rows)]


def at(day: int, hour: int = 9, minute: int = 0, second: int = 0) -> datetime:
    """A moment of the month in which the dial begins (it shows the 23rd, 14:00)."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


Step = Callable[[Rig], None]
