"""Uploads by the real client: ticket, bytes, completion; and who may refer to the file, and when."""

import http.client
import json
import urllib.error
import urllib.request

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from demo.workspace import Channel, Limits, Workspace, WorkspaceConfig
from demo.workspace.pictures import measure
from tests.demo.workspace.graphs import chunk, graph, image

GRAPH = graph()
PLACES = (
    *WorkspaceConfig().channels,
    Channel(id="C0ATTIC", name="attic", archived=True),
    Channel(id="C0AWAY", name="away", bot_is_member=False),
)


@pytest.fixture
def ws(clock):
    """A workspace without a bot, with a channel that is archived and one the bot is not in."""
    with Workspace(WorkspaceConfig(channels=PLACES), clock=clock) as workspace:
        yield workspace


@pytest.fixture
def ready(clock, ws):
    """Lets the time pass that Slack needs for a file."""

    def wait():
        clock.advance(ws.config.limits.file_seconds)
        ws.run_due()

    return wait


def refusal(call, *args, **more):
    """Slack's word, and its sentences."""
    with pytest.raises(SlackApiError) as caught:
        call(*args, **more)
    answer = caught.value.response
    return answer["error"], (answer.get("response_metadata") or {}).get("messages", [])


def upload(client, content=GRAPH, **more):
    """The id of a file nobody was shown yet."""
    return client.files_upload_v2(content=content, filename="errors.png", title="Errors", **more)["file"]["id"]


def test_an_upload_is_private_until_it_is_shown(ws, client):
    """files_upload_v2 without a channel: the bytes are there, no message is, nobody may see it."""
    file_id = upload(client, alt_txt="errors rise")
    (kept,) = ws.files
    assert (kept.id, kept.content, kept.title, kept.alt_txt) == (file_id, GRAPH, "Errors", "errors rise")
    assert (kept.picture.width, kept.picture.height, kept.mimetype) == (320, 120, "image/png")
    assert (kept.shares, ws.deeds(kind="posted"), ws.problems) == (frozenset(), (), ())
    assert [c.method for c in ws.calls] == [
        "files.getUploadURLExternal", "upload_url", "files.completeUploadExternal",
    ]  # fmt: skip
    assert "content" not in json.dumps([c.args for c in ws.calls])


def test_a_file_for_a_channel_becomes_a_message_when_it_is_ready(ws, client, ready):
    """With channel and thread it is posted into the thread, with the comment, after the answer and not before."""
    root = client.chat_postMessage(channel="C0OPS", text="alarm")["ts"]
    upload(client, channel="C0OPS", thread_ts=root, initial_comment="the last hour")
    assert ws.channel("ops").replies(root) == []
    ready()
    (reply,) = ws.channel("ops").replies(root)
    assert (reply.text, reply.files) == ("the last hour", (ws.files[0].id,))
    assert ws.files[0].shares == {"C0OPS"}
    assert ws.count("uploaded", "ops") == 1


def test_several_channels_get_one_message_each(ws, client, ready):
    """`channels` is a list of ids, people among them; each counts as one upload."""
    upload(client, channels=["C0OPS", "C0DEPLOYS", "U0ANA"])
    ready()
    assert [d.channel for d in ws.deeds(kind="posted")] == ["C0OPS", "C0DEPLOYS", "D0ANA"]
    assert (ws.count("uploaded"), ws.count("uploaded", "ops")) == (3, 1)


def test_a_message_may_show_the_file_once_slack_is_done_with_it(ws, client, ready):
    """Before: invalid slack file, which is no problem of the bot's. After: taken, and everybody there may see it."""
    file_id = upload(client)
    early = refusal(client.chat_postMessage, channel="C0OPS", text="x", blocks=[image(file_id)])
    assert early == ("invalid_blocks", ["[ERROR] invalid slack file [json-pointer:/blocks/0/slack_file]"])
    assert ws.problems == ()
    ready()
    client.chat_postMessage(channel="C0OPS", text="x", blocks=[image(file_id)])
    assert ws.files[0].shares == {"C0OPS"}


def test_slack_files_are_ready_by_themselves(client):
    """With the real clock the default wait ends without any help."""
    with Workspace(WorkspaceConfig(limits=Limits(file_seconds=0.05))) as ws:
        own = WebClient(token=ws.bot_token, base_url=ws.api_url)
        upload(own, channel="C0OPS")
        assert ws.wait_for(lambda: ws.channel("ops").messages)[0].files


