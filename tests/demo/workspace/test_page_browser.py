"""The page in a real browser, with the tiny bot behind it: a click-through that no error may interrupt."""

from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient

from demo.workspace import Command, Knob, Limits, Status, Workspace, WorkspaceConfig
from tests.demo.workspace.graphs import graph, image
from tests.demo.workspace.tiny_bot import HttpBot, Seen, words

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
        delivery="http", bot_events_url=bot.url, limits=Limits(ack_seconds=5, file_seconds=0), commands=(command,),
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


@pytest.fixture
def slack(ws):
    return WebClient(token=ws.bot_token, base_url=ws.api_url)


def test_an_uploaded_picture_is_shown_in_its_message(page, ws, slack):
    """With alt text and its own size; the thumbnail of a context too; gone when the file is deleted."""
    file_id = slack.files_upload_v2(content=graph(300, 100), filename="errors.png")["file"]["id"]
    blocks = [
        image(file_id, "errors rise", title=words("Last hour")),
        {"type": "context", "elements": [image(file_id, "errors, small")]},
    ]
    slack.chat_postMessage(channel="C0DEPLOYS", text="alarm", blocks=blocks)
    picture = page.get_by_role("img", name="errors rise")
    expect(picture).to_have_js_property("naturalWidth", 300)
    expect(picture).to_have_attribute("width", "300")
    expect(page.get_by_role("img", name="errors, small")).to_have_js_property("complete", True)
    expect(page.locator("#main figcaption")).to_have_text("Last hour")


def test_an_edit_with_a_file_nobody_was_shown_is_a_broken_picture(page, slack):
    """As people see it in Slack: the words, and that there is no picture."""
    first, second = (slack.files_upload_v2(content=graph(), filename="x.png")["file"]["id"] for _ in range(2))
    ts = slack.chat_postMessage(channel="C0DEPLOYS", text="x", blocks=[image(first, "before")])["ts"]
    expect(page.get_by_role("img", name="before")).to_be_visible()
    slack.chat_update(channel="C0DEPLOYS", ts=ts, text="x", blocks=[image(second, "after")])
    expect(page.locator(".picture.gone")).to_contain_text("after (file not found")
    expect(page.locator("#main .message img[alt=after]")).to_have_count(0)


def test_shared_files_are_messages(page, ws, slack):
    """A picture with its comment in the thread, another file as a link to its bytes."""
    root = slack.chat_postMessage(channel="C0DEPLOYS", text="root")["ts"]
    more = {"channel": "C0DEPLOYS", "thread_ts": root}
    slack.files_upload_v2(content=graph(), filename="day.png", alt_txt="a day", initial_comment="As of now", **more)
    slack.files_upload_v2(content="a,b", filename="week.csv", title="The week", **more)
    page.get_by_role("button", name="2 replies").click()
    thread = page.locator("#thread")
    expect(thread.get_by_text("As of now")).to_be_visible()
    expect(thread.get_by_role("img", name="a day")).to_have_js_property("naturalWidth", 320)
    with page.expect_popup() as opened:
        thread.get_by_role("link", name="The week").click()
    expect(opened.value.get_by_text("a,b")).to_be_visible()


def test_a_link_button_opens_a_tab_and_tells_the_bot(page, ws, slack):
    """A new tab without a way back to this one; the press is sent all the same. A confirm is asked first."""
    url = f"http://127.0.0.1:{ws.port}/archives"
    confirm = {part: words(part) for part in ("title", "text", "confirm", "deny")}
    buttons = [
        {"type": "button", "action_id": "graph", "text": words("Graph"), "url": url},
        {"type": "button", "action_id": "sure", "text": words("Runbook"), "url": url, "confirm": confirm},
    ]
    rows = [{"type": "actions", "elements": [one]} for one in buttons]
    slack.chat_postMessage(channel="C0DEPLOYS", text="x", blocks=rows)
    link = page.get_by_role("link", name="Graph")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    with page.expect_popup() as opened:
        link.click()
    assert (opened.value.url, opened.value.evaluate("window.opener")) == (url, None)
    ws.wait_for(lambda: [e for e in ws.envelopes if e.title == "press graph" and e.outcome != "pending"])
    opened.value.close()
    page.get_by_role("link", name="Runbook").click()
    page.get_by_role("dialog").get_by_role("button", name="deny").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.context.pages == [page]
    page.get_by_role("link", name="Runbook").click()
    with page.expect_popup() as opened:
        page.get_by_role("dialog").get_by_role("button", name="confirm").click()
    assert opened.value.url == url
    ws.wait_for(lambda: [e for e in ws.envelopes if e.title == "press sure"])


