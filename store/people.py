"""Rows of the directory: the persons and groups that roles name, as last read from Slack. Asks nobody."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from rollout.people import Person
from store.moments import moment, stored
from store.sessions import Sessions
from store.views import View


class PersonReads(View):
    """Finding persons."""

    def person(self, team: str, id: str) -> Person | None:
        """The directory's entry; None when not known."""
        found = self._run("SELECT body FROM people WHERE team = ? AND id = ?", team, id).fetchone()
        return Person.model_validate_json(found[0]) if found else None

    def group(self, id: str) -> tuple[str, ...]:
        """The members of a group; nobody when it is not known."""
        found = self._run("SELECT members FROM groups WHERE id = ?", id).fetchone()
        return tuple(json.loads(found[0])) if found else ()

    def directory_read_at(self) -> datetime | None:
        """When the whole directory was last replaced."""
        found = self._run("SELECT value FROM meta WHERE name = 'people'").fetchone()
        return moment(int(found[0])) if found else None


class _PersonWrites(PersonReads):
    def put(self, person: Person) -> None:
        self._run(
            "INSERT INTO people (team, id, body) VALUES (?, ?, ?)"
            " ON CONFLICT (team, id) DO UPDATE SET body = excluded.body",
            person.team, person.id, person.model_dump_json(),
        )  # fmt: skip

    def replace(self, persons: Iterable[Person], groups: Mapping[str, Iterable[str]], at: datetime) -> None:
        self._run("DELETE FROM people")
        for person in persons:
            self.put(person)
        self._run("DELETE FROM groups")
        for group, members in groups.items():
            self._run("INSERT INTO groups (id, members) VALUES (?, ?)", group, json.dumps(list(members)))
        self._run(
            "INSERT INTO meta (name, value) VALUES ('people', ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            str(stored(at)),
        )


class People:
    """The directory for the bot: replaced whole, read by everyone."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def replace(self, persons: Iterable[Person], groups: Mapping[str, Iterable[str]], at: datetime) -> None:
        """Everything anew in one transaction: readers see the old directory or the new, never a mixture."""
        kept = list(persons)  # whatever makes them must not run under the write lock
        with self._sessions.writing() as db:
            _PersonWrites(db).replace(kept, {group: tuple(members) for group, members in groups.items()}, at)

    def put(self, person: Person) -> None:
        """One entry, looked up because somebody waits for it."""
        with self._sessions.writing() as db:
            _PersonWrites(db).put(person)

    def person(self, team: str, id: str) -> Person | None:
        """One entry; None when not known."""
        with self._sessions.reading() as db:
            return PersonReads(db).person(team, id)

    def group(self, id: str) -> tuple[str, ...]:
        """The members of a group; nobody when it is not known."""
        with self._sessions.reading() as db:
            return PersonReads(db).group(id)

    def read_at(self) -> datetime | None:
        """When the whole directory was last replaced; None when never."""
        with self._sessions.reading() as db:
            return PersonReads(db).directory_read_at()
