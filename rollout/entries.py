"""Audit entries: what is written down of asks, transitions, verdicts, calls. No secret and no reply address."""

from datetime import datetime
from typing import Any

from rollout.actions import Intent, Outcome
from rollout.ask import Ask
from rollout.audit import Entry, EntryKind
from rollout.errors import Denied, TidegateError
from rollout.model import Rollout
from rollout.people import BOT, Actor
from rollout.ports import Hold, Reply

WORDS_KEPT = 200


def asked(kind: EntryKind, ask: Ask, actor: Actor, reply: Reply, now: datetime, target: str) -> Entry:
    """A wish and what it was told: taken, refused or denied."""
    facts: dict[str, Any] = {"words": ask.words, "reason": ask.reason, "answer": reply.text}
    if reply.hint:
        facts["hint"] = reply.hint
    if ask.bound is not None:
        facts["bound"] = ask.bound.model_dump()
    if actor.name:
        facts["name"] = actor.name
    return Entry(kind=kind, at=now, actor=actor.key, rollout=reply.rollout, target=target, facts=facts)


def turned_away(words: str, actor: Actor, error: TidegateError, now: datetime) -> Entry:
    """A request that never became a wish. Of foreign words only the printable beginning is kept."""
    kept = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in words[:WORDS_KEPT])
    facts = {"words": kept, "length": len(words), "answer": error.fact[:500], "hint": error.hint[:500]}
    kind: EntryKind = "denied" if isinstance(error, Denied) else "refused"
    return Entry(kind=kind, at=now, actor=actor.key, facts=facts)


def transition(before: Rollout | None, after: Rollout, now: datetime, actor: Actor = BOT) -> Entry:
    """From one phase or step to another, with what was seen when it was decided."""
    seen = after.seen
    facts: dict[str, Any] = {
        "from": before.phase.value if before else "", "to": after.phase.value,
        "step": [before.step if before else 0, after.step], "proven": after.proven,
        "cause": after.cause.text if after.cause else "", "cause_kind": after.cause.kind if after.cause else "",
        "stable": after.stable.id if after.stable else "", "candidate": after.candidate.id if after.candidate else "",
        "plan": str(after.terms.plan), "config": after.terms.config_hash,
    }  # fmt: skip
    if seen is not None:
        facts["seen"] = {
            "at": seen.at.isoformat(timespec="milliseconds"), "percent": seen.percent, "foreign": seen.foreign,
            "revision": seen.revision, "stable": seen.stable.state, "candidate": seen.candidate.state,
        }  # fmt: skip
    if after.verdict is not None:
        facts["verdict"] = [after.verdict.outcome, after.verdict.cause]
    return Entry(kind="transition", at=now, actor=actor.key, rollout=after.id, target=after.target, facts=facts)


def verdict(after: Rollout, now: datetime) -> Entry:
    """A verdict that differs from the one before, with each voter's values."""
    said = after.verdict
    facts: dict[str, Any] = {}
    if said is not None:
        facts = {
            "outcome": said.outcome, "cause": said.cause,
            "read": said.at.isoformat(timespec="milliseconds") if said.at else "",
            "reasons": [[reason.voter, reason.vote, reason.text] for reason in said.reasons],
        }  # fmt: skip
    return Entry(kind="verdict", at=now, actor=BOT.key, rollout=after.id, target=after.target, facts=facts)


def intended(rollout: Rollout, intent: Intent, now: datetime) -> Entry:
    """The word before the deed."""
    facts = {"key": intent.key, "attempt": intent.attempt, "action": intent.action.model_dump()}
    return Entry(kind="intent", at=now, actor=BOT.key, rollout=rollout.id, target=rollout.target, facts=facts)


def came_of(rollout: Rollout, intent: Intent, outcome: Outcome, now: datetime) -> Entry:
    """What came of it; `unknown` is an outcome."""
    facts = {
        "key": intent.key, "attempt": intent.attempt, "state": outcome.state, "text": outcome.text,
        "request": outcome.request_id,
    }  # fmt: skip
    return Entry(kind="outcome", at=now, actor=BOT.key, rollout=rollout.id, target=rollout.target, facts=facts)


def nobody_looked(after: Rollout, now: datetime) -> Entry:
    """The bot was not there for a while; nothing was decided meanwhile."""
    away = after.away
    moments = {"since": away.since, "until": away.until} if away else {}
    facts = {"did": "was away", **{name: at.isoformat(timespec="milliseconds") for name, at in moments.items()}}
    return Entry(kind="bot", at=now, actor=BOT.key, rollout=after.id, target=after.target, facts=facts)


def held(hold: Hold, now: datetime) -> Entry:
    """A target is held from now on."""
    facts = {"reason": hold.reason, "veto": ", ".join(hold.vetoes), "by": hold.by.key if hold.by else ""}
    return Entry(kind="hold", at=now, actor=BOT.key, rollout=hold.rollout, target=f"{hold.app}/{hold.env}", facts=facts)


def changed(before: Rollout, after: Rollout) -> bool:
    """Worth a transition record: another phase, step or cause."""
    return (before.phase, before.step, before.cause) != (after.phase, after.step, after.cause)


def verdict_changed(before: Rollout, after: Rollout) -> bool:
    """Worth a verdict record: another outcome, or other voters said so."""
    if after.verdict is None:
        return False
    if before.verdict is None:
        return True
    old, new = before.verdict, after.verdict
    votes = [[(reason.voter, reason.vote) for reason in said.reasons] for said in (old, new)]
    return (old.outcome, old.cause) != (new.outcome, new.cause) or votes[0] != votes[1]
