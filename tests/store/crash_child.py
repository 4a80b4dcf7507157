"""A process to be killed: commits one unit after another and says each number only after it was kept."""

import sys

from rollout.actions import Shift
from rollout.notices import CardChanged
from store import open_store
from tests.store.make import NOW, answered, entry, rollout


def main(path: str) -> None:
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
        print(saved.reminded, flush=True)  # noqa: T201 - the acknowledgement that the parent counts


if __name__ == "__main__":
    main(sys.argv[1])
