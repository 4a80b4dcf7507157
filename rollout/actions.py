"""What may be done to the world: absolute verbs, and the intent row that precedes each. Nothing is done here."""

from typing import Annotated, Literal

from pydantic import Field

from rollout.values import Frozen, Moment


class Launch(Frozen):
    """Bring the side of that release up to what it needs, without moving traffic; what shrinks by itself is pinned.

    Where AWS moves the traffic by itself: start its deployment of that release, unless it was started already.
    """

    kind: Literal["launch"] = "launch"
    release: str

    @property
    def arg(self) -> str:
        """The absolute argument, part of the key."""
        return self.release


class Shift(Frozen):
    """Send `percent` of the traffic to the candidate, the rest to stable."""

    kind: Literal["shift"] = "shift"
    percent: int = Field(ge=0, le=100)

    @property
    def arg(self) -> str:
        """The absolute argument, part of the key."""
        return str(self.percent)


class Retire(Frozen):
    """Remove one side; only after the other was seen at 100 %."""

    kind: Literal["retire"] = "retire"
    side: Literal["stable", "candidate"]

    @property
    def arg(self) -> str:
        """The absolute argument, part of the key."""
        return self.side


class Finish(Frozen):
    """Leave nothing of ours behind that the next rollout would stumble over: pins go back to what they were."""

    kind: Literal["finish"] = "finish"

    @property
    def arg(self) -> str:
        """The absolute argument, part of the key."""
        return "all"


class Continue(Frozen):
    """Answer one wait of a deployment that AWS runs: it goes on from there."""

    kind: Literal["continue"] = "continue"
    wait: str

    @property
    def arg(self) -> str:
        """The absolute argument, part of the key."""
        return self.wait


class Stop(Frozen):
    """Have AWS stop the deployment it runs, and put the old release back."""

    kind: Literal["stop"] = "stop"

    @property
    def arg(self) -> str:
        """The absolute argument, part of the key."""
        return "back"


Action = Annotated[Launch | Shift | Retire | Finish | Continue | Stop, Field(discriminator="kind")]

IntentState = Literal["planned", "sent", "done", "failed", "unknown"]


class Outcome(Frozen):
    """What came of one call: `done` was answered and validated, `failed` changed nothing, `unknown` is neither."""

    state: Literal["done", "failed", "unknown"]
    text: str = ""
    hint: str = ""
    request_id: str = ""
    revision: str = ""
    """AWS's token for the state after the call, when it tells."""


class Intent(Frozen):
    """The stored row that precedes a call. `key` is `rollout/step/verb/arg`; `attempt` counts the calls of one key."""

    id: int
    rollout: int
    key: str
    attempt: int
    action: Action
    state: IntentState
    outcome: str = ""
    planned_at: Moment
    settled_at: Moment | None = None


def intent_key(rollout: int, step: int, action: Action) -> str:
    """The name under which one effect is asked for: twice with one key is one effect."""
    return f"{rollout}/{step}/{action.kind}/{action.arg}"
