"""What clients are answered for weighted names: name servers that learn late, resolvers that remember for a TTL.

Every name server is taken to learn of a change at one moment, when it is in sync. Resolvers ask again when what they
remember is as old as its TTL, each at another second: a change reaches them evenly over one TTL.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Name = tuple[str, str, str]  # zone, name, type
Shares = Mapping[str, float]


@dataclass(frozen=True)
class Entry:
    """One weighted record, as far as an answer depends on it."""

    weight: int
    ttl: int
    check: str | None = None


Entries = Mapping[str, Entry]  # by set identifier


def answered(entries: Entries, healthy: Callable[[str | None], bool]) -> dict[str, float]:
    """The share of answers that each record gets.

    Unhealthy ones get none; those of weight 0 only where no other is healthy; where none is, all count as healthy.
    """
    alive = {name: entry for name, entry in entries.items() if healthy(entry.check)} or dict(entries)
    weights = {name: entry.weight for name, entry in alive.items() if entry.weight} or dict.fromkeys(alive, 1)
    whole = sum(weights.values())
    return {name: weight / whole for name, weight in weights.items()}


@dataclass
class Resolvers:
    """What resolvers hold of each name that somebody asks for."""

    _written: dict[Name, Entries] = field(default_factory=dict)
    _served: dict[Name, Entries] = field(default_factory=dict)
    _due: deque[tuple[int, Name, Entries]] = field(default_factory=deque)
    _past: dict[Name, deque[Shares]] = field(default_factory=dict)

    def note(self, name: Name, entries: Entries, at: int) -> None:
        """Takes over what was written of a name; name servers have it at that second. A new name is served at once."""
        if name not in self._written:
            self._served[name] = entries
        elif self._written[name] != entries:
            self._due.append((at, name, entries))
        self._written[name] = entries

    def step(self, second: int, healthy: Callable[[str | None], bool]) -> None:
        """One second: changes that are in sync by now, then what each name is answered."""
        while self._due and self._due[0][0] <= second:
            _, name, entries = self._due.popleft()
            self._served[name] = entries
        for name, entries in self._served.items():
            ttl = max((entry.ttl for entry in entries.values()), default=1) or 1
            shares = answered(entries, healthy)
            past = self._past.get(name)
            if past is None:
                past = self._past[name] = deque([shares] * ttl, ttl)
            elif past.maxlen != ttl:
                past = self._past[name] = deque(past, ttl)
            past.append(shares)

    def written(self, name: Name) -> Entries:
        """The records as the API tells them."""
        return self._written.get(name, {})

    def served(self, name: Name) -> Entries:
        """The records as name servers have them."""
        return self._served.get(name, {})

    def followed(self, name: Name) -> dict[str, float]:
        """The share of clients that goes to each record at this second."""
        past = self._past.get(name)
        if not past:
            return {}
        if all(shares == past[0] for shares in past):
            return dict(past[0])
        sides = {side for shares in past for side in shares}
        return {side: sum(shares.get(side, 0.0) for shares in past) / len(past) for side in sorted(sides)}

    def clear(self) -> None:
        """Forgets every name."""
        for kept in (self._written, self._served, self._due, self._past):
            kept.clear()
