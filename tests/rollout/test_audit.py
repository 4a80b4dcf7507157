"""The chain: one text for one value, every tampering found at its number, and what a chain alone cannot see."""

import json
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


FEW = settings(max_examples=50, **CALM)


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


@pytest.mark.parametrize("body", ['{"seq":2}', "[1]", "not json", '{"v":1}', '"1"'])
def test_a_record_names_its_own_number(body):
    """A body moved to another number, or no body of ours, is found even with a hash that fits."""
    broken = verify([Link(seq=1, body=body, prev=GENESIS, hash=digest(GENESIS, body))])
    assert broken is not None
    assert (broken.seq, broken.text) == (1, "record 1 names another number inside")


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
