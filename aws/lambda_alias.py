"""The driver `lambda`: two versions behind one alias, traffic moved by the alias' weights. Judges nothing.

AWS moves the traffic, both versions are always there, nothing of ours stays behind: only `Shift` is a call.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, ValidationError

from aws import lambda_preflight
from aws.calls import Calls
from aws.driver import failed, misfit, only_seen, sides
from aws.faults import CallError, clip
from aws.lambda_facts import LATEST, Alias, Version, Versions, candidate_share, health, split_words
from aws.sessions import Place, Sessions
from rollout.actions import Action, Outcome, Shift
from rollout.errors import TargetError
from rollout.model import Rollout
from rollout.ports import Capabilities, Clock, TargetModel
from rollout.release import Check, Prepared
from rollout.seen import Seen, SideHealth

OPERATIONS: Final[Mapping[str, str]] = {
    "lambda:GetAlias": "function:{function}",
    "lambda:ListVersionsByFunction": "function:{function}",
    "lambda:GetFunctionConfiguration": "function:{function}",
    "lambda:UpdateAlias": "function:{function}",
}

MOST_PAGES: Final = 400
"""20,000 versions; a marker that never ends is not followed for ever."""


class LambdaTarget(TargetModel):
    """`[apps.<app>.env.<env>]` with `kind = "lambda"`."""

    kind: Literal["lambda"] = "lambda"
    function: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    alias: Annotated[str, Field(max_length=128, pattern=r"^[0-9]*[A-Za-z_-][A-Za-z0-9_-]*$")]
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
    iam_role: Annotated[str, Field(pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+)?$")] = ""


class LambdaAlias:
    """Reads and writes one alias per rollout. Three reads a look, one write a step."""

    kind: ClassVar[str] = "lambda"
    Target: ClassVar[type[TargetModel]] = LambdaTarget
    capabilities: ClassVar[Capabilities] = Capabilities(weights="any", launches=False)
    operations: ClassVar[Mapping[str, str]] = OPERATIONS

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def prepare(self, rollout: Rollout) -> Prepared:
        """Pin what was asked for, say what would change, check that it can ship. Read only."""
        target, calls = self._at(rollout)
        alias = _alias(calls, target)
        listed = _versions(calls, target.function)
        wanted = lambda_preflight.resolve(target.function, rollout.wanted, listed)
        lambda_preflight.refuse_same(target.function, alias, wanted)
        old = _version(calls, target.function, alias.served)
        new = _version(calls, target.function, wanted)
        return lambda_preflight.prepared(target.function, target.alias, alias, (old, new), listed)

    def examine(self, target: TargetModel) -> tuple[Check, ...]:
        """Whether its names exist, and whether what serves and what would come may share traffic. Read only."""
        mine = LambdaTarget.model_validate(target.model_dump(mode="json"))
        calls = Calls(self._sessions, Place(mine.iam_role, mine.region), "lambda", OPERATIONS, function=mine.function)
        alias = _alias(calls, mine)
        newest = lambda_preflight.resolve(mine.function, "latest", _versions(calls, mine.function))
        served = sorted(alias.shares, key=lambda version: -alias.shares[version])
        versions = [_version(calls, mine.function, each) for each in dict.fromkeys([*served, newest])]
        return lambda_preflight.standing(mine.function, mine.alias, alias, versions)

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen]:
        """What each alias shows now, and the state of both versions."""
        return only_seen(self.look(rollouts))

    def look(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen | TargetError]:
        """The same, with a reason for each that could not be read."""
        looks: dict[int, Seen | TargetError] = {}
        for rollout in rollouts:
            try:
                looks[rollout.id] = self._seen(rollout)
            except TargetError as error:
                looks[rollout.id] = error
        return looks

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """Shift the weights, absolutely, if nobody wrote since they were last seen.

        The key cannot travel: UpdateAlias has no token and the description is not ours. `RevisionId` does its
        work: a second call with the same one is refused.
        """
        if not isinstance(action, Shift):
            # A version costs nothing while it waits and is kept to go back to: there is nothing to launch or
            # retire, and Shift already left the alias in its plain form.
            return Outcome(state="done", text="nothing to do for a Lambda version")
        try:
            return self._shift(rollout, action.percent)
        except CallError as error:
            if error.kind == "race":
                text = f"somebody changed the alias of {rollout.target} in between; nothing was written"
                return failed(error).model_copy(update={"text": text})
            return failed(error)
        except TargetError as error:
            return Outcome(state="failed", text=error.fact, hint=error.hint)

    def _shift(self, rollout: Rollout, percent: int) -> Outcome:
        target, calls = self._at(rollout)
        stable, candidate = sides(rollout)
        if rollout.seen is None or not rollout.seen.revision:
            # Without it the write would be blind, and could undo somebody else's.
            raise TargetError("state", f"the alias {target.alias} has not been read yet", "look first")
        version, weights = _asked(stable.id, candidate.id, percent)
        reply = calls.write(
            "UpdateAlias", Alias, FunctionName=target.function, Name=target.alias, FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights}, RevisionId=rollout.seen.revision,
        )  # fmt: skip
        request_id = reply.response_metadata.request_id
        if reply.name != target.alias or candidate_share(reply, stable.id, candidate.id) != percent:
            text = f"asked for {percent} % on {candidate.id}, AWS answered {split_words(reply.shares)}"
            return Outcome(state="unknown", text=text, hint="the next look tells", request_id=request_id)
        return Outcome(
            state="done", text=split_words(reply.shares), request_id=request_id, revision=reply.revision_id
        )

    def _seen(self, rollout: Rollout) -> Seen:
        at = self._clock.now()  # before the reads: what is seen is at least as new as it says
        target, calls = self._at(rollout)
        stable, candidate = sides(rollout)
        alias = _alias(calls, target)
        percent = candidate_share(alias, stable.id, candidate.id)
        return Seen(
            at=at,
            percent=percent,
            foreign=split_words(alias.shares) if percent is None else "",
            stable=_side(calls, target.function, stable.id),
            candidate=_side(calls, target.function, candidate.id),
            revision=alias.revision_id,
        )

    def _at(self, rollout: Rollout) -> tuple[LambdaTarget, Calls]:
        try:
            target = LambdaTarget.model_validate(rollout.terms.settings)
        except ValidationError as error:
            raise misfit(rollout, error) from None
        place = Place(target.iam_role, target.region)
        return target, Calls(self._sessions, place, "lambda", OPERATIONS, function=target.function)


def _asked(stable: str, candidate: str, percent: int) -> tuple[str, dict[str, float]]:
    """The alias' version and weights for that share; both ends are the plain form, without weights."""
    if percent == 100:
        return candidate, {}
    return stable, {candidate: percent / 100} if percent else {}


