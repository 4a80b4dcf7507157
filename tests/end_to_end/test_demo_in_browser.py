"""`tidegate demo` as a newcomer meets it: the page in a real browser, the real bot behind it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.child import clean_environment
from tests.end_to_end.browser import LONG, MARKS, card, expect, opened, press
from tests.end_to_end.rig import until

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "images"
pytestmark = MARKS


@pytest.fixture
def address(tmp_path) -> Iterator[str]:
    """The demo, started as anybody starts it ; where its page is."""
    out = tmp_path / "out"
    words = ["demo", "--no-browser", "--speed", "10", "--folder", str(tmp_path / "demo")]
    with out.open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", *words], env=clean_environment(), stdout=told, stderr=told
        )
    try:
        found = until(lambda: re.search(r"http://127\.0\.0\.1:\S+", out.read_text()), out.read_text)
        yield found[0]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, out.read_text()
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture
def page(address):
    """The open page of it."""
    with opened(address) as tab:
        yield tab


def be(page, name: str) -> None:
    """Sit down as somebody else."""
    page.get_by_role("radio", name=name).dispatch_event("click")


def knob(page, label: str) -> None:
    """Turn a knob and see that it says something."""
    found = page.locator(".knob", has=page.get_by_role("button", name=label, exact=True))
    found.get_by_role("button").click()
    expect(found.locator(".said")).not_to_be_empty()


def deploy(page) -> None:
    """Click the chip, once the bot listens."""
    expect(page.locator(".vital").first).to_have_text("bot running", timeout=LONG)
    page.get_by_role("button", name="/deploy my-app canary").click()


def portrait(page) -> None:
    """The picture of the README: half way, with the thread beside it."""
    half = card(page, "baking at 50 %")
    half.get_by_role("button", name=re.compile(r"repl(y|ies)")).first.click()
    expect(page.locator("#thread .message", has_text="Raised to 50 %")).to_be_visible()
    page.mouse.move(700, 5)
    page.screenshot(path=PICTURES / "demo.png", animations="disabled")
    page.get_by_role("button", name="Close thread").click()


def test_a_newcomer_sees_all_of_it(page, update_goldens):
    """Deploy by a chip, pause, resume, promote, be refused, meet a bad release."""
    traffic = page.get_by_role("img", name=re.compile("^Traffic of my-app"))
    deploy(page)
    expect(page.get_by_text("looking at my-app in prod")).to_be_visible()
    card(page, "baking at 10 %")
    expect(traffic).to_have_attribute("aria-label", "Traffic of my-app: v1 90 percent, v2 10 percent")
    press(page, "baking at 10 %", "Pause")
    press(page, "paused at 10 %", "Resume")
    be(page, "Oskar")
    press(page, "baking at 10 %", "Roll back")
    expect(page.get_by_text("you cannot roll back here")).to_be_visible()
    be(page, "Ana")
    expect(page.get_by_text("you cannot roll back here")).to_have_count(0)
    press(page, "baking at 10 %", "Promote")
    card(page, "baking at 50 %")
    if update_goldens:
        portrait(page)
    press(page, "baking at 50 %", "Promote")
    press(page, "at 100 %", "End the bake now")
    card(page, "succeeded")
    knob(page, "Publish v3: 8 % errors")
    deploy(page)
    bad = card(page, "rolled back from")
    expect(bad).to_contain_text("my-app-errors")
    expect(traffic).to_have_attribute("aria-label", "Traffic of my-app: v2 100 percent")


def notice(page, words: str):
    """The one notice about lamp, once it says so."""
    found = page.locator("#main .message", has_text=re.compile(r"lamp · ")).filter(has_text=words)
    expect(found).to_have_count(1, timeout=LONG)
    return found


def painted(page, what, name: str) -> None:
    """A picture of one message, all of it: the page is made tall enough that nothing lies over it."""
    page.set_viewport_size({"width": 1400, "height": 1800})
    what.screenshot(path=PICTURES / name, animations="disabled")
    page.set_viewport_size({"width": 1400, "height": 900})


def told_in_ops(page) -> None:
    """The picture of a summary; the demo's come every five minutes, so nobody but the painter waits for one."""
    page.get_by_role("button", name=re.compile("^ops")).click()
    summary = page.locator("#main .message", has_text=re.compile("Longest red")).last
    expect(summary).to_be_visible(timeout=8 * 60_000)
    painted(page, summary, "digest.png")


@pytest.mark.timeout(900)
def test_an_alarm_that_flaps_is_one_notice(page, update_goldens):
    """Red with its graph, acknowledged by a press, OK, red again with a counter, calm: one message all the time."""
    expect(page.locator(".vital").first).to_have_text("bot running", timeout=LONG)
    knob(page, "Lamp flaps")
    red = notice(page, "red since")
    expect(red.get_by_role("img", name=re.compile("lamp-errors.*limit 0.4 %"))).to_be_visible(timeout=LONG)
    if update_goldens:
        painted(page, red, "notice.png")
    red.get_by_role("button", name="Acknowledge").click()
    notice(page, "Acknowledged by @Ana")
    expect(red.get_by_role("button", name="Acknowledge")).to_have_count(0)
    notice(page, "OK again")
    again = notice(page, "Red for the 2nd time")
    expect(again.get_by_role("link", name=re.compile("CloudWatch"))).to_have_attribute("rel", re.compile("noopener"))
    if update_goldens:
        painted(page, again, "flapping.png")
    again.get_by_role("button", name="Mute 1 h").click()
    notice(page, "silenced by @Ana")
    knob(page, "Lamp is calm")
    notice(page, "OK again")
    page.get_by_role("button", name="/deploy alarms").click()
    expect(page.get_by_text("Longest red")).to_be_visible()
    if update_goldens:
        told_in_ops(page)


def test_the_bot_is_killed_and_started_by_knobs(page):
    """Killed: the page says so and traffic stays; started: the same card goes on."""
    bot = page.locator(".vital").first
    deploy(page)
    card(page, "baking at 10 %")
    knob(page, "Kill the bot")
    expect(bot).to_have_text("bot killed")
    traffic = page.get_by_role("img", name=re.compile("^Traffic of my-app"))
    expect(traffic).to_have_attribute("aria-label", "Traffic of my-app: v1 90 percent, v2 10 percent")
    knob(page, "Start the bot")
    expect(bot).to_have_text("bot running", timeout=LONG)
    card(page, "at 50 %")
    expect(page.locator("#main .message", has_text="my-app → prod")).to_have_count(1)
