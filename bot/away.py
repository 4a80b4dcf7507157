"""What the log says of rollouts that nobody looked at while the bot was away. Cards and threads: rollout/rounds.py."""

import logging

from store import Store

log = logging.getLogger(__name__)


def say_away(store: Store) -> None:
    """A line for each live rollout that was told so and was not looked at since."""
    with store.reads() as reads:
        live = reads.all_live()
    for one in live:
        if one.away is not None and one.away.since == one.last_look:
            since, until = (f"{at:%Y-%m-%d %H:%M:%S}Z" for at in (one.away.since, one.away.until))
            log.warning("nobody looked at #%d %s from %s to %s: nothing was decided meanwhile", one.id, one.target,
                        since, until)  # fmt: skip
