"""The parts of one stand-in workspace, held together. No behaviour beyond looking people and channels up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from demo.workspace.board import Board
from demo.workspace.config import Channel, Person, UserGroup, WorkspaceConfig
from demo.workspace.faults import Faults
from demo.workspace.files import Files
from demo.workspace.ids import Stamps, secret
from demo.workspace.journal import Journal
from demo.workspace.later import Later
from demo.workspace.limits import Buckets
from demo.workspace.scheduled import Scheduled
from demo.workspace.triggers import Hooks, SlackError, Triggers

Clock = Callable[[], float]


@dataclass
class Keys:
    """The secrets of one run. They open nothing outside this process."""

    bot_token: str
    app_token: str
    signing_secret: str
    page_token: str
    verification_token: str

    @classmethod
    def of(cls, config: WorkspaceConfig) -> Keys:
        return cls(
            bot_token=config.bot_token or f"xoxb-demo-{secret()}",
            app_token=config.app_token or f"xapp-1-demo-{secret()}",
            signing_secret=config.signing_secret or secret(32),
            page_token=secret(24),
            verification_token=secret(24),
        )


@dataclass
class Core:
    config: WorkspaceConfig
    clock: Clock
    keys: Keys
    port: int = 0
    stamps: Stamps = field(default_factory=Stamps)
    faults: Faults = field(default_factory=Faults)
    files: Files = field(default_factory=Files)
    scheduled: Scheduled = field(default_factory=Scheduled)

    def __post_init__(self) -> None:
        self.journal = Journal(self.clock)
        self.board = Board(self.journal)
        self.later = Later(self.clock)
        self.buckets = Buckets(self.config.limits)
        self.triggers = Triggers(self.config.limits)
        self.hooks = Hooks(self.config.limits, self.config.team_id)
        self._people = {p.id: p for p in self.config.people}
        self._channels = {c.id: c for c in self.config.channels}

    @property
    def origin(self) -> str:
        """The address of the loopback server, without a path."""
        return f"http://127.0.0.1:{self.port}"

    # -- looking up -----------------------------------------------------------------------------

    @property
    def people(self) -> list[Person]:
        return list(self._people.values())

    @property
    def channels(self) -> list[Channel]:
        return list(self._channels.values())

    def change_person(self, person: Person) -> None:
        """Give a person other flags while the workspace runs, as an administrator would."""
        self._people[person.id] = person

    def change_channel(self, channel: Channel) -> None:
        self._channels[channel.id] = channel
        self.board.tell("channels", {})

    def person(self, who: str) -> Person:
        """By id or name; unknown ones are refused with the known names."""
        for person in self.people:
            if who in (person.id, person.name):
                return person
        raise KeyError(f"{who} is nobody here; known: {', '.join(p.name for p in self.people)}")

    def channel(self, which: str) -> Channel:
        """By id or name, with or without #."""
        for channel in self.channels:
            if which.removeprefix("#") in (channel.id, channel.name):
                return channel
        raise KeyError(f"{which} is no channel here; known: {', '.join(c.name for c in self.channels)}")

    def group(self, group_id: str) -> UserGroup:
        for group in self.config.groups:
            if group.id == group_id:
                return group
        raise SlackError("no_such_subteam")

    def open_dm(self, user: str) -> Channel:
        """The direct conversation of the bot with `user`, made at first use."""
        dm = Channel(id="D" + user.removeprefix("U"), name=f"dm-{self.person(user).name}", members=(user,))
        return self._channels.setdefault(dm.id, dm)
