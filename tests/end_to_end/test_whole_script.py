"""`tidegate demo --script`: the story a newcomer sees, as one command. It plays while other tests run."""

import pytest


@pytest.mark.timeout(400)
def test_the_whole_story_comes_true(story):
    """Every line of it is checked by the story itself: exit 0, and it says so."""
    code = story.process.wait(360)
    told = story.out.read_text()
    assert code == 0, told
    assert "everything came true" in told
    for scene in ("an outsider gets nowhere", "carried on by a bot that was killed", "brought back by its alarm"):
        assert scene in told
