"""The buttons under a notice about alarms: legal ones only, and none but the link once nothing is bad."""

from collections.abc import Sequence

from handlers.blocks.alarm_words import region_of
from handlers.blocks.alert_live import first_gated
from handlers.blocks.moves import way_back
from handlers.blocks.parts import Block, actions
from handlers.buttons import ButtonValue, button, link
from handlers.cloudwatch import alarm_url
from rollout.alarms.model import PLACE, Line
from rollout.alarms.presses import PRESSES, SPANS
from rollout.alarms.views import AlertView

MUTES = "tidegate-mutes"
"""The name of the second row; see parts.ROW for why it never changes."""
_BACK = 2


def rows(view: AlertView, lines: Sequence[Line]) -> list[Block]:
    """What can be done about it, then what can be silenced."""
    opened = _open(view, lines)
    if not view.alert.bad:
        return [*actions(opened), *actions((_press(view, lines, v) for v in _mutes(view) if v == "unmute"), MUTES)]
    back = [one for one in map(way_back, first_gated(view)) if one is not None][:_BACK]
    taken = [] if view.alert.taken else [_press(view, lines, "ack")]
    return [*actions([*back, *taken, *opened]), *actions((_press(view, lines, v) for v in _mutes(view)), MUTES)]


def _mutes(view: AlertView) -> list[str]:
    """Mutes while one bad alarm is not silenced, [Unmute] while one is."""
    muted = {one.key for one in view.states if one.muted is not None and one.muted.holds(view.now)}
    bad = {line.key for line in view.alert.bad}
    lifted = muted & {line.key for line in view.alert.lines} if view.alert.open else set()
    return [*([] if bad <= muted else SPANS), *(["unmute"] if lifted else [])]


def _press(view: AlertView, lines: Sequence[Line], verb: str) -> Block:
    label = PRESSES[verb]
    return button(label, ButtonValue(verb=verb, alert=view.alert.id), aloud=f"{label}: {_about(view, lines)}")


def _open(view: AlertView, lines: Sequence[Line]) -> list[Block]:
    """Leads to the first one; what is deleted or unreadable has no page, so it leads to its region's list."""
    line = next((one for one in lines if one.key.kind != PLACE and one.state != "ABSENT"), lines[0])
    page = line.key.kind != PLACE and line.state != "ABSENT"
    url = alarm_url(region_of(line.key, view.regions), line.key.name if page else "")
    label = "Open in CloudWatch"
    return [link(label, url, aloud=f"{label}: {_about(view, [line])}")] if url else []


def _about(view: AlertView, lines: Sequence[Line]) -> str:
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    key = lines[0].key
    return f"{view.alert.app}, {region_of(key, view.regions) if key.kind == PLACE else key.name[:40]}{more}"
