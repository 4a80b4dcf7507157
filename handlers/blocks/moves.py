"""Moves as buttons: labels, colours, questions. Which moves there are stands in the view."""

from typing import Any

from handlers.blocks import watched
from handlers.blocks.state import candidate, short, stable
from handlers.buttons import ButtonValue, button, confirm
from rollout.model import Phase, Rollout
from rollout.moves import moves
from rollout.plan import Approve, SetWeight
from rollout.reports import CardView, Move

MOST = 5
_LABELS = {
    "pause": "Pause",
    "resume": "Resume",
    "approve": "Approve",
    "reject": "Reject",
    "go-on": "Go on without evidence",
    "cancel": "Cancel",
    "ship": "Emergency ship",
    "adopt": "Adopt what AWS shows",
    "restore": "Put it back",
    "unlock": "Release hold",
    "status": "Show it",
    "show": "Show it",
}
_ASKED_FIRST = ("rollback", "cancel")


def buttons(view: CardView) -> list[dict[str, Any]]:
    """At most five buttons, one per move, no action id twice."""
    drawn: dict[str, dict[str, Any]] = {}
    for move in view.moves[:MOST]:
        one = _button(view.rollout, move, label(view.rollout, move))
        drawn.setdefault(one["action_id"], one)
    return list(drawn.values())


def way_back(rollout: Rollout) -> dict[str, Any] | None:
    """[Roll back #42], for a message about something else that may hold several; None where it is not legal now."""
    move = next((move for move in moves(rollout) if move.verb == "rollback"), None)
    if move is None:
        return None
    says = f"Roll back #{rollout.id} anyway" if move.force else f"Roll back #{rollout.id}"
    return _button(rollout, move, says, apart=str(rollout.id))


def label(rollout: Rollout, move: Move) -> str:
    """What the button says."""
    if move.verb == "promote":
        return watched.label(rollout) if rollout.watched else _promote(rollout, move)
    if move.verb == "rollback":
        if move.force:
            return "Roll back anyway"
        if rollout.live and rollout.back:
            return f"Undo: back to {stable(rollout)}"
        return f"Roll back to {stable(rollout)}" if move.release and not rollout.live else "Roll back"
    if move.verb == "retry":
        return "Try again" if rollout.live else "Deploy again"
    if move.verb == "restore" and move.percent is not None:
        return f"Put back to {move.percent} %"
    if move.verb == "start":
        return f"Deploy {short(move.release)}" if move.release else "Deploy"
    return _LABELS.get(move.verb, move.verb.replace("-", " ").capitalize())


def _promote(rollout: Rollout, move: Move) -> str:
    if rollout.phase is Phase.FINAL_BAKE:
        return "End the bake now"
    after = rollout.terms.plan.steps[rollout.step + 1 : rollout.step + 2]
    if after and not move.full and not isinstance(after[0], SetWeight):
        return "Go on to approval" if isinstance(after[0], Approve) else "End the bake now"
    to = 100 if move.full else move.percent
    return "Promote" if to is None else f"Promote to {to} %"


def effect(rollout: Rollout, verb: str, *, force: bool = False) -> str:
    """Target and effect of a press, for its question or its form."""
    where = f"{rollout.app} in {rollout.env} (#{rollout.id})"
    if verb == "rollback" and rollout.phase is Phase.SUCCEEDED:
        return f"{where}: starts a new rollout that puts all traffic back on {stable(rollout)}."
    if verb == "rollback":
        if rollout.back:
            away = f"{candidate(rollout)}, which people went back to"
            return f"{where}: this undoes the way back. All traffic leaves {away}, for {stable(rollout)} again."
        anyway = " It is known to be unhealthy; your reason is kept." if force else ""
        seen = rollout.seen.foreign if rollout.seen and rollout.phase is not Phase.STUCK else ""
        again = f" AWS shows {seen}, which is not ours: overwriting that takes a second press." if seen else ""
        return f"{where}: all traffic goes back to {stable(rollout)} now.{anyway}{again}"
    return {
        "cancel": f"{where}: ends before any traffic has moved; {stable(rollout)} keeps serving.",
        "remove": f"{where}: the bake ends and AWS removes {stable(rollout)}; going back then needs a new deployment.",
        "promote": f"{where}: {candidate(rollout)} gets 100 % of the traffic at once, no steps between.",
        "reject": f"{where}: the answer is no. If traffic has moved, it goes back to {stable(rollout)}.",
        "go-on": f"{where}: goes on one step although nothing shows that {candidate(rollout)} is well.",
        "ship": f"{where}: {candidate(rollout)} gets all traffic at once, {stable(rollout)} is known to be sick.",
        "adopt": f"{where}: ends, and what AWS shows now counts as the outcome. Nothing is moved back.",
        "override": f"{where}: starts it anew although {_red(rollout)} is red; that counts when it turns red anew.",
        "unlock": f"{where}: people may deploy here again, this release included.",
    }.get(verb, f"{where}: {verb}.")


def _red(rollout: Rollout) -> str:
    return ", ".join(rollout.cause.alarms) if rollout.cause is not None and rollout.cause.alarms else "an alarm"


def _button(rollout: Rollout, move: Move, said: str, apart: str = "") -> dict[str, Any]:
    value = ButtonValue(
        verb=move.verb, rollout=rollout.id, step=rollout.step, plan_hash=rollout.terms.plan.hash,
        wait=rollout.bound.wait, full=move.full, force=move.force,
    )  # fmt: skip
    question = None
    removes = move.verb == "promote" and watched.removes_now(rollout)
    if not value.needs_reason and (move.verb in _ASKED_FIRST or move.full or removes):
        text = effect(rollout, "remove" if removes else move.verb, force=move.force)
        question = confirm(f"{said}?", text, said, danger=move.danger)
    style = "danger" if move.danger else "primary" if move.primary else ""
    aloud = f"{said}: {rollout.app} in {rollout.env}"
    return button(said, value, style=style, confirm=question, aloud=aloud, apart=apart)
