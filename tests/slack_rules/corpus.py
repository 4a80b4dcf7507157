"""Messages and views Slack refuses, and some it takes, each by name; and the builders they are made of."""

from typing import Any


def plain(text="x", **more):
    return {"type": "plain_text", "text": text, **more}


def mrkdwn(text="x", **more):
    return {"type": "mrkdwn", "text": text, **more}


def section(text="x", **more):
    return {"type": "section", "text": mrkdwn(text), **more}


def button(text="Promote", action_id="promote", **more):
    return {"type": "button", "text": plain(text), "action_id": action_id, **more}


def actions(*elements, **more):
    return {"type": "actions", "elements": list(elements), **more}


def option(text="one", value="1", **more):
    return {"text": plain(text), "value": value, **more}


def select(kind="static_select", **more):
    return {"type": kind, "action_id": "pick", "placeholder": plain("Pick"), **more}


def confirm(**more):
    texts = {"title": plain("Sure?"), "text": mrkdwn("Really"), "confirm": plain("Yes"), "deny": plain("No")}
    return {key: value for key, value in (texts | more).items() if value is not None}


def table(*rows, **more):
    cells = [[{"type": "raw_text", "text": cell} for cell in row] for row in rows]
    return {"type": "table", "rows": cells, **more}


def field(element, **more):
    return {"type": "input", "label": plain("Reason"), "element": element, **more}


def image(**more):
    return {"type": "image", "alt_text": "errors rise", **more}


def uploaded(**more):
    return image(slack_file={"id": "F0123456789"}, **more)


def rich(*elements):
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


