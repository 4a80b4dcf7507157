"""The page in a real browser, with the tiny bot behind it: a click-through that no error may interrupt."""

from pathlib import Path

import pytest

from demo.workspace import Command, Knob, Limits, Status, Workspace, WorkspaceConfig
from tests.demo.workspace.tiny_bot import HttpBot, Seen

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}"),
]
STATUS: Status = {
    "bot": "running",
    "apps": [
        {
            "name": "my-app",
            "weights": {"1": 90, "2": 10},
            "alarms": [{"name": "my-app-errors", "state": "ALARM"}],
            "errors": {"1": 0.1, "2": None},
        }
    ],
}


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def ws(clock):
    """A workspace with commands, chips, a knob, a status and the tiny bot."""
    bot = HttpBot()
    command = Command(name="/deploy", usage_hint="<app>", examples=("/deploy card now", "/deploy form"))
    config = WorkspaceConfig(
        delivery="http", bot_events_url=bot.url, limits=Limits(ack_seconds=5), commands=(command,),
        chips=("/deploy card", "/deploy form", "/deploy silent"),
    )  # fmt: skip
    knob = Knob(id="v3", group="Releases", label="Publish v3", explain="Fails", run=lambda: "Version 3 is out.")
    with Workspace(config, clock=clock, knobs=[knob], status=lambda: STATUS) as workspace:
        bot.start(workspace, Seen())
        yield workspace
        bot.stop()


@pytest.fixture
def page(browser, ws):
    """The open page; every script error and every refused request fails the test."""
    trouble = []
    tab = browser.new_page(viewport={"width": 1440, "height": 900})
    tab.set_default_timeout(60_000)
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("console", lambda line: trouble.append(line.text) if line.type in ("error", "warning") else None)
    tab.on("request", lambda r: None if f"//127.0.0.1:{ws.port}/" in r.url else trouble.append(r.url))
    tab.goto(ws.url)
    tab.get_by_role("button", name="/deploy card").wait_for()
    yield tab
    tab.close()
    assert trouble == []


def card(page):
    return page.locator("#main .message", has_text="canary").first


def test_a_chip_brings_a_card_that_changes_in_place(page, ws):
    """Chip, ack, card; a confirm denied sends nothing; a press edits the same message."""
    page.get_by_role("button", name="/deploy card").click()
    expect(card(page)).to_contain_text("Healthy so far.")
    expect(page.get_by_text("looking at card")).to_be_visible()
    card(page).get_by_role("button", name="Roll back").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("my-app in prod")
    dialog.get_by_role("button", name="Keep").click()
    expect(dialog).to_have_count(0)
    assert [e.title for e in ws.envelopes if e.kind == "interactive"] == []
    card(page).get_by_role("button", name="Roll back").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("rolling back", exact=True)).to_be_visible()
    card(page).get_by_role("button", name="Pause").click()
    expect(page.locator("#main .message", has_text="paused")).to_have_count(1)
    expect(page.locator("#main .message.flash")).to_have_count(1)


def test_private_messages_are_for_one_pair_of_eyes(page):
    """What is only visible to Ana is not on the page when Ben looks."""
    page.get_by_role("button", name="/deploy card").click()
    expect(page.get_by_text("Only visible to you")).to_be_visible()
    page.get_by_role("radio", name="Ben").check(force=True)
    expect(page.get_by_text("Only visible to you")).to_have_count(0)
    expect(card(page)).to_be_visible()


def test_threads_open_beside_and_take_replies(page, ws):
    """A reply goes to the thread pane; the root shows the count."""
    page.get_by_role("button", name="/deploy card").click()
    expect(page.get_by_text("looking at card")).to_be_visible()
    card(page).hover()
    card(page).get_by_role("button", name="Reply in thread").click()
    page.get_by_role("combobox", name="Reply…").fill("watching this <b>&</b>")
    page.keyboard.press("Enter")
    expect(page.locator("#thread .message").last).to_contain_text("watching this <b>&</b>")
    expect(card(page).get_by_role("button", name="1 reply")).to_be_visible()
    assert len(ws.channel("deploys").messages) == 1


