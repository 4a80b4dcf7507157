"""Looking at a trail from outside the bot: nothing is written, nobody is held up, nothing is believed."""

import contextlib
import hashlib
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from sqlite_utils import Database

from rollout.audit import GENESIS, digest, link
from rollout.errors import BadConfig
from store import Store, StoreFault, open_store
from store.audit import PAGE_BYTES, AuditReads
from store.sessions import Sessions
from store.trail import open_trail
from store.verify import raw_page, walk
from tests.store import attacks
from tests.store.make import entry


def filled(path: Path, records: int = 5) -> list[str]:
    """A closed store with records; their hashes."""
    store = open_store(path)
    with store.work() as work:
        hashes = [work.audit(entry(n % 2 + 1, n=n)).hash for n in range(records)]
    store.close()
    return hashes


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file of a folder by its content."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_looking_leaves_the_folder_as_it_is(path: Path) -> None:
    """Verified and read through, the file is the same to the byte, and nothing stands beside it."""
    hashes = filled(path)
    before = fingerprint(path.parent)
    with open_trail(path) as trail:
        found = trail.walk({})
        assert (found.records, found.head, found.broken) == (5, hashes[-1], None)
        assert [row.hash.decode() for rows in trail.pages() for row in rows] == hashes
        assert [row.seq for rows in trail.pages(2, about=1) for row in rows] == [3, 5]
        assert trail.last() == 5
        assert fingerprint(path.parent) == before
    assert fingerprint(path.parent) == before


def test_a_trail_cannot_be_written(path: Path) -> None:
    """The file itself is opened without the right to, not only the connection told not to."""
    filled(path)
    with open_trail(path) as trail:
        trail._db.execute("PRAGMA query_only = OFF")
        with pytest.raises(StoreFault, match="cannot be written to"), trail.reading() as db:
            db.execute("DROP TABLE audit")


