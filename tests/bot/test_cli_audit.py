"""`tidegate audit verify | export | tail` from outside: what they say, what they take, what they leave alone."""

import contextlib
import csv
import io
import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from bot.cli import main
from bot.cli.export import COLUMNS, _table, cells
from bot.cli.records import NoRecord, line_of, row_of
from bot.cli.tail import told
from bot.cli.trail import _walked
from rollout.audit import GENESIS, Entry, digest, link
from store import hold_lock, open_store
from store.audit import Raw
from tests.bot.test_config import SMALL
from tests.store import attacks

ROOT = Path(__file__).resolve().parent.parent.parent
AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
CHILD = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "TZ": "UTC"}
EXAMPLES = int(os.environ.get("TIDEGATE_SOAK", "150"))
NASTY = [
    "=1+1", "+1", "-1", "@a", "\tx", "\rx", "\nx", "'x", "＝1", "a\r\nb", '"', ",", "ü🚀\u2028\u202e",
    "\x1b[2J\x00\x9b",
]  # fmt: skip


def record(n, **facts):
    """An entry whose facts differ."""
    return Entry(kind="ask", at=AT, actor="T1/U0ANA", rollout=n % 2 + 1, target="my-app/prod", facts={"n": n, **facts})


@pytest.fixture
def place(tmp_path):
    """A configuration, and a store beside it with seven records; they are about #1 and #2 in turn."""
    (tmp_path / "tidegate.toml").write_text(SMALL)
    store = open_store(tmp_path / "tidegate.db")
    with store.work() as work:
        for n in range(7):
            work.audit(record(n, words=NASTY[n], answer=NASTY[n + 7]))
    store.close()
    return tmp_path


def run(place, capsysbinary, *words):
    """Exit code, stdout, stderr."""
    code = main(["audit", *words, "--config", str(place / "tidegate.toml")])
    out, err = capsysbinary.readouterr()
    return code, out.decode(), err.decode()


def child(place, *words, **more):
    """The same in a process of its own."""
    command = [sys.executable, "-m", "bot", "audit", *words, "--config", str(place / "tidegate.toml")]
    return subprocess.Popen(command, env=CHILD, **more)


def rows_of(place):
    """Every row as it is stored."""
    with contextlib.closing(sqlite3.connect(place / "tidegate.db")) as db:
        found = db.execute("SELECT seq, body, prev, hash, rollout FROM audit ORDER BY seq").fetchall()
    return [Raw(seq, body.encode(), prev.encode(), own.encode(), about) for seq, body, prev, own, about in found]


def shell(place, *statements):
    """Somebody at the file, without its triggers."""
    with contextlib.closing(sqlite3.connect(place / "tidegate.db", isolation_level=None)) as db:
        attacks.disarm(db)
        for statement in statements:
            db.execute(statement)


# -- verify -----------------------------------------------------------------------------------------


def test_a_bad_record_is_named_with_its_time_and_kind(place, capsysbinary):
    """What is wrong, when it says it was and what it says it is; as JSON the same; exit 1."""
    shell(place, "UPDATE audit SET body = replace(body, '\"n\":3', '\"n\":33') WHERE seq = 4")
    code, out, err = run(place, capsysbinary, "verify")
    assert (code, err) == (1, "")
    assert out == (
        "record 4 was changed: its hash does not fit its body\n"
        "    it says it is: ask at 2026-01-01T12:00:00+00:00\n"
        "3 records before it hold; keep the file, and compare it with a backup\n"
    )
    found = json.loads(run(place, capsysbinary, "verify", "--json")[1])
    assert (found["ok"], found["records"], found["head"]) == (False, 3, rows_of(place)[2].hash.decode())
    assert found["broken"] == {
        "seq": 4, "text": "record 4 was changed: its hash does not fit its body",
        "at": "2026-01-01T12:00:00+00:00", "kind": "ask",
    }  # fmt: skip


