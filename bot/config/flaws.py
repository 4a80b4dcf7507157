"""Mistakes in the configuration: what one is, how they are gathered and read. Finding them is elsewhere."""

import difflib
import zoneinfo
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic_core import PydanticCustomError

from bot.logs import Redactor
from rollout.errors import BadConfig
from rollout.values import Frozen

Place = tuple[str | int, ...]
"""Where something stands: keys and list positions from the top of the file."""


class Flaw(Frozen):
    """One mistake: where, what (a lower-case fact with its values, never a secret), and the fix."""

    place: str
    fact: str
    hint: str = ""
    line: int | None = None
    """For syntax: the line; the place is empty then."""
    environment: bool = False
    """The place is a variable of the environment, not of the file."""


class BadConfigs(BadConfig):
    """Every mistake that was found, at once; `str()` is what a person is shown."""

    def __init__(self, path: Path | str, flaws: Iterable[Flaw]) -> None:
        self.path = str(path)
        self.flaws = tuple(flaws)
        count = len(self.flaws)
        super().__init__(f"{self.path} has {count} {'mistake' if count == 1 else 'mistakes'}")

    def __str__(self) -> str:
        return "\n".join(_said(self.path, flaw) for flaw in self.flaws)


def _said(path: str, flaw: Flaw) -> str:
    path = "environment" if flaw.environment else path
    where = f"{path}:{flaw.line}" if flaw.line is not None else f"{path}: {flaw.place}" if flaw.place else path
    hint = "".join(f"\n    {line}" for line in flaw.hint.splitlines())
    return f"{where}: {flaw.fact}{hint}"


class Findings:
    """Gathers flaws: the first word about a place stands, secrets are taken out of every text."""

    def __init__(self, redactor: Redactor) -> None:
        self._redact = redactor
        self._found: dict[str, Flaw] = {}

    def add(self, at: Place, fact: str, hint: str = "", *, line: int | None = None) -> None:
        """Note one mistake; a second one about the very same place is the echo of the first."""
        clean = self._redact
        flaw = Flaw(place=clean(spell(at)), fact=clean(fact), hint=clean(hint), line=line)
        self._found.setdefault(flaw.place, flaw)

    def lacking(self, variable: str, fact: str, hint: str) -> None:
        """Note a mistake in the environment, by the variable's name only."""
        flaw = Flaw(place=variable, fact=self._redact(fact), hint=self._redact(hint), environment=True)
        self._found.setdefault(f"${variable}", flaw)

    def put(self, flaw: Flaw) -> None:
        """Take over a flaw that was noted elsewhere."""
        self._found.setdefault(flaw.place, flaw)

    def any_under(self, at: Place) -> bool:
        """True when a mistake at this place, or inside it, was noted."""
        top = self._redact(spell(at))
        return any(place == top or place.startswith((top + ".", top + "[")) for place in self._found)

    def clean(self, value: object) -> object:
        """The value without what could be a secret."""
        return self._redact(value) if isinstance(value, str) else value

    def shown(self, value: object) -> str:
        """A value as it may be quoted in a fact: short, and without what could be a secret."""
        return shown(self.clean(value))

    def fresh(self) -> "Findings":
        """Empty findings that hide the same secrets."""
        return Findings(self._redact)

    def __iter__(self) -> Iterator[Flaw]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)


def spell(at: Place) -> str:
    """The place as a key path: `apps.my-app.env.prod.alarms[1].no_data`; odd keys stand in quotes."""
    out = ""
    for part in at:
        if isinstance(part, int):
            out += f"[{part}]"
            continue
        bare = part != "" and all(c.isascii() and (c.isalnum() or c in "-_") for c in part)
        out += ("." if out else "") + (part if bare else repr(part[:40]))
    return out


def shown(value: object) -> str:
    """A value in few words: text quoted and cut, tables and lists named only."""
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:59] + "…")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    return str(value)[:40]


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or empty."""
    names = list(known)
    found = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    if found:
        return found[0]
    return next((name for name in names if len(word) > 1 and name.startswith(word.lower())), "")


def nearest_zone(word: str) -> str:
    """The time zone that was probably meant by its city, or by a slip of the pen; empty when none was."""
    zones = sorted(zoneinfo.available_timezones())
    same = [zone for zone in zones if zone.rpartition("/")[2].lower() == word.replace(" ", "_").lower()]
    found = same or difflib.get_close_matches(word, zones, n=1, cutoff=0.7)
    return next((zone for zone in found if zone != word), "")


def suggest(word: str, known: Iterable[str], label: str) -> str:
    """`did you mean prod? environments: prod, dev`: the nearest of what exists, and all of it."""
    names = sorted(known)
    guess = nearest(word, names)
    listed = f"{label}: {', '.join(names)}" if names else f"{label}: none yet"
    return f"did you mean {guess}? {listed}" if guess else listed


def wrong(fact: str, hint: str) -> PydanticCustomError:
    """What a validator of ours raises: explain.py finds fact and hint again."""
    return PydanticCustomError("flaw", "{fact}", {"fact": fact, "hint": hint})
