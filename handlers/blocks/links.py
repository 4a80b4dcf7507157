"""The links on a card: addresses that the target's configuration gives, with what this rollout puts in them."""

from urllib.parse import quote

from handlers.blocks.parts import link
from handlers.escape import Mrkdwn, join
from rollout.model import Rollout

LONGEST = 1500
"""Of all links together: a card's small print holds two thousand characters."""


def links(rollout: Rollout) -> Mrkdwn:
    """`logs · dashboard · commits`; nothing where none are configured, or what one names is not known (yet)."""
    told: list[Mrkdwn] = []
    room = LONGEST
    given = rollout.terms.settings.get("links")
    for name, address in (given.items() if isinstance(given, dict) else ()):
        url = _filled(str(address), rollout)
        room -= len(url)
        if url and room >= 0:
            told.append(link(url, str(name), 40))
    return join(" · ", told)


def _filled(address: str, rollout: Rollout) -> str:
    """What is foreign is percent-encoded: a release's name cannot end the address or begin another."""
    if rollout.stable is None or rollout.candidate is None:
        return ""
    fills = {
        "app": rollout.app, "env": rollout.env, "region": str(rollout.terms.settings.get("region", "")),
        "from": rollout.stable.id, "to": rollout.candidate.id,
    }  # fmt: skip
    for place, release in (("from_commit", rollout.stable), ("to_commit", rollout.candidate)):
        fills[place] = release.pinned.get("revision", "")
        if not fills[place] and f"{{{place}}}" in address:
            return ""  # the look at its start said why: an address with a hole leads nowhere
    for place, value in fills.items():
        address = address.replace(f"{{{place}}}", quote(value, safe="", errors="replace"))
    return address
