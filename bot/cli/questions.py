"""`status`, `list`, `history`, `show`, `alarms`: read from the store, bot or no bot. The desk makes the answers."""

import json
import sys
from pathlib import Path
from typing import Any

from bot.cli import texts
from bot.cli.guarded import here
from bot.cli.options import Line
from bot.cli.place import ask_of, configured, this_user
from rollout.alarms.views import AlarmsReport
from rollout.errors import NotFound
from rollout.reports import Listing, Report
from store.lock import lock_is_held


def run(line: Line) -> int:
    """Print the answer as text, or as JSON: a list for `list` and `history`, else an object."""
    ask = ask_of(line)
    config = configured(line)
    if not config.store_path.exists():
        raise NotFound(f"there is no state at {config.store_path}", "tidegate run makes it; or see [store] path")
    from bot.app import open_desk  # late: brings Slack and AWS in

    report = open_desk(config).report(ask, this_user())
    if line.json:
        json.dump(_plain(report), sys.stdout)
        print()
    else:
        print(here(texts.render(report)))
    _say_if_nobody_looks(config.store_path, report)
    return 0


def _say_if_nobody_looks(path: Path, report: Report) -> None:
    """What the store says is only as new as the last look: without a bot a live rollout stands still, unwatched."""
    if isinstance(report, AlarmsReport):
        if not lock_is_held(path):
            print("no bot runs on this store: alarms are as the last sweep saw them; tidegate run", file=sys.stderr)
        return
    cards = report.cards if isinstance(report, Listing) else (getattr(report, "card", None),)
    if any(card is not None and card.rollout.live for card in cards) and not lock_is_held(path):
        print("no bot runs on this store: nothing moves and no alarm is watched; tidegate run", file=sys.stderr)


def _plain(report: Report) -> Any:
    if isinstance(report, Listing):
        return [card.model_dump(mode="json") for card in report.cards]
    return report.model_dump(mode="json")