def test_a_crash_is_put_in_order_before_looking(path: Path, tmp_path: Path) -> None:
    """A journal that a power cut left is rolled back: half a transaction is never shown, nor is looking refused."""
    hashes = filled(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as dying:
        dying.execute("PRAGMA journal_mode = DELETE")
        dying.execute("PRAGMA cache_size = 1")
        dying.execute("BEGIN IMMEDIATE")
        dying.execute("CREATE TABLE large (x)")
        dying.executemany("INSERT INTO large VALUES (?)", [("x" * 3000,) for _ in range(200)])
        after = tmp_path / "after"
        after.mkdir()
        for file in (path, Path(f"{path}-journal")):
            shutil.copy(file, after / file.name)
        dying.execute("ROLLBACK")
    with (
        contextlib.closing(sqlite3.connect(f"file:{after / path.name}?mode=ro", uri=True)) as plain,
        pytest.raises(sqlite3.OperationalError),
    ):
        plain.execute("SELECT * FROM audit").fetchall()
    with open_trail(after / path.name) as trail:
        assert trail.walk({})[:2] == (5, hashes[-1])
        with pytest.raises(StoreFault, match="cannot be written to"), trail.reading() as db:
            db.execute("DELETE FROM audit")


def test_somebody_who_writes_is_not_held_up_between_two_pages(path: Path) -> None:
    """After each page the file is free: a commit that does not wait at all succeeds, and is walked too."""
    filled(path, 1200)
    writer = open_store(path, busy_ms=0)
    told = []

    def append(count: int) -> None:
        told.append(count)
        if len(told) < 3:
            with writer.work() as work:
                work.audit(entry(n=count))

    with open_trail(path) as trail:
        found = trail.walk({}, append)
    writer.close()
    assert (found.records, found.broken) == (1202, None)
    assert told == [500, 1000, 1202]


@pytest.mark.parametrize("last", [5, 4])
def test_what_is_taken_away_between_two_pages_is_missed(path: Path, last: int) -> None:
    """A record that held when it was read, and is gone when the next page is, is no end of the trail."""
    filled(path, 5)

    def remove(count: int) -> None:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as shell:
            attacks.disarm(shell)
            shell.execute("DELETE FROM audit WHERE seq = ?", [count])

    with open_trail(path) as trail:
        found = walk(trail, {}, last, remove)
    assert found.broken
    assert (found.records, found.broken.seq) == (last, last + 1)
    assert found.broken.text == f"record {last + 1} follows nothing: {last} was taken away just now"


def test_looking_waits_for_a_commit_instead_of_failing(path: Path) -> None:
    """While another program holds the file, a read waits until it lets go."""
    filled(path)
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            held.set()
            free.wait(0.3)
            other.execute("ROLLBACK")

    with open_trail(path) as trail:
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        assert trail.walk({}).records == 5
        thread.join()


def test_a_page_of_long_records_ends_early_and_keeps_no_lock(path: Path) -> None:
    """A page is bounded by its text too; the rest is read next, and a writer may go at once although rows are left."""
    store = open_store(path)
    for n in range(12):
        with store.work() as work:
            work.audit(entry(n="x" * (PAGE_BYTES // 40), m=n))
    long = [work_of(store, "y" * (PAGE_BYTES // 4)) for _ in range(60)]
    with open_trail(path) as trail:
        pages = list(trail.pages())
        assert len(pages) == 2
        assert [row.seq for rows in pages for row in rows] == [*range(1, 13), *long]
        with trail.reading() as db:
            view = AuditReads(db)
            assert len(view.raw_page(12, 60)) == 50
            db.execute("COMMIT")  # an unfinished statement would go on holding the file
            with contextlib.closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                other.execute("ROLLBACK")
            db.execute("BEGIN")
        assert trail.walk({}).records == 72
    store.close()


def work_of(store: Store, text: str) -> int:
    """Append one record; its number."""
    with store.work() as work:
        return work.audit(entry(text=text)).seq


def test_what_holds_no_trail_is_named(path: Path) -> None:
    """No file, another program's file, no database at all, a trail that was dropped: each a fact and what to do."""
    with pytest.raises(StoreFault, match="there is no store at"):
        open_trail(path)
    assert not path.exists()
    with pytest.raises(BadConfig, match="there is no folder"):
        open_trail(path / "deeper" / "x.db")
    path.write_bytes(b"no database at all, but long enough to be looked at" * 9)
    with pytest.raises(StoreFault, match="is not a SQLite database"):
        open_trail(path)
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA application_id = 77")
        other.execute("CREATE TABLE audit (seq, body, prev, hash, rollout)")
    with pytest.raises(StoreFault, match="holds no audit trail"):
        open_trail(path)
    path.unlink()
    filled(path)
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("DROP TABLE audit")
    with pytest.raises(StoreFault, match="holds no audit trail"):
        open_trail(path)


def test_a_name_with_marks_in_it_is_a_file(tmp_path: Path) -> None:
    """A path is handed to SQLite as an address: a question mark in it is no parameter."""
    odd = tmp_path / "a?mode=rw #1%41.db"
    hashes = filled(odd)
    with open_trail(odd) as trail:
        assert trail.walk({}).head == hashes[-1]
    assert sorted(file.name for file in tmp_path.iterdir()) == [odd.name, f"{odd.name}-journal"]


HONEST: list[tuple[int, str, str, str, int | None]] = []
for _n in range(1, 6):
    _row = link(entry(_n % 3 or None, n=_n), _n, HONEST[-1][3] if HONEST else GENESIS)
    HONEST.append((_n, _row.body, _row.prev, _row.hash, _n % 3 or None))


class Loose:
    """A trail in a table that takes anything, as somebody could put one there."""

    def __init__(self, rows: list[tuple[object, ...]]) -> None:
        self.db = Database(memory=True)
        self.db.execute("CREATE TABLE audit (seq, body, prev, hash, rollout)")
        for row in rows:
            self.db.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?)", row)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Database]:
        """The same connection."""
        yield self.db


cells = (
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=20)
    | st.binary(max_size=20) | st.sampled_from([text for row in HONEST for text in row[1:4]])
    | st.sampled_from([str(row[1]).encode() for row in HONEST]) | st.sampled_from([b"[" * 9999, b"\xff", b"{}", "true"])
)  # fmt: skip

def the_same(found: tuple[object, ...], honest: tuple[object, ...]) -> bool:
    """Whether a row says what the honest one says; a blob with the bytes of the text does."""
    texts = [text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in found[1:4]]
    return (found[0], *texts, found[4]) == honest


@settings(max_examples=int(os.environ.get("TIDEGATE_SOAK", "300")), deadline=None)
@given(st.data())
def test_a_table_of_anything_is_no_crash_and_no_false_ok(data: st.DataObject) -> None:
    """Cells of any kind, rows gone, doubled and foreign, U02: the walk never raises; ok means honest rows only."""
    rows: list[tuple[object, ...]] = list(HONEST)
    for _ in range(data.draw(st.integers(1, 2))):
        if not rows:
            break
        k = data.draw(st.integers(0, len(rows) - 1))
        match data.draw(st.sampled_from(["cell", "cell", "cell", "drop", "double", "row"])):
            case "cell":
                column = data.draw(st.integers(0, 4))
                rows[k] = (*rows[k][:column], data.draw(cells), *rows[k][column + 1 :])
            case "drop":
                del rows[k]
            case "double":
                rows.append(rows[k])
            case _:
                rows.append(tuple(data.draw(cells) for _ in range(5)))
    page = data.draw(st.integers(1, 6))
    found = walk(Loose(rows), {}, page)
    if found.broken is None:
        assert found.records == len(rows)
        rows.sort(key=lambda row: float(str(row[0])))
        assert all(the_same(*pair) for pair in zip(rows, HONEST, strict=False))
    else:
        assert found.records == found.broken.seq - 1
        assert found.head == (HONEST[found.records - 1][3] if found.records else GENESIS)


@settings(max_examples=int(os.environ.get("TIDEGATE_SOAK", "100")), deadline=None)
@given(st.dictionaries(st.integers(-3, 9), st.text("0123456789abcdef", max_size=64), max_size=3))
def test_anchors_of_anything_are_no_crash_and_no_false_ok(anchors: dict[int, str]) -> None:
    """Whatever is said to have been shown: ok means that each of them is there and begins so."""
    found = walk(Loose(list(HONEST)), anchors, 2)
    fit = all(seq < 1 or (seq <= 5 and str(HONEST[seq - 1][3]).startswith(known)) for seq, known in anchors.items())
    assert (found.broken is None) == fit


@pytest.mark.parametrize(
    ("filed", "named", "fits"),
    [
        (1, 1, True), (None, None, True), (1, None, False), (None, 1, False), (2, 1, False), (1.5, 1, False),
        ("1", 1, False),
    ],
)  # fmt: skip
def test_a_record_stands_where_its_rollout_is_looked_for(filed: object, named: int | None, fits: bool) -> None:
    """The column beside the text is compared with it, kind and all."""
    row = link(entry(named), 1, GENESIS)
    found = walk(Loose([(1, row.body, row.prev, row.hash, filed)]), {})
    assert (found.broken is None, found.records) == (fits, int(fits))
    assert fits or (found.broken and found.broken.text == "record 1 is filed under another rollout than it names")


@pytest.mark.parametrize("seq", [-(2**63), -1, 0, float("-inf"), None, 6.5, "7", b"", 2**63 - 1])
@pytest.mark.parametrize("page", [1, 3, 500])
def test_no_row_stands_where_no_walk_meets_it(seq: object, page: int) -> None:
    """Before the first number there is, without one, behind the last: a foreign row is met wherever it stands."""
    found = walk(Loose([*HONEST, (seq, "{}", "", "", None)]), {}, page)
    before = seq is None or (isinstance(seq, int | float) and seq < 1)
    assert found.broken and found.broken.seq == (1 if before else 6)


def test_records_without_a_number_end_an_export_instead_of_repeating(path: Path) -> None:
    """A page of nothing else has no number to go on from: said, not read for ever."""
    filled(path)
    with contextlib.closing(sqlite3.connect(path)) as shell:
        shell.execute("DROP TABLE audit")
        shell.execute("CREATE TABLE audit (seq, body, prev, hash, rollout)")
        shell.execute("INSERT INTO audit (body) VALUES ('{}'), ('{}')")
        shell.commit()
    with open_trail(path) as trail, pytest.raises(StoreFault, match="holds records without a number"):
        list(trail.pages())


@pytest.mark.parametrize("named", ["true", "1.0", '"1"'])
def test_a_rollout_that_only_counts_as_the_same_is_another(named: str) -> None:
    """True and 1.0 equal 1 in Python, and are no number of a rollout: other readers of the record would not find it."""
    body = link(entry(1), 1, GENESIS).body.replace('"rollout":1', f'"rollout":{named}')
    found = walk(Loose([(1, body, GENESIS, digest(GENESIS, body), 1)]), {})
    assert found.broken and found.broken.text == "record 1 is filed under another rollout than it names"


def test_a_store_verifies_by_the_same_walk(store: Store) -> None:
    """What the running bot says of its trail is what a shell says of it."""
    for n in range(3):
        work_of(store, str(n))
    sessions = Sessions(store.path, 2000)
    with open_trail(store.path) as trail:
        assert store.verify(2) == (3, None) == trail.walk({})[::2]
    assert [row.seq for row in raw_page(sessions, 1, 1)] == [2]
    sessions.close()
