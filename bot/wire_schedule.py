"""Messages that Slack posts by itself at a given second, and the question whether it knows one. Retries nothing.

A post cannot be made twice without being seen twice, and we read no channels. A scheduled one can be asked for until
its time has come: chat.scheduledMessages.list, with the same scope. At most 30 in five minutes of one channel.
https://docs.slack.dev/reference/methods/chat.scheduleMessage
"""

from functools import partial
from typing import Any, NamedTuple

from bot.wire import Came, Wire

SCHEDULE, LIST = "chat.scheduleMessage", "chat.scheduledMessages.list"
PAGE = 50
MOST_PAGES = 10
"""Around one second there are a handful; a list without end is no answer."""


class Listed(NamedTuple):
    """What came of asking; `known` is whether the message waits at Slack, and means something only when done."""

    came: Came
    known: bool = False


class ScheduleWire(Wire):
    """Slack for what is to be posted later. Used by one thread, apart from the outbox's wire."""

    def answers(self) -> bool:
        """Ask whether Slack is there. Once, before a call whose lost reply could cost the message."""
        return self._call("auth.test", "", self._web.auth_test).kind == "done"

    def schedule(self, channel: str, post_at: int, content: dict[str, Any]) -> Came:
        """`lost` means that the message may be there; ask `listed`."""
        # never with metadata: Slack would take the message and not post it (same page, "Bug alert")
        plain = {name: value for name, value in content.items() if name != "metadata"}
        return self._call(
            SCHEDULE,
            channel,
            lambda: self._web.chat_scheduleMessage(
                channel=channel, post_at=post_at, unfurl_links=False, unfurl_media=False, **plain
            ),
        )

    def listed(self, channel: str, post_at: int) -> Listed:
        """Whether Slack has a message of ours for this channel and second, not posted yet."""
        # not by channel: one that was archived meanwhile would be refused instead of answered
        cursor = ""
        for _ in range(MOST_PAGES):
            page: dict[str, Any] = {}
            came = self._call(LIST, "", partial(self._asked, post_at, cursor, page))
            if came.kind != "done":
                return Listed(came)
            for one in page["messages"]:
                if (str(one.get("channel_id")), str(one.get("post_at"))) == (channel, str(post_at)):
                    return Listed(came, known=True)
            cursor = page["cursor"]
            if not cursor:
                return Listed(came)
        return Listed(Came("lost", "a list without end"))

    def _asked(self, post_at: int, cursor: str, page: dict[str, Any]) -> Any:
        answer = self._web.chat_scheduledMessages_list(
            oldest=str(post_at - 1), latest=str(post_at + 1), limit=PAGE, cursor=cursor or None
        )
        messages = answer.get("scheduled_messages")
        if not isinstance(messages, list):
            raise ValueError("no list in the answer")  # noqa: TRY004 - becomes `lost`: this answer says nothing
        page["messages"] = messages
        page["cursor"] = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
        return answer
