"""Under `Watch`: AWS runs a deployment of its own. It is started on evidence, followed, its waits answered by people.

AWS raises by itself here; what is ours is to begin, to go on from a wait, and to have it stopped. None of that is done
on "I do not know", except stopping. Going back is followed to its end, whoever began it.
"""

from datetime import timedelta

from rollout.actions import Continue, Launch, Stop
from rollout.course import Course, Wait
from rollout.durations import print_duration
from rollout.looking.look import Look
from rollout.looking.requested import remind, signed, wanted
from rollout.model import Phase
from rollout.ports import Hold
from rollout.seen import Verdict
from rollout.values import ZERO
from rollout.wishes import back_to

THEN = {"goes_on": "goes on by itself", "goes_back": "takes it back", "unknown": "stops waiting"}
AGAIN = timedelta(minutes=1)
"""How long AWS may take to show what it took, and how long a way back that failed is left before another is tried."""
LATE = timedelta(minutes=2)
"""How long a start that was asked for may take to show: the call's own time-outs, and AWS's lists."""
ENDED_BADLY = ("failed", "going_back", "back")


def follow(look: Look) -> None:
    """Launching and stepping: begin what is not begun, else go along with what AWS shows."""
    course = _course(look)
    if course is None:
        return
    if course.state == "none":
        _begin(look)
    elif course.state in ENDED_BADLY:
        _fell(look, course)
    elif look.r.phase is Phase.LAUNCHING:
        look.enter(Phase.STEPPING)
        follow(look)
    elif course.wait is not None and course.wait.kind == "shift":
        arrive(look, course.wait)
    elif look.obs.seen is not None and look.obs.seen.percent == 100 == look.r.proven:
        good = look.now if look.r.verdict and look.r.verdict.outcome == "PASS" else None
        look.enter(Phase.FINAL_BAKE, baked=ZERO, last_good=good, hurry=None, hurry_full=False)
        note_wait(look, course)
        look.tell("proven", percent=100)
    else:
        _overdue(look, course)


def _course(look: Look) -> Course | None:
    return look.obs.seen.course if look.obs.seen is not None else None


def _begin(look: Look) -> None:
    """S1 for the whole of it: AWS will raise by itself once it has begun, so it begins on evidence or on a waiver."""
    r = look.r
    verdict = r.verdict or Verdict(outcome="UNKNOWN", cause="blind")
    other = _others(look)
    if _evident(look):
        late = r.elapsed >= r.terms.timing.launching
        if r.candidate is not None and not late and not other and not look.asked_lately():
            look.act(Launch(release=r.candidate.id))
    elif verdict.cause == "no_gate":
        look.enter(Phase.WAITING, look.cause("no_gate", verdict.said("no_gate"), "add `alarms` to the target"))
        look.tell("no_gate", verdict.said("no_gate"), loud=True)
        return
    elif verdict.cause == "no_data":
        look.pause(look.cause("no_data", verdict.said("no_data")))
        look.tell("no_data", verdict.said("no_data"))
        return
    if look.r.elapsed >= r.terms.timing.launching:
        why = other or (r.write_fault.text if r.write_fault else "AWS does not show it")
        look.fall(look.cause("deadline", f"the deployment did not begin in time: {why}"))


def _others(look: Look) -> str:
    """What somebody else deploys, or has deployed, since it was prepared: nothing is started over that."""
    seen = look.obs.seen
    return (seen.foreign or (seen.course.foreign if seen.course else "")) if seen is not None else ""


def _evident(look: Look) -> bool:
    """S1, at this moment: known healthy, or a person's waiver for this very place over missing evidence."""
    verdict = look.r.verdict or Verdict(outcome="UNKNOWN", cause="blind")
    return verdict.outcome == "PASS" or (verdict.cause in ("no_gate", "no_data") and waived(look))


def waived(look: Look) -> bool:
    """A person went on without evidence at this very place."""
    waiver = look.r.waiver
    return waiver is not None and waiver.step == look.r.step and waiver.wait == look.r.wait


def _fell(look: Look, course: Course) -> None:
    """AWS ended it, or takes it back by itself: so do we."""
    why = course.reason or course.text or course.state
    # Where nothing was ever sent to it nothing was taken back.
    took = course.state == "going_back" or (course.state == "back" and look.r.peak > 0)
    verb = "taken back by AWS itself" if took else "the deployment failed on AWS"
    look.fall(look.cause("aws", f"{verb}: {why}"))


def _overdue(look: Look, course: Course) -> None:
    r = look.r
    limit = course.patience + r.terms.timing.watch
    if r.still_for >= limit:
        said = f"AWS has shown no change for {print_duration(limit)}: {course.text}"
        look.fall(look.cause("deadline", said))


