"""`run`, `demo`, `check`: the commands about the bot itself. What the bot is made of is app.py's."""

import logging
import os
from importlib.metadata import entry_points
from typing import Literal

from bot.cli import texts
from bot.cli.flags import read_flags
from bot.cli.guarded import told
from bot.cli.options import Line, Usage
from bot.cli.place import config_path, no_words
from bot.config import Access, Config, load_to_run
from bot.config.access import known_secrets
from bot.logs import set_up
from rollout.errors import BadConfig, Refused


def run(line: Line) -> int:
    """One of the three."""
    if line.json:
        raise Usage(f"{line.verb} has no JSON", f"tidegate {line.verb}")
    if line.verb == "demo":
        return _demo(line)
    if line.verb == "check":
        return _check(line, page="--page" in read_flags(line, {"--page": ""}))
    no_words(line)
    return _bot(line)


def _bot(line: Line) -> int:
    config, access = load_to_run(config_path(line, os.environ), os.environ)
    set_up(style=_style(), secrets=known_secrets(os.environ))
    for warning in (*config.warnings, *access.warnings):
        logging.getLogger(__name__).warning("%s", warning)
    from bot.app import run as run_bot  # late: brings Slack and AWS in

    return run_bot(config, access)


def _style() -> Literal["json", "text"]:
    style = os.environ.get("TIDEGATE_LOG", "") or "json"
    match style:
        case "json" | "text":
            return style
    raise BadConfig(f"TIDEGATE_LOG is {style[:40]!r}", "set it to json or text, or unset it")


def _check(line: Line, *, page: bool) -> int:
    path = config_path(line, os.environ)
    config, access = load_to_run(path, os.environ)
    _style()
    targets = [f"{name}/{env} ({target.kind})" for name, app in config.apps.items() for env, target in app.env.items()]
    print(f"{path}: ok")
    print(f"Slack by {'Socket Mode' if access.mode == 'socket' else 'HTTP'}, state in {config.store_path}")
    print(f"targets: {', '.join(targets)}")
    for warning in (*config.warnings, *access.warnings):
        print(f"warning: {warning}")
    return _page(config, access) if page else 0


def _page(config: Config, access: Access) -> int:
    """Call on every way, say what came of each; 1 when one failed."""
    from bot.cli.calling import call  # late: brings Slack and AWS in

    came = []
    for one in call(config, access):
        came.append(one.ok)
        if one.ok:
            print(texts.safe(one.text), flush=True)
        else:
            texts.complain(told(one.text, one.hint))
    return 0 if all(came) else 1


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
