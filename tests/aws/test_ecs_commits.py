"""Which commits a rollout goes from and to: read out of images in the embedded ECR, at the start and nowhere else."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends

from aws.driver import needed
from aws.ecs_blobs import LARGEST, fetch
from aws.ecs_commits import LABEL, OPTIONAL
from aws.registry import driver_class
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import add_image, image_uri
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.seed_shop import BLUE, COMMITS, REPOSITORY
from rollout.actions import Finish, Retire, Shift
from rollout.errors import TargetError
from rollout.release import Check, Prepared
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import EcsBench as CatalogBench
from tests.aws.ecs_bench import EcsBench
from tests.aws.hooks import answers
from tests.aws.native_bench import NativeBench

LINKS = {"commits": "https://git.example.com/shop/compare/{from_commit}...{to_commit}"}
TO = {"commits": "https://git.example.com/shop/commit/{to_commit}"}
INDEX = "application/vnd.oci.image.index.v1+json"
ONE, TWO = "1" * 40, "2" * 40


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> EcsBench:
    return EcsBench(served, sessions, CloudClock(served))


def prepared(bench: EcsBench, wanted: str = "v2", links: dict[str, str] = LINKS, **changes: Any) -> Prepared:
    return bench.driver.prepare(bench.requested(wanted, 1, links=links, **changes))


def commits(found: Prepared) -> tuple[str, str]:
    return found.stable.pinned.get("revision", ""), found.candidate.pinned.get("revision", "")


def told(found: Prepared) -> Check | None:
    """What the card says of commits, which never refuses the start."""
    assert not [check for check in found.checks if check.state == "fail"]
    return next((check for check in found.checks if check.name == "commits"), None)


def said(found: Prepared) -> str:
    check = told(found)
    assert check is not None and check.state == "warn"
    return check.text


def pushed(bench: EcsBench, tag: str, **labels: str) -> str:
    """An image with these labels in its configuration: `revision`, or none."""
    names = {f"org.opencontainers.image.{name}": value for name, value in labels.items()}
    return add_image(bench.cloud.world, REPOSITORY, tag, labels=names)


def put(tag: str, manifest: dict[str, Any]) -> str:
    """A manifest as it stands; gives its digest."""
    backend: Any = ecr_backends[ACCOUNT][REGION]
    return str(backend.put_image(REPOSITORY, json.dumps(manifest), tag, manifest["mediaType"]).get_image_digest())


def blob_of(bench: EcsBench, tag: str) -> tuple[str, str, str, str]:
    """Where the configuration of an image lies."""
    backend: Any = ecr_backends[ACCOUNT][REGION]
    image = next(one for one in backend.repositories[REPOSITORY].images if tag in one.image_tags)
    return ACCOUNT, REGION, REPOSITORY, json.loads(image.image_manifest)["config"]["digest"]


def calls(bench: EcsBench) -> dict[str, int]:
    return {name: bench.cloud.log.reads[name] for name in sorted(OPTIONAL) if bench.cloud.log.reads[name]}


# --- where it is read


def test_both_commits_are_the_labels_of_the_images(bench: EcsBench) -> None:
    """`docker build --label` writes into the configuration, which lies behind a signed address."""
    found = prepared(bench)
    assert commits(found) == (COMMITS["v1"], COMMITS["v2"]) and told(found) is None
    assert calls(bench) == {"ecr:BatchGetImage": 2, "ecr:GetDownloadUrlForLayer": 2}


def test_nothing_is_asked_where_no_link_names_a_commit(bench: EcsBench) -> None:
    """A target without such a link needs neither permission, and its releases are pinned as ever."""
    found = prepared(bench, links={"logs": "https://logs.example.com/{app}/{from}"})
    assert commits(found) == ("", "") and told(found) is None and calls(bench) == {}
    assert commits(prepared(bench, links=TO)) == ("", COMMITS["v2"]) and calls(bench)["ecr:BatchGetImage"] == 1


def test_a_look_asks_nothing(bench: EcsBench) -> None:
    """Only the start reads labels: looks would do so every few seconds."""
    rollout = bench.accepted(links=LINKS)
    bench.cloud.log.clear()
    bench.looked(rollout)
    assert calls(bench) == {}
    assert rollout.candidate is not None and rollout.candidate.pinned["revision"] == COMMITS["v2"]


def test_a_way_back_waits_for_no_label(bench: EcsBench) -> None:
    """It is for when things are bad: an ECR that is slow must not hold it up for a link."""
    rollout = bench.launched("v2")
    for action in (Shift(percent=100), Retire(side="stable"), Finish()):
        rollout = bench.looked(rollout)
        bench.do(rollout, action)
        bench.cloud.step(30)
    bench.cloud.log.clear()
    back = bench.driver.prepare(bench.requested("v1", 1, links=LINKS).but(back=True))
    assert back.candidate.id == "v1" and commits(back) == ("", "") and told(back) is None and calls(bench) == {}


def test_an_annotation_needs_no_second_call(bench: EcsBench) -> None:
    """The manifest says it already; where it says no commit, the configuration is asked."""
    add_image(bench.cloud.world, REPOSITORY, "v5", {LABEL: ONE}, labels={LABEL: TWO})
    add_image(bench.cloud.world, REPOSITORY, "v6", {LABEL: "main"}, labels={LABEL: TWO})
    assert commits(prepared(bench, "v5", TO))[1] == ONE and calls(bench) == {"ecr:BatchGetImage": 1}
    assert commits(prepared(bench, "v6", TO))[1] == TWO and calls(bench)["ecr:GetDownloadUrlForLayer"] == 1


@pytest.mark.parametrize(
    ("runtime", "commit"),
    [({}, ONE), ({"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}, ONE),
     ({"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}, TWO),
     ({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}, TWO)],
)  # fmt: skip
def test_of_an_index_the_image_that_the_tasks_run(bench: EcsBench, runtime: dict[str, str], commit: str) -> None:
    """By the task definition's platform, else the first image; statements about a build are no image."""
    # An attestation carries no label, Windows is not in this index: taking either would be seen.
    attested, arm, amd = pushed(bench, "a"), pushed(bench, "b", revision=TWO), pushed(bench, "c", revision=ONE)
    rows = [
        {"digest": attested, "platform": {"os": "unknown", "architecture": "unknown"},
         "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
        {"digest": arm, "platform": {"os": "linux", "architecture": "arm64"}},
        {"digest": amd, "platform": {"os": "linux", "architecture": "amd64"}},
    ]  # fmt: skip
    digest = put("v5", {"schemaVersion": 2, "mediaType": INDEX, "manifests": rows})
    definition = register(bench, {"app": image_uri(REPOSITORY, digest)}, runtime)
    found = prepared(bench, f"td:{definition}", TO)
    assert commits(found)[1] == commit and told(found) is None


def register(bench: EcsBench, images: dict[str, str], runtime: dict[str, str] | None = None) -> str:
    """A revision with these containers; gives `shop-blue:2`."""
    ecs: Any = ecs_backends[ACCOUNT][REGION]
    ports = [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}]
    rows = [{"name": name, "image": image, "essential": True, "portMappings": ports if name == "app" else []}
            for name, image in images.items()]  # fmt: skip
    made = ecs.register_task_definition(
        BLUE, rows, network_mode="awsvpc", requires_compatibilities=["FARGATE"], cpu="256", memory="512",
        runtime_platform=runtime or None,
    )  # fmt: skip
    return str(made.arn).rsplit("/", 1)[1]


