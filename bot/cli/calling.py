"""`check --page`: one test page on every way that is configured, and what arrived where. The only check that calls.

It says it is a test in its first word, so that whoever is on call need not get up.
"""

import logging
from collections.abc import Iterator
from typing import NamedTuple

from aws.sessions import Sessions
from aws.topic import Topic
from bot.clock import SystemClock
from bot.config import Access, Config
from bot.metrics import Metrics
from bot.wire import Came, Wire, web_client
from handlers.blocks.parts import join_mentions, message, section
from handlers.escape import join, md
from rollout.errors import BadConfig

SUBJECT = "Test page from Tidegate"
_TEXT = "Test: this is how Tidegate calls when a rollout needs a person. Nothing is wrong, nobody has to do anything."
_LINES = """add to the configuration:
    [page]
    mention = "S0ONCALL"        # person or group on call
    sns_topic_arn = "arn:aws:sns:<region>:<account>:<topic>"
    [slack]
    home = "C0OPS"              # the channel that takes what others do not"""
_FIXES = {
    "not_in_channel": "invite the bot: /invite @tidegate",
    "channel_not_found": "correct the channel's id, or invite the bot if the channel is private",
    "is_archived": "unarchive the channel, or name another one",
    "missing_scope": "give the app the scope chat:write, and install it again",
    "invalid_auth": "put a valid token into SLACK_BOT_TOKEN",
    "not_authed": "put a valid token into SLACK_BOT_TOKEN",
    "ratelimited": "try again in a minute",
}


class Called(NamedTuple):
    """What came of one way."""

    ok: bool
    text: str
    hint: str = ""


def call(config: Config, access: Access) -> Iterator[Called]:
    """Page on each way in turn, Slack first. BadConfig when there is none to page on."""
    page = config.page
    if page is None or not (page.mention or page.sns_topic_arn):
        raise BadConfig("nobody is named to be paged: there is no [page]", _LINES)
    yield _slack(access, page.mention, _channel(config))
    yield _sns(page.sns_topic_arn)


def _channel(config: Config) -> str:
    return config.slack.home or next((app.channel for app in config.apps.values() if app.channel), "")


def _slack(access: Access, mention: str, channel: str) -> Called:
    if not channel:
        return Called(ok=False, text="Slack: there is no channel to page in", hint='add home = "C…" to [slack]')
    logging.getLogger("bot").setLevel(logging.ERROR)
    wire = Wire(web_client(access.bot_token.get_secret_value(), access.api_url), Metrics(), SystemClock().monotonic)
    line = join(" ", [join_mentions([mention] if mention else []), md("{}", _TEXT)])
    came = wire.post(channel, message(line, [section(line)]).payload)
    if came.kind == "done":
        whom = f"mentioning {mention}" if mention else "mentioning nobody: add mention to [page]"
        return Called(ok=True, text=f"Slack: message {came.ts} is in {came.channel}, {whom}")
    return Called(ok=False, text=f"Slack: {channel} got no message: {_why(came)}", hint=_fix(came))


def _why(came: Came) -> str:
    words = {"lost": "no answer came, so it may be there", "away": "Slack cannot be reached", "limited": "not now"}
    return f"{words[came.kind]} ({came.word})" if came.kind in words else came.word


def _fix(came: Came) -> str:
    return _FIXES.get(came.word, "see whether https://slack.com can be reached from here, and try again")


def _sns(arn: str) -> Called:
    if not arn:
        return Called(ok=True, text="SNS: no [page] sns_topic_arn, so nobody is paged while Slack is away")
    outcome = Topic(Sessions()).publish(arn, SUBJECT, _TEXT)
    if outcome.state == "done":
        return Called(ok=True, text=f"SNS: {arn} took message {outcome.text}; its subscribers get it")
    hint = outcome.hint or f"let Tidegate's role do sns:Publish on {arn}"
    return Called(ok=False, text=f"SNS: {arn} was not published to: {outcome.text}", hint=hint)
