"""What watching all alarms costs in calls, measured; docs/aws.md says the same numbers."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from aws.alarms import AlarmReader
from aws.graphs import Graphs
from aws.sessions import Sessions
from aws.sweeps import AlarmSweeps
from demo.cloud import Cloud
from rollout.alarms.model import Place, Timing
from rollout.alarms.plot import PlotWish, Side
from tests.aws.bench import SETTINGS, CloudClock

PAGE = Path(__file__).parents[2] / "docs" / "aws.md"
REGIONS = ("eu-central-1", "us-east-1", "ap-south-1")
HOUR, MONTH = timedelta(hours=1), 730
DESCRIBE, TAGS = "cloudwatch:DescribeAlarms", "resourcegroupstaggingapi:GetResources"


def at(region: str) -> Place:
    return Place(lane=f"123456789012/{region}", region=region)


@pytest.fixture
def sweeps(sessions: Sessions, clock: CloudClock) -> AlarmSweeps:
    return AlarmSweeps(sessions, clock, AlarmReader(sessions))


def names(many: int) -> list[str]:
    return [f"many-{number:03}" for number in range(many)]


def told(row: str) -> list[str]:
    """The last cells of the row that begins so."""
    (line,) = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {row}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_calls_an_hour(cloud: Cloud, sweeps: AlarmSweeps) -> None:
    """500 alarms, swept and looked for as often as by default."""
    cloud.knobs.crowd("many", 500)
    cloud.log.clear()
    sweeps.sweep(at("eu-central-1"), names(500))
    swept = cloud.log.count(DESCRIBE)
    assert told("`cloudwatch:DescribeAlarms`, by name")[2] == str(swept * (HOUR // Timing().sweep))
    sweeps.found(at("eu-central-1"), ["many-"], ["crowd=many"])
    for row, calls in (
        ("`cloudwatch:DescribeAlarms`, by `alarm_prefix`", cloud.log.count(DESCRIBE) - swept),
        ("`tag:GetResources`, by `alarm_tag`", cloud.log.count(TAGS)),
    ):
        assert told(row)[2] == str(calls * (HOUR // Timing().discover))


@pytest.mark.parametrize(("row", "regions"), [("at one place", 1), ("in each of three regions", 3)])
def test_price_of_a_month(cloud: Cloud, sweeps: AlarmSweeps, row: str, regions: int) -> None:
    """Requests as measured; a cent per thousand of them, the first million free."""
    for region in REGIONS[:regions]:
        cloud.knobs.crowd("many", 500, region=region)
        cloud.log.calls.clear() if region == REGIONS[0] else None
        sweeps.sweep(at(region), names(500))
    month = cloud.log.count(DESCRIBE) * (HOUR // Timing().sweep) * MONTH
    free = max(0, month - 1_000_000)
    _, requests, listed, beyond = told(row)
    assert requests == f"{month:,}" and listed == f"{month / 100_000:.2f} USD"
    assert beyond == (f"{free / 100_000:.2f} USD" if free else "0")


@pytest.mark.parametrize(("spread", "calls"), [((200, 200, 100), 5), ((167, 167, 166), 6)])
def test_spread_over_regions(cloud: Cloud, sweeps: AlarmSweeps, spread: tuple[int, ...], calls: int) -> None:
    """Rounded up per place: the same number of alarms may cost a call more."""
    for region, many in zip(REGIONS, spread, strict=True):
        cloud.knobs.crowd("many", many, region=region)
    cloud.log.clear()
    for region, many in zip(REGIONS, spread, strict=True):
        sweeps.sweep(at(region), names(many))
    assert cloud.log.count(DESCRIBE) == calls
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    one, two, three = spread
    assert re.search(rf"{one}, {two} and {three} [^;.]*\b{calls}\b", text)


def test_price_of_a_graph(cloud: Cloud, sessions: Sessions, clock: CloudClock) -> None:
    """Metrics asked for, in numbers and in CloudWatch's picture; metric math itself costs nothing."""
    cloud.knobs.widget_images(on=True)
    cloud.knobs.edit_weights("my-app", "live", {"1": 50, "2": 50})
    cloud.step(180)
    cloud.log.clear()
    graphs, end = Graphs(sessions), clock.now()
    sides = (Side(name="old", release="1"), Side(name="new", release="2"))
    wish = PlotWish(start=end - timedelta(minutes=3), end=end, sides=sides, settings={**SETTINGS})
    graphs.picture(at(REGIONS[0]), graphs.plot(at(REGIONS[0]), "my-app-errors", wish))
    assert sorted(cloud.log.calls.values()) == [1, 1, 1]
    (asked,) = cloud.log.asked("cloudwatch:GetMetricData")
    metrics = sum("MetricStat" in query for query in asked.parameters["MetricDataQueries"])
    price = metrics * (0.01 + 0.02)
    assert f"for 2 metrics, in a live rollout for {metrics}: 1,000 such graphs are {price:.2f} USD" in PAGE.read_text(
        encoding="utf-8"
    )