REFUSED: dict[str, list[Any]] = {
    "unknown block": [{"type": "sekshun", "text": mrkdwn()}],
    "no type": [{"text": mrkdwn()}],
    "a string for a block": ["hello"],
    "unknown key": [section(colour="red")],
    "section without text": [{"type": "section"}],
    "section text 3001": [section("x" * 3001)],
    "section text empty": [section("")],
    "section text blank": [section(" \n")],
    "section text a string": [{"type": "section", "text": "hello"}],
    "eleven fields": [{"type": "section", "fields": [mrkdwn()] * 11}],
    "no field": [{"type": "section", "fields": []}],
    "field 2001": [{"type": "section", "fields": [mrkdwn("x" * 2001)]}],
    "header 151": [{"type": "header", "text": plain("x" * 151)}],
    "header in mrkdwn": [{"type": "header", "text": mrkdwn()}],
    "header empty": [{"type": "header", "text": plain("")}],
    "eleven context elements": [{"type": "context", "elements": [mrkdwn()] * 11}],
    "no context element": [{"type": "context", "elements": []}],
    "button in context": [{"type": "context", "elements": [button()]}],
    "26 buttons": [actions(*(button(action_id=f"a{i}") for i in range(26)))],
    "no action": [actions()],
    "text in actions": [actions(mrkdwn())],
    "image in actions": [actions({"type": "image", "image_url": "https://a.b/c.png", "alt_text": "x"})],
    "unknown element": [actions({"type": "knopf", "text": plain(), "action_id": "a"})],
    "button text 76": [actions(button("x" * 76))],
    "button text empty": [actions(button(""))],
    "button text in mrkdwn": [actions({"type": "button", "text": mrkdwn(), "action_id": "a"})],
    "button without text": [actions({"type": "button", "action_id": "a"})],
    "button value 2001": [actions(button(value="x" * 2001))],
    "button value a number": [actions(button(value=5))],
    "button url 3001": [actions(button(url="https://" + "x" * 2993))],
    "button style": [actions(button(style="warning"))],
    "action_id 256": [actions(button(action_id="x" * 256))],
    "accessibility_label 76": [actions(button(accessibility_label="x" * 76))],
    "same action_id twice in a block": [actions(button(), button("Pause"))],
    "block_id 256": [section(block_id="x" * 256)],
    "same block_id twice": [section(block_id="b"), {"type": "divider", "block_id": "b"}],
    "confirm without deny": [actions(button(confirm=confirm(deny=None)))],
    "confirm without title": [actions(button(confirm=confirm(title=None)))],
    "confirm without confirm": [actions(button(confirm=confirm(confirm=None)))],
    "confirm title 101": [actions(button(confirm=confirm(title=plain("x" * 101))))],
    "confirm text 301": [actions(button(confirm=confirm(text=mrkdwn("x" * 301))))],
    "confirm button 31": [actions(button(confirm=confirm(confirm=plain("x" * 31))))],
    "confirm title in mrkdwn": [actions(button(confirm=confirm(title=mrkdwn())))],
    "101 options": [actions(select(options=[option(value=str(i)) for i in range(101)]))],
    "no option": [actions(select(options=[]))],
    "option text 76": [actions(select(options=[option("x" * 76)]))],
    "option value 151": [actions(select(options=[option(value="x" * 151)]))],
    "option description 76": [actions(select(options=[option(description=plain("x" * 76))]))],
    "initial option unknown": [actions(select(options=[option()], initial_option=option("two", "2")))],
    "placeholder 151": [actions(select(options=[option()]) | {"placeholder": plain("x" * 151)})],
    "six overflow options": [actions({"type": "overflow", "action_id": "a", "options": [option()] * 6})],
    "eleven checkboxes": [actions({"type": "checkboxes", "action_id": "a", "options": [option()] * 11})],
    "eleven radio buttons": [actions({"type": "radio_buttons", "action_id": "a", "options": [option()] * 11})],
    "image without alt_text": [{"type": "image", "image_url": "https://a.b/c.png"}],
    "image alt_text 2001": [{"type": "image", "image_url": "https://a.b/c.png", "alt_text": "x" * 2001}],
    "image alt_text empty": [uploaded() | {"alt_text": ""}],
    "image without a picture": [image()],
    "image of two pictures": [uploaded(image_url="https://a.b/c.png")],
    "image title in mrkdwn": [uploaded(title=mrkdwn())],
    "image title 2001": [uploaded(title=plain("x" * 2001))],
    "image url 3001": [image(image_url="https://a.b/" + "x" * 2989)],
    "image of this machine": [image(image_url="http://127.0.0.1:8000/graph.png")],
    "image as data": [image(image_url="data:image/png;base64,AAAA")],
    "image as Slack gives it back": [uploaded(image_width=320, image_height=120, fallback="320x120px image")],
    "slack_file without a name": [image(slack_file={})],
    "slack_file with two names": [image(slack_file={"id": "F0123456789", "url": "https://files.slack.com/x"})],
    "slack_file of a wrong form": [image(slack_file={"id": "https://files.slack.com/F0123456789"})],
    "slack_file a string": [image(slack_file="F0123456789")],
    "image element without alt_text": [section(accessory={"type": "image", "image_url": "https://a.b/c.png"})],
    "image element alt_text 2001": [{"type": "context", "elements": [uploaded() | {"alt_text": "x" * 2001}]}],
    "image element of a wrong file": [{"type": "context", "elements": [image(slack_file={"id": "graph.png"})]}],
    "two tables": [table(["a"]), table(["b"])],
    "table of 101 rows": [table(*(["a"] for _ in range(101)))],
    "table of 21 columns": [table(["a"] * 21)],
    "empty cell": [table(["a", ""])],
    "input label 2001": [field({"type": "plain_text_input", "action_id": "a"}, label=plain("x" * 2001))],
    "input label in mrkdwn": [field({"type": "plain_text_input", "action_id": "a"}, label=mrkdwn())],
    "input of a button": [field(button())],
    "input max_length 3001": [field({"type": "plain_text_input", "action_id": "a", "max_length": 3001})],
    "unknown rich text": [rich({"type": "texty", "text": "x"})],
    "rich text without text": [rich({"type": "text"})],
    "markdown 12001": [{"type": "markdown", "text": "x" * 12001}],
    "51 blocks": [{"type": "divider"}] * 51,
    "too much text in all": [section("x" * 2700)] * 5,
}

