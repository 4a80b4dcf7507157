"""What every command needs first: configuration, the words as an Ask, who asks. Nothing is decided here."""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from bot.cli.options import Line, Usage
from bot.cli.table import usage_of
from bot.config import Config, load
from handlers.words import parse_words
from rollout.ask import Ask
from rollout.people import Actor


def config_path(line: Line, environ: Mapping[str, str]) -> Path:
    """--config, else TIDEGATE_CONFIG, else ./tidegate.toml."""
    return Path(line.config or environ.get("TIDEGATE_CONFIG", "") or "tidegate.toml")


def configured(line: Line) -> Config:
    """The configuration; BadConfigs with every mistake."""
    return load(config_path(line, os.environ), os.environ)


def ask_of(line: Line) -> Ask:
    """The words after the verb as a wish, read by the grammar of /deploy; BadInput when they are none.

    A bare number is a rollout: an unquoted `#42` is a comment to the shell.
    """
    words = [part for word in line.words for part in _parted(word)]
    if words and words[0].isascii() and words[0].isdigit() and line.verb not in ("start", "history", "unlock"):
        words[0] = f"#{words[0]}"
    return parse_words([line.verb, *words])


def _parted(word: str) -> list[str]:
    """`--reason=two words` is an option and its value: to the grammar a word with blanks is one in quotes."""
    head, equals, value = word.partition("=")
    return [head, value] if head == "--reason" and equals and " " in value else [word]


def no_words(line: Line) -> None:
    """Refuse words after a verb that takes none."""
    if line.words:
        raise Usage(f"{line.words[0][:40]!r} is a word too many", usage_of(line.verb).splitlines()[0])


def this_user() -> Actor:
    """`cli:<os user>`, by the process's real user id: USER and LOGNAME are anybody's to set."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Actor(kind="principal", id=f"cli:{name}", name=name)
