"""The plan notation: one parser, one printer, and refusals that name the column."""

from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from rollout.errors import BadPlan
from rollout.plan import BUILT_IN, BUILT_IN_NAMES, Approve, Check, Plan, SetWeight, Watch, built_in
from tests.rollout.rows import CALM

FEW = settings(max_examples=60, **CALM)
names = st.text("az09-", max_size=30).map(lambda rest: f"a{rest}") | st.sampled_from("az09")
bakes = st.integers(0, 366 * 86_400_000).map(lambda ms: timedelta(milliseconds=ms))
pauses = st.one_of(st.integers(1, 9).map(lambda by: Approve(by=by)), names.map(lambda hook: Check(hook=hook)))


@st.composite
def plans(draw):
    """Any plan that may be written: rising weights with questions between them, ending at 100 % or in a watch."""
    weights = sorted(draw(st.sets(st.integers(1, 99), max_size=5)))
    steps = [SetWeight(percent=0, bake=draw(bakes))] if draw(st.booleans()) else []
    for weight in weights:
        steps += draw(st.lists(pauses, max_size=2))
        steps.append(SetWeight(percent=weight, bake=draw(bakes)))
    steps += draw(st.lists(pauses, max_size=2))
    steps.append(draw(st.one_of(bakes.map(lambda bake: SetWeight(percent=100, bake=bake)), st.just(Watch()))))
    return Plan(name="drawn", steps=tuple(steps))


@FEW
@given(plans())
def test_what_is_printed_is_read_back(plan):
    """parse(str(plan)) is the plan, for every plan there is."""
    assert Plan.parse("drawn", str(plan)) == plan


@FEW
@given(plans())
def test_space_does_not_matter(plan):
    """Spaces around items and inside them change nothing."""
    wide = "  " + str(plan).replace(",", "  ,  ").replace(" ", "  ") + " "
    assert Plan.parse("drawn", wide) == plan
    assert Plan.parse("drawn", str(plan).replace(", ", ",")) == plan


@FEW
@given(plans(), plans())
def test_the_hash_changes_with_the_steps(one, other):
    """Buttons are bound to the hash: the same for the same steps, another for other steps, whatever the name."""
    assert (one.hash == other.hash) == (one.steps == other.steps)
    assert one.model_copy(update={"name": "renamed"}).hash == one.hash
    assert len(one.hash) == 12


REFUSED = [
    ("", 1, "'' is not a step"),
    ("10%, 50% 10m, 100%,", 20, "'' is not a step"),
    ("10% 5m, , 100%", 9, "'' is not a step"),
    ("10% 5m, 50 10m, 100%", 9, "'50 10m' is not a step"),
    ("10% 5x, 100%", 1, "'5x' is not a duration"),
    ("1%,   10% 30m1h, 100%", 7, "units out of order"),
    ("10% 400d, 100%", 1, "longer than a year"),
    ("10%, 101%", 6, "101% is more than 100%"),
    ("10%, 10%, 100%", 6, "10% does not rise above 10%"),
    ("50%, 10%, 100%", 6, "10% does not rise above 50%"),
    ("50%, approve, 10%, 100%", 15, "10% does not rise above 50%"),
    ("10%, 0%, 100%", 6, "0% does not rise above 10%"),
    ("approve, 0%, 100%", 10, "0% may only come first"),
    ("100%, approve", 7, "nothing may follow 100%"),
    ("100%, watch", 7, "nothing may follow 100%"),
    ("100%, check smoke", 7, "nothing may follow 100%"),
    ("100%, 100%", 7, "100% does not rise above 100%"),
    ("approve 0, 100%", 1, "'approve 0' is not a step"),
    ("approve 10, 100%", 1, "'approve 10' is not a step"),
    ("Approve, 100%", 1, "'Approve' is not a step"),
    ("check, 100%", 1, "'check' is not a step"),
    ("check Smoke, 100%", 1, "'check Smoke' is not a step"),
    ("10% 5m extra, 100%", 1, "'10% 5m extra' is not a step"),
    ("-5%, 100%", 1, "'-5%' is not a step"),
    ("5.5%, 100%", 1, "'5.5%' is not a step"),
    ("watch 5m", 1, "'watch 5m' is not a step"),
]


@pytest.mark.parametrize(("text", "column", "fact"), REFUSED)
def test_a_refusal_names_the_column(text, column, fact):
    """What cannot be read is refused with where it stands, what stands there, and how to write it."""
    with pytest.raises(BadPlan) as no:
        Plan.parse("canary", text)
    assert f"column {column}: " in no.value.fact
    assert fact in no.value.fact
    assert no.value.hint


@pytest.mark.parametrize("text", ["10%", "0%", "10% 5m, 99%", "approve", "check smoke", "10%, approve"])
def test_a_plan_arrives(text):
    """A plan that does not end at 100 % (or in a watch) would leave the traffic split for ever."""
    with pytest.raises(BadPlan, match="does not end at 100%"):
        Plan.parse("canary", text)


def test_only_plain_digits():
    """Digits of other scripts are refused, not translated."""
    with pytest.raises(BadPlan):
        Plan.parse("canary", "١٠%, 100%")


@pytest.mark.parametrize("name", BUILT_IN_NAMES)
@pytest.mark.parametrize("servers", [False, True])
def test_built_in_plans_are_canonical(name, servers):
    """Each built-in plan has its name, ends at 100 %, and prints as it was written."""
    plan = built_in(name, servers=servers)
    assert plan is not None
    assert plan.name == name
    assert str(plan) in BUILT_IN.values()
    assert plan.steps[-1] == SetWeight(percent=100)


def test_servers_get_the_careful_canary():
    """`canary` means more steps and a question on servers; every other plan is the same everywhere."""
    assert str(built_in("canary")) == "10% 5m, 50% 10m, 100%"
    assert str(built_in("canary", servers=True)) == "5% 5m, 25% 10m, 50% 10m, approve, 100%"
    for name in set(BUILT_IN_NAMES) - {"canary"}:
        assert built_in(name) == built_in(name, servers=True)


def test_linear_is_ten_equal_steps():
    """`linear`: ten steps of 10 %, a minute each."""
    plan = built_in("linear")
    assert plan is not None
    assert [step.percent for step in plan.steps if isinstance(step, SetWeight)] == list(range(10, 101, 10))
    assert {step.bake for step in plan.steps[:-1] if isinstance(step, SetWeight)} == {timedelta(minutes=1)}


@pytest.mark.parametrize("name", ["canary-servers", "Canary", "", "fast"])
def test_no_other_names_are_built_in(name):
    """The servers' variant has no name of its own; unknown names are nobody's plan."""
    assert built_in(name) is None
    assert name not in BUILT_IN_NAMES


@pytest.mark.parametrize("step", [{"percent": 101}, {"percent": -1}, {"percent": 10.5}, {"percent": 10, "bak": "5m"}])
def test_a_weight_is_a_whole_percentage(step):
    """No weight outside 0 to 100, no fraction, no misspelt field."""
    with pytest.raises(ValidationError):
        SetWeight.model_validate(step)
