"""`status`, `list`, `history`, `show`: read from the store, bot or no bot. The desk makes the answers."""

import json
import sys
from typing import Any

from bot.cli import texts
from bot.cli.guarded import here
from bot.cli.options import Line
from bot.cli.place import ask_of, configured, this_user
from rollout.errors import NotFound
from rollout.reports import Listing, Report


def run(line: Line) -> int:
    """Print the answer as text, or as JSON: a list for `list` and `history`, an object for one rollout."""
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
    return 0


def _plain(report: Report) -> Any:
    if isinstance(report, Listing):
        return [card.model_dump(mode="json") for card in report.cards]
    return report.model_dump(mode="json")