def test_a_record_that_says_nothing_is_named_without_time_and_kind(place, capsysbinary):
    """Bytes that are no text at all: still named, and nothing of them reaches the terminal."""
    shell(place, "UPDATE audit SET body = CAST(x'ff1b5b324a' AS TEXT) WHERE seq = 1")
    code, out, _ = run(place, capsysbinary, "verify")
    assert (code, out.splitlines()[0]) == (1, "record 1 was changed: its hash does not fit its body")
    assert out.splitlines()[1].startswith("0 records before it hold")


def test_anchors_are_compared(place, capsysbinary):
    """A head as a card shows it, or as a whole: ok with their count, or the first that does not fit."""
    whole = rows_of(place)[4].hash.decode()
    code, out, _ = run(place, capsysbinary, "verify", "--anchor", f"5:{whole}", "--anchor", f"5 {whole[:4]}")
    assert (code, out.splitlines()[1]) == (0, "1 anchor fits")
    code, out, _ = run(place, capsysbinary, "verify", "--anchor", f"5:{whole}", f"--anchor=3:{whole}")
    assert (code, out.split(":")[0]) == (1, "record 3 is not the one that was shown")
    code, out, _ = run(place, capsysbinary, "verify", f"--anchor=9:{whole}")
    assert (code, out.splitlines()[0]) == (1, "record 9 was shown once and is gone: the trail ends at 7")
    assert out.splitlines()[1] == "7 records before it hold; keep the file, and compare it with a backup"


def test_looking_leaves_everything_as_it_is_bot_or_no_bot(place, capsysbinary):
    """With a bot that holds its lock and writes at this moment all three read; the file stays the same to the byte."""
    before = (place / "tidegate.db").read_bytes()
    store, lock = open_store(place / "tidegate.db"), hold_lock(place / "tidegate.db")
    assert lock
    with store.work() as work:
        work.audit(record(8))
        for words in (["verify"], ["export"], ["tail", "-n", "3"]):
            code, out, err = run(place, capsysbinary, *words)
            assert (code, err) == (0, "")
            assert "my-app/prod" in out or "7 records hold" in out
        assert (place / "tidegate.db").read_bytes() == before
    assert run(place, capsysbinary, "verify")[1].startswith("8 records hold")
    store.close()
    lock.release()


@pytest.mark.parametrize("verb", ["verify", "export", "tail"])
def test_a_store_that_is_not_there_is_a_fact_and_a_hint(verb, tmp_path, capsysbinary):
    """Exit 1, what is missing, what to do; nothing is made."""
    (tmp_path / "tidegate.toml").write_text(SMALL)
    code, out, err = run(tmp_path, capsysbinary, verb)
    assert (code, out) == (1, "")
    assert err == (
        f"tidegate: there is no store at {tmp_path}/tidegate.db\n"
        "    start the bot once with `tidegate run`, or check --config\n"
    )
    assert [file.name for file in tmp_path.iterdir()] == ["tidegate.toml"]


