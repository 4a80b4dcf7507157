"""The demo's page in a real browser: opened, cards found by what they say, buttons pressed."""

import re
from contextlib import contextmanager
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
LONG = 90_000
"""Milliseconds to wait for what takes the bot and an alarm some while."""
MARKS = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}"),
]


@contextmanager
def opened(address: str):
    """A page in the browser; a script error, a console error or a request elsewhere fails the test."""
    trouble: list[str] = []
    origin = address.split("/", 3)[2]
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        tab = chromium.new_page(viewport={"width": 1400, "height": 900})
        tab.set_default_timeout(30_000)
        tab.on("pageerror", lambda error: trouble.append(str(error)))
        tab.on("console", lambda line: trouble.append(line.text) if line.type in ("error", "warning") else None)
        tab.on("request", lambda asked: None if f"//{origin}/" in asked.url else trouble.append(asked.url))
        tab.goto(address)
        yield tab
        chromium.close()
    assert trouble == []


def card(page, words: str, app: str = "my-app"):
    """The newest card of an app, once it says so."""
    found = page.locator("#main .message", has_text=re.compile(f"{app} → prod")).filter(has_text=words).last
    expect(found).to_be_visible(timeout=LONG)
    return found


def press(page, words: str, label: str, app: str = "my-app") -> None:
    """Press a button of the card that says so, and the dialog's too if there is one."""
    button = card(page, words, app).get_by_role("button", name=label).first
    expect(button).to_be_enabled()
    button.click()
    dialog = page.get_by_role("dialog")
    if label.startswith("Roll back"):
        dialog.get_by_role("button").last.click()
    expect(dialog).to_have_count(0)
