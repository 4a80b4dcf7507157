"""The store of the release before, with a live rollout in every phase: it is opened, and each goes on to its right end.

The rows in tests/data were written by that release's own code (commit 727dfa6), a file for each phase.
"""

import gzip
import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from rollout.model import LIVE, Phase, Rollout
from rollout.seen import SideHealth
from store.schema import MIGRATIONS, STEPS
from tests.faults.stage import WAITS_FOR_PEOPLE, calm
from tests.rollout.scene import ANA, EVA, Scene

KEPT = Path(__file__).parents[1] / "data" / "previous-release.json.gz"
FILES: dict[str, Any] = json.loads(gzip.decompress(KEPT.read_bytes()))
NEXT = "0012_rows_of_servers"
"""The first step that release did not know."""
SHAPES = {"0012_rows_of_servers": "83f960a1", "0015_courses": "1ee5ba37"}
"""The step that made rows what they are -> the beginning of the digest of their shape."""


def written(path: Path, phase: str) -> None:
    """The file as that release left it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as link:
        MIGRATIONS.apply(Database(link, execute_plugins=False), stop_before=NEXT)
        link.execute("DELETE FROM meta")
        for statement in FILES[phase]["rows"]:
            link.execute(statement)


def opened(path: Path, phase: str) -> Scene:
    """This release's bot on that file, AWS as it was."""
    written(path, phase)
    scene, was = Scene.__new__(Scene), FILES[phase]
    Scene.__init__(scene, path.with_suffix(".other"))
    scene.close()
    scene.path = path
    scene.clock.advance(datetime.fromisoformat(was["at"]) - scene.clock.now())
    target = scene.target
    target.main, target.extra, target.revision = was["main"], was["extra"], was["revision"]
    target.versions = {name: SideHealth.model_validate(side) for name, side in was["versions"].items()}
    scene.asked = 1000
    scene.open()
    return scene


@pytest.mark.parametrize("phase", sorted(FILES))
def test_a_live_rollout_of_the_release_before_goes_on(tmp_path: Path, phase: str) -> None:
    """Same terms, same trail, nothing sent twice; by itself or after a person's answer it ends as it should."""
    scene = opened(tmp_path / "old.db", phase)
    before = scene.newest
    assert before.phase == phase and before.live
    calm(scene)
    for _ in range(400):
        live = scene.live
        if live is None:
            break
        if live.phase in WAITS_FOR_PEOPLE:
            verb = {"paused": "resume", "awaiting_approval": "approve", "waiting": "approve"}.get(live.phase, "retry")
            if not scene.wish(verb, EVA if verb == "approve" else ANA, reason="on").ok:
                scene.wish("rollback", reason="the end")
        scene.look()
    after = scene.newest
    assert after.terms == before.terms
    assert after.phase in ("succeeded", "rolled_back", "cancelled")
    assert scene.target.share("2") == (100 if after.phase == "succeeded" else 0)
    assert scene.store.verify()[1] is None
    scene.close()




def test_every_live_phase_is_there() -> None:
    """No phase of that release is left out."""
    assert {Phase(name) for name in FILES} == LIVE


def shape(node: Any) -> Any:
    """A JSON schema without its words."""
    if isinstance(node, dict):
        return {key: shape(value) for key, value in sorted(node.items()) if key not in ("description", "title")}
    return [shape(value) for value in node] if isinstance(node, list) else node


def test_another_shape_of_rows_needs_a_step_of_the_schema() -> None:
    """An older release must refuse the file with what to do, not stumble over its rows: a field more is a step more."""
    now = hashlib.sha256(json.dumps(shape(Rollout.model_json_schema()), sort_keys=True).encode()).hexdigest()[:8]
    step, known = list(SHAPES.items())[-1]
    assert step in STEPS
    assert now == known, f"rows changed their shape: add a step to store/schema.py, and here that it made them {now}"
