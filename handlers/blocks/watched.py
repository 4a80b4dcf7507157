"""The one sentence where AWS moves the traffic by itself: what its deployment does, where it waits, what comes then."""

from collections.abc import Callable
from datetime import timedelta

from handlers.blocks.health import checking
from handlers.blocks.parts import date
from handlers.blocks.sentences import and_shows, asked_back, fact, minute, shows, stands, until
from handlers.blocks.state import candidate, share, stable, unread
from handlers.escape import Mrkdwn, clip, join, md
from rollout.course import Course, Wait
from rollout.model import Phase, Rollout
from rollout.moves import approved
from rollout.reports import CardView
from rollout.watched_wishes import at_wait

THEN = {
    "goes_on": "goes on by itself", "goes_back": "stops and takes it back", "unknown": "stops waiting",
}  # fmt: skip
_TEXT = 300

Known = Callable[[Rollout], Mrkdwn]
Signatures = Callable[[Rollout, int], Mrkdwn]
Signed = Callable[[Rollout, Mrkdwn], Mrkdwn]


def course_of(rollout: Rollout) -> Course | None:
    """AWS's deployment as last seen."""
    return rollout.seen.course if rollout.seen is not None else None


def launching(view: CardView) -> Mrkdwn:
    """Nothing of it is seen on AWS yet."""
    rollout = view.rollout
    by = until(view, rollout.terms.timing.launching)
    still = md("no traffic has moved") if share(rollout) == 0 and not unread(rollout) else shows(view)
    starts = md("AWS's deployment of {} is being started; {}.", candidate(rollout), still)
    return join(" ", [starts, stands(view) or md("If AWS does not show it by {}, this is stopped.", by)])


def stepping(view: CardView, known: Known) -> Mrkdwn:
    """AWS raises by its own schedule."""
    rollout, course = view.rollout, course_of(view.rollout)
    if course is None or course.state == "none":
        return launching(view)
    runs = md("AWS moves the traffic by itself: {}{}.", clip(course.text, _TEXT), and_shows(view, course.text))
    return join(" ", [runs, _unwatched(rollout) or known(rollout), _patience(view, course), _foreign(course)])


def _unwatched(rollout: Rollout) -> Mrkdwn:
    """AWS does not wait for us: that nobody looks has to be said."""
    if not (checking(rollout) or unread(rollout)):
        return md("")
    return md("Checking: it is not known whether this is healthy, and AWS goes on all the same.")


def _patience(view: CardView, course: Course) -> Mrkdwn:
    rollout = view.rollout
    left = course.patience + rollout.terms.timing.watch - rollout.still_for
    at = (rollout.last_look or view.now) + max(left, timedelta(0))
    said = md("If AWS shows no change until {}, it goes back.", date(minute(at), view.now))
    return stands(view) or said


def _foreign(course: Course) -> Mrkdwn:
    if not course.foreign:
        return md("")
    return md("Somebody else's deployment is under way here, too: {}.", clip(course.foreign, _TEXT))


def waiting(view: CardView, known: Known, signatures: Signatures, signed: Signed) -> Mrkdwn:
    """AWS waits for a person, by its own clock."""
    rollout, course = view.rollout, course_of(view.rollout)
    wait = course.wait if course is not None else None
    if wait is None or wait.id != rollout.wait:
        text = rollout.cause.text if rollout.cause else ""
        return join(" ", [md("AWS was last seen waiting: {}; {}.", fact(text), shows(view)), stands(view)])
    said = [md("AWS waits: {}{}.", fact(wait.text), and_shows(view, wait.text)), known(rollout)]
    if rollout.go == rollout.wait:
        return join(" ", [*said, md("A person said go; AWS is told at the next healthy look.")])
    if approved(rollout):
        return join(" ", [*said, signed(rollout, md("AWS is told at the next healthy look"))])
    return join(" ", [*said, _who(rollout, signatures), _else(view, wait)])


def _who(rollout: Rollout, signatures: Signatures) -> Mrkdwn:
    if rollout.signs:
        return signatures(rollout, rollout.signs)
    verdict = rollout.verdict
    if verdict is not None and verdict.cause in ("no_gate", "no_data"):
        return md("An approver can let it go on without evidence, with a reason.")
    return md("Whoever may deploy {} can let it go on.", rollout.app)


