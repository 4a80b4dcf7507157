"""Links on a card: filled in with what is known, left off where something lacks, closed to foreign text."""

from typing import Any

import pytest

from handlers.blocks.links import links
from rollout.model import Phase, Rollout
from rollout.release import Release
from tests.handlers.samples import rollout, terms

ONE, TWO = "1" * 40, "2" * 40
COMMITS = "https://git.example.com/compare/{from_commit}...{to_commit}"


def linked(before: str, after: str, **addresses: str) -> Rollout:
    """A rollout of v1 to v2 whose images name these commits."""
    stable, candidate = (
        Release(id=name, pinned={"revision": commit} if commit else {})
        for name, commit in (("v1", before), ("v2", after))
    )
    settings: dict[str, Any] = {"region": "eu-central-1", "links": addresses or {"commits": COMMITS}}
    return rollout(Phase.STEPPING, terms=terms(settings=settings), stable=stable, candidate=candidate)


def test_commits_are_filled_in() -> None:
    """Both sides, beside the releases' names, in any number."""
    shown = links(linked(ONE, TWO, commits=COMMITS, notes="https://example.com/{from}/{to}/{to_commit}"))
    assert shown == (
        f"<https://git.example.com/compare/{ONE}...{TWO}|commits> · <https://example.com/v1/v2/{TWO}|notes>"
    )


@pytest.mark.parametrize(("before", "after"), [("", TWO), (ONE, ""), ("", "")])
def test_a_link_with_a_hole_is_left_off(before: str, after: str) -> None:
    """What a label did not say cannot be linked to; the other links stand."""
    shown = links(linked(before, after, commits=COMMITS, logs="https://logs.example.com/{app}"))
    assert "commits" not in shown and "|logs>" in shown


def test_one_side_is_enough_for_a_link_that_names_one() -> None:
    """The commit that is deployed, wherever the old one came from."""
    assert links(linked("", TWO, commit="https://git.example.com/{to_commit}")) == f"<https://git.example.com/{TWO}|commit>"


def test_a_commit_that_is_none_stays_within_the_address() -> None:
    """Drivers let no such through; a card would be safe even then."""
    assert "<!here>" not in links(linked(ONE, "x|y> <!here>"))
