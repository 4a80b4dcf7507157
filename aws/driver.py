"""What every driver here has beyond the port: a look whose failures are values, one per rollout."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol, runtime_checkable

from pydantic import ValidationError

from aws.faults import CallError
from aws.sessions import Sessions
from rollout.actions import Outcome
from rollout.errors import TargetError
from rollout.model import Rollout
from rollout.ports import Clock, Driver, TargetModel
from rollout.release import Check, Release
from rollout.seen import Seen


class AwsDriver(Driver, Protocol):
    """A driver that can say of each rollout why it could not be seen."""

    operations: ClassVar[Mapping[str, str]]
    """Permission -> resource, with the target's names in braces: everything it ever calls."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None: ...

    def examine(self, target: TargetModel) -> Sequence[Check]:
        """For `tidegate check`: what a rollout of that target would meet if it began now. Read only.

        One finding per thing that is right or wrong; TargetError, Refused or NotFound when a name leads nowhere.
        """
        ...

    def look(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen | TargetError]:
        """Batched; never mutates, never raises a TargetError: one rollout's trouble is its own."""
        ...


@runtime_checkable
class Narrows(Protocol):
    """A driver whose targets do not all need the whole of `operations`."""

    @classmethod
    def needs(cls, target: TargetModel) -> Mapping[str, str]:
        """The part of `operations` that this target needs."""
        ...


def needed(driver: type[AwsDriver], target: TargetModel) -> Mapping[str, str]:
    """Permission -> resource, of one target."""
    return driver.needs(target) if issubclass(driver, Narrows) else driver.operations


def only_seen(looks: Mapping[int, Seen | TargetError]) -> dict[int, Seen]:
    """The port's `observe` out of a `look`: the first error when nothing could be read."""
    seen = {number: look for number, look in looks.items() if isinstance(look, Seen)}
    if not seen:
        for look in looks.values():
            if isinstance(look, TargetError):
                raise look
    return seen


def sides(rollout: Rollout) -> tuple[Release, Release]:
    """Stable and candidate; a rollout that does not know them yet cannot be looked at."""
    if rollout.stable is None or rollout.candidate is None:
        raise TargetError("config", f"#{rollout.id} has no stable and candidate release yet")
    return rollout.stable, rollout.candidate


def failed(error: CallError) -> Outcome:
    """What came of a write that met this error: `failed` only where it surely changed nothing."""
    return Outcome(
        state="unknown" if error.kind == "unknown" else "failed",
        text=error.fact,
        hint=error.hint,
        request_id=error.request_id,
    )


def misfit(rollout: Rollout, error: ValidationError) -> TargetError:
    """The stored settings of a rollout are not ones this driver understands."""
    wrong = ", ".join(".".join(map(str, one["loc"])) for one in error.errors(include_input=False))
    fact = f"the settings of {rollout.target} do not fit {rollout.kind}: {wrong}"
    return TargetError("config", fact, "start it anew with the present configuration")
