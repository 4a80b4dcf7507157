"""The table: which verb is legal in which phase. Nothing else decides that; docs, buttons and refusals come from it."""

from collections.abc import Mapping

from rollout.errors import Refused
from rollout.model import LIVE, TERMINAL, Phase, Rollout
from rollout.verbs import VERBS

P = Phase

ACCEPTS: Mapping[str, frozenset[Phase]] = {
    "promote": frozenset({P.STEPPING, P.WAITING, P.FINAL_BAKE, P.RETIRING}),
    "pause": frozenset({P.LAUNCHING, P.STEPPING, P.WAITING, P.PAUSED, P.FINAL_BAKE}),
    "resume": frozenset({P.PAUSED}),
    "approve": frozenset({P.AWAITING_APPROVAL, P.WAITING}),
    "reject": frozenset({P.AWAITING_APPROVAL, P.WAITING}),
    "go-on": frozenset({P.WAITING, P.PAUSED}),
    "ship": frozenset({P.STEPPING, P.WAITING, P.PAUSED, P.ROLLING_BACK, P.STUCK}),
    "rollback": LIVE,
    "cancel": frozenset({P.REQUESTED, P.AWAITING_APPROVAL, P.LAUNCHING, P.WAITING}),
    "retry": frozenset({P.STUCK, P.PAUSED}),
    "adopt": frozenset({P.STUCK, P.PAUSED}),
    "restore": frozenset({P.PAUSED}),
    "override": frozenset(),
}
"""Verb -> phases in which a live rollout takes it; wishes.py may still refuse for what the row says."""

AFTER_END: Mapping[str, frozenset[Phase]] = {
    "rollback": frozenset({P.SUCCEEDED, P.ROLLED_BACK, P.ADOPTED}),
    "retry": TERMINAL - {P.ADOPTED},
    "override": frozenset({P.REFUSED}),
}
"""Verb -> terminal phases in which it begins a new rollout instead (S3: the ended one never changes)."""

WORDS: Mapping[Phase, str] = {
    P.REQUESTED: "being looked at",
    P.AWAITING_APPROVAL: "waiting for approval to start",
    P.LAUNCHING: "bringing the new release up",
    P.STEPPING: "rising",
    P.WAITING: "waiting for a person",
    P.PAUSED: "paused",
    P.FINAL_BAKE: "baking at 100 %",
    P.RETIRING: "removing the old side",
    P.ROLLING_BACK: "rolling back",
    P.STUCK: "stuck",
    P.SUCCEEDED: "succeeded",
    P.ROLLED_BACK: "rolled back",
    P.CANCELLED: "cancelled",
    P.REFUSED: "refused",
    P.ADOPTED: "adopted as it was",
}
"""What a phase is called where a person reads it."""


def outcome(verb: str, phase: Phase) -> str:
    """One cell: `does`, `begins anew`, or `refused`. Total over all verbs that change something and all phases."""
    if phase in ACCEPTS.get(verb, frozenset()):
        return "does"
    if phase in AFTER_END.get(verb, frozenset()):
        return "begins anew"
    return "refused"


def require(rollout: Rollout, verb: str) -> None:
    """Refuse a verb that the table does not allow in this phase, saying what is allowed."""
    if rollout.phase in ACCEPTS[verb]:
        return
    if not rollout.live:
        raise Refused(
            f"#{rollout.id} has ended: {WORDS[rollout.phase]}; {verb} changes nothing any more",
            f"/deploy status {rollout.target} shows it",
            rollout=rollout.id,
        )
    raise misfit(rollout, verb)


def misfit(rollout: Rollout, verb: str) -> Refused:
    """This verb changes nothing now; what would."""
    legal = ", ".join(name for name, phases in ACCEPTS.items() if rollout.phase in phases and name != verb)
    return Refused(
        f"{verb} does not fit: #{rollout.id} is {WORDS[rollout.phase]}",
        f"what fits now: {legal}",
        rollout=rollout.id,
    )


def matrix() -> str:
    """The verb × phase table in Markdown; docs/verbs.md is this text."""
    verbs = [name for name, verb in VERBS.items() if verb.takes == "rollout"]
    rows = ["| phase | " + " | ".join(verbs) + " |", "|---" * (len(verbs) + 1) + "|"]
    marks = {"does": "yes", "begins anew": "new", "refused": "·"}
    rows += [f"| `{phase}` | " + " | ".join(marks[outcome(verb, phase)] for verb in verbs) + " |" for phase in Phase]
    return "\n".join(rows)
