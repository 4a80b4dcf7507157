"""Sessions, roles and the addresses they go to."""

import os
import threading
from typing import Any

import pytest

from aws.registry import open_drivers
from aws.sessions import Place, Sessions, endpoint_overrides
from aws.world import AwsWorld
from demo.cloud import Cloud
from rollout.actions import Shift
from rollout.release import Release
from tests.aws.bench import CloudClock, make_rollout

ROLE = "arn:aws:iam::123456789012:role/tidegate-prod"


@pytest.fixture
def fresh(cloud: Cloud) -> Sessions:
    return Sessions()


def observe(cloud: Cloud, sessions: Sessions, clock: CloudClock, **settings: Any) -> Any:
    world = AwsWorld(sessions, open_drivers(sessions, clock), clock)
    return world.observe([make_rollout(cloud.config.now(), **settings)])[1]


def test_a_role_is_assumed_once_and_named_in_the_trail(
    cloud: Cloud, fresh: Sessions, clock: CloudClock
) -> None:
    """Every call of a target with a role is made as that role, under our session name."""
    assert observe(cloud, fresh, clock, iam_role=ROLE).prepared is not None
    rollout = make_rollout(cloud.config.now(), iam_role=ROLE).but(
        stable=Release(id="1"), candidate=Release(id="2")
    )
    world = AwsWorld(fresh, open_drivers(fresh, clock), clock)
    rollout = rollout.but(phase="stepping")
    rollout = rollout.but(seen=world.observe([rollout])[1].seen)
    assert world.perform(rollout, Shift(percent=10), "k").state == "done"
    (written,) = cloud.log.of("lambda:UpdateAlias")
    assert written.caller == "arn:aws:sts::123456789012:assumed-role/tidegate-prod/tidegate"
    assert cloud.log.reads["sts:AssumeRole"] == 1


def test_a_role_that_may_not_be_assumed_is_told_by_name(
    cloud: Cloud, fresh: Sessions, clock: CloudClock
) -> None:
    """The permission and the trust policy, not a mystery at GetAlias."""
    cloud.knobs.deny("sts:AssumeRole")
    refusal = observe(cloud, fresh, clock, iam_role=ROLE).refusal
    assert (
        refusal.kind == "auth"
        and f"sts:AssumeRole on {ROLE}" in refusal.text
        and "trust policy" in refusal.hint
    )


def test_a_write_whose_role_cannot_be_assumed_surely_failed(
    cloud: Cloud, fresh: Sessions, clock: CloudClock
) -> None:
    """STS did not answer, so the write was never sent: failed, not unknown."""
    world = AwsWorld(fresh, open_drivers(fresh, clock), clock)
    rollout = make_rollout(cloud.config.now()).but(
        stable=Release(id="1"), candidate=Release(id="2"), phase="stepping"
    )
    rollout = rollout.but(seen=world.observe([rollout])[1].seen)
    settings = {**rollout.terms.settings, "iam_role": ROLE}
    rollout = rollout.but(terms=rollout.terms.model_copy(update={"settings": settings}))
    cloud.knobs.outage("sts:AssumeRole")
    assert world.perform(rollout, Shift(percent=10), "k").state == "failed"
    assert cloud.log.applied == []
    cloud.knobs.clear_faults()
    assert world.perform(rollout, Shift(percent=10), "k").state == "done"


def test_one_role_that_fails_leaves_the_others_alone(
    cloud: Cloud, fresh: Sessions, clock: CloudClock
) -> None:
    """Two roles in one look: the denied one is a fault of its own."""
    world = AwsWorld(fresh, open_drivers(fresh, clock), clock)
    sides = {"stable": Release(id="1"), "candidate": Release(id="2"), "phase": "stepping"}
    rollouts = [
        make_rollout(cloud.config.now(), "my-app-errors", number=1, iam_role=ROLE).but(**sides),
        make_rollout(cloud.config.now(), "my-app-errors", number=2).but(**sides),
    ]
    cloud.knobs.deny("sts:AssumeRole")
    looks = world.observe(rollouts)
    assert looks[1].fault is not None and looks[1].alarms_fault is not None
    assert looks[2].seen is not None and len(looks[2].alarms) == 1


def test_no_credentials_says_so_and_heals(cloud: Cloud, fresh: Sessions, clock: CloudClock) -> None:
    """Started without credentials: told in words, and found when they turn up later."""
    kept = {name: os.environ.pop(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    try:
        refusal = observe(cloud, fresh, clock).refusal
    finally:
        os.environ.update(kept)
    assert refusal.kind == "auth" and "no AWS credentials were found" in refusal.text
    assert observe(cloud, fresh, clock).prepared is not None


def test_clients_are_made_once_and_kept_apart(fresh: Sessions) -> None:
    """By place, service and use; a reading one tries three times, a writing one once."""
    here, there = Place("", "eu-central-1"), Place("", "us-east-1")
    made = {
        (place, writes): fresh.client(place, "lambda", writes=writes)
        for place in (here, there)
        for writes in (False, True)
    }
    assert len({id(client) for client in made.values()}) == 4
    assert fresh.client(here, "lambda", writes=True) is made[here, True]
    for (place, writes), client in made.items():
        config = client.meta.config
        assert client.meta.region_name == place.region
        assert (
            config.retries["total_max_attempts"] == (1 if writes else 3)
            and config.retries["mode"] == "standard"
        )
        assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (3, 10, 32)


def test_many_threads_get_the_same_client(fresh: Sessions) -> None:
    """Sessions are not thread-safe: clients are made under a lock."""
    start, made = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        made.append(fresh.client(Place("", "eu-west-1"), "sns", writes=True))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8 and len({id(client) for client in made}) == 1


def test_models_are_read_from_disk_once(fresh: Sessions) -> None:
    """A session more shares the first one's loader: 42 ms instead of 300."""
    for region in ("eu-central-1", "us-east-1"):
        fresh.client(Place("", region), "lambda", writes=False)
    loaders = {session._session.get_component("data_loader") for session in fresh._sessions.values()}
    assert len(loaders) == 1


@pytest.fixture
def environ() -> dict[str, str]:
    return {"PATH": "/bin", "AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL_SQS": ""}


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:4566", True),
        ("http://localhost:1", True),
        ("http://[::1]:1", True),
        ("https://aws.example.com", False),
        ("http://169.254.1.1", False),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1@evil.example", False),
        ("nonsense", False),
        ("http://[", False),
    ],
)
def test_overrides_are_told_with_where_they_lead(environ: dict[str, str], url: str, loopback: bool) -> None:
    """Anything that is not surely this machine counts as elsewhere."""
    environ |= {"AWS_ENDPOINT_URL_LAMBDA": url, "AWS_ENDPOINT_URL": url}
    assert endpoint_overrides(environ) == [
        ("AWS_ENDPOINT_URL", url, loopback),
        ("AWS_ENDPOINT_URL_LAMBDA", url, loopback),
    ]


def test_overrides_that_aws_ignores_are_not_told(environ: dict[str, str]) -> None:
    """Nothing set, or switched off: nothing to warn about."""
    assert endpoint_overrides(environ) == []
    environ |= {"AWS_ENDPOINT_URL": "http://127.0.0.1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    assert endpoint_overrides(environ) == []
