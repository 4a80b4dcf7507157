"""The whole story in a terminal: what a newcomer would click, played against the real bot, checked line by line."""

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from demo.child import Child
from demo.cloud import Cloud
from demo.workspace import Message, Workspace

CHANNEL = "deploys"
T = TypeVar("T")


class Wrong(Exception):
    """The story met something that is not as it should be."""


def _must(held: object, otherwise: str) -> None:
    if not held:
        raise Wrong(otherwise)


class Played(Protocol):
    """What the story needs of the demo."""

    @property
    def workspace(self) -> Workspace: ...
    @property
    def cloud(self) -> Cloud: ...
    @property
    def bot(self) -> Child: ...
    @property
    def setting(self) -> Any: ...


class Story:
    """Plays scene after scene; the first thing that is not as it should be ends it with exit code 1."""

    def __init__(self, stage: Played) -> None:
        self.stage, self.ws, self.began = stage, stage.workspace, time.monotonic()
        self.patience = 900 / stage.setting.speed + 60

    def play(self) -> int:
        """All scenes; 0 when everything came true."""
        scenes = (
            self.opening, self.good_release, self.bad_release, self.drift, self.alarms, self.ending,
        )  # fmt: skip
        try:
            for scene in scenes:
                self._say("", f"== {scene.__doc__}")
                scene()
        except (Wrong, TimeoutError, LookupError) as wrong:
            self._say("story", f"NOT AS IT SHOULD BE: {wrong}")
            self._say("bot.log", "\n" + self.stage.bot.tail(15))
            return 1
        self._say("story", f"everything came true in {time.monotonic() - self.began:.0f} s")
        return 0

    def opening(self) -> None:
        """The bot comes up, and an outsider gets nowhere"""
        if self.stage.setting.mode == "socket":
            self.ws.wait_connected(timeout=20)
        answer = self._until(lambda: self._type("ana", "/deploy status my-app"), "an answer to status")
        _must(answer, "no answer to status")
        refused = self._type("oskar", "/deploy my-app canary")
        _must("deployer" in refused, f"an outsider was told: {refused}")
        unknown = self._type("ana", "/deploy my-ap canary")
        _must("my-app" in unknown, f"no nearest name in: {unknown}")

    def good_release(self) -> None:
        """A good release: paused, resumed, promoted, and carried on by a bot that was killed"""
        said = self._type("ana", "/deploy my-app canary --reason 'fix basket rounding'")
        _must("looking at my-app" in said, said)
        self._weight("2", 10)
        self._press("oskar", self._card_with("Roll back"), "Roll back", "you cannot")
        self._press("ana", self._card_with("Promote"), "Pause")
        self._card("paused")
        self._press("ben", self._card("paused"), "Resume")
        self._card_with("Promote")
        self._press("ana", self._card_with("Promote"), "Promote")
        self._weight("2", 50)
        self._say("knob", self.stage.bot.kill())
        time.sleep(2)
        _must(self._shares() == {"1": 50.0, "2": 50.0}, f"traffic moved while the bot was dead: {self._shares()}")
        self._say("knob", self.stage.bot.start())
        self._weight("2", 100)
        self._card("succeeded")

    def bad_release(self) -> None:
        """A bad release is brought back by its alarm, and is not deployed again until somebody says so"""
        self._say("knob", self.stage.cloud.knobs.publish_v3())
        self._type("ana", "/deploy my-app canary")
        self._weight("3", 10)
        self._weight("3", 0)
        card = self._card("rolled back")
        _must("my-app-errors" in _all_text(card), "the card does not name the alarm")
        held = self._type("ana", "/deploy my-app@3")
        _must("held" in held, held)
        released = self._type("ana", "/deploy unlock my-app --reason 'the bug is found'")
        _must("released" in released, released)

    def drift(self) -> None:
        """Somebody else edits the weights; the bot stops, shows it, and rolls back on a click"""
        self._say("knob", self.stage.cloud.knobs.publish_good())
        self._until(self._all_green, "green alarms: a red one refuses the start")
        self._type("ben", "/deploy my-app canary")
        self._weight("4", 10)
        self._say("knob", self.stage.cloud.knobs.edit_weights("my-app", "live", {"2": 70.0, "4": 30.0}))
        card = self._card_with("Put")
        _must(self._shares() == {"2": 70.0, "4": 30.0}, "a foreign change was overwritten without asking")
        self._press("ben", card, "Roll back")
        self._weight("4", 0)
        self._card("rolled back")

    def alarms(self) -> None:
        """An alarm turns red and OK and red again: one notice, its graph, somebody who has it, a counter"""
        knobs = self.stage.cloud.knobs
        self._say("knob", knobs.raise_alarm("radio-errors"))
        notice = self._until(lambda: self._notice("radio · alarm red"), "a notice about radio-errors")
        self._say("notice", _brief(_all_text(notice)))
        self._until(lambda: self._pictured("radio"), "its graph")
        self._say("notice", f"its graph: {_brief(self.ws.files[-1].alt_txt)}")
        self._press("ana", notice, "Acknowledge", "you have it")
        self._until(lambda: self._notice("Acknowledged by"), "who has it, on the notice")
        self._say("knob", knobs.clear_alarm("radio-errors"))
        self._say("notice", _brief(_all_text(self._until(lambda: self._notice("radio · OK again"), "the end of it"))))
        self._say("knob", knobs.raise_alarm("radio-errors"))
        again = self._until(lambda: self._notice("2nd time"), "the counter")
        _must(again.ts == notice.ts, "a second notice about the same alarm")
        self._press("ben", again, "Mute until OK", "silenced")
        self._say("knob", knobs.clear_alarm("radio-errors"))
        self._until(lambda: self._notice("radio · OK again"), "the end of the second time")
        told = self._type("ana", "/deploy alarms radio")
        _must("turned red 2 times" in told, f"the summary counts otherwise: {told}")

    def ending(self) -> None:
        """The audit trail holds, from a shell"""
        for words in (("audit", "verify"), ("history",)):
            done = self.stage.bot.tell(*words)
            self._say("shell", f"$ tidegate {' '.join(words)}\n{done.stdout.strip()}{done.stderr.strip()}")
            _must(done.returncode == 0, done.stderr)
        _must(not self.ws.problems, f"Slack would have refused: {self.ws.problems}")

    def _say(self, who: str, text: str) -> None:
        print(f"{time.monotonic() - self.began:6.1f} s  {who:>9}  {text}" if who else f"\n{text}", flush=True)

    def _type(self, who: str, line: str) -> str:
        result = self.ws.person(who).slash(CHANNEL, line)
        told = _all_text(result.message) if result.message else result.text or result.error or ""
        self._say(who, f"{line}\n{'':21}→ {_brief(told)}   ({result.ack_ms or 0:.0f} ms)")
        return told if result.ok else ""

    def _press(self, who: str, card: Message, label: str, answer: str = "") -> None:
        before = len(self.ws.person(who).private)
        button = next((name for name in _labels(card) if name.startswith(label)), label)
        result = self.ws.person(who).press(card, button)
        _must(result.ok, f"{who} pressed {label}: {result.error}")
        self._say(who, f"[{button}]   ({result.ack_ms or 0:.0f} ms)")
        self._until(lambda: len(self.ws.person(who).private) > before, f"a private answer to {label}")
        told = _all_text(self.ws.person(who).private[-1])
        self._say("tidegate", f"(only {who}) {_brief(told)}")
        _must(answer.lower() in told.lower(), told)

    def _card(self, words: str, *, buttons: bool = False) -> Message:
        def found() -> Message | None:
            card = self._latest()
            text = (" ".join(_labels(card)) if buttons else _all_text(card)) if card else ""
            return card if card and words.lower() in text.lower() else None

        card = self._until(found, f"a card that says {words!r}")
        self._say("card", _brief(_all_text(card)))
        return card

    def _card_with(self, label: str) -> Message:
        return self._card(label, buttons=True)

    def _latest(self) -> Message | None:
        """The newest card. Notices about alarms stand beside them; only a card leads from an app to a place."""
        cards = [message for message in self._top() if " → " in _all_text(message)[:80]]
        return cards[-1] if cards else None

    def _top(self) -> list[Message]:
        messages = self.ws.channel(CHANNEL).messages
        return [one for one in messages if one.from_bot and not one.in_thread and not one.broadcast]

    def _notice(self, words: str) -> Message | None:
        """The newest message that is no card, once it says so."""
        found = [one for one in self._top() if words.lower() in _all_text(one).lower() and _is_notice(one)]
        return found[-1] if found else None

    def _pictured(self, app: str) -> bool:
        message = self._notice(app)
        return message is not None and any(block["type"] == "image" for block in message.blocks)

    def _shares(self) -> dict[str, float]:
        shares: dict[str, float] = self.stage.cloud.knobs.status()["apps"][0]["weights"]
        return {version: share for version, share in shares.items() if share}

    def _all_green(self) -> bool:
        return all(alarm["state"] == "OK" for alarm in self.stage.cloud.knobs.status()["apps"][0]["alarms"])

    def _weight(self, version: str, percent: int) -> None:
        self._until(lambda: self._shares().get(version, 0) == percent, f"version {version} at {percent} %")
        self._say("aws", f"my-app:live {self._shares()}")

    def _until(self, wanted: Callable[[], T | None], what: str) -> T:
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            found = wanted()
            if found:
                return found
            time.sleep(0.1)
        raise TimeoutError(f"{what} did not come within {self.patience:.0f} s")


def _is_notice(message: Message) -> bool:
    return any("notice " in str(block) for block in message.blocks if block["type"] == "context")


def _labels(card: Message) -> list[str]:
    return [
        element["text"]["text"]
        for block in card.blocks if block["type"] == "actions"
        for element in block["elements"] if element["type"] == "button"
    ]  # fmt: skip


def _all_text(message: Message) -> str:
    holders = [
        holder
        for block in message.blocks
        for holder in (block.get("text"), *block.get("fields", ()), *block.get("elements", ()))
    ]
    texts = [holder["text"] for holder in holders if isinstance(holder, dict) and isinstance(holder.get("text"), str)]
    return " ".join(dict.fromkeys([message.text, *texts]))


def _brief(text: str, length: int = 150) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[:length] + "…"
