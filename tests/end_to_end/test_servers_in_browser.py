"""Servers and names in the browser: search and edge raised by clicks, and brought back by alarms of their own."""

import re
from collections.abc import Iterator

import pytest

from demo.cloud.seed_edge import SITE
from demo.stage import Setting, Stage
from tests.end_to_end.browser import LONG, MARKS, card, expect, opened, press

pytestmark = MARKS


@pytest.fixture
def stage() -> Iterator[Stage]:
    """The demo in this process, where a stack can be given to fail; twice as fast as usual."""
    with Stage(Setting(speed=20)) as up:
        up.workspace.wait_connected(timeout=LONG / 1000)
        yield up


def deployed(page, line: str) -> None:
    """Type a command, and see it taken."""
    box = page.get_by_role("combobox", name="Message #deploys")
    box.fill(f"/deploy {line}")
    box.press("Enter")
    expect(page.get_by_text(f"looking at {re.split('[ @]', line)[0]} in prod").last).to_be_visible()


def traffic(page, app: str, words: str) -> None:
    """Wait until the strip above the channels says so of an app."""
    strip = page.get_by_role("img", name=re.compile(f"^Traffic of {app}"))
    expect(strip).to_have_attribute("aria-label", f"Traffic of {app}: {words}", timeout=LONG)


def test_servers_and_names_are_promoted_and_brought_back_by_an_alarm(stage):
    """Both side by side: raised by clicks to their end, then a bad release of each comes back by itself."""
    with opened(stage.url) as page:
        deployed(page, "search@2 canary")
        deployed(page, "edge canary")
        for at, label in (("10 %", "Promote to 50 %"), ("50 %", "Promote to 100 %"), ("100 %", "End the bake now")):
            for app in ("edge", "search"):
                press(page, f"at {at}", label, app)
        for app in ("edge", "search"):
            card(page, "succeeded", app)
        traffic(page, "search", "search-blue 0 percent, search-green 100 percent")
        stage.cloud.knobs.deploy_stack("blue", "errors")
        deployed(page, "search@3 canary")
        deployed(page, "edge canary")
        for app in ("edge", "search"):
            expect(card(page, "rolled back from", app)).to_contain_text(f"{app}-errors is red")
        traffic(page, "search", "search-blue 0 percent, search-green 100 percent")
    records = stage.cloud.knobs.records()[SITE]
    assert records["written"] == {"blue": 0, "green": 100}
