"""Before the start: resolve, preflight, red alarms, approval to start. Nothing in the world has changed yet."""

from rollout.durations import print_duration
from rollout.health import alarm_votes
from rollout.looking.look import Look
from rollout.model import Cause, Phase
from rollout.plan import Approve, SetWeight
from rollout.release import Prepared
from rollout.seen import Fault, Reason
from rollout.terms import AlarmGate
from rollout.values import ZERO


def requested(look: Look) -> None:
    """Refuse, go on, or wait for AWS to answer; five minutes at most."""
    r, obs = look.r, look.obs
    if obs.refusal is not None:
        _refuse(look, look.cause("refused", *_no(look, obs.refusal)))
        return
    prepared = obs.prepared
    votes = alarm_votes(r, obs, look.now)
    blind = [vote for vote in votes if vote.vote == "blind"]
    absent = [alarm.name for alarm in obs.alarms if not alarm.found]
    if prepared is None or (blind and not absent) or (r.terms.alarms and not obs.alarms_at):
        _wait(look)
        return
    more = tuple(name for name in prepared.alarms if name not in {gate.name for gate in r.terms.alarms})
    if more:  # AWS's own configuration watches these: so do we, from the next look on
        gates = (*r.terms.alarms, *(AlarmGate(name=name) for name in more))
        look.set(terms=r.terms.model_copy(update={"alarms": gates}))
        return
    failed = [check for check in prepared.checks if check.state == "fail"]
    red = [vote for vote in votes if vote.vote == "fail"]
    if failed:
        _refuse(look, look.cause("refused", "; ".join(c.text for c in failed), failed[0].hint))
    elif absent:
        _refuse(look, look.cause("refused", "; ".join(v.text for v in blind), "correct `alarms` of this target"))
    elif r.terms.after and prepared.candidate.content not in r.terms.shipped:
        text = f"{prepared.candidate.id} has not succeeded in {r.terms.after} yet, and {r.env} comes after it"
        _refuse(look, look.cause("refused", text, f"/deploy {r.app}@{prepared.candidate.id} to {r.terms.after}"))
    elif red and not r.back:
        look.set(wanted=prepared.candidate.id)  # an override means this release, whatever `latest` is by then
        _red(look, red)
    else:
        _accept(look, prepared, [vote.text for vote in votes if vote.vote == "no_data"])


def _no(look: Look, refusal: Fault) -> tuple[str, str]:
    """What the look found against it; where a way back wanted to be, it has no use for another release."""
    if refusal.kind == "done" and look.r.back:
        text = f"{refusal.text}, as AWS shows it: there is nothing to go back from"
        return text, f"/deploy rollback {look.r.target} to @<release> goes back further; /deploy history {look.r.app}"
    return refusal.text, refusal.hint


def _wait(look: Look) -> None:
    r = look.r
    gap = look.watched(3 * r.terms.timing.look_moving)
    fault = look.obs.fault or look.obs.alarms_fault
    look.set(last_look=look.now, elapsed=r.elapsed + gap, failures=r.failures + 1, fault=fault)
    if look.r.elapsed >= r.terms.timing.requested:
        why = fault.text if fault else "no answer"
        text = f"{r.target} could not be looked at within {print_duration(r.terms.timing.requested)}: {why}"
        _refuse(look, look.cause("refused", text, fault.hint if fault else "try again later"))


def _red(look: Look, red: list[Reason]) -> None:
    """S13: refused by name; what is named here is what another person may override."""
    names = {vote.voter for vote in red}
    since = {alarm.name: alarm.since for alarm in look.obs.alarms if alarm.name in names and alarm.since is not None}
    since = since if since.keys() == names else {}  # one whose time nobody knows could not be told from red anew
    another = f'; or another person: /deploy override #{look.r.id} --reason "..."' if since else ""
    hint = f"wait until it is green{another}"
    _refuse(look, look.cause("alarm", "; ".join(vote.text for vote in red), hint).model_copy(update={"alarms": since}))


