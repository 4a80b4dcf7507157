"""The chain: one text for one value, every tampering found at its number, and what a chain alone cannot see."""

import json
import os
from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given, settings

from rollout.audit import GENESIS, SCHEME, Entry, Link, canonical, digest, link, verify
from tests.rollout.make import T0
from tests.rollout.rows import CALM

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
plain = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=6,
)  # fmt: skip
facts = st.dictionaries(st.text(max_size=4), scalars, max_size=2)
entries = st.builds(
    Entry, kind=st.sampled_from(["ask", "refused", "transition", "outcome"]), actor=st.text(max_size=10), facts=facts,
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 zoned by hypothesis
    rollout=st.none() | st.integers(1, 99), target=st.sampled_from(["", "my-app/prod"]),
)  # fmt: skip


FEW = settings(max_examples=int(os.environ.get("TIDEGATE_SOAK", "50")), **CALM)
ENTRY = Entry(kind="ask", at=T0, actor="")


def chain(kept):
    """Link entries, as the store does."""
    rows, prev = [], GENESIS
    for seq, entry in enumerate(kept, 1):
        rows.append(link(entry, seq, prev))
        prev = rows[-1].hash
    return rows


chains = st.lists(entries, min_size=2, max_size=5).map(chain)


def _shuffled(value, order):
    if isinstance(value, dict):
        return {key: _shuffled(value[key], order) for key in sorted(value, key=lambda key: hash((key, order)))}
    return [_shuffled(inner, order) for inner in value] if isinstance(value, list) else value


@FEW
@given(plain, st.integers(0, 3))
def test_one_text_for_one_value(value, order):
    """The order of keys does not matter, and the text reads back as the value."""
    assert canonical(_shuffled(value, order)) == canonical(value)
    assert json.loads(canonical(value)) == value


@FEW
@given(plain, plain)
def test_two_values_have_two_texts(one, other):
    """Different values never share a text: True is not 1, None is not `null` in quotes, [] is not {}."""
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (canonical(one) == canonical(other)) == same


def test_the_text_is_what_the_scheme_says():
    """Sorted keys, no spaces, UTF-8 as it is, tuples as lists: anybody can write a second verifier."""
    assert canonical({"b": (1, True, None), "a": "ü→🚀\u2028\n"}) == '{"a":"ü→🚀\u2028\\n","b":[1,true,null]}'


@pytest.mark.parametrize("value", [1.0, float("nan"), b"x", {1, 2}, T0, object(), {"a": [1, {"b": 0.5}]}])
def test_what_has_many_spellings_is_refused(value):
    """Floats, bytes, sets, moments: TypeError instead of a text that another program would write otherwise."""
    with pytest.raises(TypeError, match="has no canonical form"):
        canonical(value)


@FEW
@given(chains)
def test_a_chain_holds(rows):
    """What was linked verifies: whole, in any two parts, and from nothing."""
    assert verify(rows) is None
    assert verify([]) is None
    for cut in range(1, len(rows)):
        assert verify(rows[cut:], after=rows[cut - 1]) is None


def test_a_record_says_what_happened():
    """The body carries scheme, number, moment in UTC, kind, actor, rollout, target and facts; the hash covers it."""
    row = link(Entry(kind="ask", at=T0, actor="cli:ana", rollout=7, target="a/b", facts={"words": "x"}), 1, GENESIS)
    assert json.loads(row.body) == {
        "v": SCHEME, "seq": 1, "at": "2026-01-01T12:00:00.000+00:00", "kind": "ask", "actor": "cli:ana",
        "rollout": 7, "target": "a/b", "facts": {"words": "x"},
    }  # fmt: skip
    assert row.hash == digest(GENESIS, row.body)
    assert row.hash != digest("1" * 64, row.body)


@FEW
@given(chains, st.data())
def test_any_edit_is_found_at_its_number(rows, data):
    """A changed body, hash, predecessor or number of one record breaks the chain at that very record."""
    k = data.draw(st.integers(0, len(rows) - 1))
    old = rows[k]
    changes = {
        "body": data.draw(st.text(max_size=40) | st.just(old.body.replace('"kind":"', '"kind":"x')) | st.just("")),
        "hash": data.draw(st.sampled_from([GENESIS, "", old.hash.upper() + "0"])),
        "prev": data.draw(st.sampled_from(["", "f" * 64, rows[k].hash])),
        "seq": data.draw(st.sampled_from([0, old.seq + 1, -1])),
    }
    field = data.draw(st.sampled_from(sorted(changes)))
    assume(changes[field] != getattr(old, field))
    edited = [*rows[:k], old.model_copy(update={field: changes[field]}), *rows[k + 1 :]]
    broken = verify(edited)
    assert broken is not None and broken.seq == k + 1
    assert f"record {k + 1} " in broken.text


