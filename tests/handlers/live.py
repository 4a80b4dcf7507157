"""What Slack would bring to life in a payload, and what a payload must never hold. For assertions only."""

import re
import unicodedata
from collections.abc import Iterator

CONSOLE = (
    r"https://[a-z0-9-]+\.console\.(aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)"
    r"/cloudwatch/home\?region=[a-z0-9-]+#alarmsV2:(alarm/[A-Za-z0-9_.~%-]+)?"
)
"""The only addresses of our own."""
GIVEN = r"https://(logs\.)?example\.com/[A-Za-z0-9_.~%/-]+"
"""Those that the samples' configuration gives: a release's name in them cannot end them."""
TRIED = r"(http://shop-1\.eu-central-1\.elb\.amazonaws\.com:9000|https://a\.example\.com)/"
"""Test addresses of the samples."""
# Everything between < and > is live in mrkdwn: mentions, links, dates. We send these five and nothing else.
OURS = re.compile(
    r"<@[UW][A-Z0-9]+>|<!subteam\^S[A-Z0-9]+>|<!date\^\d+\^(\{[a-z_]+\} ?)+\|\d[0-9:\- ]+ UTC>"
    rf"|<{CONSOLE}\|[^<>]+>|<{GIVEN}\|[^<>]+>|<{TRIED}\|[^<>]+>"
)
EVIL = re.compile(r"<(@U|!subteam\^S)0EVIL>|<!date\^666\^|<https:[^|>]*alarm/0EVIL\|")
"""Those of the corpus: in shape like ours, so that only their ids tell them apart."""
ENTITY = re.compile(r"&(amp|lt|gt);")


def strings(node: object) -> Iterator[tuple[str, bool]]:
    """Every text a payload shows, and whether Slack reads it as mrkdwn."""
    if isinstance(node, dict):
        text = node.get("text")
        if isinstance(text, str):
            yield text, node.get("type") != "plain_text"
        if isinstance(node.get("alt_text"), str):
            yield node["alt_text"], False
        for key, value in node.items():
            if key != "text" or not isinstance(value, str):
                yield from strings(value)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from strings(item)


def leaks(payload: object) -> list[str]:
    """Live or broken pieces of foreign text, and characters that are none; [] when there is nothing."""
    found = []
    for text, mrkdwn in strings(payload):
        if EVIL.search(text):
            found.append(f"live: {text[:80]!r}")
        rest = OURS.sub("", text)
        if "<" in rest or ">" in rest.replace("‹", ""):
            found.append(f"live: {rest[:80]!r}")
        if mrkdwn and "&" in ENTITY.sub("", text):
            found.append(f"half an entity: {text[:80]!r}")
        if any(unicodedata.category(char) in ("Cc", "Cf", "Cs") and char != "\n" for char in text):
            found.append(f"control character: {text[:80]!r}")
    return found
