"""May this record set get the traffic? Finds the one that is meant, and what would go wrong later. No calls."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws.faults import clip
from aws.route53_facts import CheckConfig, Record, shares, split_words
from rollout.errors import NotFound, Refused
from rollout.release import Check, Prepared, Release
from rollout.seen import SideHealth

LONGEST_TTL: Final = 60
"""Seconds until clients follow that a rollout allows for; AWS's own advice for records behind a health check."""
READABLE: Final = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP")
"""Types of health checks whose checkers GetHealthCheckStatus tells; others are made of other things."""


def pair(where: str, records: Sequence[Record], names: tuple[str, str]) -> tuple[Record, Record]:
    """The two record sets of that name; Refused, with what was found, when it is not those two alone."""
    if not records:
        raise Refused(f"there is no {where}", "create two weighted record sets, or correct name, type and zone")
    if any(record.weight is None for record in records):
        raise Refused(f"{where} is not weighted", "give it routing policy Weighted, one record set for each side")
    found = {record.set_identifier: record for record in records}
    if found.keys() != set(names):
        told = ", ".join(f"{clip(name, 40)} (weight {record.weight})" for name, record in sorted(found.items()))
        hint = f"it takes {names[0]} and {names[1]} and no other, for others would keep their weight"
        raise Refused(f"{where} has {told}", hint)
    return found[names[0]], found[names[1]]


def served(records: Sequence[Record]) -> Record:
    """The record set that gets most; the first of equals."""
    return max(records, key=lambda record: record.weight or 0)


def resolve(where: str, records: Sequence[Record], wanted: str) -> tuple[Record, Record]:
    """What serves, and what shall; empty or `latest` is the other one."""
    old = served(records)
    known = {record.set_identifier: record for record in records}
    if wanted in ("", "latest"):
        return old, next(record for record in records if record is not old)
    if wanted not in known:
        raise NotFound(f"{where} has no record set {clip(wanted, 40)}", f"it has {', '.join(sorted(known))}")
    if shares(records).keys() == {wanted}:
        others = ", ".join(sorted(known.keys() - {wanted}))
        raise Refused(f"{where} already serves {wanted}", f"the other one is {others}")
    if known[wanted] is old:
        old = next(record for record in records if record is not old)
    return old, known[wanted]


def prepared(
    where: str, sides: tuple[Record, Record], health: tuple[SideHealth, SideHealth], kinds: Mapping[str, CheckConfig]
) -> Prepared:
    """Everything the look at a requested rollout found out."""
    old, new = sides
    return Prepared(
        stable=release(old),
        candidate=release(new),
        diff=differences(old, new),
        checks=(
            *_split(where, sides),
            *_ages(sides),
            *_watchers(sides, kinds),
            *_states(health),
        ),
        snapshot={record.set_identifier: record.raw for record in sides},
    )


def standing(
    where: str, sides: tuple[Record, Record], health: tuple[SideHealth, SideHealth], kinds: Mapping[str, CheckConfig]
) -> tuple[Check, ...]:
    """How a rollout would find things now. A split may be a live rollout of ours: a warning here."""
    split = [
        check.model_copy(update={"state": "warn", "hint": f"right while a rollout is live; else {check.hint}"})
        for check in _split(where, sides)
    ]
    text = f"{where}: {split_words(shares(sides))}; {sides[1].set_identifier} would come next"
    found = Check(name="names", state="ok", text=text)
    return (found, *split, *_ages(sides), *_watchers(sides, kinds), *_states(health))


def release(record: Record) -> Release:
    """The record set, with what it led to when it was read."""
    return Release(id=record.set_identifier, pinned={"value": record.value}, description=record.value)


def differences(old: Record, new: Record) -> tuple[str, ...]:
    """What will change for clients, in a person's words."""
    lines = [f"record set {old.set_identifier} → {new.set_identifier}", f"{clip(old.value)} → {clip(new.value)}"]
    if old.ttl != new.ttl:
        lines.append(f"TTL {_age(old)} → {_age(new)}")
    if old.health_check_id != new.health_check_id:
        lines.append(f"health check {old.health_check_id or 'none'} → {new.health_check_id or 'none'}")
    return tuple(lines)


def _split(where: str, sides: tuple[Record, Record]) -> list[Check]:
    if not any(record.weight for record in sides):
        text = f"both record sets of {where} have weight 0: Route 53 answers with either"
        return [Check(name="weights", state="fail", text=text, hint="give one of them a weight first")]
    found = shares(sides)
    if len(found) > 1:
        hint = f"finish what began it, or give one ({sides[0].set_identifier}) everything"
        return [Check(name="weights", state="fail", text=f"{where} already splits traffic: {split_words(found)}",
                      hint=hint)]  # fmt: skip
    return []


def _ages(sides: tuple[Record, Record]) -> list[Check]:
    """Resolvers keep an answer as long as its TTL says: a step and a rollback reach clients that much later."""
    checks = []
    known = [record.ttl for record in sides if record.ttl is not None]
    if len({record.ttl for record in sides}) > 1:
        text = f"the TTLs differ: {', '.join(f'{record.set_identifier} {_age(record)}' for record in sides)}"
        checks.append(Check(name="ttl", state="warn", text=text, hint="the real split leans to the longer one"))
    longest = max(known, default=LONGEST_TTL)
    text = f"clients may take up to {longest} s to follow a step, and a rollback too"
    if longest > LONGEST_TTL:
        hint = f"lower the TTL to {LONGEST_TTL} s or less some time before"
        checks.append(Check(name="ttl", state="warn", text=text, hint=hint))
    else:
        checks.append(Check(name="ttl", state="ok", text=text))
    return checks


def _age(record: Record) -> str:
    return "its target's" if record.ttl is None else f"{record.ttl} s"


def _watchers(sides: tuple[Record, Record], kinds: Mapping[str, CheckConfig]) -> list[Check]:
    """A raise needs the new side known healthy, a rollback the old one not known sick: who says so?"""
    checks = []
    for record in sides:
        name = record.set_identifier
        kind = kinds.get(record.health_check_id)
        if not record.health_check_id:
            text = f"nothing vouches for {name}: it has no health check"
            if record.watches_target:
                text = f"{name} follows its target's health, which Route 53 does not tell"
            hint = "give it a health check, or let alarms watch"
            checks.append(Check(name="health", state="warn", text=text, hint=hint))
        elif kind is not None and (kind.inverted or kind.disabled or kind.type not in READABLE):
            what = "inverted" if kind.inverted else "disabled" if kind.disabled else f"of type {clip(kind.type, 40)}"
            text = f"the health check of {name} is {what}: its checkers do not tell how {name} is"
            hint = f"use one of type {', '.join(READABLE)} that is neither inverted nor disabled"
            checks.append(Check(name="health", state="fail", text=text, hint=hint))
    return checks


def _states(health: tuple[SideHealth, SideHealth]) -> list[Check]:
    checks = []
    for side, seen in zip(("stable", "candidate"), health, strict=True):
        if seen.state == "healthy":
            continue
        # A sick stable is a reason to leave it, not a reason to stay.
        state = "fail" if seen.state == "sick" and side == "candidate" else "warn"
        hint = "mend it first" if seen.state == "sick" else "no traffic is raised until it is known healthy"
        checks.append(Check(name=side, state=state, text=seen.text, hint=hint))
    return checks
