"""`links` of a target: addresses that stand on its cards. What is in braces is filled in when a card is drawn."""

import re
from string import Formatter

from bot.config.flaws import shown, wrong
from bot.config.names import NAME

PLACES = ("app", "env", "region", "from", "to", "from_commit", "to_commit")
"""What may stand in braces: the target, the releases that a rollout goes from and to, the commits of their images."""
MOST = 5
_EXAMPLE = 'links = { logs = "https://logs.example.com/{app}", commits = "https://example.com/compare/{from}...{to}" }'
_ADDRESS = re.compile(r"https://[^\s<>|\"\\^`]{1,1000}")


def read_links(value: object) -> object:
    """A table of names and addresses, each of them whole and over HTTPS."""
    if not isinstance(value, dict):
        raise wrong(f"{shown(value)} is not a table of addresses", f"write {_EXAMPLE}")
    if len(value) > MOST:
        raise wrong(f"{len(value)} links are too many for a card", f"at most {MOST}")
    for name, address in value.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise wrong(f"{shown(name)} cannot name a link", f"write {_EXAMPLE}")
        if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
            raise wrong(f"{shown(address)} is not an address that begins with https://", f"write {_EXAMPLE}")
        _places(address)
    return value


def _places(address: str) -> None:
    try:
        found = [(place, spec, how) for _, place, spec, how in Formatter().parse(address) if place is not None]
    except ValueError:
        raise wrong(f"the braces in {shown(address)} do not fit together", f"write {_EXAMPLE}") from None
    for place, spec, how in found:
        if place not in PLACES or spec or how:
            known = ", ".join(f"{{{one}}}" for one in PLACES)
            raise wrong(f"{{{place}}} is nothing that a link can say", f"known: {known}")
