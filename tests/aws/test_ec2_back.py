"""A way back on Auto Scaling groups after a colleague moved the serving group to another launch template."""

import pytest

from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building_pools import add_template
from demo.cloud.seed_search import SEARCH_BLUE, SEARCH_GREEN
from rollout.actions import Launch
from rollout.errors import NotFound, Refused
from rollout.release import Release
from tests.aws.bench import CloudClock
from tests.aws.ec2_bench import Ec2Bench

NEXT = "search-next"


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> Ec2Bench:
    """search-next has two versions; the first one never served."""
    made = Ec2Bench(served, sessions, CloudClock(served))
    for image in ("ami-0000000000000a003", "ami-0000000000000a005"):
        add_template(made.cloud.world, NEXT, image)
    return made


def recorded(bench: Ec2Bench) -> Release:
    """What a rollout to search-blue:2 left, as its row has it."""
    return bench.driver.prepare(bench.requested("2")).stable


def moved(bench: Ec2Bench, version: str) -> None:
    """A colleague gives the serving group a template of another name, and its instances are replaced."""
    bench.update(SEARCH_BLUE, LaunchTemplate={"LaunchTemplateName": NEXT, "Version": version})
    for one in bench.pool(SEARCH_BLUE).instances:
        one.template = bench.pool(SEARCH_BLUE).template()


def test_a_way_back_ships_what_was_recorded(bench: Ec2Bench) -> None:
    """The version of the template that served, not the same number of the one that serves now; it comes up so."""
    home = recorded(bench)
    moved(bench, "2")
    asked = bench.requested("1").but(back=True, home=home)
    prepared = bench.driver.prepare(asked)
    pinned = ("template", "template_name", "version", "digest")
    assert [prepared.candidate.pinned[one] for one in pinned] == [home.pinned[one] for one in pinned]
    assert prepared.stable.pinned["template_name"] == NEXT
    assert prepared.diff[0].startswith("launch template search-next:2 → search-blue:1")
    ready = bench.looked(asked.but(stable=prepared.stable, candidate=prepared.candidate, snapshot=prepared.snapshot))
    assert bench.do(ready, Launch(release="1")).state == "done"
    bench.cloud.step(60)
    assert set(bench.running(SEARCH_GREEN)) == {"search-blue:1"}


def test_a_way_back_with_the_number_that_serves_is_refused_with_both(bench: Ec2Bench) -> None:
    """search-next:1 serves, search-blue:1 served: they go by one name, so neither is taken for the other."""
    home = recorded(bench)
    moved(bench, "1")
    with pytest.raises(Refused, match="serves search-next:1, what served before is search-blue:1") as told:
        bench.driver.prepare(bench.requested("1").but(back=True, home=home))
    assert "make a new version of search-next" in told.value.hint


def test_a_way_back_to_a_version_that_is_gone_is_refused(bench: Ec2Bench) -> None:
    """Nothing else is shipped instead; the known ones are listed."""
    home = recorded(bench)
    gone = home.model_copy(update={"id": "9", "pinned": {**home.pinned, "version": "9"}})
    with pytest.raises(NotFound, match="search-blue has no version 9") as told:
        bench.driver.prepare(bench.requested("9").but(back=True, home=gone))
    assert "it has" in told.value.hint


def test_an_old_row_is_resolved_by_its_number(bench: Ec2Bench) -> None:
    """Nothing was recorded: the number is one of the template that serves, as for everybody who types it."""
    moved(bench, "2")
    prepared = bench.driver.prepare(bench.requested("1").but(back=True))
    assert prepared.candidate.pinned["template_name"] == NEXT
