"""What people do in messages: type, press, choose, say, open the home tab. Modals are in forms.py."""

from __future__ import annotations

import re

from demo.workspace import payloads, replies
from demo.workspace.blocks import elements
from demo.workspace.config import Channel, Person
from demo.workspace.core import Core
from demo.workspace.delivery import Delivery
from demo.workspace.results import SENTENCES, Result
from demo.workspace.triggers import Hook, SlackError
from demo.workspace.wire import Envelope, Json, Message

_OMITTED = ("options", "option_groups", "initial_option", "focus_on_load", "min_query_length")


class Gestures:
    def __init__(self, core: Core, delivery: Delivery) -> None:
        self._core = core
        self._delivery = delivery

    def type_line(self, person: Person, channel: Channel, line: str, thread_ts: str | None = None) -> Result:
        """A line from the composer: a slash command or plain words. Slack runs no commands in threads."""
        line = line.strip()
        if channel.archived or (channel.members and person.id not in channel.members):
            return Result(error="not_in_channel")
        if not line.startswith("/"):
            return self.say(person, channel, line, thread_ts)
        command, _, text = line.partition(" ")
        if thread_ts:
            return self._slackbot(person, channel, f"{command} is not supported in threads. Sorry!", "in_thread")
        if command not in {c.name for c in self._core.config.commands}:
            return self._slackbot(person, channel, f"{command} is not a valid command", "invalid_command")
        return self._slash(person, channel, command, text.strip())

    def say(self, person: Person, channel: Channel, text: str, thread_ts: str | None = None) -> Result:
        """Plain words, escaped as Slack's client does; naming the bot makes Slack send it an app_mention."""
        core = self._core
        if not text:
            return Result(error="no_text")
        bot = f"<@{core.config.bot_user_id}>"
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        text = text.replace(f"@{core.config.bot_name}", bot)
        for one in core.people:
            text = re.sub(rf"@{one.name}\b", f"<@{one.id}>", text)
        message = core.board.put(
            Message(
                ts=core.stamps.next(core.clock()),
                channel=channel.id,
                user=person.id,
                text=text,
                from_bot=False,
                thread_ts=thread_ts,
                posted_at=core.clock(),
            )
        )
        if bot not in text or "app_mentions:read" not in core.config.scopes:
            return Result(message=message)
        body: Json = {"type": "app_mention", "user": person.id, "text": text, "ts": message.ts,
                      "team": core.config.team_id, "channel": channel.id, "event_ts": message.ts}  # fmt: skip
        if thread_ts:
            body["thread_ts"] = thread_ts
        envelope = self._delivery.send_event(payloads.event(core, body))
        return Result(message=message, envelope=envelope)

    def press(self, person: Person, message: Message, found: tuple[Json, Json], choice: Json) -> Result:
        """Press or choose `found` (block, element) of a message; `choice` is what was selected."""
        core = self._core
        now = core.board.message(message.channel, message.ts)
        if now is None or now.only_to not in (None, person.id):
            return Result(error="message_not_found")
        block, element = found
        payload = payloads.message_action(core, person, now, action_of(block, element, choice), _typed(found, choice))
        envelope = self._delivery.send("interactive", payload)
        error = None if envelope.acked else envelope.outcome
        state = {"channel": now.channel, "ts": now.ts, "action_id": element["action_id"], "error": error}
        core.board.tell("button", {**state, "user": person.id})
        return Result(envelope=envelope, error=error)

    def open_home(self, person: Person) -> Result:
        """Look at the app's home tab; Slack tells the app."""
        core = self._core
        body: Json = {"type": "app_home_opened", "user": person.id, "channel": core.open_dm(person.id).id,
                      "tab": "home", "event_ts": core.stamps.next(core.clock())}  # fmt: skip
        home = core.board.home(person.id)
        if home is not None:
            body["view"] = home.body
        envelope = self._delivery.send_event(payloads.event(core, body))
        return Result(envelope=envelope, error=None if envelope.acked else envelope.outcome)

    def _slash(self, person: Person, channel: Channel, command: str, text: str) -> Result:
        core = self._core
        payload = payloads.slash(core, person, channel, command, text)
        envelope = self._delivery.send("slash_commands", payload)
        if not envelope.acked:
            return self._failed(person, channel, command, envelope)
        ack = envelope.ack or {}
        if not ack:
            return Result(envelope=envelope)
        hook = Hook(kind="commands", user=person.id, channel=channel.id, source_ts=None, thread_ts=None,
                    made_at=core.clock())  # fmt: skip
        try:
            return Result(envelope=envelope, message=replies.post_reply(core, hook, ack))
        except SlackError as error:
            noted = self._delivery.note(envelope, " ".join((f"ack refused: {error.error}", *error.messages)))
            return self._failed(person, channel, command, noted.model_copy(update={"outcome": error.error}))

    def _failed(self, person: Person, channel: Channel, command: str, envelope: Envelope) -> Result:
        why = SENTENCES.get(envelope.outcome, "")
        sentence = f'{command} failed with the error "{envelope.outcome}"' + (f" ({why})" if why else "")
        shown = self._slackbot(person, channel, sentence, envelope.outcome)
        return shown.model_copy(update={"envelope": envelope})

    def _slackbot(self, person: Person, channel: Channel, text: str, error: str) -> Result:
        """A private line from Slackbot, as Slack shows its own errors."""
        core = self._core
        message = core.board.put(
            Message(
                ts=core.stamps.next(core.clock()),
                channel=channel.id,
                user="USLACKBOT",
                text=text,
                from_bot=False,
                only_to=person.id,
                posted_at=core.clock(),
                note="slackbot",
            )
        )
        return Result(error=error, message=message)


def find_element(blocks: list[Json], action_id: str, block_id: str | None = None) -> tuple[Json, Json] | None:
    """The (block, element) with this action_id."""
    for block in blocks:
        for element in elements(block):
            if element.get("action_id") == action_id and block_id in (None, block["block_id"]):
                return block, element
    return None


def action_of(block: Json, element: Json, choice: Json) -> Json:
    """An entry of `actions`: the element with what was chosen, without what only the screen needs."""
    kept = {k: v for k, v in element.items() if k not in _OMITTED}
    return {**kept, **choice, "block_id": block["block_id"]}


def _typed(found: tuple[Json, Json], choice: Json) -> Json:
    block, element = found
    return {block["block_id"]: {element["action_id"]: choice}}