WHERE = [
    ([{"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "accessory": None}], "/blocks/0/accessory"),
    ([{"type": "divider"}, {"type": "context", "elements": [None]}], "/blocks/1/elements/0"),
]


@pytest.mark.parametrize(("blocks", "pointer"), WHERE, ids=["accessory", "context"])
def test_pictures_are_checked_wherever_they_stand(ws, client, ready, blocks, pointer):
    """Image elements of sections and contexts follow the rule of image blocks."""
    file_id = upload(client)

    def with_image(node):
        if isinstance(node, list):
            return [with_image(item) for item in node]
        if isinstance(node, dict):
            return {key: with_image(value) for key, value in node.items()}
        return image(file_id) if node is None else node

    early = refusal(client.chat_postMessage, channel="C0OPS", text="x", blocks=with_image(blocks))
    assert early[1] == [f"[ERROR] invalid slack file [json-pointer:{pointer}/slack_file]"]
    ready()
    client.chat_postMessage(channel="C0OPS", text="x", blocks=with_image(blocks))
    assert ws.problems == ()


FLIPPED = GRAPH[:60] + bytes((GRAPH[60] ^ 1,)) + GRAPH[61:]


@pytest.mark.parametrize("content", [b"no picture", GRAPH[:-20], GRAPH[:200], FLIPPED])
def test_what_is_no_picture_is_never_shown(ws, client, ready, content):
    """Other bytes, and a PNG that is cut off or damaged, are refused in a message for good, and noted."""
    file_id = upload(client, content)
    ready()
    assert refusal(client.chat_postMessage, channel="C0OPS", text="x", blocks=[image(file_id)])[0] == "invalid_blocks"
    assert len(ws.problems) == 1


def test_unknown_and_deleted_files_are_refused(ws, client, ready):
    """So is a ticket whose bytes never came; a file can be deleted once."""
    ticket = client.files_getUploadURLExternal(filename="x.png", length=5)["file_id"]
    gone = upload(client)
    ready()
    client.files_delete(file=gone)
    for file_id in ("F0123456789", ticket, gone):
        assert refusal(client.chat_postMessage, channel="C0OPS", text="x", blocks=[image(file_id)])[1]
    assert refusal(client.files_delete, file=gone)[0] == "file_deleted"
    assert refusal(client.files_delete, file=ticket)[0] == "file_not_found"
    assert (ws.files[0].deleted, ws.files[0].content) == (True, b"")


def test_a_file_can_be_named_by_its_address(ws, client, ready):
    """url_private and permalink do as well as the id; both at once are refused."""
    answer = client.files_upload_v2(content=GRAPH, filename="errors.png")["file"]
    ready()
    for url in (answer["url_private"], answer["permalink"]):
        block = image(answer["id"]) | {"slack_file": {"url": url}}
        client.chat_postMessage(channel="C0OPS", text="x", blocks=[block])
    both = image(answer["id"]) | {"slack_file": {"id": answer["id"], "url": answer["permalink"]}}
    assert refusal(client.chat_postMessage, channel="C0OPS", text="x", blocks=[both])[0] == "invalid_blocks"


def test_an_edit_does_not_show_a_file_to_anybody(ws, client, ready):
    """Slack takes chat.update with a file the channel never saw, and people see a broken picture: noted."""
    first, second = upload(client), upload(client)
    ready()
    ts = client.chat_postMessage(channel="C0OPS", text="x", blocks=[image(first)])["ts"]
    client.chat_update(channel="C0OPS", ts=ts, text="y", blocks=[image(first)])
    assert ws.problems == ()
    client.chat_postMessage(channel="C0DEPLOYS", text="elsewhere", blocks=[image(second)])
    client.chat_update(channel="C0OPS", ts=ts, text="z", blocks=[image(second)])
    assert ws.problems == (f"chat.update: {second} was never shown in ops: people see a broken picture",)


def test_slack_gives_pictures_back_with_their_size_and_refuses_them_so(ws, client, ready):
    """Blocks taken from an answer cannot be sent as they are."""
    file_id = upload(client)
    ready()
    answer = client.chat_postMessage(channel="C0OPS", text="x", blocks=[image(file_id)])
    (block,) = answer["message"]["blocks"]
    assert (block["image_width"], block["image_height"], block["fallback"]) == (320, 120, "320x120px image")
    again = refusal(client.chat_update, channel="C0OPS", ts=answer["ts"], text="x", blocks=[block])
    assert "additional property: image_width" in again[1][0]


BAD_TICKETS = [
    ({"filename": "x.png"}, "invalid_arguments"),
    ({"length": 5}, "invalid_arguments"),
    ({"filename": "x.png", "length": "five"}, "invalid_arguments"),
    ({"filename": "x.png", "length": 0}, "invalid_arguments"),
    ({"filename": "x.png", "length": 10**9}, "file_upload_size_restricted"),
    ({"filename": "x.py", "length": 10**9, "snippet_type": "python"}, "snippet_too_large"),
    ({"filename": "x.png", "length": 5, "alt_txt": "x" * 1001}, "alt_txt_too_large"),
]


@pytest.mark.parametrize(("args", "error"), BAD_TICKETS)
@pytest.mark.parametrize("how", ["params", "json"])
def test_bad_tickets_get_slacks_words(client, args, error, how):
    """Form and JSON alike."""
    assert refusal(client.api_call, "files.getUploadURLExternal", **{how: args})[0] == error


def send(url, content, **headers):
    """Status and text of one post; urllib makes an exception of a refusal, which is an answer too."""
    request = urllib.request.Request(url, content, headers, method="POST")
    try:
        answer = urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        return answer.status, answer.read()


def ticket(client):
    answer = client.files_getUploadURLExternal(filename="errors.png", length=len(GRAPH), alt_txt="errors")
    return answer["upload_url"], answer["file_id"]


def test_an_address_takes_the_announced_bytes_once(ws, client):
    """More, fewer, again, or under a made-up address: refused, and the file stays what it was."""
    url, file_id = ticket(client)
    for wrong_bytes in (GRAPH + b"x", GRAPH[:-1], b""):
        assert send(url, wrong_bytes)[0] == 400
    assert refusal(client.files_completeUploadExternal, files=[{"id": file_id}])[0] == "file_not_found"
    assert send(url, GRAPH) == (200, f"OK - {len(GRAPH)}".encode())
    for again in (url, url[:-1] + "?"):
        assert send(again, GRAPH)[0] == 400
    client.files_completeUploadExternal(files=[{"id": file_id, "title": "Errors"}])
    assert ws.files[0].content == GRAPH
    assert len(ws.problems) == 5


def test_a_multipart_form_does_as_well(ws, client):
    """As curl -F sends it."""
    url, file_id = ticket(client)
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x.png"\r\n\r\n' + GRAPH + b"\r\n--b--\r\n"
    assert send(url, body, **{"Content-Type": "multipart/form-data; boundary=b"})[0] == 200
    client.files_completeUploadExternal(files=[{"id": file_id}])
    assert (ws.files[0].content, ws.files[0].title) == (GRAPH, "errors.png")


BAD_ENDS = [
    ({"channel_id": "C0NOWHERE"}, "channel_not_found"),
    ({"channel_id": "U0ANA"}, "invalid_arguments"),
    ({"channel_id": "C0ATTIC"}, "is_archived"),
    ({"channel_id": "C0AWAY"}, "not_in_channel"),
    ({"channel_id": "C0OPS", "thread_ts": "1.2"}, "thread_not_found"),
    ({"channels": ["C0OPS", "C0DEPLOYS"], "thread_ts": "1.2"}, "invalid_arguments"),
    ({"channels": ["C0OPS"] * 101}, "channels_limit_exceeded"),
    ({"files": []}, "invalid_arguments"),
    ({"files": [{"title": "x"}]}, "invalid_arguments"),
    ({"files": [{"id": "F0UNKNOWN0"}]}, "file_not_found"),
]


@pytest.mark.parametrize(("args", "error"), BAD_ENDS, ids=[f"{e}-{i}" for i, (_, e) in enumerate(BAD_ENDS)])
def test_bad_completions_do_nothing(ws, client, args, error):
    """Each with Slack's word, and the upload can still be completed after it."""
    url, file_id = ticket(client)
    send(url, GRAPH)
    wanted = {"files": [{"id": file_id}], **args}
    assert refusal(client.files_completeUploadExternal, **wanted)[0] == error
    assert (ws.files, ws.count("uploaded")) == ((), 0)
    client.files_completeUploadExternal(files=[{"id": file_id}])
    assert refusal(client.files_completeUploadExternal, files=[{"id": file_id}])[0] == "file_not_found"


def test_files_need_their_scopes(client):
    """Without files:write no upload begins; files.info needs files:read, which the manifest does not ask for."""
    scopes = tuple(s for s in WorkspaceConfig().scopes if s != "files:write")
    with Workspace(WorkspaceConfig(scopes=scopes)) as ws:
        own = WebClient(token=ws.bot_token, base_url=ws.api_url)
        with pytest.raises(SlackApiError, match="missing_scope") as caught:
            upload(own)
        assert caught.value.response["needed"] == "files:write"
        assert ws.problems == ("files.getUploadURLExternal: missing_scope",)
    assert refusal(client.files_info, file=upload(client))[0] == "missing_scope"


def test_files_info_says_when_a_file_is_ready(clock):
    """Its types are empty until then, as those of the completion's answer."""
    config = WorkspaceConfig(scopes=(*WorkspaceConfig().scopes, "files:read"))
    with Workspace(config, clock=clock) as ws:
        own = WebClient(token=ws.bot_token, base_url=ws.api_url)
        done = own.files_upload_v2(content=GRAPH, filename="errors.png")["file"]
        assert (done["mimetype"], own.files_info(file=done["id"])["file"]["mimetype"]) == ("", "")
        clock.advance(config.limits.file_seconds)
        now = own.files_info(file=done["id"])["file"]
        assert (now["mimetype"], now["filetype"], now["original_w"]) == ("image/png", "png", 320)
        assert refusal(own.files_info, file="F0UNKNOWN0")[0] == "file_not_found"


STEPS = ["files.getUploadURLExternal", "upload_url", "files.completeUploadExternal"]


@pytest.mark.parametrize("step", STEPS)
def test_a_lost_reply_of_any_step_is_applied(ws, client, step):
    """The caller sees a broken connection; the log says that it was done."""
    ws.fault("lost_reply", step, times=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        upload(client, channel="C0OPS")
    call = ws.calls[-1]
    assert (call.method, call.fault, call.applied_at is not None) == (step, "lost_reply", True)
    assert ws.count("uploaded", "ops") == (1 if step == STEPS[-1] else 0)


@pytest.mark.parametrize("kind", ["down", "503", "429", "500", "refuse"])
@pytest.mark.parametrize("step", STEPS)
def test_a_refused_step_does_nothing(ws, client, step, kind):
    """Away, failing, limited or refusing: nothing is uploaded, and the same upload works afterwards."""
    ws.fault(kind, step, times=1, retry_after=7, error="file_update_failed")
    with pytest.raises((SlackApiError, OSError, http.client.HTTPException)) as caught:
        upload(client, channel="C0OPS")
    refused = caught.value
    if kind == "refuse" and isinstance(refused, SlackApiError):
        assert refused.response["error"] == "file_update_failed"
    if kind == "429" and isinstance(refused, SlackApiError):
        assert refused.response.headers["Retry-After"] == "7"
    if isinstance(refused, urllib.error.HTTPError):
        assert refused.headers.get("Retry-After") == ("7" if kind == "429" else None)
        refused.close()
    assert (ws.calls[-1].applied_at, ws.files, ws.problems) == (None, (), ())
    upload(client, channel="C0OPS")
    assert ws.count("uploaded", "ops") == 1


GIF = b"GIF89a\x0a\x00\x14\x00\x80\x00\x00;"
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x14\x00\x0a\x01\x01\x11\x00"


@pytest.mark.parametrize(("content", "kind"), [(GIF, "gif"), (JPEG, "jpg"), (graph(10, 20, 5), "png")])
def test_pictures_are_known_by_their_bytes(content, kind):
    """The three kinds Slack shows, with their size; every cut-off of a PNG is seen."""
    found = measure(content)
    assert found is not None
    assert (found.kind, found.width, found.height) == (kind, 10, 20)
    if kind == "png":
        assert [measure(content[:length]) for length in range(len(content))] == [None] * len(content)
        assert measure(content + chunk(b"IHDR", b"")) is None
