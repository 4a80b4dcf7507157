"""What this room needs from the process around it: somewhere to open a form, and who the bot is."""

from typing import Any, Protocol

from rollout.values import Frozen


class Identity(Frozen):
    """The workspace the bot lives in, as Slack told it; `enterprise` where it serves an organisation."""

    team: str
    enterprise: str = ""


class NowLane(Protocol):
    """Work that must reach Slack within seconds or not at all. Kept in memory, on threads of its own."""

    def open_view(self, trigger_id: str, view: dict[str, Any], *, reply: str = "", instead: str = "") -> None:
        """Queue `views.open` and return at once; never calls Slack itself.

        When it comes too late, `instead` (mrkdwn: how to type the wish) is told at `reply`, a secret address.
        """
        ...