OPTIONS = "--file FILE, --after N, --anchor N:HASH, --config FILE, --json, --help"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["verify", "--wat"], f"'--wat' is not an option of audit verify\n    options of audit verify: {OPTIONS}"),
        (["export", "--follow"], "'--follow' is not an option of audit export\n    options of audit export: --format "),
        (["tail", "--file=x"], "'--file' is not an option of audit tail\n    options of audit tail: -n N, --follow, "),
        (["tail", "7"], "'7' is a word too many"),
        (["tail", "--follow=1"], "--follow takes no value"),
        (["tail", "-n"], "-n names no N"),
        (["tail", "-n", "1", "-n", "2"], "-n is given twice"),
        (["tail", "-n", "many"], "-n is 'many'\n    -n takes a whole number from 0 on"),
        (["tail", "-n", "-3"], "-n is '-3'"),
        (["tail", "-n", "9" * 19], "-n is '999"),
        (["tail", "-n", "²"], "-n is '²'"),
        (["export", "--format", "xml"], "--format is 'xml'\n    --format takes jsonl or csv"),
        (["export", "--json"], "audit export says its format itself"),
        (["export", "--rollout", "0"], "--rollout is '0'\n    --rollout takes a whole number from 1 on"),
        (["export", "--after", ""], "--after names no N"),
        (["verify", "--after", "3"], "--after is for an export"),
        (["verify", "--anchor", "3:9f3"], "--anchor is '3:9f3'"),
        (["verify", "--anchor", "3:9F3A"], "--anchor is '3:9F3A'"),
        (["verify", "--anchor", "0:9f3a"], "--anchor is '0'"),
        (["verify", "--anchor", "3:9f3a", "--anchor", "3:9f3b"], "record 3 was shown in two ways"),
        (["verify", "--file"], "--file names no FILE"),
        (["verify", "--file", "/no/such"], "/no/such cannot be read: No such file or directory"),
        (["verify", "--file", "/"], "/ cannot be read: Is a directory"),
        (["verify", "--no-wait"], "audit verify waits for nobody"),
        (["wat"], "audit 'wat' is not a verb\n    tidegate audit verify | tidegate audit export | tidegate audit tail"),
    ],
)  # fmt: skip
def test_usage_mistakes_are_exit_2_with_what_to_type(words, said, place, capsysbinary):
    """An option that is not known is refused with those that are; a value that is none, with what it should be."""
    code, out, err = run(place, capsysbinary, *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"tidegate: {said}")


# -- export -----------------------------------------------------------------------------------------


def test_a_line_of_an_export_says_everything(place, capsysbinary):
    """Number, both hashes and the fields of the record, in ASCII; one line each, in order, to the last one."""
    code, out, err = run(place, capsysbinary, "export")
    assert (code, err) == (0, "")
    assert out.isascii()
    lines = [json.loads(line) for line in out.split("\n")[:-1]]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    for line, row in zip(lines, rows_of(place), strict=True):
        assert {**json.loads(row.body), "prev": row.prev.decode(), "hash": row.hash.decode()} == line
        assert list(line) == ["seq", "at", "kind", "actor", "rollout", "target", "facts", "v", "prev", "hash"]


def test_parts_of_the_trail(place, capsysbinary):
    """After a number, about a rollout, both; in both formats; nothing is no failure."""
    for words, expected in [
        (["--after", "5"], [6, 7]), (["--rollout", "#2"], [2, 4, 6]), (["--rollout=1", "--after=3"], [5, 7]),
        (["--after", "7"], []), (["--after", "99"], []), (["--rollout", "99"], []), (["--after", "0"], [*range(1, 8)]),
    ]:  # fmt: skip
        code, out, _ = run(place, capsysbinary, "export", *words)
        assert (code, [json.loads(line)["seq"] for line in out.splitlines()]) == (0, expected)
        table = run(place, capsysbinary, "export", "--format", "csv", *words)[1]
        assert [int(row["seq"]) for row in csv.DictReader(io.StringIO(table, newline=""))] == expected


