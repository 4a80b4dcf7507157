"""How small both sides may become by themselves, before, during and after a rollout. Pure: no calls.

Autoscalers see requests per server, nothing else: a side that waits at 0 % is too big in their eyes. So both sides are
pinned while a rollout lives: neither may get smaller than the count that carried all traffic at its start.

*Limits belong to roles, not to sides.* Whoever has traffic afterwards gets the least size that the serving side
had, whoever is idle that of the idle side. Were each service given back its own, a green side that idled with a least
size of 0 would serve with 0, and a quiet night would be an outage. Where one of the two does not scale by itself
nothing is exchanged: the other gets its own back.
"""

from typing import Literal, NamedTuple

Side = Literal["stable", "candidate"]
SIDES: tuple[Side, Side] = ("stable", "candidate")


class Limit(NamedTuple):
    """Between which sizes something scales by itself."""

    least: int
    most: int


class Least(NamedTuple):
    """The least sizes of both sides; None where one does not scale by itself."""

    stable: int | None = None
    candidate: int | None = None

    def of(self, side: Side) -> int | None:
        return self.stable if side == "stable" else self.candidate


class Pins(NamedTuple):
    """What is known of the limits of one rollout."""

    before: Least
    """As they were before the first write."""
    now: Least
    size: int
    """What each side is kept at."""
    serving: frozenset[Side]
    """Who has traffic now."""
    idle: frozenset[Side]
    """Who stands at its floor."""

    def released(self, side: Side) -> int | None:
        """The least size that the side has when nothing of ours is left; None where it does not scale by itself."""
        return least_after(self.before, side, serving=side in self.serving)

    @property
    def held(self) -> bool | None:
        """Whether both sides are kept from shrinking; None where nothing has to be pinned.

        A side at its floor holds nothing that could shrink: there only what is left of a pin counts.
        """
        mine = [side for side in SIDES if self._wants(side)]
        if not mine:
            return None
        up = [side for side in mine if side not in self.idle]
        if up:
            return all((self.now.of(side) or 0) >= self.size for side in up)
        return any((self.now.of(side) or 0) > (self.released(side) or 0) for side in mine)

    def _wants(self, side: Side) -> bool:
        released = self.released(side)
        return self.now.of(side) is not None and released is not None and released < self.size


def least_after(before: Least, side: Side, *, serving: bool) -> int | None:
    """The least size of a side without pins, by its role."""
    if before.stable is None or before.candidate is None:
        return before.of(side)
    return before.stable if serving else before.candidate


def floor_of(before: Least, side: Side, floor: int) -> int:
    """The size of a side at rest: an autoscaler would not leave it smaller than its least size."""
    return max(floor, least_after(before, side, serving=False) or 0)
