"""The Slack app manifest: what Slack takes, and no right more than is needed.

The schema is generated from Slack's `Manifest` type and the limits in its comments (scripts/slack_schema).
Slack's other schema (slackapi/manifest-schema, manifest.schema.2.0.0.json) is in no package and so not here;
the faults it sees and the bare type does not (lengths, counts, the slash, colours) are planted below.
"""

import re
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from demo.workspace import WorkspaceConfig
from tests.slack_rules import manifest_problems

SOURCE = (Path(__file__).resolve().parent.parent / "manifest.yml").read_text(encoding="utf-8")
MANIFEST = yaml.safe_load(SOURCE)
COMMAND = MANIFEST["features"]["slash_commands"][0]


def test_slack_takes_the_manifest():
    """The manifest has no problem, and Socket Mode needs no address in it."""
    assert manifest_problems(MANIFEST) == []
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert "url" not in COMMAND


def planted(path, value):
    """The manifest with one thing changed."""
    manifest = deepcopy(MANIFEST)
    *parents, last = path.split(".")
    node = manifest
    for key in parents:
        node = node[int(key) if key.isdigit() else key]
    node[last] = value
    return manifest


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("display_information.name", "x" * 36),
        ("display_information.description", "x" * 141),
        ("display_information.descripton", "a typo in the key"),
        ("display_information.background_color", "blue"),
        ("features.slash_commands.0.command", "deploy"),
        ("features.slash_commands.0.command", "/" + "x" * 32),
        ("features.slash_commands.0.usage_hint", "x" * 1001),
        ("features.slash_commands.0.should_escape", "yes"),
        ("features.slash_commands", [{"command": "/deploy"}]),
        ("features.slash_commands", [COMMAND] * 51),
        ("features.bot_user", {"always_online": True}),
        ("features.shortcuts", [{"name": "x", "type": "globl", "callback_id": "x", "description": "x"}]),
        ("oauth_config.scopes.bot", ["chat:wirte"]),
        ("settings.event_subscriptions", {"bot_events": ["app_hom_opened"]}),
        ("settings.socket_mode_enabled", "yes"),
        ("_metadata.major_version", "2"),
        ("made_up", {}),
    ],
)
def test_a_fault_in_the_manifest_is_seen(path, value):
    """Faults that Slack's two schemas know are all seen by the one used here."""
    assert manifest_problems(planted(path, value))


def test_the_bot_may_not_read_what_people_write():
    """No *:history scope, no event, no user token: Tidegate cannot read a channel."""
    scopes = MANIFEST["oauth_config"]["scopes"]
    assert list(scopes) == ["bot"]
    assert [scope for scope in scopes["bot"] if scope.endswith(":history")] == []
    assert "event_subscriptions" not in MANIFEST["settings"]


def test_graphs_need_no_right_to_read_files():
    """files:write uploads and shows; files:read would open everybody's files."""
    scopes = MANIFEST["oauth_config"]["scopes"]["bot"]
    assert [scope for scope in scopes if scope.startswith("files:")] == ["files:write"]


def test_the_stand_in_grants_what_the_manifest_asks_for():
    """A call that the manifest gives no scope for fails in the tests and the demo, and not first in a workspace."""
    assert list(WorkspaceConfig().scopes) == MANIFEST["oauth_config"]["scopes"]["bot"]


def test_every_scope_says_why():
    """Who installs the app reads beside each scope what it is for."""
    lines = re.findall(r"^ +- ([a-z:]+) +# (.+)$", SOURCE, re.MULTILINE)
    assert [scope for scope, _ in lines] == MANIFEST["oauth_config"]["scopes"]["bot"]


def test_what_people_type_arrives_with_ids():
    """Escaping is on: a mention in /deploy's text is an id, which cannot be faked by renaming oneself."""
    assert COMMAND["command"] == "/deploy"
    assert COMMAND["should_escape"] is True
