"""Route 53 over boto3: records that moto keeps, batches that happen whole or not at all, changes in sync later."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud
from demo.cloud.route53 import rows_named
from demo.cloud.seed_edge import BLUE, DOMAIN, GREEN, KIND, SITE, ZONE, Edge, seed_edge, weighted

NAME = (ZONE, SITE, KIND)


class Scene:
    """The application edge, and a client of Route 53."""

    def __init__(self, cloud: Cloud, client: Any) -> None:
        self.cloud, self.client = cloud, client
        self.edge: Edge = seed_edge(cloud)

    def rows(self, **asked: Any) -> list[dict[str, Any]]:
        """One page of the zone, as boto3 reads it."""
        found: list[dict[str, Any]] = self.client.list_resource_record_sets(HostedZoneId=ZONE, **asked)[
            "ResourceRecordSets"
        ]
        return found

    def change(self, *rows: dict[str, Any], action: str = "UPSERT", zone: str = ZONE) -> dict[str, Any]:
        """Sends a batch; ChangeInfo."""
        changes = [{"Action": action, "ResourceRecordSet": row} for row in rows]
        info: dict[str, Any] = self.client.change_resource_record_sets(
            HostedZoneId=zone, ChangeBatch={"Changes": changes}
        )["ChangeInfo"]
        return info

    def status(self, change: str) -> str:
        return str(self.client.get_change(Id=change)["ChangeInfo"]["Status"])

    def weights(self) -> dict[str, int]:
        return {row["SetIdentifier"]: row["Weight"] for row in rows_named(NAME)}


@pytest.fixture
def scene(bare: Cloud, clients: Any) -> Scene:
    return Scene(bare, clients("route53"))


def refused(call: Any) -> tuple[str, str]:
    """The code and the words that a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return str(error["Code"]), str(error["Message"])


# --- records


def test_a_weighted_record_comes_back_as_it_was_written(scene: Scene) -> None:
    """Weight 0, identifier, health check, TTL and values are kept; an alias too, with its own fields."""
    blue, green = scene.rows(StartRecordName=SITE, StartRecordType=KIND)[:2]
    assert (blue["Weight"], green["Weight"]) == (100, 0)
    assert green == {
        "Name": f"{SITE}.", "Type": KIND, "SetIdentifier": GREEN, "Weight": 0, "TTL": 60,
        "ResourceRecords": [{"Value": "green-edge.eu-central-1.elb.amazonaws.com"}],
        "HealthCheckId": scene.edge.checks[GREEN],
    }
    alias = {
        "Name": f"app.{DOMAIN}.", "Type": "A", "SetIdentifier": "one", "Weight": 255,
        "AliasTarget": {"HostedZoneId": "Z2", "DNSName": "lb.example.com.", "EvaluateTargetHealth": True},
    }
    scene.change(alias)
    assert scene.rows(StartRecordName=f"app.{DOMAIN}")[0] == alias


def test_the_ids_are_the_same_in_every_run(scene: Scene) -> None:
    """They may stand in a configuration file."""
    first = scene.edge
    scene.cloud.reset()
    assert seed_edge(scene.cloud) == first
    assert scene.client.get_hosted_zone(Id=ZONE)["HostedZone"]["Name"] == f"{DOMAIN}."
    config = scene.client.get_health_check(HealthCheckId=first.checks[BLUE])["HealthCheck"]["HealthCheckConfig"]
    assert config["FullyQualifiedDomainName"] == f"blue.{SITE}"


def test_pages_go_on_within_a_name(scene: Scene) -> None:
    """Two records of one name and type may lie on two pages: the identifier leads on. Nothing twice, nothing lost."""
    found, start = [], {"StartRecordName": SITE}
    for _ in range(4):
        page = scene.client.list_resource_record_sets(HostedZoneId=ZONE, MaxItems="1", **start)
        found += page["ResourceRecordSets"]
        if not page["IsTruncated"]:
            break
        start = {
            f"Start{key.removeprefix('Next')}": page[key]
            for key in ("NextRecordName", "NextRecordType", "NextRecordIdentifier") if key in page
        }
    assert [(row["Name"], row.get("SetIdentifier")) for row in found] == [
        (f"{SITE}.", BLUE), (f"{SITE}.", GREEN), (f"mail.{DOMAIN}.", None), (f"www.{DOMAIN}.", None),
    ]
    assert len(scene.rows()) == 3  # the cloud's own page size


