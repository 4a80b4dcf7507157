"""The bricks: blocks and texts of Slack's kit, cut to its limits. No word about deployments here.

Limits: docs.slack.dev/reference/block-kit. All texts of one message together stay under the undocumented cap
of about 13,200 characters (github.com/slackapi/bolt-js/issues/2509).
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import PlainValidator

from handlers.escape import Mrkdwn, clip, escape, fit, join, md, plain
from rollout.people import Actor
from rollout.values import Frozen

Block = dict[str, Any]

SECTION = 2900
HEADER = 150
CONTEXT = 1900
TEXT = 3000
ALT = 2000
TOTAL = 12_500
"""Characters of all texts of one message's blocks together."""
_PERSON = re.compile(r"[UW][A-Z0-9]{1,30}")
_GROUP = re.compile(r"S[A-Z0-9]{1,30}")


class Message(Frozen):
    """What a message shows: `text` for notifications and aloud, `blocks` for the eye. Both say it all."""

    text: Annotated[Mrkdwn, PlainValidator(escape)]
    blocks: tuple[Block, ...] = ()

    @property
    def payload(self) -> dict[str, Any]:
        """The arguments for Slack."""
        return {"text": str(self.text), "blocks": [*self.blocks]}


def message(text: str, blocks: Iterable[Block]) -> Message:
    """A message with its text cut to what Slack advises, and its blocks to what Slack takes in all."""
    return Message(text=fit(join("", [text]), TEXT), blocks=tuple(_within([*blocks])))


def _within(blocks: list[Block]) -> Iterator[Block]:
    """The blocks as they are; where they are too long together the last paragraphs lose their ends."""
    room = TOTAL - sum(_characters(block) for block in blocks if block["type"] != "section")
    for block in blocks:
        size = _characters(block)
        if block["type"] != "section" or size <= room:
            yield block
        elif room > 1:
            yield section(Mrkdwn(block["text"]["text"]), room)
        room -= size if block["type"] == "section" else 0


def _characters(node: object) -> int:
    if isinstance(node, dict):
        own = len(node["text"]) if isinstance(node.get("text"), str) else 0
        return own + sum(map(_characters, node.values()))
    return sum(map(_characters, node)) if isinstance(node, list) else 0


def header(text: str) -> Block:
    """A heading: what readers aloud jump to."""
    return {"type": "header", "text": {"type": "plain_text", "text": plain(text, HEADER), "emoji": False}}


def section(text: str, limit: int = SECTION) -> Block:
    """A paragraph. `verbatim`: names and addresses in foreign text become no links."""
    return {"type": "section", "text": _mrkdwn(text, limit)}


def context(*texts: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [_mrkdwn(text, CONTEXT) for text in texts[:10]]}


ROW = "tidegate-moves"


def actions(buttons: Iterable[Block], row: str = ROW) -> list[Block]:
    """A row of at most five buttons; nothing when there is none."""
    elements = list(buttons)[:5]
    # The same name in every render: a press that comes from a dialog opened before the last edit still finds its row.
    return [{"type": "actions", "block_id": row, "elements": elements}] if elements else []


def image(file: str, alt: str, title: str) -> Block:
    """A picture that Slack holds already; `alt` says in words what it shows."""
    said = {"type": "plain_text", "text": plain(title, 200)}
    words = plain(alt, ALT).strip() or "a graph without words"
    return {"type": "image", "slack_file": {"id": file}, "alt_text": words, "title": said}


def link(url: str, label: str, limit: int = 120) -> Mrkdwn:
    """A live link of our own making; without an address only the label."""
    shown = clip(label if label.strip() else "without a name", limit)
    return md("<{}|{}>", url, shown) if url else shown


def paragraphs(lines: Iterable[str], limit: int = SECTION) -> list[Block]:
    """Lines as few sections as they fit in."""
    blocks: list[Block] = []
    held = Mrkdwn()
    for line in lines:
        longer = join("\n", [held, fit(join("", [line]), limit)])
        if len(longer) > limit:
            blocks.append(section(held, limit))
            longer = fit(join("", [line]), limit)
        held = longer
    return [*blocks, section(held, limit)] if held else blocks


def date(at: datetime, now: datetime) -> Mrkdwn:
    """An absolute time in the reader's own zone; with the day when it is not close to `now`."""
    if abs(at - now) < timedelta(hours=12):
        return _date(at, "{time}", at.strftime("%H:%M UTC"))
    return _date(at, "{date_short_pretty} {time}", at.strftime("%Y-%m-%d %H:%M UTC"))


def date_exact(at: datetime) -> Mrkdwn:
    """The same with seconds."""
    return _date(at, "{time_secs}", at.strftime("%H:%M:%S UTC"))


def day(at: datetime) -> Mrkdwn:
    """The same with the day, always."""
    return _date(at, "{date_short} {time}", at.strftime("%Y-%m-%d %H:%M UTC"))


def _date(at: datetime, shape: str, fallback: str) -> Mrkdwn:
    parts = (Mrkdwn(str(int(at.timestamp()))), Mrkdwn(shape), Mrkdwn(fallback))
    return md("<!date^{}^{}|{}>", *parts)


def mention(id: str) -> Mrkdwn:
    """A live mention of a person or group; anything that is no id stays text."""
    if _PERSON.fullmatch(id):
        return md("<@{}>", id)
    if _GROUP.fullmatch(id):
        return md("<!subteam^{}>", id)
    return clip(id, 80)


def join_mentions(ids: Iterable[str]) -> Mrkdwn:
    """Live mentions of every id that is one; others are left out: a call must not only look like one."""
    known = [one for one in ids if _PERSON.fullmatch(one) or _GROUP.fullmatch(one)]
    return join(" ", [mention(one) for one in known[:20]])


def who(actor: Actor) -> Mrkdwn:
    """A person as a mention, so that the reader sees the present name; a principal by its name."""
    return mention(actor.id) if actor.kind == "person" else clip(actor.name or actor.id, 80)


def named(actor: Actor) -> Mrkdwn:
    """A person by name, which notifies nobody; without a name the mention is all there is."""
    if actor.kind == "person":
        return md("@{}", clip(actor.name, 80)) if actor.name else mention(actor.id)
    return clip(actor.name or actor.id, 80)


def length(span: timedelta) -> str:
    """A span as people say it: `41 s`, `5 min`, `1 h 20 min`."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def bar(percent: int) -> str:
    """A weight as twenty cells; a trickle shows, and only 100 % is full."""
    cells = 20 if percent >= 100 else min(19, max(1 if percent > 0 else 0, round(percent / 5)))
    return "█" * cells + "░" * (20 - cells)


def _mrkdwn(text: str, limit: int) -> Block:
    return {"type": "mrkdwn", "text": fit(join("", [text]), limit) or " ", "verbatim": True}
