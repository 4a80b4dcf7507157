"""Every check there is, one line each: name, whom it asks, of what, and the function that looks."""

from typing import Final

from bot.checks import cloud, here, named, people, slack
from bot.checks.model import Check

CHECKS: Final[tuple[Check, ...]] = (
    Check("configuration", "here", named.once(""), here.configuration),
    Check("tokens", "here", named.once(""), here.tokens),
    Check("endpoints", "here", named.once(""), here.endpoints),
    Check("gates", "here", named.targets, here.gates),
    Check("store", "here", named.once(""), here.place),
    Check("settings", "here", named.once(""), here.settings),
    Check("schema", "here", named.once(""), here.schema),
    Check("lock", "here", named.once(""), here.lock),
    Check("auth", "slack", named.once(""), slack.auth),
    Check("scopes", "slack", named.once(""), slack.scopes),
    Check("socket", "slack", slack.socket_mode, slack.socket),
    Check("clock", "slack", named.once("Slack"), slack.clock),
    Check("channel", "slack", named.channels, people.channel),
    Check("person", "slack", named.people, people.person),
    Check("group", "slack", named.groups, people.group),
    Check("credentials", "aws", named.places, cloud.credentials),
    Check("clock", "aws", named.places, cloud.clock),
    Check("target", "aws", named.targets, cloud.names),
    Check("alarms", "aws", cloud.gated, cloud.alarms),
    Check("history", "aws", cloud.gated, cloud.history),
    Check("discovery", "aws", cloud.searched, cloud.discovery),
    Check("topic", "aws", named.topics, cloud.topic),
    Check("writing", "aws", named.targets, cloud.writing),
    Check("paging", "aws", named.topics, cloud.paging),
)