def arrive(look: Look, wait: Wait) -> None:
    """AWS waits for a person."""
    look.enter(
        Phase.WAITING, look.cause("wait", wait.text), wait=wait.id, wait_until=wait.until, go="", signatures=(),
        resume_to=None, hurry=None, hurry_full=False,
    )  # fmt: skip
    percent = look.obs.seen.percent if look.obs.seen else None
    look.tell("approval_wanted", f"#{look.r.id}: {wait.text}", loud=True, percent=percent)


def at_wait(look: Look) -> None:
    """At a wait of AWS's: goes on when enough people say so and everything is known healthy; AWS's own clock runs."""
    r, course = look.r, _course(look)
    if course is None:
        return
    if course.state in ENDED_BADLY:
        _ended_at_wait(look, course)
        return
    if course.wait is None or course.wait.id != r.wait:
        look.enter(Phase.STEPPING, wait="", signatures=(), hurry_by=None)
        if r.go == r.wait:
            look.tell("approved", by=r.hurry_by, percent=r.proven)
        else:
            look.tell("aws_went_on", "nobody here had answered its wait")
        follow(look)
        return
    if answered(look):
        look.set(go=r.wait)
        go_on(look, course.wait)
        _take_back_yes(look)
    else:
        _remind(look, course.wait)
    _waited_too_long(look, course.wait)


def _ended_at_wait(look: Look, course: Course) -> None:
    """AWS stopped waiting, and goes back: because nobody said a word in its time, or for a reason of its own."""
    r = look.r
    if r.go != r.wait and r.wait_until is not None and look.now >= r.wait_until:
        look.fall(look.cause("deadline", f"nobody answered AWS's wait in time: {course.reason or course.text}"))
    else:
        _fell(look, course)


def _take_back_yes(look: Look) -> None:
    """A yes stands as long as there is evidence. Not seeing for a moment is no news; data that lacks is."""
    r, verdict = look.r, look.r.verdict
    if verdict is not None and verdict.cause in ("no_gate", "no_data") and not waived(look) and not r.back:
        look.set(go="", signatures=())
        look.tell("not_promoted", verdict.said(verdict.cause))


def _waited_too_long(look: Look, wait: Wait) -> None:
    """By AWS's own clock where it tells, and then by ours: an AWS that does nothing must not hang in silence."""
    r = look.r
    end = r.terms.timing.approval
    if wait.until is not None:
        end = max(wait.until - r.phase_at, ZERO) + r.terms.timing.watch
    if r.elapsed >= end:
        told = "AWS did not go on although it was told to" if r.go == r.wait else "nobody decided in time"
        look.fall(look.cause("deadline", told))


def _remind(look: Look, wait: Wait) -> None:
    """At half and at nine tenths of the time that AWS waits; what happens then is AWS's."""
    r = look.r
    if wait.until is None:
        remind(look)
        return
    whole = wait.until - r.phase_at
    due = (whole * 0.5, whole * 0.9)
    if whole > ZERO and r.reminded < len(due) and look.now - r.phase_at >= due[r.reminded]:
        left = print_duration(timedelta(seconds=max(0, round((wait.until - look.now).total_seconds()))))
        look.set(reminded=r.reminded + 1)
        look.tell("reminder", f"#{r.id} still waits; AWS {THEN[wait.then]} in {left}", loud=True)


def answered(look: Look) -> bool:
    """Somebody who may let it go on, or as many signatures as the target wants; a way back asks nobody."""
    r = look.r
    return r.back or r.go == r.wait or (bool(r.signatures) and signed(look) >= wanted(look))


def go_on(look: Look, wait: Wait) -> None:
    """Level-triggered: asked for until AWS has left the wait. A raise needs evidence at this moment."""
    if _evident(look):
        _ask(look, Continue(wait=wait.id))


def _ask(look: Look, action: Continue | Stop | Launch) -> None:
    """AWS took it: it gets a minute to show it before it is told again. After a failure it is tried sooner.

    Another action delays nothing: a rollback does not wait for the effect of a promote.
    """
    r = look.r
    same = r.asked_at is not None and r.asked_what == f"{action.kind} {action.arg}"
    fresh = r.asked_at is not None and not r.write_failures and ZERO <= look.now - r.asked_at < AGAIN
    if not (same and (fresh or look.asked_lately())):
        look.act(action)


def late(look: Look) -> bool:
    """A way back that AWS gets on with takes as long as it takes; one that stands still has a deadline."""
    r, course = look.r, _course(look)
    moving = course is not None and course.state == "going_back"
    return (r.still_for if moving else r.elapsed) >= r.terms.timing.rolling_back


