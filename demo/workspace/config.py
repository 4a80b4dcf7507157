"""What a workspace is made of: people, groups, channels, limits, commands. Values only; nothing here acts."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Fixed(BaseModel):
    """A value: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Person(Fixed):
    """A member or visitor, with the flags `users.info` shows. `role` is only a caption on the page."""

    id: str
    name: str
    real_name: str
    role: str = ""
    team_id: str | None = None
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False


class UserGroup(Fixed):
    id: str
    handle: str
    name: str
    members: tuple[str, ...]


class Channel(Fixed):
    """A public channel. `members` empty means everybody; the bot is in unless `bot_is_member` is false."""

    id: str
    name: str
    topic: str = ""
    archived: bool = False
    shared: bool = False
    members: tuple[str, ...] = ()
    bot_is_member: bool = True


class Command(Fixed):
    """A slash command of the app's manifest; `examples` feed the typeahead of the page."""

    name: str = Field(pattern=r"^/[a-z0-9_-]+$")
    description: str = ""
    usage_hint: str = ""
    examples: tuple[str, ...] = ()


class Limits(Fixed):
    """Slack's rate limits (docs.slack.dev/apis/web-api/rate-limits). Counts are calls a minute."""

    tier1: int = 1
    tier2: int = 20
    tier3: int = 50
    tier4: int = 100
    posts_per_second_per_channel: float = 1.0
    post_burst: int = 5
    posts_per_minute: int = 300
    response_url_uses: int = 5
    response_url_seconds: float = 1800.0
    trigger_seconds: float = 3.0
    ack_seconds: float = 3.0
    file_seconds: float = 0.3
    """How long Slack works on a completed file; until then no message may refer to it."""


class Install(Fixed):
    """What the page's card "Use it in your workspace" hands over."""

    manifest: str = ""
    command: str = "tidegate run"
    note: str = ""


CAST = (
    Person(id="U0ANA", name="ana", real_name="Ana Moreno", role="deployer"),
    Person(id="U0BEN", name="ben", real_name="Ben Okafor", role="deployer"),
    Person(id="U0EVA", name="eva", real_name="Eva Lindqvist", role="approver"),
    Person(id="U0OSKAR", name="oskar", real_name="Oskar Weiss", role="no role"),
)
GROUPS = (
    UserGroup(id="S0PAYMENTS", handle="payments", name="Payments", members=("U0ANA", "U0BEN")),
    UserGroup(id="S0ONCALL", handle="oncall", name="On call", members=("U0BEN",)),
)
CHANNELS = (
    Channel(id="C0DEPLOYS", name="deploys", topic="Every rollout, one card each"),
    Channel(id="C0OPS", name="ops", topic="What is wrong now: one message per alarm"),
    Channel(id="C0GENERAL", name="general", topic="Everything else"),
)
SCOPES = (
    "commands", "chat:write", "files:write", "users:read", "usergroups:read", "channels:read", "groups:read",
    "im:write",
)  # fmt: skip
"""Those of manifest.yml, no more: what the bot may not do in a workspace, it may not do here."""


class WorkspaceConfig(Fixed):
    """Everything a stand-in workspace is told at its start. Left out tokens are made up per run."""

    team_id: str = "T0TIDE"
    team_name: str = "Harbour"
    team_domain: str = "harbour"
    app_id: str = "A0TIDE"
    bot_id: str = "B0TIDE"
    bot_user_id: str = "U0TIDE"
    bot_name: str = "tidegate"
    people: tuple[Person, ...] = CAST
    groups: tuple[UserGroup, ...] = GROUPS
    channels: tuple[Channel, ...] = CHANNELS
    commands: tuple[Command, ...] = (Command(name="/deploy", description="Deploy an app"),)
    chips: tuple[str, ...] = ()
    scopes: tuple[str, ...] = SCOPES
    limits: Limits = Limits()
    install: Install = Install()
    delivery: Literal["socket", "http"] = "socket"
    bot_events_url: str | None = None
    bot_token: str | None = None
    app_token: str | None = None
    signing_secret: str | None = None
    port: int = 0
    event_retry_seconds: tuple[float, ...] = (0.0, 60.0, 300.0)

    @model_validator(mode="after")
    def _check(self) -> WorkspaceConfig:
        for what, ids in (
            ("person", [p.id for p in self.people]),
            ("person name", [p.name for p in self.people]),
            ("channel", [c.id for c in self.channels]),
            ("channel name", [c.name for c in self.channels]),
            ("group", [g.id for g in self.groups]),
        ):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise ValueError(f"{what} {', '.join(twice)} is listed twice; give each its own")
        url = self.bot_events_url or ""
        if self.delivery == "http" and not url.startswith(("http://127.0.0.1:", "http://localhost:")):
            raise ValueError(f"bot_events_url is {url!r}; delivery http needs an http://127.0.0.1:PORT address")
        return self
