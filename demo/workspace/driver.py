"""The hands and eyes of tests and scripts: a person, a channel. A thin layer over gestures and the board."""

from __future__ import annotations

from demo.workspace.blocks import elements
from demo.workspace.config import Channel, Person
from demo.workspace.core import Core
from demo.workspace.forms import Forms
from demo.workspace.gestures import Gestures
from demo.workspace.results import Result
from demo.workspace.view_state import value_key
from demo.workspace.wire import Json, Message, View


class Hands:
    """One person. Channels are named by name or id, buttons by action_id or label."""

    def __init__(self, core: Core, person: Person, gestures: Gestures, forms: Forms) -> None:
        self._core = core
        self._person = person
        self._gestures = gestures
        self._forms = forms

    @property
    def id(self) -> str:
        return self._person.id

    # -- doing ----------------------------------------------------------------------------------

    def slash(self, channel: str, line: str, thread_ts: str | None = None) -> Result:
        """Type `/deploy my-app canary` and wait for the ack."""
        return self._gestures.type_line(self._now(), self._core.channel(channel), line, thread_ts)

    def say(self, channel: str, text: str, thread_ts: str | None = None) -> Result:
        return self._gestures.say(self._now(), self._core.channel(channel), text, thread_ts)

    def press(self, message: Message, button: str, *, confirm: bool = True, choice: str | None = None) -> Result:
        """Press a button or choose an option of a message as it stands now.

        `confirm=False` answers its confirm dialog with the deny button: nothing is sent then.
        """
        now = self._core.board.message(message.channel, message.ts) or message
        block, element = _wanted(list(now.blocks), button)
        if "confirm" in element and not confirm:
            return Result(error="denied")
        return self._gestures.press(self._now(), message, (block, element), _choice(element, choice))

    def press_stale(self, message: Message, button: str) -> Result:
        """Press a button of an older state of a message, as a client does that has not redrawn yet."""
        return self._gestures.press(self._now(), message, _wanted(list(message.blocks), button), {})

    def press_in_view(self, button: str, *, choice: str | None = None, values: Json | None = None) -> Result:
        """Press a button of the open modal, or of the home tab when no modal is open."""
        view = self.view or self.home
        if view is None:
            raise LookupError(f"{self._person.name} has no modal and no home tab open")
        _, element = _wanted(view.blocks, button)
        chosen = _choice(element, choice)
        return self._forms.press(self._now(), view, element["action_id"], chosen, self._typed(view, values or {}))

    def submit_view(self, values: Json | None = None) -> Result:
        """Fill in `values` ({block_id or action_id: text, option value, list of them}) and submit."""
        view = self._open_view()
        return self._forms.submit(self._now(), view, self._typed(view, values or {}))

    def close_view(self, *, everything: bool = False) -> Result:
        return self._forms.close(self._now(), self._open_view(), everything=everything)

    def suggest(self, action_id: str, typed: str, message: Message | None = None) -> Result:
        """Type into an external_select of the open modal, or of `message`."""
        where: View | Message = message or self._open_view()
        blocks = list(where.blocks)
        block, _ = _wanted(blocks, action_id)
        return self._forms.suggest(self._now(), where, (block["block_id"], action_id), typed)

    def open_home(self) -> Result:
        return self._gestures.open_home(self._now())

    # -- seeing ---------------------------------------------------------------------------------

    @property
    def view(self) -> View | None:
        """The modal on top."""
        stack = self._core.board.stack(self._person.id)
        return stack[-1] if stack else None

    @property
    def views(self) -> list[View]:
        return self._core.board.stack(self._person.id)

    @property
    def home(self) -> View | None:
        return self._core.board.home(self._person.id)

    def sees(self, channel: str | None = None) -> list[Message]:
        """What this person sees, private messages included; of all channels when none is named."""
        where = self._core.channel(channel).id if channel else None
        return [m for m in self._core.board.messages(where) if m.only_to in (None, self._person.id)]

    @property
    def private(self) -> list[Message]:
        """The messages "only visible to you", oldest first, of all channels."""
        return [m for m in self._core.board.messages() if m.only_to == self._person.id]

    # -- inside ---------------------------------------------------------------------------------

    def _now(self) -> Person:
        """The person with the flags of this moment."""
        return self._core.person(self._person.id)

    def _open_view(self) -> View:
        if self.view is None:
            raise LookupError(f"{self._person.name} has no modal open")
        return self.view

    def _typed(self, view: View, values: Json) -> dict[str, dict[str, Json]]:
        typed: dict[str, dict[str, Json]] = {}
        left = dict(values)
        for block in view.blocks:
            for element in elements(block):
                for name in (block["block_id"], element.get("action_id", "")):
                    if name in left and value_key(element["type"]):
                        held = _choice(element, left.pop(name))
                        typed.setdefault(block["block_id"], {})[element["action_id"]] = held
        if left:
            raise LookupError(f"no input {', '.join(left)} in the view {view.callback_id}")
        return typed


class ChannelEyes:
    """One channel as everybody sees it: private messages left out."""

    def __init__(self, core: Core, channel: Channel) -> None:
        self._core = core
        self.id = channel.id

    @property
    def every(self) -> list[Message]:
        """All public messages as they stand now, thread replies included, oldest first."""
        return [m for m in self._core.board.messages(self.id) if not m.ephemeral]

    @property
    def messages(self) -> list[Message]:
        """The main column: roots and broadcast replies."""
        return [m for m in self.every if not m.in_thread or m.broadcast]

    def replies(self, root: Message | str) -> list[Message]:
        ts = root if isinstance(root, str) else root.ts
        return [m for m in self.every if m.in_thread and m.thread_ts == ts]

    def find(self, text: str) -> Message | None:
        """The newest message of the main column with `text` in its text or blocks."""
        return next((m for m in reversed(self.messages) if text in m.text or text in str(m.blocks)), None)


def _wanted(blocks: list[Json], button: str) -> tuple[Json, Json]:
    """By action_id, then by the label; what is there is named when nothing fits."""
    every = [(b, e) for b in blocks for e in elements(b) if "action_id" in e]
    for block, element in every:
        if element["action_id"] == button:
            return block, element
    for block, element in every:
        if _label(element) == button:
            return block, element
    there = ", ".join(f"{e['action_id']} ({_label(e)})" for _, e in every) or "nothing"
    raise LookupError(f"no {button!r} to press; there is {there}")


def _label(element: Json) -> str:
    text = element.get("text") or element.get("placeholder") or {}
    return str(text.get("text", "")) if isinstance(text, dict) else str(text)


def _choice(element: Json, value: str | list[str] | None) -> Json:
    """The value of an element in payload form; option values must be among its options."""
    kind = element["type"]
    if kind == "overflow":
        return {"selected_option": _option(element, str(value))}
    key = value_key(kind)
    if key is None or value is None:
        return {}
    if key == "selected_options":
        wanted = [value] if isinstance(value, str) else value
        return {key: [_option(element, v) for v in wanted]}
    return {key: _option(element, str(value)) if key == "selected_option" else value}


def _option(element: Json, value: str) -> Json:
    options = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        options += group["options"]
    if element["type"].endswith("external_select"):
        return {"text": {"type": "plain_text", "text": value, "emoji": True}, "value": value}
    for option in options:
        if option["value"] == value:
            return dict(option)
    raise LookupError(f"no option {value!r}; there is {', '.join(o['value'] for o in options)}")
