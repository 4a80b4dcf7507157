"""Metrics over boto3: our own store, statistics, math and order."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud
from demo.cloud.metrics import Metric, MetricStore, statistic, tally

ALIAS = [{"Name": "FunctionName", "Value": "my-app"}, {"Name": "Resource", "Value": "my-app:live"}]


def query(name: str, stat: str, *more: dict[str, str]) -> dict[str, Any]:
    """One metric query over my-app:live."""
    metric = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": [*ALIAS, *more]}
    return {"Id": f"{name.lower()}_{stat.lower()}",
            "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}


def asked(watch: Any, cloud: Cloud, queries: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Results of the last five minutes by query id."""
    now = cloud.config.now()
    found = watch.get_metric_data(
        MetricDataQueries=queries, StartTime=now - timedelta(minutes=5), EndTime=now, **more
    )
    return {result["Id"]: result for result in found["MetricDataResults"]}


def test_statistics_of_the_traffic(watch: Any, cloud: Cloud) -> None:
    """Sum, SampleCount, Average, Maximum and percentiles fit 40 requests a second of a good version."""
    found = asked(watch, cloud, [
        query("Invocations", "Sum"), query("Duration", "SampleCount"), query("Duration", "Average"),
        query("Duration", "Maximum"), query("Duration", "p99"), query("Duration", "p50"),
    ])
    assert all(len(result["Values"]) == 5 for result in found.values())
    assert found["invocations_sum"]["Values"] == found["duration_samplecount"]["Values"]
    assert all(value == pytest.approx(2400, rel=0.02) for value in found["invocations_sum"]["Values"])
    for low, middle, high, highest in zip(
        *(found[f"duration_{stat}"]["Values"] for stat in ("p50", "average", "p99", "maximum")), strict=True
    ):
        assert 50 < low < middle < high <= highest < 300
    assert {result["StatusCode"] for result in found.values()} == {"Complete"}


def test_newest_first_unless_asked(watch: Any, cloud: Cloud) -> None:
    """The default order is descending, and ScanBy turns it round."""
    down = asked(watch, cloud, [query("Invocations", "Sum")])["invocations_sum"]
    up = asked(watch, cloud, [query("Invocations", "Sum")], ScanBy="TimestampAscending")["invocations_sum"]
    assert down["Timestamps"] == sorted(up["Timestamps"], reverse=True) != up["Timestamps"]
    assert down["Values"] == up["Values"][::-1]


def test_each_version_has_its_own_numbers(watch: Any, cloud: Cloud, functions: Any) -> None:
    """ExecutedVersion tells the sides apart after a shift, and math over both works."""
    cloud.knobs.publish_v3()
    functions.update_alias(
        FunctionName="my-app", Name="live", RoutingConfig={"AdditionalVersionWeights": {"3": 0.5}}
    )
    cloud.step(300)
    sides = {}
    for version in ("1", "3"):
        errors, calls = (
            query(name, "Sum", {"Name": "ExecutedVersion", "Value": version}) | {"Id": name[0].lower()}
            for name in ("Errors", "Invocations")
        )
        errors["ReturnData"] = calls["ReturnData"] = False
        ratio = {"Id": "r", "Expression": "100*e/i", "Label": "errors %"}
        sides[version] = asked(watch, cloud, [errors, calls, ratio])
    assert set(sides["3"]) == {"r"}
    assert sides["3"]["r"]["Label"] == "errors %"
    assert all(value == pytest.approx(8, abs=0.3) for value in sides["3"]["r"]["Values"])
    assert all(value < 0.3 for value in sides["1"]["r"]["Values"])


