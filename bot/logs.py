"""What is logged and what never is: one JSON line per record, secrets taken out. Nothing is decided here."""

import contextlib
import json
import logging
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, TextIO

GONE = "[secret]"
_IS = r"[\"']?\s*[:=]\s*\[?b?[\"']?"
_NAMED = r"(?i)(\b(?:[a-z_]*token|[a-z_]*secret(?:_access_key)?|password)\b"
_SLASH = r"(?:\\*/|%2F)"
_URL = r"[^\s\"'<>|)&]+"
_END = r"[^\s\"'<>|)&\\]+"

_PATTERNS = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (r"xox[a-z](?:\.xox[a-z])?-[\w.%-]+", GONE),
        (r"xapp-[\w.%-]+", GONE),
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{8,}\b", GONE),
        (r"(?i)(hooks\.slack(?:-gov)?\.com)" + _SLASH + _URL, rf"\1/{GONE}"),
        (r"(?i)(https?(?::|%3A)" + _SLASH + _URL[:-1] + r"*?/hooks?)" + _SLASH + _URL, rf"\1/{GONE}"),
        (r"(?i)\b(ticket=)" + _END, rf"\1{GONE}"),
        (r"(?i)(\b(?:proxy-)?authorization\b" + _IS + r")[^\"'\r\n}]+", rf"\1{GONE}"),
        (r"(?i)(\bx-(?:slack-signature|amz-security-token)\b" + _IS + ")" + _END, rf"\1{GONE}"),
        (r"(?i)\b(bearer )" + _END, rf"\1{GONE}"),
        (_NAMED + _IS + r")[^\s\"'&,}]{6,}", rf"\1{GONE}"),
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", GONE),
    )
)


class Redactor:
    """Takes secrets out of text: by their form, and by value for those that have none (signing secrets)."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = sorted({value for value in values if len(value) >= 6}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for value in self._values:
            text = text.replace(value, GONE)
        for pattern, put in _PATTERNS:
            text = pattern.sub(put, text)
        return text


_fields: ContextVar[dict[str, object]] = ContextVar("log_fields", default={})  # noqa: B039  # never written to


@contextlib.contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Put these fields (rollout=42, ask=…) on every record of this thread until the block ends."""
    token = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


_SILENT = ("slack_bolt.RequestVerification",)  # logs the whole request when its signature is bad
_FOREIGN = ("slack_bolt", "slack_sdk", "botocore", "boto3", "urllib3", "apscheduler", "waitress", "werkzeug")


def _wanted(record: logging.LogRecord) -> bool:
    """Asked at the handler: Bolt copies the root's level over its loggers' own whenever an App is made."""
    if record.name in _SILENT:
        return False
    foreign = record.name.split(".")[0] in _FOREIGN or ":" in record.name
    return record.levelno >= (logging.WARNING if foreign else logging.INFO)


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Lines(logging.Formatter):
    """One record, one line: nothing of it reaches the stream before the redactor saw it."""

    def __init__(self, style: Literal["json", "text"], redact: Redactor) -> None:
        super().__init__()
        self._how = style
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": _text(record),
        }
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        line.update({key: value for key, value in {**_fields.get(), **extra}.items() if key not in line})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        clean = {self._redact(key): self._clean(value) for key, value in line.items()}
        return _plain(clean) if self._how == "text" else json.dumps(clean, ensure_ascii=False)

    def _clean(self, value: object) -> object:
        if value is None or isinstance(value, bool | int):
            return value
        return self._redact(value if isinstance(value, str) else str(value))


def _text(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except (TypeError, ValueError):
        text = f"{record.msg} {record.args!r}"
    if text.startswith("Unhandled request"):
        return "Slack sent a request that nothing here listens to"  # Bolt would quote its whole body
    return text


def _plain(line: dict[str, Any]) -> str:
    head = f"{line.pop('at')} {line.pop('level'):<7} {line.pop('logger')}: {line.pop('text')}"
    tail = "".join(f"\n{line.pop(key)}" for key in ("error", "stack") if key in line)
    return head + "".join(f" {key}={value}" for key, value in line.items()) + tail


class _Handler(logging.StreamHandler[TextIO]):
    """Ours: set_up finds and replaces it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the standard library's name
        """A record that cannot be written is dropped: the standard way prints its arguments unredacted."""


def set_up(
    stream: TextIO | None = None, *, style: Literal["json", "text"] = "json", secrets: Iterable[str] = ()
) -> None:
    """Send every log of the process to `stream` (stderr), also what would have killed a thread unseen."""
    handler = _Handler(stream if stream is not None else sys.stderr)
    handler.setFormatter(_Lines(style, Redactor(secrets)))
    handler.addFilter(_wanted)
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("bot").critical("stopped by a defect", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        name = args.thread.name if args.thread else "?"
        logging.getLogger("bot").critical(
            "the thread %s was stopped by a defect",
            name,
            exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
        )