ACCEPTED: dict[str, list[Any]] = {
    "section": [section()],
    "section at its limit": [section("x" * 3000)],
    "section of fields": [{"type": "section", "fields": [mrkdwn("x" * 1000)] * 10}],
    "section with a button": [section(accessory=button(value="42"))],
    "header at its limit": [{"type": "header", "text": plain("x" * 150, emoji=True)}],
    "context": [{"type": "context", "elements": [mrkdwn("#42"), plain("audit 1234")]}],
    "divider, fifty times": [{"type": "divider"}] * 50,
    "buttons": [actions(button(style="primary", value="x" * 2000), button("Roll back", "rollback", style="danger"))],
    "button with confirm": [actions(button(confirm=confirm(style="danger")))],
    "button with a link": [actions(button(url="https://example.com"))],
    "same action_id in two blocks": [actions(button()), actions(button())],
    "select": [actions(select(options=[option(), option("two", "2")], initial_option=option()))],
    "option value of 150": [actions(select(options=[option(value="x" * 150)]))],
    "external select": [actions(select("external_select", min_query_length=0))],
    "overflow": [actions({"type": "overflow", "action_id": "more", "options": [option(), option("two", "2")]})],
    "checkbox described in mrkdwn": [
        actions(
            {
                "type": "checkboxes",
                "action_id": "a",
                "options": [{"text": mrkdwn("*one*"), "value": "1", "description": mrkdwn("*why*")}],
            }
        )
    ],
    "table": [table(["step", "weight"], ["1", "10 %"])],
    "rich text": [rich({"type": "text", "text": "x", "style": {"code": True}}, {"type": "user", "user_id": "U0ANA"})],
    "image": [{"type": "image", "image_url": "https://a.b/c.png", "alt_text": "a chart"}],
    "image that was uploaded": [uploaded(title=plain("Errors, last hour"), block_id="b")],
    "image by its address in Slack": [image(slack_file={"url": "https://files.slack.com/files-pri/T0-F0123456789/x"})],
    "image at its limits": [uploaded(title=plain("x" * 2000)) | {"alt_text": "x" * 2000}],
    "images in a context": [{"type": "context", "elements": [uploaded(), mrkdwn("8 %"), uploaded()]}],
    "image beside a section": [section(accessory=uploaded())],
    "two rows of buttons": [
        actions(button("Acknowledge", "ack", style="primary"), button("Mute 1 h", "mute")),
        actions(button("Graph", "graph", url="https://example.com/graph"), button("Runbook", "runbook")),
    ],
    "input": [field({"type": "plain_text_input", "action_id": "a", "multiline": True}, optional=True)],
}


def modal(*blocks, **more):
    texts = {"title": plain("Deploy"), "submit": plain("Start"), "close": plain("Cancel")}
    view = {"type": "modal", "callback_id": "deploy", "blocks": list(blocks), **(texts | more)}
    return {key: value for key, value in view.items() if value is not None}


ASKED = field({"type": "plain_text_input", "action_id": "why"})

REFUSED_VIEWS = {
    "no type": {"blocks": []},
    "no blocks": {"type": "modal", "title": plain()},
    "no title": modal(section(), title=None),
    "title 25": modal(section(), title=plain("x" * 25)),
    "title in mrkdwn": modal(section(), title=mrkdwn()),
    "submit 25": modal(section(), submit=plain("x" * 25)),
    "input without submit": modal(ASKED, submit=None),
    "callback_id 256": modal(section(), callback_id="x" * 256),
    "private_metadata 3001": modal(section(), private_metadata="x" * 3001),
    "101 blocks": modal(*[{"type": "divider"}] * 101),
    "table": modal(table(["a"])),
    "unknown key": modal(section(), colour="red"),
    "bare unknown block": modal({"type": "sekshun", "block_id": "b"}),
    "home with a title": {"type": "home", "blocks": [section()], "title": plain()},
    "home with a plan": {"type": "home", "blocks": [{"type": "plan", "title": "x", "tasks": []}]},
}
ACCEPTED_VIEWS = {
    "modal": modal(section(), ASKED, private_metadata="x" * 3000),
    "modal to read": modal(section(), submit=None, close=None),
    "modal of 100 blocks": modal(*[{"type": "divider"}] * 100),
    "home": {"type": "home", "blocks": [section(), actions(button())]},
}
