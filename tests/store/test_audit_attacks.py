"""Somebody with the file and a shell: what triggers block, what the chain finds, what only anchors find."""

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from rollout.audit import GENESIS, digest, link
from store import Store, open_store
from tests.store import attacks
from tests.store.attacks import ATTACKS, TRIGGERS, Attack, Shell
from tests.store.make import entry

COUNT = 40
PLACES = int(os.environ.get("TIDEGATE_SOAK", "200"))
PAGE = Path(__file__).parent.parent.parent / "docs" / "audit.md"


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.act.__name__)
def test_nine_attacks_at_random_places_end_as_the_documents_say(attack: Attack, tmp_path: Path) -> None:
    """Refused, or the right record named, or missed without an anchor: never anything in between, at any place."""
    found = attacks.played(attack, PLACES, tmp_path)
    seen = 0 if attack.armed else PLACES
    assert (found.blocked, found.with_anchors) == (PLACES - seen, seen)
    assert found.by_chain == (seen if attack.names(7) else 0)


def test_the_page_shows_what_the_attacks_show(tmp_path: Path) -> None:
    """The table in docs/audit.md is the one that is printed from playing them."""
    shown = re.search(r"^\| attack \|.*?(?=\n\n)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert shown, "no table in the page"
    assert shown[0] == attacks.table([attacks.played(attack, 3, tmp_path) for attack in ATTACKS])


def test_what_came_after_the_newest_anchor_can_be_cut_off_unseen(tmp_path: Path) -> None:
    """Said honestly: an anchor covers what was there when it was shown, and nothing that came later."""
    path = tmp_path / "sound.db"
    hashes = attacks.build(path)
    attacks.attempted(path, ATTACKS[6], 50)
    assert attacks.verified(path, {40: hashes[40], 49: hashes[49]}) is None
    found = attacks.verified(path, {40: hashes[40], 50: hashes[50]})
    assert found and (found.seq, found.text) == (50, "record 50 was shown once and is gone: the trail ends at 49")


@pytest.fixture
def trail(path: Path) -> Path:
    """A closed store with 40 records."""
    store = open_store(path)
    for n in range(COUNT):
        with store.work() as work:
            work.audit(entry(1, n=n))
    store.close()
    return path


def attacked(path: Path, attack: Callable[[Shell], object]) -> Store:
    """The store after somebody was at the file with a stock shell."""
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        attack(shell)
    return open_store(path)


def without_triggers(attack: Callable[[Shell], object]) -> Callable[[Shell], object]:
    """The attacker drops the triggers first."""

    def both(shell: Shell) -> None:
        for trigger in TRIGGERS:
            shell.execute(f"DROP TRIGGER {trigger}")
        attack(shell)

    return both


def change(shell: Shell) -> None:
    """One record says something else."""
    shell.execute("UPDATE audit SET body = replace(body, '\"n\":9}', '\"n\":8}') WHERE seq = 10")


def change_with_hash(shell: Shell) -> None:
    """One record says something else, and its hash fits."""
    body, prev = shell.execute(
        "SELECT replace(body, '\"n\":9}', '\"n\":8}'), prev FROM audit WHERE seq = 10"
    ).fetchone()
    shell.execute("UPDATE audit SET body = ?, hash = ? WHERE seq = 10", [body, digest(prev, body)])


def remove(shell: Shell) -> None:
    """One record in the middle goes."""
    shell.execute("DELETE FROM audit WHERE seq = 10")


def remove_first(shell: Shell) -> None:
    """The first record goes."""
    shell.execute("DELETE FROM audit WHERE seq = 1")


def swap(shell: Shell) -> None:
    """Two records change places."""
    for old, new in ((10, -10), (11, 10), (-10, 11)):
        shell.execute("UPDATE audit SET seq = ? WHERE seq = ?", [new, old])


def slip_in(shell: Shell) -> None:
    """A record before the first."""
    shell.execute("INSERT INTO audit SELECT 0, body, prev, 'x', rollout FROM audit WHERE seq = 1")


def refile(shell: Shell) -> None:
    """A record is hidden from those who look for its rollout; its text and hash stay."""
    shell.execute("UPDATE audit SET rollout = 2 WHERE seq = 10")


def garbage(shell: Shell) -> None:
    """A body that is no JSON at all."""
    shell.execute("UPDATE audit SET body = '{' WHERE seq = 10")


@pytest.mark.parametrize(
    "attack,broken",
    [
        (change, 10), (change_with_hash, 11), (remove, 10), (remove_first, 1), (swap, 10), (slip_in, 1),
        (refile, 10), (garbage, 10),
    ],
)  # fmt: skip
def test_chain_names_the_first_broken_record(trail: Path, attack: Callable[[Shell], object], broken: int) -> None:
    """With the triggers dropped, verify finds each of these and says where, however long its pages."""
    store = attacked(trail, without_triggers(attack))
    for page in (1, 7, 10, 500):
        count, found = store.verify(page)
        assert found
        assert (found.seq, count) == (broken, broken - 1)
        assert str(broken) in found.text
    store.close()


@pytest.mark.parametrize("attack", [change, change_with_hash, remove, swap, slip_in, refile])
def test_triggers_block_the_same_attacks(trail: Path, attack: Callable[[Shell], object]) -> None:
    """While the triggers stand, the shell is refused and the trail holds."""
    with pytest.raises(sqlite3.IntegrityError, match="audit record"):
        attacked(trail, attack)
    store = open_store(trail)
    assert store.verify() == (COUNT, None)
    store.close()


def test_replace_slips_past_the_triggers_of_a_stock_shell(trail: Path) -> None:
    """INSERT OR REPLACE fires no DELETE trigger where recursive_triggers is off: the chain finds it."""

    def replace(shell: Shell) -> None:
        shell.execute("DROP TRIGGER audit_is_a_chain")
        shell.execute("INSERT OR REPLACE INTO audit SELECT seq, '{}', prev, hash, rollout FROM audit WHERE seq = 10")

    store = attacked(trail, replace)
    found = store.verify()[1]
    assert found
    assert found.seq == 10
    store.close()


def cut_tail(shell: Shell) -> None:
    """The newest records go."""
    shell.execute("DELETE FROM audit WHERE seq > 30")


def rewrite(shell: Shell) -> None:
    """Everything from record 31 on is written anew, with hashes that fit."""
    prev = shell.execute("SELECT hash FROM audit WHERE seq = 30").fetchone()[0]
    shell.execute("DELETE FROM audit WHERE seq > 30")
    for seq in range(31, COUNT + 1):
        record = link(entry(1, n="nothing happened"), seq, prev)
        shell.execute("INSERT INTO audit VALUES (?, ?, ?, ?, 1)", [seq, record.body, prev, record.hash])
        prev = record.hash


def begin_anew(shell: Shell) -> None:
    """The whole trail is another one."""
    shell.execute("DELETE FROM audit")
    record = link(entry(1, n="hello"), 1, GENESIS)
    shell.execute("INSERT INTO audit VALUES (1, ?, ?, ?, 1)", [record.body, GENESIS, record.hash])


@pytest.mark.parametrize("attack,left", [(cut_tail, 30), (rewrite, COUNT), (begin_anew, 1)])
def test_chain_alone_misses_what_anchors_find(trail: Path, attack: Callable[[Shell], object], left: int) -> None:
    """Said honestly: these three leave a chain that holds. A head known from elsewhere finds them."""
    store = open_store(trail)
    with store.reads() as reads:
        shown = {seq: reads.audit_page(seq - 1, 1)[0].hash[:8] for seq in (20, 35)}
    assert store.verify(anchors=shown) == (COUNT, None)
    store.close()
    store = attacked(trail, without_triggers(attack))
    assert store.verify() == (left, None)
    for page in (1, 500):
        found = store.verify(page, anchors=shown)[1]
        assert found
        assert found.seq in shown
        assert "was shown" in found.text
    store.close()


def test_verify_goes_on_while_others_write(store: Store) -> None:
    """Each page is a read of its own: a trail that grows between two pages is walked to its end."""
    for n in range(10):
        with store.work() as work:
            work.audit(entry(n=n))
    assert store.verify(1) == (10, None)
    assert store.verify(3) == (10, None)
    assert store.verify(10) == (10, None)