def _refuse(look: Look, cause: Cause) -> None:
    look.enter(Phase.REFUSED, cause)
    look.tell("refused", cause.text)


def _accept(look: Look, prepared: Prepared, quiet: list[str]) -> None:
    r = look.r
    red = {a.name: a.since for a in look.obs.alarms if a.state == "ALARM" and a.since}
    known_red = red if r.back else {name: since for name, since in r.known_red.items() if name in red}
    warnings = [check.text for check in prepared.checks if check.state == "warn"] + _overridden(look, tuple(known_red))
    look.set(
        stable=prepared.stable, candidate=prepared.candidate, diff=prepared.diff, snapshot=prepared.snapshot,
        warnings=(*warnings, *quiet, *_slow_alarms(look)), known_red=known_red, alarms=look.obs.alarms,
        proven=0, proven_at=look.obs.at, sighting="0", last_look=look.now, gate_from=look.obs.at, fault=None,
        failures=0,
    )  # fmt: skip
    if r.terms.approval and r.terms.approval.before_start and not r.back:
        look.enter(Phase.AWAITING_APPROVAL)
        look.tell("approval_wanted", f"#{r.id} waits for approval before it starts", loud=True)
    else:
        look.enter(Phase.LAUNCHING)
        look.tell("started")


def _overridden(look: Look, names: tuple[str, ...]) -> list[str]:
    over = look.r.overridden
    if over is None or not names:
        return []
    who = over.by.name or over.by.id
    return [f"{', '.join(names)} was red before the start; {who} started it all the same: {over.reason}"]


def _slow_alarms(look: Look) -> list[str]:
    """An alarm that needs longer than the shortest bake cannot protect that step: say so before it matters."""
    terms = look.r.terms
    bakes = [step.bake for step in terms.plan.steps if isinstance(step, SetWeight) and 0 < step.percent < 100]
    bake = min((*bakes, terms.bake))
    return [
        f"{alarm.name} cannot fire within a bake of {print_duration(bake)}; needs "
        f"{print_duration(alarm.window + terms.timing.alarm_slack)}"
        for alarm in look.obs.alarms
        if alarm.found and alarm.window + terms.timing.alarm_slack > bake
    ]


def awaiting_approval(look: Look) -> None:
    """S13 holds here too; enough signatures start it, an hour without ends it."""
    r = look.r
    if r.verdict and r.verdict.outcome == "FAIL":
        _red(look, [reason for reason in r.verdict.reasons if reason.vote == "fail"])
        return
    if signed(look) >= wanted(look):
        look.enter(Phase.LAUNCHING, signatures=())
        look.tell("approved")
        look.tell("started")
        return
    remind(look)
    if r.elapsed >= r.terms.timing.approval:
        look.enter(Phase.CANCELLED, look.cause("deadline", "nobody approved the start in time"))
        look.tell("cancelled", "nobody approved the start in time", loud=True)


def wanted(look: Look) -> int:
    """How many persons have to approve here."""
    terms, here = look.r.terms, look.r.here
    if look.r.watched and look.r.phase is not Phase.AWAITING_APPROVAL:
        return max(look.r.signs, 1)
    by = here.by if isinstance(here, Approve) and look.r.phase is not Phase.AWAITING_APPROVAL else 1
    return max(by, terms.approval.by if terms.approval else 1)


def signed(look: Look) -> int:
    """How many distinct persons have approved this step of this plan."""
    r = look.r
    return len({s.by.key for s in r.signatures if s.step == r.step and s.plan_hash == r.terms.plan.hash})


def remind(look: Look) -> None:
    """Reminders at half and at nine tenths of the approval time."""
    r = look.r
    due = (r.terms.timing.approval * 0.5, r.terms.timing.approval * 0.9)
    if r.reminded < len(due) and r.elapsed >= due[r.reminded]:
        left = print_duration(max(r.terms.timing.approval - r.elapsed, ZERO))
        look.set(reminded=r.reminded + 1)
        look.tell("reminder", f"#{r.id} still waits; it ends in {left}", loud=True)