def test_of_several_containers_the_one_that_changes(bench: EcsBench) -> None:
    """The release's own image stays and the proxy's changes: then the commits are the proxy's."""
    uri = {tag: image_uri(REPOSITORY, bench.shop.digests[tag]) for tag in COMMITS}
    two, three = (register(bench, {"app": uri["v1"], "proxy": uri[tag]}) for tag in ("v3", "v4"))
    bench.deploy(BLUE, two)
    bench.cloud.step(60)
    found = prepared(bench, f"td:{three}", container="app")
    assert commits(found) == (COMMITS["v3"], COMMITS["v4"]) and told(found) is None
    both = register(bench, {"proxy": uri["v4"], "app": uri["v2"]})
    found = prepared(bench, f"td:{both}", container="app")
    assert commits(found) == (COMMITS["v1"], COMMITS["v2"])
    assert said(found) == "the images of proxy change, too: the commits are those of app"


# --- what cannot be read costs a link, never the start


def test_a_missing_label_is_said(bench: EcsBench) -> None:
    """The link is left off, the card says which label lacks on which side, and how to write it."""
    pushed(bench, "v5")
    found = prepared(bench, "v5")
    assert commits(found) == (COMMITS["v1"], "")
    check = told(found)
    assert check is not None and check.text == f"no link commits, for v5: it has no label {LABEL}"
    assert "git rev-parse HEAD" in check.hint


