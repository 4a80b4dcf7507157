"""Who reads the file itself, beside the store: what must hold in it after every step, whatever the bot believes.

Rows that cannot change any more are compared as text, records that were walked once are not walked again (the tables'
own triggers keep them; tests/store proves those), and nothing is read while nothing was written.
"""

import sqlite3
from collections import Counter
from typing import Any

from rollout.ask import Bound
from rollout.audit import Broken, Chain
from rollout.model import Phase, Rollout
from rollout.plan import SetWeight
from tests.rollout.scene import Scene


class Witness:
    """One connection of its own. `holds` after every step, `finally_holds` at the end."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.live: Rollout | None = None
        self.cards: list[Bound] = []
        self.foreign = False
        """Somebody else changed the traffic since the last start: then nobody can promise what it ends at."""
        self._db = sqlite3.connect(scene.path, isolation_level=None)
        self._seen: tuple[int, int] | None = None
        self._ended: dict[int, str] = {}
        self._terms: dict[int, Any] = {}
        self._versions: dict[int, int] = {}
        self._phases: dict[int, list[Any]] = {}
        self._chain = Chain()
        self._last_intent = 0
        self._planned: Counter[str] = Counter()
        self._applied: Counter[str] = Counter()
        self._calls: Counter[str] = Counter()
        self._walked = self._called = 0

    def holds(self) -> bool:
        """Look, if anything was written since the last time; whether it was."""
        target = self.scene.target
        version: int = self._db.execute("PRAGMA data_version").fetchone()[0]
        written = version, len(target.applied) + len(self.scene.world.calls)
        if written == self._seen:
            return False
        self._seen = written
        self._rows()
        self._trail()
        self._effects()
        return True

    def finally_holds(self) -> None:
        """The trail once more as a whole, by the store's own walk."""
        count, broken = self.scene.store.verify()
        assert broken is None, f"audit breaks at {broken}"
        assert count == self._chain.seq

    def bodies(self) -> list[tuple[int, str]]:
        """Every row as it is stored."""
        return self._db.execute("SELECT id, body FROM rollouts ORDER BY id").fetchall()

    def close(self) -> None:
        """No connection stays open."""
        self._db.close()

    def _rows(self) -> None:
        live = []
        for id, alive, version, body in self._db.execute("SELECT id, live, version, body FROM rollouts").fetchall():
            if alive:
                live.append(Rollout.model_validate_json(body))
            elif id not in self._ended:
                self._ended[id] = body
                self._right_end(Rollout.model_validate_json(body))
            assert alive or self._ended[id] == body, f"S3: #{id} changed after its end"
            assert version >= self._versions.get(id, 0), f"#{id} went back to version {version}"
            self._versions[id] = version
        assert len(live) <= 1, "S6: two live rollouts of one target"
        self.live = live[0] if live else None
        if self.live is not None:
            terms = self._terms.setdefault(self.live.id, self.live.terms)
            assert self.live.terms == terms, f"#{self.live.id} changed its terms"
            self._within_plan(self.live)
            if self.cards[-1:] != [self.live.bound]:
                self.cards = [*self.cards, self.live.bound][-30:]

    def _trail(self) -> None:
        rows = self._db.execute(
            "SELECT seq, CAST(body AS BLOB), CAST(prev AS BLOB), CAST(hash AS BLOB) FROM audit WHERE seq > ?"
            " ORDER BY seq", [self._chain.seq],
        ).fetchall()  # fmt: skip
        for seq, body, prev, own in rows:
            try:
                said = self._chain.examine(seq, body, prev, own)
            except Broken as broken:
                raise AssertionError(f"audit breaks at {broken.found}") from broken
            self._chain.advance(own)
            if said["kind"] == "transition":
                id, facts = said["rollout"], said["facts"]
                was = self._phases.get(id, ["", 0])
                assert [facts["from"], facts["step"][0]] == was, f"S10: #{id} was {was}, its audit says {facts}"
                self._phases[id] = [facts["to"], facts["step"][1]]
        for id, phase, step in self._db.execute(
            "SELECT id, phase, json_extract(body, '$.step') FROM rollouts ORDER BY id DESC LIMIT 3"
        ).fetchall():
            last = self._phases.get(id)
            assert last == [phase, step], f"S10: #{id} is {phase} at step {step}, its audit says {last}"

    def _effects(self) -> None:
        """S8: every effect has an intent, and no more effects than calls were planned."""
        new = self._db.execute("SELECT id, key FROM intents WHERE id > ? ORDER BY id", [self._last_intent]).fetchall()
        for id, key in new:
            self._last_intent = id
            self._planned[key] += 1
        for _, _, _, by in self.scene.target.applied[self._walked :]:
            self._applied[by] += 1
            assert by == "hand" or by in self._planned, f"S8: {by} happened without an intent"
            assert by == "hand" or self._applied[by] <= self._planned[by], f"S8: {by} happened too often"
        self._walked = len(self.scene.target.applied)
        for key, _ in self.scene.world.calls[self._called :]:
            self._calls[key] += 1
            assert self._calls[key] <= self._planned[key], f"S8: {key} was sent more often than it was planned"
        self._called = len(self.scene.world.calls)

    def _right_end(self, r: Rollout) -> None:
        target = self.scene.target
        if r.phase is not Phase.REFUSED and target.fleet is not None:
            assert not target.fleet.pinned, f"#{r.id} is {r.phase} and left its limits behind"
        if r.candidate is None or self.foreign:
            return
        if r.phase is Phase.SUCCEEDED:
            assert target.share(r.candidate.id) == 100, "S5: succeeded without 100 %"
        if r.phase is Phase.ROLLED_BACK:
            assert target.share(r.candidate.id) == 0, "S4: rolled back with traffic on the candidate"

    def _within_plan(self, r: Rollout) -> None:
        allowed = {step.percent for step in r.terms.plan.steps if isinstance(step, SetWeight)} | {0, r.proven}
        if self.scene.target.fleet is not None:
            allowed |= {25, 50, 75}  # as much as the servers of the old side bear
        assert set(r.asked) <= allowed, f"weights outside the plan were asked for: {r.asked}"