def test_a_form_shows_errors_under_its_fields(page, ws):
    """Required fields, options from the bot, an error of the bot under the right field, then success."""
    page.get_by_role("button", name="/deploy form").click()
    form = page.get_by_role("dialog", name="Deploy")
    form.get_by_role("button", name="Start").click()
    expect(form.locator(".field-error:visible").first).to_have_text("Please complete this required field.")
    form.get_by_role("combobox", name="App").fill("sho")
    form.get_by_role("option", name="shop").click()
    form.get_by_role("textbox", name="Reason").fill("no")
    form.get_by_role("button", name="Start").click()
    expect(form.locator("[data-block=why] .field-error")).to_have_text("say more")
    expect(form.get_by_role("combobox", name="App")).to_have_value("shop")
    form.get_by_role("textbox", name="Reason").fill("fix rounding")
    form.get_by_role("button", name="Start").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert ws.envelopes[-1].payload["view"]["state"]["values"]["why"]["reason"]["value"] == "fix rounding"


def test_escape_closes_a_form_and_gives_the_focus_back(page, ws):
    """Keyboard only: type a command from the proposals, leave the form, repeat the command."""
    box = page.get_by_role("combobox", name="Message #deploys")
    box.press_sequentially("/dep")
    expect(page.get_by_role("listbox", name="Commands").get_by_role("option")).to_have_count(3)
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter", "Enter"):
        box.press(key)
    form = page.get_by_role("dialog", name="Deploy")
    expect(form.get_by_role("combobox", name="App")).to_be_focused()
    page.keyboard.press("Tab")
    expect(form.get_by_role("textbox", name="Reason")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(box).to_be_focused()
    box.press("ArrowUp")
    expect(box).to_have_value("/deploy form")


def test_failures_are_shown_as_such(page, ws):
    """Unknown commands, listeners that do not answer, a stopped demo."""
    page.get_by_role("button", name="/deploy silent").click()
    expect(page.get_by_text('failed with the error "http_client_error"')).to_be_visible()
    page.get_by_role("combobox", name="Message #deploys").fill("/nope")
    page.keyboard.press("Enter")
    expect(page.get_by_text("/nope is not a valid command")).to_be_visible()


def test_the_inspector_shows_the_wire(page):
    """Envelopes with ack times, calls with answers, the blocks of a message."""
    page.get_by_role("button", name="/deploy card").click()
    expect(page.get_by_text("looking at card")).to_be_visible()
    page.get_by_role("tab", name="Inspector").click()
    records = page.locator(".record")
    expect(records.filter(has_text="/deploy card")).to_contain_text("ack")
    records.filter(has_text="chat.postMessage").locator("summary").first.click()
    expect(records.filter(has_text="chat.postMessage").locator(".json").first).to_contain_text('"channel"')
    card(page).hover()
    card(page).get_by_role("button", name="Show the blocks").click()
    expect(page.locator(".picked")).to_contain_text('"type": "header"')


def test_controls_and_status(page, tmp_path):
    """A knob says what it did; the strip shows weights, errors and alarms in words."""
    page.get_by_role("button", name="Publish v3").click()
    expect(page.locator(".said")).to_have_text("Version 3 is out.")
    expect(page.get_by_role("img", name="Traffic of my-app: v1 90 percent, v2 10 percent")).to_be_visible()
    expect(page.locator(".alarm")).to_have_text("my-app-errorsin alarm")
    page.screenshot(path=tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 20_000


def test_other_channels_count_what_was_not_read(page, ws):
    """A message elsewhere raises a badge, opening the channel clears it."""
    ws.person("ben").say("general", "anyone there?")
    badge = page.get_by_role("button", name="general").locator(".badge")
    expect(badge).to_have_text("1")
    page.get_by_role("button", name="general").click()
    expect(page.get_by_text("anyone there?")).to_be_visible()
    expect(badge).to_have_count(0)


def test_the_home_tab_is_the_persons_own(page):
    """Opening the app asks the bot for its home tab."""
    page.get_by_role("button", name="tidegate", exact=True).click()
    expect(page.get_by_text("nothing runs")).to_be_visible()
