"""What the end-to-end tests share: one cloud for the file that wants it, and the story that plays meanwhile."""

import pytest

from tests.end_to_end import rig


@pytest.fixture(scope="module")
def cloud():
    """A cloud for this module; only one runs in a process."""
    made = rig.new_cloud()
    yield made
    made.stop()
