"""A process to be killed: commits one unit after another and says each number only after it was kept."""

from multiprocessing.connection import Connection
from pathlib import Path

from rollout.actions import Shift
from rollout.alarms.model import Turn
from rollout.notices import CardChanged
from store import open_store
from store.ledger import Writing
from tests.store.make import NOW, alarm_state, alert, answered, entry, key, later, rollout


def change(work: Writing, number: int) -> None:
    """What a sweep commits: the state, the change, and the alert that tells it."""
    work.save_alarm(alarm_state(state="ALARM", text=str(number)))
    work.note_turn(Turn(key=key(), state="ALARM", before="OK", at=later(number)))
    open_one = next(iter(work.open_alerts()), None) or alert("errors")
    times = {"times": number}
    put = work.put_alert(open_one.model_copy(update={"lines": (open_one.lines[0].model_copy(update=times),)}))
    if number % 10 == 0:  # every tenth is over, and the next unit opens another
        work.put_alert(put.model_copy(update={"open": False}))


def main(path: Path, said: Connection) -> None:
    """Go on from where the file stands, until killed."""
    store = open_store(path)
    while True:
        with store.work() as work:
            live = work.live("my-app", "prod") or work.add(rollout())
            saved = work.save(live.but(reminded=live.reminded + 1))
            work.plan(saved, Shift(percent=10), NOW)
            work.audit(entry(saved.id, number=saved.reminded))
            work.remember(answered(f"key-{saved.reminded}", saved.id))
            work.tell(CardChanged(rollout=saved.id))
            change(work, saved.reminded)
        said.send(saved.reminded)  # the acknowledgement that the parent counts
