"""One row being played: what people type and press, what happens to the rollout, and what is kept of it."""

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from demo.workspace import Message, Result
from rollout.model import Phase, Rollout
from rollout.plan import SetWeight
from scripts.real_time import kept
from scripts.real_time.scene import Kind, Scene
from scripts.real_time.truth import Sight

CHANNEL = "deploys"
T = TypeVar("T")
ENDS = 70
"""Minutes until a rollout that has not ended is a finding."""


class Play:
    """A row from its command to its end. Whatever a row waits for, the rollout's phases are noted meanwhile."""

    def __init__(self, scene: Scene, app: str) -> None:
        self.scene, self.app, self.ws = scene, app, scene.ws
        self.deeds: list[str] = []
        self.phases: list[str] = []
        self.command, self.number = "", 0
        self.began = datetime.now(UTC)
        self._mono = time.monotonic()
        self._was = ("", -1, "")

    # -- doing ----------------------------------------------------------------------------------

    def start(self, kind: Kind, plan: str, *, release: str = "") -> Rollout:
        """Deploy a new release of that kind, or the one named; the rollout."""
        self.until(lambda: not self.scene.truth.red(self.app), "green alarms", 15)
        name = release or self.scene.release(self.app, kind)
        self.served = self.scene.truth.serving(self.app)
        self.counted, self.pages = self.scene.truth.counted(self.app), self.scene.pages(self.app)
        self.began, self._mono = datetime.now(UTC), time.monotonic()
        self.command = f"/deploy {self.app}{'@' + name if name else ''}{' ' + plan if plan else ''}"
        with self.scene.store.reads() as reads:
            before = max((one.id for one in reads.history(self.app)), default=0)
        told = self.type("ana", self.command)

        def begun() -> Rollout | None:
            found = self._newest()
            return found if found is not None and found.id > before else None

        rollout = self.until(begun, f"a rollout; {self.command} was answered {told!r}", 1)
        self.number = rollout.id
        return self.rollout()

    def type(self, who: str, line: str) -> str:
        """Type a line, and type it again while the bot is away; what the ack says."""
        result = self._sent(lambda: self.ws.person(who).slash(CHANNEL, line))
        self.note(f"{who}: {line}")
        return all_text(result.message) if result.message else ""

    def press(self, who: str, label: str, *, minutes: float = 10, reason: str = "") -> None:
        """Press the button whose label begins so, once the card offers it; with a reason if a form asks for one."""

        def offered() -> tuple[Message, str] | None:
            card = self.card()
            name = next((name for name in labels(card) if name.startswith(label)), "") if card else ""
            return (card, name) if card and name else None

        card, button = self.until(offered, f"a button [{label}] on #{self.number}'s card", minutes)
        self._sent(lambda: self.ws.person(who).press(card, button))
        if reason:
            self.until(lambda: self.ws.person(who).view, f"a form after [{button}]", 1)
            self._sent(lambda: self.ws.person(who).submit_view({"reason": reason}))
        self.note(f"{who} pressed [{button}]" + (f" because {reason!r}" if reason else ""))

    def turn(self, *said: str) -> None:
        """Note what knobs said."""
        for each in said:
            self.note(f"knob: {each}")

    def note(self, text: str) -> None:
        """Note a deed with its time."""
        self.deeds.append(f"{clock(datetime.now(UTC))} {text}")

    def _sent(self, do: Callable[[], Result]) -> Result:
        """What came of it, once the bot took it: a killed one takes nothing until it is back."""

        def taken() -> Result | None:
            result = do()
            return None if result.error in ("http_client_error", "http_service_fail", "dispatch_failed") else result

        return self.scene.until(taken, "a bot that takes it", 3)

    # -- seeing ---------------------------------------------------------------------------------

    def rollout(self) -> Rollout:
        """The row's rollout as the bot's file has it."""
        with self.scene.store.reads() as reads:
            found = reads.rollout(self.number)
        if found is None:
            raise LookupError(f"no rollout #{self.number}")
        self._noted(found)
        return found

    def until(self, look: Callable[[], T | None], what: str, minutes: float) -> T:
        """The first true value; the rollout is watched meanwhile."""

        def watched() -> T | None:
            if self.number:
                self.rollout()
            return look()

        return self.scene.until(watched, what, minutes)

    def at(self, percent: int, minutes: float = 25) -> Rollout:
        """The rollout once its weight is seen to be so much or more."""

        def reached() -> Rollout | None:
            now = self.rollout()
            if not now.live:
                raise LookupError(f"#{now.id} ended as {now.phase} before {percent} %")
            return now if (now.proven or 0) >= percent else None

        return self.until(reached, f"{percent} %", minutes)

    def phase(self, *phases: str, minutes: float = 20) -> Rollout:
        """The rollout once it is in one of these phases."""

        def there() -> Rollout | None:
            now = self.rollout()
            if not now.live and now.phase.value not in phases:
                raise LookupError(f"#{now.id} ended as {now.phase}, never {' or '.join(phases)}")
            return now if now.phase.value in phases else None

        return self.until(there, " or ".join(phases), minutes)

    def ended(self, minutes: float = ENDS) -> Rollout:
        """The rollout once it has ended."""
        return self.until(lambda: None if self.rollout().live else self.rollout(), "an end", minutes)

    def card(self) -> Message | None:
        """The rollout's card as it stands."""
        wanted = f"#{self.number} "
        for one in reversed(self.ws.channel(CHANNEL).messages):
            header = any(block["type"] == "header" for block in one.blocks)
            if one.from_bot and not one.in_thread and header and wanted in f"{all_text(one)} ":
                return one
        return None

    def _newest(self) -> Rollout | None:
        with self.scene.store.reads() as reads:
            return next(iter(reads.history(self.app, limit=1)), None)

    def _noted(self, rollout: Rollout) -> None:
        """Keep a phase, a step or a cause that was not there at the look before."""
        why = rollout.cause.kind if rollout.cause and rollout.phase in (Phase.PAUSED, Phase.STUCK) else ""
        now = (rollout.phase.value, rollout.step, f"{rollout.wait} {why}".strip())
        if now == self._was:
            return
        self._was = now
        here = rollout.here
        step = f" {here.percent} %" if rollout.phase is Phase.STEPPING and isinstance(here, SetWeight) else ""
        self.phases.append(f"{clock(datetime.now(UTC))} {now[0]}{step}{' ' + now[2] if now[2] else ''}")

    # -- keeping --------------------------------------------------------------------------------

    def result(self, id: str, wanted: str, *, may_fail: bool) -> kept.Result:
        """What was seen, now that it is over."""
        truth, last = self.scene.truth, self.rollout()
        sights = [sight for sight in truth.sights[self.app] if sight.at >= self.began]
        counted = truth.counted(self.app).since(self.counted)
        red, zero, nobody = self._way_back(sights)
        return kept.Result(
            id=id, app=self.app, command=self.command, began=self.began.strftime("%Y-%m-%d %H:%M:%S"),
            minutes=round((time.monotonic() - self._mono) / 60, 1), deeds=tuple(self.deeds), phases=tuple(self.phases),
            traffic=self._traffic(sights), end=last.phase.value if not last.live else f"not ended: {last.phase}",
            wanted=wanted, cause=_cause(last), to_zero=_seconds(red, zero), to_nobody=_seconds(red, nobody),
            requests=counted.requests, failed=counted.failed, may_fail=may_fail,
            pages=self.scene.pages(self.app) - self.pages, commit=kept.commit(),
        )  # fmt: skip

    def share(self, shares: dict[str, float]) -> float:
        """How much the new release has: all that the old one has not."""
        return round(100 - shares.get(self.served, 0.0), 1)

    def _traffic(self, sights: list[Sight]) -> tuple[str, ...]:
        told, was = [], 0.0
        for sight in sights:
            share = self.share(dict(sight.written))
            if share != was:
                told.append(f"{clock(sight.at)} {share:g} %")
                was = share
        return tuple(told)

    def _way_back(self, sights: list[Sight]) -> tuple[datetime | None, datetime | None, datetime | None]:
        """First red under traffic, then 0 % written, then nobody there."""
        red = next((one.at for one in sights if one.red and self.share(dict(one.written)) > 0), None)
        if red is None:
            return None, None, None
        after = [one for one in sights if one.at > red]
        zero = next((one.at for one in after if self.share(dict(one.written)) == 0), None)
        nobody = next((one.at for one in after if zero and one.at >= zero and not self.share(dict(one.followed))), None)
        return red, zero, nobody

    def leave(self) -> None:
        """The target as the next row wants it: nothing live, no hold. A bot that does not answer leaves it so."""
        with contextlib.suppress(TimeoutError, LookupError):
            if self.number and self.rollout().live:
                self.type("ana", f"/deploy rollback {self.app}")
                self.ended(20)
            with self.scene.store.reads() as reads:
                held = reads.hold(self.app, "prod")
            if held is not None:
                self.ws.person("ana").slash(CHANNEL, f"/deploy unlock {self.app} --reason 'the next row begins'")


def clock(at: datetime) -> str:
    """The time of the day."""
    return at.strftime("%H:%M:%S")


def labels(message: Message) -> list[str]:
    """The labels of a message's buttons."""
    return [
        element["text"]["text"]
        for block in message.blocks if block["type"] == "actions"
        for element in block["elements"] if element["type"] == "button"
    ]  # fmt: skip


def all_text(message: Message) -> str:
    """Everything a message says, buttons left out, in one line."""
    holders = [
        holder
        for block in message.blocks if block["type"] != "actions"
        for holder in (block.get("text"), *block.get("fields", ()), *block.get("elements", ()))
    ]  # fmt: skip
    texts = [holder["text"] for holder in holders if isinstance(holder, dict) and isinstance(holder.get("text"), str)]
    return " ".join(" ".join(dict.fromkeys([message.text, *texts])).split())


def _cause(rollout: Rollout) -> str:
    first = rollout.fell_for or rollout.cause
    return first.text if first else ""


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else round((end - start).total_seconds(), 1)
