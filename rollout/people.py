"""Who asks and who may: actors, persons of the directory, roles. No judgement here: that is policy.py."""

from typing import Literal

from rollout.values import Frozen, Moment


class Actor(Frozen):
    """The person (team id + user id) or principal (`cli:ana`, `aws:<session>`) who has a wish."""

    kind: Literal["person", "principal"] = "person"
    id: str
    team: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """What identifies the actor: never a name, names can be changed by anyone."""
        return f"{self.team}/{self.id}" if self.kind == "person" else self.id


BOT = Actor(kind="principal", id="tidegate", name="Tidegate")


class Person(Frozen):
    """What the directory knows of a person, as last read from Slack."""

    team: str
    id: str
    name: str
    guest: bool = False
    bot: bool = False
    deleted: bool = False
    stranger: bool = False
    groups: tuple[str, ...] = ()
    read_at: Moment


class Roles(Frozen):
    """Entries (U…/W… persons, S… groups, `cli:` and `aws:` principals) that hold each right on one target."""

    deploy: tuple[str, ...] = ()
    approve: tuple[str, ...] = ()
    admin: tuple[str, ...] = ()