@FEW
@given(chains, st.data())
def test_any_deletion_but_the_newest_is_found(rows, data):
    """A record that was taken out is missed at its number, the first one too."""
    k = data.draw(st.integers(0, len(rows) - 2))
    broken = verify(rows[:k] + rows[k + 1 :])
    assert broken is not None
    assert (broken.seq, broken.text) == (k + 1, f"record {k + 1} is missing: {k + 2} follows {k}")


@FEW
@given(chains, st.data())
def test_any_swap_is_found_at_the_first_of_the_two(rows, data):
    """Two records that changed places break the chain at the earlier place."""
    one = data.draw(st.integers(0, len(rows) - 2))
    other = data.draw(st.integers(one + 1, len(rows) - 1))
    rows[one], rows[other] = rows[other], rows[one]
    broken = verify(rows)
    assert broken is not None and broken.seq == one + 1


@FEW
@given(chains, st.data())
def test_any_duplicate_is_found(rows, data):
    """A record that stands there twice breaks the chain at the second."""
    k = data.draw(st.integers(0, len(rows) - 1))
    broken = verify([*rows[: k + 1], rows[k], *rows[k + 1 :]])
    assert broken is not None and broken.seq == k + 2


@FEW
@given(chains, st.data(), entries)
def test_an_edit_with_its_hash_made_anew_breaks_the_next_record(rows, data, other):
    """Whoever rewrites one record and its hash must rewrite all that follow: the next one tells."""
    k = data.draw(st.integers(0, len(rows) - 2))
    forged = link(other, k + 1, rows[k].prev)
    assume(forged != rows[k])
    broken = verify([*rows[:k], forged, *rows[k + 1 :]])
    assert broken is not None and broken.seq == k + 2


V = '"v":"tidegate-audit/1"'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"seq":2,' + V + "}", "names another number inside"),
        ("{" + V + "}", "names another number inside"),
        ('{"seq":true,' + V + "}", "names another number inside"),
        ('{"seq":1.0,' + V + "}", "names another number inside"),
        ('{"seq":"1",' + V + "}", "names another number inside"),
        ('{"seq":1}', "is of a scheme that is unknown here: None"),
        ('{"seq":1,"v":"tidegate-audit/2"}', "is of a scheme that is unknown here: 'tidegate-audit/2'"),
        ('{"seq":1,"v":"\\u001b[2J%s"}' % ("x" * 99), "is of a scheme that is unknown here: '\\x1b[2J" + "x" * 32),
        ("[1]", "cannot be read: its body is no JSON object"),
        ("not json", "cannot be read: its body is no JSON object"),
        ("", "cannot be read: its body is no JSON object"),
        ("[" * 100_000, "cannot be read: its body is no JSON object"),
        ('{"a":' * 100_000, "cannot be read: its body is no JSON object"),
        ("9" * 10_000, "cannot be read: its body is no JSON object"),
    ],
    ids=range(14),
)
def test_a_body_that_is_none_is_found_whatever_its_hash(body, text):
    """A body moved to another number, of another version, or no record at all is named even with a hash that fits."""
    broken = verify([Link(seq=1, body=body, prev=GENESIS, hash=digest(GENESIS, body))])
    assert broken is not None
    assert (broken.seq, broken.text) == (1, f"record 1 {text}")


def test_a_record_of_a_later_version_is_not_called_changed():
    """Its hash is made in another way, so it does not fit here: its scheme is named, nobody is accused."""
    rows = chain([ENTRY, ENTRY])
    later = rows[1].model_copy(update={"body": rows[1].body.replace("audit/1", "audit/2"), "hash": "f" * 64})
    broken = verify([rows[0], later])
    assert broken is not None
    assert broken.text == "record 2 is of a scheme that is unknown here: 'tidegate-audit/2'"