def test_an_export_is_verified_without_the_database(place, capsysbinary, monkeypatch):
    """As a file, through a pipe, as a part: what verify says of the store it says of the export; no configuration."""
    head = rows_of(place)[-1].hash.decode()
    file = place / "export.jsonl"
    file.write_text(run(place, capsysbinary, "export")[1])
    part = place / "part.jsonl"
    part.write_text(run(place, capsysbinary, "export", "--after", "4")[1])
    monkeypatch.chdir("/")
    for config in place.glob("tidegate*"):
        config.unlink()
    for words in (["--file", str(file)], [f"--file={file}", "--anchor", f"7:{head[:8]}"]):
        assert main(["audit", "verify", *words]) == 0
        assert capsysbinary.readouterr().out.decode().startswith(f"7 records hold; head {head}\n")
    assert main(["audit", "verify", "--file", str(part), "--after", "4"]) == 0
    assert capsysbinary.readouterr().out.decode() == (
        f"3 records hold; head {head}\nrecords 1 to 4 are not in the file: nothing is said about them\n"
    )
    assert main(["audit", "verify", "--file", str(part), "--after", "3"]) == 1
    assert capsysbinary.readouterr().out.startswith(b"record 4 is missing: 5 follows 3\n0 records before it hold")
    assert main(["audit", "verify", "--file", str(file), "--anchor", "3:0123"]) == 1
    assert capsysbinary.readouterr().out.startswith(b"record 3 is not the one that was shown: 0123, now ")
    assert main(["audit", "verify", "--file", str(file), "--anchor", "8:0123"]) == 1
    assert capsysbinary.readouterr().out.startswith(b"record 8 was shown once and is gone: the trail ends at 7")
    assert main(["audit", "verify", "--file", str(part)]) == 1
    assert capsysbinary.readouterr().out.startswith(b"record 1 is missing: 5 follows 0\n")
    with file.open() as stdin:
        piped = child(place, "verify", "--file", "-", "--json", stdin=stdin, stdout=subprocess.PIPE)
    assert json.loads(piped.communicate(timeout=60)[0]) == {"ok": True, "records": 7, "head": head, "broken": None}


def test_an_export_without_records_is_not_called_right(place, capsysbinary):
    """An empty file is what a failed export leaves: refused, not verified."""
    (place / "empty").touch()
    for words in ([], ["--after", "3"]):
        code, out, err = run(place, capsysbinary, "verify", "--file", str(place / "empty"), *words)
        assert (code, out) == (1, "")
        assert "holds no records" in err


@pytest.mark.parametrize("attack", attacks.ATTACKS[2:6], ids=lambda attack: attack.act.__name__)
def test_an_export_heals_nothing(attack, tmp_path, capsysbinary):
    """A trail that does not hold is exported as it is: the file does not hold either, at the same record."""
    (tmp_path / "tidegate.toml").write_text(SMALL)
    for k in (1, 9, 30, 59):
        attacks.build(tmp_path / "tidegate.db")
        attacks.attempted(tmp_path / "tidegate.db", attack, k)
        (tmp_path / "export").write_text(run(tmp_path, capsysbinary, "export")[1])
        stored = json.loads(run(tmp_path, capsysbinary, "verify", "--json")[1])
        exported = json.loads(run(tmp_path, capsysbinary, "verify", "--json", "--file", str(tmp_path / "export"))[1])
        assert exported == stored
        assert stored["broken"]["seq"] == attack.names(k)
        (tmp_path / "tidegate.db").unlink()