def test_an_archived_channel_is_marked(page, ws):
    """The page follows what an administrator does, without being loaded again."""
    ws.archive("ops")
    ws.remove_bot("general")
    expect(page.get_by_role("button", name="ops")).to_contain_text("archived")
    expect(page.get_by_role("button", name="general")).to_contain_text("no bot")


def app(name, *alarms):
    loud = [{"name": f"{name}-{alarm}", "state": "ALARM"} for alarm in alarms]
    calm = [{"name": f"{name}-{alarm}", "state": "OK"} for alarm in ("latency", "throttles")]
    tree = {"name": f"{name}-unhealthy", "state": "OK", "composite": True}
    return {"name": name, "environment": "prod", "weights": {"1": 90, "2": 10}, "errors": {"1": 0.1, "2": 8.1},
            "alarms": [*loud, *calm, tree], "rate": 42}  # fmt: skip


QUEUE = app("payments-worker", "queue-age", "dead-letters")
MANY: Status = {"bot": "running", "apps": [app("my-app", "errors"), app("checkout"), QUEUE, app("shop")]}
NOTICE: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*8.1 %* fail " + "x" * 80},
     "fields": [{"type": "mrkdwn", "text": f"*field {n}*\nvalue"} for n in range(4)]},
    *({"type": "actions", "elements": [
        {"type": "button", "action_id": f"b{row}{n}", "text": words(text)}
        for n, text in enumerate(("Acknowledge", "Mute until tomorrow", "Open in CloudWatch"))]} for row in range(2)),
]  # fmt: skip


@pytest.mark.parametrize("size", [(1280, 800), (400, 820)], ids=["desk", "phone"])
def test_several_apps_leave_room_and_nothing_sticks_out(browser, size):
    """Alarms that ring are named, the others counted and unfolded by hand; no part of the page is cut off."""
    width, height = size
    with Workspace(status=lambda: MANY) as ws:
        slack = WebClient(token=ws.bot_token, base_url=ws.api_url)
        slack.chat_postMessage(channel="C0DEPLOYS", text="alarm", blocks=NOTICE)
        tab = browser.new_page(viewport={"width": width, "height": height})
        tab.goto(ws.url)
        strip = tab.locator(".strip")
        expect(strip.locator(".app")).to_have_count(4)
        expect(strip.locator(".alarm.ALARM .alarm-name")).to_have_text(["errors", "queue-age", "dead-letters"])
        strip.get_by_text("3 OK").first.click()
        expect(strip.locator(".alarm.OK:visible")).to_have_text(["latencyOK", "throttlesOK", "unhealthycompositeOK"])
        assert strip.bounding_box()["height"] <= height * 0.41
        expect(tab.get_by_role("button", name="Open in CloudWatch")).to_have_count(2)
        sticking = (
            "[...document.querySelectorAll('body, #main, .log, .strip')].filter(n => n.scrollWidth > n.clientWidth)"
        )
        assert tab.evaluate(f"{sticking}.map(n => n.className)") == []
        tab.close()


def test_on_a_phone_the_columns_slide_over_the_messages(browser):
    """Closed at first; the left one opens by its button and closes with the choice of a channel."""
    with Workspace(status=lambda: MANY) as ws:
        ws.person("ben").say("general", "hello there")
        tab = browser.new_page(viewport={"width": 400, "height": 820})
        tab.goto(ws.url)
        menu = tab.get_by_role("button", name="Channels and people")
        expect(tab.locator("#dock")).to_be_hidden()
        expect(tab.locator("#side")).to_be_hidden()
        menu.click()
        expect(menu).to_have_attribute("aria-expanded", "true")
        tab.get_by_role("button", name="general").click()
        expect(tab.get_by_text("hello there")).to_be_visible()
        expect(tab.locator("#side")).to_be_hidden()
        tab.get_by_role("button", name="Show or hide the demo controls").click()
        expect(tab.get_by_role("tab", name="Controls")).to_be_in_viewport()
        tab.close()
