"""Scenes for the tests of the inside."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rollout.scene import OneApp, Scene

Open = Callable[..., Scene]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Open scenes with a plan and terms of the test's own; closed at the end."""
    scenes: list[Scene] = []

    def make(plan: str = "10% 5m, 50% 10m, 100%", **terms: object) -> Scene:
        scene = Scene(tmp_path / f"{len(scenes)}.db", OneApp(plan, **terms))
        scenes.append(scene)
        return scene

    yield make
    for scene in scenes:
        scene.close()


@pytest.fixture
def scene(opened: Open) -> Scene:
    """A scene with the ordinary canary and one alarm."""
    return opened()
