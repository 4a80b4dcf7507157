"""Every error that may cross a room, sorted by what the caller can do about it. No wording for Slack here.

TidegateError            fact (lower case, with values) + hint (what to do next)
├── Refused              the state of the rollout or the world says no; nothing changed
│   └── Serves           what was asked for serves everything already
├── Denied               the person may not
├── NotFound             a name that does not exist; the hint lists the known ones
├── BadInput             text that is not the grammar
│   ├── BadPlan          a plan notation, with the column
│   └── BadConfig        the configuration, with file and place
├── Stale                a row moved on since it was read: load it again and decide anew
└── TargetError          AWS: said no, did not answer, or answered nonsense
"""

from typing import Literal

FaultKind = Literal["throttle", "transient", "unknown", "race", "busy", "done", "state", "config", "auth", "absent"]
"""What AWS's answer means for us.

throttle, transient: later. unknown: a write may or may not have happened. race: somebody else wrote first.
busy: one at a time. done: already so. state: not now. config: never like this. auth: not allowed.
absent: the named thing does not exist.
"""


class TidegateError(Exception):
    """A fact with its values, and a hint with what to do next."""

    def __init__(self, fact: str, hint: str = "") -> None:
        super().__init__(fact)
        self.fact = fact
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.fact}. {self.hint}" if self.hint else self.fact


class Refused(TidegateError):
    """Not now, or not so. `offer` names the verb whose button resolves it, `rollout` the rollout it is about."""

    def __init__(self, fact: str, hint: str = "", *, offer: str | None = None, rollout: int | None = None) -> None:
        super().__init__(fact, hint)
        self.offer = offer
        self.rollout = rollout


class Serves(Refused):
    """What was asked for serves everything already: for a way back that is where it wanted to be."""


class Denied(TidegateError):
    """The person may not; `who` are the role entries (ids) that can."""

    def __init__(self, fact: str, hint: str = "", *, who: tuple[str, ...] = ()) -> None:
        super().__init__(fact, hint)
        self.who = who


class NotFound(TidegateError):
    """No such name; the hint lists the known ones."""


class BadInput(TidegateError):
    """Text outside the grammar; the fact says what stands where."""


class BadPlan(BadInput):
    """A plan notation that cannot be read; the fact names the column."""


class BadConfig(BadInput):
    """A configuration that cannot be used; the fact names file and place, the hint the fix."""


class Stale(TidegateError):
    """Somebody wrote this row since it was read."""


class TargetError(TidegateError):
    """AWS did not do what was asked, or nobody knows whether it did."""

    def __init__(self, kind: FaultKind, fact: str, hint: str = "") -> None:
        super().__init__(fact, hint)
        self.kind: FaultKind = kind