def test_names_are_ordered_from_the_right(scene: Scene) -> None:
    """`z.a.example.test` stands behind `a.example.test` and before `b.example.test`; a star is told in octal."""
    rows = [{"Name": f"{name}.{DOMAIN}", "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "192.0.2.1"}]}
            for name in ("z.a", "b", "a", "*")]
    scene.change(*rows)
    told = [row["Name"] for row in scene.rows(StartRecordName=f"*.{DOMAIN}")]
    assert told == [f"\\052.{DOMAIN}.", f"a.{DOMAIN}.", f"z.a.{DOMAIN}."]


# --- batches


@pytest.mark.parametrize(("row", "action", "code", "words"), [
    ({"Name": "edge.example.org"}, "UPSERT", "InvalidChangeBatch", "is not permitted in zone example.test."),
    ({"Weight": 256}, "UPSERT", "InvalidInput", "less than or equal to 255"),
    ({"Weight": 7}, "CREATE", "InvalidChangeBatch", "but it already exists"),
    ({"SetIdentifier": "teal"}, "DELETE", "InvalidChangeBatch", "but it was not found"),
    ({"TTL": 61}, "DELETE", "InvalidChangeBatch", "values provided do not match the current values"),
    ({"HealthCheckId": "none"}, "UPSERT", "NoSuchHealthCheck", "none"),
    ({"AliasTarget": {"HostedZoneId": "Z2", "DNSName": "a.b", "EvaluateTargetHealth": False}}, "UPSERT",
     "InvalidInput", "found more than one"),
    ({"Type": "A"}, "UPSERT", "InvalidChangeBatch", "conflicts with other records with the same DNS name"),
    ({"Name": DOMAIN}, "UPSERT", "InvalidChangeBatch", "at apex"),
])
def test_one_bad_change_spoils_its_batch(
    scene: Scene, row: dict[str, Any], action: str, code: str, words: str
) -> None:
    """Every refusal has AWS's code and reason, nothing of the batch is done, and no change is made of it."""
    bad = {**weighted(SITE, BLUE, 100, check=scene.edge.checks[BLUE]), **row}
    changes = [
        {"Action": "UPSERT", "ResourceRecordSet": weighted(SITE, GREEN, 50)},
        {"Action": action, "ResourceRecordSet": bad},
    ]
    got = refused(lambda: scene.client.change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch={"Changes": changes}))
    assert got[0] == code and words in got[1]
    assert scene.weights() == {BLUE: 100, GREEN: 0}
    assert scene.cloud.log.applied == []


def test_a_weight_needs_an_identifier_and_company_of_its_kind(scene: Scene) -> None:
    """A record without an identifier has no weight; weighted and simple ones do not share a name and type."""
    row = weighted(SITE, BLUE, 1)
    del row["SetIdentifier"]
    assert refused(lambda: scene.change(row))[0] == "InvalidInput"
    del row["Weight"]
    code, words = refused(lambda: scene.change(row))
    assert code == "InvalidChangeBatch" and "another routing policy" in words


def test_a_record_is_deleted_by_its_very_values(scene: Scene) -> None:
    """Then it is gone, and the other one of that name is not."""
    scene.change(rows_named(NAME)[1], action="DELETE")
    assert scene.weights() == {BLUE: 100}


def test_an_unknown_zone_is_not_found(scene: Scene) -> None:
    """Reading and writing alike."""
    assert refused(lambda: scene.client.list_resource_record_sets(HostedZoneId="Z0NONE"))[0] == "NoSuchHostedZone"
    assert refused(lambda: scene.change(weighted(SITE, BLUE, 1), zone="Z0NONE"))[0] == "NoSuchHostedZone"


def test_the_log_has_what_was_and_what_became(scene: Scene) -> None:
    """Records before and after, under the caller's name; a colleague's edit under the colleague's."""
    scene.change(weighted(SITE, BLUE, 90), weighted(SITE, GREEN, 10))
    scene.cloud.knobs.edit_records({GREEN: 20})
    ours, theirs = scene.cloud.log.of("route53:ChangeResourceRecordSets")
    weights = [
        [row["Weight"] for row in told["records"]]
        for told in (ours.before, ours.after, theirs.before, theirs.after) if told
    ]
    assert weights == [[100, 0], [90, 10], [90, 10], [90, 20]]
    assert (ours.caller != theirs.caller) and theirs.caller.endswith("by-hand")


# --- changes


def test_a_change_is_pending_until_it_is_in_sync(scene: Scene) -> None:
    """Ten seconds, or as long as the knob said when it was sent; ids with and without their path are one."""
    first = scene.change(weighted(SITE, BLUE, 99))
    assert first["Status"] == "PENDING" and first["Id"].startswith("/change/C")
    scene.cloud.knobs.insync(30)
    second = scene.change(weighted(SITE, BLUE, 98))
    seen = []
    for _ in range(4):
        seen.append((scene.status(first["Id"].rsplit("/", 1)[1]), scene.status(second["Id"])))
        scene.cloud.step(10)
    assert seen == [("PENDING", "PENDING"), ("INSYNC", "PENDING"), ("INSYNC", "PENDING"), ("INSYNC", "INSYNC")]
    assert refused(lambda: scene.status("C0NONE"))[0] == "NoSuchChange"


def test_aws_troubles_are_route_53s_too(scene: Scene) -> None:
    """Throttled as a global service is; a lost reply is applied; a missing permission is named."""
    scene.cloud.knobs.throttle("route53:GetChange", 1)
    assert refused(lambda: scene.status("C0NONE")) == ("Throttling", "Rate exceeded")
    scene.cloud.knobs.lost_reply("route53:ChangeResourceRecordSets")
    with pytest.raises(Exception, match=r"[Cc]onnection"):
        scene.change(weighted(SITE, GREEN, 5))
    assert scene.weights()[GREEN] == 5
    scene.cloud.knobs.deny("route53:ListResourceRecordSets")
    code, words = refused(scene.rows)
    assert code == "AccessDenied" and "not authorized to perform: route53:ListResourceRecordSets" in words
