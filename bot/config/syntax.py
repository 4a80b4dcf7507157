"""The text of `tidegate.toml` into plain tables, or the line that is no TOML. No meaning here."""

import re
import tomllib
from pathlib import Path
from typing import Any

from bot.config.flaws import BadConfigs, Flaw
from bot.logs import Redactor

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_QUOTES = "“”„‘’«»"
_PART = r"""(?:(?<![\w-])[\w-]++|"[^"\n]*"|'[^'\n]*')"""
_DEEP = re.compile(rf"{_PART}(?:[ \t]*\.[ \t]*{_PART}){{{(DEEPEST := 32)}}}")
"""A key of more parts than any of ours. The parser's time and memory grow with the square: 10,000 parts take 400 MB."""


def read_toml(path: Path, redact: Redactor) -> dict[str, Any]:
    """Read the file; lists come as tuples. BadConfigs with file and line when it cannot be read."""
    text = _text(path)
    if deep := _DEEP.search(text):
        line = text.count("\n", 0, deep.start()) + 1
        fact = f"something of more than {DEEPEST} parts with dots between them"
        raise BadConfigs(path, [Flaw(place="", line=line, fact=fact, hint="no key here has more than six")])
    try:
        tables = tomllib.loads(text)
        frozen: dict[str, Any] = {key: _freeze(value) for key, value in tables.items()}
    except tomllib.TOMLDecodeError as error:
        raise BadConfigs(path, [_flaw(str(error), text, redact)]) from None
    except (RecursionError, ValueError) as error:
        fact = "it is nested too deeply" if isinstance(error, RecursionError) else "a number in it is too long"
        raise BadConfigs(path, [Flaw(place="", fact=fact, hint="shorten it")]) from None
    return frozen


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        flaw = Flaw(
            place="",
            fact="there is no such file",
            hint="write one (docs/configuration.md), or name yours with --config or TIDEGATE_CONFIG",
        )
    except IsADirectoryError:
        flaw = Flaw(place="", fact="it is a folder", hint=f"name the file in it: {path / 'tidegate.toml'}")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        flaw = Flaw(place="", line=line, fact="the file is not UTF-8", hint="save it as UTF-8")
    except OSError as error:
        flaw = Flaw(place="", fact=f"it cannot be read: {error.strerror}", hint="check who may read it")
    raise BadConfigs(path, [flaw])


def _flaw(message: str, text: str, redact: Redactor) -> Flaw:
    lines = text.split("\n")
    found = _AT.search(message)
    line = int(found[1]) if found and found[1] else len(text.rstrip("\n").split("\n"))
    fact = _AT.sub("", message)
    column = f"column {found[2]}: " if found and found[2] else ""
    return Flaw(
        place="", line=line, fact=redact(column + fact[:1].lower() + fact[1:]),
        hint=_fix(fact, lines[min(line, len(lines)) - 1]),
    )  # fmt: skip


def _fix(fact: str, line: str) -> str:
    if any(quote in line for quote in _QUOTES):
        return 'use plain quotes: "…"'
    if "overwrite" in fact or "twice" in fact or "Cannot mutate" in fact or "Cannot declare" in fact:
        return "this name stands twice: keep one of them"
    if "Invalid value" in fact:
        return 'put text in quotes, like mode = "socket"; numbers, true and false stand without'
    if "after a key" in fact or "Invalid statement" in fact:
        return "a line is key = value or [table]; a key with other signs than a-z, 0-9, - and _ needs quotes"
    if "escape" in fact:
        return "write a backslash twice, or the text in 'single quotes'"
    if "Illegal character" in fact or "Un" in fact or "Expected" in fact:
        return "a quote or bracket is not closed on this line"
    return "see https://toml.io for the notation"


def _freeze(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_freeze(inner) for inner in value)
    if isinstance(value, dict):
        return {key: _freeze(inner) for key, inner in value.items()}
    return value
