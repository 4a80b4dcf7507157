"""Nine attacks on the audit trail, each at random places, by somebody with the file and a stock shell.

`python -m tests.store.attacks [PLACES]` prints what stopped or found each of them.
"""

import random
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from rollout.audit import GENESIS, Break, digest, link
from store import open_store
from store.trail import open_trail
from tests.store.make import entry

COUNT = 60
EVERY = 20
"""An anchor after so many records, and one of the newest record."""
TRIGGERS = ("audit_is_a_chain", "audit_never_changes", "audit_is_kept")
Shell = sqlite3.Connection


def build(path: Path) -> dict[int, str]:
    """A closed store with COUNT records; the hash of each."""
    store = open_store(path)
    with store.work() as work:
        hashes = {n: work.audit(entry(n % 5 + 1, n=n)).hash for n in range(1, COUNT + 1)}
    store.close()
    return hashes


def disarm(shell: Shell) -> None:
    """Who can write the file can drop its triggers."""
    for trigger in TRIGGERS:
        shell.execute(f"DROP TRIGGER IF EXISTS {trigger}")


def change(shell: Shell, k: int) -> None:
    """Record k says something else."""
    shell.execute("UPDATE audit SET body = replace(body, '\"n\":', '\"n\":7') WHERE seq = ?", [k])


def remove(shell: Shell, k: int) -> None:
    """Record k goes."""
    shell.execute("DELETE FROM audit WHERE seq = ?", [k])


def replace(shell: Shell, k: int) -> None:
    """Another record under the number k: fires no DELETE trigger where recursive_triggers is off."""
    shell.execute(
        "INSERT OR REPLACE INTO audit SELECT seq, replace(body, 'U0ANA', 'U0EVA'), prev, hash, rollout"
        " FROM audit WHERE seq = ?", [k],
    )  # fmt: skip


def swap(shell: Shell, k: int) -> None:
    """Record k and the one after it change places."""
    for old, new in ((k, -k), (k + 1, k), (-k, k + 1)):
        shell.execute("UPDATE audit SET seq = ? WHERE seq = ?", [new, old])


def cut_tail(shell: Shell, k: int) -> None:
    """Record k and everything after it go."""
    shell.execute("DELETE FROM audit WHERE seq >= ?", [k])


def rewrite(shell: Shell, k: int) -> None:
    """Record k says something else, and all hashes from there on are made anew."""
    change(shell, k)
    row = shell.execute("SELECT hash FROM audit WHERE seq = ?", [k - 1]).fetchone()
    prev = row[0] if row else GENESIS
    for seq, body in shell.execute("SELECT seq, body FROM audit WHERE seq >= ? ORDER BY seq", [k]).fetchall():
        own = digest(prev, body)
        shell.execute("UPDATE audit SET prev = ?, hash = ? WHERE seq = ?", [prev, own, seq])
        prev = own


def begin_anew(shell: Shell, k: int) -> None:
    """The table is another one, of k records in which nothing happened."""
    (made,) = shell.execute("SELECT sql FROM sqlite_master WHERE name = 'audit'").fetchone()
    shell.execute("DROP TABLE audit")
    shell.execute(made)
    prev = GENESIS
    for seq in range(1, k + 1):
        record = link(entry(1, n="nothing happened"), seq, prev)
        shell.execute("INSERT INTO audit VALUES (?, ?, ?, ?, 1)", [seq, record.body, prev, record.hash])
        prev = record.hash


class Attack(NamedTuple):
    """One of the nine. `names`: the record that the chain must name when record k was attacked; None: it sees none."""

    what: str
    act: Callable[[Shell, int], None]
    armed: bool = False
    names: Callable[[int], int | None] = lambda k: k


ATTACKS = (
    Attack("change a record through the program's own connection (a bug, an injection)", change, armed=True),
    Attack("delete a record in the same way", remove, armed=True),
    Attack("drop the triggers, change a record", change),
    Attack("drop the triggers, `INSERT OR REPLACE` a record", replace),
    Attack("drop the triggers, delete a record that is not the newest", remove),
    Attack("drop the triggers, swap two neighbours", swap),
    Attack("drop the triggers, cut off the newest records", cut_tail, names=lambda _: None),
    Attack("drop the triggers, write everything from a record on anew", rewrite, names=lambda _: None),
    Attack("drop the table, begin a new chain", begin_anew, names=lambda _: None),
)


class Result(NamedTuple):
    """How often one attack was stopped or found."""

    what: str
    places: int
    blocked: int
    by_chain: int
    with_anchors: int


def attempted(path: Path, attack: Attack, k: int) -> bool:
    """Attack record k; whether the triggers refused it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        shell.execute("PRAGMA synchronous = OFF")
        if not attack.armed:
            disarm(shell)
        shell.execute("BEGIN")
        try:
            attack.act(shell, k)
        except sqlite3.IntegrityError:
            return True
        shell.execute("COMMIT")
    return False


def verified(path: Path, anchors: dict[int, str]) -> Break | None:
    """What `audit verify` would say."""
    with open_trail(path) as trail:
        return trail.walk(anchors).broken


def played(attack: Attack, places: int, folder: Path, seed: int = 1) -> Result:
    """The attack at so many random places; AssertionError when the record that is named is a wrong one."""
    sound, path = folder / "sound.db", folder / "attacked.db"
    hashes = build(sound)
    anchors = {seq: own for seq, own in hashes.items() if seq % EVERY == 0 or seq == COUNT}
    dice = random.Random(seed)
    blocked = by_chain = with_anchors = 0
    for _ in range(places):
        k = dice.randint(1, COUNT - 1)  # one that is not the newest: taking that one away is cutting off the tail
        shutil.copy(sound, path)
        if attempted(path, attack, k):
            assert verified(path, anchors) is None, "what was refused left no trace"
            blocked += 1
            continue
        alone, anchored = verified(path, {}), verified(path, anchors)
        shown = min((seq for seq in anchors if seq >= k), default=None)
        if attack.act is begin_anew:
            shown = min(anchors)
        assert (alone.seq if alone else None) == attack.names(k), (attack.what, k, alone)
        assert (anchored.seq if anchored else None) == (attack.names(k) or shown), (attack.what, k, anchored)
        by_chain += alone is not None
        with_anchors += anchored is not None
    sound.unlink()
    return Result(attack.what, places, blocked, by_chain, with_anchors)


def table(results: list[Result]) -> str:
    """The results as a table in Markdown."""
    lines = ["| attack | triggers | the chain alone | chain and anchors |", "|---|---|---|---|"]
    for one in results:
        triggers = _said(one.blocked, one.places, "refused", "do not help")
        found = [_said(count, one.places, "found", "**missed**") for count in (one.by_chain, one.with_anchors)]
        chain, anchors = found if one.blocked < one.places else ("", "")
        lines.append(f"| {one.what} | {triggers} | {chain} | {anchors} |")
    return "\n".join(lines)


def _said(count: int, places: int, word: str, none: str) -> str:
    return none if count == 0 else word if count == places else f"{word} {count} of {places}"


def main(places: int) -> None:
    """Play all nine and print the table."""
    with tempfile.TemporaryDirectory(prefix="tidegate-attacks-") as folder:
        sys.stdout.write(table([played(attack, places, Path(folder)) for attack in ATTACKS]) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
