"""The seam between the page and whoever runs the demo: knobs to press, and the status shown live.

The page knows nothing of clouds or bots; it shows what it is given here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NotRequired, Protocol, TypedDict

from demo.workspace.config import Fixed


class Knob(Fixed):
    """A button of the panel. `run` does it and returns one sentence for the person who pressed.

    `run` is called in a thread of its own and may take seconds; an exception is shown as its text.
    """

    id: str
    group: str
    label: str
    explain: str
    run: Callable[[], str]
    danger: bool = False


class AlarmStatus(TypedDict):
    name: str
    state: Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
    composite: NotRequired[bool]


class AppStatus(TypedDict):
    """One app as the world serves it now. Versions are the keys: `{"1": 90, "2": 10}` in percent of traffic,
    `{"1": 0.1, "2": None}` in percent of requests that fail (None: nothing was asked of it yet).
    `rate` is requests a second.
    """

    name: str
    weights: dict[str, float]
    environment: NotRequired[str]
    alarms: NotRequired[list[AlarmStatus]]
    errors: NotRequired[dict[str, float | None]]
    rate: NotRequired[float]


class Status(TypedDict):
    """What the strip at the top of the page shows. `bot` is a word: `running`, `starting`, `killed`.

    `speed` 10 is shown as "10x"; `note` is one short sentence, shown as it is.
    """

    bot: str
    apps: list[AppStatus]
    speed: NotRequired[int]
    note: NotRequired[str]


class Troubled(Protocol):
    """The part of a workspace that Slack's own knobs need."""

    def fault(self, kind: str, *methods: str, **options: object) -> None: ...
    def heal(self) -> None: ...
    def disconnect(self, reason: str = "refresh_requested") -> None: ...


class Housed(Protocol):
    """The part of a workspace that the knobs of a channel need."""

    def archive(self, which: str) -> None: ...
    def unarchive(self, which: str) -> None: ...
    def remove_bot(self, which: str) -> None: ...
    def invite_bot(self, which: str) -> None: ...


def channel_knobs(ws: Housed, channel: str) -> list[Knob]:
    """What an administrator can do to a channel, ready to add to a panel."""

    def archive() -> str:
        ws.archive(channel)
        return f"#{channel} is archived: nothing can be posted or changed in it."

    def remove() -> str:
        ws.remove_bot(channel)
        return f"The bot is out of #{channel}: posts there are refused."

    def restore() -> str:
        ws.unarchive(channel)
        ws.invite_bot(channel)
        return f"#{channel} is open, and the bot is in it."

    return [
        Knob(id=f"slack-archive-{channel}", group="Slack", label=f"Archive #{channel}", danger=True, run=archive,
             explain="Every post and update there is refused"),
        Knob(id=f"slack-remove-{channel}", group="Slack", label=f"Remove the bot from #{channel}", danger=True,
             run=remove, explain="As if somebody typed /remove @tidegate"),
        Knob(id=f"slack-restore-{channel}", group="Slack", label=f"Bring #{channel} back", run=restore,
             explain="Open again, with the bot in it"),
    ]  # fmt: skip


def slack_knobs(ws: Troubled) -> list[Knob]:
    """Trouble on Slack's side, ready to add to a panel."""

    def down() -> str:
        ws.fault("down")
        return "Slack is away: every call breaks. Rollouts go on; cards catch up when it is back."

    def heal() -> str:
        ws.heal()
        return "Slack answers again."

    def limit() -> str:
        ws.fault("429", "chat.*", times=3, retry_after=5)
        return "The next three posts or updates are told to come back in 5 s."

    def lose() -> str:
        ws.fault("lost_reply", "chat.postMessage", times=1)
        return "The next post will arrive, but its answer will not."

    def reconnect() -> str:
        ws.disconnect()
        return "Slack asked the bot to open a new connection."

    return [
        Knob(id="slack-down", group="Slack", label="Slack goes away", danger=True, run=down,
             explain="Breaks every call and socket until Slack comes back"),
        Knob(id="slack-heal", group="Slack", label="Slack comes back", run=heal,
             explain="Ends every trouble on Slack's side"),
        Knob(id="slack-429", group="Slack", label="Rate limit", run=limit,
             explain="Answers three posts with 429, Retry-After 5"),
        Knob(id="slack-lost", group="Slack", label="Lose a reply", run=lose,
             explain="Posts the next message but loses the answer"),
        Knob(id="slack-reconnect", group="Slack", label="Reconnect", run=reconnect,
             explain="What Slack does every few hours: a new connection, the old one closed"),
    ]  # fmt: skip