def _alias(calls: Calls, target: LambdaTarget) -> Alias:
    return calls.read("GetAlias", Alias, FunctionName=target.function, Name=target.alias)


def _version(calls: Calls, function: str, version: str) -> Version:
    qualifier = {} if version == LATEST else {"Qualifier": version}
    reply = calls.read("GetFunctionConfiguration", Version, FunctionName=function, **qualifier)
    if reply.version != version:
        fact = f"asked for version {version} of {function}, AWS answered {clip(reply.version)}"
        raise TargetError("transient", fact)
    return reply


def _versions(calls: Calls, function: str) -> list[Versions]:
    pages, marker = [], ""
    for _ in range(MOST_PAGES):
        more = {"Marker": marker} if marker else {}
        pages.append(calls.read("ListVersionsByFunction", Versions, FunctionName=function, **more))
        marker = pages[-1].next_marker
        if not marker:
            return pages
    raise TargetError("config", f"{function} has more than {MOST_PAGES} pages of versions", "delete old ones")


def _side(calls: Calls, function: str, version: str) -> SideHealth:
    """Unknown, with the reason, when it could not be read: no raise, but no rollback is held (S7)."""
    try:
        return health(_version(calls, function, version))
    except TargetError as error:
        if error.kind == "absent":
            return SideHealth(state="sick", text=f"version {version} does not exist")
        return SideHealth(text=error.fact)
