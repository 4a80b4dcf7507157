"""`run`, `demo`: the commands about the bot itself. What the bot is made of is app.py's."""

import logging
import os
from importlib.metadata import entry_points
from typing import Literal

from bot.cli.options import Line, Usage
from bot.cli.place import config_path, no_words
from bot.config import load_to_run
from bot.config.access import known_secrets
from bot.logs import set_up
from rollout.errors import BadConfig, Refused


def run(line: Line) -> int:
    """One of the two."""
    if line.json:
        raise Usage(f"{line.verb} has no JSON", f"tidegate {line.verb}")
    if line.verb == "demo":
        return _demo(line)
    no_words(line)
    return _bot(line)


def _bot(line: Line) -> int:
    config, access = load_to_run(config_path(line, os.environ), os.environ)
    set_up(style=style(), secrets=known_secrets(os.environ))
    for warning in (*config.warnings, *access.warnings):
        logging.getLogger(__name__).warning("%s", warning)
    from bot.app import run as run_bot  # late: brings Slack and AWS in

    return run_bot(config, access)


def style() -> Literal["json", "text"]:
    """How logs are written: TIDEGATE_LOG; BadConfig when it says neither."""
    said = os.environ.get("TIDEGATE_LOG", "") or "json"
    match said:
        case "json" | "text":
            return said
    raise BadConfig(f"TIDEGATE_LOG is {said[:40]!r}", "set it to json or text, or unset it")


def _demo(line: Line) -> int:
    found = list(entry_points(group="tidegate.commands", name="demo"))
    if not found:
        raise Refused("the demo is not installed", "pip install 'tidegate[demo]'")
    try:
        code: int = found[0].load()(list(line.words))
    except ModuleNotFoundError as missing:
        raise Refused(
            f"the demo needs {missing.name}, which is not installed", "pip install 'tidegate[demo]'"
        ) from None
    return code
