"""A rollback without a bot: one wish, driven to its end in this process, at a terminal. Slack hears of it later.

The way out for the day on which the bot itself cannot be started. Same permit, same machine, same audit.
"""

import threading
import uuid
from collections.abc import Callable

from rollout.ask import Ask
from rollout.conductor import Conductor
from rollout.model import Phase, Rollout
from rollout.people import Actor
from rollout.ports import Reply
from store import Store

STUCK_LOOKS = 5
"""So many looks in a row without a way out, and the person at the terminal is told."""


def drive(conductor: Conductor, store: Store, ask: Ask, actor: Actor, say: Callable[[str], None]) -> Reply:
    """Ask, then look until all traffic is where it should be; `say` is told each change of phase or weight.

    Interrupting it is safe: the next run goes on.
    """
    conductor.recover()
    reply = conductor.ask(ask, actor, dedupe=f"cli:{uuid.uuid4()}")
    if not reply.ok or reply.rollout is None:
        return reply
    number, stuck, said = reply.rollout, 0, ""
    pause = threading.Event()
    while True:
        rollout = _read(store, number)
        if (line := _line(rollout)) != said:
            said = line
            say(line)
        stuck = stuck + 1 if rollout.phase is Phase.STUCK else 0
        if (done := _end(rollout, stuck)) is not None:
            return done
        conductor.look([number])
        pause.wait(min(rollout.terms.timing.look_moving.total_seconds(), 5.0))


def _line(rollout: Rollout) -> str:
    share = f", {rollout.proven} %" if rollout.proven is not None else ""
    return f"#{rollout.id} {rollout.target}: {rollout.phase.value.replace('_', ' ')}{share}"


def _end(rollout: Rollout, stuck: int) -> Reply | None:
    cause = rollout.cause.text if rollout.cause else ""
    named = f"#{rollout.id} {rollout.target}"
    if rollout.phase in (Phase.ROLLED_BACK, Phase.CANCELLED, Phase.SUCCEEDED):
        return Reply(ok=True, text=f"{named}: {rollout.phase.value.replace('_', ' ')}", rollout=rollout.id)
    if rollout.phase is Phase.FINAL_BAKE:
        release = rollout.candidate.id if rollout.candidate else "the earlier release"
        hint = "start the bot: it watches the bake and ends it"
        return Reply(ok=True, text=f"{named}: {release} serves everything", hint=hint, rollout=rollout.id)
    if not rollout.live:
        return Reply(ok=False, text=f"{named}: {rollout.phase.value}: {cause}", rollout=rollout.id)
    if stuck >= STUCK_LOOKS:
        hint = "run the same again to keep trying"
        return Reply(ok=False, text=f"{named} is stuck: {cause}", hint=hint, rollout=rollout.id)
    return None


def _read(store: Store, number: int) -> Rollout:
    with store.reads() as reads:
        found = reads.rollout(number)
    if found is None:
        raise LookupError(f"rollout {number} is gone")  # rollouts are never deleted
    return found