@pytest.mark.parametrize(
    ("old", "new", "at", "kind"),
    [
        ('"actor":""', '"actor":"x"', "2026-01-01T12:00:00+00:00", "ask"),
        ('"kind":"ask"', '"kind":"\\u001b[2J"', "2026-01-01T12:00:00+00:00", ""),
        ('"kind":"ask"', '"kind":["ask"]', "2026-01-01T12:00:00+00:00", ""),
        ("2026-01-01T12", "\\u001b[2J", "", "ask"),
        ('"at":"2026-01-01T12:00:00.000+00:00"', '"at":7', "", "ask"),
        ("{", "[", "", ""),
    ],
)
def test_the_break_says_when_and_what_as_far_as_that_can_be_read(old, new, at, kind):
    """Time and kind of a bad record are told when they are such; foreign text in their place never gets through."""
    row = chain([ENTRY])[0]
    broken = verify([row.model_copy(update={"body": row.body.replace(old, new, 1)})])
    assert broken is not None
    assert (broken.at, broken.kind) == (at, kind)


hashes = st.sampled_from([GENESIS, ""]) | st.text(max_size=64)
broken_rows = st.builds(
    Link, seq=st.integers(-1, 9), body=st.text(max_size=60) | st.characters(), prev=hashes, hash=hashes
)


@FEW
@given(chains, st.lists(broken_rows, min_size=1, max_size=3), st.data())
def test_garbage_among_records_is_no_crash_and_no_false_ok(rows, foreign, data):
    """Rows of anything at any place: the walk ends at the first of them, and never raises."""
    k = data.draw(st.integers(0, len(rows)))
    broken = verify([*rows[:k], *foreign, *rows[k:]])
    assert broken is not None and broken.seq == k + 1


OTHERS = ["tidegate-audit/2", "tidegate-audit/10", "tidegate-audit/", ""]


@FEW
@given(chains, st.data())
def test_versions_mixed_are_found_at_the_first_of_another(rows, data):
    """Records of schemes that are unknown here, with hashes that fit them, are never taken for ours."""
    k = data.draw(st.integers(0, len(rows) - 1))
    kept, prev = rows[:k], rows[k].prev
    schemes = data.draw(st.lists(st.sampled_from([*OTHERS, SCHEME]), min_size=len(rows) - k, max_size=len(rows) - k))
    for row, scheme in zip(rows[k:], schemes, strict=True):
        body = row.body.replace(SCHEME, scheme)
        kept.append(Link(seq=row.seq, body=body, prev=prev, hash=digest(prev, body)))
        prev = kept[-1].hash
    other = next((seq for seq, scheme in enumerate(schemes, k + 1) if scheme != SCHEME), None)
    broken = verify(kept)
    assert (broken.seq if broken else None) == other


@FEW
@given(chains, st.data())
def test_the_chain_alone_cannot_see_its_tail_cut_off(rows, data):
    """Said honestly: without the newest hash from elsewhere, a chain that ends early looks whole."""
    cut = data.draw(st.integers(0, len(rows)))
    assert verify(rows[:cut]) is None


@FEW
@given(chains, st.data(), entries)
def test_the_chain_alone_cannot_see_itself_rewritten(rows, data, other):
    """Said honestly: rewritten from one record to the end it verifies; only a hash shown elsewhere (a card) tells."""
    k = data.draw(st.integers(0, len(rows) - 1))
    kept = [Entry.model_validate({key: value for key, value in json.loads(row.body).items() if key not in ("v", "seq")})
            for row in rows]  # fmt: skip
    forged = chain([*kept[:k], other, *kept[k + 1 :]])
    assert verify(forged) is None
    assume(forged[k] != rows[k])
    assert forged[-1].hash != rows[-1].hash, "the head that a card showed no longer fits"


def test_a_chain_is_walked_in_constant_memory():
    """Rows are taken one by one, so a trail of years needs no more memory than a short one."""
    taken = []

    def rows():
        prev = GENESIS
        for seq in range(1, 1000):
            taken.append(seq)
            row = link(Entry(kind="bot", at=T0 + timedelta(seconds=seq), actor="tidegate"), seq, prev)
            prev = row.hash if seq != 500 else GENESIS
            yield row

    broken = verify(rows())
    assert broken is not None and broken.seq == 501
    assert taken[-1] == 501, "nothing is read beyond the first break"
