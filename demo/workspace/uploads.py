"""The address bytes are posted to, between files.getUploadURLExternal and files.completeUploadExternal.

Logged like a Web API call under the method `upload_url`, with the size in place of the bytes.
"""

from __future__ import annotations

import time

from werkzeug.wrappers import Request, Response

from demo.workspace.core import Core
from demo.workspace.files import UploadRefused
from demo.workspace.webapi import Dropped
from demo.workspace.wire import Call, Json

METHOD = "upload_url"


def receive(core: Core, rest: str, request: Request) -> Response:
    """Take the bytes, raw or as a multipart form; 200 means taken, anything else means not: the same page as
    files.getUploadURLExternal. An address takes the announced number of bytes, and only once.
    """
    started, received, fault = time.perf_counter(), core.clock(), core.faults.take(METHOD)
    content = _content(request)
    args: Json = {"bytes": len(content)}
    status, text, applied = fault.status if fault else 0, "", None
    if not status:
        try:
            one = core.files.receive(rest.removeprefix("v1/"), content)
            args["file"] = one.id
            status, text, applied = 200, f"OK - {len(content)}", core.clock()
        except UploadRefused as refused:
            status, text = 400, str(refused)
            core.board.problem(f"{METHOD}: {refused}")
    core.board.record_call(
        Call(number=core.stamps.serial(), method=METHOD, args=args, answer={"ok": status == 200, "text": text},
             status=status, received_at=received, applied_at=applied, fault=fault.kind if fault else None,
             ms=round((time.perf_counter() - started) * 1000, 2))
    )  # fmt: skip
    if fault and fault.kind == "slow":
        core.board.wait_for(lambda: False, fault.seconds)
    if fault and fault.kind in ("down", "lost_reply"):
        raise Dropped(METHOD)
    response = Response(text or "refused", status, mimetype="text/plain")
    if status == 429 and fault:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


def _content(request: Request) -> bytes:
    """slack_sdk posts the raw bytes under the content type of a form: they must not be parsed as one."""
    if request.mimetype == "multipart/form-data":
        content = next((sent.read() for sent in request.files.values()), b"")
        request.close()
        return content
    return request.get_data(cache=False, parse_form_data=False)
