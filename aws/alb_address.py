"""Where a rule's requests come in: the address that a person or a check can ask. Pure: no calls."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from aws.alb_facts import Rule
from aws.alb_replies import ListenerRow
from aws.faults import clip
from rollout.errors import TargetError

USUAL: Final = {"HTTP": 80, "HTTPS": 443}
HINT: Final = 'name the address: test = { url = "https://…" }'
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


class Address(BaseModel):
    """`url` as people write it, and the name of the load balancer that answers it. Kept in the snapshot."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    url: str
    via: str

    def of(self, path: str) -> str:
        """The same host with another path."""
        return "/".join(self.url.split("/", 3)[:3]) + path


def address_of(rule: Rule, listener: ListenerRow, via: str) -> Address:
    """The address that this rule answers. TargetError where none can be told: only a request of some kind meets it.

    A whole name in its host-header condition is the host, because only that meets the rule; who asks for a check
    connects to the load balancer itself, whose own name no certificate has.
    """
    port = listener.port or 0
    if listener.protocol not in USUAL or not port or not _NAME.fullmatch(via):
        shown = f"{clip(listener.protocol, 20) or 'no protocol'}, port {port}, {clip(via, 80) or 'no name'}"
        raise TargetError("config", f"{rule.words} has no address to ask: {shown}", HINT)
    asks = {condition.field for condition in rule.conditions} - {"host-header", "path-pattern", "source-ip"}
    if asks:
        told = clip(", ".join(sorted(asks)), 60)
        raise TargetError("config", f"{rule.words} wants a certain {told}, which no address carries", HINT)
    host = _host(rule, via)
    suffix = "" if port == USUAL[listener.protocol] else f":{port}"
    return Address(url=f"{listener.protocol.lower()}://{host}{suffix}{_path(rule)}", via=via)


def meets(rule: Rule, path: str) -> bool:
    """Whether a path gets to that rule."""
    patterns = _patterns(rule, "path-pattern")
    return not patterns or any(_matches(pattern, path) for pattern in patterns)


def _host(rule: Rule, via: str) -> str:
    patterns = _patterns(rule, "host-header")
    if not patterns:
        return via
    whole = next((name.lower() for name in patterns if _NAME.fullmatch(name)), "")
    if not whole:
        told = clip(", ".join(patterns), 80)
        raise TargetError("config", f"{rule.words} answers the hosts {told}, none of them a whole name", HINT)
    return whole


def _path(rule: Rule) -> str:
    patterns = _patterns(rule, "path-pattern")
    if not patterns:
        return "/"
    for pattern in patterns:
        start = re.split(r"[*?]", pattern, maxsplit=1)[0] or "/"
        if start.startswith("/") and _matches(pattern, start):
            return quote(start, safe="/~$'@:+&!(),;=")
    told = clip(", ".join(patterns), 80)
    raise TargetError("config", f"{rule.words} answers the paths {told}, of which no address can be made", HINT)


def _patterns(rule: Rule, field: str) -> Sequence[str]:
    found = [condition for condition in rule.conditions if condition.field == field]
    if any(not condition.patterns for condition in found):
        raise TargetError("config", f"{rule.words} has a {field} that is no plain pattern", HINT)
    return [pattern for condition in found for pattern in condition.patterns]


def _matches(pattern: str, path: str) -> bool:
    """As the load balancer does: `*` is anything, `?` one character, case counts."""
    wild = {"*": ".*", "?": "."}
    return re.fullmatch("".join(wild.get(one) or re.escape(one) for one in pattern), path, re.DOTALL) is not None
