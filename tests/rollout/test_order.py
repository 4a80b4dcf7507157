"""`after = "staging"`: a release begins in an environment only when it has succeeded in the one before."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rollout.errors import NotFound
from rollout.ports import Reply
from rollout.release import Release
from rollout.simulated import SimulatedTarget
from rollout.terms import Terms
from tests.rollout.scene import OneApp, Scene

ENVS = ("staging", "prod")


class Ordered(OneApp):
    """my-app in staging, then prod."""

    def targets(self) -> Sequence[tuple[str, str]]:
        """Both."""
        return [("my-app", env) for env in ENVS]

    def find(self, app: str, env: str) -> tuple[str, str]:
        """The named one, else prod."""
        if env not in ("", *ENVS):
            raise NotFound(f"{env!r} is not an environment", "staging, prod")
        return app, env or "prod"

    def terms(self, app: str, env: str, plan: str, *, back: bool = False) -> tuple[str, Terms]:
        """Prod comes after staging; going back is exempt."""
        kind, terms = super().terms(app, env, plan, back=back)
        return kind, terms.model_copy(update={"after": "staging" if env == "prod" and not back else ""})


@pytest.fixture
def order(tmp_path: Path) -> Iterator[Scene]:
    """Two environments, version 1 in both, version 2 in neither."""
    scene = Scene(tmp_path / "t.db", Ordered("50%, 100%", bake="1s"))
    scene.world.targets["my-app/staging"] = SimulatedTarget()
    yield scene
    scene.close()


def shipped(scene: Scene, env: str, release: str = "2") -> Reply:
    """Ask for it, and look until it has ended."""
    reply = scene.wish("start", env=env, release=release)
    for _ in range(100):
        if not scene.newest.live:
            break
        live = scene.newest
        scene.clock.advance(max((live.wake_at or scene.clock.now()) - scene.clock.now(), live.terms.settle))
        for ids in scene.bot.due().values():
            scene.bot.look(ids)
    return reply


def test_a_release_has_to_succeed_in_the_environment_before(order: Scene) -> None:
    """Refused by name with the way to go; after its success in staging it begins in prod."""
    shipped(order, "prod")
    refused = order.newest
    assert refused.phase == "refused" and refused.cause is not None
    assert refused.cause.text == "2 has not succeeded in staging yet, and prod comes after it"
    assert refused.cause.hint == "/deploy my-app@2 to staging"
    assert not order.world.targets["my-app/prod"].applied
    shipped(order, "staging")
    assert order.newest.phase == "succeeded"
    shipped(order, "prod")
    assert (order.newest.env, order.newest.phase) == ("prod", "succeeded")


def test_what_was_brought_back_there_has_not_succeeded(order: Scene) -> None:
    """A rollback after the success vetoes it when an alarm did it, and a started one is no success."""
    order.wish("start", env="staging", release="2")
    order.bot.look([1])
    order.wish("rollback", env="staging", reason="no")
    for _ in range(30):
        order.look()
        for ids in order.bot.due().values():
            order.bot.look(ids)
    shipped(order, "prod")
    assert order.newest.phase == "refused"


def test_going_back_needs_no_environment_before(order: Scene) -> None:
    """S4: whatever staging says, prod goes back to what served it."""
    shipped(order, "staging")
    shipped(order, "prod")
    assert order.wish("rollback", env="prod", reason="no").ok
    for _ in range(60):
        if not order.newest.live:
            break
        order.look()
    assert (order.newest.phase, order.newest.back) == ("succeeded", True)
    assert order.world.targets["my-app/prod"].main == "1"


def test_the_same_content_counts_under_any_name() -> None:
    """Version 7 of one function and 3 of another are the same release when their code is."""
    assert Release(id="7", pinned={"sha256": "abc", "arn": "x"}).content == "abc"
    assert Release(id="v2", pinned={"digest": "sha256:1", "sha256": "no"}).content == "sha256:1"
    assert Release(id="7", pinned={"arn": "x"}).content == "7"