@pytest.mark.parametrize(
    "body",
    [
        "", "{", "[1]", "null", '{"seq":1}', '{"seq": 3, "v":"tidegate-audit/1"}', '{"v":"tidegate-audit/1","seq":3}',
        '{"seq":3,"seq":3,"v":"tidegate-audit/1"}', '{"hash":"x","seq":3,"v":"tidegate-audit/1"}',
        '{"body":"x","seq":3}',
        '{"a":NaN,"seq":3}', '{"a":1.00,"seq":3}', '{"a":"\\u0041","seq":3}', '{"a":"\\ud800","seq":3}', '{"seq":true}',
        "[" * 9999, "\x00", '{"a":' + "9" * 5000 + "}",
    ],
    ids=range(18),
)  # fmt: skip
def test_a_text_that_is_not_of_our_form_is_exported_as_it_stands(body, place, capsysbinary):
    """Whatever somebody wrote into a record comes out to the byte, never tidied up on the way; CSV has it too."""
    with contextlib.closing(sqlite3.connect(place / "tidegate.db", isolation_level=None)) as db:
        attacks.disarm(db)
        db.execute("UPDATE audit SET body = ? WHERE seq = 3", [body])
    line = run(place, capsysbinary, "export")[1].splitlines()[2]
    row = rows_of(place)[2]
    assert json.loads(line) == {"seq": 3, "prev": row.prev.decode(), "hash": row.hash.decode(), "body": body}
    assert row_of(line.encode())[:4] == row[:4]
    table = run(place, capsysbinary, "export", "--format", "csv")[1]
    assert [*csv.DictReader(io.StringIO(table, newline=""))][2]["body"] == body
    assert run(place, capsysbinary, "tail")[0] == 0


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
names = st.sampled_from([*COLUMNS, "v", "x"])
bodies = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=5), max_leaves=9
).map(lambda value: json.dumps(value, sort_keys=True, separators=(",", ":")).encode())
raws = st.builds(
    Raw, st.integers(-2, 9) | scalars | st.binary(max_size=3), st.binary(max_size=40) | bodies,
    st.binary(max_size=9), st.binary(max_size=9), st.none(),
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None)
@given(raws)
def test_any_row_is_a_line_a_table_row_and_a_line_for_people(row):
    """Rows of anything are shown without a crash, on one line each, with nothing in it that steers a terminal."""
    line, shown = line_of(row), told(row)
    assert line.isascii()
    assert "\n" not in line
    assert shown.isprintable() or all(char.isprintable() or char.isspace() for char in shown)
    assert len(shown.splitlines()) == 1
    assert len(cells(row)) == len(COLUMNS)
    if type(row.seq) is int:
        assert row_of(line.encode())[:4] == row[:4], "the bytes come back, so the hash of the line is that of the row"


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.text(max_size=6) | st.sampled_from(NASTY), min_size=1, max_size=4), st.data())
def test_a_table_comes_back_and_computes_nothing(texts, data):
    """Whatever was typed, Python's csv reads the same cells; none begins a formula, the quote before comes off."""
    rows, prev = [], GENESIS
    for n, text in enumerate(texts, 1):
        entry = Entry(kind="ask", at=AT, actor=text, target=data.draw(st.sampled_from(NASTY)), facts={text: text})
        made = link(entry, n, prev)
        rows.append(Raw(n, made.body.encode(), prev.encode(), made.hash.encode(), None))
        prev = made.hash
    table = _table([COLUMNS, *map(cells, rows)])
    assert table.startswith('"seq","at",'), "a cell without quotes is what another separator would cut"
    read = list(csv.DictReader(io.StringIO(table, newline="")))
    for found, row in zip(read, rows, strict=True):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝")) for cell in found.values())
        inside = json.loads(row.body)
        assert found["actor"].removeprefix("'") == inside["actor"]
        assert found["target"].removeprefix("'") == inside["target"]
        assert json.loads(found["facts"]) == inside["facts"]
        assert (found["seq"], found["hash"]) == (str(row.seq), row.hash.decode())


def test_a_program_of_ones_own_can_verify_an_export(place, capsysbinary):
    """The page's words as code: without prev and hash, sorted, no spaces, hashed under the scheme."""
    before = GENESIS
    for line in run(place, capsysbinary, "export")[1].splitlines():
        found = json.loads(line)
        prev, own = found.pop("prev"), found.pop("hash")
        text = json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert (prev, own) == (before, digest(prev, text))
        before = own


LINES: list[Raw] = []
for _n in range(1, 5):
    _prev = LINES[-1].hash if LINES else GENESIS.encode()
    _link = link(record(_n, words="ü\u2028"), _n, _prev.decode())
    LINES.append(Raw(_n, _link.body.encode(), _prev, _link.hash.encode(), None))
TEXT = "".join(f"{line_of(row)}\n" for row in LINES).encode()
pieces = st.binary(max_size=8) | st.sampled_from(
    [
        b"\n", b" ", b"1", b"true", b'"seq":1,', b'"body":"x",', b"1.0", b"tidegate-audit/2", b"[" * 9999, b"}{",
        b"\\u00fc", b"",
    ]
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, len(TEXT)), st.integers(0, 90), pieces, st.sampled_from([0, 0, 0, 1]))
def test_an_export_somebody_was_at_is_no_crash_and_no_false_ok(start, length, piece, after):
    """Bytes replaced, cut, put in, U02: never a crash; ok only when every line says what was exported, to its end."""
    text = TEXT[:start] + piece + TEXT[start + length :]
    found = _walked(io.BytesIO(text), after, {})
    if found.broken is None:
        rows = [row_of(line)[:4] for line in text.splitlines(keepends=True)]
        assert rows == [row[:4] for row in LINES[after : after + len(rows)]]
        assert found.records == after + len(rows)
    else:
        assert found.records == found.broken.seq - 1


