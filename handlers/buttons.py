"""Buttons: what travels in them, and back. A value is untrusted: it is parsed as strictly as typed text.

The bound (rollout, step, plan hash) says what the person saw; the desk decides whether it still holds (S9).
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from handlers.escape import plain
from rollout.alarms.presses import PRESSES
from rollout.ask import Ask, Bound
from rollout.errors import BadInput
from rollout.values import Frozen
from rollout.verbs import VERBS

HAVE_IT = "have-it"
"""[I have it] under a page: no wish about traffic, it stops the repeated call."""
OPEN = "tidegate:open"
"""The action id of a link: Slack tells of the press all the same, and there is nothing to do."""
PRESSED = {*VERBS, HAVE_IT, *PRESSES}
LIMIT = 2000
LABEL = 75
_ACTION = re.compile(r"tidegate:([a-z][a-z0-9-]{0,30})(?::[a-z0-9-]{1,30})?")
ACTION_ID = re.compile(rf"\A{_ACTION.pattern}\Z")
_RELOAD = "use the buttons of the present card, or type the command"


class ButtonValue(Frozen):
    """What a button carries: never a secret, never a name. It is about one rollout or about one notice of alarms."""

    v: Literal[1] = 1
    verb: str
    rollout: Annotated[int, Field(ge=0, le=10**15, strict=True)] = 0
    alert: Annotated[int, Field(ge=0, le=10**15, strict=True)] = 0
    step: Annotated[int, Field(ge=0, le=1000, strict=True)] = 0
    plan_hash: Annotated[str, Field(pattern=r"^([0-9a-f]{12})?$")] = ""
    wait: Annotated[str, Field(pattern=r"^([0-9a-f]{12})?$")] = ""
    full: Annotated[bool, Field(strict=True)] = False
    force: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _about_one_thing(self) -> Self:
        on_alert = self.verb in PRESSES
        if (self.alert > 0) != on_alert or (self.rollout > 0) == on_alert:
            raise ValueError("exactly one of rollout and alert is named, the one that the verb is about")
        if on_alert and (self.step or self.plan_hash or self.wait or self.full or self.force):
            raise ValueError("a notice has no step, no plan and no options")
        return self

    @classmethod
    def read(cls, text: object) -> "ButtonValue":
        """The value as it came back; BadInput when it is not one of ours."""
        if not isinstance(text, str) or len(text) > LIMIT:
            raise BadInput("the button carries nothing that can be read", _RELOAD)
        try:
            value = cls.model_validate_json(text)
        except ValidationError:
            raise BadInput("the button carries something else than it should", _RELOAD) from None
        if value.verb not in PRESSED:
            raise BadInput("the button asks for something that does not exist", _RELOAD)
        return value

    @property
    def wire(self) -> str:
        """What `read` reads back, without the fields of the other thing."""
        if self.alert:
            return self.model_dump_json(include={"v", "verb", "alert"})
        return self.model_dump_json(exclude={"alert"} if self.wait else {"alert", "wait"})

    def ask(self, *, reason: str = "", channel: str = "") -> Ask:
        """The wish behind the press."""
        if self.alert:
            return Ask(verb=self.verb, alert=self.alert, reason=reason, channel=channel)
        bound = None
        if self.plan_hash:
            bound = Bound(rollout=self.rollout, step=self.step, plan_hash=self.plan_hash, wait=self.wait)
        ask = Ask(verb=self.verb, ref=self.rollout, reason=reason, bound=bound, channel=channel)
        return ask.model_copy(update={"full": self.full, "force": self.force})

    @property
    def needs_reason(self) -> bool:
        """The press opens a form first."""
        return self.force or (self.verb in VERBS and VERBS[self.verb].reason == "must")

    @property
    def reads(self) -> bool:
        """The press only asks to be shown something."""
        return self.verb in VERBS and VERBS[self.verb].reads


def verb_of(action_id: object) -> str:
    """The verb an action id names; BadInput when it is none of ours."""
    found = _ACTION.fullmatch(action_id) if isinstance(action_id, str) else None
    if not found or found[1] not in PRESSED:
        raise BadInput("the button asks for something that does not exist", _RELOAD)
    return found[1]


def button(
    label: str, value: ButtonValue, *, style: str = "", confirm: dict[str, Any] | None = None, aloud: str = "",
    apart: str = "",
) -> dict[str, Any]:  # fmt: skip
    """A button; `aloud` is what a screen reader says where the label alone does not tell the target.

    `apart` tells it from another of the same verb in its row: Slack takes no action id twice.
    """
    suffix = "-".join(filter(None, ["full" if value.full else "force" if value.force else "", apart]))
    element = _element(f"tidegate:{value.verb}:{suffix}".rstrip(":"), label) | {"value": value.wire}
    if style:
        element["style"] = style
    if confirm:
        element["confirm"] = confirm
    return element | _aloud(aloud)


def link(label: str, url: str, *, aloud: str = "") -> dict[str, Any]:
    """A button that opens a page; its press asks for nothing."""
    return _element(OPEN, label) | {"url": url} | _aloud(aloud)


def _element(action_id: str, label: str) -> dict[str, Any]:
    text = {"type": "plain_text", "text": plain(label, LABEL), "emoji": False}
    return {"type": "button", "action_id": action_id, "text": text}


def _aloud(text: str) -> dict[str, Any]:
    return {"accessibility_label": plain(text, LABEL)} if text else {}


def confirm(title: str, text: str, yes: str, *, danger: bool) -> dict[str, Any]:
    """A question before the press counts: target and effect. It is no permission."""
    asked: dict[str, Any] = {
        "title": {"type": "plain_text", "text": plain(title, 100)},
        "text": {"type": "plain_text", "text": plain(text, 300)},
        "confirm": {"type": "plain_text", "text": plain(yes, 30)},
        "deny": {"type": "plain_text", "text": "Leave it"},
    }
    if danger:
        asked["style"] = "danger"
    return asked