def test_refused_queries(watch: Any, cloud: Cloud) -> None:
    """Double ids, unknown statistics, a turned span and 501 queries are ValidationError."""
    good = query("Errors", "Sum")
    wrong: list[list[dict[str, Any]]] = [
        [good, good], [query("Errors", "tm99")], [good | {"Id": f"q{n}"} for n in range(501)],
        [{"Id": "r", "Expression": "a/b"}], [{"Id": "r"}],
    ]
    for queries in wrong:
        with pytest.raises(ClientError) as refusal:
            asked(watch, cloud, queries)
        assert refusal.value.response["Error"]["Code"] == "ValidationError"
    now = cloud.config.now()
    with pytest.raises(ClientError, match="EndTime must be greater"):
        watch.get_metric_data(MetricDataQueries=[good], StartTime=now, EndTime=now)


def test_own_metrics_in_every_form(watch: Any, cloud: Cloud) -> None:
    """Single values, values with counts and statistic sets land in one series; AWS/ is closed."""
    now = cloud.config.now() - timedelta(minutes=1)
    forms: list[dict[str, Any]] = [
        {"Value": 1.0}, {"Values": [2.0, 3.0], "Counts": [2.0, 1.0]},
        {"StatisticValues": {"SampleCount": 2, "Sum": 8, "Minimum": 3, "Maximum": 5}},
    ]
    for form in forms:
        watch.put_metric_data(
            Namespace="Shop", MetricData=[{"MetricName": "Depth", "Timestamp": now} | form]
        )
    stats = watch.get_metric_statistics(
        Namespace="Shop", MetricName="Depth", StartTime=now, EndTime=now + timedelta(minutes=1), Period=60,
        Statistics=["Sum", "SampleCount", "Minimum", "Maximum", "Average"],
    )["Datapoints"]
    expected = {"Sum": 16.0, "SampleCount": 6.0, "Minimum": 1.0, "Maximum": 5.0, "Average": 16 / 6}
    assert [{key: point[key] for key in expected} for point in stats] == [pytest.approx(expected)]
    listed = watch.list_metrics(Namespace="Shop")["Metrics"]
    assert [metric["MetricName"] for metric in listed] == ["Depth"]
    assert len(watch.list_metrics(MetricName="Duration", Dimensions=ALIAS)["Metrics"]) == 2
    with pytest.raises(ClientError, match="AWS/ for parameter Namespace is invalid"):
        watch.put_metric_data(Namespace="AWS/Lambda", MetricData=[{"MetricName": "Errors", "Value": 1}])


def test_math_has_a_value_only_where_every_part_has(watch: Any, cloud: Cloud) -> None:
    """A minute one series lacks, and a minute that divides by zero, are minutes without a value."""
    now = cloud.config.now()
    for name, values in (("E", (1.0, None, 3.0, 4.0)), ("I", (10.0, 20.0, None, 0.0))):
        for ago, value in enumerate(values, start=1):
            if value is not None:
                at = now - timedelta(minutes=ago)
                datum = {"MetricName": name, "Value": value, "Timestamp": at}
                watch.put_metric_data(Namespace="Shop", MetricData=[datum])
    parts = [
        {"Id": name.lower(), "ReturnData": False, "MetricStat": {
            "Metric": {"Namespace": "Shop", "MetricName": name}, "Period": 60, "Stat": "Sum"}}
        for name in ("E", "I")
    ]
    ratio = asked(watch, cloud, [*parts, {"Id": "r", "Expression": "100*e/i"}])["r"]
    assert (ratio["Values"], ratio["Timestamps"]) == ([10.0], [now - timedelta(minutes=1)])


def test_percentiles_by_rank() -> None:
    """Percentile k of 1..100 is k; a statistic set has none."""
    values = tally(range(100, 0, -1))
    assert [statistic(f"p{rank}", values) for rank in (1, 50, 99, 100)] == [1, 50, 99, 100]
    assert statistic("p99", tally([5.0])) == 5.0
    with pytest.raises(ValueError, match="known: Sum"):
        statistic("Median", values)


