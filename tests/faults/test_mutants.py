"""The mutants themselves: their places still stand, two are played, and the hunt can tell the dead from the living."""

import ast
from dataclasses import replace

import pytest

from tests.faults.mutants import BY_NAME, MUTANTS, PAGE, ROOT, Found, copied, hunt, page, remembered
from tests.faults.mutation import MODULES, WANTED
from tests.faults.mutation import remembered as scored

PLAYED = ("own-approval", "no-data-is-fine")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_place_of_every_mutant_still_stands(mutant):
    """Each old text is in the source exactly once, and what replaces it is Python and something else."""
    sound = (ROOT / mutant.path).read_text(encoding="utf-8")
    assert ast.dump(ast.parse(mutant.planted(sound))) != ast.dump(ast.parse(sound))
    assert all((ROOT / test.partition("::")[0]).is_file() for test in mutant.tests)


def test_a_text_that_is_gone_is_said():
    """A mutant that cannot be planted is no dead mutant."""
    with pytest.raises(ValueError, match=r"its old text stands 0 times in rollout/policy\.py, not once"):
        BY_NAME["own-approval"].planted("nothing of the kind")


@pytest.mark.slow
def test_two_mutants_are_noticed_and_a_harmless_one_is_not():
    """The hunt works: two known mistakes are noticed by name, a changed comment by nobody."""
    harmless = replace(
        BY_NAME["own-approval"], name="harmless", new=f"    # as it was\n{BY_NAME['own-approval'].old}",
        tests=("tests/rollout/test_policy.py",),
    )  # fmt: skip
    with copied() as tree:
        found = {one.name: one.by for one in hunt([harmless, *(BY_NAME[name] for name in PLAYED)], tree)}
        assert (tree / "rollout" / "policy.py").read_text() == (ROOT / "rollout" / "policy.py").read_text()
    assert found["harmless"] == ""
    assert found["own-approval"].startswith("tests/rollout/test_policy.py::")
    assert found["no-data-is-fine"].startswith("tests/rollout/")


@pytest.mark.slow
def test_a_tree_that_is_sick_anyway_proves_nothing():
    """Tests that fail without a mutant kill nobody: that is refused, not counted."""
    with copied() as tree:
        (tree / "tests" / "rollout" / "test_policy.py").write_text('def test_sick():\n    """Fails."""\n    assert 0\n')
        with pytest.raises(RuntimeError, match="test_sick fails without any mutant"):
            list(hunt([replace(BY_NAME["own-approval"], tests=("tests/rollout/test_policy.py",))], tree))


def test_every_mutant_was_noticed_when_they_were_last_played():
    """The twelve of them, each by a test that is named."""
    found = remembered()
    assert set(found) == set(BY_NAME)
    assert [one for one in found.values() if not one.by] == []
    assert Found("x", "", 0) not in found.values()


def test_the_page_is_what_was_found():
    """docs/mutants.md is written by the scripts; no module that was played whole is below what is wanted."""
    assert PAGE.read_text(encoding="utf-8") == page()
    assert {one.module for one in scored()} <= set(MODULES)
    assert [one.module for one in scored() if one.left or 100 * one.killed < WANTED * one.total] == []
