"""Options of one verb beside `tidegate`'s own: taken out of its words, unknown ones refused. No meaning here."""

from collections.abc import Mapping

from bot.cli.options import Line, Usage

_LARGEST = 2**63 - 1


def read_flags(line: Line, known: Mapping[str, str], many: str = "") -> dict[str, list[str]]:
    """What was given, by option. `known` says what each option takes, "" for a switch; `many` may stand repeatedly."""
    found: dict[str, list[str]] = {}
    rest = list(line.words)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if not name.startswith("-"):
            raise Usage(f"{name[:40]!r} is a word too many", _listed(line, known))
        if name not in known:
            raise Usage(f"{name[:40]!r} is not an option of {line.verb}", _listed(line, known))
        if not known[name] and equals:
            raise Usage(f"{name} takes no value", _listed(line, known))
        if known[name] and not equals:
            value = rest.pop(0) if rest else ""
        if known[name] and not value:
            raise Usage(f"{name} names no {known[name]}", f"tidegate {line.verb} {name} {known[name]}")
        if name in found and name != many:
            raise Usage(f"{name} is given twice", f"tidegate {line.verb} {name} {known[name]}".rstrip())
        found.setdefault(name, []).append(value)
    return found


def whole_number(text: str, name: str, least: int = 0) -> int:
    """The value of an option that counts something; Usage when it is no such number."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
    if not least <= number <= _LARGEST:
        raise Usage(f"{name} is {text[:40]!r}", f"{name} takes a whole number from {least} on")
    return number


def _listed(line: Line, known: Mapping[str, str]) -> str:
    options = [f"{name} {value}".rstrip() for name, value in known.items()]
    return f"options of {line.verb}: {', '.join([*options, '--config FILE', '--json', '--help'])}"