@pytest.mark.parametrize("odd", ["main", "abc123", "A" * 40, "1" * 65, f"{ONE}\n", "1" * 7 + " ", "deadbeef/../x"])
def test_what_is_no_commit_is_none(bench: EcsBench, odd: str) -> None:
    """Seven to 64 hexadecimal digits, nothing else: it becomes part of an address."""
    pushed(bench, "v5", revision=odd)
    found = prepared(bench, "v5", TO)
    assert commits(found)[1] == "" and "which is no commit" in said(found)


@pytest.mark.parametrize("call", sorted(OPTIONAL))
def test_a_missing_permission_is_named(bench: EcsBench, call: str) -> None:
    """Asked once and told for both sides, with what to allow to whom; the start is not refused."""
    bench.cloud.knobs.deny(call, times=1)
    found = prepared(bench)
    check = told(found)
    assert commits(found) == ("", "") and check is not None
    assert check.text == f"no link commits, for v1, v2: {call} on repository/* is not allowed" and call in check.hint


def test_a_blob_with_another_digest_is_not_believed(bench: EcsBench) -> None:
    """What an address gives is checked against the manifest."""
    key = blob_of(bench, "v2")
    bench.cloud.world.servers.images.layers.blobs[key] = json.dumps({"config": {"Labels": {LABEL: ONE}}}).encode()
    found = prepared(bench, links=TO)
    assert commits(found)[1] == "" and f"is not {key[3][:15]}" in said(found)


@pytest.mark.parametrize("admits", [True, False])
def test_a_large_blob_is_not_read_whole(bench: EcsBench, admits: bool) -> None:
    """Two mebibytes: refused before the call where the manifest admits them, else after the first."""
    blob = json.dumps({"config": {"Labels": {LABEL: ONE}}, "history": "x" * 2 * LARGEST}).encode()
    digest = bench.cloud.world.servers.images.layers.put(ACCOUNT, REGION, REPOSITORY, blob)
    config = {"digest": digest, "size": len(blob) if admits else 7000}
    put("v5", {"mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": []})
    found = prepared(bench, "v5", TO)
    assert commits(found)[1] == "" and "larger than 1024 KiB" in said(found)
    assert calls(bench).get("ecr:GetDownloadUrlForLayer", 0) == (0 if admits else 1)


@pytest.mark.parametrize(
    ("blob", "why"),
    [(b"{}", "no label"), (b'{"config":{"Labels":null}}', "no label"), (b'{"config":null}', "no label"),
     (b"not json", "cannot be read"), (b"\xff\xfe\xff", "cannot be read"), (b"[" * 100_000, "cannot be read"),
     (b'{"config":{"Labels":{"a":1}}}', "cannot be read"), (b"", "cannot be read")],
)  # fmt: skip
def test_odd_configurations_are_no_failure(bench: EcsBench, blob: bytes, why: str) -> None:
    """Whatever lies there: no label, or a configuration that cannot be read."""
    digest = bench.cloud.world.servers.images.layers.put(ACCOUNT, REGION, REPOSITORY, blob)
    manifest = {"mediaType": "application/vnd.docker.distribution.manifest.v2+json", "config": {"digest": digest}}
    put("v5", manifest)
    assert why in said(prepared(bench, "v5", TO))


@pytest.mark.parametrize(
    ("reply", "why"),
    [({"images": [], "failures": [{"failureCode": "ImageNotFound"}]}, "ECR answered ImageNotFound"),
     ({"images": []}, "ECR answered nothing"), ({"images": [{"imageManifest": "{"}]}, "manifest cannot be read"),
     ({"images": [{"imageManifest": '{"config": {"digest": "../x"}}'}]}, "manifest cannot be read"),
     ({"images": [{"imageManifest": '{"manifests": []}'}]}, "it has no configuration")],
)  # fmt: skip
def test_odd_manifests_are_no_failure(bench: EcsBench, reply: dict[str, Any], why: str) -> None:
    """An image that ECR does not give, and manifests that are none."""
    with answers(bench.sessions, "ecr", "BatchGetImage", reply):
        assert why in said(prepared(bench, links=TO))