def _else(view: CardView, wait: Wait) -> Mrkdwn:
    """What comes without an answer: AWS's clock where it tells, else ours."""
    if wait.until is not None:
        return md("Without an answer AWS {} at {}.", THEN[wait.then], date(minute(wait.until), view.now))
    by = until(view, view.rollout.terms.timing.approval)
    return stands(view) or md("Without an answer it goes back at {}.", by)


def warm(view: CardView) -> Mrkdwn:
    """Whether the old side could still serve at once, and who removes it when."""
    rollout, course = view.rollout, course_of(view.rollout)
    wait = course.wait if course is not None else None
    if course is None or unread(rollout):
        return md("")
    if wait is not None and wait.kind == "remove":
        at = md(" until {}", date(minute(wait.until), view.now)) if wait.until else md("")
        asked = rollout.go == wait.id and rollout.phase is Phase.RETIRING
        told = md("; AWS is being told to remove it now") if asked else md("")
        return md("AWS keeps {}, the old side (blue), warm{}{}.", stable(rollout), at, told)
    if course.state == "done":
        return md("AWS has ended its deployment: going back to {} now means a new one.", stable(rollout))
    return md("AWS is at: {}.", clip(course.text, _TEXT))


def final(view: CardView, serves: Mrkdwn, known: Mrkdwn) -> Mrkdwn:
    """100 % on the new release; our bake runs, whatever AWS is at."""
    rollout = view.rollout
    ends = md("")
    if rollout.last_good is not None and not unread(rollout):
        at = view.now + max(rollout.terms.final_bake - rollout.baked, timedelta(0))
        ends = md("The bake ends at {}, if it stays healthy.", date(minute(at), view.now))
    return join(" ", [serves, known, ends, warm(view)])


def retiring(view: CardView, serves: Mrkdwn) -> Mrkdwn:
    """Our bake is over; AWS is not through yet."""
    return join(" ", [serves, md("The bake is over; this ends when AWS's deployment does."), warm(view)])


def going_back(view: CardView) -> Mrkdwn:
    """Stopped, followed to the end of AWS's own way back."""
    rollout, course = view.rollout, course_of(view.rollout)
    by = until(view, rollout.terms.timing.rolling_back)
    why = asked_back(rollout.cause, view.now)
    late = stands(view) or md("If that is not seen by {}, a person is called and it keeps trying.", by)
    if course is not None and course.state == "going_back":
        left = max(rollout.terms.timing.rolling_back - rollout.still_for, timedelta(0))
        at = date(minute((rollout.last_look or view.now) + left), view.now)
        still = md("If AWS shows no change until {}, a person is called; it is followed all the same.", at)
        late = stands(view) or still
    elif course is not None and course.state == "back" and share(rollout) == 0:
        late = stands(view) or md("It counts as done once that is seen a second time.")
    if course is None or course.state == "none":
        return join(" ", [why, md("AWS's deployment was not seen; {}.", shows(view)), late])
    goes = md("AWS is being told to stop and to put {} back; {}.", stable(rollout), shows(view))
    if course.state in ("going_back", "back"):
        ends = "is putting" if course.state == "going_back" or share(rollout) != 0 else "has put"
        text = clip(course.text, _TEXT)
        goes = md("AWS {} {} back: {}{}.", ends, stable(rollout), text, and_shows(view, course.text))
    elif course.state in ("done", "failed"):
        goes = md("{} has to be deployed again, AWS has ended its deployment; {}.", stable(rollout), shows(view))
        goes = goes.capitalized()
    return join(" ", [why, goes, late])


def label(rollout: Rollout) -> str:
    """What the button says that answers AWS's wait, or ends the bake."""
    if at_wait(rollout):
        return "Promote" if rollout.wait == "READY_WAIT" else "Continue"
    wait = course_of(rollout)
    removes = wait is not None and wait.wait is not None and wait.wait.kind == "remove"
    return "Terminate blue now" if removes else "End the bake now"


def removes_now(rollout: Rollout) -> bool:
    """Whether pressing it removes the old side."""
    course = course_of(rollout)
    wait = course.wait if course is not None else None
    ending = rollout.watched and rollout.phase in (Phase.FINAL_BAKE, Phase.RETIRING)
    return ending and wait is not None and wait.kind == "remove"
