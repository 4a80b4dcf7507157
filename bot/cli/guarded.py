"""Runs one command and turns what it raises into words and an exit code: no tracebacks for mistakes."""

import importlib
import os
import re
import sys
import traceback
from collections.abc import Callable

from bot.cli.options import Line, Usage
from bot.cli.table import COMMANDS, SLACK_ONLY
from bot.config.access import known_secrets
from bot.config.flaws import BadConfigs
from bot.logs import Redactor
from rollout.errors import BadConfig, BadInput, TidegateError

_SLACKS = re.compile(r"/deploy (\S+)")


def run_command(line: Line) -> int:
    """The exit code of the command; every error is told on stderr as a fact and a hint."""
    module = importlib.import_module(f"bot.cli.{COMMANDS[line.verb].module}")
    command: Callable[[Line], int] = module.run
    try:
        return command(line)
    except BadConfigs as wrong:
        print(wrong, file=sys.stderr)
        return 2
    except TidegateError as error:
        print(told(error.fact, error.hint), file=sys.stderr)
        return 2 if isinstance(error, BadConfig | BadInput) else 1
    except KeyboardInterrupt:
        return 1
    except SystemExit as done:  # the demo's own argument parser
        return done.code if isinstance(done.code, int) else 1
    except (Usage, BrokenPipeError):
        raise  # main's
    except Exception:  # noqa: BLE001  # the last one who could show a traceback, and it may hold secrets
        print(Redactor(known_secrets(os.environ))(traceback.format_exc()), file=sys.stderr, end="")
        return 1


def told(fact: str, hint: str) -> str:
    """Fact and hint as this command line says them: the words of Slack's hints become its own."""
    text = f"tidegate: {fact}" + (f"\n    {hint}" if hint else "")
    return Redactor(known_secrets(os.environ))(here(text))


def here(text: str) -> str:
    """`/deploy status` as it is typed at a terminal. A start needs its verb here; what only Slack has stays Slack's."""
    return _SLACKS.sub(_typed, text)


def _typed(found: re.Match[str]) -> str:
    word = found[1].strip("`.,;:!?)")
    if word in SLACK_ONLY:
        return found[0]
    return f"tidegate {found[1]}" if word in COMMANDS or word in ("help", "audit") else f"tidegate start {found[1]}"