def test_an_image_from_elsewhere_has_no_commit_for_us(bench: EcsBench) -> None:
    """A task definition may run one that is not in ECR: it is said, nothing is fetched from there."""
    found = prepared(bench, f"td:{register(bench, {'app': 'docker.io/library/nginx:1.29'})}", TO)
    why = "the image of app is not in ECR: docker.io/library/nginx:1.29"
    assert said(found) == f"no link commits, for td:shop-blue:2: {why}"


# --- the address


@contextmanager
def line(answer: bytes) -> Iterator[str]:
    """A server that says the same to everybody; empty: it never says anything."""

    class Says(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    if not answer:
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            yield f"http://127.0.0.1:{deaf.getsockname()[1]}/blob?X-Amz-Signature=hidden"
        return
    with HTTPServer(("127.0.0.1", 0), Says) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/blob?X-Amz-Signature=hidden"
        server.shutdown()
        thread.join()


@pytest.mark.timeout(20)  # an address that never answers would hold a start up for as long as it likes
@pytest.mark.parametrize(
    ("answer", "why"),
    [(b"", "ReadTimeoutError"), (b"HTTP/1.0 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", "HTTP status 302"),
     (b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "HTTP status 302"),
     (b"HTTP/1.0 403 Forbidden\r\n\r\n", "HTTP status 403"), (b"nonsense\r\n\r\n", "ConnectionClosedError"),
     (b"HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\nshort", "is not sha256:00000000")],
    ids=["never", "to a file", "to elsewhere", "refused", "nonsense", "cut"],
)  # fmt: skip
def test_an_address_that_fails_says_how_and_not_where(answer: bytes, why: str) -> None:
    """No redirect is followed, nothing waits for long, and the signature stands in no error."""
    with line(answer) as url, pytest.raises(TargetError) as caught:
        fetch(url, f"sha256:{'0' * 64}", seconds=0.1)
    assert why in caught.value.fact and "hidden" not in f"{caught.value!r}{caught.value.hint}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("url", ["http://example.com/b", "file:///etc/passwd", "ftp://127.0.0.1/x", "http://[::1", "x"])
def test_only_https_and_a_stand_in_on_this_machine(bench: EcsBench, url: str) -> None:
    """Whatever AWS, or somebody on the way, gives as the address."""
    with answers(bench.sessions, "ecr", "GetDownloadUrlForLayer", {"downloadUrl": url}):
        assert "without HTTPS" in said(prepared(bench, links=TO))


# --- every driver whose releases are images


def test_every_driver_of_images_says_it(served: Cloud, sessions: Sessions) -> None:
    """ecs-native, and CodeDeploy on ECS: the images of the demo's other apps have no labels, and their cards say so."""
    clock = CloudClock(served)
    for repository in ("api", "catalog"):
        served.reset()
        bench: Any = NativeBench(served, sessions) if repository == "api" else CatalogBench(served, sessions, clock)
        found = bench.driver.prepare(bench.requested("v2", 1, links=LINKS))
        assert said(found) == f"no link commits, for v1, v2: it has no label {LABEL}"
        add_image(served.world, repository, "v5", {LABEL: ONE})
        assert commits(bench.driver.prepare(bench.requested("v5", 1, links=TO))) == ("", ONE)


def test_nobody_needs_what_only_a_link_needs(bench: EcsBench) -> None:
    """`tidegate check` asks for no permission that a deployment can do without, and tells of one that a link lacks."""
    target = bench.driver.Target.model_validate({**bench.settings, "links": LINKS})
    wanted = needed(driver_class("ecs"), target).keys()
    assert not wanted & OPTIONAL and "ecr:DescribeImages" in wanted and bench.driver.operations.keys() >= OPTIONAL
    bench.cloud.knobs.deny("ecr:BatchGetImage", times=2)
    assert [check.state for check in bench.driver.examine(target) if check.name == "commits"] == ["warn"]