def ask_again(look: Look) -> None:
    """AWS refused five times, and it is held: what was asked for is asked for again at the slow pace of errors."""
    r, course = look.r, _course(look)
    if course is None or course.state == "none":
        if _evident(look) and r.candidate is not None and not _others(look) and not look.asked_lately():
            look.act(Launch(release=r.candidate.id))
    elif course.wait is not None and course.wait.id == r.wait == r.go:
        go_on(look, course.wait)
    else:
        look.r = back_to(r.but(write_failures=0, write_fault=None), look.now)  # AWS went on without it
        look.tell("sight")


def finish(look: Look) -> None:
    """After the bake at 100 %: succeeded when AWS, too, says that it is over."""
    r, seen, course = look.r, look.obs.seen, _course(look)
    if course is None or seen is None:
        return
    if course.state in ENDED_BADLY:
        _fell(look, course)
    elif course.state == "done" and seen.percent == 100 == r.proven:
        look.enter(Phase.SUCCEEDED, wait="")
        look.tell("succeeded", loud=True)
        look.hold = went_back(look)
    elif course.wait is not None and course.wait.kind == "shift":
        arrive(look, course.wait)
    elif course.wait is not None:
        note_wait(look, course)
        if look.r.go == course.wait.id:
            go_on(look, course.wait)
        look.set(elapsed=ZERO)  # AWS keeps the old side as long as its own configuration says
    else:
        look.set(wait="")
        limit = course.patience + r.terms.timing.watch
        if r.still_for >= limit:
            said = f"AWS has not ended its deployment: no change for {print_duration(limit)}: {course.text}"
            look.stick(look.cause("deadline", said, "retry, or adopt"), Phase.RETIRING)


def went_back(look: Look) -> Hold | None:
    """A person's way back holds the target, and vetoes what it was left for."""
    r = look.r
    if not r.back:
        return None
    text, veto = r.reason or "rolled back by hand", r.stable.id if r.stable else ""
    return Hold(app=r.app, env=r.env, rollout=r.id, by=r.by, reason=text, veto=veto, at=look.now)


def note_wait(look: Look, course: Course) -> None:
    """The wait in which the old side is still there: buttons are bound to it; it stops nothing of ours."""
    wait, hurried = course.wait.id if course.wait is not None else "", look.r.hurry == look.r.bound
    if wait != look.r.wait:
        look.set(wait=wait)
        look.set(hurry=look.r.bound if hurried else None)  # the wish to end the bake was not about the wait


def ended_badly(look: Look) -> bool:
    """While it bakes at 100 %: AWS itself may still take it back."""
    course = _course(look)
    if course is None:
        return False
    if course.state in ENDED_BADLY:
        _fell(look, course)
        return True
    if course.wait is not None and course.wait.kind == "shift":
        arrive(look, course.wait)  # a pause after all traffic has moved: AWS waits for a word there, too
        return True
    note_wait(look, course)
    return False


def taken_back(look: Look) -> bool:
    """AWS goes back while this is held or asks a question: that is followed at once, whatever it waits for."""
    course = _course(look)
    if course is None or course.state not in ENDED_BADLY:
        return False
    _fell(look, course)
    return True


def is_home(look: Look) -> bool:
    """The old release serves everything, and nothing of ours is under way that could change that."""
    r, seen = look.r, look.obs.seen
    if seen is None or seen.course is None or r.proven != 0 or seen.percent != 0:
        return False
    if seen.course.state == "none":
        # What was asked for may appear late: AWS lists a deployment some time after it has taken it.
        return r.asked_at is None or not ZERO <= look.now - r.asked_at < LATE
    # What failed and was not the way back may still be what AWS is asked for: the next task it starts would be that.
    back = r.stable is not None and seen.course.release == r.stable.id
    return seen.course.state == "back" or (seen.course.state == "failed" and back)


def send_home(look: Look) -> None:
    """Stop what runs; what has ended is undone by a deployment of the old release. Down waits for no evidence."""
    r, seen = look.r, look.obs.seen or look.r.seen  # a failed read stops no stopping
    course = seen.course if seen is not None else None
    if course is None or r.stable is None:
        return
    back = course.release == r.stable.id
    if course.state in ("running", "waiting") and not back:
        _ask(look, Stop())
    elif look.obs.seen is None or (look.obs.seen.foreign and not r.overwrite):
        return  # S14: what somebody else deployed meanwhile is overwritten at a person's second word only
    elif course.state == "done" or (course.state == "failed" and (not back or r.still_for >= AGAIN)):
        _ask(look, Launch(release=r.stable.id))
    elif course.state == "none" and look.obs.seen.percent is None:
        _ask(look, Launch(release=r.stable.id))  # AWS is asked for the new release by a deployment that nobody sees


