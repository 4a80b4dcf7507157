"""Is this a picture, and how large? Looks at the bytes, never at the name. Pure.

Slack shows png, jpg and gif (docs.slack.dev/reference/block-kit/composition-objects/slack-file-object).
"""

from __future__ import annotations

import struct
import zlib

from demo.workspace.config import Fixed

PNG = b"\x89PNG\r\n\x1a\n"
_NO_SIZE = frozenset((0xC4, 0xC8, 0xCC))
"""JPEG markers among the frames' that carry tables, no size."""


class Picture(Fixed):
    kind: str
    width: int
    height: int

    @property
    def mimetype(self) -> str:
        return f"image/{self.kind.replace('jpg', 'jpeg')}"


def measure(content: bytes) -> Picture | None:
    """The picture in these bytes; None when they are none, or are cut off or damaged."""
    try:
        if content.startswith(PNG):
            return _png(content)
        if content.startswith((b"GIF87a", b"GIF89a")):
            width, height = struct.unpack("<HH", content[6:10])
            return Picture(kind="gif", width=width, height=height)
        return _jpeg(content) if content.startswith(b"\xff\xd8\xff") else None
    except (struct.error, IndexError):
        return None


def _png(content: bytes) -> Picture | None:
    """Every chunk with its checksum, to the end: a damaged graph shall fail here, not on somebody's screen."""
    width, height = struct.unpack(">II", content[16:24])
    at, kinds = len(PNG), []
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 4 : at + 8 + length]
        (sum_,) = struct.unpack(">I", content[at + 8 + length : at + 12 + length])
        if zlib.crc32(body) != sum_:
            return None
        kinds.append(kind)
        at += 12 + length
    whole = kinds[:1] == [b"IHDR"] and b"IDAT" in kinds and kinds[-1] == b"IEND"
    return Picture(kind="png", width=width, height=height) if whole and width and height else None


def _jpeg(content: bytes) -> Picture | None:
    at = 2
    while content[at] == 0xFF:
        marker, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return Picture(kind="jpg", width=width, height=height)
        at += 2 + length
    return None