def test_old_seconds_are_forgotten() -> None:
    """After three hours a second is gone, so that a demo left running does not grow for ever."""
    store, metric = MetricStore(), Metric("1", "r", "n", "m")
    for second in range(0, 6 * 3600, 10):
        store.put(metric, second, tally([1.0]))
    assert store.over(metric, 0, 2 * 3600) is None
    kept = store.over(metric, 0, 6 * 3600)
    assert kept is not None
    assert 3 * 360 <= kept.samples < 4 * 360


def test_datapoints_come_in_pages(watch: Any, cloud: Cloud) -> None:
    """Seven datapoints a call: every page names every query, the unfinished say PartialData, together all is there."""
    queries = [query("Invocations", "Sum"), query("Errors", "Sum"), query("Duration", "p99")]
    whole = asked(watch, cloud, queries)
    now, pages, token = cloud.config.now(), [], ""
    while True:
        more = {"NextToken": token} if token else {}
        page = watch.get_metric_data(
            MetricDataQueries=queries, StartTime=now - timedelta(minutes=5), EndTime=now, MaxDatapoints=7, **more
        )
        pages.append(page["MetricDataResults"])
        if "NextToken" not in page:
            break
        token = page["NextToken"]
    assert [[len(result["Values"]) for result in page] for page in pages] == [[5, 2, 0], [0, 3, 4], [0, 0, 1]]
    assert [[result["StatusCode"] for result in page] for page in pages] == [
        ["Complete", "PartialData", "PartialData"], ["Complete", "Complete", "PartialData"], ["Complete"] * 3,
    ]
    for number, wanted in enumerate(whole.values()):
        assert [value for page in pages for value in page[number]["Values"]] == wanted["Values"]
        assert [at for page in pages for at in page[number]["Timestamps"]] == wanted["Timestamps"]


def test_five_hundred_queries_and_no_more(watch: Any, cloud: Cloud) -> None:
    """500 queries of one call are answered in their order, 501 are refused."""
    many = [query("Errors", "Sum") | {"Id": f"q{number}"} for number in range(501)]
    assert list(asked(watch, cloud, many[:500])) == [f"q{number}" for number in range(500)]
    with pytest.raises(ClientError, match="size greater than 500"):
        asked(watch, cloud, many)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"MaxDatapoints": 0}, "ValidationError"), ({"MaxDatapoints": 100_801}, "ValidationError"),
        ({"NextToken": "?"}, "InvalidNextToken"), ({"NextToken": "WyJ4Il0="}, "InvalidNextToken"),
    ],
)
def test_refused_pages(watch: Any, cloud: Cloud, more: dict[str, Any], code: str) -> None:
    """Pages of an impossible size, and tokens nobody handed out."""
    with pytest.raises(ClientError) as refused:
        asked(watch, cloud, [query("Errors", "Sum")], **more)
    assert refused.value.response["Error"]["Code"] == code


def test_ids_begin_with_a_small_letter(watch: Any, cloud: Cloud) -> None:
    """`Errors` and `1st` are no ids: metric math could not name them."""
    for name in ("Errors", "1st", "a-b"):
        with pytest.raises(ClientError, match=f"Invalid id {name}"):
            asked(watch, cloud, [query("Errors", "Sum") | {"Id": name}])


def test_statistics_worked_out_once_stay_true() -> None:
    """A late measurement, one second after the newest, and forgotten seconds change what was worked out before."""
    store, metric = MetricStore(), Metric("1", "r", "n", "m")
    for second in range(0, 120, 10):
        store.put(metric, second, tally([1.0]))
    assert store.series(metric, "Sum", 60, 0, 120) == {0: 6.0, 60: 6.0}
    store.put(metric, 30, tally([10.0]))
    assert store.series(metric, "Sum", 60, 0, 120) == {0: 16.0, 60: 6.0}
    store.put(metric, 119, tally([5.0]))
    assert store.series(metric, "Sum", 60, 60, 120) == {60: 11.0}
    store.put(metric, 40_000, tally([1.0]))
    assert store.series(metric, "Sum", 60, 0, 120) == {}