@pytest.mark.parametrize(
    "line",
    [
        b"", b"\n", b"seq,at\n", b"[]", b"{}", b'{"seq":1}', b'{"seq":1,"prev":"","hash":1}', b"[" * 9999,
        b'{"seq":true,"prev":"","hash":""}', b'{"seq":1,"prev":"","hash":"","body":1}',
        b'{"seq":1,"prev":"","hash":"","body":"","at":""}',
        b'{"seq":1,"seq":1,"prev":"","hash":""}', b'{"seq":1,"prev":"","hash":"","x":"\\ud800"}',
        b"\xff\xfe", b"9" * 5000,
        b'{"seq":1,"prev":"","hash":"","facts":{"a":1,"a":2}}', b'{"seq":1,"prev":"","hash":"","x":NaN}',
    ],
    ids=range(17),
)  # fmt: skip
def test_a_line_that_is_none_of_ours_is_refused(line):
    """No JSON, no record, a key twice (which one would a reader believe?), a second text that nobody hashed."""
    with pytest.raises(NoRecord):
        row_of(line)


def test_a_reader_that_goes_away_is_no_traceback(place):
    """`tidegate audit export | head -0`: the closed pipe ends it quietly; so does one that closes in between."""
    reader, writer = os.pipe()
    os.close(reader)
    export = child(place, "export", stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (export.communicate(timeout=60)[1], export.returncode) == (b"", 1)


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_full_disk_under_an_export_is_said(kind, place):
    """What could not be written is a sentence and exit 1, not a file that looks complete."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123  # a device
        export = child(place, "export", "--format", kind, stdout=full, stderr=subprocess.PIPE)
    err = export.communicate(timeout=60)[1]
    assert export.returncode == 1
    assert err.startswith(b"tidegate: the export cannot be written: No space left on device\n    it ends early")


# -- tail -------------------------------------------------------------------------------------------


def test_the_newest_records_are_a_line_each(place, capsysbinary):
    """As many as asked for, twenty without a number, oldest first, safe for a terminal; as JSON those of export."""
    code, out, _ = run(place, capsysbinary, "tail", "-n", "2")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("     6 2026-01-01 ")
    assert lines[0].endswith(" ask        T1/U0ANA #2 my-app/prod: words \\u000dx, answer ü🚀\\u2028\\u202e")
    assert lines[1].endswith(" ask        T1/U0ANA #1 my-app/prod: words \\u000ax, answer \\u001b[2J\\u0000\\u009b")
    assert len(run(place, capsysbinary, "tail")[1].splitlines()) == 7
    assert run(place, capsysbinary, "tail", "-n", "0")[1] == ""
    exported = run(place, capsysbinary, "export")[1]
    assert run(place, capsysbinary, "tail", "--json")[1] == exported
    assert run(place, capsysbinary, "tail", "--json", "-n", "3")[1] == "".join(exported.splitlines(keepends=True)[-3:])


def test_what_happened_is_told_first_and_short(place):
    """Each kind shows what tells it apart; what is empty is left out."""
    cases: list[tuple[Any, dict[str, Any], str]] = [
        ("transition", {"from": "requested", "to": "stepping", "proven": 10, "cause": "", "plan": "x"},
         "from requested, to stepping, proven 10"),
        ("verdict", {"reasons": [["p99", "fail", "0.9"]], "outcome": "FAIL", "cause": ""},
         'outcome FAIL, reasons [["p99", "fail", "0.9"]]'),
        ("outcome", {"key": "k", "attempt": 1, "state": "done", "text": "ok", "request": "r"}, "state done, text ok"),
        ("hold", {"reason": "rolled back", "veto": "", "by": "T1/U0ANA"}, "reason rolled back, by T1/U0ANA"),
    ]  # fmt: skip
    for kind, facts, shown in cases:
        made = link(Entry(kind=kind, at=AT, actor="tidegate", rollout=7, target="a/b", facts=facts), 1, GENESIS)
        line = told(Raw(1, made.body.encode(), b"", b"", 7))
        assert line.split(": ", 1)[1] == shown
        assert f" {kind:<10} tidegate #7 a/b: " in line


def test_following_shows_what_comes_and_ends_well(place):
    """--follow goes on with each new record; Ctrl-C is exit 0 without a word."""
    tail = child(place, "tail", "--follow", "-n", "1", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert json.loads(tail.stdout.readline())["seq"] == 7
        store = open_store(place / "tidegate.db")
        for expected in (8, 9):
            with store.work() as work:
                work.audit(record(expected))
            assert json.loads(tail.stdout.readline())["seq"] == expected
        store.close()
        tail.send_signal(signal.SIGINT)
        assert tail.communicate(timeout=30) == (b"", b"")
        assert tail.returncode == 0
    finally:
        tail.kill()


# -- many records -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_place(tmp_path_factory):
    """A store with 21,000 records beside one with 2,000, some of them of ordinary size; each with its configuration."""
    found = {}
    for count in (2_000, 21_000):
        folder = tmp_path_factory.mktemp("long")
        (folder / "tidegate.toml").write_text(SMALL)
        open_store(folder / "tidegate.db").close()
        with contextlib.closing(sqlite3.connect(folder / "tidegate.db", isolation_level=None)) as db:
            attacks.disarm(db)
            db.execute("BEGIN")
            prev = GENESIS
            for n in range(1, count + 1):
                made = link(record(n, words="start my-app/prod canary " * 20), n, prev)
                db.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?)", [n, made.body, prev, made.hash, n % 2 + 1])
                prev = made.hash
            db.execute("COMMIT")
        found[count] = folder
    return found


_PEAK = """
import resource, sys
from bot.cli import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("words", ["verify", "export", "verify --file"])
def test_memory_does_not_grow_with_the_trail(words, long_place):
    """Ten times the records, the same memory: nothing but a page is held, whatever is done with it."""
    peaks = {}
    for count, folder in long_place.items():
        given = words.split()
        if given[-1] == "--file":
            with (folder / "export").open("wb") as out:
                assert child(folder, "export", stdout=out).wait(60) == 0
            given.append(str(folder / "export"))
        command = [sys.executable, "-c", _PEAK, "audit", *given, "--config", str(folder / "tidegate.toml")]
        with open(os.devnull, "wb") as out:  # noqa: PTH123  # a device
            done = subprocess.run(command, env=CHILD, stdout=out, stderr=subprocess.PIPE, timeout=60, check=True)
        peaks[count] = int(done.stderr)
    grown = peaks[21_000] - peaks[2_000]
    assert grown < 3_000, f"{grown} KB more for 19,000 records, which are 13,000 KB"


def test_a_long_walk_shows_that_it_goes_on(long_place):
    """At a terminal: how far it is, wiped away before the answer. Elsewhere, and for a short trail: nothing."""
    for count, shown in ((21_000, True), (2_000, False)):
        ours, theirs = pty.openpty()
        walk = child(long_place[count], "verify", stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        out = walk.communicate(timeout=60)[0]
        with contextlib.suppress(OSError):  # Linux says so when nobody writes to it any more
            said = os.read(ours, 10_000) if shown else b""
        os.close(ours)
        assert out.startswith(f"{count} records hold".encode())
        assert (b"\r500 of 21,000 records hold\r" in said) == shown
        assert said.endswith(b"\r\x1b[K") == shown
    quiet = child(long_place[21_000], "verify", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert quiet.communicate(timeout=60)[1] == b""
