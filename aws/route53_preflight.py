"""May traffic move between these two records? Finds the release that is meant, and what would go wrong. No calls."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from aws.faults import clip
from aws.route53_facts import PROPAGATION, HealthCheck, Records, RecordSet, Wanted, same_place, split_words
from rollout.durations import print_duration
from rollout.errors import NotFound, Refused, Serves
from rollout.release import Check, Prepared, Release
from rollout.seen import SideHealth

SHOWN: Final = 10
SHORT_TTL: Final = 60
"""AWS's own advice for records behind a health check."""


class Sides(NamedTuple):
    """What was found out about both sides; the stable one first."""

    names: tuple[str, str]
    health: tuple[SideHealth, SideHealth]
    checks: Mapping[str, HealthCheck | str]
    """The health check of a side, or why there is none of that id."""


def two_sets(wanted: Wanted, found: Records, types: Sequence[str]) -> None:
    """Refused unless there are exactly the two weighted records, with what is there instead."""
    if not found.rows:
        there = f"it has {', '.join(sorted(types))}" if types else "no record has that name"
        raise Refused(f"{wanted.name} has no {wanted.type} record in zone {wanted.zone}", there)
    policies = {one.policy for one in found.sets.values()}
    if policies != {"weighted"}:
        hint = f"make it two weighted records, {wanted.blue} with weight 100 and {wanted.green} with 0"
        raise Refused(f"{wanted.words} is not weighted: {', '.join(sorted(policies - {'weighted'}))}", hint)
    missing = [side for side in (wanted.blue, wanted.green) if side not in found.sets]
    if missing:
        fact = f"{wanted.words} has no record {' and no record '.join(missing)}"
        raise Refused(fact, f"it has {weight_words(found)}; create it with weight 0, or correct the name")
    if len(found.sets) > 2:
        hint = "traffic is moved between two: delete the others, or give them a name of their own"
        raise Refused(f"{wanted.words} has more than two records: {weight_words(found)}", hint)
    if not any(one.weight for one in found.sets.values()):
        hint = f"give one of them weight 100, then deploy the other: {wanted.blue} or {wanted.green}"
        raise Refused(f"both records of {wanted.words} have weight 0, so each gets half", hint)


def resolve(wanted: Wanted, found: Records, asked: str) -> tuple[str, str]:
    """The side that serves and the one that is meant; empty or `latest` is the one that does not serve."""
    stable = found.served
    other = wanted.green if stable == wanted.blue else wanted.blue
    candidate = asked if asked in (wanted.blue, wanted.green) else other
    if asked not in ("", "latest", candidate):
        raise NotFound(f"{wanted.words} has no record {clip(asked, 40)}", f"it has {wanted.blue}, {wanted.green}")
    if found.shares.keys() == {candidate}:
        raise Serves(f"{wanted.name} already serves {candidate}", f"deploy the other record: {other}")
    return (other, candidate) if candidate == stable else (stable, candidate)


def prepared(wanted: Wanted, found: Records, sides: Sides, types: Sequence[str], move: timedelta) -> Prepared:
    """Everything the look at a requested rollout found out."""
    stable, candidate = (found.sets[name] for name in sides.names)
    return Prepared(
        stable=release(stable),
        candidate=release(candidate),
        diff=differences(wanted, stable, candidate),
        checks=(*_split(found), *findings(wanted, found, sides, types), *_slow(wanted, found, move)),
        snapshot={"fingerprint": found.fingerprint, "records": [dict(row) for row in found.rows]},
    )


def standing(wanted: Wanted, found: Records, sides: Sides, types: Sequence[str]) -> tuple[Check, ...]:
    """How a rollout would find things now. A split may be a live rollout of ours."""
    split = [
        check.model_copy(update={"state": "warn", "hint": f"right while a rollout is live; else {check.hint}"})
        for check in _split(found)
    ]
    # Whoever starts a rollout is told every time how late clients follow; a check warns only of what could be better.
    checks = tuple(
        check.model_copy(update={"state": "ok"}) if check.name == "ttl" and found.ttl <= SHORT_TTL else check
        for check in (*split, *findings(wanted, found, sides, types))
    )
    if any(check.state == "fail" for check in checks):
        return checks
    text = f"{wanted.words}, zone {wanted.zone}: {split_words(found.shares)}; {sides.names[1]} would come next"
    return (Check(name="names", state="ok", text=text), *checks)


def findings(wanted: Wanted, found: Records, sides: Sides, types: Sequence[str]) -> tuple[Check, ...]:
    """What is true of the two records whoever asks."""
    return (
        *_ttl(wanted, found),
        *_places(wanted, found),
        *(check for side in range(2) for check in _health(found, sides, side)),
        *_targets(found),
        *_other_types(wanted, types),
    )


def release(record: RecordSet) -> Release:
    """The record, pinned to where it leads."""
    return Release(id=record.set_identifier, pinned={"value": record.leads_to}, description=record.leads_to)


