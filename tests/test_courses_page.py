"""docs/courses.md: every status of AWS's own lists has its words on the card."""

import re
from pathlib import Path

import botocore.session

from scripts.courses_page import page

TEXT = (Path(__file__).parents[1] / "docs" / "courses.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_code_says():
    """A changed sentence, or another state for a status, fails here without a new page."""
    assert page() == TEXT


def test_every_status_of_aws_has_a_row():
    """A status that a newer botocore knows is missing until the page is printed again."""
    said = {cell.strip() for cell in re.findall(r"^\| ([^|]+?) \|", TEXT, re.MULTILINE)}
    session = botocore.session.get_session()
    for service, shape in (("codedeploy", "DeploymentStatus"), ("ecs", "ServiceDeploymentStatus"),
                           ("ecs", "ServiceDeploymentLifecycleStage")):  # fmt: skip
        for word in session.get_service_model(service).shape_for(shape).metadata["enum"]:
            assert any(word in cell for cell in said), word


def test_every_row_has_a_way_back_and_tells_only_what_is_there():
    """While it lives and is not going back already, [Roll back] is there; nothing that moves is told as served."""
    rows = [line[1:-1].split("|") for line in TEXT.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in row] for row in rows if row[0].strip() != "AWS says"]
    assert len(rows) > 20
    for _, state, sentence, buttons in rows:
        going = state.startswith(("rolling back", "rolled back"))
        assert going or "[Roll back]" in buttons, state
        assert ("serves everything" in sentence) <= state.startswith("baking at 100"), state
