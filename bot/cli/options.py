"""The command line into its verb, `tidegate`'s own options, and the verb's words. No meaning here."""

from collections.abc import Sequence
from typing import NamedTuple

from bot.cli.table import COMMANDS, LATER, SLACK_ONLY


class Usage(Exception):
    """The line cannot be understood: what stands there, and what to type."""

    def __init__(self, fact: str, hint: str) -> None:
        super().__init__(fact)
        self.fact = fact
        self.hint = hint


class Line(NamedTuple):
    """One command line, taken apart."""

    verb: str = ""
    words: tuple[str, ...] = ()
    config: str = ""
    """Empty: TIDEGATE_CONFIG, else ./tidegate.toml."""
    json: bool = False
    wait: bool = True
    help: bool = False


def read_line(argv: Sequence[str]) -> Line:
    """Take `--config FILE`, `--json`, `--no-wait`, `--help` out wherever they stand; the rest are words."""
    line = Line()
    words: list[str] = []
    rest = list(argv)
    if rest[:1] == ["demo"]:
        return Line("demo", tuple(rest[1:]))  # its options are its own
    while rest:
        word = rest.pop(0)
        if word in ("--help", "-h"):
            line = line._replace(help=True)
        elif word == "--json":
            line = line._replace(json=True)
        elif word == "--no-wait":
            line = line._replace(wait=False)
        elif word == "--config":
            line = line._replace(config=_file(rest.pop(0) if rest else ""))
        elif word.startswith("--config="):
            line = line._replace(config=_file(word.removeprefix("--config=")))
        else:
            words.append(word)
    line = _checked(line._replace(verb=words[0] if words else "", words=tuple(words[1:])))
    if not line.wait and line.verb and not line.help and COMMANDS[line.verb].module not in ("twins", "reloading"):
        raise Usage(f"{line.verb} waits for nobody: --no-wait means nothing here", f"tidegate {line.verb}")
    return line


def _file(name: str) -> str:
    if not name:
        raise Usage("--config names no file", "tidegate --config FILE <verb> …")
    return name


def _checked(line: Line) -> Line:
    if line.verb == "help":
        return line._replace(verb=line.words[0] if line.words else "", words=(), help=True)
    if line.verb == "audit":
        return _audit(line)
    if not line.verb or line.verb in COMMANDS:
        return line
    if line.verb in LATER:
        raise Usage(f"{line.verb} has not come yet", "tidegate --help lists what there is")
    if line.verb in SLACK_ONLY:
        raise Usage(f"{line.verb} is for Slack: /deploy {line.verb}", "tidegate --help lists what there is here")
    if line.verb.startswith("-"):
        raise Usage(f"{line.verb[:40]} is not an option here", "options: --config FILE, --json, --no-wait, --help")
    import difflib  # late: it is not needed for --help

    near = difflib.get_close_matches(line.verb, COMMANDS, n=1)
    guess = f"did you mean tidegate {near[0]}?" if near else f"to deploy: tidegate start {line.verb[:40]} …"
    raise Usage(f"{line.verb[:40]!r} is not a verb", f"{guess} tidegate --help lists the verbs")


def _audit(line: Line) -> Line:
    word = line.words[0] if line.words else ""
    if f"audit {word}" in COMMANDS:
        return line._replace(verb=f"audit {word}", words=line.words[1:])
    if line.help:
        return line._replace(verb="audit verify")
    there = " | ".join(f"tidegate {verb}" for verb in COMMANDS if verb.startswith("audit "))
    raise Usage(f"audit {word[:40]!r} is not a verb" if word else "audit does not say what", there)