def differences(wanted: Wanted, old: RecordSet, new: RecordSet) -> tuple[str, ...]:
    """What will change for clients, in a person's words."""
    pairs = {
        "leads to": (clip(old.leads_to), clip(new.leads_to)),
        "health check": (old.health_check_id or "none", new.health_check_id or "none"),
        "kept by resolvers for": (f"{old.kept_for} s", f"{new.kept_for} s"),
    }
    changed = [f"{what} {before} → {after}" for what, (before, after) in pairs.items() if before != after]
    return (f"{wanted.words}: {old.set_identifier} → {new.set_identifier}", *changed)


def weight_words(found: Records) -> str:
    """`blue with weight 90, green with 0`."""
    shown = [f"{clip(name, 40)} with weight {one.weight}" for name, one in sorted(found.sets.items())]
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return ", ".join(shown[:SHOWN]) + more


def _split(found: Records) -> list[Check]:
    if len(found.shares) == 1:
        return []
    text = f"the records already split traffic: {split_words(found.shares)}"
    hint = f"finish what began it, or give one of them ({found.served}) everything"
    return [Check(name="split", state="fail", text=text, hint=hint)]


def _ttl(wanted: Wanted, found: Records) -> list[Check]:
    text = f"clients may take up to {found.ttl + PROPAGATION} s to follow a change of {wanted.name}, and a rollback too"
    hint = "a lower TTL makes it faster" if found.ttl > SHORT_TTL else ""
    checks = [Check(name="ttl", state="warn", text=text, hint=hint)]
    kept = {name: one.kept_for for name, one in sorted(found.sets.items())}
    if len(set(kept.values())) > 1:
        told = ", ".join(f"{name} {seconds} s" for name, seconds in kept.items())
        text = f"resolvers keep the records for different times ({told}): shares lean to the longer one"
        checks.append(Check(name="ttls", state="warn", text=text, hint="give both the same TTL"))
    return checks


def _slow(wanted: Wanted, found: Records, move: timedelta) -> list[Check]:
    """A weight counts as seen when clients have followed it; that must be possible before the deadline of a step."""
    needs = timedelta(seconds=found.ttl + PROPAGATION)
    if needs <= move:
        return []
    never = timedelta(seconds=found.ttl) >= move
    text = (
        f"resolvers keep answers of {wanted.name} for {found.ttl} s: no step can be seen within {print_duration(move)}"
        if never else
        f"a step of {wanted.name} may take {needs.seconds} s to be seen, and has {print_duration(move)}"
    )  # fmt: skip
    hint = "lower the TTL of both records, 60 s or less, and wait until the old one has run out"
    return [Check(name="slow", state="fail" if never else "warn", text=text, hint=hint)]


def _places(wanted: Wanted, found: Records) -> list[Check]:
    blue, green = found.sets[wanted.blue], found.sets[wanted.green]
    if not same_place(blue.leads_to, green.leads_to):
        return []
    text = f"{wanted.blue} and {wanted.green} both lead to {clip(blue.leads_to)}: moving traffic changes nothing"
    return [Check(name="places", state="warn", text=text, hint="let them lead to two stacks")]


def _health(found: Records, sides: Sides, side: int) -> list[Check]:
    """A sick stable is a reason to leave it, not a reason to stay."""
    name, seen, role = sides.names[side], sides.health[side], ("stable", "candidate")[side]
    worse = "fail" if role == "candidate" else "warn"
    check_id = found.sets[name].health_check_id
    if not check_id:
        if role == "stable":
            return []
        text = f"nothing vouches for {name}: its record has no health check, so it counts as not known sick"
        return [Check(name="health", state="warn", text=text, hint="give both records a health check")]
    check = sides.checks[name]
    if isinstance(check, str):
        return [Check(name=role, state=worse, text=check, hint="give the record a health check that exists")]
    if check.health_check_config.disabled:
        text = f"the health check of {name} is disabled: it tells nothing, and Route 53 takes it for healthy"
        return [Check(name=role, state=worse, text=text, hint=f"enable {check_id}, or take it off the record")]
    if seen.state == "healthy":
        return []
    state = worse if seen.state == "sick" else "warn"
    hint = "mend it first" if state == "fail" else "no traffic is raised until it is known healthy"
    return [Check(name=role, state=state, text=seen.text, hint=hint)]


def _targets(found: Records) -> list[Check]:
    looking = sorted(
        name for name, one in found.sets.items() if one.alias_target and one.alias_target.evaluate_target_health
    )
    if not looking:
        return []
    text = (
        f"Route 53 evaluates the alias' target of {' and '.join(looking)}: while it holds a target for unhealthy, it "
        "sends those clients to the other record, whatever the weights say"
    )
    return [Check(name="targets", state="warn", text=text, hint="nothing to do; Tidegate cannot see that health")]


def _other_types(wanted: Wanted, types: Sequence[str]) -> list[Check]:
    others = sorted(set(types) & {"A", "AAAA", "CNAME", "HTTPS"} - {wanted.type})
    if not others:
        return []
    text = f"{wanted.name} also has {', '.join(others)} records: clients that ask for those stay where they are"
    return [Check(name="types", state="warn", text=text, hint="deploy them as a target of their own, or remove them")]
