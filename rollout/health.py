"""Judges one look, purely: readings in, verdict out. Reading CloudWatch is not done here.

`all()` of nothing is not PASS: somebody must have voted. "I do not know" is a vote of its own, never a yes.
"""

from datetime import datetime

from rollout.model import Rollout
from rollout.seen import AlarmReading, Observation, Reason, Verdict
from rollout.terms import AlarmGate

FRESH_LOOKS = 2
"""A verdict older than two looks is no verdict (S1)."""
MISSES = 3
"""So many looks in a row have to get a wrong answer at the test address: one may be the balancer's, or a restart's."""


def judge(rollout: Rollout, look: Observation, now: datetime) -> Verdict:
    """The verdict over the present weight. FAIL beats blind beats no_data beats no_gate beats PASS."""
    reasons = (*alarm_votes(rollout, look, now), *_target(look), *_trial(rollout, look))
    votes = {reason.vote for reason in reasons}
    if "fail" in votes:
        return Verdict(outcome="FAIL", reasons=reasons, at=look.alarms_at)
    for cause in ("blind", "no_data", "no_gate"):
        if cause in votes:
            return Verdict(outcome="UNKNOWN", cause=cause, reasons=reasons, at=look.alarms_at)
    if "pass" not in votes:
        return Verdict(outcome="UNKNOWN", cause="no_gate", reasons=reasons, at=look.alarms_at)
    return Verdict(outcome="PASS", reasons=reasons, at=look.alarms_at or look.at)


def alarm_votes(rollout: Rollout, look: Observation, now: datetime) -> list[Reason]:
    """One vote per alarm, or one for all where none could be read or none is named."""
    terms = rollout.terms
    if not terms.alarms:
        if terms.gates == "none" or rollout.back:
            return [Reason(voter="gates", vote="pass", text="unwatched: time and target health decide")]
        return [Reason(voter="gates", vote="no_gate", text="no alarm watches this target")]
    if look.alarms_fault or look.alarms_at is None:
        why = look.alarms_fault.text if look.alarms_fault else "alarms were not read"
        return [Reason(voter="alarms", vote="blind", text=why)]
    if not _fresh(rollout, look.alarms_at, now):
        return [Reason(voter="alarms", vote="blind", text="the alarms were read before this weight was seen")]
    readings = {reading.name: reading for reading in look.alarms}
    return [_alarm(rollout, gate, readings.get(gate.name)) for gate in terms.alarms]


def _fresh(rollout: Rollout, read_at: datetime, now: datetime) -> bool:
    after_weight = rollout.proven_at is None or read_at >= rollout.proven_at
    return after_weight and now - read_at <= FRESH_LOOKS * max(
        rollout.terms.timing.look_waiting, rollout.terms.timing.look_moving
    )


def _alarm(rollout: Rollout, gate: AlarmGate, reading: AlarmReading | None) -> Reason:
    def says(vote: str, text: str) -> Reason:
        return Reason.model_validate({"voter": gate.name, "vote": vote, "text": text})

    if reading is None or not reading.found:
        return says("blind", f"CloudWatch knows no alarm named {gate.name}")
    if reading.state == "ALARM":
        known = rollout.known_red.get(gate.name)
        if known is not None and reading.since is not None and reading.since <= known:
            # It rang before: that says nothing about the new release (S13). It counts when it turns red anew.
            if rollout.shipped is not None:
                return says("pass", f"{gate.name} was red before the emergency ship, and is still")
            if rollout.overridden is not None:
                return says("pass", f"{gate.name} was red before the start, which was overridden, and is still")
        if rollout.back:
            # A way back is the answer to a red alarm, and alarms are late: bouncing back onto the release that was
            # left would be the worst end. It is told and paged (looking/rising.py), it does not turn the way round.
            return says("pass", f"{gate.name} is red; going back does not wait for it")
        return says("fail", f"{gate.name} is red: {reading.text}" if reading.text else f"{gate.name} is red")
    if not reading.clean:
        return says("blind", f"CloudWatch could not evaluate {gate.name}")
    if reading.state == "INSUFFICIENT_DATA":
        if gate.no_data == "pass" or rollout.back:
            return says("pass", f"{gate.name} has no data, which counts as fine here")
        return says("no_data", f"{gate.name} has no data")
    return _quiet(rollout, gate, reading)


def _quiet(rollout: Rollout, gate: AlarmGate, reading: AlarmReading) -> Reason:
    """OK now; if it changed since the step began, only its history tells whether it was red in between."""
    if reading.since is None or reading.since < rollout.gate_from or reading.history == "clean":
        return Reason(voter=gate.name, vote="pass", text=f"{gate.name} OK")
    if reading.history == "red" and rollout.back:
        return Reason(voter=gate.name, vote="pass", text=f"{gate.name} was red while going back")
    if reading.history == "red":
        return Reason(voter=gate.name, vote="fail", text=f"{gate.name} was red during this step")
    return Reason(voter=gate.name, vote="blind", text=f"the history of {gate.name} could not be read")


def _target(look: Observation) -> list[Reason]:
    if look.seen is None:
        why = look.fault.text if look.fault else "the target was not read"
        return [Reason(voter="target", vote="blind", text=why)]
    side, course = look.seen.candidate, look.seen.course
    if course is not None and course.state == "none":
        return []  # nothing of it was started yet: there is nothing whose health could be known
    if course is not None and look.seen.percent == 0 and side.needed == 0 and side.state == "unknown":
        return []  # the same within AWS's deployment: it waits before it asks for any task, and nobody sees the release
    if side.state == "healthy" or (side.ready and side.holds(max(look.seen.shares, default=0))):
        return []
    if side.state == "sick":
        return [Reason(voter="target", vote="fail", text=f"the new release is not healthy: {side.text}")]
    return [Reason(voter="target", vote="no_data", text=f"the new release is not known healthy: {side.text}")]


def _trial(rollout: Rollout, look: Observation) -> list[Reason]:
    """At 0 % the answer of the test address is evidence; with traffic, or on a way back, it is not asked for.

    It speaks for the release's own side, so it votes in its name. What could not be reached says nothing about the
    release: a name, a certificate, a closed port are the way there, and nobody goes back for that.
    """
    trial = look.seen.trial if look.seen else None
    if trial is None or not trial.asked or rollout.back or (look.seen and any(look.seen.shares)):
        return []
    if trial.state == "passed":
        return [Reason(voter="target", vote="pass", text=trial.said)]
    if trial.state == "failed" and trial.misses >= MISSES:
        return [Reason(voter="target", vote="fail", text=trial.said)]
    return [Reason(voter="target", vote="no_data", text=trial.said)]
