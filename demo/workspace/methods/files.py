"""files.*: the two calls around an upload, and what is known of a file. The bytes come in uploads.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from demo.workspace import shapes
from demo.workspace.blocks import accepted
from demo.workspace.config import Channel
from demo.workspace.core import Core
from demo.workspace.files import StoredFile
from demo.workspace.methods.arguments import may_post, thread_of, wrong
from demo.workspace.server import MAX_BODY
from demo.workspace.triggers import SlackError
from demo.workspace.wire import Json, Message

ALT_MOST = 1000
CHANNELS_MOST = 100
# A person's id is refused (github.com/slackapi/bolt-js/issues/2115); ids of the demo are shorter than Slack's.
_CHANNEL = re.compile(r"[CGDZ][A-Z0-9]+")


def get_upload_url(core: Core, args: Json) -> Json:
    """docs.slack.dev/reference/methods/files.getUploadURLExternal."""
    name, alt = args.get("filename"), args.get("alt_txt") or ""
    if not isinstance(name, str) or not name:
        raise wrong("missing required field: filename", "filename")
    length = str(args.get("length", ""))
    if not length.isdigit():
        raise wrong("must be a valid integer" if length else "missing required field: length", "length")
    if int(length) < 1:
        # github.com/slackapi/node-slack-sdk/issues/1563
        raise wrong("must be greater than 1", "length")
    if int(length) > MAX_BODY:
        raise SlackError("snippet_too_large" if args.get("snippet_type") else "file_upload_size_restricted")
    if len(alt) > ALT_MOST:
        raise SlackError("alt_txt_too_large")
    ticket = core.files.open(name, int(length), alt, core.clock())
    return {"upload_url": f"{core.origin}/upload/v1/{ticket.key}", "file_id": ticket.id}


def complete_upload(core: Core, args: Json) -> Json:
    """docs.slack.dev/reference/methods/files.completeUploadExternal. All is checked before anything is done."""
    titles = _titles(args.get("files"))
    places = [_place(core, one) for one in _wanted(args)]
    if args.get("thread_ts") and len(places) != 1:
        raise wrong("needs exactly one channel", "thread_ts")
    thread = thread_of(core, places[0], args) if places else None
    comment = str(args.get("initial_comment") or "")
    # With a comment the blocks are ignored.
    blocks = () if comment else accepted(core, args.get("blocks"))
    ready_at = core.clock() + core.config.limits.file_seconds
    with core.board.held():
        files = core.files.complete(titles, ready_at)
        for one in files:
            for channel in [place.id for place in places] or [""]:
                core.journal.note("uploaded", channel, file=one.id, by=core.config.bot_user_id)
    for place in places:
        draft = Message(ts="", channel=place.id, user=core.config.bot_user_id, text=comment, blocks=blocks,
                        thread_ts=thread, files=tuple(titles))  # fmt: skip
        # The message comes when the file is ready, after this answer: github.com/slackapi/node-slack-sdk/issues/2260
        core.later.add(ready_at, partial(_show, core, draft))
    core.later.add(ready_at, core.board.stir)
    return {"files": [shapes.file(core, one) for one in files]}


def info(core: Core, args: Json) -> Json:
    return {"file": shapes.file(core, core.files.get(str(args.get("file")))), "comments": []}


def delete(core: Core, args: Json) -> Json:
    core.files.delete(str(args.get("file")))
    return {}


def _titles(files: object) -> dict[str, str]:
    if not isinstance(files, list) or not files or not all(isinstance(f, dict) and f.get("id") for f in files):
        raise wrong("must provide a list of objects with an id", "files")
    return {str(f["id"]): str(f.get("title") or "") for f in files}


def _wanted(args: Json) -> list[str]:
    """The ids of channel_id or of channels, which is a list in one string."""
    one = str(args.get("channel_id") or "")
    if one and not _CHANNEL.fullmatch(one):
        raise wrong("input must match regex pattern: ^[CGDZ][A-Z0-9]{8,}$", "channel_id")
    several = [part.strip() for part in str(args.get("channels") or "").split(",") if part.strip()]
    if len(several) > CHANNELS_MOST:
        raise SlackError("channels_limit_exceeded")
    return [one] if one else list(dict.fromkeys(several))


def _place(core: Core, wanted: str) -> Channel:
    """Sharing needs membership even with chat:write.public: github.com/getnao/nao/issues/1372."""
    if wanted in {p.id for p in core.people}:
        return core.open_dm(wanted)
    for channel in core.channels:
        if channel.id == wanted:
            return may_post(core, channel, public=False)
    raise SlackError("channel_not_found")


def _show(core: Core, draft: Message) -> None:
    """The message with the files, unless meanwhile none of them is left or the channel takes no more."""
    left = [f for f in draft.files if _left(core, f)]
    place = core.channel(draft.channel)
    if not left or place.archived or not place.bot_is_member:
        return
    for file_id in left:
        core.files.share(file_id, draft.channel)
    now = core.clock()
    core.board.put(draft.model_copy(update={"ts": core.stamps.next(now), "posted_at": now, "files": tuple(left)}))


def _left(core: Core, file_id: str) -> StoredFile | None:
    try:
        return core.files.get(file_id)
    except SlackError:
        return None


METHODS: dict[str, Callable[[Core, Json], Json]] = {
    "files.getUploadURLExternal": get_upload_url,
    "files.completeUploadExternal": complete_upload,
    "files.info": info,
    "files.delete": delete,
}
